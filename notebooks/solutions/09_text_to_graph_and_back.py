"""One answer to each exercise of notebook 09."""

import math


# %% exercise-1
def weigh_evidence(evidence: list[float | None], weights: list[float]) -> float:
    there = [(e, w) for e, w in zip(evidence, weights, strict=True) if e is not None]
    return sum(w * e for e, w in there) / sum(w for _, w in there)


# %% exercise-2
def compare_facts(read: set[str], stated: set[str]) -> tuple[float, float]:
    both = len(read & stated)
    return both / len(read), both / len(stated)


# %% exercise-3
def choose_threshold(probabilities: list[float], right: list[bool], precision: float) -> float:
    enough = []
    for least in probabilities:
        found = [is_right for p, is_right in zip(probabilities, right, strict=True) if p >= least]
        if sum(found) / len(found) >= precision:
            enough.append(least)
    return min(enough, default=math.inf)


# %% exercise-4
def score_refusals(silence: list[float], lacks: list[bool]) -> tuple[float, float]:
    refused = [share >= 0.5 for share in silence]
    both = sum(r and lack for r, lack in zip(refused, lacks, strict=True))
    return both / sum(refused), both / sum(lacks)
