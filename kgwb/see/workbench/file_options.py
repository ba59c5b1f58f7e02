"""What is typed beside a file: which columns hold head, relation and tail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def read_columns(text: str) -> tuple[str, str, str] | tuple[int, int, int]:
    """Which columns hold head, relation and tail, as someone types them; nothing typed means those names.

    Raises:
        ValueError: it is not three names, or three positions.

    Example:
        >>> read_columns("from, verb, to"), read_columns("0, 1, 2"), read_columns("")
        (('from', 'verb', 'to'), (0, 1, 2), ('head', 'relation', 'tail'))
    """
    parts = [part.strip() for part in text.split(",")]
    if not text.strip():
        return ("head", "relation", "tail")
    if len(parts) != 3 or not all(parts):
        raise ValueError(
            f"The columns came as {text!r}. Expected three names, or three positions from 0; type head, relation, tail."
        )
    head, relation, tail = parts
    return (int(head), int(relation), int(tail)) if all(map(str.isdecimal, parts)) else (head, relation, tail)


def write_reading(path: str, options: Mapping[str, Any]) -> str:
    """What to type for the same graph."""
    given = "".join(f", {name}={value!r}" for name, value in options.items())
    return f"graph = kgwb.read_graph({path!r}{given})"
