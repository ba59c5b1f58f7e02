"""What the graph room says when something is wrong: what came, what was expected, what to type."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kgwb.files import find_file_above
from kgwb.words import LONGEST_QUOTE, find_nearest, quote

SKIP_HINT = 'Mend the line, or type on_error="skip" to leave such lines out and have them counted.'


class GraphFileError(ValueError):
    """A file or a frame cannot be read as a graph."""


class ContentError(ValueError):
    """What is wrong with the content of a file or a table; `blame` puts in front which one it is."""

    def __init__(self, fault: str, *, line: int | None = None) -> None:
        super().__init__(f" {fault}" if line is None else f", line {line}: {fault}")


@contextmanager
def blame(source: object) -> Iterator[None]:
    """Readers of a format know a text only; whatever is wrong with it becomes an error about its file.

    Example:
        >>> with blame("facts.tsv"):
        ...     raise ContentError("holds no triples.")
        Traceback (most recent call last):
        kgwb.graph.errors.GraphFileError: facts.tsv holds no triples.
    """
    try:
        yield
    except ContentError as error:
        raise GraphFileError(f"{source}{error}") from None


class QueryError(ValueError):
    """A question to a graph that cannot be read or answered."""


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
        ids = f"A number is an id, from 0 to {count - 1}." if count else f"This graph has no {plural}."
        hint = (
            f"To mean the name, type graph.{kind}_id({str(given)!r})." if named else f"Type graph.{plural} to see all."
        )
        LookupError.__init__(self, f"Unknown {kind} {given}. {ids} {hint}")


def broken_line(path: Path, line: int, text: str, rule: str, *, hint: str = SKIP_HINT) -> GraphFileError:
    """The error for one line of a file: the file, the line's number, the line, and the rule it breaks."""
    return GraphFileError(f"{path}{broken_row(line, text, rule, hint=hint)}")


def broken_row(line: int, text: str, rule: str, *, hint: str = SKIP_HINT) -> ContentError:
    """The same, where the file is not known yet."""
    shown = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    shown = shown.encode("utf-8", "backslashreplace").decode().replace("\n", "\\n")
    return ContentError(f"{rule}\n  {shown}\n{hint}", line=line)


def missing_columns(missing: Sequence[object], found: Sequence[object], hint: str) -> ContentError:
    """The error for a table without the columns that were asked for."""
    more = f" and {len(found) - 12:,} more" if len(found) > 12 else ""
    came = ", ".join(map(quote, found[:12])) + more or "no columns"
    plural = "column" if len(missing) == 1 else "columns"
    return ContentError(f"has no {plural} {', '.join(map(quote, missing))}. It has {came}. {hint}")


def empty_file(expected: str) -> ContentError:
    """The error for a file that holds nothing."""
    return ContentError(f"is empty. Expected {expected}.")


def missing_file(path: Path, expected: str, *, mend: str = "") -> FileNotFoundError:
    """The error for a path where there is nothing, naming what lies near it, or a folder in a file's place, or a file
    in a folder's.

    Args:
        path: where nothing, or nothing of the kind, is.
        expected: what should be there, with an article.
        mend: what to type where the path is a file or a folder after all.
    """
    if path.is_file() or path.is_dir():
        hint = f" Type {mend}." if mend else ""
        return FileNotFoundError(f"{path} is a {'file' if path.is_file() else 'folder'}. Expected {expected}.{hint}")
    folder = path.parent
    if not folder.is_dir():
        above = find_file_above(path)
        why = f"the folder {folder} does not exist either" if above is None else f"{above} is a file, not a folder"
        return FileNotFoundError(f"There is no {path}: {why}. Expected {expected}.")
    near = find_nearest(path.name, sorted(entry.name for entry in folder.iterdir()))
    hint = f"Near it are {', '.join(map(quote, near))}." if near else f"The folder {folder} is empty."
    return FileNotFoundError(f"There is no {path}. {hint} Expected {expected}.")
