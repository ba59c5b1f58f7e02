"""Notebook 12: no fact is both told and known, right passages follow from facts told, and reasons are taken away one by one."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.graph import Sentence
from kgwb.learn import PassageIndex, index_passages
from kgwb.lessons import passages, retrieval
from kgwb.lessons.passages import KINDS, PassageExam


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(kgwb.sample("medicine"))


@pytest.fixture(scope="module")
def sentences(graph: kgwb.KnowledgeGraph) -> list[Sentence]:
    return list(kgwb.read_sentences(kgwb.sample("medicine"), graph))


@pytest.fixture(scope="module")
def questions() -> pd.DataFrame:
    return pd.read_csv(kgwb.sample("medicine") / "questions.tsv", sep="\t", keep_default_na=False)


@pytest.fixture(scope="module")
def exam(graph: kgwb.KnowledgeGraph, sentences: list[Sentence], questions: pd.DataFrame) -> PassageExam:
    return passages.make_passage_exam(graph, sentences, questions)


@pytest.fixture(scope="module")
def index(exam: PassageExam) -> PassageIndex:
    return index_passages(exam.passages, exam.known, kgwb.load_bert("tiny"))


def find_told(exam: PassageExam, sentences: list[Sentence]) -> list[set[tuple[int, int, int]]]:
    """Read back from the texts alone which facts each passage tells."""
    by_text = {each.text: each.triple for each in sentences if each.language == "en" and each.triple}
    found = []
    for passage in exam.passages:
        rest, facts = passage, set()
        while rest:
            text = max((each for each in by_text if rest.startswith(each)), key=len)
            facts.add(by_text[text])
            rest = rest[len(text) :].strip()
        found.append(facts)
    return found


def test_no_fact_is_both_told_and_known(
    exam: PassageExam, sentences: list[Sentence], graph: kgwb.KnowledgeGraph
) -> None:
    told = {fact for facts in find_told(exam, sentences) for fact in facts}
    known = {tuple(fact) for fact in exam.known.triples.tolist()}
    turned = {(tail, relation, head) for head, relation, tail in told}
    symmetric = graph.relation_id("interacts_with")
    assert not told & known and len(told | known) == len(graph)
    assert not {fact for fact in turned & known if fact[1] == symmetric}
    assert list(exam.known.entities["entity"]) == list(graph.entities["entity"])
    assert all(len(facts) <= 4 for facts in find_told(exam, sentences))


def test_a_right_passage_tells_a_fact_in_which_an_answer_stands(
    exam: PassageExam, sentences: list[Sentence], graph: kgwb.KnowledgeGraph, questions: pd.DataFrame
) -> None:
    told, rows = find_told(exam, sentences), questions.set_index("question")
    assert exam.relevant.shape == (len(exam.questions), len(exam.passages)) and exam.relevant.any(axis=1).all()
    for row, asked in enumerate(exam.questions.itertuples()):
        its = rows.loc[asked.question]
        answers = {graph.entity_id(name) for name in its["answers"].split("|")}
        last = graph.relation_id(its["relation"].split("/")[-1].lstrip("^"))
        for passage in np.flatnonzero(exam.relevant[row]):
            assert any(relation == last and {head, tail} & answers for head, relation, tail in told[passage]), asked


def test_one_fact_away_has_the_fact_in_the_graph_and_withheld_has_not(
    exam: PassageExam, sentences: list[Sentence], questions: pd.DataFrame, graph: kgwb.KnowledgeGraph
) -> None:
    told, rows = find_told(exam, sentences), questions.set_index("question")
    for row, asked in enumerate(exam.questions.itertuples()):
        its = rows.loc[asked.question]
        near = {int(t if h == graph.entity_id(asked.name) else h) for h, _, t in exam.known.triples
                if graph.entity_id(asked.name) in (h, t)}  # fmt: skip
        named = {end for passage in np.flatnonzero(exam.relevant[row]) for h, _, t in told[passage] for end in (h, t)}
        assert (its["hops"] == 2) == (asked.kind in ("one fact away", "fact withheld"))
        if asked.kind == "one fact away":
            assert near & named, asked
    assert set(exam.questions["kind"]) == set(KINDS)


def test_another_seed_tells_other_facts_and_the_same_seed_the_same(
    exam: PassageExam, graph: kgwb.KnowledgeGraph, sentences: list[Sentence], questions: pd.DataFrame
) -> None:
    again, other = (passages.make_passage_exam(graph, sentences, questions, seed=seed) for seed in (0, 1))
    assert again.passages == exam.passages and (again.relevant == exam.relevant).all()
    assert other.passages != exam.passages
    assert repr(exam).startswith(f"PassageExam: {len(exam.passages)} passages, {len(exam.known)} other facts")


def test_weights_come_from_other_questions(exam: PassageExam) -> None:
    """Where one fold's own judgements are all that would favour a score, its weights do not see them."""
    groups = exam.questions["group"].to_numpy()
    fold = np.isin(groups, np.random.default_rng(0).permutation(np.unique(groups))[0::5])
    noise = np.random.default_rng(1).random(exam.relevant.shape)
    cheat = np.where(fold[:, None], exam.relevant, np.random.default_rng(2).random(exam.relevant.shape) - exam.relevant)
    sums, chosen = passages.add_by_others({"noise": noise, "cheat": cheat}, exam)
    assert chosen["cheat"][0] == 0 and len(chosen) == 5
    assert sums.shape == exam.relevant.shape


