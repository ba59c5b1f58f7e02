"""What the tests of the graph room share: a small graph with everything in it, and when two graphs are the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kgwb.graph import KnowledgeGraph


@pytest.fixture(scope="session")
def same() -> Callable[[KnowledgeGraph, KnowledgeGraph], None]:
    """Asserts that two graphs hold the same."""
    return assert_same


def assert_same(one: KnowledgeGraph, other: KnowledgeGraph) -> None:
    """Two graphs hold the same; the order of columns does not count, nor do columns without a value."""
    np.testing.assert_array_equal(one.triples, other.triples)
    for table, twin in ((one.entities, other.entities), (one.relations, other.relations)):
        pd.testing.assert_frame_equal(_drop_empty(table), _drop_empty(twin), check_like=True)
    assert one.fingerprint == other.fingerprint


def _drop_empty(table: pd.DataFrame) -> pd.DataFrame:
    standard = ("relation", "label", "description")
    standard = ("entity", "label", "type", "description", "aliases") if "entity" in table.columns[:1] else standard
    return table[[c for c in table.columns if c in standard or not table[c].isin([""]).all()]]


@pytest.fixture
def countries() -> KnowledgeGraph:
    """Two countries and their capitals, with labels, aliases, types and numbers."""
    facts = pd.DataFrame(
        [("berlin", "capital_of", "germany"), ("paris", "capital_of", "france"), ("germany", "borders", "france")],
        columns=["head", "relation", "tail"],
    )
    entities = pd.DataFrame(
        {
            "entity": ["germany", "france", "berlin", "atlantis"],
            "label": ["Germany", "France", "Berlin", ""],
            "type": ["country", "country", "city", None],
            "description": ["", "a country", None, "lost"],
            "aliases": ["Deutschland|BRD", ("République française",), None, ""],
            "label_zh": ["德国", "法国", "柏林", None],
            "area": [357022, 543940, 891, None],
        }
    )
    relations = pd.DataFrame({"relation": ["capital_of"], "label": ["is the capital of"], "label_zh": ["的首都"]})
    return KnowledgeGraph.from_pandas(facts, entities, relations=relations, name="countries")


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file below the test's folder and give its path."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
