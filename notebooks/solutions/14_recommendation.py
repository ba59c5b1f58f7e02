"""One answer to each exercise of notebook 14."""

import math


# %% exercise-1
def find_last(purchases: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    last: dict[str, tuple[str, str, str]] = {}
    for user, item, day in purchases:
        if user not in last or day > last[user][2]:
            last[user] = (user, item, day)
    return list(last.values())


# %% exercise-2
def list_popular(purchases: list[tuple[str, str]], user: str, k: int) -> list[str]:
    owned = {item for who, item in purchases if who == user}
    bought = [item for _, item in purchases if item not in owned]
    return sorted(set(bought), key=lambda item: (-bought.count(item), item))[:k]


# %% exercise-3
def score_list(ranked: list[str], bought: set[str], k: int) -> float:
    gains = [1 / math.log2(place + 1) for place in range(1, k + 1)]
    gained = sum(gain for gain, item in zip(gains, ranked, strict=False) if item in bought)
    return gained / sum(gains[: len(bought)])
