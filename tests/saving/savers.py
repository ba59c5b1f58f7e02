"""Every saver of kgwb with what reads it back: two versions each, for the tests that kill, crowd and refuse them."""

from __future__ import annotations

import copy
import functools
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch

import kgwb
from kgwb.bert.tiny import train_tiny
from kgwb.embed import (
    ComplEx,
    DistMult,
    GraphEmbedding,
    PathNetwork,
    SettingsSearch,
    find_settings,
    load_embedding,
    load_path_network,
    train_embedding,
)
from kgwb.embed.exporting import write_vectors
from kgwb.embed.importing import read_vectors
from kgwb.files import finish_saving
from kgwb.graph import KnowledgeGraph, read_graph, read_split, split_triples, write_graph
from kgwb.graph.files.writing import write_split

Save = Callable[[Path, int], object]


def make_graph(version: int) -> KnowledgeGraph:
    rows = [[f"e{i}", f"r{version}", f"e{(i * (version + 1) + 1) % 7}"] for i in range(7)]
    entities = pd.DataFrame({"entity": ["e0", "e1"], "label": [f"label {version}", "One"]})
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), entities, name="g")


def make_embedding(version: int) -> GraphEmbedding:
    return GraphEmbedding(make_graph(version), (DistMult, ComplEx)[version](), dim=4, seed=version)


def _describe(graph: KnowledgeGraph) -> str:
    return graph.to_pandas().to_csv() + graph.entities.to_csv()


def train(folder: Path, version: int) -> None:
    """Version 0 stops after one epoch, version 1 goes on to the second."""
    for _ in train_embedding(
        make_embedding(0), make_graph(0), epochs=version + 1, checkpoint=folder, precision="float32"
    ):
        pass


def _read_run(folder: Path) -> str:
    """Which epochs are still to come; the reader has to find a whole file."""
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(folder, Path(name, "copy"))  # reading goes on with the run
        training = train_embedding(make_embedding(0), make_graph(0), epochs=3, checkpoint=copy, precision="float32")
        return str([epoch.number for epoch in training])


def _search(folder: Path) -> SettingsSearch:
    split = split_triples(make_graph(0), valid=0.2, test=0.0)
    return find_settings(split, [ComplEx()], passes=3, fixed={"dim": 4, "precision": "float32"}, folder=folder)


def search(folder: Path, version: int) -> None:
    """Version 0 stops after one trial, version 1 goes on to a second."""
    going = _search(folder)
    while len(going.trials) < version + 1:
        next(going)


def _read_search(folder: Path) -> str:
    """Whether it went on; the reader refuses halves, and one next step may take several measurements, each kept."""
    return str(len(_search(folder).trials) > 1)


def _write_graph(path: Path, version: int) -> None:
    path.parent.mkdir(exist_ok=True)
    write_graph(make_graph(version), path)


@functools.cache
def _bert() -> kgwb.bert.Bert:
    with tempfile.TemporaryDirectory() as cache:
        texts = [f"e{i} r{i % 2} e{6 - i}." for i in range(7)]
        return kgwb.load_bert(
            train_tiny(texts, layers=1, width=32, vocabulary=60, steps=1, cache=cache, progress=False)
        )


def _inject(version: int) -> kgwb.bert.Bert:
    """A door that stands as far open as the version says."""
    model = kgwb.inject(_bert(), make_embedding(0), mode="entity")
    with torch.no_grad():
        for parameter in model.injector.parameters():
            parameter.fill_(version / 2)
    return model


def _with_head(version: int) -> kgwb.bert.Bert:
    """A head whose weights are the version."""
    model = copy.deepcopy(_bert())
    model.heads["mood"] = kgwb.bert.TaskHead("text classes", ["bad", "good"], 32)
    with torch.no_grad():
        model.heads["mood"].weight.fill_(version)
    return model


def _extend(version: int) -> kgwb.bert.Bert:
    """Two additions whose weights are the version."""
    model = kgwb.bert.extend(kgwb.bert.extend(_bert(), kgwb.bert.LoRA(2)), kgwb.bert.Prefix(2))
    with torch.no_grad():
        for parameter in model.additions.parameters():
            parameter.fill_(version)
    return model


def _read_door(folder: Path) -> str:
    model = _inject(2)
    model.injector.load(folder)
    return str(model.injector.gate)


def _read_model(folder: Path) -> str:
    model = kgwb.load_bert(folder)
    return f"{model.injector is None} {kgwb.read(model, 'e0 r0').hidden.sum()}"


def _probe(folder: Path, version: int) -> kgwb.learn.ProbeReport:
    """The second probe goes on from the answers of the first."""
    questions = kgwb.make_questions(kgwb.verbalise(make_graph(0)), make_graph(0))
    return kgwb.probe({name: _bert() for name in ("plain", "again")[: version + 1]}, questions, folder=folder)


def _read_answers(folder: Path) -> str:
    """How many runs have whole answers; the reader refuses halves."""
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(folder, Path(name, "copy"))
        _probe(copy, 1)
    return str(sorted(path.name for path in folder.glob("*.jsonl")))


