"""The best of all triples that there could be, of which only the few best are ever held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.candidates import CandidateSets
from kgwb.embed.named_facts import is_known
from kgwb.embed.queries import Queries, find_answers, find_distinct, group_queries
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.graph.splitting import Split

# (heads, relation, tails) -> the score of each pair, to be written on.
PairScores = Callable[[Int[np.ndarray, " head"], int, Int[np.ndarray, " tail"]], Float[Tensor, "head tail"]]


@dataclass(eq=False)
class BestTriples:
    """The `count` triples of the highest value so far; of equals those first by relation, head and tail.

    Attributes:
        count: how many are held.
        triples: best first, [held, 3].
        values: theirs, less the centre they were taken with, [held].
        scores: theirs, [held].
    """

    count: int
    triples: Int[np.ndarray, "held 3"] = field(default_factory=lambda: np.empty((0, 3), dtype=np.int64))
    values: Float[np.ndarray, " held"] = field(default_factory=lambda: np.empty(0))
    scores: Float[np.ndarray, " held"] = field(default_factory=lambda: np.empty(0))

    @property
    def bar(self) -> float:
        """What a triple must exceed to come in."""
        return float(self.values[-1]) if len(self.values) == self.count else -np.inf

    def consider(
        self,
        scores: Float[Tensor, "head tail"],
        *,
        heads: Int[np.ndarray, " head"],
        relation: int,
        tails: Int[np.ndarray, " tail"],
        centre: int | float,
    ) -> None:
        """Take in those of a block that are good enough; blocks come by relation and head, ascending.

        Args:
            scores: minus infinity for what must not come in.
            heads: of the rows, ascending.
            relation: of them all.
            tails: of the columns, ascending.
            centre: what a score is worth nothing at.
        """
        rows, columns = (part.cpu().numpy() for part in self._find_good(scores, self.bar + centre))
        found = scores[rows, columns].cpu().numpy().astype(np.float64)
        values = found - centre
        kept = values > self.bar  # on the way to it, the bar was rounded
        order = np.flatnonzero(kept)[np.argsort(-values[kept], kind="stable")[: self.count]]
        new = np.stack([heads[rows[order]], np.full(len(order), relation), tails[columns[order]]], axis=1)
        # What is held came earlier, so a stable order leaves it before its equals.
        values, scored = np.append(self.values, values[order]), np.append(self.scores, found[order])
        best = np.argsort(-values, kind="stable")[: self.count]
        self.triples = np.concatenate([self.triples, new])[best]
        self.values, self.scores = values[best], scored[best]

    def _find_good(self, scores: Float[Tensor, "head tail"], least: int | float) -> tuple[Tensor, Tensor]:
        """Rows and columns of the scores that may exceed `least`, in order; few are looked at twice."""
        if least == -np.inf and scores.numel() > self.count:
            least = float(scores.flatten().topk(self.count).values[-1])
        exact = np.float32 if scores.dtype == torch.float32 else np.float64
        lowest = float(np.nextafter(exact(least), exact(-np.inf)))  # what rounding may have added to the bar is let in
        hopeful = (scores.amax(1) >= lowest).nonzero()[:, 0]  # mostly none
        inside = scores.index_select(0, hopeful)
        place, column = ((inside >= lowest) & (inside > -torch.inf)).nonzero().unbind(1)
        return hopeful[place], column


@dataclass(frozen=True, eq=False)
class FactMask:
    """Facts by relation and head, to be struck out of blocks of scores.

    Attributes:
        facts: as queries about tails.
        entities: how many the graph has.
    """

    facts: Queries
    entities: int

    @classmethod
    def of(cls, triples: Int[np.ndarray, "fact 3"], entities: int) -> FactMask:
        """Each of the triples once."""
        return cls(group_queries(find_distinct(triples, entities), "tail"), entities)

    def strike(
        self,
        scores: Float[Tensor, "head tail"],
        heads: Int[np.ndarray, " head"],
        relation: int,
        tails: Int[np.ndarray, " tail"],
    ) -> int:
        """Write minus infinity in place of the facts in a block; how many there are."""
        none = np.zeros(len(heads) + 1, dtype=np.int64)
        asked = Queries("tail", heads, np.full(len(heads), relation), none, none[:0], none[:0])
        answers, ends = find_answers(asked, self.facts, self.entities)
        rows = np.repeat(np.arange(len(heads)), np.diff(ends))
        place = np.minimum(np.searchsorted(tails, answers), len(tails) - 1)
        inside = tails[place] == answers
        scores[torch.from_numpy(rows[inside]), torch.from_numpy(place[inside])] = -torch.inf
        return int(inside.sum())


@dataclass(frozen=True, eq=False)
class TripleScan:
    """All triples that some relations could have, gone through by relation, head and tail.

    Attributes:
        entities: how many the graph has.
        relations: which, ascending.
        candidates: who can be head and tail; None for every entity.
        trained: what training saw.
        known: that, and everything else that is known.
        withheld: what is known and training did not see, [fact, 3].
        memory: how large a block of scores may get, in GiB.
        device: where scores are made.
    """

    entities: int
    relations: list[int]
    candidates: CandidateSets | None
    trained: FactMask
    known: FactMask
    withheld: Int[np.ndarray, "fact 3"]
    memory: int | float
    device: torch.device

    @classmethod
    def of(
        cls,
        parts: Split,
        relations: list[int],
        candidates: CandidateSets | None,
        *,
        memory: int | float,
        device: torch.device,
    ) -> TripleScan:
        """Train is what training saw; valid, test and what else the graph holds is known beside it."""
        entities = len(parts.graph.entities)
        known = np.concatenate([parts.known, parts.graph.triples])
        withheld = known[~is_known(parts.train, known, entities)]
        masks = FactMask.of(parts.train, entities), FactMask.of(known, entities)
        return cls(entities, relations, candidates, *masks, withheld, memory, device)

    def run(
        self,
        score: PairScores,
        centres: Float[np.ndarray, " relation"],
        *,
        best: BestTriples | None,
        check: BestTriples,
    ) -> tuple[int, int]:
        """Show `check` all triples that training never saw, and `best` those that are not known; how many and how many not.

        Args:
            score: of a block.
            centres: what a score of each relation is worth nothing at.
            best: takes what is not known, where it is given.
            check: takes what training never saw.

        Raises:
            ValueError: a score is not finite.
        """
        unseen = withheld = 0
        for relation in self.relations:
            heads, tails = self._find_ends(relation)
            rows = rows_at_once(len(tails), self.memory, self.device)
            for start in range(0, len(heads) if len(tails) else 0, rows):
                asked = heads[start : start + rows]
                scores = score(asked, relation, tails)
                if not scores.sum().isfinite() and not scores.isfinite().all():
                    raise ValueError("A score is not finite. Train a fresh embedding; type a lower learning_rate.")
                trained = self.trained.strike(scores, asked, relation, tails)
                centre = float(centres[relation])
                check.consider(scores, heads=asked, relation=relation, tails=tails, centre=centre)
                known = self.known.strike(scores, asked, relation, tails)
                if best is not None:
                    best.consider(scores, heads=asked, relation=relation, tails=tails, centre=centre)
                unseen, withheld = unseen + scores.numel() - trained, withheld + known - trained
        return unseen, withheld

    def count_withheld(self, triples: Int[np.ndarray, "found 3"]) -> int:
        """How many of some triples are known and training never saw them."""
        return int(is_known(self.withheld, triples, self.entities).sum())

    def _find_ends(self, relation: int) -> tuple[Int[np.ndarray, " head"], Int[np.ndarray, " tail"]]:
        if self.candidates is None:
            return np.arange(self.entities), np.arange(self.entities)
        return self.candidates.find(relation, "head"), self.candidates.find(relation, "tail")
