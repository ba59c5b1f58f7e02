"""The tour, on a graph small enough for a test: every station is reached and the page holds every view."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from kgwb.__main__ import main
from kgwb.lessons.whole_journey import run_journey

TONGUES = ("Ket", "Sol", "Ruo")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty people, each with a tongue and a town, and a sentence for each fact."""
    triples, sentences = [], []
    for number in range(30):
        person, tongue, town = f"Pelo{number}", TONGUES[number % 3], f"Vim{number % 5}"
        for relation, tail, verb in (("speaks", tongue, "speaks"), ("lives_in", town, "lives in")):
            text = f"{person} {verb} {tail}."
            start = text.index(tail)
            mentions = [(0, len(person), person), (start, start + len(tail), tail)]
            triples.append((person, relation, tail))
            sentences.append(
                {
                    "text": text,
                    "mentions": [dict(zip(("start", "end", "entity"), mention, strict=True)) for mention in mentions],
                    "triple": [person, relation, tail],
                    "wording": 0,
                    "language": "en",
                }
            )
    folder = tmp_path / "people"
    folder.mkdir()
    lines = ["head\trelation\ttail", *("\t".join(triple) for triple in triples)]
    (folder / "triples.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "sentences.jsonl").write_text("\n".join(map(json.dumps, sentences)) + "\n", encoding="utf-8")
    return folder


def test_the_tour_reaches_every_station(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    short = partial(run_journey, epochs=20, tuning_epochs=2)  # stations are counted here, not what is learnt
    monkeypatch.setattr("kgwb.lessons.whole_journey.run_journey", short)
    assert main(["tour", "--graph", str(folder), "--out", str(out), "--seeds", "1"]) == 0
    said = capsys.readouterr().out
    for run in ("plain", "entity", "entity/shuffled", "entity/random"):
        assert f"\n{run} " in said
    assert "RankReport" in said
    page = (out / "index.html").read_text(encoding="utf-8")
    assert page.count("<section>") == 6
    assert "entity/shuffled" in page


def test_a_folder_without_a_graph_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tour", "--graph", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "holds no graph" in capsys.readouterr().err
