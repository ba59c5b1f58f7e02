"""What the graph room says when something is wrong: what came, what was expected, what to type."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class GraphFileError(ValueError):
    """A file cannot be read as a graph."""


class UnknownNameError(LookupError):
    """A name that is neither an identifier nor a label in this graph."""

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        nearest = _nearest(str(name), known)
        hint = f"The nearest labels are {', '.join(map(repr, nearest))}." if nearest else "This graph has none."
        plural = {"entity": "entities"}.get(kind, kind + "s")
        super().__init__(f"Unknown {kind} {name!r}. {hint} Type graph.{plural} to see all of them.")


def _nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    folded: dict[str, str] = {}
    for label in known:
        folded.setdefault(label.casefold(), label)
    return [folded[match] for match in difflib.get_close_matches(name.casefold(), folded, n=count, cutoff=0.0)]
