"""What notebook 09 takes away and finds again: parts without overlap, figures beside brute force, controls that are wrong."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.graph import KnowledgeGraph
from kgwb.lessons import growing_graph
from kgwb.lessons.growing_graph import trace_acceptance

FACTS = [(f"drug {i}", "treats", f"disease {i % 4}") for i in range(12)]
FACTS += [pair for i in range(0, 12, 2) for pair in ((f"drug {i}", "meets", f"drug {i + 1}"),)]
FACTS += [(tail, "meets", head) for head, link, tail in FACTS if link == "meets"]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    names = sorted({name for head, _, tail in FACTS for name in (head, tail)})
    entities = pd.DataFrame({"entity": names, "type": [name.split()[0] for name in names]})
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


def make_candidates(graph: KnowledgeGraph, facts: list[tuple[int, int, int]], **columns: object) -> pd.DataFrame:
    frame = pd.DataFrame(facts, columns=["head", "relation", "tail"]).assign(known=False, **columns)
    labels = {side: [graph.labels[i] if i >= 0 else "new" for i in frame[side]] for side in ("head", "tail")}
    return frame.assign(head_label=labels["head"], tail_label=labels["tail"], head_type="", tail_type="")


@pytest.mark.parametrize("seed", range(3))
def test_parts_share_no_fact_and_no_way_back(graph: KnowledgeGraph, seed: int) -> None:
    sentences = kgwb.verbalise(graph)
    taken = growing_graph.take_away(graph, sentences, {"a": 0.3, "b": 0.2}, symmetric=["meets"], seed=seed)
    facts = list(taken.facts.values())
    assert list(taken.facts) == ["a", "b", "kept"] and all(facts)
    assert sum(map(len, facts)) == len(graph) and frozenset().union(*facts) == set(map(tuple, graph.triples.tolist()))
    assert set(map(tuple, taken.lacking.triples.tolist())) == taken.facts["kept"]
    meets = graph.relation_id("meets")
    for its in facts:
        assert {(tail, link, head) for head, link, tail in its if link == meets} <= its
    for name, its in taken.facts.items():
        assert [each for each in sentences if each.triple in its] == list(taken.sentences[name])
    assert repr(taken).startswith("TakenAway from 'graph': a ")
    again = growing_graph.take_away(graph, sentences, {"a": 0.3, "b": 0.2}, symmetric=["meets"], seed=seed)
    assert again.facts == taken.facts


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9, np.nan]), st.booleans(), st.booleans()), max_size=12))
def test_the_course_is_that_of_brute_force(rows: list[tuple[float, bool, bool]]) -> None:
    frame = pd.DataFrame({"head": range(len(rows)), "relation": 0, "tail": 99})
    frame = frame.assign(probability=[row[0] for row in rows], known=[row[1] for row in rows])
    right = {(i, 0, 99) for i, row in enumerate(rows) if row[2]}
    course = trace_acceptance(frame, right)
    new = [(-np.inf if np.isnan(p) else p, (i, 0, 99) in right) for i, (p, known, _) in enumerate(rows) if not known]
    assert course["from"].tolist() == sorted({p for p, _ in new}, reverse=True)
    for each in course.itertuples():
        accepted = [is_right for p, is_right in new if p >= course.loc[each.Index, "from"]]
        assert each.accepted == len(accepted)
        assert each.precision == pytest.approx(np.mean(accepted))
        assert each.recall == pytest.approx(sum(accepted) / max(1, len(right)))


def test_ways_to_accept_are_compared_relation_by_relation(graph: KnowledgeGraph) -> None:
    right = [(0, 0, 5), (1, 0, 5), (2, 1, 3)]
    columns = {"by_text": [0.9, 0.9, 0.9, 0.6, 0.9], "by_types": [0.1, 0.2, 0.9, np.nan, 0.9]}
    candidates = make_candidates(graph, [*right, (4, 0, 6), (5, 0, 6)], **columns).assign(known=[False] * 4 + [True])
    ways = {"text": ("by_text", 0.5), "types": ("by_types", 0.5), "none": ("by_text", np.inf)}
    table = growing_graph.compare_acceptance(candidates, ways, right, graph, [graph.relation_labels[1]])
    assert table.loc["text"].tolist() == [4, 0.75, 1, 1]
    assert table.loc["types"].tolist() == [1, 1, pytest.approx(1 / 3), 1]
    assert table.loc["none"].tolist()[2:] == [0, 0] and np.isnan(table.loc["none", "precision"])


def test_what_is_stated_of_a_symmetric_relation_is_so_both_ways(graph: KnowledgeGraph) -> None:
    sentences = [each for each in kgwb.verbalise(graph) if each.triple and each.triple[0] < each.triple[2]]
    taken = growing_graph.take_away(graph, sentences, {"a": 0.6}, symmetric=["meets"], seed=2)
    meets = graph.relation_id("meets")
    stated = growing_graph.list_stated(taken, "a")
    assert {each for each in taken.facts["a"] if each[1] == meets} <= stated <= taken.facts["a"]
    [first] = {each.triple for each in taken.sentences["a"][:1]}
    assert first in growing_graph.list_stated(taken, "a", most=1) <= stated


def test_an_unknown_name_is_nil_and_the_known_one_is_not(graph: KnowledgeGraph) -> None:
    sentence = growing_graph.name_unknown("drug 1 eases ague.", "ague", "drug 1", graph)
    found = {sentence.text[each.start : each.end]: each.entity for each in sentence.mentions}
    assert found == {"ague": -1, "drug 1": graph.entity_id("drug 1")}


def test_the_picture_says_where_the_threshold_cuts() -> None:
    course = pd.DataFrame({"from": [0.9, 0.4], "accepted": [1, 2], "precision": [1.0, 0.5], "recall": [0.5, 1.0]})
    picture = growing_graph.draw_acceptance({"<b>": course, "other": course}, wanted=0.9, chosen={"<b>": 0.7})
    assert repr(picture) == "Picture: precision / recall at the threshold: <b> 1.00 / 0.50."
    assert "at the threshold" in " ".join(ElementTree.fromstring(picture.svg).itertext())
    bare = growing_graph.draw_acceptance({"other": course}, wanted=0.9)
    assert "at the threshold" not in " ".join(ElementTree.fromstring(bare.svg).itertext())


def test_a_threshold_above_all_candidates_draws_no_circle() -> None:
    course = pd.DataFrame({"from": [0.4], "accepted": [2], "precision": [0.5], "recall": [1.0]})
    picture = growing_graph.draw_acceptance({"joined": course}, wanted=0.9, chosen={"joined": np.inf})
    assert "at the threshold" not in picture.svg


def test_the_control_has_other_tails_and_no_new_entity(graph: KnowledgeGraph) -> None:
    facts = sorted(growing_graph.take_away(graph, [], {"a": 0.8}).facts["a"])
    accepted = make_candidates(graph, [*facts, (-1, 0, 3)])
    control = growing_graph.shuffle_accepted(accepted, graph, seed=1)
    shuffled = growing_graph.take_ids(control)
    assert len(shuffled) == len(facts) and not set(shuffled) & set(facts)
    assert sorted(each[:2] for each in shuffled) == sorted(each[:2] for each in facts)
    kgwb.learn.grow_graph(graph, control)  # its labels fit its ids


def test_vectors_are_trained_on_each_graph_and_stay_as_they_were(graph: KnowledgeGraph) -> None:
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    before = vectors.entity_table.clone()
    grown = kgwb.learn.grow_graph(graph, make_candidates(graph, [(-1, 0, 3)]))
    trained = growing_graph.train_grown(vectors, {"as it was": graph, "grown": grown}, epochs=2)
    assert list(trained) == ["as it was", "grown"] and len(trained["grown"].graph.labels) == len(graph.labels) + 1
    assert vectors.entity_table.equal(before) and not trained["as it was"].entity_table.equal(before)


def test_facts_are_ranked_by_name_where_ids_have_moved(graph: KnowledgeGraph) -> None:
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    untold = [(0, 0, 5), (2, 1, 3)]
    before = growing_graph.rank_untold(vectors, graph, untold)
    known = graph.triples
    assert before == pytest.approx(kgwb.rank_triples(vectors, np.array(untold), known=known).mrr)
    grown = kgwb.learn.grow_graph(graph, make_candidates(graph, [(-1, 0, 3)]).assign(head_label="aaa"))
    assert grown.labels[0] == "aaa"
    carried = kgwb.learn.carry_vectors(vectors, grown)
    assert growing_graph.rank_untold(carried, graph, untold) == pytest.approx(before, abs=0.1)
