"""What holds of every sample graph: small, whole, nothing stated twice, and written anew by its script to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

FOLDERS = sorted(path.parent for path in (Path(__file__).parents[2] / "sample_graphs").glob("*/triples.tsv"))
every_graph = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t", keep_default_na=False, dtype=str, quoting=3)


@every_graph
def test_the_folder_stays_under_a_megabyte(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) < 1_000_000


@every_graph
def test_every_end_is_known_every_entity_is_used_and_no_fact_is_stated_twice(folder: Path) -> None:
    triples, entities, relations = (_read(folder / f"{name}.tsv") for name in ("triples", "entities", "relations"))
    assert set(triples["head"]) | set(triples["tail"]) == set(entities["entity"])
    assert entities["entity"].is_unique and not triples.duplicated().any()
    assert set(triples["relation"]) == set(relations["relation"]) and relations["relation"].is_unique


@pytest.mark.parametrize(
    "folder", [each for each in FOLDERS if (each / "build.py").exists()], ids=lambda folder: folder.name
)
def test_the_script_writes_the_committed_bytes_again(folder: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-B", folder / "build.py", "--out", tmp_path], check=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == sorted(path.name for path in folder.iterdir() if path.suffix in (".tsv", ".jsonl"))
    assert [name for name in written if (tmp_path / name).read_bytes() != (folder / name).read_bytes()] == []
