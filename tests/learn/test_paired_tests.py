"""Paired tests between the runs of a probe, against scipy, brute force, and what must not change them."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import kgwb
from kgwb.learn import ProbeReport, read_report
from kgwb.learn.probing.paired_tests import adjust_by_holm, weigh_signs

FIGURES = ["difference", "low", "high", "p", "better", "worse"]


def make_report(runs, *, heads=None, sets=1):
    """A report from run -> an array of answers, [seed, question], or from (run, relation) -> one."""
    rows = []
    for name, answers in runs.items():
        run, relation = name if isinstance(name, tuple) else (name, "speaks")
        for seed, right in enumerate(np.asarray(answers, dtype=bool)):
            asked = range(len(right)) if heads is None else heads
            marks = " ".join(f"{head}{'+' if one else '-'}" for head, one in zip(asked, right, strict=True))
            rows.append((run, seed, relation, len(right), int(right.sum()), marks))
    counts = pd.DataFrame(rows, columns=["run", "seed", "relation", "questions", "correct", "answers"])
    sizes = counts.groupby("relation")["questions"].first()
    relations = pd.DataFrame({"relation": sizes.index, "questions": sizes.to_numpy(), "chance": 0.1, "majority": 0.2})
    return ProbeReport(counts, relations, chance=0.1, sets=sets)


def draw(share, *shape, seed=0):
    return np.random.default_rng(seed).random(shape) < share


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_test_of_signs_is_scipys_binomial_test(better: int, worse: int) -> None:
    expected = binomtest(better, better + worse).pvalue if better + worse else 1.0
    assert weigh_signs(better, worse) == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holms_correction_is_the_closure_of_bonferronis(p: list[float]) -> None:
    """Raised p of a test: the largest Bonferroni p of any set of tests that it belongs to (Marcus et al., 1976)."""
    everything = range(len(p))
    sets = [chosen for size in range(1, len(p) + 1) for chosen in combinations(everything, size)]
    expected = [max(min(1.0, len(s) * min(p[j] for j in s)) for s in sets if i in s) for i in everything]
    assert adjust_by_holm(np.array(p)) == pytest.approx(expected)


def test_of_one_seed_it_is_mcnemars_test_and_the_usual_paired_interval() -> None:
    one, other = draw(0.7, 1, 400), draw(0.6, 1, 400, seed=1)
    found = make_report({"entity": one, "plain": other}).compare("entity", "plain", samples=4000).loc[("all", "plain")]
    better, worse = int((one & ~other).sum()), int((other & ~one).sum())
    assert (found["better"], found["worse"], found["discordant"]) == (better, worse, better + worse)
    assert found["p"] == found["adjusted p"] == pytest.approx(binomtest(better, better + worse).pvalue)
    differences = one[0].astype(float) - other[0]
    assert found["difference"] == pytest.approx(differences.mean())
    assert found["accuracy"] - found["other accuracy"] == pytest.approx(differences.mean())
    error = differences.std() / 20
    assert (found["low"], found["high"]) == pytest.approx(
        (differences.mean() - 1.96 * error, differences.mean() + 1.96 * error), abs=error / 5
    )


def test_the_interval_holds_the_spread_over_seeds_as_well() -> None:
    """Brute force: questions and seeds drawn anew in a loop, one sample at a time."""
    one = np.stack([draw(share, 60, seed=i) for i, share in enumerate((0.9, 0.5, 0.7, 0.8))])
    other = draw(0.4, 2, 60, seed=9)
    report = make_report({"entity": one, "plain": other})
    found = report.compare("entity", "plain", samples=4000).loc[("all", "plain")]
    random, drawn = np.random.default_rng(5), []
    for _ in range(4000):
        questions = random.integers(0, 60, 60)
        means = [each[random.integers(0, len(each), len(each))][:, questions].mean() for each in (one, other)]
        drawn.append(means[0] - means[1])
    assert (found["low"], found["high"]) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)
    alone = make_report({"entity": one[:1], "plain": other[:1]}).compare("entity", "plain").loc[("all", "plain")]
    assert found["seeds"] == 4 and found["other seeds"] == 2 and alone["seeds"] == 1


def test_seeds_that_say_the_same_do_not_count_as_more_questions() -> None:
    one, other = draw(0.7, 1, 80), draw(0.5, 1, 80, seed=1)
    once = make_report({"entity": one, "plain": other}).compare("entity", "plain")
    thrice = make_report({"entity": np.repeat(one, 3, 0), "plain": np.repeat(other, 3, 0)}).compare("entity", "plain")
    pd.testing.assert_frame_equal(once[FIGURES], thrice[FIGURES])


def test_wordings_of_one_fact_do_not_count_as_more_facts() -> None:
    one, other = draw(0.7, 2, 80), draw(0.5, 1, 80, seed=1)
    once = make_report({"entity": one, "plain": other})
    again = make_report(
        {"entity": np.repeat(one, 4, 1), "plain": np.repeat(other, 4, 1)}, heads=np.repeat(range(80), 4)
    )
    by_head = again.compare("entity", "plain", by="head")
    pd.testing.assert_frame_equal(once.compare("entity", "plain")[FIGURES], by_head[FIGURES])
    assert by_head["units"].item() == 80 and by_head["questions"].item() == 320
    by_question = again.compare("entity", "plain")
    assert by_question["p"].item() < by_head["p"].item()
    assert by_question["high"].item() - by_question["low"].item() < by_head["high"].item() - by_head["low"].item()


def test_the_other_way_round_only_the_sign_changes() -> None:
    report = make_report({"entity": draw(0.7, 3, 50), "plain": draw(0.5, 1, 50, seed=1)})
    one, other = (report.compare(*runs).iloc[0] for runs in (("entity", "plain"), ("plain", "entity")))
    assert (one["difference"], one["p"]) == (-other["difference"], other["p"])
    assert (one["better"], one["worse"]) == (other["worse"], other["better"])


def test_all_comparisons_of_a_call_are_corrected_together() -> None:
    runs = {("plain", "speaks"): 0.5, ("entity", "speaks"): 0.75, ("entity/shuffled", "speaks"): 0.5}
    runs |= {(run, "born"): share for (run, _), share in list(runs.items())}
    report = make_report({name: draw(share, 2, 60, seed=i) for i, (name, share) in enumerate(runs.items())})
    groups = {"said": ["speaks"], "both": ["speaks", "born"]}
    found = report.compare("entity", groups=groups)
    assert found.index.to_list() == [(group, other) for group in groups for other in ("plain", "entity/shuffled")]
    assert found["adjusted p"].to_list() == adjust_by_holm(found["p"].to_numpy()).tolist()
    assert (found["adjusted p"] >= found["p"]).all()
    assert found["questions"].to_list() == [60, 60, 120, 120]
    assert report.compare("entity", ["plain"], groups={"said": ["speaks"]})["p"].item() == found["p"].iloc[0]


@pytest.mark.parametrize("name", ["report.json", "report.csv"])
def test_a_report_from_a_file_is_compared_the_same(tmp_path: Path, name: str) -> None:
    report = make_report({"plain": draw(0.5, 1, 30), "entity": draw(0.7, 3, 30, seed=1)})
    again = read_report(report.save(tmp_path / name))
    pd.testing.assert_frame_equal(again.counts, report.counts)
    pd.testing.assert_frame_equal(again.compare("entity"), report.compare("entity"), check_exact=True)


def test_answers_that_were_not_counted_are_no_report(tmp_path: Path) -> None:
    path = make_report({"plain": draw(0.5, 1, 30)}).save(tmp_path / "report.json")
    whole = json.loads(path.read_text())
    for answers in ("1+ 2-", whole["counts"][0]["answers"].replace("+", "-"), "x", 3):
        path.write_text(json.dumps(whole | {"counts": [whole["counts"][0] | {"answers": answers}]}))
        with pytest.raises(
            kgwb.learn.ReportFileError, match=r"holds no report of a probe, or is broken\. Expected a file that report"
        ):
            read_report(path)


def test_what_cannot_be_compared_says_what_to_type() -> None:
    report = make_report({"entity": draw(0.7, 2, 9), "other": draw(0.5, 1, 9)})
    with pytest.raises(ValueError, match=r"no control of 'entity'\. Type report\.compare\('entity', 'other'\)\."):
        report.compare("entity")
    with pytest.raises(ValueError, match=r"run='entiti' came\. Type one of 'entity', 'other'"):
        report.compare("entiti")
    with pytest.raises(
        ValueError, match=r"others='entity' came\. Type one of 'other'|others='entity' came\. Type 'other'"
    ):
        report.compare("entity", "entity")
    with pytest.raises(ValueError, match=r"No run came to compare 'entity' with\. Type report\.compare\('entity', "):
        report.compare("entity", [])
    with pytest.raises(ValueError, match=r"The group 'none' holds no relation\. Type report\.compare"):
        report.compare("entity", "other", groups={"none": []})
    earlier = ProbeReport(report.counts.drop(columns="answers"), report.relations, chance=0.1)
    with pytest.raises(
        ValueError, match=r"not the answer to each question.* Ask again: kgwb\.probe\(runs, questions\)"
    ):
        earlier.compare("entity", "other")
    varied = make_report({"entity": draw(0.7, 2, 9), "other": draw(0.5, 2, 9)}, sets=2)
    with pytest.raises(ValueError, match=r"questions differ between the seeds.*Type by='head'"):
        varied.compare("entity", "other")
    assert varied.compare("entity", "other", by="head")["units"].item() == 9
