"""One answer to each exercise of notebook 08."""

import itertools


# %% exercise-1
def count_changes(before: list[bool], after: list[bool]) -> tuple[int, int]:
    pairs = list(zip(before, after, strict=True))
    return pairs.count((False, True)), pairs.count((True, False))


# %% exercise-2
def word_change(before: list[float], after: list[float]) -> float:
    gaps = [abs(b / sum(before) - a / sum(after)) for b, a in zip(before, after, strict=True)]
    return sum(gaps) / 2


# %% exercise-3
def permutation_p(differences: list[float]) -> float:
    ways = list(itertools.product([1, -1], repeat=len(differences)))
    sums = [abs(sum(sign * difference for sign, difference in zip(way, differences, strict=True))) for way in ways]
    return sum(each >= abs(sum(differences)) for each in sums) / len(ways)
