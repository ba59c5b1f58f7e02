"""Edges and nodes of property graphs as facts and entities: which attribute names the relation, what is not kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes, sum_notes
from kgwb.graph.descriptions import is_missing
from kgwb.graph.errors import ContentError
from kgwb.words import quote

# Where an edge has no attribute of the name asked for, other programs keep it under one of these.
_RELATION_KEYS = (
    "relation", "label", "predicate", "type", "edge label", "edge type", "relationship", "relation type", "interaction",
)  # fmt: skip
Edge = tuple[str, str, dict[str, Any]]


def name_edges(edges: Sequence[Edge], key: str, relation: str | None) -> tuple[pd.DataFrame, Notes]:
    """The facts that edges state, and what was counted.

    Args:
        edges: source, target and attributes.
        key: the attribute that names the relation; some usual names are tried where it is "relation" or one of them.
        relation: the relation of edges that name none.

    Raises:
        ContentError: an edge names no relation, and none was given; lists the attributes there are.
    """
    found = _find_key(edges, key, whole=relation is None)
    if found is None and relation is None and edges:
        raise _no_relation(edges, key)
    rows, unnamed = [], 0
    for source, target, data in edges:
        named = None if found is None else data.get(found)
        unnamed += is_missing(named) or named == ""
        rows.append((source, relation if is_missing(named) or (named == "" and relation) else str(named), target))
    further = sorted({name for _, _, data in edges for name in data} - {found})
    shown = ", ".join(map(quote, further[:5])) + (f" and {len(further) - 5} more" if len(further) > 5 else "")
    notes = sum_notes(
        ((f"edges without a relation of their own, read as {quote(relation)}", unnamed if relation else 0),),
        ((f"attributes of edges, not kept: {shown}", len(further)),),
    )
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object), notes


def name_nodes(nodes: Sequence[tuple[str, dict[str, Any]]]) -> pd.DataFrame:
    """A table of entities with what nodes have as attributes; one called "entity" does not hide the node's own name."""
    rows = [
        {"entity": name, **{"entity_attribute" if key == "entity" else key: _spell(cell) for key, cell in data.items()}}
        for name, data in nodes
    ]
    columns = ["entity", *dict.fromkeys(column for row in rows for column in row if column != "entity")]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _find_key(edges: Sequence[Edge], asked: str, *, whole: bool) -> str | None:
    """The attribute that names the relation on every edge, or, if not `whole`, on some."""
    counts: dict[str, int] = {}
    for _, _, data in edges:
        for name in data:
            counts[name] = counts.get(name, 0) + 1
    least = len(edges) if whole else 1
    if asked in counts:
        return asked if counts[asked] >= least else _find_usual(counts, asked, least)
    return _find_usual(counts, asked, least)


def _find_usual(counts: dict[str, int], asked: str, least: int) -> str | None:
    if asked not in _RELATION_KEYS:
        return None
    folded = {_fold(name): name for name in reversed(counts) if counts[name] >= least}
    return next((folded[_fold(key)] for key in _RELATION_KEYS if _fold(key) in folded), None)


def _fold(name: str) -> str:
    return name.casefold().replace("_", "").replace(" ", "").replace("-", "")


def _no_relation(edges: Sequence[Edge], asked: str) -> ContentError:
    found = sorted({name for _, _, data in edges for name in data})
    came = f"Its edges have {', '.join(map(quote, found))}." if found else "Its edges have no attributes."
    return ContentError(
        f"has edges without an attribute {quote(asked)} that names their relation. {came} Type "
        'columns=("head", "...", "tail") with the attribute to take in the middle; or, where all edges are of one '
        'kind, relation="linked to".'
    )


def _spell(cell: Any) -> Any:
    return cell if isinstance(cell, (str, float, int)) and not isinstance(cell, bool) else str(cell)
