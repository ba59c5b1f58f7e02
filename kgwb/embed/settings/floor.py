"""The lowest loss there can be: a question with several right answers leaves open which of them is meant."""

from __future__ import annotations

import numpy as np

from kgwb.embed.queries import SIDES, Triples, group_queries, read_ids


def find_loss_floor(triples: Triples) -> float:
    """The softmax loss per answer, in nats, that no vectors fall below on these triples, all entities being candidates.

    Σ_q k_q ln k_q / Σ_q k_q over the distinct queries (head, relation, ?) and (?, relation, tail) with k_q answers each:
    the entropy of the uniform distribution over a query's answers, which is the best softmax there is for it.

    Args:
        triples: what is learnt from, ids as an array, a tensor or a list; usually `split.train`.

    Raises:
        ValueError: they are not rows of three whole numbers.

    Example:
        >>> find_loss_floor([[0, 0, 1], [0, 0, 2]])  # one question with two answers, two questions with one
        0.34657359027997264
    """
    ids = read_ids(triples)
    counts = np.concatenate([group_queries(ids, side).counts for side in SIDES]).astype(float)  # [query]
    return float(counts @ np.log(counts) / max(1.0, counts.sum()))
