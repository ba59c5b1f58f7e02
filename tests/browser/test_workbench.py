"""The workbench in JupyterLab: from a file that is chosen to an exported page, in three clicks; and reopened, a picture."""

from __future__ import annotations

import random
import re
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from waiting import photograph, wait_for_saved

pytestmark = pytest.mark.browser

CELLS = (
    "import kgwb\nworkbench = kgwb.see.Workbench()\nworkbench",
    "import pandas as pd\n"
    "facts = pd.DataFrame([(f'a{i}', 'r', f'a{i * 7 % 20}') for i in range(20)], columns=['head', 'relation', 'tail'])\n"
    "panel = kgwb.see.TrainingPanel(kgwb.KnowledgeGraph.from_pandas(facts))\npanel.epochs.value = 100_000\npanel",
)
DRAW_ALL = {"notebook-extension/tracker": {"windowingMode": "none"}}
MINUTES = 4
TOWNS, TONGUES = ("Arlen", "Breck", "Corve", "Dunmar"), ("Ket", "Sol")


def write_facts() -> str:
    """150 facts of a village."""
    draw, rows = random.Random(0), [(town, "language", TONGUES[i % 2]) for i, town in enumerate(TOWNS)]
    people = [
        f"{first} {last}"
        for first in "Mira Tolan Ossa Wen Jorah Perrin Sefa".split()
        for last in "Hale Vance Quill Ash Reed Fenn Dole".split()
    ]
    for i, person in enumerate(people):
        town = draw.randrange(4)
        rows += [
            (person, "lives in", TOWNS[town]),
            (person, "speaks", TONGUES[town % 2]),
            (person, "knows", people[i - 1]),
        ]
    return "head,relation,tail\n" + "\n".join(map(",".join, rows[:150])) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a notebook, and a file of facts outside it."""
    root = tmp_path_factory.mktemp("lab")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, root / "bench.ipynb")
    (tmp_path_factory.mktemp("own") / "village.csv").write_text(write_facts(), encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def lab(place: Path, repository: Path, start_lab: Any) -> Iterator[str]:
    environment = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(repository)}
    with start_lab(place, "bench.ipynb", settings=DRAW_ALL, environment=environment) as address:
        yield address


@pytest.fixture(scope="module")
def page(lab: str, browser: Any, open_page: Any) -> Iterator[Any]:
    """The notebook with its cell run and the workbench in the still picture's place."""
    with open_page(browser, width=1280, height=1000) as page:
        page.goto(lab)
        page.wait_for_function(
            "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null", timeout=120_000
        )
        page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
        page.locator(".kgwb-workbench .kgwb-steps button").first.wait_for(timeout=120_000)
        yield page


@pytest.fixture(scope="module")
def bench(page: Any, place: Path, tmp_path_factory: pytest.TempPathFactory, screenshots: Path) -> Any:
    """The whole path: a file is chosen, all the rest is done, the page is saved."""
    root = page.locator(".kgwb-workbench").first
    file = next(tmp_path_factory.getbasetemp().glob("own*/village.csv"))
    with page.expect_file_chooser() as chooser:
        root.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(file)
    root.get_by_text("150 triples").first.wait_for(timeout=60_000)
    photograph(root, screenshots / "workbench-facts.png")
    root.get_by_role("button", name="Do all the rest").click()
    root.get_by_text("Done. Steps 1 to 4 show").first.wait_for(timeout=MINUTES * 60_000)
    root.get_by_role("button", name="Save page").click()
    root.get_by_text("Written:").first.wait_for(timeout=60_000)
    photograph(root, screenshots / "workbench-page.png")
    return root


def test_three_clicks_reach_a_page_with_attention_before_and_after(
    bench: Any, place: Path, browser: Any, open_page: Any, screenshots: Path
) -> None:
    with open_page(browser) as page:
        page.goto((place / "workbench.html").as_uri())
        view = page.locator(".kgwb-attention")
        lines = "lines => lines.filter(line => line.style.display !== 'none' && +line.style.strokeOpacity > 0).length"
        view.wait_for()
        assert view.locator(".lines.before path").evaluate_all(lines) > 0
        assert view.locator(".lines.after path").evaluate_all(lines) > 0
        assert page.get_by_text("Answers, before and after").count() == 1
        page.screenshot(path=screenshots / "workbench-exported.png", full_page=True)
        assert page.requests_made == [] and page.errors_logged == []


def test_the_gate_acts_at_once_and_keeps_the_focus(page: Any, bench: Any, screenshots: Path) -> None:
    bench.get_by_role("button", name="4 Into BERT").click()
    handle = bench.locator(".noUi-handle")
    handle.focus()
    before = bench.locator(".kgwb-table").first.inner_text()
    handle.press("Home")
    page.wait_for_function(
        "text => document.querySelector('.kgwb-workbench .kgwb-table').innerText !== text", arg=before
    )
    bench.locator(".kgwb-attention").wait_for()
    assert bench.locator(".widget-readout").inner_text().strip() == "0.00"
    assert page.evaluate("document.activeElement.classList.contains('noUi-handle')")
    photograph(bench, screenshots / "workbench-bert.png")


