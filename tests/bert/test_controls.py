"""Each control takes the knowledge away and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.bert.knowledge import Knowledge, gather_knowledge, take_knowledge_away
from kgwb.environment import draw_from


def know(entities: int, dim: int = 5) -> Knowledge:
    """Vectors of some entities, and a ring of facts around them in each of two relations."""
    draw = torch.Generator().manual_seed(entities)
    table, relations = (torch.randn(rows, dim, generator=draw) * 3 for rows in (entities, 2))
    facts = torch.tensor([[i, r, (i + 1 + r) % entities] for r in range(2) for i in range(entities)])
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame([("a", "r", "b")], columns=["head", "relation", "tail"]))
    return Knowledge(graph, table, relations, facts, torch.arange(entities))


@given(st.integers(2, 40), st.integers(0, 5))
def test_shuffled_gives_everyone_anothers_vector_and_facts(entities, seed):
    knowledge = know(entities)
    shuffled = take_knowledge_away(knowledge, "shuffled", seed=seed)
    assert sorted(shuffled.identity.tolist()) == list(range(entities))
    assert not (shuffled.identity == knowledge.identity).any()
    assert shuffled.entities.equal(knowledge.entities) and shuffled.facts.equal(knowledge.facts)


def test_random_keeps_each_length_and_nothing_else():
    knowledge = know(500, dim=30)
    drawn = take_knowledge_away(knowledge, "random", seed=1)
    torch.testing.assert_close(drawn.entities.norm(dim=1), knowledge.entities.norm(dim=1))
    assert torch.cosine_similarity(drawn.entities, knowledge.entities).mean().abs() < 0.05


def test_random_deals_the_tails_of_each_relation_out_anew():
    knowledge = know(300)
    dealt = take_knowledge_away(knowledge, "random", seed=1).facts
    assert dealt[:, :2].equal(knowledge.facts[:, :2])
    for relation in range(2):
        rows = knowledge.facts[:, 1] == relation
        assert dealt[rows, 2].sort().values.equal(knowledge.facts[rows, 2].sort().values)
        assert (dealt[rows, 2] == knowledge.facts[rows, 2]).float().mean() < 0.05


def test_matched_gives_everyone_the_same_vector():
    knowledge = know(20)
    matched = take_knowledge_away(knowledge, "matched")
    for table, real in ((matched.entities, knowledge.entities), (matched.relations, knowledge.relations)):
        assert len(table.unique(dim=0)) == 1
        torch.testing.assert_close(table[0].norm(), real.norm(dim=1).mean())


def test_a_control_has_random_numbers_of_its_own():
    drawn = take_knowledge_away(know(300, 20), "random", seed=0).entities
    weight = torch.randn(300, 20, generator=draw_from(0, "door"))
    fresh = torch.randn(300, 20, generator=torch.Generator().manual_seed(0))
    for other in (weight, fresh):
        assert torch.cosine_similarity(drawn, other).abs().max() < 0.95


def test_one_entity_cannot_be_shuffled():
    with pytest.raises(ValueError, match=r"1 entity cannot exchange vectors. Type control='random'"):
        take_knowledge_away(know(1), "shuffled")


@pytest.mark.parametrize("control", [None, "shuffled", "random", "matched"])
def test_the_real_knowledge_is_not_touched(control):
    knowledge, before = know(9), know(9)
    take_knowledge_away(knowledge, control, seed=2)
    for name in ("entities", "relations", "facts", "identity"):
        assert getattr(knowledge, name).equal(getattr(before, name))


def test_vectors_and_graph_must_belong_together(vectors):
    class Others:
        graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame([("a", "r", "b")], columns=["head", "relation", "tail"]))
        entity_vectors = vectors.entity_vectors

    with pytest.raises(ValueError, match=r"\d+ vectors came for the 2 entities"):
        gather_knowledge(Others())
