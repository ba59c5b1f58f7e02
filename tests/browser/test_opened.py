"""Live views in JupyterLab and in Notebook 7: they stand where their picture stood, tell the kernel and one another what is
chosen, follow the theme, and leave a picture in the saved notebook, which a reader without a kernel sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from waiting import wait_until

pytestmark = pytest.mark.browser

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
CELLS = (
    "import kgwb\n"
    'reading = kgwb.read(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in [MASK]."])\n'
    "one, other = kgwb.show_attention(reading, layer=1), kgwb.show_attention(reading, layer=1)\n"
    "linked = kgwb.link(one, other)\n"
    "one",
    "other",
    "linked.select(sentence=1, token=2, layer=3, head=4)",
    "print(one.choice.layer, other.layer, other.head)",
    'import pandas as pd\nfrom kgwb.lessons import pictures\npictures.draw_bars(pd.Series({"a": 1.0}), unit="facts")',
)
CHOSEN = "[role=gridcell][aria-selected=true]"
RUN = "cell => { const notebook = window.jupyterapp.shell.currentWidget.content; notebook.activeCellIndex = cell; \
void window.jupyterapp.commands.execute('notebook:run-cell'); }"


@pytest.fixture(scope="module", params=["jupyterlab", "notebook"])
def opened(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    repository: Path,
    start_lab: Any,
    browser: Any,
    open_page: Any,
) -> Iterator[Any]:
    """A notebook whose first two cells have run."""
    root = tmp_path_factory.mktemp(request.param)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS], metadata={"kernelspec": KERNEL}
    )
    nbformat.write(notebook, root / "views.ipynb")
    environment = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(repository)}
    start = start_lab(root, "views.ipynb", settings={}, environment=environment, program=request.param)
    with start as address, open_page(browser, width=1300, height=1500) as page:
        page.set_default_timeout(60_000)
        page.goto(address)
        page.file = root / "views.ipynb"
        page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
        )
        for cell in (0, 1):
            page.evaluate(RUN, cell)
            page.wait_for_function(f"document.querySelectorAll('.kgwb-view').length === {cell + 1}")
        yield page


def read_chosen(page: Any) -> list[str]:
    return [cell.get_attribute("aria-label") for cell in page.locator(f".kgwb-view {CHOSEN}").all()]


def run_and_read(page: Any, cell: int) -> str:
    page.evaluate(RUN, cell)
    output = page.locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output pre")
    output.first.wait_for()
    return str(output.first.inner_text()).strip()


def test_they_take_their_pictures_place_and_follow_one_another_and_the_kernel(opened: Any, screenshots: Path) -> None:
    assert (
        opened.locator(".kgwb-still > img").evaluate_all("all => all.map(img => img.checkVisibility())") == [False] * 2
    )
    opened.locator(".kgwb-view").first.get_by_label("layer 2, head 5").click()
    wait_until(opened, lambda: read_chosen(opened) == ["layer 2, head 5"] * 2)
    wait_until(opened, lambda: run_and_read(opened, 3) == "2 2 5")  # once the kernel has heard of it
    opened.evaluate(RUN, 2)
    opened.wait_for_function(
        f"[...document.querySelectorAll('.kgwb-view {CHOSEN}')].every(cell => cell.ariaLabel === 'layer 3, head 4')"
    )
    opened.screenshot(path=screenshots / f"opened_{opened.file.parent.name}.png")
    assert opened.requests_made == []


def test_the_theme_is_followed_in_sight(opened: Any, screenshots: Path) -> None:
    paper = "getComputedStyle(document.querySelector('.kgwb-view')).backgroundColor"
    light = opened.evaluate(paper)
    theme = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
    opened.evaluate(theme, "JupyterLab Dark")
    opened.wait_for_function(f"{paper} !== '{light}'")
    opened.wait_for_timeout(1_500)  # until the splash of the theme is gone
    opened.screenshot(path=screenshots / f"opened_dark_{opened.file.parent.name}.png")
    opened.evaluate(theme, "JupyterLab Light")
    opened.wait_for_function(f"{paper} === '{light}'")


def test_a_picture_that_does_not_move_is_shown_whole_in_a_narrow_window(opened: Any) -> None:
    opened.evaluate(RUN, 4)
    picture = opened.locator(".jp-CodeCell").nth(4).locator("img")
    picture.wait_for()
    size = opened.viewport_size
    opened.set_viewport_size({"width": 640, "height": size["height"]})
    spare = "img => img.closest('.jp-OutputArea-output').clientWidth - img.getBoundingClientRect().width"
    wait_until(opened, lambda: -0.5 < picture.evaluate(spare) < 60)
    opened.set_viewport_size(size)


def test_reopened_without_a_kernel_it_shows_the_picture_and_no_error(opened: Any, screenshots: Path) -> None:
    opened.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    saved = json.loads(opened.file.read_text(encoding="utf-8"))
    kinds = {kind for cell in saved["cells"] for output in cell["outputs"] for kind in output.get("data", {})}
    assert kinds == {"text/html", "text/plain"} and "widgets" not in saved["metadata"]
    assert opened.file.stat().st_size < 1_000_000
    opened.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    opened.reload()
    opened.wait_for_selector(".kgwb-still > img")
    wide = "all => all.map(img => img.naturalWidth > 300)"
    wait_until(opened, lambda: opened.locator(".kgwb-still > img").evaluate_all(wide) == [True] * 3)
    opened.wait_for_timeout(1_500)  # time enough for an error to show
    assert opened.locator("text=Error displaying").count() == 0
    opened.screenshot(path=screenshots / f"reopened_{opened.file.parent.name}.png")
