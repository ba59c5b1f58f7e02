"""For notebook 17: leaks, reasons for a guess, errors as a picture, and checks by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from kgwb.lessons.affine_vectors import AffineModel
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.pictures import Picture
from kgwb.lessons.range_pictures import draw_ranges
from kgwb.lessons.yield_guesses import fit_chosen_ridge, fit_lasso
from kgwb.lessons.yields import FOLDS, OWN, TERMS, Market, draw_folds, list_path_numbers, read_yields, share_explained

Pairs = list[tuple[str, str]]
_ROW = 24.0


def measure_leaks(market: Market, *, seeds: int = 5) -> pd.DataFrame:
    """R² of ridge regression that may read yields it should not: by kind, what is read, and seed.

    Own numbers of a stock, and the mean yield of the funds that hold it; those of a bond, split by company or by security,
    and the mean yield of whatever else its company issued; the formula's columns of a fund, with hidden holdings left out
    or read.
    """
    rows = []
    for seed in range(seeds):
        folds, alone = draw_folds(market, seed=seed), draw_folds(market, seed=seed, by="security")
        own = {kind: list_path_numbers(market, kind, steps=0) for kind in OWN}
        fund = list_path_numbers(market, "fund")[[column for column in TERMS["fund"] if column != "holds: yield"]]
        cases: list[tuple[str, str, pd.Series, pd.DataFrame, Any, bool]] = [
            ("stock", "own numbers", folds, own["stock"], None, False),
            ("stock", "and the yields of funds that hold it", folds, own["stock"], "^holds", False),
            ("bond", "own numbers", folds, own["bond"], None, False),
            ("bond", "and the yields of its company's others", alone, own["bond"], ("^issues", "issues"), False),
            ("fund", "the formula's columns, hidden holdings left out", folds, fund, "holds", False),
            ("fund", "the formula's columns, hidden holdings read", folds, fund, "holds", True),
        ]
        for kind, read, drawn, table, path, every in cases:
            guess = pd.Series(np.nan, table.index)
            for fold in range(FOLDS):
                told = drawn.index if every else drawn.index[drawn != fold]
                columns = table if path is None else table.join(read_yields(market, kind, told, path=path))
                learnt, asked = (table.index[(drawn[table.index] == fold) == side] for side in (False, True))
                model = fit_chosen_ridge(columns.loc[learnt], market.securities["yield"][learnt])
                guess[asked] = model.predict(columns.loc[asked])
            rows.append({"kind": kind, "read": read, "seed": seed, "R²": share_explained(market, guess)})
    return pd.DataFrame(rows)


def _list_tables(market: Market, kind: str, folds: pd.Series, steps: int) -> list[pd.DataFrame]:
    """What each fold's model reads."""
    table = list_path_numbers(market, kind, steps=steps)
    told = [folds.index[folds != fold] for fold in range(FOLDS)]
    return [table.join(read_yields(market, kind, each)) if kind == "fund" else table for each in told]


def weigh_number_paths(market: Market, *, seeds: int = 5, steps: int = 2) -> pd.DataFrame:
    """Which columns the lasso takes: by kind and column in what share of the fits, and the mean weight, in % a year.

    A weight is what one standard deviation of the column moves the yield. `formula` says whether the column made the yields.
    """
    rows = []
    for seed in range(seeds):
        folds = draw_folds(market, seed=seed)
        for kind in OWN:
            for fold, table in enumerate(_list_tables(market, kind, folds, steps)):
                learnt = table.index[folds[table.index] != fold]
                model = fit_lasso(table.loc[learnt], market.securities["yield"][learnt])
                rows += [
                    {"kind": kind, "column": name, "weight": weight}
                    for name, weight in zip(table, model[-1].coef_, strict=True)
                ]
    found = pd.DataFrame(rows)
    grouped = found.assign(taken=found["weight"].ne(0)).groupby(["kind", "column"], sort=False)
    table = grouped.agg(taken=("taken", "mean"), weight=("weight", "mean")).reset_index()
    table["formula"] = [column in TERMS[kind] for kind, column in zip(table["kind"], table["column"], strict=True)]
    order = table["weight"].abs().sort_values(ascending=False).index
    return (
        table.loc[order]
        .sort_values("kind", key=lambda kinds: kinds.map(list(OWN).index), kind="stable")
        .set_index("kind")
    )


