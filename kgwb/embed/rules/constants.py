"""Rules about certain entities: whoever plays for this club lives in that town.

A fan is what one step leads to from one entity: those who play for a club, or the languages of a country. Every rule here
says that what stands in one fan stands in another one too: y in fan (s, d) ⇒ y in fan (t, c), in words s(d, y) ⇒ t(c, y).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from kgwb.embed.rules.walking import Walker
from kgwb.packages import load_package

CELLS_AT_ONCE = 1 << 22  # a product is taken in blocks of about so many multiplications
MOST_RULES = 16_000_000  # those of the least support are left out first: 20 bytes each, and as much while sorting


@dataclass(frozen=True, eq=False)
class ConstantRules:
    """Rules by which what stands in the fan `given` stands in the fan `implied`; sorted by implied, then given.

    Attributes:
        implied: a fan of the walker, int32 [rule].
        given: a fan of the walker or, from the number of fans on, all starts of a step (dangling), int32 [rule].
        support: how many entities stand in both, int32 [rule].
        cases: how many stand in each given fan, int64 [fan + step].
        unjudged: how many of the implied fans there was no time for.
        dropped: how many rules were left out for want of memory.
    """

    implied: np.ndarray
    given: np.ndarray
    support: np.ndarray
    cases: np.ndarray
    unjudged: int
    dropped: int

    def __len__(self) -> int:
        return len(self.implied)


def gather_given(walker: Walker) -> Any:
    """What may be given of an entity: the fans it stands in, then the steps that it can take, CSR [fan + step, entity]."""
    sparse = load_package("scipy.sparse", "mine_rules", install="scikit-learn")
    steps = walker.steps
    step, start, _ = steps.fans
    takers = sparse.csr_matrix(
        (np.ones(len(step), dtype=np.int32), (step, start)), shape=(2 * steps.relations, steps.entities)
    )
    return sparse.vstack([walker.fans[: len(step)].astype(np.int32), takers], format="csr")


def mine_fans(walker: Walker, *, least: int, until: int | float) -> ConstantRules:
    """All such rules of at least so much support.

    Args:
        walker: the facts.
        least: the smallest support.
        until: when to stop, by `time.monotonic()`.
    """
    given = gather_given(walker)
    cases = np.diff(given.indptr).astype(np.int64)
    large = np.flatnonzero(cases >= least)
    by_entity = given[large].T.tocsr()  # [entity, given]
    fans = len(walker.steps.fan_keys)
    heads = large[large < fans]
    work = np.append(0, np.cumsum(given[heads] @ np.diff(by_entity.indptr)))
    found, begin, unjudged = [], 0, 0
    while begin < len(heads):
        if time.monotonic() > until:
            unjudged = len(heads) - begin
            break
        end = max(begin + 1, int(np.searchsorted(work, work[begin] + CELLS_AT_ONCE, side="right")) - 1)
        found.append(_pair(walker, given, by_entity, heads[begin:end], large, least))
        begin = end
    implied, other, support = (np.concatenate(parts) for parts in zip(*found, strict=True)) if found else _nothing()
    kept, dropped = _limit(support)
    return ConstantRules(implied[kept], other[kept], support[kept], cases, unjudged, dropped)


def skip_fans(walker: Walker) -> ConstantRules:
    """No rule at all, where none is wanted."""
    return ConstantRules(*_nothing(), np.diff(gather_given(walker).indptr).astype(np.int64), 0, 0)


def _nothing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    empty = np.empty(0, dtype=np.int32)
    return empty, empty, empty


def _pair(
    walker: Walker, given: Any, by_entity: Any, heads: np.ndarray, large: np.ndarray, least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(implied, given, support) of some implied fans."""
    both = given[heads] @ by_entity  # [head, given]
    often = np.flatnonzero(both.data >= least)
    head = heads[np.searchsorted(both.indptr, often, side="right") - 1]
    other, support = large[both.indices[often]], both.data[often]
    fans = len(walker.steps.fan_keys)
    # "Has a nationality ⇒ this nationality" would rest on the very fact that is asked for.
    own = other - fans == walker.steps.turn(walker.steps.fans[0][head])
    kept = np.flatnonzero((head != other) & ~own)
    kept = kept[np.lexsort((other[kept], head[kept]))]
    return head[kept].astype(np.int32), other[kept].astype(np.int32), support[kept].astype(np.int32)


def _limit(support: np.ndarray) -> tuple[np.ndarray | slice, int]:
    """Which rules are kept where there are too many, and how many are not."""
    if len(support) <= MOST_RULES:
        return slice(None), 0
    least = np.partition(support, -MOST_RULES)[-MOST_RULES]
    kept = np.flatnonzero(support > least)
    kept = kept if len(kept) else np.flatnonzero(support == least)[:MOST_RULES]
    return kept, len(support) - len(kept)
