"""Training in JupyterLab while it runs: the picture moves, a click stops it, and what is saved needs no kernel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

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
    browser_page.wait_for_function(
        "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null", timeout=120_000
    )
    browser_page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    picture, button = browser_page.locator(".kgwb-training img"), browser_page.locator(".kgwb-training button")
    button.wait_for(state="visible", timeout=120_000)
    first = picture.get_attribute("src")
    browser_page.wait_for_function("old => document.querySelector('.kgwb-training img').src !== old", arg=first)
    browser_page.screenshot(path=screenshots / "training-live.png")
    button.click()
    browser_page.locator(".kgwb-training").wait_for(state="detached", timeout=60_000)
    browser_page.locator(".jp-RenderedSVG img").wait_for()
    browser_page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    outputs = nbformat.read(file, 4).cells[0].outputs
    assert [set(output.data) for output in outputs] == [{"image/svg+xml", "text/plain"}]
    assert "Stopped by hand after epoch" in outputs[0].data["text/plain"]
    # Where the click reaches the kernel, the epoch is finished; elsewhere the kernel is interrupted.
    interrupted = "Kernel interrupted" in (file.parent / "log.txt").read_text(encoding="utf-8")
    assert interrupted == (threads == "without")
    assert browser_page.requests_made == []
