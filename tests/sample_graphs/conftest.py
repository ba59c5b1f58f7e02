"""The tables of the sample graph that a test file names in its FOLDER, read as plain text."""

from __future__ import annotations

import json

import pandas as pd
import pytest


def read_table(request: pytest.FixtureRequest, name: str) -> pd.DataFrame:
    return pd.read_csv(request.module.FOLDER / name, sep="\t", keep_default_na=False, dtype=str, quoting=3)


@pytest.fixture(scope="module")
def triples(request: pytest.FixtureRequest) -> pd.DataFrame:
    return read_table(request, "triples.tsv")


@pytest.fixture(scope="module")
def entities(request: pytest.FixtureRequest) -> pd.DataFrame:
    return read_table(request, "entities.tsv").set_index("entity")


@pytest.fixture(scope="module")
def sentences(request: pytest.FixtureRequest) -> list[dict]:
    text = (request.module.FOLDER / "sentences.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def readme(request: pytest.FixtureRequest) -> str:
    return (request.module.FOLDER / "README.md").read_text(encoding="utf-8")