def _tune(folder: Path, version: int) -> list[int]:
    """Version 0 stops after one step, version 1 goes on to the second."""
    model, task = copy.deepcopy(_bert()), kgwb.learn.MaskedWords([f"e{i} r0 e1." for i in range(6)])
    steps = kgwb.tune(
        model, task, batch=2, epochs=1, checkpoint=folder, checkpoint_every=1, top_layers=1, precision="float32"
    )
    taken = []
    for step in steps:
        taken.append(step.number)
        if step.number > version:
            break
    steps.close()
    return taken


def _read_tuning(folder: Path) -> str:
    """Which steps are still to come; the reader refuses halves."""
    with tempfile.TemporaryDirectory() as name:
        return str(_tune(shutil.copytree(folder, Path(name, "copy")), 2))


def _report(version: int) -> kgwb.learn.ProbeReport:
    counts = pd.DataFrame([("plain", 0, "r", 10, version)], columns=["run", "seed", "relation", "questions", "correct"])
    table = pd.DataFrame({"relation": ["r"], "questions": [10], "chance": [0.1], "majority": [0.3]})
    return kgwb.learn.ProbeReport(counts, table, chance=0.1)


def _saves_file(make: Callable[[int], Any], name: str) -> tuple[Save, Callable[[Path], str]]:
    """One file, whose text is the state."""

    def save(folder: Path, version: int) -> None:
        folder.mkdir(exist_ok=True)
        make(version).save(folder / name)

    return save, lambda folder: (folder / name).read_text(encoding="utf-8")


def _film(version: int) -> Any:
    embedding = make_embedding(0)
    film = kgwb.see.record_film(embedding, train_embedding(embedding, make_graph(0), epochs=2, seed=version))
    for _ in film:
        pass
    return film


def _write_vectors(folder: Path, name: str, version: int) -> None:
    folder.mkdir(exist_ok=True)
    write_vectors(GraphEmbedding(make_graph(0), DistMult(), dim=4, seed=version), folder / name)


def _read_vectors(path: Path) -> str:
    return repr(read_vectors(path, make_graph(0), scorer=DistMult()).state_dict())


def _read_projector(folder: Path) -> str:
    finish_saving(folder)  # as the next call of kgwb there does; TensorBoard does not
    return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.tsv")))


# What is saved, where within the folder, and how it is read: a text that differs from version to version.
SAVING: dict[str, tuple[Save, Callable[[Path], str]]] = {
    "embedding": (
        lambda folder, version: make_embedding(version).save(folder),
        lambda folder: repr(load_embedding(folder).entity_vectors()) + _describe(load_embedding(folder).graph),
    ),
    "path network": (
        lambda folder, version: PathNetwork(make_graph(version), dim=4, layers=1, seed=version).save(folder),
        lambda folder: repr(load_path_network(folder).state_dict()) + _describe(load_path_network(folder).graph),
    ),
    "graph": (
        lambda folder, version: write_graph(make_graph(version), folder),
        lambda folder: _describe(read_graph(folder)),
    ),
    "table": (
        lambda folder, version: _write_graph(folder / "facts.tsv", version),
        lambda folder: _describe(read_graph(folder / "facts.tsv")),
    ),
    "turtle": (
        lambda folder, version: _write_graph(folder / "facts.ttl", version),
        lambda folder: _describe(read_graph(folder / "facts.ttl")),
    ),
    "split": (
        lambda folder, version: write_split(split_triples(make_graph(version)), folder, openke=version == 1),
        lambda folder: _describe(read_split(folder).graph) + repr(read_split(folder).train),
    ),
    "word2vec": (
        lambda folder, version: write_vectors(
            GraphEmbedding(make_graph(0), DistMult(), dim=4, seed=version), folder / "v.txt"
        ),
        lambda folder: repr(read_vectors(folder / "v.txt", make_graph(0), scorer=DistMult()).state_dict()),
    ),
    "checkpoint": (train, _read_run),
    "search": (search, _read_search),
    "npz": (lambda folder, version: _write_vectors(folder, "v.npz", version), lambda f: _read_vectors(f / "v.npz")),
    "parquet": (
        lambda folder, version: _write_vectors(folder, "v.parquet", version),
        lambda folder: _read_vectors(folder / "v.parquet"),
    ),
    "projector": (
        lambda folder, version: _write_vectors(folder, "", version),
        _read_projector,
    ),
    "tuning": (_tune, _read_tuning),
    "door": (lambda folder, version: _inject(version).injector.save(folder), _read_door),
    "model": (lambda folder, version: (_bert() if version else _inject(1)).save(folder), _read_model),
    "model with a head": (
        lambda folder, version: _with_head(version).save(folder),
        lambda folder: _read_model(folder) + repr(kgwb.load_bert(folder).heads["mood"].state_dict()),
    ),
    "model with additions": (lambda folder, version: _extend(version).save(folder), _read_model),
    "answers": (_probe, _read_answers),
    "report": _saves_file(_report, "report.csv"),
    "report as JSON": _saves_file(_report, "report.json"),
    "page": _saves_file(lambda version: kgwb.show_graph(make_graph(version)), "page.html"),
    "picture": _saves_file(lambda version: kgwb.show_graph(make_graph(version)), "picture.svg"),
    "film": _saves_file(_film, "film.html"),
}
