"""Ranks and what follows from them: mean reciprocal rank, Hits@k, and the protocol they were taken by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_choice, expect_kind
from kgwb.citation import MACHINE, NOT_RECORDED, list_machine
from kgwb.embed.queries import CARDINALITIES, Known, expect_ids, find_distinct, name_cardinalities, read_ids
from kgwb.embed.ranking.bootstrap import bootstrap_intervals
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import spell_triples
from kgwb.words import count_things

HITS = (1, 3, 10)
FIGURES = ["MRR", *(f"Hits@{k}" for k in HITS)]
Ties = Literal["mean", "best", "worst"]
TIES: tuple[Ties, ...] = ("mean", "best", "worst")


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
        known: the triples of the filter, [known, 3]; None where nothing was filtered.
        unseen: ranked triples that hold an entity which training never saw; None where that is not known.
        outranked_by: the best candidates that score higher than the right answer, best first, then -1, [rank, above];
            None where `rank_triples` was not asked for them.
        trained: ranked triples that training learnt from, whose ranks show memory; None where that is not known.
        made: part -> with what and of what the ranking was made, as `kgwb.cite` tells it.
    """

    graph: KnowledgeGraph
    triples: Int[np.ndarray, "rank 3"]
    sides: np.ndarray
    better: Int[np.ndarray, " rank"]
    equal: Int[np.ndarray, " rank"]
    ties: Ties
    known: Int[np.ndarray, "known 3"] | None
    unseen: int | None
    outranked_by: Int[np.ndarray, "rank above"] | None = None
    trained: int | None = None
    made: Mapping[str, str] = field(default_factory=dict)

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
        """The share of right answers among the first k.

        Raises:
            ValueError: k is no whole number, at least 1.
        """
        expect_at_least("k", k, 1, whole=True)
        return float((self.ranks <= k).mean())

    def with_ties(self, ties: Ties) -> RankReport:
        """The same ranking, with the "mean", "best" or "worst" rank among equals; nothing is scored again."""
        expect_choice("ties", ties, TIES)
        return replace(self, ties=ties)

    def intervals(self, level: int | float = 0.95, *, samples: int = 1000, seed: int = 0) -> pd.DataFrame:
        """How far MRR and Hits@1, 3, 10 would move had other triples been drawn: value, low and high of each.

        Percentile bootstrap over triples, of which each brings both of its ranks (Efron, 1979). It says nothing about
        other seeds of training.

        Args:
            level: the share of resampled figures between low and high.
            samples: how often the triples are drawn anew, with replacement.
            seed: of the draws.
        """
        return bootstrap_intervals(self._figures, FIGURES, level=level, samples=samples, seed=seed)

    def compare(
        self, other: RankReport, level: int | float = 0.95, *, samples: int = 1000, seed: int = 0
    ) -> pd.DataFrame:
        """How much better this ranking is than another of the same triples, with the interval of the difference.

        The paired bootstrap: both rankings are resampled together, so what makes a triple hard for both cancels.

        Args:
            other: a ranking of the same triples in the same order, by another model or protocol.
            level: the share of resampled differences between low and high.
            samples: how often the triples are drawn anew, with replacement.
            seed: of the draws.

        Raises:
            ValueError: other triples were ranked.
            TypeError: the other is no ranking.
        """
        call = "ranks.compare(rank_triples(other_model, split.test, known=split.known))"
        expect_kind(other, RankReport, "A RankReport", call=call)
        if self.graph.fingerprint != other.graph.fingerprint or not np.array_equal(self.triples, other.triples):
            raise ValueError(
                "The two reports rank different triples. Type rank_triples(model, split.test, known=split.known) for "
                "both models, with the same split."
            )
        difference = self._figures - other._figures
        return bootstrap_intervals(difference, FIGURES, level=level, samples=samples, seed=seed)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per triple and side: ids, side, rank, how many are better and equal, labels.

        Where `rank_triples` was asked for it, `outranked_by` holds the labels of the best candidates that score higher
        than the right answer, best first; candidates that score the same are counted in `equal` only.
        """
        labels, relation_labels = self.graph.entities["label"].array, self.graph.relations["label"].array
        head, relation, tail = self.triples.T
        frame = pd.DataFrame(
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
        if self.outranked_by is not None:
            names = self.graph.labels
            frame["outranked_by"] = [
                tuple(names[entity] for entity in above if entity >= 0) for above in self.outranked_by.tolist()
            ]
        return frame

    def by_relation(self) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 of each relation that was ranked, most frequent first."""
        table = self._summarise(self.triples[:, 1])
        table.insert(0, "label", self.graph.relations["label"].array.take(table.index.to_numpy()))
        return table.rename_axis("relation").sort_values("ranks", ascending=False, kind="stable")

    def by_side(self) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 where the head was asked for, and where the tail was."""
        return self._summarise(self.sides).rename_axis("side")

    def by_cardinality(self) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 of relations that are 1-1, 1-N, N-1 and N-N, for heads and for tails.

        A side is N where a query has 1.5 answers or more on average: 1-N when a head has many tails (Bordes et
        al., 2013). Answers are counted over the triples of the filter, or over the graph's where there was no
        filter, and over those ranked. `relations` counts the relations behind each row.
        """
        facts = self.graph.triples if self.known is None else self.known
        facts = find_distinct(np.concatenate([facts, self.triples]), len(self.graph.entities))
        kinds = pd.Categorical(name_cardinalities(facts, len(self.graph.relations)), CARDINALITIES, ordered=True)
        kind = kinds.take(self.triples[:, 1])
        table = self._summarise([kind, self.sides]).rename_axis(["cardinality", "side"])
        relations = pd.Series(self.triples[:, 1]).groupby([kind, self.sides], observed=True).nunique()
        table.insert(0, "relations", relations.to_numpy())
        return table

    def by_degree(self, triples: Known, *, of: Literal["answer", "known"] = "answer") -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 by how many triples an entity stands in: rare entities first.

        Bins double, so that each holds entities of like degree: 0, 1, 2 to 3, 4 to 7, 8 to 15 and so on; a self-loop
        counts once per side.

        Args:
            triples: where to count; usually `split.train`, so that 0 are the entities that training never saw.
            of: the entity whose degree counts: the "answer" that was asked for, or the one that was "known".
        """
        expect_choice("of", of, ("answer", "known"))
        counted = read_ids(triples)
        expect_ids(self.graph, "triples", counted)
        degrees = np.bincount(counted[:, (0, 2)].ravel(), minlength=len(self.graph.entities))
        column = np.where((self.sides == "head") == (of == "answer"), 0, 2)
        entities = self.triples[np.arange(len(column)), column]
        return self._summarise(bin_degrees(degrees[entities])).rename_axis(f"degree of the {of}")

    @cached_property
    def _figures(self) -> Float[np.ndarray, "triple figure"]:
        """Each triple's share in MRR and Hits@k, its two ranks taken together."""
        each = np.stack([1 / self.ranks, *((self.ranks <= k).astype(float) for k in HITS)], axis=1)
        return each.reshape(2, -1, len(FIGURES)).mean(0)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        figures, *protocol = [line.strip() for line in repr(self).removeprefix("RankReport: ").splitlines()]
        ranked = self.triples[: len(self.ranks) // 2]
        by = {part: value for part, value in self.made.items() if part not in MACHINE} or {"ranked by": NOT_RECORDED}
        return {
            "run": f"a ranking of {count_things(len(ranked), 'triple')} of the knowledge graph {self.graph.name!r}",
            "figures": figures,
            "protocol": "; ".join(protocol),
            **list_machine(self.made),
            "graph": describe_content(self.graph),
            "ranked": spell_triples(ranked),
            "known triples": "no filter" if self.known is None else spell_triples(self.known),
            **by,
        }

    @cached_property
    def _usual_intervals(self) -> pd.DataFrame:
        return self.intervals()

    def _summarise(self, groups: np.ndarray | pd.Categorical | Sequence[object]) -> pd.DataFrame:
        columns = {"ranks": np.ones_like(self.ranks), "MRR": 1 / self.ranks}
        columns |= {f"Hits@{k}": (self.ranks <= k).astype(float) for k in HITS}
        grouped = pd.DataFrame(columns).groupby(groups, observed=True)
        return grouped.mean().assign(ranks=grouped.size())

    def _say_filter(self) -> str:
        if self.known is None:
            return "nothing filtered"
        entities, parts = len(self.graph.entities), [self.known, self.graph.triples, self.triples]
        known, true = len(find_distinct(self.known, entities)), len(find_distinct(np.concatenate(parts), entities))
        forgotten = f"; {true - known:,} of the graph's are not among them" if true > known else ""
        return f"filtered by {count_things(known, 'known triple')}{forgotten}"

    def _say_ties(self) -> str:
        tied = int((self.equal > 0).sum())
        if not tied:
            return f"ties by {self.ties} rank, and there are none"
        worst, best = (self.with_ties(ties).mrr for ties in ("worst", "best"))
        return (
            f"ties by {self.ties} rank: {count_things(tied, 'rank')} tied, MRR {worst:.3f} (worst) to {best:.3f} (best)"
        )

    def _say_unseen(self) -> str:
        if self.unseen is None:
            return "which entities training saw is not known; all triples are kept"
        verb = "holds" if self.unseen == 1 else "hold"
        return f"{count_things(self.unseen, 'triple')} {verb} an entity that training never saw; all are kept"

    def _say_trained(self) -> list[str]:
        ranked = count_things(len(self.ranks) // 2, "ranked triple")
        if self.trained:
            verb = "was" if self.trained == 1 else "were"
            return [
                f"  {self.trained:,} of {ranked} {verb} trained on: their ranks show memory; train on split, not on graph"
            ]
        unknown = self.trained is None and self.unseen is not None  # else the line above says it
        return [f"  whether any of {ranked} was trained on is not known"] if unknown else []

    def __repr__(self) -> str:
        low, high = self._usual_intervals.loc["MRR", ["low", "high"]]
        interval = f"({low:.3f} to {high:.3f}, 95 % bootstrap over triples)"
        hits = ", ".join(f"Hits@{k} {self.hits(k):.3f}" for k in HITS)
        return "\n".join(
            [
                f"RankReport: MRR {self.mrr:.3f} {interval}, {hits}",
                f"  {len(self.ranks):,} ranks: {count_things(len(self.ranks) // 2, 'triple')}, head and tail asked for",
                f"  all {count_things(len(self.graph.entities), 'entity')} are candidates, {self._say_filter()}",
                f"  {self._say_ties()}",
                f"  {self._say_unseen()}",
                *self._say_trained(),
            ]
        )


def bin_degrees(degrees: Int[np.ndarray, " entity"]) -> pd.Categorical:
    """The bin of each degree, in order: 0, 1, 2 to 3, 4 to 7, each bin twice as wide as the one before.

    Example:
        >>> bin_degrees(np.array([0, 1, 3, 4])).tolist()
        ['0', '1', '2 to 3', '4 to 7']
    """
    number = np.frexp(degrees)[1]  # how many binary digits the degree has
    ends = [(2**digits // 2, 2**digits - 1) for digits in range(int(number.max(initial=0)) + 1)]
    names = [f"{first:,}" if first == last else f"{first:,} to {last:,}" for first, last in ends]
    return pd.Categorical.from_codes(number, names, ordered=True)
