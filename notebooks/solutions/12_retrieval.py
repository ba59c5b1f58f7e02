"""One answer to each exercise of notebook 12."""

import math

import numpy as np


# %% exercise-1
def weigh_word(times: int, length: int, average: float, holding: int, count: int) -> float:
    k1, b = 1.2, 0.75
    idf = math.log(1 + (count - holding + 0.5) / (holding + 0.5))
    return idf * times * (k1 + 1) / (times + k1 * (1 - b + b * length / average))


# %% exercise-2
def find_around(facts: list[tuple[str, str, str]], named: set[str]) -> list[str]:
    forth = {tail for head, _, tail in facts if head in named}
    back = {head for head, _, tail in facts if tail in named}
    return sorted((forth | back) - named)


# %% exercise-3
def find_best(words: list[float], meaning: list[float]) -> int:
    both = [np.array(each) for each in (words, meaning)]
    sums = sum((each - each.mean()) / each.std() for each in both)
    return int(np.argmax(sums))
