"""Vectors that follow their graph: what is known stays, what is new is found, what is withdrawn is forgotten."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.embed import (
    AffineEncoder,
    ComplEx,
    GraphEmbedding,
    Scorer,
    fold_in,
    load_embedding,
    rank_triples,
    train_embedding,
    update_embedding,
)
from kgwb.graph import KnowledgeGraph, Split, compare_graphs

COLUMNS = ["head", "relation", "tail"]
FLOAT = {"precision": "float32"}
NEW = [("new place", "in_region", "region 2"), ("new place", "has_climate", "climate 1")]
NEW += [("new place", "beside", "place 07"), ("place 05", "beside", "new place"), ("new place", "twinned", "place 09")]


@pytest.fixture(scope="module")
def vectors(graph: KnowledgeGraph) -> GraphEmbedding:
    """Vectors of the places, well trained."""
    return learn(graph, ComplEx())


@pytest.fixture(scope="module")
def later(graph: KnowledgeGraph) -> KnowledgeGraph:
    """The places a month later: a new one with five facts, one of a new relation, and two facts withdrawn."""
    return graph.with_facts(NEW, removed=[("place 03", "in_region", "region 3"), ("place 04", "beside", "place 05")])


def learn(graph: KnowledgeGraph, scorer: Scorer, epochs: int = 40, **options: object) -> GraphEmbedding:
    embedding = GraphEmbedding(graph, scorer, dim=16)
    for _ in train_embedding(embedding, graph, epochs=epochs, batch=50, **FLOAT, **options):
        pass
    return embedding


def by_name(embedding: GraphEmbedding) -> dict[str, list[list[float]]]:
    """Every name with its rows, so that two embeddings can be compared whose ids differ."""
    tables = [(embedding.graph.entities["entity"], embedding.entity_table)]
    tables += [(embedding.graph.relations["relation"], embedding.relation_table)]
    tables += (
        [(embedding.graph.relations["relation"] + " back", embedding.inverse_table)] if embedding.reciprocal else []
    )
    return {name: row for names, table in tables for name, row in zip(names, table.tolist(), strict=True)}


def rank_of(embedding: GraphEmbedding, fact: tuple[str, str, str]) -> float:
    graph = embedding.graph
    ids = [[graph.entity_id(fact[0]), graph.relation_id(fact[1]), graph.entity_id(fact[2])]]
    return float(rank_triples(embedding, ids, known=graph.triples).ranks.max())


@pytest.mark.parametrize("reciprocal", [False, True])
def test_whatever_the_scorer_what_is_known_stays_and_what_is_new_is_found(
    graph: KnowledgeGraph, later: KnowledgeGraph, scorer: Scorer, reciprocal: bool
) -> None:
    before = learn(graph, scorer, epochs=6, reciprocal=reciprocal)
    state = copy.deepcopy(before.state_dict())
    folded = fold_in(before, later, **FLOAT)
    then, now = by_name(before), by_name(folded)
    assert {name: now[name] for name in then} == then
    assert now.keys() - then.keys() == {"new place", "twinned", *(["twinned back"] if reciprocal else [])}
    assert rank_of(folded, NEW[0]) < 20
    update = update_embedding(before, later, epochs=1, **FLOAT)
    assert by_name(update.vectors).keys() == now.keys()
    update.finish()
    assert by_name(update.vectors)["place 01"] != then["place 01"]
    assert update.vectors.entity_table.isfinite().all()
    assert not update.vectors.training
    assert all(torch.equal(state[name], before.state_dict()[name]) for name in state)
    assert before.graph is graph


def test_an_unchanged_graph_changes_nothing_to_the_bit(vectors: GraphEmbedding, graph: KnowledgeGraph) -> None:
    update = update_embedding(vectors, graph.with_facts(), epochs=3)
    assert list(update) == []
    assert by_name(update.vectors) == by_name(vectors)
    assert repr(update) == "EmbeddingUpdate of 'places': nothing has changed"
    assert update.vectors._trainings == vectors._trainings


def test_zero_epochs_leave_all_that_was_there(vectors: GraphEmbedding, later: KnowledgeGraph) -> None:
    gone = later.with_facts(removed=[fact for fact in later.to_pandas().values if "place 20" in fact])
    update = update_embedding(vectors, gone, epochs=0, **FLOAT)
    now = by_name(update.finish())
    assert {name: now[name] for name in by_name(vectors)} == by_name(vectors)
    assert set(update.frame.set_index("entity")["moved"].dropna()) == {0.0}


def test_the_order_of_the_facts_changes_nothing_and_one_seed_gives_one_result(
    vectors: GraphEmbedding, graph: KnowledgeGraph
) -> None:
    results = []
    for facts in (NEW, NEW[::-1]):
        changed = graph.with_facts(facts)
        results.append(update_embedding(vectors, changed, epochs=1, **FLOAT).finish().state_dict())
    assert all(torch.equal(table, results[1][name]) for name, table in results[0].items())
    other = update_embedding(vectors, graph.with_facts(NEW), epochs=1, seed=1, **FLOAT).finish()
    assert not torch.equal(other.entity_table, results[0]["entity_table"])


def test_a_fact_added_is_learnt_one_withdrawn_is_forgotten_and_comes_back(
    vectors: GraphEmbedding, graph: KnowledgeGraph
) -> None:
    old, new = ("place 03", "in_region", "region 3"), ("place 03", "in_region", "region 0")
    assert rank_of(vectors, old) == 1
    moved = update_embedding(vectors, graph.with_facts([new], removed=[old]), **FLOAT).finish()
    scores = moved.score(
        [[moved.graph.entity_id(h), moved.graph.relation_id(r), moved.graph.entity_id(t)] for h, r, t in (new, old)]
    )
    assert scores[0] > scores[1]
    back = update_embedding(moved, graph, **FLOAT).finish()
    place = graph.entity_id("place 03")
    start, away, home = (each.entity_table[place].detach() for each in (vectors, moved, back))
    assert rank_of(back, old) == 1
    assert (home - start).norm() < (away - start).norm()


def test_what_is_withdrawn_sinks_most_of_the_way_to_where_it_would_never_have_been(graph: KnowledgeGraph) -> None:
    """False facts, as one would withdraw them: regions at random, which nothing else speaks for."""
    draw = np.random.default_rng(0)
    towns, regions = (
        {name for name in graph.entities["entity"] if name.startswith(kind)} for kind in ("place", "region")
    )
    true = set(map(tuple, graph.to_pandas().values))
    drawn = [(town, "in_region", sorted(regions)[draw.integers(len(regions))]) for town in sorted(towns)]
    false = [fact for fact in drawn if fact not in true][:12]
    wrong = graph.with_facts(false)
    before, anew = learn(wrong, ComplEx(), reciprocal=True), learn(graph, ComplEx(), reciprocal=True)
    updated = update_embedding(before, graph, **FLOAT)
    ranks = {
        name: np.mean([1 / rank_of(each, fact) for fact in false])
        for name, each in (("before", before), ("updated", updated.finish()), ("anew", anew))
    }
    assert ranks["updated"] - ranks["anew"] < 0.4 * (ranks["before"] - ranks["anew"])
    states = updated.frame.groupby("state")["entity"].agg(set)
    assert states["lost some facts"] == {name for town, _, region in false for name in (town, region)}
    assert "lost some facts" in repr(updated)
    kept = [rank_of(updated.vectors, fact) for fact in sorted(true)[:200]]
    assert np.mean([1 / rank for rank in kept]) > 0.9 * np.mean(
        [1 / rank_of(anew, fact) for fact in sorted(true)[:200]]
    )


def test_without_rounds_to_solve_for_them_entities_that_lost_facts_stay(
    vectors: GraphEmbedding, graph: KnowledgeGraph
) -> None:
    update = update_embedding(vectors, graph.with_facts(removed=[("place 03", "in_region", "region 3")]), fold_epochs=0)
    assert by_name(update.vectors) == by_name(vectors)  # before the first epoch
    assert set(update.frame["state"]) == {"carried over"}


def test_where_every_entity_lost_a_fact_what_is_left_is_known(vectors: GraphEmbedding, graph: KnowledgeGraph) -> None:
    facts = graph.to_pandas().sample(frac=0.5, random_state=0)
    left = graph.with_facts(removed=facts)
    update = update_embedding(vectors, left, **FLOAT)
    assert len(update.finish().trained_facts) == len(left)
    assert update.frame["state"].value_counts()["lost some facts"] > 0.5 * len(graph.entities)
    assert np.mean([1 / rank_of(update.vectors, fact) for fact in left.to_pandas().values[:60]]) > 0.8


def test_an_entity_that_loses_all_its_facts_is_as_one_that_nothing_is_known_of(
    vectors: GraphEmbedding, graph: KnowledgeGraph
) -> None:
    facts = graph.to_pandas()
    its = facts[(facts["head"] == "place 20") | (facts["tail"] == "place 20")]
    assert rank_of(vectors, ("place 20", "in_region", "region 0")) == 1
    update = update_embedding(vectors, graph.with_facts(removed=its), epochs=2, **FLOAT)
    update.finish()
    assert rank_of(update.vectors, ("place 20", "in_region", "region 0")) > 1
    place = update.vectors.graph.entity_id("place 20")
    assert not update.vectors.trained_on[place]
    assert update.frame.set_index("entity").loc["place 20", "state"] == "lost all facts"
    again = update_embedding(update.vectors, graph, epochs=2, **FLOAT)
    assert again.folded == ("place 20",)
    assert rank_of(again.finish(), ("place 20", "in_region", "region 0")) <= 3


def test_entities_that_are_gone_leave_and_the_facts_of_others_are_kept(
    vectors: GraphEmbedding, graph: KnowledgeGraph
) -> None:
    facts = graph.to_pandas()
    left = facts[(facts != "place 20").all(axis=1)]
    update = update_embedding(vectors, KnowledgeGraph.from_pandas(left), epochs=1, **FLOAT)
    update.finish()
    assert update.changes.gone_entities == ("place 20",)
    assert len(update.vectors.entity_table) == len(graph.entities) - 1
    assert len(update.vectors.trained_facts) == len(left)
    assert "1 gone" in repr(update)


def test_what_was_learnt_is_known_to_rankings_and_citations(vectors: GraphEmbedding, later: KnowledgeGraph) -> None:
    folded = fold_in(vectors, later, **FLOAT)
    assert len(folded.trained_facts) == len(later) + 2 - 0  # those withdrawn have been learnt, and are not unlearnt yet
    update = update_embedding(vectors, later, epochs=1, **FLOAT)
    new = update.finish()
    np.testing.assert_array_equal(np.unique(new.trained_facts, axis=0), np.unique(later.triples, axis=0))
    said = dict(kgwb.cite(new).parts)
    assert said["update"] == "5 facts added, 2 withdrawn, 1 entity new"
    assert said["run"].endswith("trained for 1 epoch")
    assert "fold_epochs=4" in said["settings"]
    assert said["earlier training 1, epochs"] == "40 of 40"
    assert kgwb.cite(update).parts == kgwb.cite(new).parts
    nothing = update_embedding(new, later)
    assert not nothing.changes


def test_vectors_saved_and_loaded_go_on(vectors: GraphEmbedding, later: KnowledgeGraph, tmp_path: Path) -> None:
    once = update_embedding(vectors, later, epochs=1, **FLOAT).finish()
    more = later.with_facts([("newer place", "in_region", "region 1")])
    loaded = load_embedding(once.save(tmp_path / "once"))
    results = [update_embedding(each, more, epochs=1, **FLOAT).finish().state_dict() for each in (once, loaded)]
    assert all(torch.equal(table, results[1][name]) for name, table in results[0].items())


def test_it_says_what_has_changed(vectors: GraphEmbedding, later: KnowledgeGraph) -> None:
    split = Split(later, later.triples[:-8], later.triples[-8:], later.triples[:0])
    update = update_embedding(vectors, split, epochs=2, **FLOAT)
    first = next(update)
    assert (first.number, first.total) == (1, 2)
    assert "MRR on 8 validation triples" in first.metrics
    assert "1 of 2 epochs done" in repr(update)
    update.finish()
    assert update.quality["stage"].tolist() == ["carried over", "folded in", "after epoch 1", "after epoch 2"]
    assert "relations: 1 new" in repr(update)
    frame = update.frame.set_index("entity")
    assert frame.loc["new place", "state"] == "folded in"
    assert frame.loc["new place", "facts"] == 5
    assert np.isnan(frame.loc["new place", "moved"])
    assert (frame["moved"].drop("new place") > 0).all()


def test_a_text_says_where_a_new_entity_stands(graph: KnowledgeGraph, vectors: GraphEmbedding) -> None:
    table = pd.DataFrame({"entity": ["place 60"]})
    later = graph.with_facts(entities=table)  # no fact of it: only its name is known
    rng = np.random.default_rng(0)
    onto = rng.normal(size=(16, 40))
    known = dict(zip(graph.entities["entity"], vectors.entity_table.detach().numpy() @ onto, strict=True))
    known["place 60"] = known["place 45"]
    asked = []

    def vectorise(texts: list[str]) -> np.ndarray:
        asked.extend(texts)
        return np.stack([known[text] for text in texts])

    for start in (vectorise, np.stack([known[name] for name in later.labels])):
        folded = fold_in(vectors, later, start=start, **FLOAT)
        twin, new = (folded.entity_table[folded.graph.entity_id(name)].detach() for name in ("place 45", "place 60"))
        assert torch.nn.functional.cosine_similarity(twin, new, 0) > 0.95
    assert asked == list(later.labels)


def test_what_cannot_be_updated_is_said(vectors: GraphEmbedding, graph: KnowledgeGraph, later: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"were never trained.*Type train_embedding"):
        update_embedding(GraphEmbedding(graph, ComplEx(), dim=4), later)
    encoded = GraphEmbedding(graph, ComplEx(), dim=4, encoder=AffineEncoder(dim=4))
    encoded.trained_on[:] = True
    with pytest.raises(ValueError, match=r"what its AffineEncoder makes of the graph.*Type vectors\.save\(folder\)"):
        fold_in(encoded, later)
    with pytest.raises(ValueError, match="has no training triples"):
        fold_in(vectors, later.with_facts(removed=later))
    with pytest.raises(ValueError, match=r"start came with shape \(3, 2\).*Expected 69 rows"):
        fold_in(vectors, later, start=np.zeros((3, 2)))


def test_the_changes_are_those_of_the_facts_learnt_not_of_the_graph(graph: KnowledgeGraph) -> None:
    split = Split(graph, graph.triples[20:], graph.triples[:20], graph.triples[:0])
    some = GraphEmbedding(graph, ComplEx(), dim=8)
    for _ in train_embedding(some, split, epochs=5, **FLOAT):
        pass
    update = update_embedding(some, graph, epochs=1, **FLOAT)
    assert len(update.changes.added) == 20
    assert not compare_graphs(graph, some.graph)
