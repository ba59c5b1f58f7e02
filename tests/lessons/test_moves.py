"""Moves are drawn from the vectors as they are: nothing is projected, and the arrow ends where the scorer says."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import RESCAL, ComplEx, DistMult, GraphEmbedding, RotatE, Scorer, TransE
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.moves import _find_moves, draw_moves

FACTS = [("Ruo", "capital", "Vim"), ("Tal", "capital", "Pem"), ("Ruo", "borders", "Tal")]


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
    _, ways = _find_moves(embedding, graph.relation_id("capital"))
    arrows = ways[:, -1] - ways[:, 0]
    expected = embedding.relation_vectors()[graph.relation_id("capital")].numpy()
    np.testing.assert_allclose(arrows, np.stack([expected, expected]), atol=1e-6)


def test_a_rotation_goes_the_short_way_round_the_middle(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, RotatE(), dim=2)
    with torch.no_grad():
        embedding.relation_table.fill_(2 * math.pi - 0.5)
    _, ways = _find_moves(embedding, graph.relation_id("capital"))
    lengths = np.linalg.norm(ways, axis=2)
    np.testing.assert_allclose(lengths, np.broadcast_to(lengths[:, :1], lengths.shape), rtol=1e-4)
    turned = np.arctan2(ways[0, :, 1], ways[0, :, 0])
    assert math.isclose(float(np.unwrap(turned)[-1] - np.unwrap(turned)[0]), -0.5, abs_tol=1e-3)


def test_more_dimensions_than_paper_has_are_refused(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"dim=4 came, and paper has two dimensions\. Type GraphEmbedding"):
        draw_moves(GraphEmbedding(graph, TransE(), dim=4), ["capital"])
