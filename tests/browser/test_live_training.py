"""Training in JupyterLab while it runs: the picture moves, a click stops it, and what is saved needs no kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from page_checks import PIXELS
from waiting import wait_for_change, wait_for_saved

pytestmark = pytest.mark.browser

# A long training, whose epochs keep Python itself busy: the hardest case for a click.
CELL = """
import time
import kgwb
from kgwb.embed import Epoch

def train():
    for number in range(1, 1001):
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            sum(range(1000))
        yield Epoch(number, 3 / number, 0.2, {"triples per second": 1e4}, 1000)

view = kgwb.show_training(train())
"""
READY = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null"
# The picture is as wide as its cell, so the last epoch is in sight.
FITS = """() => {
  const canvas = document.querySelector(".kgwb-training canvas");
  const [inner, outer] = [canvas, canvas.closest(".jp-OutputArea-output")].map((node) => node.getBoundingClientRect());
  return inner.width > outer.width - 60 && inner.right <= outer.right + 1;
}"""
NO_THREADS = {"apputils-extension/kernels-settings": {"commsOverSubshells": "disabled"}}


@pytest.fixture(params=["with a thread for widgets", "without"])
def lab(
    request: pytest.FixtureRequest, tmp_path: Path, repository: Path, start_lab: Any
) -> Iterator[tuple[str, Path, str]]:
    """JupyterLab with a notebook of one cell; gives its address, its file, and which case it is."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL.strip())])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "live.ipynb")
    settings = NO_THREADS if request.param == "without" else {}
    with start_lab(tmp_path, "live.ipynb", settings=settings, environment={"PYTHONPATH": str(repository)}) as address:
        yield address, tmp_path / "live.ipynb", request.param


def test_a_click_stops_a_busy_training(lab: tuple[str, Path, str], browser_page: Any, screenshots: Path) -> None:
    address, file, threads = lab
    browser_page.goto(address)
    browser_page.wait_for_function(READY, timeout=120_000)
    browser_page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    view = browser_page.locator(".kgwb-training")
    button, progress, canvas = view.locator("button.stop"), view.locator(".how-far"), view.locator("canvas")
    button.wait_for(state="visible", timeout=120_000)
    first, drawn = progress.inner_text(), canvas.evaluate(PIXELS)
    browser_page.wait_for_function(
        "old => document.querySelector('.kgwb-training .how-far').textContent !== old", arg=first
    )
    wait_for_change(canvas, PIXELS, drawn)  # the words change before the browser paints the next frame
    for width in (1000, 640, 1280):
        browser_page.set_viewport_size({"width": width, "height": 900})
        browser_page.wait_for_function(FITS)
    browser_page.screenshot(path=screenshots / "training-live.png")
    button.click()
    button.wait_for(state="detached", timeout=60_000)
    browser_page.wait_for_function(
        "document.querySelector('.kgwb-training .caption')?.textContent.includes('Stopped by hand after epoch')"
    )
    saved = wait_for_saved(browser_page, file, lambda notebook: "Stopped by hand after epoch" in str(notebook.cells[0]))
    assert [set(output.data) for output in saved.cells[0].outputs] == [{"text/html", "text/plain"}]
    # Where the click reaches the kernel, the epoch is finished; elsewhere the kernel is interrupted.
    interrupted = "Kernel interrupted" in (file.parent / "log.txt").read_text(encoding="utf-8")
    assert interrupted == (threads == "without")
    _assert_still_without_its_kernel(browser_page, screenshots)
    assert browser_page.requests_made == []


def _assert_still_without_its_kernel(page: Any, screenshots: Path) -> None:
    """Another day: the kernel that trained is gone, and the picture it left is shown."""
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.reload()
    still = page.locator(".kgwb-still img")
    still.wait_for(state="visible", timeout=60_000)
    assert still.evaluate("image => image.complete && image.naturalWidth > 0")
    output = page.locator(".jp-OutputArea-output")
    assert page.locator(".kgwb-training").count() == 0 and output.all_inner_texts() == [""]
    page.screenshot(path=screenshots / "training-reopened.png")
