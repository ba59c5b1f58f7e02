"""Tables and scorer together: one score by three ways, and answers to questions."""

from __future__ import annotations

import pytest
import torch

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, Scorer, TransE, train_embedding
from kgwb.embed.scorers.scorer import expect_scorer
from kgwb.graph import KnowledgeGraph
from kgwb.graph.errors import UnknownNameError


def test_score_is_the_entry_in_the_row_of_all_tails_and_of_all_heads(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding = GraphEmbedding(graph, scorer, dim=16)
    torch.nn.init.normal_(embedding.entity_table, generator=torch.Generator().manual_seed(0))
    head, _, tail = torch.from_numpy(graph.triples.copy()).T
    score = embedding.score(graph.triples)
    torch.testing.assert_close(embedding.score_tails(graph.triples).gather(1, tail[:, None])[:, 0], score)
    torch.testing.assert_close(embedding.score_heads(graph.triples).gather(1, head[:, None])[:, 0], score)


def test_one_triple_keeps_one_score_after_training(graph: KnowledgeGraph, scorer: Scorer) -> None:
    embedding = GraphEmbedding(graph, scorer, dim=16)
    list(train_embedding(embedding, graph, epochs=3, batch=50))
    head, _, tail = torch.from_numpy(graph.triples.copy()).T
    score = embedding.score(graph.triples)
    for rows, column in ((embedding.score_tails(graph.triples), tail), (embedding.score_heads(graph.triples), head)):
        torch.testing.assert_close(rows.gather(1, column[:, None])[:, 0], score, rtol=1e-4, atol=1e-4)


def test_triples_come_as_array_tensor_or_list(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    for ask in (embedding.score, embedding.score_tails, embedding.score_heads):
        expected = ask(graph.triples)
        assert expected.equal(ask(torch.from_numpy(graph.triples.copy())))
        assert expected.equal(ask(graph.triples.tolist()))
        assert expected.equal(ask([tuple(triple) for triple in graph.triples.tolist()]))


def test_triples_that_are_none(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    with pytest.raises(
        ValueError, match=r"shape \(1, 2\) and type int64 came\. Expected rows of three ids; type \[\[head"
    ):
        embedding.score([[0, 1]])


def test_a_scorer_is_an_instance() -> None:
    with pytest.raises(
        TypeError,
        match=r"A scorer was expected, but the class ComplEx came\. Type GraphEmbedding\(graph, ComplEx\(\)\)\.",
    ):
        expect_scorer(ComplEx)
    with pytest.raises(TypeError, match=r"but the text 'complex' came\. Type GraphEmbedding\(graph, ComplEx"):
        expect_scorer("complex")


def test_one_seed_gives_one_start(graph: KnowledgeGraph, scorer: Scorer) -> None:
    first, again, other = (GraphEmbedding(graph, scorer, dim=8, seed=seed).entity_vectors() for seed in (0, 0, 1))
    assert first.equal(again) and not first.equal(other)


def test_vectors_are_copies(graph: KnowledgeGraph) -> None:
    embedding = GraphEmbedding(graph, TransE(), dim=8)
    embedding.entity_vectors().zero_()
    assert not embedding.entity_vectors().eq(0).all()


@pytest.fixture(scope="module")
def trained(graph: KnowledgeGraph) -> GraphEmbedding:
    embedding = GraphEmbedding(graph, ComplEx(), dim=16)
    for _ in train_embedding(embedding, graph, epochs=60, batch=50, reciprocal=True):
        pass
    return embedding


def test_predict_finds_what_was_learnt(trained: GraphEmbedding) -> None:
    tails = trained.predict(head="place 03", relation="in_region", k=3)
    assert tails.columns.tolist() == ["entity", "label", "score", "known"]
    assert tails.label[0] == "region 3" and tails.known.tolist() == [True, False, False]
    assert tails.score.is_monotonic_decreasing
    heads = trained.predict(relation="in_region", tail="region 3", k=12)
    assert heads.known.all() and set(heads.label) == {f"place {i:02}" for i in range(3, 60, 5)}


def test_predict_finds_the_relation(trained: GraphEmbedding) -> None:
    relations = trained.predict(head="place 03", tail="region 3")
    assert relations.columns.tolist() == ["relation", "label", "score", "known"]
    assert relations.relation[0] == "in_region" and relations.known.tolist() == [True, False, False]


def test_predict_takes_ids_and_no_more_answers_than_there_are(trained: GraphEmbedding) -> None:
    everyone = trained.predict(head=trained.graph.entity_id("place 03"), relation=0, k=1000)
    assert len(everyone) == len(trained.graph.entities)


def test_predict_needs_exactly_two(trained: GraphEmbedding) -> None:
    with pytest.raises(ValueError, match=r"exactly two of head, .*; head came\. Type vectors\.predict\(") as caught:
        trained.predict(head="place 03")
    typed = str(caught.value).rpartition(" Type ")[2].rstrip(".")  # names of this graph, so that it works
    assert len(eval(typed, {"vectors": trained})) == 10
    with pytest.raises(ValueError, match=r"exactly two .*; head, relation, tail came"):
        trained.predict(head=0, relation=0, tail=0)
    with pytest.raises(ValueError, match=r"exactly two .*; none came"):
        trained.predict()
    with pytest.raises(ValueError, match=r"k=0 came\. It must be at least 1; type k=1\."):
        trained.predict(head=0, relation=0, k=0)


def test_predict_knows_the_nearest_names(trained: GraphEmbedding) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown entity 'plaice 03'\. The nearest labels are 'place 03'"):
        trained.predict(head="plaice 03", relation="beside")


def test_inverses_are_not_in_the_graph(trained: GraphEmbedding) -> None:
    assert trained.reciprocal and len(trained.graph.relations) == 3
    assert trained.relation_vectors().shape == (3, 16)


def test_repr_says_what_it_is(graph: KnowledgeGraph, trained: GraphEmbedding) -> None:
    counts = "'places': 68 entities, 3 relations"
    assert repr(GraphEmbedding(graph, TransE(), dim=8)) == f"GraphEmbedding(TransE(), dim=8) of {counts}, not trained"
    assert repr(trained).endswith(f"{counts} with inverses, trained on 68 of the entities")


def test_widths_that_cannot_be(graph: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=r"ComplEx needs an even dim.* dim=5 came\. Type dim=6\."):
        GraphEmbedding(graph, ComplEx(), dim=5)
    with pytest.raises(ValueError, match=r"dim=0 came\. It must be at least 1"):
        GraphEmbedding(graph, TransE(), dim=0)


def test_a_graph_without_entities_has_nothing_to_embed(graph: KnowledgeGraph) -> None:
    nothing = KnowledgeGraph.from_pandas(graph.to_pandas().iloc[:0], name="nothing")
    with pytest.raises(ValueError, match=r"'nothing' has no entities to embed\. Read one with kgwb\.read_graph"):
        GraphEmbedding(nothing, TransE())


def test_a_size_that_memory_cannot_hold_is_said(graph: KnowledgeGraph) -> None:
    with pytest.raises(MemoryError, match=r"dim=1125899906842624 for .* entities came.* Type less, as dim=128"):
        GraphEmbedding(graph, DistMult(), dim=2**50)
