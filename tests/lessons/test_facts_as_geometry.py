"""Notebook 02: its checks, and moves drawn from the vectors as they are: the arrow ends where the scorer says."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import RESCAL, ComplEx, DistMult, GraphEmbedding, RotatE, Scorer, TransE
from kgwb.graph import KnowledgeGraph
from kgwb.lessons import facts_as_geometry
from kgwb.lessons.facts_as_geometry import _find_moves, draw_moves
from kgwb.see.palette import TYPE_COLOURS

FACTS = [("Ruo", "capital", "Vim"), ("Tal", "capital", "Pem"), ("Ruo", "borders", "Tal")]


class OneWay(Scorer):
    """A right answer on one side only, unless `both`."""

    def __init__(self, *, both: bool) -> None:
        object.__setattr__(self, "both", both)

    def query_tail(self, head: torch.Tensor, relation: torch.Tensor) -> torch.Tensor:
        a, b = head.chunk(2, -1)
        return torch.cat([-b * relation, a * relation], -1)

    def query_head(self, relation: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
        c, d = tail.chunk(2, -1)
        return torch.cat([d * relation, (-1 if self.both else 1) * c * relation], -1)

    def relation_width(self, dim: int) -> int:
        return dim // 2


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def test_a_one_way_scorer_must_agree_on_both_sides() -> None:
    assert facts_as_geometry.check_one_way(OneWay(both=True)).passed
    assert "query_head(relation, tail) · head" in repr(facts_as_geometry.check_one_way(OneWay(both=False)))
    said = repr(facts_as_geometry.check_one_way(DistMult()))
    assert "query_tail(head, relation) · tail, of head, relation, tail ([1.0, 0.0], [2.0], [0.0, 1.0])" in said
    assert re.search(r"gave +0; query_tail returned tensor\(\[2.0, 0.0\]\)\n +expected +2\n", said)


def test_a_distance_without_its_sign_is_not_right_yet() -> None:
    assert "expected  -5" in repr(facts_as_geometry.check_translation(lambda head, relation, tail: 5.0))


def test_a_rotation_that_does_not_turn_is_not_right_yet() -> None:
    assert not facts_as_geometry.check_rotation(lambda head, angle, tail: -abs(head - tail)).passed


def test_some_facts_take_their_entities_along_and_no_others() -> None:
    facts = pd.DataFrame([["a", "r", "b"], ["c", "s", "d"]], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": list("abcd"), "type": ["x", "y", "x", "y"]})
    graph = KnowledgeGraph.from_pandas(facts, entities)
    some = facts_as_geometry.make_subgraph(graph, graph.to_pandas()[:1], name="some")
    assert list(some.entities["type"]) == ["x", "y"]
    assert some.relation_labels == ("r",)
    assert some.name == "some"


@pytest.fixture
def graph() -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), name="two countries")


@pytest.mark.parametrize("scorer", [TransE(), DistMult(), ComplEx(), RotatE(), RESCAL()])
def test_every_scorer_is_drawn(graph: KnowledgeGraph, scorer: Scorer) -> None:
    picture = draw_moves(GraphEmbedding(graph, scorer, dim=2), ["capital", "borders"])
    texts = {element.text for element in ElementTree.fromstring(picture.svg).iter() if element.tag.endswith("text")}
    assert {"capital", "borders", "Ruo", "Pem"} <= texts
    assert type(scorer).__name__ in repr(picture)


def test_a_translation_is_the_same_arrow_everywhere(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, TransE(), dim=2, seed=3)
    _, paths = _find_moves(embedding, graph.relation_id("capital"))
    arrows = paths[:, -1] - paths[:, 0]
    expected = embedding.relation_vectors()[graph.relation_id("capital")].numpy()
    np.testing.assert_allclose(arrows, np.stack([expected, expected]), atol=1e-6)


def test_a_rotation_goes_the_short_way_round_the_middle(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, RotatE(), dim=2)
    with torch.no_grad():
        embedding.relation_table.fill_(2 * math.pi - 0.5)
    _, paths = _find_moves(embedding, graph.relation_id("capital"))
    lengths = np.linalg.norm(paths, axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), rtol=1e-4)
    turned = np.arctan2(paths[0, :, 1], paths[0, :, 0])
    assert math.isclose(float(np.unwrap(turned)[-1] - np.unwrap(turned)[0]), -0.5, abs_tol=1e-3)


def test_what_does_not_move_is_drawn_once_for_both_directions(graph: KnowledgeGraph) -> None:
    facts = pd.DataFrame([("a", "r", "b"), ("b", "r", "a")], columns=["head", "relation", "tail"])
    embedding = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=2)
    with torch.no_grad():
        embedding.relation_table.zero_()
    drawn = draw_moves(embedding, ["r"]).svg.split("<g ")[0]
    assert drawn.count('stroke-dasharray="5 3"') == 1


def test_a_type_has_the_colour_it_has_in_the_whole(graph: KnowledgeGraph) -> None:
    facts = pd.DataFrame([("a", "r", "b")], columns=["head", "relation", "tail"])
    part = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["a", "b"], "type": ["town", "town"]}))
    whole = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["a", "b"], "type": ["island", "town"]}))
    embedding = GraphEmbedding(part, TransE(), dim=2)
    assert TYPE_COLOURS[0] in draw_moves(embedding, ["r"]).svg
    assert TYPE_COLOURS[0] not in draw_moves(embedding, ["r"], within=whole).svg
    assert TYPE_COLOURS[1] in draw_moves(embedding, ["r"], within=whole).svg


def test_the_legend_lists_the_types_that_are_drawn_and_no_other(graph: KnowledgeGraph) -> None:
    facts = pd.DataFrame([("a", "r", "b"), ("b", "s", "c")], columns=["head", "relation", "tail"])
    types = pd.DataFrame({"entity": ["a", "b", "c"], "type": ["island", "town", "ship"]})
    embedding = GraphEmbedding(KnowledgeGraph.from_pandas(facts, types), TransE(), dim=2)
    assert ">ship<" not in draw_moves(embedding, ["r"]).svg and ">ship<" in draw_moves(embedding, ["s"]).svg


def test_more_dimensions_than_paper_has_are_refused(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"dim=4 came, and paper has two dimensions\. Type GraphEmbedding"):
        draw_moves(GraphEmbedding(graph, TransE(), dim=4), ["capital"])
