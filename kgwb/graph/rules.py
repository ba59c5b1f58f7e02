"""Regularities of a graph as rules: someone born in a town on an island is an islander of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_share
from kgwb.graph.joins import Steps
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.mining import mine_constants, mine_pairs, mine_paths
from kgwb.graph.splitting import Split, expect_source
from kgwb.words import count_things, quote_value, shorten

KINDS = ("symmetric", "inverse", "subsumption", "composition", "constant")
DOUBT = 5  # so many further failures are taken for granted
Source = KnowledgeGraph | Split


@dataclass(frozen=True, eq=False, repr=False)
class Rules:
    """Rules that hold often enough in some facts.

    Attributes:
        graph: whose ids the rules hold.
        frame: one row per rule, most trusted first: `kind`; `rule`, `body` and `head` in words; `support`,
            `head_coverage`, `confidence`, `pca_confidence` and `trust`; and the rule in ids: `path`, the steps of the
            body from x to y (relation r is step r, and r walked from tail to head step r + the number of relations),
            `implied`, the relation of the head, and `constant`, the head's tail where it is a certain entity, or -1.
        facts: how many facts were looked at.
        loops: how many facts link an entity to itself and were left out.
    """

    graph: KnowledgeGraph
    frame: pd.DataFrame
    facts: int
    loops: int

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        counts = self.frame["kind"].value_counts()
        kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in KINDS if kind in counts)
        found = f"{count_things(len(self), 'rule')} from {count_things(self.facts, 'fact')}"
        rows = [
            f"  {row.confidence:.2f}  {shorten(row.rule, 240)}  (support {row.support:,})"
            for row in self.frame.head(10).itertuples(index=False, name="Row")
        ]
        more = [f"  ... and {len(self) - 10:,} more"] if len(self) > 10 else []
        loops = [f"  left out: {count_things(self.loops, 'fact')} from an entity to itself"] if self.loops else []
        return "\n".join([f"Rules of {self.graph.name!r}: {found}{kinds and ': ' + kinds}", *rows, *more, *loops])


def find_rules(
    source: Source,
    *,
    kinds: Sequence[str] = KINDS,
    min_support: int = 5,
    min_head_coverage: float | int = 0.01,
    min_confidence: float | int = 0.1,
    min_pca_confidence: float | int = 0.5,
) -> Rules:
    """Find the rules of one and two facts that hold often enough.

    symmetric    r(y, x) ⇒ r(x, y)
    inverse      s(y, x) ⇒ r(x, y)
    subsumption  s(x, y) ⇒ r(x, y); relations that imply each other are duplicates
    composition  a(x, z), b(z, y) ⇒ r(x, y), each fact in either direction
    constant     s(x, ·) ⇒ r(x, c) for a certain entity c: whatever has a capital is a country

    support = #(x, y): body ∧ head; head coverage = support ÷ #(x, y): head; confidence = support ÷ #(x, y): body;
    PCA confidence = support ÷ #(x, y): body ∧ ∃ y′ r(x, y′), which does not count against a rule what the graph is
    silent about; where r is more like a function backward, x and y change places (Galárraga et al., 2013: AMIE).
    trust = support ÷ (#(x, y): body + 5), which doubts what was seen rarely. Entities with different letters are
    different, so facts from an entity to itself say nothing here (both: Meilicke et al., 2019: AnyBURL).

    Args:
        source: a graph; of a split, only train is looked at.
        kinds: which rules to look for.
        min_support: the smallest number of pairs for which a rule comes true.
        min_head_coverage: the smallest share of the head's facts that the rule gives, 0 to 1.
        min_confidence: the smallest confidence, 0 to 1; with 0, compositions take much longer.
        min_pca_confidence: the smallest PCA confidence, 0 to 1.

    Returns:
        The rules, most trusted first; `apply_rules` draws conclusions from them.

    Raises:
        ValueError: a kind or a threshold that makes no sense.

    Example:
        >>> facts = [("Ada", "knows", "Bea"), ("Bea", "knows", "Ada"), ("Bea", "knows", "Cy"), ("Cy", "knows", "Bea")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> find_rules(graph, min_support=2, kinds=["symmetric"])
        Rules of 'graph': 1 rule from 4 facts: 1 symmetric
          1.00  y knows x ⇒ x knows y  (support 4)
    """
    graph, triples = read_source(source)
    limits = {
        "support": min_support,
        "head_coverage": min_head_coverage,
        "confidence": min_confidence,
        "pca_confidence": min_pca_confidence,
    }
    expect_kinds(kinds)
    expect_at_least("min_support", min_support, 1, whole=True)
    for name in ("head_coverage", "confidence", "pca_confidence"):
        expect_share(f"min_{name}", limits[name], usual=0.5)
    straight = triples[triples[:, 0] != triples[:, 2]]
    steps = Steps.of(straight, entities=len(graph.entities), relations=len(graph.relations))
    found = _judge(pd.concat(_mine(steps, kinds, limits), ignore_index=True), len(graph.relations))
    for column, limit in limits.items():
        found = found[found[column] >= limit]
    found = found[found["kind"].isin(kinds)]
    order = ["trust", "confidence", "implied", "first", "second", "constant"]
    found = found.sort_values(order, ascending=[False, False, True, True, True, True], ignore_index=True)
    return Rules(graph, _word(found, graph), len(triples), len(triples) - len(straight))


def read_source(source: Source) -> tuple[KnowledgeGraph, np.ndarray]:
    """The graph, and the facts to go by: all of a graph's, and a split's train."""
    expect_source(source)
    return (source.graph, source.train) if isinstance(source, Split) else (source, source.triples)


def expect_kinds(kinds: object, *, least: int = 1) -> None:
    """Kinds of rules, as a list of their names.

    Raises:
        ValueError: it is no list, shorter than `least`, or one of them is no kind; the message holds them all.
    """
    if isinstance(kinds, Sequence) and not isinstance(kinds, str) and len(kinds) >= least:
        unknown = [kind for kind in kinds if not isinstance(kind, str) or kind not in KINDS]
        came = ", ".join(map(quote_value, unknown))
    else:
        came = quote_value(kinds)
    if came:
        raise ValueError(f"kinds came with {came}. Type some of {list(KINDS)}, for example kinds=['symmetric'].")


def _mine(steps: Steps, kinds: Sequence[str], limits: dict[str, int | float]) -> list[pd.DataFrame]:
    least = int(np.ceil(limits["support"]))
    bounds = {"head_coverage": limits["head_coverage"], "confidence": limits["confidence"]}
    relevant = _find_relevant(steps)
    frames = [mine_pairs(steps, least=least, relevant=relevant)]
    if "composition" in kinds:
        frames.append(mine_paths(steps, least=least, relevant=relevant, **bounds))
    if "constant" in kinds:
        frames.append(mine_constants(steps, least=least, **bounds))
    return frames


def _find_relevant(steps: Steps) -> np.ndarray:
    """Steps worth a place in a body: a relation whose every fact also holds backward says nothing new there."""
    relevant = np.ones(2 * steps.relations, dtype=bool)
    for relation in range(steps.relations):
        forward, backward = (slice(*steps.bounds[step : step + 2]) for step in (relation, relation + steps.relations))
        same_starts = np.array_equal(steps.start[forward], steps.start[backward])
        relevant[relation + steps.relations] = not (
            same_starts and np.array_equal(steps.end[forward], steps.end[backward])
        )
    return relevant


def _judge(found: pd.DataFrame, relations: int) -> pd.DataFrame:
    first, second, implied, constant = (found[c].to_numpy() for c in ("first", "second", "implied", "constant"))
    backward = first >= relations
    kind = np.select(
        [second >= 0, constant >= 0, first == implied + relations, backward],
        ["composition", "constant", "symmetric", "inverse"],
        "subsumption",
    )
    return found.assign(
        kind=kind,
        head_coverage=found["support"] / found["heads"],
        confidence=found["support"] / found["body"],
        pca_confidence=found["support"] / found["partial"],
        trust=found["support"] / (found["body"] + DOUBT),
    )


def _word(found: pd.DataFrame, graph: KnowledgeGraph) -> pd.DataFrame:
    """The rules as people read them, beside their ids."""
    columns = [found[column].tolist() for column in ("first", "second", "implied", "constant")]
    body, head, path = [], [], []
    for first, second, implied, constant in zip(*columns, strict=True):
        path.append((first,) if second < 0 else (first, second))
        if second >= 0:
            body.append(f"{word_step(graph, first, 'x', 'z')}, {word_step(graph, second, 'z', 'y')}")
        else:
            body.append(word_step(graph, first, "x", "y"))
        head.append(word_step(graph, implied, "x", "y" if constant < 0 else graph.labels[constant]))
    return pd.DataFrame(
        {
            "kind": found["kind"],
            "rule": [f"{one} ⇒ {other}" for one, other in zip(body, head, strict=True)],
            "body": body,
            "head": head,
            **{c: found[c] for c in ("support", "head_coverage", "confidence", "pca_confidence", "trust")},
            "path": path,
            "implied": found["implied"],
            "constant": found["constant"],
        }
    )


def word_step(graph: KnowledgeGraph, step: int, start: str, end: str) -> str:
    """A step in words: head, relation, tail, whichever way it is walked."""
    label = graph.relation_labels[step % len(graph.relations)]
    return f"{start} {label} {end}" if step < len(graph.relations) else f"{end} {label} {start}"
