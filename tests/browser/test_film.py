"""The film in a browser: it plays, the keyboard steps it, labels stay text, nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.graph import KnowledgeGraph
from kgwb.see.film.view import FilmView, record_film
from kgwb.see.page import write_frame

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "</script><script>window.hit=1</script>",
    "中文",
)
PIXELS = "canvas => canvas.toDataURL()"


class Spreading:
    """Stands in for an embedding: two groups that part."""

    def __init__(self, graph: KnowledgeGraph) -> None:
        self.graph = graph
        self.noise = torch.randn(len(graph.entities), 12, generator=torch.Generator().manual_seed(0))
        self.apart = 0.0

    def entity_vectors(self) -> torch.Tensor:
        groups = torch.arange(len(self.noise))[:, None] % 2 - 0.5
        return self.noise * (0.1 + self.apart / 5) + groups * self.apart

    def run(self, epochs: int) -> Iterator[Any]:
        for i in range(1, epochs + 1):
            self.apart = float(i)
            yield SimpleNamespace(number=i, loss=1 / i)


@pytest.fixture(scope="module")
def film() -> FilmView:
    names = [HOSTILE[i] if i < len(HOSTILE) else f"Isle {i}" for i in range(80)]
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(80)], "label": names, "description": ""})
    entities["type"] = [(HOSTILE[1], "ship")[i % 2] for i in range(80)]
    entities["aliases"] = [()] * 80
    relations = pd.DataFrame({"relation": ["r"], "label": ["near"], "description": ""})
    triples = np.array([[i, 0, (i + 1) % 80] for i in range(80)])
    vectors = Spreading(KnowledgeGraph(triples, entities, relations, name=HOSTILE[0]))
    film = record_film(vectors, vectors.run(8), highlight=0)
    for _ in film:
        pass
    return film


def name_of(page: Any) -> str:
    return str(page.locator(".kgwb-film .now strong").inner_text())


def wait_for_epoch(page: Any, *, first: int) -> None:
    """Until the film shows this epoch or a later one, but not the last: on a busy machine it passes some over."""
    page.wait_for_function(
        "first => { const epoch = /^epoch ([0-7])$/.exec(document.querySelector('.kgwb-film strong').textContent);"
        "return epoch !== null && Number(epoch[1]) >= first; }",
        arg=first,
    )


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []
    assert page.evaluate("window.hit") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_plays_to_its_end(browser_page: Any, tmp_path: Path, screenshots: Path, film: FilmView, scheme: str) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    canvas = browser_page.locator(".kgwb-film canvas")
    assert name_of(browser_page) == "epoch 8"  # it opens with what training led to
    end = canvas.evaluate(PIXELS)
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=3)
    assert canvas.evaluate(PIXELS) != end
    browser_page.screenshot(path=screenshots / f"film-{scheme}.png", full_page=True)
    browser_page.get_by_role("button", name="Pause").click()
    held = canvas.evaluate(PIXELS)
    browser_page.wait_for_timeout(200)
    assert canvas.evaluate(PIXELS) == held
    browser_page.get_by_role("button", name="Play").click()
    browser_page.get_by_role("button", name="Play").wait_for()  # at the end it can be played again
    assert name_of(browser_page) == "epoch 8" and canvas.evaluate(PIXELS) == end
    assert_quiet(browser_page)


def test_the_keyboard_is_enough(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    canvas = browser_page.locator(".kgwb-film canvas")
    canvas.focus()
    for key, name in (("Home", "start"), ("ArrowRight", "epoch 1"), ("End", "epoch 8"), ("ArrowLeft", "epoch 7")):
        canvas.press(key)
        assert name_of(browser_page) == name
    canvas.press(" ")
    browser_page.get_by_role("button", name="Pause").wait_for()
    slider = browser_page.get_by_role("slider", name="Frame")
    slider.focus()
    slider.press("Home")
    assert name_of(browser_page) == "start" and slider.get_attribute("aria-valuetext") == "start"
    assert "start" in str(canvas.get_attribute("aria-label"))
    trust = browser_page.locator(".kgwb-film .now span").inner_text()
    assert f"trustworthiness {film.frames[0].quality.trustworthiness:.2f}" in trust


def test_a_dot_is_found_and_followed(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    chosen = browser_page.locator(".kgwb-film .chosen")
    assert chosen.inner_text() == f"Followed: {HOSTILE[0]} ({HOSTILE[1]})"
    find = browser_page.get_by_label("Find an entity")
    find.fill("isle 33")
    find.press("Enter")
    assert "Isle 33 (ship)" in chosen.inner_text()
    box = browser_page.locator(".kgwb-film canvas").bounding_box()
    x, y = film.frames[-1].points[50] / max(np.abs(frame.points).max() for frame in film.frames)
    browser_page.mouse.click(box["x"] + box["width"] * (0.5 + 0.46 * x), box["y"] + box["height"] * (0.5 - 0.46 * y))
    assert "Isle 50" in chosen.inner_text()
    assert browser_page.locator(".kgwb-film :is(img, b, a)").count() == 0
    assert_quiet(browser_page)


def test_every_frame_can_fill_the_picture(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    canvas = browser_page.locator(".kgwb-film canvas")
    canvas.press("Home")
    small = canvas.evaluate(PIXELS)
    browser_page.get_by_label("Every frame fills the picture").check()
    assert canvas.evaluate(PIXELS) != small


def test_who_asked_for_less_motion_gets_steps(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=2)
    canvas = browser_page.locator(".kgwb-film canvas")
    assert len({canvas.evaluate(PIXELS) for _ in range(4)}) <= 2


def test_a_click_within_a_frame_is_later_than_the_frames_own_time(
    browser_page: Any, tmp_path: Path, film: FilmView
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.add_init_script(
        "const later = requestAnimationFrame; window.requestAnimationFrame = call => later(moment => call(moment - 50))"
    )
    browser_page.goto(film.save(tmp_path / "film.html").as_uri())
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=2)
    assert_quiet(browser_page)


def test_in_a_notebooks_frame_it_follows_the_theme(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    page = tmp_path / "frame.html"
    page.write_text(write_frame(film.fragment()).replace("<html ", '<html data-jp-theme-light="false" '), "utf-8")
    browser_page.goto(page.as_uri())
    assert browser_page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(25, 26, 28)"
    assert_quiet(browser_page)
