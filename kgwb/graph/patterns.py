"""Parts of a graph: the neighbourhood of an entity, and whatever fits a pattern such as ("?person", "born in", "?town")."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_each, expect_flags
from kgwb.graph.building import COLUMNS
from kgwb.graph.errors import QueryError
from kgwb.graph.joins import expand_ranges
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import quote, quote_value

Term = str | int | np.integer
Pattern = Sequence[Term]
Bindings = dict[str, np.ndarray]  # variable: ids [match]
_MOST = 20_000_000  # matches on the way, which take about 160 MB per variable


def select_neighbourhood(graph: KnowledgeGraph, around: str | int | Sequence[str | int], hops: int = 1) -> np.ndarray:
    """The triples that a walk of at most `hops` steps from some entities passes, in either direction.

    Args:
        graph: the graph.
        around: one entity or several, by id, name or label.
        hops: how many steps; one gives every triple that touches the entities, none gives no triple.

    Returns:
        int64 [triple, 3], sorted, as in the graph.

    Raises:
        UnknownNameError: an entity is not in the graph.

    Example:
        >>> facts = pd.DataFrame([("a", "r", "b"), ("b", "r", "c")], columns=["head", "relation", "tail"])
        >>> select_neighbourhood(KnowledgeGraph.from_pandas(facts), "a").tolist()
        [[0, 0, 1]]
    """
    expect_graph(graph, "select_neighbourhood({}, 'Berlin')")
    expect_at_least("hops", hops, 0, whole=True)
    several: Sequence[str | int] = [around] if isinstance(around, (str, int, np.integer)) else around
    call = "select_neighbourhood(graph, ['Berlin', 'Paris'])"
    several = expect_each(several, (str, int, np.integer), "An entity's name", call=call)
    reached = np.zeros(len(graph.entities), dtype=bool)
    reached[[graph.entity_id(entity) for entity in several]] = True
    passed = np.zeros(len(graph.triples), dtype=bool)
    head, _, tail = graph.triples.T
    for _ in range(hops):
        touched = reached[head] | reached[tail]
        if (touched == passed).all():
            break
        passed = touched
        reached[head[passed]] = reached[tail[passed]] = True
    return graph.triples[passed]


def match_pattern(
    graph: KnowledgeGraph, patterns: Sequence[Pattern], *, labels: bool = True, most: int = _MOST
) -> pd.DataFrame:
    """Everything for which all patterns are facts.

    A word that begins with ? is a variable, the same one wherever it stands; anything else is a name, label or id.
    Different variables may stand for the same entity.

    Args:
        graph: what is asked about.
        patterns: one (head, relation, tail) or several.
        labels: whether to give entities and relations by label or by name; `graph.entity_id` takes both.
        most: how many matches there may be, also on the way to the answer.

    Returns:
        A column per variable, without its ?, in the order in which they are named; a row per match, in the order of ids.
        Without variables, no columns and a row where all patterns are facts.

    Raises:
        UnknownNameError: an entity or relation that the graph does not have; gives the nearest.
        QueryError: a pattern that is none, or more than `most` matches.

    Example:
        >>> facts = [("Ada", "born in", "Kupen"), ("Bea", "born in", "Kupen"), ("Kupen", "located on", "Pegem")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> match_pattern(graph, [("?person", "born in", "?town"), ("?town", "located on", "Pegem")])
          person   town
        0    Ada  Kupen
        1    Bea  Kupen
    """
    expect_graph(graph, "match_pattern({}, patterns)")
    expect_flags(labels=labels)
    expect_at_least("most", most, 1, whole=True)
    if isinstance(patterns, str) or not isinstance(patterns, Sequence):
        raise QueryError(f"{quote_value(patterns)} is no list of patterns. {_suggest(graph)}")
    terms = [_read_pattern(pattern, graph) for pattern in patterns]
    kinds = _find_kinds(terms, graph)
    tables = [_match_one(graph, pattern) for pattern in terms]
    count, matches = _join_all(tables, kinds, graph, most)
    ordered = {name: matches[name] for name in kinds}
    rows = np.lexsort(list(ordered.values())[::-1]) if ordered else np.arange(count)
    frame = pd.DataFrame(index=pd.RangeIndex(count))
    for name, ids in ordered.items():
        table = graph.relations if kinds[name] == "relation" else graph.entities
        column = "label" if labels else ("relation" if kinds[name] == "relation" else "entity")
        frame[name] = table[column].to_numpy()[ids[rows]]
    return frame


def _read_pattern(pattern: object, graph: KnowledgeGraph) -> list[str | int]:
    """The pattern with ids for names; variables stay."""
    if isinstance(pattern, str) or not isinstance(pattern, Sequence) or len(pattern) != 3:
        raise QueryError(f"{quote_value(pattern)} is no pattern. Expected (head, relation, tail). {_suggest(graph)}")
    terms: list[str | int] = []
    for part, term in zip(COLUMNS, pattern, strict=True):
        if isinstance(term, str) and term.startswith("?"):
            if not term[1:].isidentifier():
                raise QueryError(
                    f"{quote(term)} is no variable: after the ? come letters, digits and _. To mean a name that begins "
                    f"with ?, type its id: graph.entity_id({term!r}). {_suggest(graph)}"
                )
            terms.append(term)
        else:
            terms.append(graph.relation_id(term) if part == "relation" else graph.entity_id(term))
    return terms


def _find_kinds(patterns: Sequence[list[str | int]], graph: KnowledgeGraph) -> dict[str, str]:
    """Whether each variable stands for a relation or an entity, in the order in which they are named."""
    if not patterns:
        raise QueryError(f"No pattern came. {_suggest(graph)}")
    kinds: dict[str, str] = {}
    for pattern in patterns:
        for part, term in zip(COLUMNS, pattern, strict=True):
            if isinstance(term, str):
                kind = "relation" if part == "relation" else "entity"
                if kinds.setdefault(term[1:], kind) != kind:
                    raise QueryError(f"{term} stands for a relation and for an entity. Give one of them another name.")
    return kinds


def _match_one(graph: KnowledgeGraph, pattern: list[str | int]) -> tuple[int, Bindings]:
    """How many facts fit one pattern, and what its variables are in each."""
    fits = np.ones(len(graph.triples), dtype=bool)  # [triple]
    columns: Bindings = {}
    for term, column in zip(pattern, graph.triples.T, strict=True):
        if not isinstance(term, str):
            fits &= column == term
        elif term[1:] in columns:
            fits &= column == columns[term[1:]]
        else:
            columns[term[1:]] = column
    return int(fits.sum()), {name: column[fits] for name, column in columns.items()}


def _join_all(
    tables: list[tuple[int, Bindings]], kinds: dict[str, str], graph: KnowledgeGraph, most: int
) -> tuple[int, Bindings]:
    """All patterns together: from the one with fewest matches on to what is linked with it, fewest first."""
    left = sorted(tables, key=lambda table: table[0])
    count, matches = left.pop(0)
    while left:
        linked = [place for place, (_, table) in enumerate(left) if table.keys() & matches.keys()]
        size, table = left.pop(linked[0] if linked else 0)
        shared = sorted(table.keys() & matches.keys())
        here, there = (_pack(one, shared, rows, kinds, graph) for one, rows in ((matches, count), (table, size)))
        order = np.argsort(there, kind="stable")
        begin = np.searchsorted(there[order], here)
        found = np.searchsorted(there[order], here, side="right") - begin  # [match]: how many of the other's fit it
        count = int(found.sum())
        if count > most:
            raise QueryError(
                f"More than {most:,} matches: {count:,} on the way. Add a pattern that says more, name an entity instead "
                f"of a variable, or type most={count}."
            )
        rows = np.repeat(np.arange(len(here)), found)  # [match] → [joined match]
        other = order[expand_ranges(begin, found)]
        matches = {name: ids[rows] for name, ids in matches.items()} | {name: ids[other] for name, ids in table.items()}
    return count, matches


def _pack(bindings: Bindings, shared: list[str], rows: int, kinds: dict[str, str], graph: KnowledgeGraph) -> np.ndarray:
    """The variables that two patterns share as one number per row."""
    packed = np.zeros(rows, dtype=np.int64)
    for name in shared:
        packed = packed * len(graph.relations if kinds[name] == "relation" else graph.entities) + bindings[name]
    return packed


def _suggest(graph: KnowledgeGraph) -> str:
    if not len(graph):
        return "This graph has no facts."
    _, relation, tail = graph.triples[0]
    names = f"{graph.relation_labels[relation]!r}, {graph.labels[tail]!r}"
    return f'For example: match_pattern(graph, [("?head", {names})])'
