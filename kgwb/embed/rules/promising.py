"""Which paths to judge first: those whose rules promise to be trusted, which are also those that take the least time."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgwb.axes import Float, Int
from kgwb.embed.rules.candidates import Candidates
from kgwb.embed.rules.walking import Walker
from kgwb.graph.joins import cut, expand_ranges
from kgwb.graph.rules import DOUBT
from kgwb.packages import load_package

_ROWS_AT_ONCE = 1_000  # paths, ascending, so that they share their first steps
_ENDS_AT_ONCE = 1 << 22


def rank_by_promise(
    walker: Walker, candidates: Candidates
) -> tuple[Int[np.ndarray, "path step"], Float[np.ndarray, " path"]]:
    """The paths, the most promising first, and how many walks there are along each.

    promise = likely support ÷ (walks + 5): the trust that the best rule of a path would have, were every walk a pair of its
    own. A path that is walked along often takes long to judge, and links so many pairs that its rules are little trusted.

    Args:
        walker: the facts.
        candidates: paths of one length, and how many facts the best rule of each likely concludes.
    """
    walks = count_walks(walker, candidates.paths)
    order = np.argsort(-candidates.likely / (walks + DOUBT), kind="stable")
    return candidates.paths[order], walks[order]


def count_walks(walker: Walker, paths: Int[np.ndarray, "path step"]) -> Float[np.ndarray, " path"]:
    """How many walks there are along each path, over all entities, those that return included.

    walks = 1ᵀ A₁ A₂ … Aₙ 1, where Aᵢ[x, y] is 1 where step i leads from x to y.

    Args:
        walker: the facts.
        paths: the steps of each, all of one length.
    """
    order = np.lexsort(paths.T[::-1])
    walks = np.empty(len(paths))
    for first in range(0, len(paths), _ROWS_AT_ONCE):
        rows = order[first : first + _ROWS_AT_ONCE]
        walks[rows] = _count(walker, paths[rows])
    return walks


def _count(walker: Walker, paths: np.ndarray) -> np.ndarray:
    sparse = load_package("scipy.sparse", "mine_rules", install="scikit-learn")
    # How many walks along some first steps end at each entity, CSR [prefix, entity]; the empty prefix ends everywhere.
    ending, prefix = sparse.csr_matrix(np.ones((1, walker.steps.entities))), np.zeros(len(paths), dtype=np.int64)
    for column in paths.T[:-1]:
        pairs, prefix_of = np.unique(np.stack([prefix, column]), axis=1, return_inverse=True)
        row, fan, walks = _find_onward(walker, ending, *pairs)
        ending = sparse.csr_matrix((walks, (row, fan)), shape=(pairs.shape[1], walker.fans.shape[0])) @ walker.fans
        prefix = prefix_of
    total = np.zeros(len(paths))
    for block in cut(np.diff(ending.indptr)[prefix], _ENDS_AT_ONCE):
        row, fan, walks = _find_onward(walker, ending, prefix[block], paths[block, -1])
        total[block] = np.bincount(row, walks * walker.sizes[fan], block.stop - block.start)
    return total


def _find_onward(walker: Walker, ending: Any, prefix: np.ndarray, step: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where each prefix goes on with a step: (row, the row of `fans`, walks)."""
    size = np.diff(ending.indptr)[prefix]
    at = expand_ranges(ending.indptr[prefix].astype(np.int64), size)
    row = np.repeat(np.arange(len(prefix)), size)
    fan = walker.find_fans(np.repeat(step, size), ending.indices[at])
    leads = fan >= 0
    return row[leads], fan[leads], ending.data[at][leads]
