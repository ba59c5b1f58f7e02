"""The models of one attribute, learnt from some entities and asked about others, and how they are mixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kgwb.axes import Float, Int
from kgwb.embed.attributes.features import NEAREST, Evidence
from kgwb.embed.attributes.scale import Scale
from kgwb.packages import load_package

MODELS = ("median", *(f"{count} nearest" for count in NEAREST), "trees", "ridge")
_TREES = 60
_ROUNDS = 10
_OUTER = (0.01, 0.99)  # a target beyond these quantiles pulls a squared error no harder
_PENALTIES = 10.0 ** np.arange(0, 6)
_CLOSE = len(NEAREST) + 4  # the features that come first, those over all steps
_STEADY = 0.2  # so many standard deviations are added to the trees' disagreement, which may be nothing by chance


@dataclass(frozen=True, eq=False)
class Predictions:
    """What models learnt from some entities say of others, on the attribute's scale.

    Attributes:
        means: each model's prediction, in the order of their names.
        spread: how far apart the truth may lie, up to a factor common to all.
    """

    means: Float[np.ndarray, "model asked"]
    spread: Float[np.ndarray, " asked"]


def predict_median(target: Float[np.ndarray, " learnt"], asked: int) -> Predictions:
    """The same for all: the median of what is known."""
    return Predictions(np.full((1, asked), np.median(target)), np.ones(asked))


def predict_rows(
    evidence: Evidence,
    fixed: Float[np.ndarray, "row feature"],
    rows: Int[np.ndarray, " row"],
    target: Float[np.ndarray, " learnt"],
    *,
    learn: Int[np.ndarray, " learnt"],
    asked: Int[np.ndarray, " asked"],
    seed: int,
) -> Predictions:
    """What each of the models says of some rows, learnt from others: no other value of the attribute is looked at.

    The trees are extremely randomised (Geurts, Ernst & Wehenkel, 2006); their disagreement, steadied by a share of the
    attribute's own deviation, is the spread (Boström, Linusson, Löfström & Johansson, 2017, "Accelerating difficulty
    estimation for conformal regression forests").

    Args:
        evidence: what is known of entities.
        fixed: what it says of each row that does not depend on the attribute.
        rows: the entities.
        target: the values to learn from, on their scale.
        learn: at which rows these are.
        asked: the rows to predict.
        seed: of the trees.
    """
    values = np.full(len(evidence.vectors), np.nan)
    values[rows[learn]] = target
    found = evidence.describe_known(values, rows)
    clipped = np.clip(target, *np.quantile(target, _OUTER))
    features = _fill_gaps(np.concatenate([found, fixed], axis=1), learn)
    parts = [_fill_gaps(found[:, :_CLOSE], learn), evidence.vectors[rows], evidence.texts[rows]]
    close = np.concatenate(parts, axis=1)  # few enough for a line
    each = _fit_trees(features[learn], clipped, features[asked], seed)  # [tree, asked]
    line = _make_ridge().fit(close[learn], clipped).predict(close[asked])
    ridge = np.clip(line, clipped.min(), clipped.max())  # a little further on a logarithm's scale is far away
    median = np.full(len(asked), np.median(target))
    deviation = float(clipped.std()) or 1.0
    means = np.stack([median, *found[asked, : len(NEAREST)].T, each.mean(0), ridge])
    return Predictions(means, each.std(0) + _STEADY * deviation)


def mix_models(
    means: Float[np.ndarray, "model known"], values: Float[np.ndarray, " known"], scale: Scale
) -> Float[np.ndarray, " model"]:
    """How much of each model to take so that the mixture's absolute error is small, in the attribute's own unit.

    Models are added one by one, always the one that helps most, again and again (Caruana, Niculescu-Mizil, Crew &
    Ksikes, 2004, "Ensemble selection from libraries of models").

    Example:
        >>> mix_models(np.array([[0.0, 0.0], [2.0, 4.0]]), np.array([1.0, 2.0]), Scale())
        array([0.5, 0.5])
    """
    chosen, total = np.zeros(len(means)), np.zeros(means.shape[1])
    best, least = chosen, np.inf
    for size in range(1, _ROUNDS + 1):
        errors = np.abs(scale.back((total + means) / size) - values).mean(1)  # [model]
        added = int(errors.argmin())
        chosen = chosen + (np.arange(len(means)) == added)
        total = total + means[added]
        if errors[added] < least:
            best, least = chosen / size, errors[added]
    return best


def _fill_gaps(
    features: Float[np.ndarray, "row feature"], learn: Int[np.ndarray, " learnt"]
) -> Float[np.ndarray, "row held"]:
    """The median of the learnt rows where a number is missing; without the features that none of these has."""
    held = features[:, np.isfinite(features[learn]).any(0)]
    return np.where(np.isfinite(held), held, np.nanmedian(held[learn], axis=0))


def _fit_trees(
    features: Float[np.ndarray, "learnt feature"],
    target: Float[np.ndarray, " learnt"],
    asked: Float[np.ndarray, "asked feature"],
    seed: int,
) -> Float[np.ndarray, "tree asked"]:
    ensemble = _load("ensemble")
    trees = ensemble.ExtraTreesRegressor(
        _TREES, min_samples_leaf=3, max_features=0.3, random_state=seed % 2**32, n_jobs=torch.get_num_threads()
    )
    trees.fit(features, target)
    return np.stack([tree.predict(asked) for tree in trees.estimators_])


def _make_ridge() -> Any:
    scaler, ridge = _load("preprocessing").StandardScaler(), _load("linear_model").RidgeCV(_PENALTIES)
    return _load("pipeline").make_pipeline(scaler, ridge)


def _load(module: str) -> Any:
    return load_package(f"sklearn.{module}", "Filling attributes", install="scikit-learn")
