"""Kept answers are taken up where the recipe is the same, on whatever machine, and nowhere else; and the reader is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert.tiny import train_tiny
from kgwb.lessons import kept_answers, probe_kept
from kgwb.tensor_folders import digest_record

PEOPLE = ("Ada", "Bo", "Cy", "Dia", "Eli", "Fay")
FACTS = [(name, "speaks", ("Ket", "Sol")[place % 2]) for place, name in enumerate(PEOPLE)]
OPTIONS: dict[str, Any] = {"modes": ["memory"], "controls": ["shuffled", "off"], "epochs": 1, "batch": 2}


@pytest.fixture(scope="module")
def graph() -> kgwb.KnowledgeGraph:
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))


@pytest.fixture(scope="module")
def folder(graph: kgwb.KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("tiny")
    said = kgwb.verbalise(graph)
    return train_tiny(said, layers=3, width=32, vocabulary=200, steps=1, cache=room, progress=False)


@pytest.fixture(scope="module")
def bert(folder: Path) -> kgwb.bert.Bert:
    return kgwb.load_bert(folder)


@pytest.fixture(scope="module")
def halves(graph: kgwb.KnowledgeGraph) -> tuple[kgwb.learn.Questions, kgwb.learn.Questions]:
    return kgwb.split_questions(kgwb.make_questions(kgwb.verbalise(graph), graph), share=0.5)


def plan(bert: Any, graph: Any, seen: Any, *, seed: int = 0, noise: float = 0.0, **options: Any) -> Mapping[str, Any]:
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8, seed=seed)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for table in vectors.parameters():
            table += noise * table.norm() / table.numel() ** 0.5 * torch.randn(table.shape, generator=generator)
    return kgwb.plan_runs(bert, vectors, kgwb.MaskedAnswers(seen), **(OPTIONS | options))


@pytest.fixture(scope="module")
def file(bert: Any, graph: Any, halves: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("kept") / "answers.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KGWB_KEEP", "1")
        kept = probe_kept(plan(bert, graph, halves[0]), halves[1], path, seeds=1)
    assert kept.source == "Computed here." and path.stat().st_size < 20_000
    return path


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The names of the runs that are computed all the same."""
    computed: list[list[str]] = []

    def probe(runs: Mapping[str, Any], *given: Any, **options: Any) -> Any:
        computed.append(list(runs))
        return kgwb.probe(runs, *given, **options)

    monkeypatch.setattr(kept_answers, "probe", probe)
    monkeypatch.delenv("KGWB_KEEP", raising=False)
    return computed


def test_the_same_recipe_is_taken_up_and_says_so(bert, graph, halves, file, untouched) -> None:
    runs = plan(bert, graph, halves[0])
    kept, computed = probe_kept(runs, halves[1], file, seeds=1), kgwb.probe(runs, halves[1], seeds=1)
    assert not untouched
    pd.testing.assert_frame_equal(kept.report.frame, computed.frame)
    assert kept.report.kept == computed.kept and kept.report.fingerprint == computed.fingerprint
    for said in (repr(kept), kept._repr_html_()):
        assert "Kept answers, read from " in said and "answers.json" in said
        assert "recompute = True in the cell of parameters, or delete the file" in said


@pytest.mark.parametrize("noise", [1e-6, 1e-4])
def test_rounding_on_another_machine_makes_no_difference(bert, graph, halves, file, untouched, noise) -> None:
    runs = plan(bert, graph, halves[0], noise=noise)
    assert probe_kept(runs, halves[1], file, seeds=1).source.startswith("Kept answers") and not untouched


CHANGES: dict[str, dict[str, Any]] = {
    "vectors trained a little longer": {"noise": 5e-3},
    "vectors of another seed": {"seed": 1},
    "more epochs": {"epochs": 2},
    "another learning rate": {"learning_rate": 1e-3},
    "an option of the door": {"doors": {"memory": {"hops": 2}}},
    "a run that the file does not have": {"controls": ["shuffled", "off", "random"]},
}


