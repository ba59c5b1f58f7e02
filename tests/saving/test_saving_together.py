"""Processes that save into one folder at once while others read it: no error, and whoever reads finds one of the states."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest
import torch

from kgwb.embed import ComplEx, DistMult, GraphEmbedding, load_embedding
from kgwb.files import hold_folder, write_whole
from kgwb.graph import KnowledgeGraph, read_split, split_triples
from kgwb.graph.files.writing import write_split

SECONDS = float(os.environ.get("KGWB_STRESS", "1"))  # of each kind
Save, Read = Callable[[Path, int], object], Callable[[Path], str]


def _graph(version: int) -> KnowledgeGraph:
    rows = [[f"e{i}", f"r{version}", f"e{(i * (version + 1) + 1) % 7}"] for i in range(7)]
    entities = pd.DataFrame({"entity": ["e0"], "label": [f"label {version}"]}) if version % 2 else None
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), entities, name="g")


def _save_embedding(folder: Path, version: int) -> None:
    GraphEmbedding(_graph(version), (DistMult, ComplEx)[version % 2](), dim=4, seed=version).save(folder)


def _read_embedding(folder: Path) -> str:
    embedding = load_embedding(folder)
    return repr(embedding.entity_vectors()) + embedding.graph.entities.to_csv()


def _save_split(folder: Path, version: int) -> None:
    write_split(split_triples(_graph(version)), folder, openke=version % 2 == 1)


def _read_split(folder: Path) -> str:
    split = read_split(folder)
    return split.graph.to_pandas().to_csv() + split.graph.entities.to_csv() + repr(split.train)


def _save_texts(folder: Path, version: int) -> None:
    """Some names are in all versions, some in one; one of them holds the same in several."""
    with write_whole(
        folder, replaces=[f"{place}{i}" for place in ("own", "shared", "deep/a") for i in range(9)]
    ) as new:
        (new / "deep").mkdir(parents=True)
        for name in (f"own{version}", f"shared{version % 2}", "deep/a0", f"deep/a{version % 3}"):
            (new / name).write_text("the same" if "shared" in name else str(version), encoding="utf-8")


def _read_texts(folder: Path) -> str:
    with hold_folder(folder):
        names = [f"{place}{i}" for place in ("own", "shared", "deep/a") for i in range(9)]
        return str([(name, (folder / name).read_text("utf-8")) for name in names if (folder / name).exists()])


KINDS: dict[str, tuple[Save, Read]] = {
    "embedding": (_save_embedding, _read_embedding),
    "split": (_save_split, _read_split),
    "texts": (_save_texts, _read_texts),
}


def _fork(work: Callable[[], None], log: Path) -> int:
    child = os.fork()
    if child:
        return child
    try:
        torch.set_num_threads(1)
        work()
        os._exit(0)
    except BaseException:
        log.write_text(traceback.format_exc(), encoding="utf-8")
        os._exit(1)


def _repeat(work: Callable[[], object], until: float) -> None:
    while time.monotonic() < until:
        work()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("there", [True, False], ids=["into a folder", "a folder not there yet"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_finds_a_whole_state(kind: str, there: bool, tmp_path: Path) -> None:
    save, read = KINDS[kind]
    versions: Sequence[int] = range(6)
    for version in versions:
        save(tmp_path / f"plain{version}", version)
    states = {read(tmp_path / f"plain{version}") for version in versions}
    folder, logs, until = tmp_path / "folder", tmp_path / "logs", time.monotonic() + SECONDS / 2
    logs.mkdir()
    if there:
        save(folder, 0)

    def look() -> None:
        if folder.exists():
            found = read(folder)
            assert found in states, f"a state that nobody saved: {found}"

    def write(version: int) -> Callable[[], None]:
        return lambda: _repeat(lambda: save(folder, version), until)

    works = [*map(write, versions), *[lambda: _repeat(look, until)] * 2]
    children = [_fork(work, logs / str(number)) for number, work in enumerate(works)]
    for child in children:
        os.waitpid(child, 0)
    assert [log.read_text(encoding="utf-8") for log in logs.iterdir()] == []
    assert read(folder) in states and not list(folder.glob(".kgwb-*"))
