"""The command line: each command, its exit code, and what it says when it is called wrongly."""

from __future__ import annotations

import re
import shlex
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest

from kgwb import environment
from kgwb.__main__ import main
from kgwb.embed import find_settings, load_embedding
from kgwb.embed.scorers import SCORERS
from kgwb.graph import sample
from kgwb.lessons import whole_journey


def test_doctor_says_ok_and_returns_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    assert "[ok]       BERT weights" in capsys.readouterr().out


def test_doctor_returns_one_when_something_needed_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "PACKAGES", (("no-such-package", "1.0", True),))
    assert main(["doctor"]) == 1
    assert capsys.readouterr().out.endswith("Missing: no-such-package. The lines above mend it.\n")


def test_no_command_is_answered_with_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([])
    assert "doctor" in capsys.readouterr().err


@pytest.fixture
def facts(tmp_path: Path) -> Path:
    file = tmp_path / "facts.tsv"
    lines = [f"island{i}\tneighbour\tisland{(i + step) % 12}" for i in range(12) for step in (1, 2, 3)]
    file.write_text("\n".join(["head\trelation\ttail", *lines]), encoding="utf-8")
    return file


@pytest.mark.parametrize("scorer", [name.lower() for name in SCORERS])
def test_train_saves_vectors_and_says_how_to_load_them(
    facts: Path, scorer: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "vectors"
    assert main(["train", str(facts), "--scorer", scorer, "--out", str(out), "--epochs", "2", "--dim", "8"]) == 0
    said = capsys.readouterr().out
    assert "test pairs" in said  # leakage is reported before training
    assert "RankReport" in said
    assert f"kgwb.load_embedding({str(out)!r})" in said
    assert len(load_embedding(out).entity_vectors()) == 12


def test_an_unknown_scorer_is_answered_with_those_there_are(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(facts), "--scorer", "conve", "--out", str(tmp_path / "vectors")]) == 1
    names = ", ".join(repr(name.lower()) for name in SCORERS)
    assert capsys.readouterr().err == f"--scorer='conve' came. Type one of {names}.\n"


def test_train_takes_a_published_split_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    for part, line in {"train": "a r b\nb r c", "valid": "a r c", "test": "c r a"}.items():
        (folder / f"{part}.txt").write_text(line.replace(" ", "\t") + "\n", encoding="utf-8")
    assert main(["train", str(folder), "--out", str(tmp_path / "vectors"), "--epochs", "1", "--dim", "8"]) == 0
    assert "2 train, 1 valid, 1 test" in capsys.readouterr().out


def test_train_on_every_triple_ranks_nothing(facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", str(facts), "--out", str(tmp_path / "vectors"), "--epochs", "1", "--dim", "8", "--test", "0"]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "RankReport" not in said
    assert "Nothing is held out, so nothing will be ranked: --test 0 came. Type --test 0.1 to hold out a tenth." in said


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("a r b|b r a|a r a", "--test 0.1 of 3 triples is less than one. Type --test 0.17.\n"),
        ("a r b", "every triple is the only one of an entity or a relation. Expected more facts about them.\n"),
    ],
)
def test_facts_too_few_to_hold_one_out_are_said(
    lines: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts = tmp_path / "facts.txt"
    facts.write_text("\n".join(lines.replace(" ", "\t").split("|")), encoding="utf-8")
    assert main(["train", str(facts), "--out", str(tmp_path / "vectors"), "--epochs", "1", "--dim", "8"]) == 0
    assert "Nothing is held out, so nothing will be ranked: " + said in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "typed"),
    [
        ("Service|Relation|Target\na|r|b\nb|r|a\n", "--delimiter '|'"),
        ("Service,Verb,Target\na,r,b\nb,r,a\n", "--columns Service Verb Target"),
        ("web,db\napi,db\n", "--relation 'linked to' --no-header"),
        ("head,relation,tail\na,r,b\nb,r\nb,r,a\n", "--on-error skip"),
        ("head,relation,tail\nköln,r,b\nb,r,köln\n".encode("cp1252"), "--encoding cp1252"),
    ],
)
def test_an_error_of_reading_names_the_option_of_the_command_line(
    content: str | bytes, typed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    facts, out = tmp_path / "facts.csv", str(tmp_path / "vectors")
    facts.write_bytes(content.encode() if isinstance(content, str) else content)
    assert main(["train", str(facts), "--out", out]) == 1
    said = capsys.readouterr().err
    option = typed.split()[0]
    assert (typed if option != "--columns" else "--columns ... ... ...") in said
    assert not re.search(r"\b(columns|delimiter|relation|header|on_error)=", said)
    more = [] if option != "--delimiter" else ["--columns", "Service", "Relation", "Target"]
    assert main(["train", str(facts), "--out", out, "--epochs", "1", "--dim", "8", *shlex.split(typed), *more]) == 0


def test_a_file_without_facts_is_not_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = tmp_path / "header.csv"
    facts.write_text("head,relation,tail\n", encoding="utf-8")
    assert main(["train", str(facts), "--out", str(tmp_path / "vectors")]) == 1
    assert capsys.readouterr().err == (
        f"{facts} holds no facts to train on. Expected triples, one per line, below the header line.\n"
    )


def test_train_takes_arguments_of_training_and_goes_on_from_its_checkpoint(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", str(facts), "--out", str(tmp_path / "vectors"), "--dim", "8"]
    arguments += ["--checkpoint", str(tmp_path / "run"), "--set", "loss=margin", "negatives=5", "reciprocal=False"]
    assert main([*arguments, "--epochs", "2"]) == 0
    assert not load_embedding(tmp_path / "vectors").reciprocal
    assert main([*arguments, "--epochs", "3", "--set", "batch=7"]) == 1
    assert "batch=7 came" in capsys.readouterr().err
    assert main([*arguments, "--epochs", "3"]) == 0
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["epoch-000003.safetensors"]


def test_train_with_minutes_searches_trains_and_ranks(
    facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.embed.find_settings", partial(find_settings, passes=4))  # the same on every machine
    arguments = ["train", str(facts), "--out", str(tmp_path / "vectors"), "--dim", "8", "--minutes", "1"]
    arguments += ["--set", "precision=float32", "--checkpoint", str(tmp_path / "run")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    parts = [
        "test pairs",
        "Trial 1, rung 0: ",
        "SettingsSearch on ",
        "in 4 of 4 passes",
        "dim=8, epochs=",
        "RankReport",
        "Saved.",
    ]
    places = [said.index(part) for part in parts[1:]]
    assert parts[0] in said and places == sorted(places)
    assert "dim=8" in repr(load_embedding(tmp_path / "vectors"))
    assert (tmp_path / "run" / "search" / "search.json").exists()
    assert main(arguments) == 0  # everything is there already
    assert "in 4 of 4 passes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["--epochs", "3"], "--epochs came with --minutes, which finds that itself. Type one of the two.\n"),
        (["--preset", "small"], "--preset came with --minutes, which finds that itself. Type one of the two.\n"),
        (["--minutes", "0"], "minutes=0.0 came. It must be a number above 0; type minutes=5.\n"),
        (["--dim", "7"], "ComplEx needs an even dim"),
    ],
)
def test_minutes_and_what_they_do_not_go_with(
    typed: list[str], said: str, facts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(facts), "--out", str(tmp_path / "vectors"), "--minutes", "1", *typed]) == 1
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize("text", ["learning_rat=0.3", "learning_rate"])
def test_an_argument_that_training_does_not_have_is_answered_with_those_it_has(
    facts: Path, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(facts), "--out", str(tmp_path / "vectors"), "--set", text]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"--set {text} came. Type --set name=value, with one of the names epochs, negatives, batch")


