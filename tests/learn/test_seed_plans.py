"""A probe whose vectors and split vary with the seed, against the same done by hand, and what is kept of it."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

import kgwb


def split(questions, seed):
    return kgwb.split_questions(questions, 0.4, seed=seed)


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


@pytest.fixture(scope="module")
def plan(small_bert, town, questions):
    """The runs of a seed: its vectors, tuned on its part of the questions."""

    def make(seed, shift=0):
        vectors = kgwb.GraphEmbedding(town, kgwb.ComplEx(), dim=8, seed=seed + shift)
        for _ in kgwb.train_embedding(vectors, town, epochs=1, seed=seed, precision="float32"):
            pass
        seen = kgwb.MaskedAnswers(split(questions, seed)[0])
        return kgwb.plan_runs(small_bert, vectors, seen, controls=("off",), epochs=1, precision="float32")

    return make


@pytest.fixture(scope="module")
def report(plan, questions):
    return kgwb.probe(plan, lambda seed: split(questions, seed)[1], seeds=2)


def test_each_seed_has_its_own_vectors_and_is_asked_its_own_questions(report, plan, questions):
    assert report.sets == 2
    for seed in range(2):
        unseen = split(questions, seed)[1]
        for name in ("plain", "entity"):
            right = kgwb.learn.answer_questions(plan(seed)[name](seed), unseen)["correct"]
            [row] = report.counts[(report.counts["run"] == name) & (report.counts["seed"] == seed)].to_dict("records")
            assert (row["questions"], row["correct"]) == (len(unseen), right.sum())
            asked = [f"{each.head}{'+' if one else '-'}" for each, one in zip(unseen, right, strict=True)]
            assert row["answers"] == " ".join(asked)
    assert report.accuracies.groupby("run").size().to_dict() == {"plain": 2, "entity": 2, "entity/off": 2}


def test_floors_are_those_of_all_sets_together(report, questions):
    sets = [split(questions, seed)[1] for seed in range(2)]
    most = [Counter(each.answer for each in asked).most_common(1)[0][1] for asked in sets]
    assert report.frame["questions"].unique() == sum(map(len, sets))
    assert report.frame["majority"].unique() == pytest.approx(sum(most) / sum(map(len, sets)))
    assert report.frame["chance"].unique() == pytest.approx(0.5)
    assert f"Accuracy on {sum(map(len, sets))} questions in 2 sets, one for each seed, of 1 relation" in repr(report)


def test_such_a_report_is_compared_by_entity_and_comes_back_from_a_file(report, questions, tmp_path):
    with pytest.raises(ValueError, match=r"questions differ between the seeds.*Type by='head'"):
        report.compare("entity", "plain")
    heads = {each.head for seed in range(2) for each in split(questions, seed)[1]}
    found = report.compare("entity", "plain", by="head")
    assert found["units"].item() == len(heads)
    again = kgwb.learn.read_report(report.save(tmp_path / "report.csv"))
    assert again.sets == 2 and again.compare("entity", "plain", by="head").equals(found)


def test_kept_answers_are_taken_up_by_the_same_seeds_alone(plan, questions, tmp_path, monkeypatch):
    def ask(make):
        return kgwb.probe(make, lambda seed: split(questions, seed)[1], seeds=2, folder=tmp_path / "probe")

    first = ask(plan)

    def refuse(self, number):
        raise AssertionError("asked again")

    monkeypatch.setattr("kgwb.learn.probing.rows.RowAnswers.give", refuse)
    assert ask(plan).counts.equals(first.counts)
    with pytest.raises(kgwb.learn.AnswerFileError, match=r"'entity', seed 0, differs in its vectors"):
        ask(partial(plan, shift=7))
    with pytest.raises(kgwb.learn.AnswerFileError, match=r"'plain', seed 0, differs in its (tasks|questions)"):
        kgwb.probe(plan, lambda seed: split(questions, seed + 5)[1], seeds=2, folder=tmp_path / "probe")


def test_runs_may_vary_where_questions_do_not(small_bert, questions):
    report = kgwb.probe(lambda seed: {"plain": small_bert}, questions, seeds=2)
    assert report.sets == 1 and report.fingerprint == questions.fingerprint
    assert report.counts["seed"].to_list() == [0, 1]


def test_what_would_ask_what_was_tuned_on_is_refused(small_bert, questions):
    with pytest.raises(
        ValueError,
        match=r"questions came as a function of the seed, but the runs did not.*Type kgwb\.probe\(lambda seed",
    ):
        kgwb.probe({"plain": small_bert}, lambda seed: questions)
    with pytest.raises(ValueError, match=r"The runs of seed 1 are b, those of seed 0 are a\. Give each seed the same"):
        kgwb.probe(lambda seed: {"ab"[seed]: small_bert}, questions, seeds=2)
    with pytest.raises(TypeError, match=r"A mapping of names to models was expected, but a Bert came"):
        kgwb.probe(lambda seed: small_bert, questions)
    with pytest.raises(TypeError, match=r"A set of questions was expected, but None came"):
        kgwb.probe(lambda seed: {"plain": small_bert}, lambda seed: None)
