"""Ranks and what follows from them: mean reciprocal rank, Hits@k, and the protocol they were taken by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.checks import expect_at_least, expect_choice, expect_kind
from kgwb.citation import MACHINE, NOT_RECORDED, list_machine
from kgwb.embed.queries import CARDINALITIES, Known, expect_ids, find_distinct, name_cardinalities, read_ids
from kgwb.embed.ranking.bootstrap import bootstrap_intervals
from kgwb.embed.ranking.protocol import say_candidates, say_filter, say_outside, say_ties, say_trained, say_unseen
from kgwb.embed.ranking.randomisation import randomise_signs
from kgwb.embed.ranking.rank_tables import HITS, Groups, bin_degrees, name_seen, summarise_ranks
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import spell_triples
from kgwb.words import count_things

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
        among: who could be an answer, in words.
        candidates: how many entities could be the answer, before the filter, [rank]; None where all could.
        outside: whether the right answer was none of them, and so ranks behind all, [rank]; None where all were.
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
    among: str = "all entities"
    candidates: Int[np.ndarray, " rank"] | None = None
    outside: Bool[np.ndarray, " rank"] | None = None

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
        """How much better this ranking is than another of the same triples, with the interval of the difference and its p.

        The paired bootstrap: both rankings are resampled together, so what makes a triple hard for both cancels. `p` is
        that of the paired randomisation test, two-sided: how likely so large a difference is where chance alone decides
        which of the two ranks a triple better; exact for few triples (see `randomise_signs`).

        Args:
            other: a ranking of the same triples in the same order, by another model or protocol.
            level: the share of resampled differences between low and high.
            samples: how often the triples are drawn anew, with replacement, and how many signs are drawn for p.
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
        table = bootstrap_intervals(difference, FIGURES, level=level, samples=samples, seed=seed)
        return table.assign(p=randomise_signs(difference, samples=samples, seed=seed))

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
        """MRR and Hits@1, 3, 10 of each relation that was ranked, most frequent first, and the MRR of each side."""
        table = self._summarise(self.triples[:, 1], sides=True)
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
        return self._summarise(bin_degrees(degrees[entities]), sides=True).rename_axis(f"degree of the {of}")

    def by_seen(self, train: Known) -> pd.DataFrame:
        """MRR and Hits@1, 3, 10 by what of a triple training saw, for heads and for tails.

        "both" are triples whose pair (head, relation) stands in some train triple and whose pair (relation, tail) does in
        another; then those of which only one does, neither, or not even the relation. Where the tail is asked for, (head,
        relation) is the query and (relation, tail) what a frequency baseline knows of its answer; for heads it is the
        other way round.

        Args:
            train: the triples that training saw; usually `split.train`.

        Returns:
            One row for each kind and side that there is, with the count of its ranks.
        """
        seen = read_ids(train)
        expect_ids(self.graph, "train", seen)
        kinds = name_seen(self.triples, seen, len(self.graph.entities))
        return self._summarise([kinds, self.sides]).rename_axis(["seen in train", "side"])

    @cached_property
    def _figures(self) -> Float[np.ndarray, "triple figure"]:
        """Each triple's share in MRR and Hits@k, its two ranks taken together."""
        each = np.stack([1 / self.ranks, *((self.ranks <= k).astype(float) for k in HITS)], axis=1)
        return each.reshape(2, -1, len(FIGURES)).mean(0)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        figures, sides, *protocol = [line.strip() for line in repr(self).removeprefix("RankReport: ").splitlines()]
        ranked = self.triples[: len(self.ranks) // 2]
        by = {part: value for part, value in self.made.items() if part not in MACHINE} or {"ranked by": NOT_RECORDED}
        return {
            "run": f"a ranking of {count_things(len(ranked), 'triple')} of the knowledge graph {self.graph.name!r}",
            "figures": f"{figures}; {sides}",
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

    def _summarise(self, groups: Groups, *, sides: bool = False) -> pd.DataFrame:
        return summarise_ranks(self.ranks, groups, sides=self.sides if sides else None)

    def _say_protocol(self) -> list[str]:
        worst, best = (self.with_ties(ties).mrr for ties in ("worst", "best"))
        candidates = say_candidates(self.graph, self.among, self.candidates)
        return [
            f"  {len(self.ranks):,} ranks: {count_things(len(self.ranks) // 2, 'triple')}, head and tail asked for",
            f"  {candidates}, {say_filter(self.graph, self.known, self.triples)}",
            *say_outside(self.outside),
            f"  {say_ties(self.ties, int((self.equal > 0).sum()), worst, best)}",
            f"  {say_unseen(self.unseen)}",
            *say_trained(self.trained, self.unseen, len(self.ranks) // 2),
        ]

    def __repr__(self) -> str:
        low, high = self._usual_intervals.loc["MRR", ["low", "high"]]
        interval = f"({low:.3f} to {high:.3f}, 95 % bootstrap over triples)"
        hits = ", ".join(f"Hits@{k} {self.hits(k):.3f}" for k in HITS)
        head, tail = (float((1 / self.ranks[self.sides == side]).mean()) for side in ("head", "tail"))
        return "\n".join(
            [
                f"RankReport: MRR {self.mrr:.3f} {interval}, {hits}",
                f"  MRR {head:.3f} where the head is asked for, {tail:.3f} where the tail is",
                *self._say_protocol(),
            ]
        )
