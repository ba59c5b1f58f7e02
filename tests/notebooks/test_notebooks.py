"""Every notebook keeps to the frame, was saved from a clean run, and runs with its solutions in place."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
import saving
from smaller import SMALLER, make_smaller
from suggestions import list_calls, take_where_next, write_cells

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def _read(path: Path) -> Any:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return notebook, code


def _tags(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _lines(cell: Any) -> int:
    return sum(bool(line.strip()) for line in cell.source.splitlines())


@every_notebook
def test_it_keeps_to_the_frame(path: Path) -> None:
    notebook, code = _read(path)
    nbformat.validate(notebook)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert re.match(r"# \d\d [A-Z]", notebook.cells[0].source)
    for heading in ("After this you can", "What would change my mind", "Where next"):
        assert heading in text
    assert 40 <= len(notebook.cells) <= 60
    assert sum(map(_lines, code)) <= 130
    assert max(map(_lines, code)) <= 15
    assert [cell for cell in code if "parameters" in _tags(cell)]
    assert 3 <= len(re.findall(r"^## \d", text, re.MULTILINE)) <= 5
    assert 2 <= len(_exercises(code)) <= 4
    for cell in code:
        assert "exercise" in str(_tags(cell)) or not re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE), (
            cell.source
        )


@every_notebook
def test_it_was_saved_from_a_clean_run(path: Path) -> None:
    notebook, code = _read(path)
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1)), "type: make notebooks"
    assert "widgets" not in notebook.metadata
    assert notebook.metadata["kernelspec"]["name"] == "python3"
    outputs = [output for cell in code for output in cell.outputs]
    assert not [output for output in outputs if output.output_type in ("error", "stream")]
    assert not [output for output in outputs if saving.WIDGET in output.get("data", {})]
    assert path.stat().st_size <= saving.LARGEST


@every_notebook
def test_the_figure_at_its_top_is_its_own(path: Path) -> None:
    notebook, _ = _read(path)
    assert f"(pictures/{path.stem}.svg)" in "".join(cell.source for cell in notebook.cells[:3])
    assert saving.find_figures(notebook) == [
        (FOLDER / "pictures" / f"{path.stem}.svg").read_text(encoding="utf-8").rstrip("\n")
    ]


@every_notebook
def test_its_pictures_reach_nowhere(path: Path) -> None:
    _, code = _read(path)
    for output in (output for cell in code for output in cell.outputs):
        for kind, content in output.get("data", {}).items():
            addresses = re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'<>)\\]+", str(content))
            assert not addresses, f"{kind}: {addresses[:3]}"


@every_notebook
def test_it_runs_with_its_solutions_and_so_does_what_it_suggests(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KGWB_QUICK", "1")
    monkeypatch.setenv("KGWB_STRICT", "1")
    notebook, code = _read(path)
    solutions = _solutions(path)
    assert sorted(solutions) == sorted(_exercises(code)), "each exercise has one solution"
    suggested = write_cells(list_calls(take_where_next(notebook)), tmp_path)
    ran = saving.run_notebook(path, replace=solutions, after=suggested, smaller=SMALLER.get(path.stem))
    assert not saving.find_warnings(ran), "a library warns; what it warns of is mended"


def test_what_is_made_smaller_stands_there_once() -> None:
    assert {path.stem for path in NOTEBOOKS} >= set(SMALLER)
    for path in NOTEBOOKS:
        make_smaller(_read(path)[0], SMALLER.get(path.stem, {}))
    with pytest.raises(ValueError, match=r"'no such line' stands in 0 cells; expected one\. Mend tests/notebooks/"):
        make_smaller(_read(NOTEBOOKS[0])[0], {"no such line": ""})


@every_notebook
def test_an_unsolved_exercise_is_told_so(path: Path) -> None:
    _, code = _read(path)
    checks = [cell for cell in code if re.search(r"\bcheck_\w+\(", cell.source)]
    assert len(checks) == len(_exercises(code))
    for cell in checks:
        assert "Not yet." in str(cell.outputs), cell.source


def _exercises(code: list[Any]) -> list[str]:
    return [tag for cell in code for tag in _tags(cell) if re.fullmatch(r"exercise-\d", tag)]


def _solutions(path: Path) -> dict[str, str]:
    """The parts of notebooks/solutions/NAME.py, which begin with `# %% exercise-1`."""
    text = (FOLDER / "solutions" / f"{path.stem}.py").read_text(encoding="utf-8")
    ast.parse(text)
    parts = re.split(r"^# %% (exercise-\d)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
