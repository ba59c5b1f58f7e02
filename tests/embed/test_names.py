"""Asking by name: vectors, neighbours, facts, analogies, clusters; each against plain loops over all entities."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import (
    AffineEncoder,
    ComplEx,
    DistMult,
    GraphEmbedding,
    Scorer,
    TransE,
    cluster_entities,
    complete_analogy,
    train_embedding,
)
from kgwb.embed.candidates import choose_candidates
from kgwb.embed.similarity import choose_similarity
from kgwb.graph import KnowledgeGraph, UnknownNameError

facts_of = some.lists(
    some.tuples(some.integers(0, 5), some.integers(0, 2), some.integers(0, 5)), min_size=1, max_size=25
)


def _read(facts: list[tuple[int, int, int]], types: bool = True) -> KnowledgeGraph:
    rows = [(f"e{head}", f"r{between}", f"e{tail}") for head, between, tail in facts]
    frame = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    names = sorted({*frame["head"], *frame["tail"]})
    kinds = pd.DataFrame({"entity": names, "type": [f"type {int(name[1:]) % 2}" if types else "" for name in names]})
    return KnowledgeGraph.from_pandas(frame, kinds)


def _widen(embedding: GraphEmbedding) -> GraphEmbedding:
    torch.nn.init.normal_(embedding.entity_table, generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(embedding.relation_table, generator=torch.Generator().manual_seed(1))
    return embedding


@pytest.fixture(params=["plain", "reciprocal", "encoder"])
def vectors(graph: KnowledgeGraph, scorer: Scorer, request: pytest.FixtureRequest) -> GraphEmbedding:
    encoder = AffineEncoder(dim=8) if request.param == "encoder" else None
    embedding = GraphEmbedding(graph, scorer, dim=8, encoder=encoder)
    list(train_embedding(embedding, graph, epochs=1, reciprocal=request.param == "reciprocal"))
    return embedding


def test_a_vector_is_had_by_name_and_a_table_by_a_list(vectors: GraphEmbedding) -> None:
    table, names = vectors.entity_vectors(), ["region 3", 7, np.int64(2)]
    ids = [vectors.graph.entity_id(name) for name in names]
    assert vectors["place 03"].equal(table[vectors.graph.entity_id("place 03")])
    assert vectors[names].equal(table[ids]) and vectors[pd.Series(["region 3"])].equal(table[ids[:1]])
    assert not vectors["place 03"].requires_grad and not vectors[names].requires_grad
    vectors["place 03"].zero_()
    assert vectors.entity_vectors().equal(table)


def test_neighbours_are_those_of_a_loop_over_all_entities(vectors: GraphEmbedding) -> None:
    table, asked = vectors.entity_vectors().double().numpy(), vectors.graph.entity_id("place 10")
    frame = vectors.nearest("place 10", 5)
    if frame.measure[0] == "cosine":
        near = table @ table[asked] / np.linalg.norm(table, axis=1) / np.linalg.norm(table[asked])
    else:
        near = -np.linalg.norm(table - table[asked], ord=getattr(vectors.scorer, "norm", 2), axis=1)
    best = [place for place in np.argsort(-near, kind="stable") if place != asked][:5]
    assert frame.columns.tolist() == ["entity", "label", "similarity", "measure"]
    np.testing.assert_allclose(frame.similarity, near[best], rtol=1e-4, atol=1e-5)
    assert set(vectors.nearest("place 10", 3, among=["place 11", "place 10", "region 1"]).label) == {
        "place 11",
        "region 1",
    }


def test_the_measure_is_the_scorers_own_distance_where_it_has_one(graph: KnowledgeGraph) -> None:
    for scorer, own in ((TransE(), "minus distance"), (TransE(norm=1), "minus distance"), (ComplEx(), "cosine")):
        embedding = _widen(GraphEmbedding(graph, scorer, dim=8))
        assert embedding.nearest("place 10", 2).measure.tolist() == [own, own]
        assert embedding.nearest("place 10", 2, measure="cosine").measure[0] == "cosine"
    embedding = GraphEmbedding(graph, ComplEx(), dim=8)
    torch.nn.init.zeros_(embedding.entity_table)
    assert embedding.nearest("place 10", 3).similarity.tolist() == [0.0] * 3
    assert embedding.nearest("place 10", 3).label.tolist() == list(graph.labels[:3])  # the smaller id of equals


def test_facts_are_scored_and_ranked_as_a_loop_does(vectors: GraphEmbedding) -> None:
    graph = vectors.graph
    ids = np.concatenate([graph.triples[::29], [[0, 0, 1], [3, 1, 3], [3, 1, 3]]])
    named = [(graph.labels[head], graph.relation_labels[between], graph.labels[tail]) for head, between, tail in ids]
    frame, rows = vectors.score_facts(named), vectors.score_tails(ids).detach().numpy()
    known = set(map(tuple, graph.triples.tolist()))
    for place, (head, between, tail) in enumerate(ids.tolist()):
        row, gold = rows[place], frame.score[place]
        assert gold == pytest.approx(row[tail], rel=1e-4, abs=1e-5)
        others = [entity for entity in range(len(row)) if entity != tail]
        unknown = [entity for entity in others if (head, between, entity) not in known]
        for column, among in (("rank", others), ("filtered_rank", unknown)):
            # Blocks of other sizes round otherwise, so what scores nearly the same may stand on either side.
            surely, perhaps = ((row[among] > gold + slack).sum() for slack in (1e-6, -1e-6))
            assert 1 + surely <= frame[column][place] <= 1 + perhaps
        assert frame.known[place] == ((head, between, tail) in known)
    assert frame.equals(vectors.score_facts(ids)) and frame.equals(vectors.score_facts(frame))
    assert vectors.score_facts([]).columns.tolist() == frame.columns.tolist()


def test_predictions_leave_out_what_is_known_and_who_is_no_candidate(vectors: GraphEmbedding) -> None:
    graph = vectors.graph
    whole = vectors.predict(head="place 05", relation="in_region", k=len(graph.entities))
    unknown = vectors.predict(head="place 05", relation="in_region", k=len(graph.entities), known=False)
    assert unknown.label.tolist() == whole.label[~whole.known].tolist() and whole.known.sum() == 1
    regions = vectors.predict(head="place 05", relation="in_region", among="relation")
    assert regions.label.tolist() == [label for label in whole.label if label.startswith("region")]
    np.testing.assert_array_equal(regions.score, whole.set_index("label").score[regions.label])
    few = vectors.predict(tail="region 1", relation="in_region", among=["place 01", "place 02"], known=False)
    assert few.label.tolist() == ["place 02"]
    relations = vectors.predict(head="place 05", tail="region 0", among=["beside", "in_region"], known=False)
    assert relations.relation.tolist() == ["beside"]
    assert vectors.predict(tail="region 1", relation="in_region", among=["place 01"], known=False).empty


@given(facts=facts_of)
def test_candidates_are_what_a_loop_collects(facts: list[tuple[int, int, int]]) -> None:
    graph = _read(facts)
    types, triples = graph.entities["type"].tolist(), graph.triples.tolist()
    taken = choose_candidates(graph, "relation", facts=graph.triples)
    alike = choose_candidates(graph, "type", facts=graph.triples)
    assert taken is not None and alike is not None
    for relation in range(len(graph.relations)):
        for side, column in (("head", 0), ("tail", 2)):
            expected = {triple[column] for triple in triples if triple[1] == relation}
            assert taken.find(relation, side).tolist() == sorted(expected)
            kinds = {types[entity] for entity in expected}
            wide = [entity for entity, kind in enumerate(types) if kind in kinds]
            assert alike.find(relation, side).tolist() == wide
            asked = np.array([relation, 0])
            assert alike.mask(asked, side)[0].nonzero()[0].tolist() == wide
            assert alike.count(asked, side)[0] == len(wide)


def test_candidates_of_a_type_are_shared_by_all_queries() -> None:
    graph = _read([(0, 0, 1), (2, 1, 3)])
    typed = choose_candidates(graph, "type 1", facts=None)
    assert typed is not None and typed.find(1, "head").tolist() == typed.find(0, "tail").tolist() == [1, 3]
    assert (
        typed.mask(np.array([0, 1]), "head").sum(1).tolist() == typed.count(np.array([0, 1]), "head").tolist() == [2, 2]
    )


def test_an_analogy_adds_the_step_and_shows_its_floor() -> None:
    pairs = [(f"town {i}", "in", f"land {i}") for i in range(6)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(pairs, columns=["head", "relation", "tail"]))
    vectors = GraphEmbedding(graph, TransE(), dim=8)
    places = torch.randn(6, 8, generator=torch.Generator().manual_seed(0))
    step = 9 * torch.ones(8)
    rows = [places[int(label[-1])] + (step if label.startswith("land") else 0) for label in graph.labels]
    vectors.entity_table = torch.nn.Parameter(torch.stack(rows))
    frame = complete_analogy(vectors, ["town 0", "land 0", "town 3"], k=9)
    assert frame.label[0] == "land 3" and frame.similarity[0] == pytest.approx(0, abs=1e-5)
    assert frame.floor[0].startswith("town")
    near = {name: vectors.nearest(name, 11).label.tolist() for name in ("town 3", "land 0")}
    terms = {"town 0", "land 0", "town 3"}
    for name, column in (("town 3", "rank_near_c"), ("land 0", "rank_near_b")):
        order = [label for label in near[name] if label not in terms]
        assert frame[column].tolist() == [order.index(label) + 1 for label in frame.label]
        assert column != "rank_near_c" or frame.floor.tolist() == order


@pytest.mark.parametrize("scorer", [TransE(), DistMult()], ids=repr)
def test_clusters_stand_apart_only_where_there_are_any(graph: KnowledgeGraph, scorer: Scorer) -> None:
    vectors = GraphEmbedding(graph, scorer, dim=8)
    kind = torch.tensor([label.startswith("place") for label in graph.labels]).long()
    generator = torch.Generator().manual_seed(0)
    centres, noise = torch.stack([torch.ones(8), -torch.ones(8)]), torch.randn(len(kind), 8, generator=generator)
    vectors.entity_table = torch.nn.Parameter(centres[kind] + 0.02 * noise)
    found = cluster_entities(vectors, 2)
    assert (found.frame.cluster.to_numpy() == 1 - kind.numpy()).all()  # the places are more, so they are cluster 0
    assert found.silhouette > 0.9 and found.shuffled < 0.6
    assert repr(found).startswith("EntityClusters: 68 entities in 2 clusters of 8 to 60\n  silhouette 0.9")
    assert found.frame.equals(cluster_entities(vectors, 2).frame)
    with pytest.raises(ValueError, match=r"count=3 came, and 3 entities with 3 different vectors: there must be more"):
        cluster_entities(vectors, 3, among=["place 01", "place 02", "place 03"])


ERRORS: list[tuple[Callable[[GraphEmbedding], object], type[Exception], str]] = [
    (
        lambda v: v["region 33"],
        UnknownNameError,
        r"Unknown entity 'region 33'\. The nearest labels are .region 3.",
    ),
    (
        lambda v: v.score_facts([("place 01", "in_region")]),
        ValueError,
        r"three parts, and .* came\. Type",
    ),
    (
        lambda v: v.score_facts([("place 01", "inn", 0)]),
        UnknownNameError,
        r"Unknown relation 'inn'\. The nearest labels",
    ),
    (
        lambda v: choose_similarity(v.scorer, "near"),
        ValueError,
        r"measure='near' came\. Type one of 'auto', 'cosine'",
    ),
    (lambda v: v.nearest("place 01", among="relation"), ValueError, r"no relation is asked about here\. Type a type"),
    (
        lambda v: v.nearest("place 01", among="city"),
        UnknownNameError,
        r"Unknown type 'city'\. This graph has no types\.",
    ),
    (
        lambda v: v.predict(head=0, relation=0, among=[]),
        ValueError,
        r"empty list, which leaves no candidate\. Type among=",
    ),
    (
        lambda v: v.predict(head=0, relation=0, among="type"),
        ValueError,
        r"no entity of 'places' has a type\. Type among=",
    ),
    (
        lambda v: v.predict(head=0, tail=0, among="relation"),
        ValueError,
        r"the relation is asked for\. Type among=\['beside'",
    ),
    (lambda v: complete_analogy(v, [0, 1]), ValueError, r"three terms, a, b and c, and 2 came\. Type complete_analogy"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS)
def test_what_is_wrong_is_said(
    graph: KnowledgeGraph, call: Callable[[GraphEmbedding], object], kind: type[Exception], text: str
) -> None:
    with pytest.raises(kind, match=text):
        call(GraphEmbedding(graph, TransE(), dim=4))


def test_an_embedding_is_no_sequence_of_its_vectors(graph: KnowledgeGraph) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        list(GraphEmbedding(graph, TransE(), dim=4))  # type: ignore[call-overload]


@settings(max_examples=20)
@given(facts=facts_of)
def test_types_learnt_from_train_alone_hold_in_predictions(facts: list[tuple[int, int, int]]) -> None:
    graph = _read(facts)
    vectors = _widen(GraphEmbedding(graph, DistMult(), dim=4))
    vectors.trained_facts = graph.triples[:1]  # what training saw is what counts
    head, relation, tail = graph.triples[0].tolist()
    assert vectors.predict(head=head, relation=relation, among="relation").label.tolist() == [graph.labels[tail]]
    kinds = graph.entities["type"].tolist()
    found = vectors.predict(head=head, relation=relation, among="type")
    assert set(found.label) == {label for label, kind in zip(graph.labels, kinds, strict=True) if kind == kinds[tail]}


def test_facts_of_equal_scores_share_their_places() -> None:
    graph = _read([(0, 0, 1), (0, 0, 2), (3, 1, 4)])
    vectors = GraphEmbedding(graph, DistMult(), dim=4)
    torch.nn.init.zeros_(vectors.entity_table)
    frame = vectors.score_facts([("e0", "r0", "e1"), ("e0", "r0", "e3"), ("e3", "r0", "e4")])
    assert frame["rank"].tolist() == [3.0, 3.0, 3.0]  # of five
    assert frame["filtered_rank"].tolist() == [2.5, 2.0, 3.0]  # of four, of three, of five
    assert frame["known"].tolist() == [True, False, False]
