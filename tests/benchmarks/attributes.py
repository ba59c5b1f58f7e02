"""Errors of fill_attributes beside the median and the nearest entities, and how often its intervals hold the truth.

python tests/benchmarks/attributes.py
"""

from __future__ import annotations

import argparse
import logging
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import begin, record

import kgwb

ENOUGH = 20  # test values a seed, on average: with fewer, chance says which of two is better
NEIGHBOURS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50)
AVERAGES = {"mean": np.mean, "median": np.median}
RUNS = ("as they are", "shuffled")
KNOWN = {"below 20": (0, 20), "20 to 199": (20, 200), "200 or more": (200, np.inf)}
log = logging.getLogger("bench")


def main() -> None:
    """Train vectors once, split the values by each seed, and write down errors and coverage, with the shuffled twin's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[4, 5, 6])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--dim", type=int, default=128)
    parser.add_argument("--coverage", type=float, default=0.9)
    parser.add_argument("--vectors", type=Path, help="a saved embedding of the train triples, instead of training one")
    parser.add_argument("--runs", nargs="+", choices=RUNS, default=list(RUNS), help="the graph as it is, its twin")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("fb15k-237", threads=asked.threads)
    if data is None:
        return
    vectors = (
        kgwb.load_embedding(asked.vectors) if asked.vectors else train(data / "fb15k-237", asked.dim, asked.epochs)
    )
    values = read_numbers(data / "fb15k-237" / "numeric.txt", vectors.graph)
    for name in asked.runs:
        tables = []
        for seed in asked.seeds:
            tables.append(measure(vectors, values, seed, asked.coverage, shuffled=name == "shuffled"))
            log.info("%s, seed %d: %s", name, seed, summarise(tables[-1]))
        table = pd.concat(tables, ignore_index=True)
        figures = summarise(table)
        each = list_attributes(table)
        log.info("%s", each.to_string(float_format="{:.3g}".format))
        row = [f"{name}, seeds {' '.join(map(str, asked.seeds))}", *(str(figure) for figure in figures.values())]
        path = record("attributes", {name: figures, "attributes": each.reset_index().to_dict("records")}, row)
        log.info("%s\nwritten to %s", " | ".join(row), path)


def train(folder: Path, dim: int, epochs: int) -> kgwb.GraphEmbedding:
    """ComplEx on the train triples; its graph holds no others, so that no neighbour comes from elsewhere."""
    split = kgwb.read_split(folder)
    graph = kgwb.KnowledgeGraph(split.train, split.graph.entities, split.graph.relations, name="fb15k-237 train")
    options = kgwb.preset("complex", "fb15k-237") | {"epochs": epochs, "cool_down": epochs // 2}
    del options["dim"]
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=dim)
    for epoch in kgwb.train_embedding(embedding, graph, **options):
        log.info("epoch %d, loss %.3f", epoch.number, epoch.loss)
    return embedding


def read_numbers(path: Path, graph: kgwb.KnowledgeGraph) -> pd.DataFrame:
    """Entity (as an id), attribute and value of every line; attributes by the last part of their address."""
    values = pd.read_csv(path, sep="\t", header=None, names=["entity", "attribute", "value"])
    ids = {name: number for number, name in enumerate(graph.entities["entity"])}
    names = values["attribute"].str.extract(r"/ns/(.*)>")[0]
    return values.assign(entity=values["entity"].map(ids), attribute=names)


def measure(
    vectors: kgwb.GraphEmbedding, values: pd.DataFrame, seed: int, coverage: float, *, shuffled: bool
) -> pd.DataFrame:
    """One row per test value: the truth, each method's prediction, and the interval."""
    random = np.random.default_rng(seed)
    tenth, order = len(values) // 10, random.permutation(len(values))
    if shuffled:  # whose number it is: another entity's, the same one for all of an entity's numbers
        values = values.assign(entity=random.permutation(len(vectors.graph.entities))[values["entity"]])
    test, valid, train_values = (
        values.iloc[part] for part in (order[:tenth], order[tenth : 2 * tenth], order[2 * tenth :])
    )
    test = test[test["attribute"].isin(train_values["attribute"])]  # of what was never seen nothing can be said
    filled = kgwb.embed.fill_attributes(
        vectors, train_values, asked=test[["entity", "attribute"]], coverage=coverage, seed=seed
    )
    found = filled.frame[["attribute", "value", "low", "high"]].assign(
        truth=test["value"].to_numpy(),
        median=test["attribute"].map(train_values.groupby("attribute")["value"].median()).to_numpy(),
    )
    directions = vectors.entity_vectors().numpy()
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    nearest = pd.Series(np.nan, index=test.index)
    for name, part in test.groupby("attribute"):
        pick = [frame[frame["attribute"] == name] for frame in (train_values, valid)]
        nearest[part.index] = predict_nearest(directions, *pick, part)
    known = test["attribute"].map(train_values["attribute"].value_counts())
    return found.assign(nearest=nearest.to_numpy(), known=known.to_numpy(), seed=seed)


