"""The notebooks in Chinese: the code and outputs of the English ones, with the texts of notebooks/zh/texts.

    python tests/notebooks/translating.py              build every notebook that has Chinese texts
    python tests/notebooks/translating.py 03_is_it_any_good   write its texts anew, Chinese where there is any, else English

A text belongs to a cell, and names the English that it says in Chinese by a hash of it; where the English changed, the
text is behind, and a test says so. Of code only comments are put into Chinese.
"""

from __future__ import annotations

import hashlib
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

FOLDER = Path(__file__).parents[2] / "notebooks"
TEXTS = FOLDER / "zh" / "texts"
MARK = re.compile(r"^<!-- (\S+) (\w{8}) -->\n", re.MULTILINE)
ARROW = " ⇒ "  # between a comment of the code and the same in Chinese


@dataclass(frozen=True)
class Text:
    """What a cell says in Chinese.

    Attributes:
        english: hash of what it says in English, or of the comments in its code.
        chinese: the whole cell, or a line `comment ⇒ comment in Chinese` for each comment.
    """

    english: str
    chinese: str


def list_comments(source: str) -> list[str]:
    """The comments of some code, without the sign; of what Jupyter alone can read, none.

    Example:
        >>> list_comments("seed = 0  # any number")
        ['any number']
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return []
    return [token.string.lstrip("# ") for token in tokens if token.type == tokenize.COMMENT]


def read_english(cell: Any) -> str:
    """What there is to say in Chinese of a cell: its text, or the comments of its code."""
    return cell.source if cell.cell_type == "markdown" else "\n".join(list_comments(cell.source))


def hash_text(text: str) -> str:
    """Eight letters that stand for a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def read_texts(path: Path) -> dict[str, Text]:
    """The Chinese texts of a notebook, by the cell's id."""
    parts = MARK.split(path.read_text(encoding="utf-8"))[1:]
    marks = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {name: Text(english, chinese.strip()) for name, english, chinese in marks}


def build(english: Any, texts: dict[str, Text]) -> Any:
    """The notebook with what its cells say in Chinese; a cell without a text stays English."""
    built = nbformat.from_dict(english)
    for cell in built.cells:
        text = texts.get(cell.id)
        if text is None:
            continue
        cell.source = _point_up(text.chinese) if cell.cell_type == "markdown" else _put_comments(cell.source, text)
    return built


def _point_up(text: str) -> str:
    """Links lead to the folder above, but for those to notebooks that are in Chinese too."""

    def move(link: re.Match[str]) -> str:
        chinese = link[1].endswith(".ipynb") and (TEXTS / f"{link[1][:-6]}.md").exists()
        stays = chinese or re.match(r"\w+:|#", link[1])
        return link[0] if stays else f"](../{link[1]})"

    return re.sub(r"\]\(([^)\s]+)\)", move, text)


def _put_comments(source: str, text: Text) -> str:
    chinese = dict(line.split(ARROW, 1) for line in text.chinese.splitlines() if ARROW in line)
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        comment = token.string.lstrip("# ")
        if token.type == tokenize.COMMENT and comment in chinese:
            row, column = token.start
            lines[row - 1] = f"{lines[row - 1][:column]}# {chinese[comment]}"
    return "\n".join(lines)


def find_behind(english: Any, texts: dict[str, Text]) -> Iterator[str]:
    """What keeps a notebook from being in Chinese throughout: cells without a text, and texts that are behind."""
    said = {cell.id: read_english(cell) for cell in english.cells}
    for name, source in said.items():
        if source and name not in texts:
            yield f"{name} has no Chinese text: {source[:60]!r}"
        elif source and texts[name].english != hash_text(source):
            yield f"{name} was put into Chinese from another English text than {source[:60]!r}"
    yield from (f"{name} is no cell" for name in texts if not said.get(name))


def write_texts(stem: str) -> Path:
    """Write a notebook's texts in the order of its cells: what is in Chinese already stays, the rest is English."""
    path = TEXTS / f"{stem}.md"
    known = read_texts(path) if path.exists() else {}
    parts = []
    for cell in nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4).cells:
        if not (source := read_english(cell)):
            continue
        code = cell.cell_type == "code"
        english = "\n".join(f"{line}{ARROW}{line}" for line in source.splitlines()) if code else source
        text = known.get(cell.id, Text(hash_text(source), english))
        parts.append(f"<!-- {cell.id} {text.english} -->\n{text.chinese}\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def build_all() -> list[Path]:
    """Build every notebook that has Chinese texts."""
    built = []
    for path in sorted(TEXTS.glob("*.md")):
        notebook = build(nbformat.read(FOLDER / f"{path.stem}.ipynb", as_version=4), read_texts(path))
        built.append(FOLDER / "zh" / f"{path.stem}.ipynb")
        built[-1].write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    return built


if __name__ == "__main__":
    for written in [write_texts(stem) for stem in sys.argv[1:]] or build_all():
        sys.stdout.write(f"{written}\n")