def test_a_query_is_ranked_and_the_python_unfolds(page: Any, bench: Any, screenshots: Path) -> None:
    bench.get_by_role("button", name="3 Space and ranking").click()
    known = bench.get_by_label("known", exact=True)
    known.fill("Arlen")
    known.press("Enter")
    bench.get_by_role("button", name="Rank", exact=True).click()
    bench.locator("td", has_text="speaks").first.wait_for()  # in the words of a rule
    fold = bench.locator(".kgwb-code summary").first
    fold.focus()
    page.keyboard.press("Enter")
    assert "vectors.predict(" in bench.locator(".kgwb-code pre").first.inner_text()
    photograph(bench, screenshots / "workbench-ranking.png")


def test_a_file_that_cannot_be_read_is_dropped_and_told(page: Any, bench: Any) -> None:
    bench.get_by_role("button", name="1 Facts").click()
    drop = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['a,b\\n1,2\\n'], 'odd.csv')); return data; }"
    )
    for kind in ("dragover", "drop"):
        page.dispatch_event(".kgwb-workbench .kgwb-drop", kind, {"dataTransfer": drop})
    bench.get_by_text("odd.csv has no columns 'head', 'relation', 'tail'").first.wait_for()
    assert bench.get_by_label("columns", exact=True).is_visible()
    assert bench.get_by_text("150 triples").first.is_visible()  # what was read before stays


def test_it_is_legible_when_narrow_and_dark(page: Any, bench: Any, screenshots: Path) -> None:
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")  # or it takes the whole width
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
    page.wait_for_function("document.querySelector('.kgwb-workbench').dataset.kgwbTheme === 'dark'")
    bench.get_by_role("button", name="4 Into BERT").click()
    controls = "[...root.querySelectorAll('button, input, select')]"
    too_wide = f"root => {controls}.filter(node => node.offsetWidth > root.clientWidth).map(node => node.outerHTML)"
    assert bench.evaluate(too_wide) == []
    page.screenshot(path=screenshots / "workbench-narrow.png")
    page.set_viewport_size({"width": 1280, "height": 1000})


def test_a_training_that_is_pressed_moves_stops_and_goes_on_while_the_kernel_is_free(page: Any, bench: Any) -> None:
    panel = page.locator(".kgwb-workbench").nth(1)
    panel.get_by_role("button", name="Start", exact=True).click()
    progress = panel.locator(".kgwb-training .how-far").first
    progress.wait_for()
    first = progress.text_content()
    second = "document.querySelectorAll('.kgwb-workbench')[1]"
    seen = f"first => {second}.querySelector('.kgwb-training .how-far')?.textContent !== first"
    page.wait_for_function(seen, arg=first)
    panel.get_by_label("at most minutes").fill("3")  # the kernel answers meanwhile
    panel.get_by_role("button", name="Stop", exact=True).click()
    resume = panel.get_by_role("button", name="Resume", exact=True)
    resume.wait_for()
    stopped = progress.text_content()
    resume.click()
    page.wait_for_function(seen, arg=stopped)
    panel.get_by_role("button", name="Stop", exact=True).click()
    resume.wait_for()
    assert "islice(" in panel.locator(".kgwb-code pre").text_content()


def test_nothing_left_the_machine_and_nothing_went_wrong(page: Any, bench: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []


def test_what_is_saved_is_a_still_picture_that_says_how_far_it_came(page: Any, bench: Any, place: Path) -> None:
    # Every step, the page too; the last picture comes after the last words.
    notebook = wait_for_saved(page, place / "bench.ipynb", lambda saved: _count_steps(saved) == 7)
    outputs = [output for cell in notebook.cells for output in cell.outputs]
    assert [set(output.data) for output in outputs] == [{"text/html", "text/plain"}] * 2
    assert "widgets" not in notebook.metadata and "kgwb-still" in outputs[0].data["text/html"]
    assert (place / "bench.ipynb").stat().st_size < 100_000


def _count_steps(notebook: Any) -> int:
    """How many steps the saved picture calls done."""
    stills = re.findall(r"base64,([^\"]+)", str([output.data["text/html"] for output in notebook.cells[0].outputs]))
    return b64decode(stills[0]).decode().count("✓") if stills else 0


def test_reopened_without_a_kernel_the_picture_stands_there(page: Any, bench: Any, screenshots: Path) -> None:
    page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    page.evaluate("window.jupyterapp.serviceManager.sessions.shutdownAll()")
    page.reload()
    still = page.locator(".kgwb-still img").first
    still.wait_for(timeout=60_000)
    assert still.is_visible() and still.evaluate("picture => picture.naturalWidth") > 300
    assert page.get_by_text("model not found").count() == 0 and page.get_by_text("Loading widget").count() == 0
    page.screenshot(path=screenshots / "workbench-reopened.png")
