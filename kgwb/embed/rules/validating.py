"""Ranks of validation triples by several scores of the same questions, so that what is dear is done once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.queries import SIDES, find_answers, group_queries
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.graph.joins import expand_ranges


@dataclass(frozen=True, eq=False)
class AnswerBlock:
    """Some distinct queries of one side, and the answers whose ranks are wanted.

    Attributes:
        known, relation: what is given in each, int64 [query].
        tails: the first this many ask for the tail: all of them, or none.
        row, answer: query and entity of each rank, int64 [rank].
        struck: query and entity of what is filtered out, int64 [struck] each.
    """

    known: Int[Tensor, " query"]
    relation: Int[Tensor, " query"]
    tails: int
    row: Int[Tensor, " rank"]
    answer: Int[Tensor, " rank"]
    struck: tuple[Int[Tensor, " struck"], Int[Tensor, " struck"]]

    def rank(self, scores: Float[Tensor, "query entity"]) -> Float[np.ndarray, " rank"]:
        """The filtered rank of each answer, ties by mean."""
        gold = scores[self.row, self.answer][:, None]  # [rank, 1]
        others = scores.index_put(self.struck, scores.new_tensor(-torch.inf))[self.row]  # [rank, entity]
        ranks = 1 + (others > gold).sum(1).numpy() + (others == gold).sum(1).numpy() / 2
        return ranks.astype(np.float64)

    def find_rivals(self, one: Float[Tensor, "query entity"], other: Float[Tensor, "query entity"]) -> Rivals:
        """Which entities stand before an answer in some mixes of two scores and behind it in others."""
        sides = [
            (
                scores.index_put(self.struck, scores.new_tensor(-torch.inf))[self.row],
                scores[self.row, self.answer][:, None],
            )
            for scores in (one, other)
        ]
        higher, lower = ([compare(*side) for side in sides] for compare in (torch.gt, torch.lt))  # each [rank, entity]
        before = (higher[0] | higher[1]) & ~(lower[0] | lower[1])
        equal = ~(higher[0] | higher[1] | lower[0] | lower[1])
        rank, entity = ((higher[0] & lower[1]) | (lower[0] & higher[1])).nonzero().T
        return Rivals(self, before.sum(1) + equal.sum(1) / 2, rank, entity)


@dataclass(frozen=True, eq=False)
class Rivals:
    """What a rank by a mix of two scores depends on, where the mix holds something of both.

    Attributes:
        block: whose ranks these are.
        before: how many entities stand before each answer in every mix; one with both scores equal counts half, [rank].
        rank, entity: the pairs of an answer's rank and an entity where one score is higher and the other lower, rank by
            rank, [pair] each.
    """

    block: AnswerBlock
    before: Float[Tensor, " rank"]
    rank: Int[Tensor, " pair"]
    entity: Int[Tensor, " pair"]

    @cached_property
    def sizes(self) -> Int[Tensor, " rank"]:
        """How many entities each rank has among the pairs."""
        return torch.bincount(self.rank, minlength=len(self.before))

    def gather(self, scores: Float[Tensor, "query entity"]) -> Float[Tensor, " pair_and_rank"]:
        """The score of each pair's entity, and behind them that of each rank's answer."""
        block = self.block
        return torch.cat([scores[block.row[self.rank], self.entity], scores[block.row, block.answer]])

    def count_ranks(self, scores: Float[Tensor, " pair_and_rank"]) -> Float[np.ndarray, " rank"]:
        """The filtered rank of each answer by scores in the order of `gather`, ties by mean."""
        others, gold = scores[: len(self.rank)], scores[len(self.rank) :]
        against = gold.repeat_interleave(self.sizes)  # [pair]
        # Twice what each entity counts, 2 where it stands before and 1 where it stands beside; pairs come rank by rank.
        twice = (others > against).byte().add_(others >= against)
        total = torch.cat([twice.new_zeros(1, dtype=torch.int64), twice.cumsum(0)])  # [pair + 1]
        ends = self.sizes.cumsum(0)
        ranks = 1 + self.before + (total[ends] - total[ends - self.sizes]) / 2
        return ranks.numpy().astype(np.float64)


def ask_both_sides(
    asked: Int[np.ndarray, "triple 3"], facts: Int[np.ndarray, "fact 3"], entities: int
) -> Iterator[AnswerBlock]:
    """Both sides of some triples, in blocks.

    Args:
        asked: whose heads and tails are asked for.
        facts: what is known to be true and no wrong answer; it holds the triples asked.
        entities: how many there are.
    """
    for side in SIDES:
        queries = group_queries(asked, side)
        filters, ends = find_answers(queries, group_queries(facts, side), entities)
        rows = rows_at_once(2 * entities, 1, torch.device("cpu"))
        for first in range(0, len(queries), rows):
            block = np.arange(first, min(first + rows, len(queries)))
            counts, size = queries.counts[block], ends[block + 1] - ends[block]
            struck = np.repeat(np.arange(len(block)), size), filters[expand_ranges(ends[block], size)]
            yield AnswerBlock(
                torch.from_numpy(queries.known[block]),
                torch.from_numpy(queries.relation[block]),
                len(block) if side == "tail" else 0,
                torch.from_numpy(np.repeat(np.arange(len(block)), counts)),
                torch.from_numpy(queries.answers[expand_ranges(queries.offsets[block], counts)]),
                (torch.from_numpy(struck[0]), torch.from_numpy(struck[1])),
            )
