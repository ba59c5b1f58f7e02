"""What the graph room says when something is wrong: what came, what was expected, what to type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from kgwb.words import LONGEST_QUOTE, find_nearest, quote

SKIP_HINT = 'Mend the line, or type on_error="skip" to leave such lines out and have them counted.'


class GraphFileError(ValueError):
    """A file or a frame cannot be read as a graph."""


class UnknownNameError(LookupError):
    """A name that is neither an identifier nor a label in this graph."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        nearest = find_nearest(str(name), known)
        plural = {"entity": "entities"}.get(kind, kind + "s")
        hint = (
            f"The nearest labels are {', '.join(map(quote, nearest))}." if nearest else f"This graph has no {plural}."
        )
        came = quote(name) if isinstance(name, str) else str(name)
        place = {"type": "graph.entities['type']", "attribute": "graph.entities.columns"}.get(kind, f"graph.{plural}")
        super().__init__(f"Unknown {kind} {came}. {hint} Type {place} to see all of them.")


class UnknownIdError(UnknownNameError):
    """A number that is no id in this graph."""

    def __init__(self, kind: str, given: object, count: int, *, named: bool) -> None:
        plural = {"entity": "entities"}.get(kind, kind + "s")
        held = f"A number is an id, from 0 to {count - 1}." if count else f"This graph has no {plural}."
        hint = (
            f"To mean the name, type graph.{kind}_id({str(given)!r})." if named else f"Type graph.{plural} to see all."
        )
        LookupError.__init__(self, f"Unknown {kind} {given}. {held} {hint}")


def broken_line(path: Path, line: int, text: str, rule: str, *, hint: str = SKIP_HINT) -> GraphFileError:
    """The error for one line of a file: the file, the line's number, the line, and the rule it breaks."""
    shown = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    shown = shown.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n")
    return GraphFileError(f"{path}, line {line}: {rule}\n  {shown}\n{hint}")


def missing_columns(source: object, missing: Sequence[object], found: Sequence[object], hint: str) -> GraphFileError:
    """The error for a table without the columns that were asked for."""
    more = f" and {len(found) - 12:,} more" if len(found) > 12 else ""
    came = ", ".join(map(quote, found[:12])) + more or "no columns"
    plural = "column" if len(missing) == 1 else "columns"
    wanted = ", ".join(map(quote, missing))
    return GraphFileError(f"{source} has no {plural} {wanted}. It has {came}. {hint}")


def empty_file(path: Path, expected: str) -> GraphFileError:
    """The error for a file that holds nothing."""
    return GraphFileError(f"{path} is empty. Expected {expected}.")


def missing_file(path: Path, expected: str) -> FileNotFoundError:
    """The error for a path where there is nothing; names what lies near it."""
    folder = path.parent
    if not folder.is_dir():
        return FileNotFoundError(f"There is no {path}: the folder {folder} does not exist either. Expected {expected}.")
    near = find_nearest(path.name, sorted(entry.name for entry in folder.iterdir()))
    hint = f"Near it are {', '.join(map(quote, near))}." if near else f"The folder {folder} is empty."
    return FileNotFoundError(f"There is no {path}. {hint} Expected {expected}.")