def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "nowhere.tsv"), "--out", str(tmp_path)]) == 1
    assert "nowhere.tsv" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "facts.tsv"], r"facts\.tsv is a file, and the vectors needs? a folder\. Type another path"),
        (
            ["--out", "facts.tsv/below"],
            r"below cannot hold the vectors .*Type a folder that can be made and written to",
        ),
        (["--out", "taken"], r"embedding\.json is no file of kgwb's, .* Type another folder, or move that file away"),
        (["--out", "new", "--checkpoint", "facts.tsv"], r"facts\.tsv is a file, and a checkpoint needs a folder"),
        (["--out", "new", "--checkpoint", "facts.tsv/run"], r"run cannot hold a checkpoint .*Type a folder that can"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_training(
    arguments: list[str],
    said: str,
    facts: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "embedding.json").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("kgwb.embed.train_embedding", None)  # nothing is trained
    assert main(["train", str(facts), *arguments]) == 1
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "new").exists() and len(list((tmp_path / "taken").iterdir())) == 1


def test_a_tour_without_arguments_takes_the_sample_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[object, ...]] = []

    def run_journey(folder: Path, out: Path, *, seeds: int, reading: dict[str, object]) -> SimpleNamespace:
        taken.append((folder, out, reading))
        return SimpleNamespace(page=out / "index.html")

    monkeypatch.setattr(whole_journey, "run_journey", run_journey)
    monkeypatch.chdir(tmp_path)
    assert main(["tour"]) == 0
    assert main(["tour", "--graph", "own", "--columns", "0", "1", "2", "--on-error", "skip"]) == 0
    assert taken == [
        (sample("archipelago"), Path("tour"), {}),
        (Path("own"), Path("tour"), {"columns": (0, 1, 2), "on_error": "skip"}),
    ]


def test_a_page_that_cannot_be_written_is_said_before_the_tour(
    facts: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.lessons.whole_journey.run_journey", None)
    assert main(["tour", "--graph", str(facts), "--out", str(facts / "page")]) == 1
    assert "cannot hold the page" in capsys.readouterr().err


def test_a_zero_that_was_typed_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = tmp_path / "facts.tsv"
    facts.write_text("".join(f"a{i}\tr\tb{i % 3}\n" for i in range(20)))
    arguments = ["train", str(facts), "--out", str(tmp_path / "vectors"), "--dim", "8", "--epochs", "1"]
    assert main([*arguments, "--dim", "0"]) == 1
    assert "dim=0 came. It must be at least 1; type dim=1." in capsys.readouterr().err
    assert main([*arguments, "--epochs", "0"]) == 0
    assert "not trained" in repr(load_embedding(tmp_path / "vectors"))
