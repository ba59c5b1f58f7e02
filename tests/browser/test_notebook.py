"""Notebook 00 in JupyterLab, as a learner opens it: every cell runs, every view draws, nothing leaves the machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

NOTEBOOK = "00_the_whole_journey.ipynb"
MINUTES = 8
# Lab draws only the cells in sight, which does not help a test.
DRAW_ALL = {"notebook-extension/tracker": {"windowingMode": "none"}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, repository: Path, start_lab: Any) -> Iterator[str]:
    """JupyterLab over a copy of the notebooks; gives the address of notebook 00."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(repository / "notebooks", root / "notebooks")
    shutil.copytree(repository / "sample_graphs", root / "sample_graphs")
    environment = {"KGWB_QUICK": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(repository)}
    with start_lab(root, f"notebooks/{NOTEBOOK}", settings=DRAW_ALL, environment=environment) as address:
        yield address


@pytest.fixture(scope="module")
def ran(lab: str, browser: Any, open_page: Any, screenshots: Path) -> Iterator[Any]:
    """The notebook after Run All Cells."""
    with open_page(browser, width=1400, height=1000) as page:
        page.goto(lab)
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=120_000)
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null", timeout=120_000
        )
        page.set_default_timeout(MINUTES * 60_000)
        page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.set_default_timeout(30_000)
        page.wait_for_timeout(2_000)
        _photograph(page, screenshots)
        yield page


def test_every_cell_ran_without_an_error(ran: Any) -> None:
    counts = ran.evaluate(
        "window.jupyterapp.shell.currentWidget.content.widgets.filter(c => c.model.type === 'code')"
        ".map(c => c.model.executionCount)"
    )
    assert counts == list(range(1, len(counts) + 1))
    assert ran.locator(".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").all_inner_texts() == []


def test_nothing_left_the_machine(ran: Any) -> None:
    assert ran.requests_made == []


def test_the_graph_draws(ran: Any) -> None:
    view = ran.locator(".kgwb-graph").first
    view.scroll_into_view_if_needed()
    painted = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
    assert view.locator(".stage > canvas").evaluate(painted) > 20


def test_the_space_draws_and_chooses(ran: Any) -> None:
    view = ran.locator(".kgwb-space").first
    view.scroll_into_view_if_needed()
    assert view.locator("canvas.points").evaluate("c => c.width * c.height") > 100_000
    view.get_by_role("combobox", name="Find an entity").fill("a")
    view.locator(".found button").first.click()
    assert "Chosen 1" in view.locator(".chosen").inner_text()


def test_training_draws_a_curve(ran: Any) -> None:
    inked = """canvas => {
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return data.filter((value, i) => i % 4 === 0 && value < 64 && data[i + 3] > 200).length;
    }"""
    pictures = ran.locator(".kgwb-training canvas")
    assert pictures.count() == 2  # the embedding's training and BERT's
    for number in range(2):
        assert pictures.nth(number).evaluate(inked) > 300


def test_a_click_changes_the_attention_view(ran: Any) -> None:
    view = ran.locator(".kgwb-attention").last
    view.scroll_into_view_if_needed()
    seen_lines = "lines => lines.filter(line => line.style.display !== 'none' && +line.style.strokeOpacity > 0).length"
    assert view.locator(".lines.before path").evaluate_all(seen_lines) > 0
    assert view.locator(".lines.after path").evaluate_all(seen_lines) > 0
    before = view.locator(".numbers.after .number").all_inner_texts(), view.locator(".title").inner_text()
    view.locator(".keys.after .token").nth(1).click()
    view.get_by_label("layer 2, head 3").click()
    after = view.locator(".numbers.after .number").all_inner_texts(), view.locator(".title").inner_text()
    assert "layer 2, head 3" in after[1]
    assert before != after


def _photograph(page: Any, folder: Path) -> None:
    """The whole notebook, a screenful at a time."""
    scroller = page.locator(".jp-WindowedPanel-outer").first
    height = scroller.evaluate("panel => panel.scrollHeight")
    for number, top in enumerate(range(0, height, 850)):
        scroller.evaluate("(panel, top) => { panel.scrollTop = top; }", top)
        page.wait_for_timeout(150)
        page.screenshot(path=folder / f"notebook_00_{number:02d}.png")
