"""What the graph room says when something is wrong: what came, what was expected, what to type."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType

SKIP_HINT = 'Mend the line, or type on_error="skip" to leave such lines out and have them counted.'
LONGEST_QUOTE = 160


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


def describe_kind(value: object) -> str:
    """What came, where something else was expected.

    Example:
        >>> describe_kind("umls"), describe_kind(Path), describe_kind(None)
        ("the text 'umls'", 'the class Path', 'None')
    """
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return f"the text {quote(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def find_nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The labels spelt most like a name, nearest first.

    Args:
        name: what somebody typed.
        known: the labels there are.
        count: how many to give.

    Returns:
        At most `count` labels; fewer only where there are fewer.

    Example:
        >>> find_nearest("Berlni", ["Berlin", "Bern", "Paris"], count=2)
        ['Berlin', 'Bern']
    """
    wanted = name[:LONGEST_QUOTE].casefold()
    folded: dict[str, str] = {}
    for label in known:
        folded.setdefault(label[:LONGEST_QUOTE].casefold(), label)
    # Comparing letter by letter is slow, so only the labels that share most letter pairs are compared.
    likely = heapq.nlargest(100, folded, key=lambda label: _shared_pairs(wanted, label))
    return [folded[match] for match in difflib.get_close_matches(wanted, likely, n=count, cutoff=0.0)]


def _shared_pairs(one: str, other: str) -> float:
    pairs, others = ({text[i : i + 2] for i in range(max(1, len(text) - 1))} for text in (one, other))
    return len(pairs & others) / (len(pairs) + len(others))


def quote(text: object) -> str:
    """The text in quotation marks, on one line, cut where it is very long."""
    plain = str(text)
    return repr(plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 1] + "…")


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


def load_package(name: str, purpose: str) -> ModuleType:
    """Import an optional package when it is first needed.

    Raises:
        ImportError: gives the line that installs it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        package = name.split(".")[0]
        raise ImportError(f"{purpose} needs {package}. Type: pip install {package}") from error