def permute_paths(
    market: Market, columns: Mapping[str, Iterable[str]], *, seeds: int = 5, steps: int = 2
) -> pd.DataFrame:
    """RMSE at hidden securities, in % a year, with a column permuted after learning, or taken away before.

    Args:
        market: numbers and yields.
        columns: for each kind some of its columns.
        seeds: of the split and of the permutation.
        steps: of paths, at most.

    Returns:
        A row for each column and seed: kind, column, seed, "as it is", "permuted", "taken away".
    """
    rows, yields = [], market.securities["yield"]
    for kind, seed in product(columns, range(seeds)):
        folds, random = draw_folds(market, seed=seed), np.random.default_rng(seed)
        missed: dict[tuple[str, str], list[np.ndarray]] = defaultdict(list)
        for fold, table in enumerate(_list_tables(market, kind, folds, steps)):
            learnt, asked = (table.index[(folds[table.index] == fold) == side] for side in (False, True))
            model, true = fit_lasso(table.loc[learnt], yields[learnt]), yields[asked].to_numpy()
            for column in columns[kind]:
                less, mixed = table.drop(columns=column), table.assign(**{column: random.permutation(table[column])})
                said = {
                    "as it is": model.predict(table.loc[asked]),
                    "permuted": model.predict(mixed.loc[asked]),
                    "taken away": fit_lasso(less.loc[learnt], yields[learnt]).predict(less.loc[asked]),
                }
                for name, guess in said.items():
                    missed[column, name].append((guess - true) ** 2)
        for column in columns[kind]:
            errors = {
                name: float(np.concatenate(parts).mean() ** 0.5) for (of, name), parts in missed.items() if of == column
            }
            rows.append({"kind": kind, "column": column, "seed": seed, **errors})
    return pd.DataFrame(rows)


def explain_guess(market: Market, security: str, *, seed: int = 0, steps: int = 2) -> pd.DataFrame:
    """What each column adds to the guess of a hidden yield: its value, the kind's mean, and % a year; largest first."""
    folds, kind = draw_folds(market, seed=seed), market.securities.loc[security, "kind"]
    fold = folds[security]
    table = _list_tables(market, kind, folds, steps)[fold]
    learnt = table.index[folds[table.index] != fold]
    model = fit_lasso(table.loc[learnt], market.securities["yield"][learnt])
    standard = model[:-1].transform(table.loc[[security]])[0]  # [column]
    adds = pd.Series(standard * model[-1].coef_, table.columns)
    found = pd.DataFrame({"value": table.loc[security], "mean": table.loc[learnt].mean(), "adds": adds})
    found = found[found["adds"].abs() > 0].sort_values("adds", key=abs, ascending=False)
    base = pd.DataFrame({"adds": [model[-1].intercept_]}, index=[f"mean of the {kind}s it learnt from"])
    return pd.concat([base, found])[["value", "mean", "adds"]]


def draw_errors(table: pd.DataFrame, guesses: Iterable[str], *, ceiling: str = "the formula itself") -> Picture:
    """The errors of each way to guess, by kind, over seeds.

    Args:
        table: as `measure_guesses` gives it.
        guesses: which of them, from top to bottom.
        ceiling: drawn as a dashed line.
    """
    titles = {kind: f"{kind}s (n = {count})" for kind, count in table.groupby("kind", sort=False)["n"].first().items()}
    return draw_ranges(
        table.set_index(["kind", "guess", "seed"])["RMSE"],
        guesses,
        title="Errors of guessed yields",
        caption="Root mean squared error of hidden yields, % a year.",
        said="RMSE in % a year",
        marked="own and paths",
        ceiling=ceiling,
        titles=titles,
        share=False,
    )


