"""What follows from a graph by its rules: new facts, each with the rule and the facts that gave it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_kind
from kgwb.graph.joins import Steps, cut, distinct, expand_ranges, hold
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.rules import Rules, Source, read_source, word_step
from kgwb.words import count_things, shorten

_NEEDED = ("rule", "confidence", "pca_confidence", "trust", "path", "implied", "constant")


@dataclass(frozen=True, eq=False, repr=False)
class Conclusions:
    """New facts that rules gave.

    Attributes:
        graph: whose ids the facts hold.
        frame: one row per new fact, most trusted first: ids head, relation, tail, their labels, `confidence` and
            `pca_confidence` of the most trusted rule that gives it, `rule`, `because` (the facts it used), and `known`
            (whether valid or test holds it, where the rules were applied to a split).
        unused: how many rules were not applied because there were facts enough.
    """

    graph: KnowledgeGraph
    frame: pd.DataFrame
    unused: int

    @property
    def triples(self) -> np.ndarray:
        """The new facts as ids, int64 [triple, 3], most trusted first."""
        return self.frame[["head", "relation", "tail"]].to_numpy()

    def to_graph(self) -> KnowledgeGraph:
        """The graph with the new facts added."""
        together = np.unique(np.concatenate([self.graph.triples, self.triples]), axis=0)
        together.flags.writeable = False
        return KnowledgeGraph(together, self.graph.entities, self.graph.relations, self.graph.name, self.graph.notes)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        rows = [
            f"  {row.confidence:.2f}  "
            + shorten(f"{row.head_label} — {row.relation_label} → {row.tail_label}, because {row.because}", 240)
            for row in self.frame.head(5).itertuples(index=False, name="Row")
        ]
        known = int(self.frame["known"].sum())
        notes = [f"  {known:,} of them in valid or test"] if known else []
        notes += [f"  {count_things(self.unused, 'rule')} not applied: the limit was reached"] if self.unused else []
        more = [f"  ... and {len(self) - 5:,} more"] if len(self) > 5 else []
        return "\n".join([f"{count_things(len(self), 'new fact')} of {self.graph.name!r}", *rows, *more, *notes])


def apply_rules(source: Source, rules: Rules | pd.DataFrame, *, limit: int = 1_000_000) -> Conclusions:
    """Draw the facts that rules give and that are not among those they are applied to.

    Rules are applied once, the most trusted first; a fact that several give keeps the first. To conclude from
    conclusions, apply them again to `to_graph()`.

    Args:
        source: a graph; of a split, only train is looked at.
        rules: what `find_rules` found for the same graph, or some rows of its frame.
        limit: how many new facts are enough: rules that are left then are not applied, and counted.

    Raises:
        ValueError: the rules are of another graph, or the frame is no frame of rules.

    Example:
        >>> from kgwb.graph.rules import find_rules
        >>> facts = [("Ada", "knows", "Bea"), ("Bea", "knows", "Ada"), ("Bea", "knows", "Cy")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> apply_rules(graph, find_rules(graph, min_support=1, kinds=["symmetric"]))
        1 new fact of 'graph'
          0.67  Cy — knows → Bea, because Bea knows Cy
    """
    graph, facts = read_source(source)
    table = _read_rules(rules, graph)
    expect_at_least("limit", limit, 1, whole=True)
    straight = facts[facts[:, 0] != facts[:, 2]]
    steps = Steps.of(straight, entities=len(graph.entities), relations=len(graph.relations))
    seen, recent = distinct(_pack(facts, steps)), np.empty(0, dtype=np.int64)
    taken, count, applied = [np.empty((0, 3), dtype=np.int64)], 0, 0
    columns = (table[column].tolist() for column in ("path", "implied", "constant"))
    for applied, (path, implied, constant) in enumerate(zip(*columns, strict=True), 1):
        keys, middle = _apply(steps, path, implied, constant)
        new = ~(hold(seen, keys) | hold(recent, keys))
        taken.append(np.stack([keys[new], middle[new], np.full(new.sum(), applied - 1)], axis=1))
        count += len(taken[-1])
        recent = distinct(np.concatenate([recent, keys[new]]))
        if 8 * len(recent) > len(seen):  # sorting everything anew for each rule would take most of the time
            seen, recent = distinct(np.concatenate([seen, recent])), recent[:0]
        if count >= limit:
            break
    found = np.concatenate(taken)[:limit]
    return Conclusions(graph, _describe(found, table, graph, steps), len(table) - applied)


def _read_rules(rules: Rules | pd.DataFrame, graph: KnowledgeGraph) -> pd.DataFrame:
    call = "apply_rules(graph, find_rules(graph)), or rules.frame.query('confidence > 0.9') in its second place"
    hint = f"Type {call}."
    expect_kind(rules, (Rules, pd.DataFrame), "A set of rules or its frame", call=call)
    table = rules if isinstance(rules, pd.DataFrame) else rules.frame
    missing = [column for column in _NEEDED if column not in table]
    if missing:
        raise ValueError(f"The frame of rules has no column {', '.join(map(repr, missing))}. {hint}")
    steps = max((step for path in table["path"] for step in path), default=0)
    fits = steps < 2 * len(graph.relations) and max(table["constant"], default=0) < len(graph.entities)
    if len(table) and not (fits and table["implied"].max() < len(graph.relations)):
        raise _other_graph(graph, hint)
    if isinstance(rules, Rules) and rules.graph.fingerprint != graph.fingerprint:
        raise _other_graph(graph, hint)
    return table.sort_values("trust", ascending=False, kind="stable", ignore_index=True)


def _other_graph(graph: KnowledgeGraph, hint: str) -> ValueError:
    return ValueError(f"The rules are of another graph than {graph.name!r}, so their ids mean other things. {hint}")


def _pack(triples: np.ndarray, steps: Steps) -> np.ndarray:
    return (triples[:, 1] * steps.entities + triples[:, 0]) * steps.entities + triples[:, 2]


def _apply(steps: Steps, path: tuple[int, ...], implied: int, constant: int) -> tuple[np.ndarray, np.ndarray]:
    """What one rule gives: packed triples, each once, and for each an entity that its body passed."""
    edges = slice(steps.bounds[path[0]], steps.bounds[path[0] + 1])
    start, middle = steps.start[edges], steps.end[edges]
    if constant >= 0:
        return _state(steps, implied, start, np.full_like(start, constant), middle)
    if len(path) == 1:
        return _state(steps, implied, start, middle, middle)
    begin, count = steps.find(path[1], middle)
    found = []
    for part in cut(count):
        end = steps.end[expand_ranges(begin[part], count[part])]
        found.append(
            _state(steps, implied, np.repeat(start[part], count[part]), end, np.repeat(middle[part], count[part]))
        )
    keys, passed = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _keep_first(keys, passed)


def _state(
    steps: Steps, implied: int, start: np.ndarray, end: np.ndarray, passed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The head's triples from start to end, loops left out."""
    keys = (implied * steps.entities + start) * steps.entities + end
    different = start != end
    return _keep_first(keys[different], passed[different])


def _keep_first(keys: np.ndarray, passed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = np.lexsort((passed, keys))
    first = order[np.diff(keys[order], prepend=-1) != 0]
    return keys[first], passed[first]


def _describe(found: np.ndarray, table: pd.DataFrame, graph: KnowledgeGraph, steps: Steps) -> pd.DataFrame:
    """The new facts with labels, their rules, and the facts that each rule used."""
    keys, passed, row = found.T
    relation, head, tail = keys // steps.entities**2, keys // steps.entities % steps.entities, keys % steps.entities
    labels, relation_labels = np.array(graph.labels, dtype=object), np.array(graph.relation_labels, dtype=object)
    paths = table["path"].to_numpy()[row].tolist()
    because = [
        _explain(graph, path, *ends)
        for path, *ends in zip(paths, head.tolist(), passed.tolist(), tail.tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "head": head,
            "relation": relation,
            "tail": tail,
            "head_label": labels[head],
            "relation_label": relation_labels[relation],
            "tail_label": labels[tail],
            "confidence": table["confidence"].to_numpy()[row],
            "pca_confidence": table["pca_confidence"].to_numpy()[row],
            "rule": table["rule"].to_numpy()[row],
            "because": because,
            "known": hold(distinct(_pack(graph.triples, steps)), keys),
        }
    )


def _explain(graph: KnowledgeGraph, path: tuple[int, ...], start: int, passed: int, end: int) -> str:
    """The facts of a body in words; a single fact leads to `passed`, which is the end but where that is a constant."""
    names = graph.labels
    said = word_step(graph, path[0], names[start], names[passed])
    return said if len(path) == 1 else f"{said}, {word_step(graph, path[1], names[passed], names[end])}"
