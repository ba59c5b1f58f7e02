"""How well the words of a query fit a passage: BM25."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Float, Int
from kgwb.checks import expect_number, expect_share
from kgwb.learn.measures.ranked_lists import expect_numbers

_CALL = "kgwb.learn.score_bm25(query_counts, passage_counts)"


def score_bm25(
    queries: Float[np.ndarray, "query term"] | Int[np.ndarray, "query term"],
    passages: Float[np.ndarray, "passage term"] | Int[np.ndarray, "passage term"],
    *,
    k1: int | float = 1.2,
    b: int | float = 0.75,
) -> Float[np.ndarray, "query passage"]:
    """How well each passage fits each query, by the terms both hold: BM25.

    score(q, p) = Σ_t q_t · idf(t) · c_pt (k1 + 1) / (c_pt + k1 (1 − b + b |p| / mean |p|)), where c_pt counts term t in
    passage p, and idf(t) = ln(1 + (N − n_t + ½) / (n_t + ½)) for a term that n_t of N passages hold (Robertson and
    Zaragoza, 2009, "The probabilistic relevance framework"; this idf, which is never negative, is Lucene's). A term
    may be a word or an entity.

    Args:
        queries: how often each query holds each term, or a weight, [query, term].
        passages: how often each passage holds it, [passage, term].
        k1: how soon a further occurrence counts less; with 0 only the first counts.
        b: how far long passages are marked down, from 0 to 1.

    Raises:
        TypeError: for what is no table of numbers.
        ValueError: the two have not the same terms, k1 is below 0 or b no share.

    Example:
        >>> score_bm25(np.array([[1, 0]]), np.array([[1, 3], [0, 4], [2, 2]])).round(2).tolist()
        [[0.47, 0.0, 0.65]]
    """
    asked, held = (
        expect_numbers(name, each, call=_CALL) for name, each in (("queries", queries), ("passages", passages))
    )
    if asked.shape[1] != held.shape[1]:
        raise ValueError(
            f"The queries have {asked.shape[1]:,} terms and the passages {held.shape[1]:,}. Expected the same, as one "
            f"vectorizer counts them; type {_CALL}."
        )
    expect_number("k1", k1, usual=1.2, least=0)
    expect_share("b", b, usual=0.75)
    return asked @ weigh_terms(held, k1=k1, b=b).T


def weigh_terms(
    passages: Float[np.ndarray, "passage term"], *, k1: int | float = 1.2, b: int | float = 0.75
) -> Float[np.ndarray, "passage term"]:
    """What each term of each passage adds to BM25, where a query holds it once."""
    count, holding = len(passages), (passages > 0).sum(axis=0)  # [term]
    idf = np.log1p((count - holding + 0.5) / (holding + 0.5))
    length = passages.sum(axis=1, keepdims=True)
    slack = k1 * (1 - b + b * length / max(float(length.mean()), 1e-12)) if count else length
    return idf * passages * (k1 + 1) / np.where(passages > 0, passages + slack, 1.0)
