"""Every way in which notebook 17 guesses hidden yields, and what the errors are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LassoLarsCV, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from kgwb.embed import ComplEx, EncoderChain, LiteralEncoder, RelationalConvolution
from kgwb.embed.ranking.bootstrap import resample_means
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.affine_vectors import learn_affine
from kgwb.lessons.training import train_vectors
from kgwb.lessons.yields import (
    FOLDS,
    KINDS,
    NUMBERS,
    TERMS,
    Market,
    apply_formula,
    draw_folds,
    list_path_numbers,
    read_yields,
    swap_entities,
)

GUESSES = (
    "mean of the type",
    "own numbers",
    "own numbers, trees",
    "v = W h + b",
    "vectors of the graph",
    "own and vectors",
    "graph encoder",
    "graph encoder, shuffled",
    "own and paths",
    "own and paths, shuffled",
    "the paths of the formula",
    "the formula itself",
)
Fit = Callable[[pd.DataFrame, pd.Series], Any]


def fit_chosen_ridge(features: pd.DataFrame, values: pd.Series) -> Any:
    """Ridge regression on standardised columns; its penalty is chosen by leaving each row out."""
    return make_pipeline(SimpleImputer(), StandardScaler(), RidgeCV(np.logspace(-1, 4, 16))).fit(features, values)


def fit_lasso(features: pd.DataFrame, values: pd.Series) -> Any:
    """The lasso, which sets most weights to zero; how many is chosen by five folds of these rows."""
    lasso = make_pipeline(SimpleImputer(), StandardScaler(), LassoLarsCV(cv=5, max_iter=60))
    with (
        warnings.catch_warnings()
    ):  # of columns that say nearly the same it drops one, which is what is wanted, and warns
        warnings.simplefilter("ignore", ConvergenceWarning)
        return lasso.fit(features, values)


def fit_trees(features: pd.DataFrame, values: pd.Series) -> Any:
    """Gradient boosting of small trees."""
    trees = GradientBoostingRegressor(max_depth=2, subsample=0.7, random_state=0)
    return make_pipeline(SimpleImputer(), trees).fit(features, values)


def fit_steps(tables: Iterable[pd.DataFrame], values: pd.Series) -> tuple[Any, int]:
    """The lasso on the table with the smallest error inside these rows, and which table that was."""
    fitted = [fit_lasso(table.loc[values.index], values) for table in tables]
    errors = [model[-1].mse_path_.mean(axis=1).min() for model in fitted]
    best = int(np.argmin(errors))
    return fitted[best], best


def _standardise(market: Market, folds: pd.Series, fold: int) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Per security mean and deviation of the told yields of its kind, and its yield in these units."""
    kinds, yields = market.securities["kind"], market.securities["yield"]
    told = yields[folds != fold].groupby(kinds).agg(["mean", "std"])
    mean, spread = kinds.map(told["mean"]), kinds.map(told["std"])
    return mean, spread, (yields - mean) / spread


def guess_by_encoder(
    market: Market, graph: KnowledgeGraph, folds: pd.Series, *, seed: int = 0, dim: int = 16, steps: int = 60
) -> pd.Series:
    """The yields by two relational convolutions over every entity's numbers, learnt from the told yields.

    Args:
        market: numbers and yields.
        graph: along whose facts messages pass.
        folds: each is guessed by an encoder that was not told it.
        seed: of the weights and of dropout.
        dim: of the vectors.
        steps: of training.
    """
    guess = pd.Series(np.nan, index=folds.index)
    place = torch.tensor(market.graph.entities["entity"].searchsorted(folds.index))
    own, relations = torch.zeros(len(graph.entities), dim), torch.zeros(len(graph.relations), dim)
    for fold in range(FOLDS):
        torch.manual_seed(seed)
        mean, spread, target = _standardise(market, folds, fold)
        told, goal = torch.tensor((folds != fold).to_numpy()), torch.tensor(target.to_numpy(), dtype=torch.float32)
        layers = [RelationalConvolution(graph, dim=dim, seed=seed + layer) for layer in range(2)]
        encoder = EncoderChain(LiteralEncoder(graph, dim=dim, columns=[*NUMBERS, "type"]), *layers)
        model, readout = encoder.train(), nn.Linear(dim, 1)
        optimizer = torch.optim.AdamW([*model.parameters(), *readout.parameters()], lr=0.02, weight_decay=0.05)
        for _ in range(steps):
            optimizer.zero_grad()
            said = readout(model(own, relations)[0])[place, 0]  # [security]
            (said - goal)[told].square().mean().backward()
            optimizer.step()
        with torch.no_grad():
            said = readout(model.eval()(own, relations)[0])[place, 0]
        guess[folds == fold] = (mean + spread * said.numpy())[folds == fold]
    return guess


