"""What a person accepted enters the graph, a door, and the table of vectors; what was there stays as it was."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.graph import KnowledgeGraph
from kgwb.learn import add_facts, carry_vectors, grow_graph


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    facts = [("Rome", "capital of", "Italy"), ("Paris", "capital of", "France"), ("Rome", "near", "Paris")]
    entities = pd.DataFrame({"entity": ["Rome", "Oslo"], "type": ["city", "city"], "area": [1.0, 2.0]})
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities, name="towns")


def accept(graph: KnowledgeGraph, *facts: tuple[str, str, str]) -> pd.DataFrame:
    """Rows as propose_facts gives them; a name that the graph lacks is NIL."""
    rows = []
    for head, relation, tail in facts:
        row: dict[str, object] = {"relation": graph.relation_id(relation)}
        for side, name in (("head", head), ("tail", tail)):
            known = name in graph.labels
            row |= {side: graph.entity_id(name) if known else -1, f"{side}_label": name, f"{side}_type": "place"}
        rows.append(row)
    return pd.DataFrame(
        rows, columns=["head", "relation", "tail", "head_label", "tail_label", "head_type", "tail_type"]
    )


def test_the_graph_grows_by_what_it_lacked_and_says_how_many(graph):
    before = (len(graph), graph.entities.copy())
    accepted = accept(graph, ("Oslo", "near", "Rome"), ("Rome", "capital of", "Italy"))
    grown = grow_graph(graph, accepted)
    assert len(grown) == 4 and grown.fingerprint == graph.fingerprint
    assert ("fact accepted from a text", 1) in grown.notes
    assert (len(graph), graph.notes) == (before[0], ())
    pd.testing.assert_frame_equal(graph.entities, before[1])
    assert len(grow_graph(graph, accepted[:0])) == len(graph)


def test_what_the_graph_lacked_becomes_an_entity_once(graph):
    grown = grow_graph(graph, accept(graph, ("Lima", "capital of", "Peru"), ("Lima", "near", "Rome")))
    assert len(grown.entities) == len(graph.entities) + 2 and len(grown) == len(graph) + 2
    table = grown.entities.set_index("entity")
    assert (
        table.loc["Lima", "type"] == "place"
        and table.loc["Rome", "area"] == 1.0
        and np.isnan(table.loc["Lima", "area"])
    )
    held = set(map(tuple, graph.to_pandas().to_numpy())) | {("Lima", "capital of", "Peru"), ("Lima", "near", "Rome")}
    assert set(map(tuple, grown.to_pandas().to_numpy())) == held


def test_a_new_entity_with_the_name_of_another_is_another(graph):
    row = accept(graph, ("Rome", "near", "Oslo")).assign(head=-1, head_type="town in Georgia")
    grown = grow_graph(graph, row)
    assert ("Rome (2)", "near", "Oslo") in set(map(tuple, grown.to_pandas().to_numpy()))
    assert list(grown.labels).count("Rome") == 2


def test_candidates_of_another_graph_are_refused(graph):
    row = accept(graph, ("Rome", "near", "Oslo"))
    with pytest.raises(
        ValueError, match=r"call entity \d 'Roma'; in 'towns' it is 'Rome'\. Propose them anew with this graph"
    ):
        grow_graph(graph, row.assign(head_label="Roma"))
    with pytest.raises(ValueError, match=r"call entity 99 'Rome'; in 'towns' it is no entity\. Propose"):
        grow_graph(graph, row.assign(head=99))
    with pytest.raises(ValueError, match=r"have the relation 9, which 'towns' has not\. Propose"):
        grow_graph(graph, row.assign(relation=9))
    with pytest.raises(
        ValueError, match=r"Row 0 has a new head without a name\. Give it one: accepted\.loc\[0, 'head_l"
    ):
        grow_graph(graph, row.assign(head=-1, head_label=" "))


def test_a_door_answers_at_once_what_was_accepted(town, sentences, small_bert, vectors):
    row = town.triples[0].tolist()
    model = kgwb.inject(small_bert, vectors, mode="memory")
    model.injector.withdraw([row])
    fact = pd.DataFrame([row], columns=["head", "relation", "tail"])
    fact = fact.assign(head_label=town.labels[row[0]], tail_label=town.labels[row[2]])
    left = add_facts(model, pd.concat([fact, fact], ignore_index=True))
    assert len(left) == 0 and sorted(model.injector.facts.tolist()) == town.triples.tolist()
    add_facts(model, fact)  # it is there: not twice
    assert len(model.injector.facts) == len(town)


def test_a_door_gives_back_what_names_an_entity_that_it_does_not_know(graph, small_bert, caplog):
    model = kgwb.inject(small_bert, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), mode="memory")
    accepted = accept(graph, ("Oslo", "near", "Rome"), ("Lima", "near", "Rome"))
    left = add_facts(model, accepted)
    assert left["head_label"].tolist() == ["Lima"] and len(model.injector.facts) == len(graph) + 1
    assert "1 fact with an entity that the door does not know, and cannot take. Type grown =" in caplog.text


def test_what_no_door_can_take_is_said(graph, small_bert):
    accepted = accept(graph, ("Oslo", "near", "Rome"))
    with pytest.raises(ValueError, match=r"has no door\. Type kgwb\.inject\(bert, vectors, mode='pointer'\)\."):
        add_facts(small_bert, accepted)
    model = kgwb.inject(small_bert, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), mode="entity")
    with pytest.raises(TypeError, match="reads vectors, not facts, so none can be edited"):
        add_facts(model, accepted)


@pytest.mark.parametrize("inverses", [False, True])
def test_vectors_are_carried_by_name_and_score_as_before(graph, inverses):
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    for _ in kgwb.train_embedding(vectors, graph, epochs=2, precision="float32", reciprocal=inverses):
        pass
    kept = copy.deepcopy(vectors.state_dict())
    grown = grow_graph(graph, accept(graph, ("Bern", "near", "Rome"), ("Zug", "near", "Bern")))
    carried = carry_vectors(vectors, grown)
    places = [grown.entity_id(name) for name in graph.entities["entity"]]
    assert torch.equal(carried.entity_vectors()[places], vectors.entity_vectors())
    moved = np.stack(
        [np.array(places)[graph.triples[:, 0]], graph.triples[:, 1], np.array(places)[graph.triples[:, 2]]], 1
    )
    assert torch.equal(carried.score(moved), vectors.score(graph.triples))
    torch.testing.assert_close(carried.score_heads(moved)[:, places], vectors.score_heads(graph.triples))
    new = [grown.entity_id("Bern"), grown.entity_id("Zug")]
    assert not carried.trained_on[new].any() and int(carried.trained_on.sum()) == int(vectors.trained_on.sum())
    assert len(carried.trained_facts) == len(vectors.trained_facts)
    assert all(torch.equal(kept[name], value) for name, value in vectors.state_dict().items())
    model = kgwb.inject(kgwb.load_bert("minilm"), carried, mode="pointer")
    assert set(new) <= set(model.injector.filled)  # a vector from the label


def test_vectors_of_a_graph_that_did_not_grow_into_this_one_are_refused(graph):
    other = KnowledgeGraph.from_pandas(
        pd.DataFrame([["a", "near", "b"]], columns=["head", "relation", "tail"]), name="other"
    )
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    with pytest.raises(
        ValueError, match=r"have the entity 'France', which 'other' has not\. Expected a graph that has grown"
    ):
        carry_vectors(vectors, other)
