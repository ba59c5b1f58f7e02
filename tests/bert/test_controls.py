"""Each control takes the knowledge away and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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
    return know_facts([[i, r, (i + 1 + r) % entities] for r in range(2) for i in range(entities)], entities, dim)


def know_facts(facts: list[list[int]], entities: int, dim: int = 5, types: Sequence[str] = ()) -> Knowledge:
    """Vectors of some entities in two relations, and facts of a graph."""
    draw = torch.Generator().manual_seed(entities)
    table, relations = (torch.randn(rows, dim, generator=draw) * 3 for rows in (entities, 2))
    names = pd.DataFrame({"label": [str(i) for i in range(entities)], "type": list(types) or [""] * entities})
    graph = kgwb.KnowledgeGraph(np.array(facts), names, pd.DataFrame({"label": ["r", "s"]}), "known")
    return Knowledge(graph, table, relations, torch.tensor(facts), torch.arange(entities))


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
    shuffled = take_knowledge_away(knowledge, "random", seed=1).facts
    assert shuffled[:, :2].equal(knowledge.facts[:, :2])
    for relation in range(2):
        rows = knowledge.facts[:, 1] == relation
        assert shuffled[rows, 2].sort().values.equal(knowledge.facts[rows, 2].sort().values)
        assert (shuffled[rows, 2] == knowledge.facts[rows, 2]).float().mean() < 0.05


@given(
    data=st.data(), entities=st.integers(2, 8), seed=st.integers(0, 3), control=st.sampled_from(["random", "matched"])
)
def test_no_fact_that_is_dealt_is_true_unless_it_must_be(data, entities, seed, control):
    ids = st.integers(0, entities - 1)
    facts = data.draw(st.lists(st.tuples(ids, st.integers(0, 1), ids), min_size=1, unique=True).map(sorted))
    types = data.draw(st.lists(st.sampled_from("ab"), min_size=entities, max_size=entities))
    knowledge = know_facts(list(map(list, facts)), entities, types=types)
    shuffled = take_knowledge_away(knowledge, control, seed=seed)
    kept = set(facts) & set(map(tuple, shuffled.facts.tolist()))
    linked = {(h, r): {t for head, relation, t in facts if (head, relation) == (h, r)} for h, r, _ in facts}
    must = {fact for fact in facts if len(linked[fact[:2]]) == entities}  # linked to everything there is
    assert shuffled.kept == len(kept) and kept <= must
    assert knowledge.kept == len(facts)
    assert shuffled.facts[:, :2].equal(knowledge.facts[:, :2])


def test_a_single_tail_is_replaced_by_entities_of_its_type():
    # Two cities each in the one country that a fact names; there is a second country, and people.
    knowledge = know_facts([[0, 0, 2], [1, 0, 2]], 6, types=["city", "city", "country", "country", "person", "person"])
    for seed in range(4):
        assert take_knowledge_away(knowledge, "random", seed=seed).facts.tolist() == [[0, 0, 3], [1, 0, 3]]
    alone = know_facts([[0, 0, 1]], 2)
    assert take_knowledge_away(alone, "random").facts.tolist() == [[0, 0, 0]]  # there is nothing else untrue


def test_a_shuffled_graph_counts_what_exchanged_entities_have_in_common():
    knowledge = know_facts([[0, 0, 3], [1, 0, 3], [2, 0, 3]], 4)
    shuffled = take_knowledge_away(knowledge, "shuffled")
    assert shuffled.kept == sum(int(shuffled.identity[head]) != 3 for head in range(3)) > 0


@pytest.mark.parametrize("control", ["shuffled", "random", "matched"])
def test_a_model_says_how_many_facts_its_control_keeps(bert, vectors, control):
    model = kgwb.inject(bert, vectors, mode="memory", control=control)
    if control != "shuffled":
        assert model.injector.kept == 0
        model.injector.add(vectors.graph.triples[:2])
        assert model.injector.kept == 2
    assert f"still true: {model.injector.kept} of 7 facts" in repr(model.injector)
    assert kgwb.inject(bert, vectors, mode="memory").injector.kept is None


def damage_vectors(vectors, entities=None, relations=None):
    """Vectors with the numbers of some entities, or of all relations, in place of their own."""

    class Damaged:
        graph = vectors.graph

        def entity_vectors(self):
            table = vectors.entity_vectors().detach().clone()
            for rows, number in (entities or {}).items():
                table[rows] = number
            return table

        def relation_vectors(self):
            table = vectors.relation_vectors().detach()
            return table if relations is None else torch.full_like(table, relations)

    return Damaged()


@pytest.mark.parametrize("mode", ["entity", "relation", "graph", "memory"])
def test_vectors_that_would_break_a_closed_door_are_refused(bert, vectors, mode):
    everyone, nan, inf = ..., float("nan"), float("inf")
    for number in (nan, inf, -inf):
        damaged = damage_vectors(vectors, {everyone: number})
        with pytest.raises(
            ValueError, match=r"The vectors of (\d+) of \1 entities .* 'America', .*kgwb.train_embedding\("
        ):
            kgwb.inject(bert, damaged, mode=mode)
    with pytest.raises(ValueError, match=r"The vectors of 1 of \d+ entities .* too large to square: 'England'"):
        kgwb.inject(bert, damage_vectors(vectors, {1: 1e30}), mode=mode)
    with pytest.raises(ValueError, match=r"All vectors of the entities of .* are zero, and no door could learn"):
        kgwb.inject(bert, damage_vectors(vectors, {everyone: 0.0}), mode=mode)
    with pytest.raises(
        ValueError, match=r"The vectors of 1 of \d+ entities .* 'England'"
    ):  # nor is anything to fill it from
        kgwb.inject(bert, damage_vectors(vectors, {everyone: 0.0, 1: nan}), mode=mode)
    with pytest.raises(ValueError, match=r"The vectors of 4 of 4 relations .* 'born in'"):
        kgwb.inject(bert, damage_vectors(vectors, relations=nan), mode=mode)
    filled = kgwb.inject(bert, damage_vectors(vectors, {1: nan, 2: 0.0}), mode=mode)  # these get one from their label
    assert filled.injector.filled == (1, 2)
    text = "Paris is the capital of France."
    assert kgwb.read(filled, text).hidden.equal(kgwb.read(bert, text).hidden)


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
