"""One answer to each exercise of notebook 03."""

import numpy as np

import kgwb


# %% exercise-1
def filtered_rank(scores: dict[str, float], answer: str, known: set[str]) -> float:
    others = [score for name, score in scores.items() if name != answer and name not in known]
    better = sum(score > scores[answer] for score in others)
    equal = sum(score == scores[answer] for score in others)
    return 1 + better + equal / 2


# %% exercise-2
def clean_mrr(ranks: kgwb.embed.RankReport, leaky: np.ndarray) -> float:
    return float((1 / ranks.ranks[~np.concatenate([leaky, leaky])]).mean())


# %% exercise-3
def best_accuracy(true_scores: list[float], false_scores: list[float]) -> float:
    thresholds = [*true_scores, *false_scores, float("inf")]
    right = [sum(s >= t for s in true_scores) + sum(s < t for s in false_scores) for t in thresholds]
    return max(right) / (len(true_scores) + len(false_scores))
