"""One answer to each exercise of notebook 04."""

import numpy as np

from kgwb.lessons import flat_maps


# %% exercise-1
def point_trust(truth: list[str], shown: list[str], near: int) -> float:
    n = len(truth) + 1
    costs = [max(0, truth.index(point) + 1 - near) for point in shown[:near]]
    return 1 - sum(costs) / (near * (2 * n - 3 * near - 1) / 2)


# %% exercise-2
def alike_gain(near: list[list[int]], kinds: list[str], shuffled: list[str]) -> float:
    pairs = [(i, j) for i in range(len(near)) for j in near[i]]
    real = sum(kinds[i] == kinds[j] for i, j in pairs)
    twin = sum(shuffled[i] == shuffled[j] for i, j in pairs)
    return (real - twin) / len(pairs)


# %% exercise-3
def neighbours_kept(one: np.ndarray, other: np.ndarray, near: int) -> float:
    pairs = zip(flat_maps.list_near(one, near).tolist(), flat_maps.list_near(other, near).tolist(), strict=True)
    return float(np.mean([len(set(here) & set(there)) for here, there in pairs]))
