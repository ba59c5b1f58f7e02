"""Ranks and what follows from them: mean reciprocal rank, Hits@k, and the protocol they were taken by."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.graph.knowledge_graph import KnowledgeGraph

HITS = (1, 3, 10)


@dataclass(frozen=True, eq=False, repr=False)
class RankReport:
    """Where the right answers stand; one rank per triple and side.

    Attributes:
        graph: whose ids the triples hold.
        triples: what was ranked, twice: first for the head, then for the tail, [rank, 3].
        sides: "head" or "tail", what was asked for, [rank].
        better: candidates that score higher than the right answer, [rank].
        equal: other candidates that score the same, [rank].
        ties: the rank among equals: "mean", "best" or "worst".
        known: how many triples the filter held; None where nothing was filtered.
        unseen: ranked triples that hold an entity which training never saw.
    """

    graph: KnowledgeGraph
    triples: Int[np.ndarray, "rank 3"]
    sides: np.ndarray
    better: Int[np.ndarray, " rank"]
    equal: Int[np.ndarray, " rank"]
    ties: str
    known: int | None
    unseen: int

    @cached_property
    def ranks(self) -> Float[np.ndarray, " rank"]:
        """1 for the best; a half where the mean of two tied ranks falls between."""
        share = {"mean": 0.5, "best": 0.0, "worst": 1.0}[self.ties]
        return 1.0 + self.better + share * self.equal

    @property
    def mrr(self) -> float:
        """Mean reciprocal rank over both sides: 1 when every answer comes first."""
        return float((1 / self.ranks).mean())

    def hits(self, k: int) -> float:
        """The share of right answers among the first k."""
        return float((self.ranks <= k).mean())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per triple and side: ids, side, rank, how many are better and equal, labels."""
        labels, relation_labels = self.graph.entities["label"].array, self.graph.relations["label"].array
        head, relation, tail = self.triples.T
        return pd.DataFrame(
            {
                "head": head,
                "relation": relation,
                "tail": tail,
                "side": self.sides,
                "rank": self.ranks,
                "better": self.better,
                "equal": self.equal,
                "head_label": labels.take(head),
                "relation_label": relation_labels.take(relation),
                "tail_label": labels.take(tail),
            }
        )

    def by_relation(self) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 of each relation that was ranked, most frequent first."""
        table = self._summarise(self.triples[:, 1])
        table.insert(0, "label", self.graph.relations["label"].array.take(table.index.to_numpy()))
        return table.rename_axis("relation").sort_values("ranks", ascending=False, kind="stable")

    def by_side(self) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 where the head was asked for, and where the tail was."""
        return self._summarise(self.sides).rename_axis("side")

    def _summarise(self, groups: np.ndarray) -> pd.DataFrame:
        columns = {"ranks": np.ones_like(self.ranks), "MRR": 1 / self.ranks}
        columns |= {f"Hits@{k}": (self.ranks <= k).astype(float) for k in HITS}
        grouped = pd.DataFrame(columns).groupby(groups)
        return grouped.mean().assign(ranks=grouped.size())

    def __repr__(self) -> str:
        figures = [f"MRR {self.mrr:.3f}", *(f"Hits@{k} {self.hits(k):.3f}" for k in HITS)]
        filtered = "nothing filtered" if self.known is None else f"filtered by {self.known:,} known triples"
        return "\n".join(
            [
                "RankReport: " + ", ".join(figures),
                f"  {len(self.ranks):,} ranks: {len(self.ranks) // 2:,} triples, head and tail asked for",
                f"  all {len(self.graph.entities):,} entities are candidates, {filtered}, ties by {self.ties} rank",
                f"  {self.unseen:,} triples hold an entity that training never saw; they are kept",
            ]
        )
