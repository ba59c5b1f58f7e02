"""What a ranker answers first beside what is known: the few answers that are worth reading again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.ranking.answers import AnswerScores, Ranker, find_asked_steps, prepare_answers
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.graph.joins import Steps, expand_ranges

MEMORY = 0.5  # GiB of scores at once
Found = tuple[Float[Tensor, "query entity"], Int[Tensor, "query place"]]


@dataclass(frozen=True, eq=False)
class FirstAnswers:
    """The first `top` answers of a ranker to a query, those left out that are known already.

    Equal scores are not cut apart: answers that score as high as the first one left over are left over with it, so
    that there may be fewer than `top`, and none of a ranker that tells no answers apart.

    Args:
        ranker: whose answers these are.
        facts: what is known, walked both ways.
        top: how many answers.
    """

    ranker: Ranker
    facts: Steps
    top: int
    _answers: tuple[AnswerScores, torch.device] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_answers", prepare_answers(self.ranker))

    @property
    def device(self) -> torch.device:
        """Where the ranker scores."""
        return self._answers[1]

    def find(self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int) -> Found:
        """The ranker's scores of all entities, and the first answers, best first, then −1.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        score_answers, device = self._answers
        scores = score_answers(known.to(device), relation.to(device), tails)
        step = find_asked_steps(relation, tails, self.facts.relations)
        begin, counts = self.facts.find(step, known.cpu().numpy())
        row = torch.from_numpy(np.repeat(np.arange(len(step)), counts)).to(device)
        unknown = scores.clone()
        unknown[row, torch.from_numpy(self.facts.end[expand_ranges(begin, counts)]).to(device)] = -torch.inf
        values, entities = unknown.topk(min(self.top + 1, unknown.shape[1]), dim=1)
        best_left = values[:, self.top :] if values.shape[1] > self.top else torch.full_like(values[:, :1], -torch.inf)
        return scores, torch.where(values > best_left, entities, -1)[:, : self.top]

    def find_all(
        self, known: Int[np.ndarray, " query"], step: Int[np.ndarray, " query"]
    ) -> Int[np.ndarray, "query place"]:
        """The first answers of many queries, block by block.

        Args:
            known: the entity given in each query.
            step: the relation that asks for the tail, or relation + relations, which asks for the head; ascending.
        """
        found = []
        rows = rows_at_once(self.facts.entities, MEMORY, self.device)
        for start in range(0, len(step), rows):
            block = slice(start, start + rows)
            tails = int((step[block] < self.facts.relations).sum())
            asked = torch.from_numpy(known[block]), torch.from_numpy(step[block] % self.facts.relations)
            found.append(self.find(*asked, tails=tails)[1].cpu().numpy())
        return np.concatenate(found)


class KeptAnswers:
    """What a ranker was asked, and what it gave, so that ranking once more does not ask once more.

    Args:
        answers: whom to ask first.
    """

    def __init__(self, answers: FirstAnswers | KeptAnswers) -> None:
        self._source = answers
        self._given: dict[tuple[bytes, bytes, int], tuple[Tensor, Tensor, int, Found]] = {}

    @property
    def device(self) -> torch.device:
        """Where the ranker scores."""
        return self._source.device

    def find(self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int) -> Found:
        """As `FirstAnswers.find` gives it."""
        key = known.cpu().numpy().tobytes(), relation.cpu().numpy().tobytes(), tails
        if key not in self._given:
            self._given[key] = (known, relation, tails, self._source.find(known, relation, tails=tails))
        return self._given[key][-1]

    def asked(self) -> Iterator[tuple[Tensor, Tensor, int, Found]]:
        """Each block of queries (known, relation, tails) and what was found."""
        yield from self._given.values()
