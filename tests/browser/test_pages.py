"""The exported pages in a real browser: each view draws, nothing is fetched, no label becomes markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hostile import HOSTILE
from page_checks import assert_quiet

from kgwb.embed import Epoch
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph, show_space, show_training, write_page

pytestmark = pytest.mark.browser


def make_graph(count: int, facts: int) -> KnowledgeGraph:
    random = np.random.default_rng(0)
    labels = [HOSTILE[i] if i < len(HOSTILE) else f"Isle {i}" for i in range(count)]
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(count)], "label": labels})
    entities["type"] = [(HOSTILE[1], "town", "ship")[i % 3] for i in range(count)]
    entities["description"] = HOSTILE[0]
    entities["aliases"] = [()] * count
    relations = pd.DataFrame({"relation": ["r0", "r1"], "label": [HOSTILE[0], "near"], "description": ""})
    triples = np.unique(
        np.stack([random.integers(0, count, facts), random.integers(0, 2, facts), random.integers(0, count, facts)], 1),
        axis=0,
    )
    return KnowledgeGraph(triples, entities, relations, name=HOSTILE[0])


def test_training_and_several_views_share_one_page(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    training = show_training(Epoch(i, 3 / i, 0.1, {HOSTILE[1]: 0.1 * i}) for i in range(1, 6))
    graph, space = (
        show_graph(make_graph(30, 60)),
        show_space(np.random.default_rng(0).normal(size=(20, 4)), method="pca"),
    )
    sections = [("Graph", graph), ("Again", graph), ("Space", space), (HOSTILE[0], training)]
    page = write_page(tmp_path / "all.html", sections, HOSTILE[3])
    assert page.read_text(encoding="utf-8").count("kgwb_graph_style=") == 1  # each library once
    assert page.stat().st_size < 10_000_000
    browser_page.goto(page.as_uri())
    for name, count in (("graph", 2), ("space", 1), ("training", 1)):
        shown = browser_page.locator(f".kgwb-{name}")
        assert shown.count() == count and shown.first.locator("canvas").count() > 0
    browser_page.screenshot(path=screenshots / "page.png", full_page=True)
    assert_quiet(browser_page)
