"""What is chosen, hidden or looked at in the space, what is then said of it, and how a choice goes to other views."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from hostile import HOSTILE
from page_checks import assert_quiet
from space_page import CHOSEN, SEEN, make_points, make_view, open_view, place_points, wait_for_space
from waiting import wait_until

from kgwb.see import link

pytestmark = pytest.mark.browser


def read_chosen(page: Any) -> list[int]:
    """The ids that a linked view would hear of."""
    return list(page.evaluate("window.chosen ?? []"))


def listen(page: Any) -> None:
    page.evaluate("addEventListener('kgwb-chosen', (event) => { window.chosen = event.detail.choice.entities; })")


def test_a_click_chooses_and_shift_adds(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    linked = link(view, make_view())
    browser_page.goto(linked.save(tmp_path / "space.html").as_uri())
    wait_for_space(browser_page)
    listen(browser_page)
    places = place_points(browser_page.locator(".kgwb-space .pad").first, view)
    browser_page.mouse.click(*places[20])
    assert read_chosen(browser_page) == [20]
    assert "Isle 20" in browser_page.locator(CHOSEN).nth(0).inner_text()
    assert "Isle 20" in browser_page.locator(CHOSEN).nth(1).inner_text()  # the other view follows
    browser_page.keyboard.down("Shift")
    browser_page.mouse.click(*places[31])
    assert read_chosen(browser_page) == [20, 31]
    browser_page.mouse.click(*places[20])
    browser_page.keyboard.up("Shift")
    assert read_chosen(browser_page) == [31]
    browser_page.keyboard.press("Escape")
    assert read_chosen(browser_page) == []
    assert_quiet(browser_page)


@pytest.mark.parametrize("shape", ["lasso", "box"])
def test_a_lasso_chooses_what_lies_in_the_polygon(browser_page: Any, tmp_path: Path, shape: str) -> None:
    view = make_view(600)
    linked = link(view, make_view(600))
    browser_page.goto(linked.save(tmp_path / "space.html").as_uri())
    wait_for_space(browser_page)
    listen(browser_page)
    pad = browser_page.locator(".kgwb-space .pad").first
    box, places = pad.bounding_box(), place_points(pad, view)
    shares = (
        [(0.2, 0.2), (0.7, 0.15), (0.55, 0.5), (0.8, 0.85), (0.3, 0.8)]
        if shape == "lasso"
        else [(0.2, 0.2), (0.6, 0.7)]
    )
    corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shares]
    browser_page.get_by_role("button", name=shape).first.click()
    browser_page.mouse.move(*corners[0])
    browser_page.mouse.down()
    for corner in corners[1:]:
        browser_page.mouse.move(*corner)
    browser_page.mouse.up()
    (left, top), (right, low) = corners[0], corners[-1]
    outline = corners if shape == "lasso" else [(left, top), (right, top), (right, low), (left, low)]
    inside = np.flatnonzero(_winds_around(places, outline))
    near_edge = np.flatnonzero(_distance_to_edge(places, outline) < 0.6)
    chosen = read_chosen(browser_page)
    assert 20 < len(inside) < 580
    assert set(chosen) ^ set(inside.tolist()) <= set(near_edge.tolist())
    assert f"Chosen {len(chosen)}" in browser_page.locator(CHOSEN).first.inner_text()


def _winds_around(points: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    """Whether the outline goes once around each point: the angles under which its sides are seen sum to a whole turn."""
    ways = np.array(outline)[None] - points[:, None]  # [point, corner, 2]
    angles = np.arctan2(ways[..., 1], ways[..., 0])
    turns = (np.diff(angles, axis=1, append=angles[:, :1]) + np.pi) % (2 * np.pi) - np.pi
    return np.abs(turns.sum(axis=1)) > np.pi


def _distance_to_edge(points: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    corners = np.array(outline)
    least = np.full(len(points), np.inf)
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        way = other - one
        share = np.clip(((points - one) @ way) / (way @ way), 0, 1)
        least = np.minimum(least, np.linalg.norm(points - one - share[:, None] * way, axis=1))
    return least


def test_a_search_lists_hits_and_takes_the_one_marked(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    find = browser_page.get_by_role("combobox", name="Find a point")
    find.fill("isle 3")
    hits = browser_page.locator(".kgwb-space .found button")
    assert [text.split()[1] for text in hits.all_inner_texts()] == [str(i) for i in range(30, 40)]
    find.press("ArrowDown")
    assert hits.nth(1).get_attribute("aria-selected") == "true"
    find.press("Enter")
    assert "Isle 31" in browser_page.locator(CHOSEN).inner_text()
    find.fill("no such")
    assert "nothing is called so" in browser_page.locator(".kgwb-space .found").inner_text()
    find.fill("<img")
    hits.first.click()
    assert HOSTILE[1][:20] in browser_page.locator(CHOSEN).inner_text()
    assert browser_page.locator(".kgwb-space").locator("script, img, b, a").count() == 0
    assert_quiet(browser_page)


def test_the_legend_hides_a_kind_and_counts_it(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    legend = browser_page.locator(".kgwb-space .legend button:not(.faint)")
    assert [text.split()[-1] for text in legend.all_inner_texts()] == ["30", "30", "30"]
    before = points.evaluate(SEEN)
    browser_page.get_by_role("button", name="town 30").click()
    wait_until(browser_page, lambda: points.evaluate(SEEN)["share"] < before["share"] * 0.85)
    browser_page.get_by_role("button", name="town 30").click()
    wait_until(browser_page, lambda: points.evaluate(SEEN)["sum"] == before["sum"])


def test_a_point_says_how_far_to_trust_it_and_what_lies_near(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    pad = open_view(browser_page, view, tmp_path)
    browser_page.mouse.move(*place_points(pad, view)[40])
    card = browser_page.locator(".kgwb-space .card")
    card.wait_for()
    text = card.inner_text()
    row = view.frame.loc[40]
    assert (
        "Isle 40" in text and f"Trust {row['PCA trustworthiness']:.2f}, continuity {row['PCA continuity']:.2f}" in text
    )
    points = make_points(90)
    distances = np.linalg.norm(points - points[40], axis=1)
    near = np.argsort(distances, kind="stable")[1:6]
    rows = card.locator("tr").all_inner_texts()
    for line, other in zip(rows, near, strict=True):
        label, distance = re.split(r"\t", line)
        assert label[:8] == (str(view.frame["label"][other]) or "(no label)")[:8]
        assert float(distance) == pytest.approx(distances[other], rel=0.01)


def test_the_maps_say_which_neighbours_they_keep(browser_page: Any, tmp_path: Path) -> None:
    view = make_view(highlight=[40])
    open_view(browser_page, view, tmp_path)
    points, flat = make_points(90), view.maps[0].points
    near, shown = (
        set(np.argsort(((each - each[40]) ** 2).sum(1), kind="stable")[1:11].tolist()) for each in (points, flat)
    )
    said = browser_page.locator(CHOSEN).inner_text()
    assert f"this map keeps {len(near & shown)} of its 10 nearest" in said


CELLS = (
    "import numpy, kgwb\npoints = numpy.random.default_rng(0).normal(size=(60, 5))\n"
    "view = kgwb.show_space((points, [f'Isle {i}' for i in range(60)]), method='pca')\nview",
    "print('chosen', view.selection['label'].tolist())",
    "view.select(entities='Isle 9')",
)
READY = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null"


def test_in_jupyterlab_a_choice_goes_to_the_kernel_and_back(
    browser_page: Any, tmp_path: Path, repository: Path, start_lab: Any, screenshots: Path
) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "space.ipynb")
    with start_lab(tmp_path, "space.ipynb", settings={}, environment={"PYTHONPATH": str(repository)}) as address:
        browser_page.goto(address)
        browser_page.wait_for_function(READY, timeout=120_000)
        run = """cell => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
            void window.jupyterapp.commands.execute('notebook:run-cell'); }"""
        browser_page.evaluate(run, 0)
        browser_page.locator(".kgwb-space .points").wait_for(timeout=120_000)
        wait_for_space(browser_page)
        find = browser_page.get_by_role("combobox", name="Find a point")
        find.fill("Isle 33")
        find.press("Enter")
        assert "Isle 33" in browser_page.locator(CHOSEN).inner_text()
        said = browser_page.locator(".jp-OutputArea-output", has_text="chosen ['Isle 33']")

        def kernel_knows() -> bool:
            browser_page.evaluate(run, 1)
            browser_page.wait_for_timeout(300)
            return bool(said.count())

        wait_until(browser_page, kernel_knows, seconds=60)
        browser_page.evaluate(run, 2)
        browser_page.wait_for_function(f"document.querySelector('{CHOSEN}').textContent.includes('Isle 9')")
        browser_page.screenshot(path=screenshots / "space-lab.png")
        browser_page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    outputs = nbformat.read(tmp_path / "space.ipynb", 4).cells[0].outputs
    assert [set(output.data) for output in outputs] == [{"text/html", "text/plain"}]
    assert "kgwb-still-" in outputs[0].data["text/html"]
    assert browser_page.requests_made == []
