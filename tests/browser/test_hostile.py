"""Two hundred labels that try to be something else, in every field of every live view, on a page and in what is exported: text
stays text, nothing runs, nothing breaks, nothing is fetched."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hostile import LABELS
from waiting import pause

import kgwb
from kgwb.embed import Epoch
from kgwb.graph import Mention
from kgwb.see.still import write_still

pytestmark = pytest.mark.browser


def make_graph() -> kgwb.KnowledgeGraph:
    count = len(LABELS)
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(count)], "label": LABELS})
    entities["type"] = [LABELS[i % 30] for i in range(count)]
    entities["description"] = LABELS[::-1]
    entities["aliases"] = [(LABELS[i - 1],) for i in range(count)]
    relations = pd.DataFrame(
        {"relation": [f"r{i}" for i in range(40)], "label": LABELS[:40], "description": LABELS[40:80]}
    )
    steps = [(i, i % 40, (i * 7 + 1) % count) for i in range(count)] + [(0, i % 40, i) for i in range(1, 60)]
    return kgwb.KnowledgeGraph(np.unique(np.array(steps), axis=0), entities, relations, name=LABELS[0])


GRAPH = make_graph()


def show_neighbourhood() -> Any:
    predicted = pd.DataFrame({"head": ["e0"], "relation": ["r1"], "tail": ["e150"], "probability": [0.5]})
    return kgwb.show_graph(GRAPH, around="e0", hops=2, predicted=predicted)


def show_schema() -> Any:
    return kgwb.show_graph(GRAPH, as_schema=True)


def show_space() -> Any:
    vectors = kgwb.GraphEmbedding(GRAPH, kgwb.TransE(), dim=4)
    return kgwb.show_space(vectors, method="pca", highlight="e1", relation="r1", relations=True)


def record_film() -> Any:
    vectors = kgwb.GraphEmbedding(GRAPH, kgwb.ComplEx(), dim=4)
    film = kgwb.see.record_film(vectors, kgwb.train_embedding(vectors, GRAPH, epochs=2), highlight="e1")
    list(film)
    return film


def show_training() -> Any:
    runs = {LABELS[i]: [Epoch(k, 3 / k + i, 0.1, {LABELS[90 + i]: 0.1 * k}) for k in (1, 2, 3)] for i in range(12)}
    return kgwb.show_training(runs, floor={LABELS[3]: 0.5})


def show_attention() -> Any:
    reading = kgwb.read(kgwb.load_bert(), ["paris is the capital of france and of much else, they say."])
    length = reading.lengths[0]
    tokens = ("[CLS]", *LABELS[: length - 2], "[SEP]")
    mentions = (Mention(0, 5, 0, LABELS[1], pieces=(1, 3)), Mention(6, 9, 1, LABELS[2], pieces=(4, 6)))
    hostile = replace(reading, sentences=(LABELS[5],), tokens=(tokens,), mentions=(mentions,), name=LABELS[6])
    return kgwb.show_attention(hostile, replace(hostile, name=LABELS[7]), graph=GRAPH)


def show_heads() -> Any:
    return kgwb.show_heads(kgwb.load_bert(), [label for label in LABELS[:24] if label.strip()], graph=GRAPH)


def show_review() -> Any:
    count = len(LABELS)
    rows = pd.DataFrame({"head": np.arange(count), "relation": 0, "tail": np.arange(count)[::-1]})
    rows = rows.assign(head_label=LABELS, tail_label=LABELS[::-1], relation_label=LABELS[0], head_type="", tail_type="")
    rows = rows.assign(probability=np.linspace(1, 0, count), by_text=0.5, by_types=np.nan, by_vectors=0.5, by_rules=0.1)
    rows = rows.assign(support=2, known=False, contradicts=LABELS, sentence=LABELS[::-1], head_start=0, head_end=3)
    rows.loc[5:9, "head"] = -1  # called as they say, in a field
    rows = rows.assign(tail_start=2, tail_end=[len(label) for label in LABELS[::-1]], stated_in=[(0,)] * count)
    view = kgwb.see.show_review(rows, GRAPH, threshold=0.5)
    view.widget.at = 5
    view.accept_above()
    return view


MAKERS: tuple[Callable[[], Any], ...] = (
    show_neighbourhood,
    show_schema,
    show_space,
    record_film,
    show_training,
    show_attention,
    show_heads,
    show_review,
)


def test_they_are_two_hundred() -> None:
    assert len(set(LABELS)) >= 200


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_text_stays_text(make: Callable[[], Any], browser_page: Any, tmp_path: Path) -> None:
    view = make()
    page = view.save(tmp_path / "page.html", title=LABELS[1])
    browser_page.goto(page.as_uri())
    browser_page.wait_for_selector(".kgwb-view")
    pause(browser_page, 400)
    look_at_everything(browser_page)
    with browser_page.expect_download() as download:
        browser_page.locator(".kgwb-view .actions").get_by_role("button", name="SVG", exact=True).click()
    written = Path(download.value.path()).read_text(encoding="utf-8")
    for svg in (written, view.picture):
        found = {element.tag.rpartition("}")[2] for element in Tree.fromstring(svg).iter()}
        assert found <= {
            "svg",
            "g",
            "path",
            "circle",
            "rect",
            "text",
            "tspan",
            "title",
            "style",
            "clipPath",
            "image",
            "defs",
        }
    still = write_still(view.picture, view.title, view.widget.mark)
    assert not re.search(r"<(script|iframe|img src=x)", still)
    strange = "script:not(:first-child), iframe, math, textarea, noscript img, [onerror], [onload], a[href^=javascript]"
    assert browser_page.locator(".kgwb-view").locator(strange).count() == 0
    assert browser_page.evaluate("window.hit ?? null") is None
    assert browser_page.requests_made == [] and browser_page.errors_logged == []


def look_at_everything(page: Any) -> None:
    """Hover, click, open what folds, search, and walk by keys."""
    view = page.locator(".kgwb-view")
    box = view.locator(".picture").bounding_box()
    for across, down in ((0.3, 0.3), (0.5, 0.5), (0.6, 0.4)):
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * min(box["height"], 600))
        pause(page, 60)
    page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * min(box["height"], 600))
    for fold in view.locator("details:not([open]) > summary").all():
        if fold.is_visible():
            fold.click()
    for search in view.locator("input[type=search]").all()[:1]:
        search.fill("script")
        search.press("Enter")
    for name in ("Table", "matrix", "Present"):
        for button in view.get_by_role("button", name=name, exact=True).all()[:1]:
            button.click()
    pause(page, 150)
