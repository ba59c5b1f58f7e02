"""Several ways to find passages in one: the sum of their standardised scores, and its weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from kgwb.axes import Float
from kgwb.checks import expect_at_least, expect_each, expect_kind
from kgwb.learn.measures.ranked_lists import Gains, expect_judged, expect_numbers
from kgwb.packages import load_package
from kgwb.words import quote_value

_ADD = "kgwb.learn.add_standardised({'words': words, 'meaning': meaning})"
_CHOOSE = "kgwb.learn.choose_weights({'words': words, 'meaning': meaning}, relevant)"


def add_standardised(
    scores: Mapping[str, Float[np.ndarray, "query passage"]], weights: Mapping[str, int | float] | None = None
) -> Float[np.ndarray, "query passage"]:
    """The sum of several scores, each less its mean over the passages and divided by its standard deviation.

    s(q, p) = Σ_i w_i (s_i(q, p) − mean_p s_i(q, p)) / std_p s_i(q, p) (Lee, 1995, "Combining multiple evidence from different
    properties of weighting schemes", compares such sums). Where a way scores all passages of a query alike, it adds nothing.

    Args:
        scores: by name, each [query, passage].
        weights: of each name; without any all are 1.

    Raises:
        TypeError: for what are no scores or no weights.
        ValueError: no scores came, their shapes differ, or the weights are of other names or below 0.

    Example:
        >>> words, meaning = np.array([[0.0, 8.0, 4.0]]), np.array([[0.3, 0.2, 0.1]])
        >>> add_standardised({"words": words, "meaning": meaning}, {"words": 1, "meaning": 2}).round(2).tolist()
        [[1.22, 1.22, -2.45]]
    """
    tables = _list_scores(scores, call=_ADD)
    weights = dict.fromkeys(tables, 1.0) if weights is None else weights
    expect_kind(weights, Mapping, "A mapping of names to weights", call=_ADD)
    if set(weights) != set(tables):
        raise ValueError(
            f"Weights of {_name(weights)} came for scores of {_name(tables)}. Expected one for each; type {_ADD}."
        )
    for name, weight in weights.items():
        expect_at_least(f"weights[{name!r}]", weight, 0)
    return _add({name: _standardise(table) for name, table in tables.items()}, weights)


def choose_weights(
    scores: Mapping[str, Float[np.ndarray, "query passage"]],
    relevant: Gains,
    *,
    grid: Sequence[int | float] = (0.0, 1.0, 2.0),
    k: int = 10,
) -> dict[str, float]:
    """The weights whose sum of standardised scores has the highest mean nDCG@k; of several, those tried first.

    Measure with other queries than those that the weights were chosen on.

    Args:
        scores: by name, each [query, passage].
        relevant: the gain of each passage, [query, passage].
        grid: the weights that are tried for each name; multiples of one choice are tried once.
        k: places that are looked at.

    Raises:
        TypeError: for what are no scores, gains or weights.
        ValueError: no scores came, shapes differ, or the grid holds nothing above 0.
        ImportError: scikit-learn is not installed; gives the line that installs it.

    Example:
        >>> words, meaning = np.array([[0.0, 8.0, 4.0]]), np.array([[0.3, 0.2, 0.1]])
        >>> choose_weights({"words": words, "meaning": meaning}, np.array([[1, 0, 0]]))
        {'words': 0.0, 'meaning': 1.0}
    """
    tables = _list_scores(scores, call=_CHOOSE)
    tried = expect_each(grid, (int, float), "A weight", call=_CHOOSE)
    for weight in tried:
        expect_at_least("grid", weight, 0)
    if not any(tried):
        raise ValueError(f"grid={quote_value(grid)} came, with no weight above 0. Type {_CHOOSE}.")
    expect_at_least("k", k, 1, whole=True)
    _, gains = expect_judged(next(iter(tables.values())), relevant, call=_CHOOSE)
    asked = gains.any(axis=1)
    if not asked.any():
        raise ValueError(f"No query has a relevant passage. Expected one at least; type {_CHOOSE}.")
    metrics = load_package("sklearn.metrics", "Measuring a ranking", install="scikit-learn")
    steady = {name: _standardise(table[asked]) for name, table in tables.items()}
    best: tuple[float, dict[str, float]] = (-1.0, {})
    seen: set[tuple[float, ...]] = set()
    for choice in product(map(float, tried), repeat=len(tables)):
        direction = tuple(round(each / (sum(choice) or 1.0), 9) for each in choice)
        if not any(choice) or direction in seen:
            continue
        seen.add(direction)
        weights = dict(zip(tables, choice, strict=True))
        found = float(metrics.ndcg_score(gains[asked], _add(steady, weights), k=k, ignore_ties=True))
        if found > best[0] + 1e-12:
            best = (found, weights)
    return best[1]


def _standardise(table: Float[np.ndarray, "query passage"]) -> Float[np.ndarray, "query passage"]:
    spread = table.std(axis=1, keepdims=True)
    return np.divide(table - table.mean(axis=1, keepdims=True), spread, out=np.zeros_like(table), where=spread > 1e-12)


def _add(tables: Mapping[str, np.ndarray], weights: Mapping[str, int | float]) -> Float[np.ndarray, "query passage"]:
    parts = [weights[name] * table for name, table in tables.items()]
    return np.sum(parts, axis=0)


def _list_scores(scores: object, *, call: str) -> dict[str, Float[np.ndarray, "query passage"]]:
    expect_kind(scores, Mapping, "A mapping of names to scores", call=call)
    given: Mapping[Any, Any] = scores  # type: ignore[assignment] # checked above
    tables = {name: expect_numbers(f"scores[{quote_value(name)}]", each, call=call) for name, each in given.items()}
    shapes = {table.shape for table in tables.values()}
    if len(shapes) != 1:
        raise ValueError(
            f"Scores of the shapes {sorted(shapes)} came. Expected one shape, [query, passage]; type {call}."
        )
    return tables


def _name(given: Mapping[str, Any]) -> str:
    return ", ".join(map(quote_value, given)) or "nothing"
