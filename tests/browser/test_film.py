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
from page_checks import assert_quiet
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.graph import KnowledgeGraph
from kgwb.see.film.view import FilmView, record_film

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "</script><script>window.hit=1</script>",
    "中文",
)
PIXELS = """canvas => { const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  copy.getContext("2d").drawImage(canvas, 0, 0); return copy.toDataURL(); }"""

OF_FOUR_FRAMES = f"""async canvas => {{ const seen = new Set();
  for (let i = 0; i < 4; i++) {{ await new Promise(requestAnimationFrame); seen.add(({PIXELS})(canvas)); }}
  return seen.size; }}"""


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
    return str(page.get_by_role("slider", name="Frame").get_attribute("aria-valuetext"))


def open_film(page: Any, film: FilmView, folder: Path) -> Any:
    page.goto(film.save(folder / "film.html").as_uri())
    page.wait_for_selector(".kgwb-space .play")
    canvas = page.locator(".kgwb-space .points")
    wait_for_rest(canvas, PIXELS)
    return canvas


def wait_for_epoch(page: Any, *, first: int) -> None:
    """Until the film shows this epoch or a later one, but not the last: on a busy machine it passes some over."""
    page.wait_for_function(
        "first => { const epoch = /^epoch ([0-7])$/.exec(document.querySelector('input[type=range]').ariaValueText);"
        "return epoch !== null && Number(epoch[1]) >= first; }",
        arg=first,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_plays_to_its_end(browser_page: Any, tmp_path: Path, screenshots: Path, film: FilmView, scheme: str) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    canvas = open_film(browser_page, film, tmp_path)
    assert name_of(browser_page) == "epoch 8"  # it opens with what training led to
    end = canvas.evaluate(PIXELS)
    speed = browser_page.get_by_role("combobox", name="speed")
    speed.select_option("0.5")  # or on a busy machine it ends before it is stopped
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=3)
    browser_page.get_by_role("button", name="Pause").click()
    held = wait_for_rest(canvas, PIXELS)
    assert held != end
    browser_page.screenshot(path=screenshots / f"film-{scheme}.png", full_page=True)
    browser_page.wait_for_timeout(700)
    assert canvas.evaluate(PIXELS) == held
    speed.select_option("2")
    browser_page.get_by_role("button", name="Play").click()
    browser_page.get_by_role("button", name="Play").wait_for()  # at the end it can be played again
    wait_until(browser_page, lambda: name_of(browser_page) == "epoch 8" and canvas.evaluate(PIXELS) == end)
    assert_quiet(browser_page)


def test_the_keyboard_is_enough(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    open_film(browser_page, film, tmp_path)
    pad = browser_page.locator(".kgwb-space .pad")
    pad.focus()
    for key, name in (("Home", "start"), (".", "epoch 1"), ("End", "epoch 8"), (",", "epoch 7")):
        pad.press(key)
        assert name_of(browser_page) == name
    pad.press(" ")
    browser_page.get_by_role("button", name="Pause").wait_for()
    slider = browser_page.get_by_role("slider", name="Frame")
    slider.focus()
    slider.press("Home")
    assert name_of(browser_page) == "start"
    assert "Space plays and pauses" in str(pad.get_attribute("aria-label"))
    assert_quiet(browser_page)


def test_a_dot_is_found_and_followed(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    open_film(browser_page, film, tmp_path)
    chosen = browser_page.locator(".kgwb-space .chosen")
    front = browser_page.locator(".kgwb-space .front")
    assert HOSTILE[0][:20] in chosen.inner_text()
    find = browser_page.get_by_role("combobox", name="Find an entity")
    find.fill("isle 33")
    find.press("Enter")
    assert "Isle 33" in chosen.inner_text()
    trail = wait_for_rest(front, PIXELS)
    browser_page.locator(".kgwb-space .pad").press("Escape")
    wait_for_change(front, PIXELS, trail)
    assert "Nothing is chosen" in chosen.inner_text()
    assert browser_page.locator(".kgwb-space :is(img, b, a)").count() == 0
    assert_quiet(browser_page)


def test_the_scrubber_stands_on_the_curve(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    open_film(browser_page, film, tmp_path)
    curve = browser_page.locator(".kgwb-space .curve")
    value = browser_page.locator(".kgwb-space .value")
    assert value.inner_text() == "0.13"  # 1/8, two digits
    before = curve.evaluate(PIXELS)
    box = curve.bounding_box()
    browser_page.mouse.click(box["x"] + 8 + (box["width"] - 16) * 0.5, box["y"] + 20)
    assert name_of(browser_page) == "epoch 4" and value.inner_text() == "0.25"
    wait_for_change(curve, PIXELS, before)
    slider = browser_page.get_by_role("slider", name="Frame").bounding_box()
    assert abs(slider["x"] - box["x"]) < 1 and abs(slider["width"] - box["width"]) < 1


def test_every_frame_can_fill_the_picture(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    canvas = open_film(browser_page, film, tmp_path)
    browser_page.locator(".kgwb-space .pad").press("Home")
    small = wait_for_rest(canvas, PIXELS)
    browser_page.get_by_label("every frame fills the picture").check()
    wait_for_change(canvas, PIXELS, small)


def test_the_theme_switches_in_sight(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    canvas = open_film(browser_page, film, tmp_path)
    painted = """canvas => { const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
      const pen = copy.getContext("2d"); pen.drawImage(canvas, 0, 0);
      return pen.getImageData(0, 0, copy.width, copy.height).data.filter((value, i) => i % 4 === 3 && value > 0).length; }"""
    before = canvas.evaluate(painted)
    browser_page.emulate_media(color_scheme="dark")
    assert before > 100
    wait_for_rest(canvas, PIXELS)
    wait_until(browser_page, lambda: canvas.evaluate(painted) > 0.8 * before)
    assert name_of(browser_page) == "epoch 8"


def test_who_asked_for_less_motion_gets_steps(browser_page: Any, tmp_path: Path, film: FilmView) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    canvas = open_film(browser_page, film, tmp_path)
    browser_page.get_by_role("combobox", name="speed").select_option("0.5")
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=2)
    assert canvas.evaluate(OF_FOUR_FRAMES) <= 2


def test_a_click_within_a_frame_is_later_than_the_frames_own_time(
    browser_page: Any, tmp_path: Path, film: FilmView
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.add_init_script(
        "const later = requestAnimationFrame; window.requestAnimationFrame = call => later(moment => call(moment - 50))"
    )
    open_film(browser_page, film, tmp_path)
    browser_page.get_by_role("combobox", name="speed").select_option("0.5")
    browser_page.get_by_role("button", name="Play").click()
    wait_for_epoch(browser_page, first=2)
    assert_quiet(browser_page)
