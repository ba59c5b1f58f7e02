"""Ranks of validation triples by several scores of the same questions, so that what is dear is done once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
