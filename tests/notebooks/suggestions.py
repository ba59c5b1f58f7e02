"""What "Where next" tells a reader to type, as cells that run after the notebook's own."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path
from typing import Any

TABLES = (".csv", ".tsv")
_FENCE = re.compile(r"^([ \t]*)(`{3,}|~{3,})[ \t]*(\w*)[^\n]*\n(.*?)^\1\2[ \t]*$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
# An expression is run as a cell's last one would be; of a generator the first step, or it would do nothing at all.
_RUN = """\
import inspect
suggested = (
{code}
)
if inspect.isgenerator(suggested):
    suggested = next(suggested)
suggested"""


def take_where_next(notebook: Any) -> str:
    """The text from the heading "Where next" up to the next heading of its rank, or to the end."""
    text = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    _, _, after = text.partition("## Where next\n")
    return re.split(r"^## ", after, maxsplit=1, flags=re.MULTILINE)[0]


def list_calls(text: str) -> list[str]:
    """The code spans and fenced code of a Markdown text that are Python and call something, in their order.

    A bare name, an assignment of a value (`seed = 1`), an option (`mode="entity"`), a comparison, a file name and a shell
    command call nothing, and are left alone. So is fenced code that says it is in another language.
    """
    found = [
        (fence.start(), textwrap.dedent(fence[4]).strip())
        for fence in _FENCE.finditer(text)
        if fence[3].lower() in ("", "python", "py")
    ]
    spans = _FENCE.sub(lambda fence: " " * len(fence[0]), text)  # of the same length, so that places stay
    found += [(span.start(), " ".join(span[2].split())) for span in _SPAN.finditer(spans)]
    return [code for _, code in sorted(found) if _calls(code)]


def _calls(code: str) -> bool:
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def write_cells(calls: list[str], folder: Path) -> list[str]:
    """The calls as cells, run in an empty folder, where the reader's own tables lie that they name.

    A table that a call names, such as `kgwb.read_graph("my.csv", columns=("subject", "predicate", "object"))`, is the
    reader's: three facts are written for it, in the columns that the call names.

    Args:
        calls: as `list_calls` gives them.
        folder: for the reader's files.
    """
    place = folder / "notebooks"
    place.mkdir(parents=True, exist_ok=True)
    (folder / "build").mkdir(exist_ok=True)
    for call in calls:
        for name, columns in _find_tables(call).items():
            facts = ["Ada knows Bo", "Bo knows Cem", "Cem teaches Ada"]
            mark = "\t" if name.endswith(".tsv") else ","
            lines = [mark.join(columns), *(mark.join(fact.split()) for fact in facts)]
            (place / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [f"import os\n\nos.chdir({str(place)!r})", *map(_write_cell, calls)] if calls else []


def _find_tables(call: str) -> dict[str, tuple[str, ...]]:
    tables = {}
    for node in ast.walk(ast.parse(call)):
        if isinstance(node, ast.Call):
            options = {each.arg: each.value for each in node.keywords}
            columns = _read_columns(options.get("columns"))
            given = [each.value for each in node.args if isinstance(each, ast.Constant)]
            tables |= {name: columns for name in given if isinstance(name, str) and name.endswith(TABLES)}
    return tables


def _read_columns(node: ast.expr | None) -> tuple[str, ...]:
    """The columns that a call names; of a variable no one knows what it holds before the notebook runs."""
    try:
        return tuple(ast.literal_eval(node)) if node is not None else ("head", "relation", "tail")
    except ValueError:
        return ("head", "relation", "tail")


def _write_cell(call: str) -> str:
    body = ast.parse(call).body
    return _RUN.format(code=call) if len(body) == 1 and isinstance(body[0], ast.Expr) else call