def guess_by_table(
    market: Market, tables: dict[str, pd.DataFrame], folds: pd.Series, fit: Fit = fit_chosen_ridge
) -> pd.Series:
    """The yields by a model of columns for each kind, each fold by a model that was not told it."""
    guess, yields = pd.Series(np.nan, index=folds.index), market.securities["yield"]
    for fold in range(FOLDS):
        for table in tables.values():
            told, asked = (table.index[(folds[table.index] == fold) == side] for side in (False, True))
            held = table.loc[:, table.loc[told].notna().any()]
            guess[asked] = fit(held.loc[told], yields[told]).predict(held.loc[asked])
    return guess


def guess_all(
    market: Market, *, seed: int = 0, steps: tuple[int, ...] = (1, 2, 3), dim: int = 32, epochs: int = 60
) -> pd.DataFrame:
    """Every way to guess, by the names of `GUESSES`: a row for each security, each hidden once.

    Args:
        market: all securities.
        seed: of the split, of vectors and weights, and of the swap.
        steps: how long paths may be; the lasso chooses among these inside the told securities.
        dim: of the graph's vectors.
        epochs: of their training.
    """
    folds, swapped = draw_folds(market, seed=seed), swap_entities(market.graph, seed=seed)
    names = market.graph.entities["entity"]
    own = {kind: list_path_numbers(market, kind, steps=0) for kind in KINDS}
    vectors = (
        train_vectors(market.graph, ComplEx(), dim=dim, epochs=epochs, seed=seed).entity_vectors().detach().numpy()
    )
    spread = {
        name: pd.DataFrame(each, names).rename(columns=str)
        for name, each in {"v": learn_affine(market, seed=seed).vectors, "e": vectors}.items()
    }
    by_kind = {name: {kind: table.loc[own[kind].index] for kind in KINDS} for name, table in spread.items()}
    both = {kind: pd.concat([own[kind], by_kind["e"][kind]], axis=1) for kind in KINDS}
    guesses = {
        "mean of the type": guess_by_table(market, {kind: own[kind].iloc[:, :1] * 0 for kind in KINDS}, folds),
        "own numbers": guess_by_table(market, own, folds),
        "own numbers, trees": guess_by_table(market, own, folds, fit_trees),
        "v = W h + b": guess_by_table(market, by_kind["v"], folds),
        "vectors of the graph": guess_by_table(market, by_kind["e"], folds),
        "own and vectors": guess_by_table(market, both, folds),
        "graph encoder": guess_by_encoder(market, market.graph, folds, seed=seed),
        "graph encoder, shuffled": guess_by_encoder(market, swapped, folds, seed=seed),
        "own and paths": guess_by_paths(market, market.graph, folds, steps=steps),
        "own and paths, shuffled": guess_by_paths(market, swapped, folds, steps=steps),
        "the paths of the formula": guess_by_paths(market, market.graph, folds, steps=(2,), only=TERMS),
        "the formula itself": apply_formula(market),
    }
    return pd.DataFrame(guesses)