@pytest.mark.parametrize("change", CHANGES)
def test_any_other_recipe_is_computed(bert, graph, halves, file, untouched, change) -> None:
    runs = plan(bert, graph, halves[0], **CHANGES[change])
    before = file.read_bytes()
    assert probe_kept(runs, halves[1], file, seeds=1).source.startswith("Computed here")
    assert untouched == [list(runs)] and file.read_bytes() == before


def test_other_questions_facts_seeds_and_weights_are_computed(bert, graph, halves, file, folder, untouched) -> None:
    seen, unseen = halves
    runs = plan(bert, graph, seen)
    moved = kgwb.load_bert(folder)
    with torch.no_grad():
        next(moved.model.parameters()).mul_(1.001)
    fewer = kgwb.KnowledgeGraph(graph.triples[1:], graph.entities, graph.relations)
    cases = [(runs, unseen[:1], 1), (runs, unseen, 2), (plan(bert, graph, seen[:2]), unseen, 1)]
    cases += [(plan(moved, graph, seen), unseen, 1), (plan(bert, fewer, seen), unseen, 1)]
    for number, (planned, asked, seeds) in enumerate(cases, 1):
        assert probe_kept(planned, asked, file, seeds=seeds).source.startswith("Computed here")
        assert len(untouched) == number


def test_fewer_runs_of_the_same_recipe_are_in_the_file_too(bert, graph, halves, file, untouched) -> None:
    runs = plan(bert, graph, halves[0], controls=["shuffled"])
    kept = probe_kept(runs, halves[1], file, seeds=1)
    assert kept.report.runs == ("plain", "memory", "memory/shuffled") and not untouched


def test_a_tuned_model_is_asked_and_so_is_its_closed_door(bert, graph, halves, file, untouched) -> None:
    runs = dict(plan(bert, graph, halves[0]))
    runs["memory"] = runs["memory"](0)
    kept = probe_kept(runs, halves[1], file, seeds=1)
    assert untouched == [["memory", "memory/off"]] and kept.source.startswith("Kept answers")
    assert kept.report.runs == ("plain", "memory", "memory/shuffled", "memory/off")


def test_a_reader_may_have_it_computed(bert, graph, halves, file, untouched) -> None:
    kept = probe_kept(plan(bert, graph, halves[0]), halves[1], file, seeds=1, recompute=True)
    assert kept.source.startswith("Computed here") and len(untouched) == 1


def test_without_the_file_or_with_a_broken_one_it_computes_and_writes_nothing(
    bert, graph, halves, file, untouched, tmp_path
) -> None:
    runs = plan(bert, graph, halves[0], controls=[])
    changed = json.loads(file.read_text(encoding="utf-8"))
    changed["report"]["counts"][0]["correct"] += 1
    odd = json.loads(file.read_text(encoding="utf-8"))
    odd["sketches"], odd["recipe"]["runs"] = {"a": 3}, None
    odd["digest"] = digest_record({name: part for name, part in odd.items() if name != "digest"})
    contents = [None, b"", b"\xff\x00", b"[]", json.dumps(changed).encode(), json.dumps(odd).encode()]
    for number, content in enumerate(contents, 1):
        path = tmp_path / f"{number}" / "answers.json"
        if content is not None:
            path.parent.mkdir()
            path.write_bytes(content)
        assert probe_kept(runs, halves[1], path, seeds=1).source.startswith("Computed here")
        assert len(untouched) == number and path.exists() == (content is not None)
        assert content is None or path.read_bytes() == content


def test_a_folder_that_nothing_can_be_written_to_is_read(bert, graph, halves, file, untouched, tmp_path) -> None:
    path = Path(shutil.copy(file, tmp_path))
    tmp_path.chmod(0o555)
    try:
        assert probe_kept(plan(bert, graph, halves[0]), halves[1], path, seeds=1).source.startswith("Kept answers")
    finally:
        tmp_path.chmod(0o755)
    assert not untouched


def test_a_notebook_one_folder_further_down_finds_the_same_file(
    bert, graph, halves, file, untouched, tmp_path, monkeypatch
) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "zh").mkdir()
    shutil.copy(file, tmp_path / "kept")
    monkeypatch.chdir(tmp_path / "zh")
    kept = probe_kept(plan(bert, graph, halves[0]), halves[1], "kept/answers.json", seeds=1)
    assert "read from ../kept/answers.json" in kept.source and not untouched
