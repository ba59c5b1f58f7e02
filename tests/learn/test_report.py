"""The report of a probe: gains over the best control, and that nothing is lost by copying, joining or saving it."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import kgwb
from kgwb.learn import ProbeReport, read_report
from kgwb.packages import load_drawing


def make_report(*rows, relations=("speaks",), questions=10, **options):
    """A report from (run, seed, correct per relation)."""
    counts = [
        {"run": run, "seed": seed, "relation": relation, "questions": questions, "correct": n}
        for run, seed, *correct in rows
        for relation, n in zip(relations, correct, strict=True)
    ]
    every = {"relation": relations, "questions": questions, "chance": 0.25, "majority": 0.3}
    return ProbeReport(pd.DataFrame(counts), pd.DataFrame(every), **{"chance": 0.25} | options)


def assert_same(one, other):
    assert (one.chance, one.fingerprint) == (other.chance, other.fingerprint)
    for name in ("counts", "relations", "frame"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)
    pd.testing.assert_frame_equal(one.gains(), other.gains(), check_exact=True)


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


@pytest.fixture(scope="module")
def report(small_bert, questions):
    def run(seed):
        model = copy.deepcopy(small_bert)
        weight = model.model.cls.predictions.transform.dense.weight
        torch.nn.init.normal_(weight, generator=torch.Generator().manual_seed(seed))
        return model

    return kgwb.probe({"plain": small_bert, "entity": run}, questions, seeds=2)


def test_counts_are_kept_for_each_run_seed_and_relation(small_bert, questions):
    report = kgwb.probe({"plain": small_bert}, questions)
    correct = int(report.frame.loc["plain", "accuracy"] * 80 + 0.5)
    [row] = report.counts.to_dict("records")
    answers = row.pop("answers").split()
    assert row == {"run": "plain", "seed": 0, "relation": "works as", "questions": 80, "correct": correct}
    assert [int(answer[:-1]) for answer in answers] == [question.head for question in questions]
    right = kgwb.learn.answer_questions(small_bert, questions)["correct"]
    assert [answer[-1] == "+" for answer in answers] == right.tolist()
    assert report.relations.to_dict("records") == [
        {"relation": "works as", "questions": 80, "chance": 0.5, "majority": 0.5}
    ]
    unequal = kgwb.probe({"plain": small_bert}, questions[2:])  # two bakers fewer, so 40 of 78 are millers
    assert unequal.majority == unequal.frame["majority"].item() == pytest.approx(40 / 78)


def test_the_majority_is_the_commonest_answer_of_each_relation():
    report = replace(
        make_report(("plain", 0, 3, 4), relations=("born", "speaks")),
        relations=pd.DataFrame(
            {"relation": ["born", "speaks"], "questions": [10, 30], "chance": 0.25, "majority": [0.5, 0.1]}
        ),
    )
    assert report.majority == pytest.approx((0.5 * 10 + 0.1 * 30) / 40)
    assert report.frame["majority"].to_list() == [report.majority]


def test_a_gain_is_over_the_best_control_seed_by_seed():
    report = make_report(
        *(("plain", 0, 3), ("plain", 1, 3), ("text", 0, 10), ("text", 1, 10)),
        *(("entity", 0, 8), ("entity", 1, 9), ("entity/shuffled", 0, 2), ("entity/shuffled", 1, 5)),
        *(("entity/noise 0.2", 0, 7), ("entity/noise 0.2", 1, 7), ("memory", 0, 4), ("memory", 1, 2)),
        *(("memory/off", 0, 1), ("memory/off", 1, 1)),
    )
    found = report.gains().loc["all"]
    assert found["control"].to_dict() == {
        **dict.fromkeys(found.index, ""),
        "entity": "entity/shuffled",
        "memory": "plain",
    }
    assert found.loc["entity", "gain"] == pytest.approx((0.6 + 0.4) / 2)
    assert found.loc["entity", "gain spread"] == pytest.approx(torch.tensor([0.6, 0.4]).std().item())
    assert found.loc["memory", "gain"] == pytest.approx(0.0)
    assert found.loc["entity", ["accuracy", "chance", "seeds", "questions"]].to_list() == pytest.approx(
        [0.85, 0.25, 2, 10]
    )
    assert found["gain"].isna().to_list() == [True, True, False, True, True, False, True]


def test_a_control_asked_once_stands_beside_every_seed():
    report = make_report(("plain", 0, 3), ("entity", 0, 8), ("entity", 1, 6))
    found = report.gains().loc[("all", "entity")]
    assert (found["gain"], found["control"], found["seeds"]) == (pytest.approx(0.4), "plain", 2)


def test_groups_of_relations_are_compared_by_themselves():
    report = make_report(
        *(("plain", 0, 2, 3, 5), ("entity", 0, 9, 7, 1), ("entity/off", 0, 1, 1, 6)),
        relations=("born", "speaks", "isle"),
    )
    found = report.gains({"in the graph": ["born", "speaks"], "derivable": ["isle"]})
    assert found.loc[("in the graph", "entity"), ["accuracy", "gain", "questions"]].to_list() == pytest.approx(
        [0.8, 0.55, 20]
    )
    assert found.loc[("derivable", "entity"), "gain"] == pytest.approx(-0.5)
    assert found.loc[("derivable", "entity"), "control"] == "entity/off"
    with pytest.raises(
        kgwb.graph.UnknownNameError, match=r"Unknown relation 'spaeks'. The nearest labels are 'speaks'"
    ):
        report.gains({"x": ["spaeks"]})


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, replace, lambda report: pickle.loads(pickle.dumps(report))])
def test_it_survives_copying(report, way):
    assert_same(way(report), report)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_it_survives_saving(report, tmp_path, suffix):
    path = report.save(tmp_path / "deep" / f"probe{suffix}")
    assert_same(read_report(path), report)
    assert_same(ProbeReport.load(path), report)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_any_name_survives_saving(tmp_path, suffix):
    names = (
        "<script>alert(1)</script>",
        "'; DROP TABLE",
        "\x00",
        "\u202e",
        "",
        "NA",
        "1",
        "1.0",
        "true",
        " a ",
        "a\nb",
        "a\rb",
        "a\r\nb",
        '"',
        ",",
        "\t",
        "中",
    )
    report = make_report(*((name, 0, *range(len(names))) for name in names), relations=names, chance=1 / 3)
    assert_same(read_report(report.save(tmp_path / f"probe{suffix}")), report)


def test_a_file_for_another_program_has_a_row_for_each_run_seed_and_relation(report, tmp_path):
    table = pd.read_csv(report.save(tmp_path / "probe.csv"))
    assert len(table) == len(report.counts)
    means = table.groupby("run")["accuracy"].mean()
    assert means.to_dict() == pytest.approx(report.frame["accuracy"].to_dict())


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"counts": 1}', "run,seed\nplain,0\n", "\x00", "null", "[" * 100_000]
)
@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_broken_file(tmp_path, text, suffix):
    path = tmp_path / f"probe{suffix}"
    path.write_text(text)
    with pytest.raises(
        kgwb.learn.ReportFileError, match=r"holds no report of a probe, or is broken. Expected a file that report.save"
    ):
        read_report(path)


def test_a_file_that_is_no_report_is_not_written_over(report, tmp_path):
    for name in ("facts.csv", "facts.json"):
        path = tmp_path / name
        path.write_text("head,relation,tail\nAda,speaks,Ket\n", encoding="utf-8")
        with pytest.raises(FileExistsError, match=r"is there, and is no report of a probe; .*Type another path"):
            report.save(path)
        assert path.read_text(encoding="utf-8").startswith("head,")
        path.unlink()
        assert report.save(report.save(path)) == path


def test_a_half_of_a_file_is_refused(report, tmp_path):
    for suffix in (".csv", ".json"):
        path = report.save(tmp_path / f"probe{suffix}")
        path.write_text(path.read_text()[: path.stat().st_size // 2])
        with pytest.raises(kgwb.learn.ReportFileError):
            read_report(path)
    with pytest.raises(FileNotFoundError):
        read_report(tmp_path / "nowhere.csv")


def test_another_ending_is_refused(report, tmp_path):
    with pytest.raises(
        ValueError, match=r"probe\.txt is no name of a \.csv or a \.json file.*Type report\.save"
    ) as caught:
        report.save(tmp_path / "probe.txt")
    assert eval(str(caught.value).rpartition(" Type ")[2].rstrip("."), {"report": report}) == tmp_path / "probe.json"
    with pytest.raises(FileExistsError, match=r" is a folder\. Type report\.save\(.*report\.json'\)\.$"):
        report.save(tmp_path)
    (tmp_path / "probe.csv").mkdir()
    with pytest.raises(FileExistsError, match=r"probe.csv is a folder. Type report.save"):
        report.save(tmp_path / "probe.csv")
    assert (tmp_path / "probe.csv").is_dir()


def test_a_folder_in_a_reports_place_is_called_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r" is a folder\. Expected a report that report\.save wrote\.$"):
        read_report(tmp_path)


def test_reports_on_the_same_questions_are_joined(small_bert, questions, report):
    joined = report.join(kgwb.probe({"closed": small_bert}, questions))
    assert list(joined.frame.index) == ["plain", "entity", "closed"]
    pd.testing.assert_frame_equal(joined.frame[:2], report.frame, check_exact=True)
    assert joined.frame.loc["closed", "accuracy"] == joined.frame.loc["plain", "accuracy"]
    assert list(report.frame.index) == ["plain", "entity"]


@given(st.lists(st.floats(0.001, 1), min_size=2, max_size=50), st.randoms(use_true_random=False))
def test_the_same_chance_added_up_in_another_order_keeps_no_reports_apart(guesses, random):
    other = random.sample(guesses, len(guesses))
    one, two = (sum(each) / len(each) for each in (guesses, other))
    assert make_report(("a", 0, 1), chance=one).join(make_report(("b", 0, 1), chance=two)).chance == one


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_a_report_that_was_kept_joins_one_asked_now(small_bert, questions, report, tmp_path, suffix):
    kept = kgwb.learn.read_report(report.save(tmp_path / f"report{suffix}"))
    rounded = replace(kept, chance=float(np.nextafter(kept.chance, 1)))
    joined = rounded.join(kgwb.probe({"closed": small_bert}, questions))
    assert list(joined.frame.index) == ["plain", "entity", "closed"]


def test_what_keeps_two_reports_apart_is_named(small_bert, questions, report):
    shown = r"Expected the same questions for all runs: report.join\(kgwb.probe\(runs, questions\)\)"
    with pytest.raises(ValueError, match=rf"differ in their numbers of questions: \[80\] and \[79\]. {shown}"):
        report.join(kgwb.probe({"closed": small_bert}, questions[1:]))
    with pytest.raises(ValueError, match=r"differ in their relations: \['speaks'\] and \['born'\]"):
        make_report(("a", 0, 1)).join(make_report(("b", 0, 1), relations=("born",)))
    with pytest.raises(ValueError, match=r"differ in their chances: 0.25 and 0.5"):
        make_report(("a", 0, 1)).join(make_report(("b", 0, 1), chance=0.5))
    with pytest.raises(ValueError, match=r"differ in their questions. Expected"):
        make_report(("a", 0, 1)).join(make_report(("b", 0, 1), fingerprint="other"))
    with pytest.raises(ValueError, match=r"Both reports have a run 'plain'. Name each once: kgwb.probe\("):
        report.join(report)


def test_it_says_how_its_figures_came_about(report):
    protocol = "Accuracy on 80 questions of 1 relation, mean and standard deviation over 2 seeds; chance 0.500: "
    assert repr(report).startswith(f"ProbeReport: {protocol}")
    assert protocol in report._repr_html_() and "<td>" in report._repr_html_()
    assert protocol in report.to_latex()


def test_names_are_escaped_where_they_are_shown():
    report = make_report(("<b>", 0, 1), ("50%", 0, 1), relations=("a_b",))
    assert "<b>" not in report._repr_html_()
    assert r"50\%" in report.to_latex() and r"a\_b" in report.to_latex()


def test_its_picture_is_that_of_its_view(report):
    assert report.picture == kgwb.see.show_probe(report).picture and report.picture.startswith("<svg")


def test_a_report_that_nothing_draws():
    with pytest.raises(
        ImportError, match=r"The picture of a Nothing needs kgwb, which is not installed. Type: pip inst"
    ):
        load_drawing("Nothing")


def test_a_report_is_data_alone(report):
    assert report.frame.attrs == report.gains().attrs == report.counts.attrs == {}
    assert json.dumps(report.frame.to_dict())