def predict_nearest(directions: np.ndarray, known: pd.DataFrame, valid: pd.DataFrame, test: pd.DataFrame) -> np.ndarray:
    """The mean or median of the k nearest by cosine; k and which of the two are chosen on valid."""
    values = known["value"].to_numpy()

    def predict(asked: pd.DataFrame, k: int, average: str) -> np.ndarray:
        cosine = directions[asked["entity"]] @ directions[known["entity"]].T  # [asked, known]
        return AVERAGES[average](values[np.argsort(-cosine, axis=1, kind="stable")[:, :k]], axis=1)

    choices = list(product(NEIGHBOURS, AVERAGES)) if len(valid) else [(5, "median")]
    errors = [np.abs(predict(valid, *choice) - valid["value"]).mean() if len(valid) else 0.0 for choice in choices]
    return predict(test, *choices[int(np.argmin(errors))])


def list_attributes(table: pd.DataFrame) -> pd.DataFrame:
    """One row per attribute: test values, mean absolute errors, both as shares of the median's, and coverage."""
    errors = {name: (table[name] - table["truth"]).abs() for name in ("value", "median", "nearest")}
    held = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    grouped = pd.DataFrame({"known": table["known"], **errors, "held": held}).groupby(table["attribute"])
    rows = grouped.mean()
    rows.insert(0, "test", grouped.size())
    rows["value / median"], rows["nearest / median"] = rows["value"] / rows["median"], rows["nearest"] / rows["median"]
    return rows.sort_values("test", ascending=False, kind="stable")


def summarise(table: pd.DataFrame) -> dict[str, Any]:
    """What stands in the README's row."""
    rows = list_attributes(table)
    enough = rows[rows["test"] >= ENOUGH * table["seed"].nunique()]
    held = (table["low"] <= table["truth"]) & (table["truth"] <= table["high"])
    groups = [
        f"{held[part].mean():.3f} ({part.sum():,})"
        for low, high in KNOWN.values()
        if (part := table["known"].between(low, high, inclusive="left")).any()
    ]
    return {
        "below both": count_wins(enough),
        "below both, 20 over all seeds": count_wins(rows[rows["test"] >= ENOUGH]),
        "below both, over all": count_wins(rows),
        "error / median's": f"{enough['value / median'].median():.2f}",
        "nearest's / median's": f"{enough['nearest / median'].median():.2f}",
        "coverage": f"{held.mean():.3f} ({len(table):,})",
        "coverage by known values": ", ".join(groups),
        "ends": f"{np.isfinite(table['high']).mean():.3f}",
    }


def count_wins(rows: pd.DataFrame) -> str:
    """In how many attributes the error is below the median's and below the nearest entities'."""
    wins = int((rows["value"] < rows[["median", "nearest"]].min(axis=1)).sum())
    return f"{wins} of {len(rows)} ({wins / len(rows):.0%})"


if __name__ == "__main__":
    main()
