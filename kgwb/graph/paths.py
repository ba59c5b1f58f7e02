"""Paths of a graph: where relation after relation leads from an entity, and the facts on the way."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.checks import expect_at_least, expect_flags, expect_text
from kgwb.graph.errors import QueryError
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import quote, quote_value

_TURNED, _JOINED = "^", "/"
_STEP = re.compile(r"\s*(\^?)(?:<(.+?)>|([^/]*?))\s*(/|$)")
_MOST_HOPS = 4


@dataclass(frozen=True, eq=False, repr=False)
class Walk:
    """Where a path leads from an entity.

    Attributes:
        graph: that was walked.
        start: the entity's id.
        path: the steps, as in SPARQL: "treated_by/side_effect", "^caused_by".
        ends: the ids of what is reached, ascending; without the start itself, unless that was asked for.
        facts: those on a way to one of the ends, int64 [fact, 3], each once, as in the graph.
    """

    graph: KnowledgeGraph
    start: int
    path: str
    ends: tuple[int, ...]
    facts: Int[np.ndarray, "fact 3"]

    def to_graph(self) -> KnowledgeGraph:
        """The facts alone, with every entity they name and the start, to be drawn."""
        graph = self.graph
        named = sorted({self.start, *self.facts[:, 0].tolist(), *self.facts[:, 2].tolist()})
        names = graph.entities["entity"].to_numpy()
        table = pd.DataFrame(
            {
                "head": names[self.facts[:, 0]],
                "relation": graph.relations["relation"].to_numpy()[self.facts[:, 1]],
                "tail": names[self.facts[:, 2]],
            }
        )
        relations = graph.relations.iloc[np.unique(self.facts[:, 1])]
        return KnowledgeGraph.from_pandas(table, graph.entities.iloc[named], relations=relations, name=self.path)

    def __repr__(self) -> str:
        labels = self.graph.labels
        ends = ", ".join(labels[end] for end in self.ends) or "nothing"
        return f"{labels[self.start]} {self.path} → {ends} ({len(self.facts):,} facts)"


def follow_path(graph: KnowledgeGraph, start: str | int, path: str, *, returning: bool = False) -> Walk:
    """Walk relation after relation from an entity.

    Args:
        graph: the graph.
        start: an entity, by id, name or label.
        path: relations by name, joined by "/", each turned round by "^" before it, as in SPARQL; a name that holds a "/" in <>.
        returning: whether the start is an end too where the path leads back to it, as in SPARQL.

    Raises:
        UnknownNameError: an entity or relation that the graph does not have.
        QueryError: the path has an empty step.

    Example:
        >>> facts = pd.DataFrame([("Ada", "born_in", "Kupen"), ("Bea", "born_in", "Kupen")],
        ...     columns=["head", "relation", "tail"])
        >>> follow_path(KnowledgeGraph.from_pandas(facts), "Ada", "born_in/^born_in")
        Ada born_in/^born_in → Bea (2 facts)
    """
    expect_graph(graph, "follow_path({}, 'Ada', 'born_in')")
    expect_flags(returning=returning)
    begin, steps = graph.entity_id(start), read_path(graph, path)
    passed, reached = [], np.array([begin])
    for relation, is_turned in steps:
        rows = _take_steps(graph, reached, relation, is_turned=is_turned)
        passed.append(rows)
        reached = np.unique(graph.triples[rows][:, 0 if is_turned else 2])
    ends = reached if returning else reached[reached != begin]
    wanted, facts = ends, []
    for (_, is_turned), rows in zip(reversed(steps), reversed(passed), strict=True):  # only what leads to an end
        there, here = (0, 2) if is_turned else (2, 0)
        rows = rows[np.isin(graph.triples[rows][:, there], wanted)]
        facts.append(rows)
        wanted = np.unique(graph.triples[rows][:, here])
    return Walk(graph, begin, path, tuple(ends.tolist()), graph.triples[np.unique(np.concatenate(facts))])


def find_paths(graph: KnowledgeGraph, start: str | int, hops: int = 2) -> pd.DataFrame:
    """Every path of up to so many steps that leads from an entity to another.

    Args:
        graph: the graph.
        start: an entity, by id, name or label.
        hops: the most steps, 1 to 4: there are many times more paths with every step.

    Returns:
        A row for each path, shorter ones first: `path`, and `ends`, how many entities it reaches.

    Raises:
        UnknownNameError: an entity that the graph does not have.
        ValueError: more than 4 hops.

    Example:
        >>> facts = pd.DataFrame([("Ada", "born_in", "Kupen"), ("Bea", "born_in", "Kupen")],
        ...     columns=["head", "relation", "tail"])
        >>> find_paths(KnowledgeGraph.from_pandas(facts), "Ada")
                       path  ends
        0           born_in     1
        1  born_in/^born_in     1
    """
    expect_graph(graph, "find_paths({}, 'Ada')")
    expect_at_least("hops", hops, 1, whole=True)
    if hops > _MOST_HOPS:
        raise ValueError(
            f"hops={quote_value(hops)} came. Expected 1 to {_MOST_HOPS}; type find_paths(graph, start, hops=2)."
        )
    begin, names = graph.entity_id(start), graph.relations["relation"].tolist()
    found, walks = [], [("", np.array([begin]))]
    for _ in range(hops):
        longer = []
        for before, reached in walks:
            for (relation, is_turned), ends in _step_each_way(graph, reached):
                path = (
                    before + (_JOINED if before else "") + (_TURNED if is_turned else "") + spell_step(names[relation])
                )
                longer.append((path, ends))
        found += [(path, int((ends != begin).sum())) for path, ends in longer]
        walks = longer
    return pd.DataFrame([row for row in found if row[1]], columns=["path", "ends"])


def read_path(graph: KnowledgeGraph, path: str) -> list[tuple[int, bool]]:
    """The steps of a path: the relation's id, and whether it is walked from tail to head.

    Raises:
        UnknownNameError: a relation that the graph does not have.
        QueryError: the path has an empty step.
    """
    expect_text("path", path, usual="treated_by/side_effect")
    steps, place = [], 0
    while found := _STEP.match(path, place):
        turned, quoted, plain, joined = found.groups()
        steps.append((quoted or plain, bool(turned)))
        place = found.end()
        if not joined:
            break
    if not all(name for name, _ in steps):
        raise QueryError(
            f"The path {quote(path)} has an empty step. Expected relations joined by /, with ^ before those that are walked "
            "from tail to head and <> around names that hold a /; type follow_path(graph, start, 'treated_by/side_effect')."
        )
    return [(graph.relation_id(name), is_turned) for name, is_turned in steps]


def spell_step(name: str) -> str:
    """A relation's name as a step: in <> where it would be read as something else, as /film/genre of Freebase would.

    Example:
        >>> spell_step("born_in"), spell_step("/film/genre")
        ('born_in', '</film/genre>')
    """
    return f"<{name}>" if _JOINED in name or name[:1] in (_TURNED, "<") or name != name.strip() else name


def _take_steps(graph: KnowledgeGraph, reached: np.ndarray, relation: int, *, is_turned: bool) -> np.ndarray:
    """The rows of the facts by which a step leads on from what is reached."""
    here = graph.triples[:, 2 if is_turned else 0]
    return np.flatnonzero((graph.triples[:, 1] == relation) & np.isin(here, reached))


def _step_each_way(graph: KnowledgeGraph, reached: np.ndarray) -> list[tuple[tuple[int, bool], np.ndarray]]:
    """Every step that leads on, with what it reaches."""
    found = []
    for is_turned, here, there in ((False, 0, 2), (True, 2, 0)):
        facts = graph.triples[np.isin(graph.triples[:, here], reached)]
        found += [
            ((int(relation), is_turned), np.unique(facts[facts[:, 1] == relation, there]))
            for relation in np.unique(facts[:, 1])
        ]
    return found
