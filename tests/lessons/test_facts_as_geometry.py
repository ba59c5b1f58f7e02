"""What notebook 02 lends its learners."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

from kgwb.embed import DistMult, Scorer, TransE, rank_triples
from kgwb.graph import KnowledgeGraph
from kgwb.lessons import facts_as_geometry


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


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def test_a_one_way_scorer_must_agree_on_both_sides() -> None:
    assert facts_as_geometry.check_one_way(OneWay(both=True)).passed
    assert "ask_for_the_head" in repr(facts_as_geometry.check_one_way(OneWay(both=False)))
    assert "ask_for_the_tail" in repr(facts_as_geometry.check_one_way(DistMult()))


def test_a_distance_without_its_sign_is_not_right_yet() -> None:
    assert "expected  -5" in repr(facts_as_geometry.check_translation(lambda head, relation, tail: 5.0))


def test_a_rotation_that_does_not_turn_is_not_right_yet() -> None:
    assert not facts_as_geometry.check_rotation(lambda head, angle, tail: -abs(head - tail)).passed


def test_some_facts_take_their_entities_along_and_no_others() -> None:
    facts = pd.DataFrame([["a", "r", "b"], ["c", "s", "d"]], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": list("abcd"), "type": ["x", "y", "x", "y"]})
    graph = KnowledgeGraph.from_pandas(facts, entities)
    some = facts_as_geometry.take_facts(graph, graph.to_pandas()[:1], name="some")
    assert list(some.entities["type"]) == ["x", "y"]
    assert some.relation_labels == ("r",)
    assert some.name == "some"


def test_learning_is_training_to_the_end() -> None:
    facts = pd.DataFrame([[f"a{i}", "r", f"b{i}"] for i in range(6)], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    learnt = facts_as_geometry.learn(graph, TransE(), dim=8, epochs=60)
    assert rank_triples(learnt, graph.triples, known=graph.triples).mrr > 0.9