def guess_by_paths(
    market: Market,
    graph: KnowledgeGraph,
    folds: pd.Series,
    *,
    steps: Iterable[int] = (1, 2, 3),
    only: Mapping[str, Iterable[str]] | None = None,
) -> pd.Series:
    """The yields by own numbers and those along paths, each fold by a model that was not told it.

    Args:
        market: numbers and yields.
        graph: along whose facts the paths lead.
        folds: in which each security is hidden.
        steps: the lasso chooses among tables of paths of so many steps, by its errors at told securities.
        only: these columns of each kind, by ridge regression, instead of a choice.
    """
    guess, yields = pd.Series(np.nan, index=folds.index), market.securities["yield"]
    lengths = list(steps)
    for kind in KINDS:
        fixed = [list_path_numbers(market, kind, graph=graph, steps=length) for length in lengths]
        for fold in range(FOLDS):
            told = folds.index[folds != fold]
            read = read_yields(market, kind, told, graph=graph) if kind == "fund" else None
            tables = [table if read is None else table.join(read) for table in fixed]
            tables = [table[list(only[kind])] for table in tables] if only else tables
            learnt, asked = (tables[0].index[(folds[tables[0].index] == fold) == side] for side in (False, True))
            held = [table.loc[:, table.loc[learnt].notna().any()] for table in tables]
            model, best = (
                (fit_chosen_ridge(held[0].loc[learnt], yields[learnt]), 0) if only else fit_steps(held, yields[learnt])
            )
            guess[asked] = model.predict(held[best].loc[asked])
    return guess


def compare_yield_guesses(market: Market, *, seeds: int = 5, **options: Any) -> pd.DataFrame:
    """Columns seed, entity, kind, owner, yield, guess (its name) and guessed, for every way, security and seed.

    Args:
        market: all securities.
        seeds: how often all is done.
        options: of `guess_all`.
    """
    tables = []
    for seed in range(seeds):
        long = (
            guess_all(market, seed=seed, **options)
            .rename_axis("entity")
            .melt(ignore_index=False, var_name="guess", value_name="guessed")
        )
        tables.append(long.reset_index().join(market.securities, on="entity").assign(seed=seed))
    return pd.concat(tables, ignore_index=True)


def measure_guesses(results: pd.DataFrame) -> pd.DataFrame:
    """RMSE, in % a year, and R² within the kind, for each kind, way and seed, with n."""
    rows = results.assign(missed=(results["yield"] - results["guessed"]) ** 2)
    rows["spread"] = (rows["yield"] - rows.groupby(["kind", "guess", "seed"])["yield"].transform("mean")) ** 2
    sums = rows.groupby(["kind", "guess", "seed"], sort=False)[["missed", "spread"]].agg(["sum", "size"])
    found = {
        "RMSE": (sums["missed", "sum"] / sums["missed", "size"]) ** 0.5,
        "R²": 1 - sums["missed", "sum"] / sums["spread", "sum"],
    }
    return pd.DataFrame(found).assign(n=sums["missed", "size"]).reset_index()


def measure_gain(
    results: pd.DataFrame, one: str, other: str, *, level: float = 0.95, samples: int = 5000
) -> pd.DataFrame:
    """How much more one way explains than another, in R², paired over the same securities and seeds.

    The interval draws companies (or funds) anew, each with all it issued and the mean over its seeds: had the market had other
    ones. `min` and `max` are the lowest and highest seed.

    Args:
        results: as `compare_yield_guesses` gives them.
        one: a way to guess.
        other: another one.
        level: of the interval.
        samples: of the bootstrap.
    """
    rows = {}
    missed = results.assign(missed=(results["yield"] - results["guessed"]) ** 2)
    for kind, its in missed.groupby("kind", sort=False):
        table = its.pivot(index=["owner", "entity", "seed"], columns="guess", values="missed")
        less = (table[other] - table[one]).rename("less")
        truth = its.drop_duplicates("entity").set_index("entity")["yield"]
        spread = float(((truth - truth.mean()) ** 2).mean())
        by_seed = less.groupby("seed").mean() / spread
        units = less.groupby(["owner", "entity"]).mean().groupby("owner").agg(["sum", "size"]).to_numpy(float)
        drawn = resample_means(units, samples=samples, seed=0)
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [(1 - level) / 2, (1 + level) / 2]) / spread
        rows[kind] = {
            "gain in R²": by_seed.mean(),
            "low": low,
            "high": high,
            "min": by_seed.min(),
            "max": by_seed.max(),
            "n": len(truth),
        }
    return pd.DataFrame(rows).T.astype({"n": int})
