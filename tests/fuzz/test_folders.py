"""Folders and files that kgwb wrote, damaged: what was saved, or an error of ours; where a checksum was made to fit, an error
of ours or something whole."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from mutation import change_json
from safetensors import safe_open
from safetensors.torch import save_file

import kgwb
from kgwb.bert import Bert
from kgwb.bert.tiny import train_tiny
from kgwb.embed import ComplEx, DistMult, GraphEmbedding, load_embedding, train_embedding
from kgwb.embed.embedding_files import digest_facts
from kgwb.graph import KnowledgeGraph
from kgwb.learn import read_report
from kgwb.learn.answering import answer_files
from kgwb.tensor_folders import digest_record

FACTS = [("Paris", "capital of", "France"), ("Lyon", "city in", "France"), ("York", "city in", "England")]


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), name="g")


@pytest.fixture(scope="module")
def vectors(graph: KnowledgeGraph) -> GraphEmbedding:
    return GraphEmbedding(graph, ComplEx(), dim=8)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Bert:
    texts = [f"{head} is a {relation} {tail}." for head, relation, tail in FACTS]
    cache = tmp_path_factory.mktemp("cache")
    return kgwb.load_bert(train_tiny(texts, layers=1, width=32, vocabulary=90, steps=1, cache=cache, progress=False))


def _change_tensors(path: Path, chance: random.Random) -> None:
    with safe_open(path, "pt") as opened:
        metadata, tensors = opened.metadata(), {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    name = chance.choice(sorted(tensors))
    old = tensors.pop(name)
    if old.is_floating_point() or chance.random() < 0.5:
        others = [
            torch.full_like(old, 7),
            old.double(),
            old.half(),
            old.reshape(-1)[:0],
            old[None],
            old.int(),
            old.bool(),
            -old.int(),
        ]
        others += [torch.full_like(old.float(), float("nan")), torch.zeros(2, 3), torch.full_like(old.long(), 1 << 40)]
    else:
        others = [old * 0 + 100, old * 0 - 1, old.long() * 0 + 10**9, old[:0]]
    if chance.random() < 0.9:
        tensors[name if chance.random() < 0.9 else name + "x"] = chance.choice(others)
    save_file(tensors, path, metadata=metadata)


Damage = Callable[[Path, random.Random], None]


def _damage(mutate: Callable[..., bytes]) -> Damage:
    """One file of a folder, or a few, changed in any way."""

    def change(folder: Path, chance: random.Random) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = chance.choice(files)
        way = chance.randrange(10)
        if way == 0:
            path.unlink()
        elif way == 1:
            path.write_bytes(chance.choice(files).read_bytes())
        elif way == 2:
            path.unlink()
            path.mkdir()
        elif way < 7 and path.suffix == ".json":
            path.write_text(json.dumps(change_json(json.loads(path.read_text("utf-8")), chance)), "utf-8")
        elif way < 7 and path.suffix == ".safetensors":
            _change_tensors(path, chance)
        else:
            path.write_bytes(mutate(path.read_bytes(), chance))

    return change


@pytest.fixture
def damage(mutate: Callable[..., bytes]) -> Damage:
    return _damage(mutate)


def _copy(source: Path, folder: Path) -> Path:
    shutil.rmtree(folder)
    return shutil.copytree(source, folder)


def _same(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(table, other[name]) for name, table in one.items())


def test_embeddings(vectors: GraphEmbedding, tmp_path: Path, withstand: Callable[..., None], damage: Damage) -> None:
    whole = vectors.save(tmp_path / "whole")

    def load(chance: random.Random, folder: Path) -> None:
        _copy(whole, folder)
        damage(folder, chance)
        found = load_embedding(folder, *([vectors.graph] * (chance.random() < 0.3)))
        assert _same(found.state_dict(), vectors.state_dict()) and found.scorer == vectors.scorer
        assert found.graph.to_pandas().equals(vectors.graph.to_pandas())

    withstand(load, 0.07)


def test_embeddings_whose_checksum_fits(
    vectors: GraphEmbedding, tmp_path: Path, withstand: Callable[..., None]
) -> None:
    whole = vectors.save(tmp_path / "whole")

    def load(chance: random.Random, folder: Path) -> None:
        _copy(whole, folder)
        facts = change_json(json.loads((folder / "embedding.json").read_text("utf-8")), chance)
        if isinstance(facts, dict):
            facts["sha256"] = digest_facts({name: value for name, value in facts.items() if name != "sha256"})
        (folder / "embedding.json").write_text(json.dumps(facts), "utf-8")
        assert _same(load_embedding(folder).state_dict(), vectors.state_dict())

    withstand(load, 0.05)


def test_checkpoints(graph: KnowledgeGraph, tmp_path: Path, withstand: Callable[..., None], damage: Damage) -> None:
    def train(folder: Path, epochs: int) -> Mapping[str, torch.Tensor]:
        embedding = GraphEmbedding(graph, DistMult(), dim=4)
        for _ in train_embedding(embedding, graph, epochs=epochs, checkpoint=folder, precision="float32"):
            pass
        return embedding.state_dict()

    train(tmp_path / "whole", 2)
    expected = train(shutil.copytree(tmp_path / "whole", tmp_path / "three"), 3)

    def resume(chance: random.Random, folder: Path) -> None:
        _copy(tmp_path / "whole", folder)
        damage(folder, chance)
        assert _same(train(folder, 3), expected)

    withstand(resume, 0.04)


def _open_doors(bert: Bert, vectors: GraphEmbedding, mode: Any) -> Bert:
    model = kgwb.inject(bert, vectors, mode=mode)
    with torch.no_grad():
        for parameter in model.injector.parameters():
            parameter.fill_(0.1)
    return model


@pytest.mark.parametrize("mode", ["entity", ("entity", "memory")], ids=str)
def test_doors(
    mode: Any, bert: Bert, vectors: GraphEmbedding, tmp_path: Path, withstand: Callable[..., None], damage: Damage
) -> None:
    model = _open_doors(bert, vectors, mode)
    whole = model.injector.save(tmp_path / "whole")
    state = {name: table.clone() for name, table in model.injector.state_dict().items()}

    def load(chance: random.Random, folder: Path) -> None:
        _copy(whole, folder)
        damage(folder, chance)
        again = kgwb.inject(bert, vectors, mode=mode)
        before = {name: table.clone() for name, table in again.injector.state_dict().items()}
        try:
            again.injector.load(folder)
        except ValueError:
            assert _same(again.injector.state_dict(), before), "half of a damaged door was taken up"
            raise
        changed = (folder / "injector.safetensors").read_bytes() != (whole / "injector.safetensors").read_bytes()
        assert changed or _same(again.injector.state_dict(), state)
        kgwb.read(again, "Paris is a city.", mentions=None)

    withstand(load, 0.05)


@pytest.mark.parametrize("signed", [False, True], ids=["as it is", "with a fitting checksum"])
def test_models(
    signed: bool, bert: Bert, vectors: GraphEmbedding, tmp_path: Path, withstand: Callable[..., None], damage: Damage
) -> None:
    model = _open_doors(bert, vectors, ("entity", "memory"))
    whole = model.save(tmp_path / "whole")
    state = model.model.state_dict(), model.injector.state_dict()

    def load(chance: random.Random, folder: Path) -> None:
        _copy(whole, folder)
        if signed:
            record = change_json(json.loads((folder / "kgwb.json").read_text("utf-8")), chance)
            if isinstance(record, dict):
                record["digest"] = digest_record({name: value for name, value in record.items() if name != "digest"})
            (folder / "kgwb.json").write_text(json.dumps(record), "utf-8")
        else:
            damage(folder, chance)
        again = kgwb.load_bert(folder)
        if not signed and again.injector is not None:
            assert _same(again.model.state_dict(), state[0]) and _same(again.injector.state_dict(), state[1])
        kgwb.read(again, "Paris is a city.")

    withstand(load, 0.04)


def test_models_of_others(bert: Bert, tmp_path: Path, withstand: Callable[..., None], damage: Damage) -> None:
    """As Hugging Face writes them: no checksum says what was there."""
    bert.model.save_pretrained(tmp_path / "whole")
    bert.tokenizer.save_pretrained(tmp_path / "whole")

    def load(chance: random.Random, folder: Path) -> None:
        _copy(tmp_path / "whole", folder)
        damage(folder, chance)
        kgwb.read(kgwb.load_bert(folder), "Paris is a city.")

    withstand(load, 0.05)


def test_answers(
    bert: Bert, graph: KnowledgeGraph, tmp_path: Path, withstand: Callable[..., None], mutate: Callable[..., bytes]
) -> None:
    questions = kgwb.make_questions(kgwb.verbalise(graph), graph, relations=["city in"])
    report = kgwb.probe({"plain": bert}, questions, folder=tmp_path / "whole")
    (file,) = (tmp_path / "whole").glob("*.jsonl")
    data = file.read_bytes()
    *lines, _ = data.decode().splitlines()

    def probe(chance: random.Random, folder: Path) -> None:
        if signed := chance.random() < 0.5:
            parts = change_json([json.loads(line) for line in lines], chance)
            changed = [json.dumps(part) for part in parts] if isinstance(parts, list) else [json.dumps(parts)]
            (folder / file.name).write_text("\n".join([*changed, answer_files.sign_lines(changed)]) + "\n", "utf-8")
        else:
            (folder / file.name).write_bytes(mutate(data, chance))
        found = kgwb.probe({"plain": bert}, questions, folder=folder)
        assert signed or found.counts.equals(report.counts)
        assert repr(found) and found.counts["questions"].sum() == len(questions)

    withstand(probe, 0.04)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_reports(suffix: str, tmp_path: Path, withstand: Callable[..., None], mutate: Callable[..., bytes]) -> None:
    rows = [
        (run, seed, relation, 10, 4 + seed)
        for run in ("plain", "entity")
        for seed in (0, 1)
        for relation in ("r", "é,s")
    ]
    relations = pd.DataFrame({"relation": ["r", "é,s"], "questions": 10, "chance": 0.125, "majority": 0.3})
    counts = pd.DataFrame(rows, columns=["run", "seed", "relation", "questions", "correct"])
    report = kgwb.learn.ProbeReport(counts, relations, chance=0.125)
    data = report.save(tmp_path / f"whole{suffix}").read_bytes()

    def read(chance: random.Random, folder: Path) -> None:
        path = folder / f"report{suffix}"
        if suffix == ".json" and chance.random() < 0.7:
            path.write_text(json.dumps(change_json(json.loads(data), chance)), "utf-8")
        else:
            path.write_bytes(mutate(data, chance))
        found = read_report(path)
        assert repr(found) and len(found.gains()) and found.to_latex() and found.picture
        found.save(folder / f"again{suffix}")

    withstand(read, 0.04)
