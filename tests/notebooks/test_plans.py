"""What notebooks/README.md tells a lecturer is what the notebooks say."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
WORDS = 100  # read in a minute


def _list_rows() -> dict[str, list[str]]:
    """The table of minutes, by notebook."""
    table = (FOLDER / "README.md").read_text("utf-8").split("| notebook | waiting |")[1].split("\n\n")[0]
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    return {row[0]: row[1:] for row in rows}


def _count_minutes(path: Path) -> tuple[int, int]:
    """The minutes stated at a notebook's exercises, and those that its text takes to read."""
    texts = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
    shown = re.sub(r"<details>.*?</details>", "", "\n".join(texts), flags=re.DOTALL)
    stated = re.findall(r"^### Exercise \d: .*\((\d+) minutes", shown, flags=re.MULTILINE)
    return sum(map(int, stated)), round(len(re.findall(r"\w+", shown)) / WORDS)


def test_every_notebook_has_a_row() -> None:
    assert list(_list_rows()) == [path.stem[:2] for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_minutes_are_those_of_the_notebook(path: Path) -> None:
    _, exercises, reading, _ = _list_rows()[path.stem[:2]]
    stated, read = _count_minutes(path)
    assert int(exercises) == stated, f"exercises of {path.stem}: {stated} minutes"
    assert abs(int(reading) - read) <= 2, f"the text of {path.stem} takes about {read} minutes to read"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_waiting_is_what_the_notebook_says(path: Path) -> None:
    waiting, exercises, reading, together = _list_rows()[path.stem[:2]]
    text = " ".join(cell.source for cell in nbformat.read(path, as_version=4).cells[:4])
    [said] = re.findall(r"\*\*(\d+(?: to \d+)?) minutes?\*\*", text)
    assert waiting == said
    for page, row in (
        (FOLDER / "README.md", r"\[NN\][^|]*\|[^|]*\|[^|]*"),
        (FOLDER.parent / "README.md", r"\[NN [^|]*\|[^|]*"),
    ):
        assert re.findall(rf"^\| {row.replace('NN', path.stem[:2])}\| ([^|]*) \|", page.read_text("utf-8"), re.M) == [
            said
        ]
    highest = int(waiting.split(" to ")[-1])
    assert abs(int(together) - (highest + int(exercises) + int(reading))) <= 3
