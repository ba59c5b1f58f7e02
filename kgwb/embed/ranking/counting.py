"""Counting the candidates above an answer: comparisons only, no sort, in blocks that stay in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor

CACHE_BYTES = 16 << 20  # on a CPU, scores are compared while they are still in the cache
RUN = 256  # bytes that are added side by side
FEW_THREADS = 4  # up to here, NumPy's comparisons on one thread outrun torch's on all of them (3.5 times on one)


@dataclass(frozen=True, eq=False)
class Counts:
    """Where some answers stand among the candidates.

    Attributes:
        better: candidates that score higher, [answer].
        equal: other candidates that score the same, [answer].
        score: the answer's own score, [answer].
    """

    better: Int[Tensor, " answer"]
    equal: Int[Tensor, " answer"]
    score: Float[Tensor, " answer"]


def count_block(
    scores: Float[Tensor, "query entity"],
    row: Int[Tensor, " answer"],
    answer: Int[Tensor, " answer"],
    filter_row: Int[Tensor, " known"],
    filtered: Int[Tensor, " known"],
    *,
    sizes: list[int],
    barred: Bool[Tensor, "query entity"] | None = None,
) -> Counts:
    """Compare each answer with all candidates of its query.

    Args:
        scores: of every entity for some queries; the known answers are struck out in place.
        row: the query that each answer belongs to: all queries' first answers, then the second ones, and so on.
        answer: the entity that is the answer.
        filter_row: the query that each known answer belongs to.
        filtered: the known answers, which are no candidates.
        sizes: how many queries have a first answer, a second one, and so on; they are the block's first rows.
        barred: the entities that are no candidates; an answer among them stands behind all candidates.

    Raises:
        ValueError: a score is not finite.
    """
    if not scores.sum().isfinite() and not scores.isfinite().all():  # the sum is cheap, and rarely large itself
        raise ValueError(
            "A score is not finite: the vectors are too large. Train a fresh embedding with a lower learning_rate; a "
            "model of your own must give every entity a finite score."
        )
    gold = scores[row, answer][:, None]  # [answer, 1]
    scores[filter_row, filtered] = -torch.inf
    if barred is not None:
        scores.masked_fill_(barred, -torch.inf)
        # Minus infinity itself would be equal to whatever is struck out, so an answer outside gets the least finite score.
        least = torch.finfo(scores.dtype).min
        gold = gold.masked_fill(barred[row, answer][:, None], least)
    # An answer that the filter does not hold is still a candidate, and equal to itself.
    own = scores[row, answer] == gold[:, 0]  # [answer]
    better, equal = torch.empty_like(row), torch.empty_like(row)
    width = padded_width(scores.shape[1])
    holds = torch.zeros(len(scores), width, dtype=torch.bool, device=scores.device)  # [query, padded], used by all
    end = 0
    for size in sizes:  # the first answers of all queries, then the second ones, ...: each a slice of rows
        part, end = slice(end, end + size), end + size
        better[part] = _count(np.greater, torch.gt, scores[:size], gold[part], holds[:size])
        equal[part] = _count(np.equal, torch.eq, scores[:size], gold[part], holds[:size])
    return Counts(better, equal - own.long(), gold[:, 0])


def padded_width(entities: int) -> int:
    """So many entities in at most 255 equal parts, each a whole number of runs: a byte counts to 255."""
    return RUN * -(-entities // RUN) if entities <= 255 * RUN else 255 * RUN * -(-entities // (255 * RUN))


def _count(
    compare_arrays: Callable[..., object],
    compare_tensors: Callable[..., object],
    rows: Float[Tensor, "answer entity"],
    gold: Float[Tensor, "answer 1"],
    holds: Bool[Tensor, "answer padded"],
) -> Int[Tensor, " answer"]:
    """In how many columns of each row a comparison holds; what pads `holds` beyond the entities stays false."""
    here = holds[:, : rows.shape[1]]  # [answer, entity]
    if rows.device.type == "cpu" and torch.get_num_threads() <= FEW_THREADS:
        compare_arrays(rows.numpy(), gold.numpy(), out=here.numpy())
    else:
        compare_tensors(rows, gold, out=here)
    parts = min(255, holds.shape[1] // RUN)
    ones = holds.view(torch.uint8).view(len(rows), parts, -1)  # [answer, part, column]
    # Parts are added byte by byte, [answer, column], and at most 255 of them never overflow: a tenth of the time.
    return ones.sum(1, dtype=torch.uint8).sum(1, dtype=torch.int64)


def rows_at_once(entities: int, memory: int | float, device: torch.device) -> int:
    """How many queries fit in a block of scores, in GiB."""
    allowed = int(min(float(memory), 2**30) * 2**30)
    if device.type == "cpu":
        allowed = min(allowed, CACHE_BYTES)
    return max(1, allowed // (4 * max(entities, RUN)))
