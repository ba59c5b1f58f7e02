"""Notebook 11 parts no group, takes away what it says, refuses by a threshold, and its rule is the README's."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import precision_score, recall_score

import kgwb
from kgwb.graph import follow_path
from kgwb.learn import PathReader
from kgwb.lessons import answer_ways, question_answering


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(kgwb.sample("medicine"))


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    return answer_ways.read_asked(kgwb.sample("medicine"))


@pytest.fixture(scope="module")
def reader(graph: kgwb.KnowledgeGraph, asked: pd.DataFrame) -> PathReader:
    """By words counted, which takes no time, and by 100 questions."""
    return PathReader(graph, asked.iloc[:100], bert=kgwb.load_bert("minilm"), by_words=True)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_group_is_never_parted(asked: pd.DataFrame, seed: int) -> None:
    learnt, exam = answer_ways.part_groups(asked, seed=seed)
    assert not set(learnt["group"]) & set(exam["group"]) and len(learnt) + len(exam) == len(asked) == 186
    assert 0.5 < len(learnt) / len(asked) < 0.7


def test_each_question_of_a_fold_is_answered_by_a_reader_that_does_not_know_it(
    asked: pd.DataFrame, reader: PathReader
) -> None:
    learnt = asked.iloc[:40]
    read = answer_ways.answer_in_folds(reader, learnt, ways=["BERT, with the graph"])["BERT, with the graph"]
    assert sorted(read["question"]) == sorted(learnt["question"])
    known = reader.know(learnt).answer(learnt["question"].tolist())
    assert known["trust"].mean() > read["trust"].mean() + 0.1


def test_what_is_right_is_all_answers_and_no_other(asked: pd.DataFrame) -> None:
    rows = asked.iloc[[0, 2, 104]]
    given = [frozenset({"salbutamol"}), frozenset({"appendix"}), frozenset()]
    read = pd.DataFrame({"path": "", "trust": 0.5, "given": given}, index=[0, 1, 2])
    its = answer_ways.mark_given(read, rows)
    assert its["right"].tolist() == [False, True, True] and its["lacks"].tolist() == [False, False, True]
    assert its["one"].tolist() == [1.0, 1.0, 0.0]
    summed = answer_ways.summarise_way(its.assign(trust=[0.6, 0.6, 0.1]), 0.5)
    assert summed["right"] == 0.5 and summed["handled"] == pytest.approx(2 / 3) and summed["n lacking"] == 1


def test_refusals_are_measured_as_elsewhere_and_the_threshold_is_the_best() -> None:
    draw = np.random.default_rng(0)
    trust, lacks = draw.random(40), draw.random(40) < 0.4
    for threshold in (0.3, 0.6):
        found = answer_ways.measure_refusals(trust, lacks, threshold)
        assert found["precision"] == pytest.approx(precision_score(lacks, trust < threshold))
        assert found["recall"] == pytest.approx(recall_score(lacks, trust < threshold))
    best = answer_ways.find_refusal(trust.tolist(), lacks.tolist())
    scores = {each: answer_ways.measure_refusals(trust, lacks, each)["F1"] for each in trust}
    assert scores[best] == max(scores.values())
    assert answer_ways.measure_refusals([0.5], [False], 0.1) == {"precision": 0.0, "recall": 0.0, "F1": 0.0}


def test_shuffled_wordings_are_those_of_other_relations(graph: kgwb.KnowledgeGraph) -> None:
    shuffled = answer_ways.shuffle_wordings(graph, seed=1).relations
    assert (shuffled["wording"] != graph.relations["wording"]).all()
    assert sorted(shuffled["wording"]) == sorted(graph.relations["wording"])
    assert shuffled["relation"].equals(graph.relations["relation"])


def test_removed_facts_are_gone_and_those_near_by_are_others(graph: kgwb.KnowledgeGraph, reader: PathReader) -> None:
    facts = follow_path(graph, "asthma", "treated_by/side_effect").facts
    left = question_answering.remove_triples(graph, facts)
    assert len(left) == len(graph) - len(facts) and not follow_path(left, "asthma", "treated_by/side_effect").ends
    near = set(map(tuple, question_answering.find_nearby(graph, facts).tolist()))
    assert len(near) > len(facts) and not near & set(map(tuple, facts.tolist()))
    ends = {*facts[:, 0].tolist(), *facts[:, 2].tolist()}
    assert all(head in ends or tail in ends for head, _, tail in near)


def test_answers_fall_with_their_facts_and_not_with_others(asked: pd.DataFrame, reader: PathReader) -> None:
    rows = asked.iloc[[0, 2, 17, 100]]
    its = answer_ways.mark_given(answer_ways.join_answers(reader.answer(rows["question"].tolist())), rows)
    assert its["right"].all()  # Dilacor's too, for both drugs
    found = question_answering.compare_reasons(reader, its, 0.5)
    kept = found["outcome"].eq("as before").groupby(found["removed"]).mean()
    assert kept["others near by"] == 1 and kept["the facts drawn"] == 0
    assert found.groupby("question")["facts"].agg(["min", "max"])["min"].eq(1).all()


def test_the_rule_is_that_of_the_readme_and_names_its_facts(graph: kgwb.KnowledgeGraph) -> None:
    rule = question_answering.pick_rule(graph)
    assert len(rule) == 1 and rule["support"].item() == 92 and rule["confidence"].item() == pytest.approx(92 / 109)
    assert "92 times of 109" in (kgwb.sample("medicine") / "README.md").read_text("utf-8")
    table = question_answering.compare_rule(graph, seeds=2)
    assert table["right by rule"].gt(0.7).all() and table["part_of shuffled"].lt(0.2).all()
    hidden = question_answering.hide_systems(graph, seed=0)
    assert table["diseases"].iloc[0] == 25 and len(hidden) < len(graph)


def test_all_ways_run_to_the_end(
    graph: kgwb.KnowledgeGraph, asked: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_ways, "FOLDS", 2)
    some = asked.iloc[:60]
    results = answer_ways.compare_ways(graph, some, kgwb.load_bert("minilm"), seeds=1)
    assert results["way"].tolist() == list(answer_ways.WAYS)
    by_way = results.set_index("way")
    assert by_way.loc["tails shuffled", "right"] == 0 < by_way.loc["BERT, with the graph", "right"]
    picture = question_answering.draw_ways(results, answer_ways.WAYS, ["right", "handled"])
    assert repr(picture).startswith("Picture: right: usual path ") and "nan" not in picture.svg
    assert "wordings shuffled" in " ".join(ElementTree.fromstring(picture.svg).itertext())
