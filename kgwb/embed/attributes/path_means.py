"""Numbers that lie some steps away, averaged along paths of relations: columns for any model of a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.checks import expect_at_least, expect_text
from kgwb.embed.attributes.attribute_values import read_values
from kgwb.graph.joins import Steps, distinct
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import quote, quote_value

Path = tuple[str, ...]
Pairs = tuple[Int[np.ndarray, " reached"], Int[np.ndarray, " reached"]]  # which row, and the entity it leads to
_CALL = "average_along(graph, of='stock', paths=[('^issues', 'in_industry')])"


def average_along(
    graph: KnowledgeGraph,
    values: pd.DataFrame | Sequence[str] | None = None,
    *,
    of: str | None = None,
    paths: Sequence[str | Sequence[str]] | None = None,
    steps: int = 2,
) -> pd.DataFrame:
    """For each entity the mean of what the entities at the end of a path have, and how many there are.

    f(e) = 1/|N| Σ_{n ∈ N} x(n), where N are the different entities that the path leads to from e and that have the number x,
    without e itself: an own value would be read from there, over a sibling and back. A table of facts becomes columns
    for ridge regression or trees (propositionalisation; Paulheim & Fürnkranz, 2012, "Unsupervised generation of data
    mining features from linked open data"). Values that a model must not see must not be given: whatever stands in
    `values` is read.

    Args:
        graph: the facts.
        values: a frame with the columns entity, attribute and value; or the names of numeric columns of the graph's table of
            entities; None for all of these.
        of: the type of the entities to describe; None for all entities.
        paths: each a tuple of steps, a relation by name or label, with ^ before it to be walked from tail to head; or a
            text, for one step. None for all paths of at most `steps` steps that lead anywhere.
        steps: how long paths may be where none are given.

    Returns:
        A row for each entity, by name, and columns "path: attribute" where any entity reaches a number, not a number for
        those that reach none; and "path: count", where the count is not the same for all.

    Raises:
        ValueError: no entity of this type, an empty path, or no finite value.
        UnknownNameError: a relation that the graph lacks; names the nearest.

    Example:
        >>> facts = pd.DataFrame([("Ayr", "in", "Fife"), ("Rum", "in", "Fife")], columns=["head", "relation", "tail"])
        >>> rain = pd.DataFrame({"entity": ["Ayr", "Rum"], "rain": [800.0, 950.0]})
        >>> graph = KnowledgeGraph.from_pandas(facts, rain)
        >>> average_along(graph, paths=[("in", "^in")])["in / ^in: rain"].dropna().to_dict()
        {'Ayr': 950.0, 'Rum': 800.0}
    """
    expect_graph(graph, "average_along({})")
    expect_at_least("steps", steps, 1, whole=True)
    known = read_values(graph, values)
    rows = _choose_rows(graph, of)
    walked = Steps.of(graph.triples, entities=len(graph.entities), relations=len(graph.relations))
    if paths is None:
        found = _walk_all(graph, walked, rows, int(steps))
    else:
        found = ((path, _walk(graph, walked, rows, path)) for path in map(_read_path, _expect_paths(paths)))
    columns: dict[str, np.ndarray] = {}
    table = {}
    for name in known.names:
        entity, value = known.of(name)
        table[name] = np.full(len(graph.entities), np.nan)
        table[name][entity] = value
    for path, (which, end) in found:
        spelt = " / ".join(path)
        counts = np.bincount(which, minlength=len(rows))  # [row]
        if len(rows) and counts.min() < counts.max():
            columns[f"{spelt}: count"] = counts.astype(float)
        for name, numbers in table.items():
            seen = np.isfinite(numbers[end])
            if seen.any():
                weight = np.bincount(which[seen], minlength=len(rows))
                total = np.bincount(which[seen], numbers[end[seen]], len(rows))
                columns[f"{spelt}: {name}"] = np.where(weight > 0, total / np.maximum(weight, 1), np.nan)
    return pd.DataFrame(columns, index=pd.Index(graph.entities["entity"].array.take(rows), name="entity"))


def _choose_rows(graph: KnowledgeGraph, of: str | None) -> Int[np.ndarray, " row"]:
    if of is None:
        return np.arange(len(graph.entities))
    expect_text("of", of, usual="stock")
    types = graph.entities["type"] if "type" in graph.entities else pd.Series([], dtype=str)
    rows = np.flatnonzero((types == of).to_numpy())
    if not len(rows):
        there = ", ".join(quote(str(kind)) for kind in sorted(types.dropna().unique())) or "none"
        raise ValueError(f"No entity has the type {quote_value(of)}; the graph's types are {there}. Type {_CALL}.")
    return rows


def _expect_paths(paths: object) -> list[object]:
    if isinstance(paths, (list, tuple)) and all(isinstance(path, (str, list, tuple)) for path in paths):
        return list(paths)
    raise TypeError(
        f"paths={quote_value(paths)} came. Expected a list of paths, each a tuple of relations; type {_CALL}."
    )


def _read_path(path: object) -> Path:
    steps = (path,) if isinstance(path, str) else tuple(path) if isinstance(path, (list, tuple)) else ()
    if not steps or not all(isinstance(step, str) and step.removeprefix("^") for step in steps):
        raise ValueError(f"The path {quote_value(path)} came. Expected relations, one at least; type {_CALL}.")
    return steps


def _walk(graph: KnowledgeGraph, walked: Steps, rows: Int[np.ndarray, " row"], path: Path) -> Pairs:
    """The different ends of one path, the start itself left out at its end only."""
    which, end = np.arange(len(rows)), rows
    for step in path:
        relation = graph.relation_id(step.removeprefix("^"))
        which, end = _go(walked, which, end, relation + walked.relations * step.startswith("^"))
    return _leave_start(which, end, rows)


def _walk_all(
    graph: KnowledgeGraph, walked: Steps, rows: Int[np.ndarray, " row"], longest: int
) -> Iterator[tuple[Path, Pairs]]:
    """Every path that leads from some row to another entity, shorter ones first."""
    names = graph.relations["relation"].tolist()
    spelt = [*names, *(f"^{name}" for name in names)]
    level: list[tuple[Path, Pairs]] = [((), (np.arange(len(rows)), rows))]
    for _ in range(longest):
        longer: list[tuple[Path, Pairs]] = []
        for path, (which, end) in level:
            for step, name in enumerate(spelt):
                reached = _go(walked, which, end, step)
                if len(reached[0]):
                    longer.append(((*path, name), reached))
        for path, pairs in longer:
            others = _leave_start(*pairs, rows)
            if len(others[0]):
                yield path, others
        level = longer


def _go(walked: Steps, which: Int[np.ndarray, " pair"], end: Int[np.ndarray, " pair"], step: int) -> Pairs:
    origin, reached = walked.follow(step, end)
    keys = distinct(which[origin] * walked.entities + reached)
    return keys // walked.entities, keys % walked.entities


def _leave_start(
    which: Int[np.ndarray, " pair"], end: Int[np.ndarray, " pair"], rows: Int[np.ndarray, " row"]
) -> Pairs:
    others = rows[which] != end
    return which[others], end[others]