def list_pairs(market: Market, relation: str, *, back: bool = False) -> Pairs:
    """The facts of a relation as pairs of names; back gives (tail, head)."""
    facts = market.graph.to_pandas()
    its = facts[facts["relation"] == relation]
    return list(zip(its["tail" if back else "head"], its["head" if back else "tail"], strict=True))


def list_losses(market: Market, model: AffineModel, triples: np.ndarray) -> dict[str, Any]:
    """For some facts h, h', W, b and W_R as arguments, and the model's loss beside them."""
    labels, relations = market.graph.labels, market.graph.relation_labels
    names = [f"{labels[head]} {relations[relation]} {labels[tail]}" for head, relation, tail in triples]
    given = [
        (model.h[head], model.h[tail], model.weight, model.bias, model.between[relation])
        for head, relation, tail in triples.tolist()
    ]
    cases = {name: tuple(each.tolist() for each in arguments) for name, arguments in zip(names, given, strict=True)}
    return {"cases": cases, "beside": dict(zip(names, model.loss(triples).tolist(), strict=True))}


def check_mean_along(mean_along: Callable[[Pairs, Pairs, Mapping[str, float], str], float]) -> Verdict:
    """Is it the mean over the different ends of two steps that have a number, without the start?"""
    by = [("s1", "c1"), ("s2", "c1"), ("s3", "c2")]
    back = [(company, security) for security, company in by]
    numbers = {"s1": 1.0, "s2": 4.0, "s3": 9.0, "c2": 5.0, "c3": 7.0, "i1": 2.0}
    trade = [("c1", "c2"), ("c1", "c3"), ("c1", "c4"), ("c2", "c3")]
    twice = [("s1", "c1"), ("s1", "c2")]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([("s1", "c1")], [("c1", "i1")], numbers, "s1"), 2.0),
        ((by, trade, numbers, "s1"), 6.0),
        ((by, back, numbers, "s1"), 4.0),
        ((twice, [("c1", "c2"), ("c2", "c3"), ("c1", "c3")], numbers, "s1"), 6.0),
    ]
    hint = "Collect the ends of both steps in a set, take the start out, keep those in `values`, and take their mean."
    return check(mean_along, examples, hint=hint)


def check_share_explained(share_explained: Callable[[list[float], list[float], list[str]], float]) -> Verdict:
    """Is it one, less the squared errors over the squared distances from the mean of the own kind?"""
    kinds = ["stock", "stock", "bond", "bond"]
    true = [9.0, 11.0, 3.0, 5.0]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((true, true, kinds), 1.0),
        ((true, [10.0, 10.0, 4.0, 4.0], kinds), 0.0),
        (([1.0, 3.0], [1.0, 2.0], ["bond", "bond"]), 0.5),
        ((true, [9.0, 10.0, 3.0, 4.0], kinds), 0.5),
        ((true, [7.0, 7.0, 7.0, 7.0], kinds), -9.0),
    ]
    hint = "Both sums run over all securities; in the second, each is compared with the mean of its own kind."
    return check(share_explained, examples, hint=hint)


def check_relation_loss(relation_loss: Callable[..., float]) -> Verdict:
    """Is it -log σ of (W_R v) · v′, with v = W h + b of both?"""
    random = np.random.default_rng(0)
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([1.0], [1.0], [[1.0]], [0.0], [[0.0]]), math.log(2)),
        (([1.0], [2.0], [[1.0]], [1.0], [[1.0]]), math.log1p(math.exp(-6))),
    ]
    for _ in range(4):
        h, other, bias = random.normal(size=(3, 2)).round(1)
        weight, between = random.normal(size=(2, 2, 2)).round(1)
        score = (between @ (weight @ h + bias)) @ (weight @ other + bias)
        arguments = tuple(each.tolist() for each in (h, other, weight, bias, between))
        examples.append((arguments, math.log1p(math.exp(-score))))
    hint = "Three lines: v and v_other by W and b, the score by W_R @ v and v_other, and -log of its sigmoid."
    return check(relation_loss, examples, hint=hint)
