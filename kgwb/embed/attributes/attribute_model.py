"""One attribute: its values predicted fold by fold, the models mixed, and what is asked bounded by the errors seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float, Int
from kgwb.embed.attributes.features import FEW, Evidence
from kgwb.embed.attributes.intervals import bound_values
from kgwb.embed.attributes.regressors import MODELS, Predictions, mix_models, predict_median, predict_rows
from kgwb.embed.attributes.scale import Scale
from kgwb.words import count_things

_FOLDS = 10


@dataclass(frozen=True, eq=False)
class FilledAttribute:
    """One attribute of some entities, predicted.

    Attributes:
        value: in the attribute's unit.
        low: the lower end of each interval; −∞ where nothing bounds it.
        high: the upper end; ∞ where nothing bounds it.
        how: from what this was made, in words.
        error: the mean absolute error at the known values, each predicted by models that never saw it.
        median_error: that of the median, in the same folds.
    """

    value: Float[np.ndarray, " asked"]
    low: Float[np.ndarray, " asked"]
    high: Float[np.ndarray, " asked"]
    how: str
    error: float
    median_error: float


def fill_attribute(
    evidence: Evidence,
    name: str,
    known: Int[np.ndarray, " known"],
    values: Float[np.ndarray, " known"],
    asked: Int[np.ndarray, " asked"],
    *,
    scale: Scale,
    coverage: float,
    seed: int,
) -> FilledAttribute:
    """Predict an attribute of some entities from those that have it.

    Args:
        evidence: what is known of entities.
        name: the attribute.
        known: the entities that have it.
        values: theirs.
        asked: the entities to predict, none of which has it.
        scale: on which the values are even.
        coverage: how often an interval should hold the value.
        seed: of the folds and the trees.
    """
    if len(known) == 1:
        only, endless = np.full(len(asked), values[0]), np.full(len(asked), np.inf)
        return FilledAttribute(only, -endless, endless, "the only value, which bounds nothing", np.nan, np.nan)
    target, fold = scale.forward(values), _draw_folds(len(known), seed)
    parts = _predict_folds(evidence, name, np.concatenate([known, asked]), target, fold, seed=seed)
    means = np.empty((len(parts[0].means), len(known)))  # of each value by models that never saw it, [model, known]
    spread = np.empty(len(known))
    for number, part in enumerate(parts):
        means[:, fold == number] = part.means[:, : -len(asked)]
        spread[fold == number] = part.spread[: -len(asked)]
    weights = np.stack(
        [mix_models(means[:, fold != number], values[fold != number], scale) for number in range(len(parts))]
    )  # without the fold itself here too, [fold, model]
    held_out = (weights[fold] * means.T).sum(1)  # [known]
    predictions = np.stack(
        [mixture @ part.means[:, -len(asked) :] for mixture, part in zip(weights, parts, strict=True)]
    )
    spreads = np.stack([part.spread[-len(asked) :] for part in parts])
    scores = np.abs(target - held_out) / spread
    low, high = bound_values(predictions, spreads, scores, fold, coverage=coverage)
    value = np.clip(predictions.mean(0), low, high)
    return FilledAttribute(
        scale.back(value),
        np.where(np.isfinite(low), scale.back(low), -np.inf),  # that all are positive is not known either
        scale.back(high),
        _explain(values, weights.mean(0), bounded=bool(np.isfinite(high[0])), coverage=coverage),
        float(np.abs(scale.back(held_out) - values).mean()),
        float(np.abs(scale.back(means[0]) - values).mean()),
    )


def _draw_folds(count: int, seed: int) -> Int[np.ndarray, " known"]:
    """In which fold each value is left out; few values are left out one by one."""
    folds = count if count < FEW else _FOLDS
    return np.random.default_rng(seed).permutation(count) % folds


def _predict_folds(
    evidence: Evidence,
    name: str,
    rows: Int[np.ndarray, " row"],
    target: Float[np.ndarray, " known"],
    fold: Int[np.ndarray, " known"],
    *,
    seed: int,
) -> list[Predictions]:
    """What the models learnt without each fold say of it, and then of all that is asked."""
    count = len(target)
    asked = [np.append(np.flatnonzero(fold == number), np.arange(count, len(rows))) for number in range(fold.max() + 1)]
    learn = [np.flatnonzero(fold != number) for number in range(fold.max() + 1)]
    if count < FEW or (target == target[0]).all():
        return [predict_median(target[kept], len(wanted)) for kept, wanted in zip(learn, asked, strict=True)]
    fixed = evidence.describe_fixed(name, rows, rows[:count])
    return [
        predict_rows(evidence, fixed, rows, target[kept], learn=kept, asked=wanted, seed=seed)
        for kept, wanted in zip(learn, asked, strict=True)
    ]


def _explain(
    values: Float[np.ndarray, " known"], weights: Float[np.ndarray, " model"], *, bounded: bool, coverage: float
) -> str:
    count = count_things(len(values), "value")
    if (values == values[0]).all():
        how = f"all {count} are equal"
    elif len(values) < FEW:
        how = f"median of {count}, too few for a model"
    else:
        shares = sorted(zip(weights, MODELS, strict=True), key=lambda share: -share[0])
        how = f"{' + '.join(f'{weight:.0%} {model}' for weight, model in shares if weight >= 0.005)}, from {count}"
    return how if bounded else f"{how}; too few for an interval that holds {coverage:.0%}"