def test_one_reason_goes_and_the_passage_falls(index: PassageIndex, exam: PassageExam) -> None:
    removed = retrieval.remove_reasons(index, exam)
    assert len(removed) > 10 and removed["rank"].le(10).all()
    assert removed["the reason"].median() > 2 * removed["another fact"].median()
    left = retrieval.remove_facts_of(exam.known, [(0, 1), (exam.known.triples[0, 2], exam.known.triples[0, 0])])
    gone = len(exam.known) - len(left)
    assert gone >= 1 and left.entities["entity"].tolist() == exam.known.entities["entity"].tolist()
    assert retrieval.rank_passage(np.array([3.0, 1.0, 1.0, 0.0]), 2) == 2.5


def test_everything_runs_to_the_end_and_is_drawn(
    graph: kgwb.KnowledgeGraph,
    sentences: list[Sentence],
    questions: pd.DataFrame,
    index: PassageIndex,
    exam: PassageExam,
) -> None:
    results, weights = passages.compare_searches(graph, sentences, questions, kgwb.load_bert("tiny"), seeds=1)
    assert list(dict.fromkeys(results["way"])) == list(passages.WAYS) and len(weights) == 5 * len(passages.SUMS)
    assert results[["nDCG", "recall"]].stack().between(0, 1 + 1e-9).all()
    table = retrieval.tabulate_ways(results)
    assert table.shape == (len(passages.WAYS), len(KINDS)) and "nan" not in table.to_string()
    chance = results[results["way"] == "chance"]["nDCG"].mean()
    assert results[results["way"] == "entities"]["nDCG"].mean() > 5 * chance
    gains = passages.compare_by_questions(results, [("one step", "shuffled step")])
    its = gains.loc[("one step less shuffled step", "one fact away")]
    assert 0 < its["low"] <= its["gain"] <= its["high"] and its["units"] > 10
    picture = retrieval.draw_searches(results, passages.WAYS)
    assert "nan" not in picture.svg and "one fact away" in " ".join(ElementTree.fromstring(picture.svg).itertext())
    scores = passages.score_ways(index, exam)
    shown = retrieval.list_first_passages(
        exam, {"entities": scores["entities"], "chance": scores["chance"]}, 0, first=2
    )
    assert list(shown.columns) == ["answers", "passage", "begins"] and len(shown.loc["chance"]) == 2
