"""Counting the candidates above an answer: comparisons only, no sort, in blocks that stay in the cache."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor

CACHE_BYTES = 16 << 20  # on a CPU, scores are compared while they are still in the cache that all cores share
CORE_BYTES = 1 << 20  # so many of them at a time, which stay in a core's own cache from one comparison to the next
MANY = 8  # more answers than this are looked up in the sorted scores: N log N operations instead of N for each
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
    few = scores.device.type == "cpu" and torch.get_num_threads() <= FEW_THREADS
    better, equal = (_count_arrays if few else _count_tensors)(scores, gold, sizes)
    return Counts(better, equal - own.long(), gold[:, 0])


def padded_width(entities: int) -> int:
    """So many entities in at most 255 equal parts, each a whole number of runs: a byte counts to 255."""
    return RUN * -(-entities // RUN) if entities <= 255 * RUN else 255 * RUN * -(-entities // (255 * RUN))


def _count_arrays(
    scores: Float[Tensor, "query entity"], gold: Float[Tensor, "answer 1"], sizes: list[int]
) -> tuple[Int[Tensor, " answer"], Int[Tensor, " answer"]]:
    """How many columns are above each answer and how many equal to it: some rows, then the next ones."""
    rows, golds, starts = scores.numpy(), gold.numpy(), np.cumsum([0, *sizes])[:-1]
    better, equal = np.empty((2, len(golds)), dtype=np.int64)
    many = sizes[MANY] if len(sizes) > MANY else 0  # the first rows have the most answers
    for row in range(many):
        ordered = np.sort(rows[row])
        places = starts[: np.count_nonzero(np.greater(sizes, row))] + row
        ends = [ordered.searchsorted(golds[places, 0], side) for side in ("left", "right")]
        better[places], equal[places] = len(ordered) - ends[1], ends[1] - ends[0]
    step = max(1, CORE_BYTES // max(1, rows.itemsize * rows.shape[1]))
    holds = np.empty((min(step, len(rows)), rows.shape[1]), dtype=bool)
    for first in range(many, len(rows), step):
        for start, size in zip(starts, sizes, strict=True):  # their first answers, then the second ones, and so on
            if size <= first:
                break
            last = min(first + step, size)
            part, here = slice(start + first, start + last), holds[: last - first]
            for compare, counts in ((np.greater, better), (np.equal, equal)):
                compare(rows[first:last], golds[part], out=here)
                counts[part] = [np.count_nonzero(row) for row in here]  # of one row: the quickest count there is
    return torch.from_numpy(better), torch.from_numpy(equal)


def _count_tensors(
    scores: Float[Tensor, "query entity"], gold: Float[Tensor, "answer 1"], sizes: list[int]
) -> tuple[Int[Tensor, " answer"], Int[Tensor, " answer"]]:
    """The same, all rows at once, on a device or on many threads."""
    width = padded_width(scores.shape[1])
    holds = torch.zeros(len(scores), width, dtype=torch.bool, device=scores.device)  # [query, padded], used by all
    better, equal = torch.empty(2, len(gold), dtype=torch.int64, device=scores.device)
    end = 0
    for size in sizes:
        part, end = slice(end, end + size), end + size
        for compare, counts in ((torch.gt, better), (torch.eq, equal)):
            compare(scores[:size], gold[part], out=holds[:size, : scores.shape[1]])
            counts[part] = _add_bytes(holds[:size])
    return better, equal


def _add_bytes(holds: Bool[Tensor, "answer padded"]) -> Int[Tensor, " answer"]:
    """How many of each row are true; what pads it beyond the entities is false."""
    parts = min(255, holds.shape[1] // RUN)
    ones = holds.view(torch.uint8).view(len(holds), parts, -1)  # [answer, part, column]
    # Parts are added byte by byte, [answer, column], and at most 255 of them never overflow: a tenth of the time.
    return ones.sum(1, dtype=torch.uint8).sum(1, dtype=torch.int64)


def rows_at_once(entities: int, memory: int | float, device: torch.device) -> int:
    """How many queries fit in a block of scores, in GiB."""
    allowed = int(min(float(memory), 2**30) * 2**30)
    if device.type == "cpu":
        allowed = min(allowed, CACHE_BYTES)
    return max(1, allowed // (4 * max(entities, RUN)))
