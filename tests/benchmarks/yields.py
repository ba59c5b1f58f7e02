"""Numbers of FB15k-237 from own numbers, those of neighbours, and vectors; next month's bond yields from the last.

A fifth of the values is hidden, of attributes with at least 200 values. One model for all, extremely randomised trees, and
ridge regression beside it, so that rows differ in what they read: the entity's other numbers; the mean of each attribute along
each relation, walked either way (`average_along`); ComplEx vectors of the train triples; all of it; and all of it with each
entity's facts and vector given to another. Errors are shares of the training median's.

"bonds": monthly yields of Aaa and Baa bonds, 1919 to 2018, each month guessed from those before it: as it was, or by ridge
regression on twelve months of both, learnt anew each year from all earlier ones.

python tests/benchmarks/yields.py --threads 1        three seeds, about 15 minutes on one core
python tests/benchmarks/yields.py --trial            one seed, attributes with 1,500 values; nothing is recorded
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import begin, record
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import kgwb
from kgwb.embed.attributes.scale import choose_scale
from kgwb.lessons import train_vectors

WAYS = ("own numbers", "neighbours", "vectors", "own and neighbours", "all", "all, shuffled")
MODELS = ("ridge", "trees")
REACH = 600  # a path is kept where so many entities reach a number
log = logging.getLogger("bench")


def main() -> None:
    """Measure the parts asked for, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=["numbers", "bonds"], default=["numbers", "bonds"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--least", type=int, default=200, help="values of an attribute")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("fb15k-237", "macrodata", threads=asked.threads)
    if data is None:
        return
    if asked.trial:
        asked.seeds, asked.least, asked.epochs = asked.seeds[:1], 1500, 1
    if "bonds" in asked.parts:
        for row in measure_bonds(data / "macrodata" / "default.csv"):
            log.info("%s", " | ".join(row))
            if not asked.trial:
                record("yields-bonds", {"row": row}, row)
    if "numbers" in asked.parts:
        table = pd.concat([measure_numbers(data / "fb15k-237", seed, asked) for seed in asked.seeds])
        for row in summarise(table, asked):
            log.info("%s", " | ".join(row))
            if not asked.trial:
                record("yields", {"row": row, "attributes": table.to_dict("records")}, row)


def measure_numbers(folder: Path, seed: int, asked: argparse.Namespace) -> pd.DataFrame:
    """A row for each attribute, way and model: n hidden values, and the mean absolute error over the median's."""
    split, random = kgwb.read_split(folder), np.random.default_rng(seed)
    names = split.graph.entities["entity"].to_numpy()
    graph = kgwb.KnowledgeGraph(split.train, split.graph.entities, split.graph.relations, name="fb15k-237 train")
    values = pd.read_csv(folder / "numeric.txt", sep="\t", header=None, names=["entity", "attribute", "value"])
    values["attribute"] = values["attribute"].str.extract(r"/ns/(.*)>")[0]
    values = values[values["entity"].isin(names)].groupby(["entity", "attribute"], as_index=False)["value"].median()
    often = values["attribute"].value_counts()
    values = values[values["attribute"].isin(often.index[often >= asked.least])]
    scales = {name: choose_scale(part["value"].to_numpy()) for name, part in values.groupby("attribute")}
    for name, part in values.groupby("attribute"):
        values.loc[part.index, "value"] = scales[name].forward(part["value"].to_numpy())
    told = random.permutation(len(values)) >= len(values) // 5
    seen, hidden = values[told], values[~told]
    embedding = train_vectors(graph, kgwb.ComplEx(), dim=asked.dim, epochs=asked.epochs, seed=seed, batch=1000)
    vectors = pd.DataFrame(embedding.entity_vectors().detach().numpy(), names).add_prefix("v")
    order = random.permutation(len(names))  # whose facts and vector each entity is given
    mixed = kgwb.KnowledgeGraph(
        order[split.train * [1, 0, 1]] * [1, 0, 1] + split.train * [0, 1, 0], graph.entities, graph.relations
    )
    own = seen.pivot(index="entity", columns="attribute", values="value").reindex(names)
    parts = {
        "own": own,
        "near": average_neighbours(graph, seen),
        "vectors": vectors,
        "near, shuffled": average_neighbours(mixed, seen),
        "vectors, shuffled": pd.DataFrame(vectors.to_numpy()[np.argsort(order)], names, vectors.columns),
    }
    read = {
        "own numbers": ["own"],
        "neighbours": ["near"],
        "vectors": ["vectors"],
        "own and neighbours": ["own", "near"],
        "all": ["own", "near", "vectors"],
        "all, shuffled": ["own", "near, shuffled", "vectors, shuffled"],
    }
    rows = []
    for name, part in hidden.groupby("attribute"):
        learnt, began = seen[seen["attribute"] == name], time.process_time()
        back = scales[name].back
        true, middle = back(part["value"].to_numpy()), back(np.median(learnt["value"]))
        floor = float(np.abs(true - middle).mean())
        for way in WAYS:
            table = pd.concat([parts[which].drop(columns=name, errors="ignore") for which in read[way]], axis=1)
            for model in MODELS:
                guess = back(guess_values(table, learnt, part["entity"], model, seed))
                error = float(np.abs(guess - true).mean()) / floor if floor else np.nan
                rows.append(
                    {"attribute": name, "way": way, "model": model, "seed": seed, "n": len(part), "error": error}
                )
        log.info("seed %d, %s, %d hidden, %.0f s", seed, name, len(part), time.process_time() - began)
    return pd.DataFrame(rows)


def average_neighbours(graph: kgwb.KnowledgeGraph, seen: pd.DataFrame) -> pd.DataFrame:
    """The mean of each attribute along each relation, either way, where enough entities reach a number."""
    names = graph.relations["relation"].tolist()
    steps = [*names, *(f"^{name}" for name in names)]
    kept = []
    for name, part in seen.groupby("attribute"):
        found = kgwb.embed.average_along(graph, part, paths=steps)
        found = found.loc[:, [column.endswith(f": {name}") for column in found]]
        kept.append(found.loc[:, found.notna().sum() >= REACH].astype(np.float32))
    return pd.concat(kept, axis=1)


def guess_values(table: pd.DataFrame, learnt: pd.DataFrame, asked: pd.Series, model: str, seed: int) -> np.ndarray:
    """Ridge or trees on the columns that enough of the learnt rows have; never beyond the learnt values."""
    known, wanted, target = table.loc[learnt["entity"]], table.loc[asked], learnt["value"].to_numpy()
    held = known.columns[known.notna().sum() >= max(8, 0.03 * len(known))]
    if not len(held):
        return np.full(len(asked), np.median(target))
    fill = SimpleImputer(strategy="median", add_indicator=True)
    last: Any = RidgeCV(10.0 ** np.arange(0, 6))
    if model == "trees":
        last = ExtraTreesRegressor(60, min_samples_leaf=3, max_features=0.3, random_state=seed)
    fitted = make_pipeline(fill, StandardScaler(), last).fit(known[held], target)
    return np.clip(fitted.predict(wanted[held]), target.min(), target.max())


def summarise(table: pd.DataFrame, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each way: by each model the median error over the attributes, and how often it is below own numbers'."""
    count = table["attribute"].nunique()
    size = table.drop_duplicates(["attribute", "seed"])["n"].sum()
    what = f"{count} attributes, {size:,} values hidden, seeds {' '.join(map(str, asked.seeds))}"
    mean = table.groupby(["model", "way", "attribute"])["error"].mean()
    for way in WAYS:
        cells = [what, way]
        for model in MODELS:
            its = table[(table["way"] == way) & (table["model"] == model)]
            by_seed = its.groupby("seed")["error"].median()
            below = int((mean[model, way] < mean[model, "own numbers"]).sum())
            cells += [f"{by_seed.mean():.2f} ({by_seed.min():.2f} to {by_seed.max():.2f})", f"{below} of {count}"]
        yield cells


def measure_bonds(path: Path) -> Iterator[list[str]]:
    """RMSE of each month's yield, in percentage points: as last month, and by ridge on twelve months of both bonds."""
    table = pd.read_csv(path)
    table.index = pd.to_datetime(table.pop("Date"), format="%m/%d/%Y")
    past = pd.concat({lag: table.shift(lag) for lag in range(1, 13)}, axis=1)
    years = [year for year in sorted(set(table.index.year)) if year >= 1950]
    for bond in table:
        guess = pd.Series(np.nan, table.index)
        for year in years:
            told, now = (table.index.year < year) & past.notna().all(axis=1), table.index.year == year
            ridge = make_pipeline(StandardScaler(), RidgeCV(10.0 ** np.arange(-3, 4)))
            change = table[bond] - past[1, bond]
            guess[now] = past.loc[now, (1, bond)] + ridge.fit(past[told], change[told]).predict(past[now])
        asked = table.index.year >= 1950
        errors = {
            "mean of all earlier": table[bond] - table[bond].expanding().mean().shift(1),
            "as last month": table[bond] - past[1, bond],
            "ridge": table[bond] - guess,
        }
        cells = []
        for error in errors.values():
            its = error[asked]
            halves = [float((half**2).mean() ** 0.5) for half in (its[: len(its) // 2], its[len(its) // 2 :])]
            cells.append(f"{float((its**2).mean() ** 0.5):.3f} ({halves[0]:.3f}, {halves[1]:.3f})")
        yield [f"{bond.capitalize()}, {int(asked.sum())} months from 1950", *cells]


if __name__ == "__main__":
    main()
