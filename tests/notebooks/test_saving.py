"""What is kept of a notebook, and what goes."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import saving
from nbformat.v4 import new_code_cell, new_notebook, new_output

from kgwb.see.still import write_still


def test_a_widget_leaves_its_picture_and_a_bare_widget_leaves_nothing() -> None:
    pictured = new_output(
        "display_data", {saving.WIDGET: {"model_id": "1"}, "image/svg+xml": "<svg/>", "text/plain": "View"}
    )
    bare = new_output("display_data", {saving.WIDGET: {"model_id": "2"}, "text/plain": "HBox()"})
    cell = new_code_cell("view", outputs=[pictured, bare, new_output("stream", name="stderr", text="50%")])
    notebook = new_notebook(cells=[cell], metadata={"widgets": {"state": {}}})
    stripped = saving.strip_notebook(notebook)
    assert [dict(output.data) for output in stripped.cells[0].outputs] == [
        {"image/svg+xml": "<svg/>", "text/plain": "View"}
    ]
    assert "widgets" not in stripped.metadata
    assert stripped.metadata["kernelspec"]["name"] == "python3"


def test_the_picture_of_the_figure_cell_goes_to_the_top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = new_output("display_data", {saving.WIDGET: {"model_id": "1"}, saving.SVG: "<svg/>"})
    notebook = new_notebook(cells=[new_code_cell("view", outputs=[drawn], metadata={"tags": ["figure"]})])
    monkeypatch.setattr(saving, "run_notebook", lambda path: notebook)
    saving.save_notebook(tmp_path / "07_name.ipynb")
    assert (tmp_path / "pictures" / "07_name.svg").read_text(encoding="utf-8") == "<svg/>\n"


def test_a_notebook_that_grew_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), path)
    monkeypatch.setattr(saving, "run_notebook", lambda path: nbformat.read(path, as_version=4))
    monkeypatch.setattr(saving, "LARGEST", 10)
    with pytest.raises(ValueError, match=r"large\.ipynb would be [\d,]+ bytes\. Expected at most 10"):
        saving.save_notebook(path)


def test_a_still_picture_is_saved_as_one() -> None:
    still = write_still("<svg/>", "Title", "abc")
    shown = new_output("execute_result", {"text/html": still, "text/plain": "View"})
    saving.strip_notebook(one := new_notebook(cells=[new_code_cell(outputs=[shown])]))
    assert one.cells[0].outputs[0].data == {"image/svg+xml": "<svg/>", "text/plain": "View"}


def test_of_several_none_keeps_its_mark() -> None:
    stills = write_still("<svg/>", "One", "abc") + write_still("<svg/>", "Two", "def")
    shown = new_output("execute_result", {"text/html": stills, "text/plain": "View"})
    saving.strip_notebook(one := new_notebook(cells=[new_code_cell(outputs=[shown])]))
    page = one.cells[0].outputs[0].data["text/html"]
    assert page.count("<img") == 2 and "abc" not in page and "def" not in page
