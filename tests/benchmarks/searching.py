"""Settings found for graphs that nothing was tuned for: what minutes of search are worth on the test triples.

python tests/benchmarks/searching.py --graphs umls kinship nations --minutes 2
python tests/benchmarks/searching.py --graphs fb15k-237:2000 wn18rr:5000 inductive/fb237_v1 --minutes 10 --grid

A number behind a colon cuts a graph to so many entities around one of them, drawn by the seed. With `--grid` the search is
followed by every setting of a grid, each trained until three measurements in a row bring nothing better.
"""

from __future__ import annotations

import argparse
import itertools
import logging
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import begin, record

import kgwb
from kgwb.embed import SettingsSearch, find_settings
from kgwb.graph import Split

log = logging.getLogger("bench")
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
GRID: dict[str, tuple[Any, ...]] = {
    "dim": (128, 512),
    "learning_rate": (0.1, 0.5),
    "regularisation": (0.0, 0.02, 0.1),
    "dropout": (0.0, 0.3, 0.5),
    "relation_weight": (0.0, 1.0),
}
LEARNT = {"batch": 500, "reciprocal": True, "epochs": 100, "evaluate_every": 5, "evaluate_on": 1000, "patience": 3}


def main() -> None:
    """Search on each graph, train with what was found, rank the test triples, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", nargs="+", default=["umls", "kinship", "nations"])
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="of search; training with what it found comes on top"
    )
    parser.add_argument(
        "--clock", choices=CLOCKS, default="wall", help="processor: its own time, on a machine that is shared"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the cut and of the search")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    parser.add_argument("--grid", action="store_true", help="also every setting of a grid, for ComplEx")
    asked = parser.parse_args()
    data = begin(*(name.partition(":")[0] for name in asked.graphs), threads=asked.threads)
    if data is None:
        return
    for name in asked.graphs:
        split = read_or_cut(data, name, seed=asked.seed)
        figures = measure(split, asked)
        record("searching", {name: figures}, [name, *show(figures)])
        if asked.grid:
            grid = measure_grid(split)
            record("searching-grid", {name: grid, "search": figures}, [name, *show_grid(grid, figures)])


def read_or_cut(data: Path, name: str, *, seed: int) -> Split:
    """A published split, or what is left of it around one of its entities."""
    folder, colon, count = name.partition(":")
    split = kgwb.read_split(data / folder)
    return cut_by_entities(split, int(count), seed=seed) if colon else split


def cut_by_entities(split: Split, count: int, *, seed: int = 0) -> Split:
    """The triples between so many entities, each in the part where it was.

    One entity is drawn, then its neighbours in train, then theirs, in random order, until there are enough: so the graph
    stays about as dense as it was.
    """
    random = np.random.default_rng(seed)
    ends = np.concatenate([split.train[:, (0, 2)], split.train[:, (2, 0)]])  # [edge, 2]
    inside = np.zeros(len(split.graph.entities), dtype=bool)
    inside[random.choice(ends[:, 0])] = True
    while inside.sum() < count:
        around = np.setdiff1d(ends[inside[ends[:, 0]], 1], np.flatnonzero(inside))
        if not len(around):
            break
        inside[random.permutation(around)[: count - inside.sum()]] = True
    parts = [part[inside[part[:, 0]] & inside[part[:, 2]]] for part in (split.train, split.valid, split.test)]
    entities, relations = split.graph.entities["entity"].to_numpy(), split.graph.relations["relation"].to_numpy()
    rows = [
        pd.DataFrame({"head": entities[part[:, 0]], "relation": relations[part[:, 1]], "tail": entities[part[:, 2]]})
        for part in parts
    ]
    graph = kgwb.KnowledgeGraph.from_pandas(pd.concat(rows), name=f"{split.graph.name}, {inside.sum()} entities")
    of_entity = pd.Series(graph.entities.index, index=graph.entities["entity"])
    of_relation = pd.Series(graph.relations.index, index=graph.relations["relation"])
    ids = [
        np.unique(
            np.stack([of_entity[row["head"]], of_relation[row["relation"]], of_entity[row["tail"]]], axis=1), axis=0
        ).astype(np.int64)
        for row in rows
    ]
    return Split(graph, *ids)


def measure(split: Split, asked: argparse.Namespace) -> dict[str, Any]:
    """The search, its training anew, and the ranking of the test."""
    log.info("%r", split)
    clock = CLOCKS[asked.clock]
    search = find_settings(split, minutes=asked.minutes, seed=asked.seed, clock=clock)
    for trial in search:
        log.info("%r", trial)
    log.info("%r\n%s", search, search.effects().to_string())
    options, start = search.best, clock()
    vectors = kgwb.GraphEmbedding(split.graph, search.best_scorer, dim=options.pop("dim"))
    *_, last = kgwb.train_embedding(vectors, split, **options)
    seconds = clock() - start
    report = kgwb.rank_triples(vectors, split.test, known=split.known)
    log.info("trained in %.0f s\n%r", seconds, report)
    return describe(search) | {
        "entities": len(split.graph.entities),
        "train": len(split.train),
        "minutes": asked.minutes,
        "clock": asked.clock,
        "seconds of training": seconds,
        "loss": last.loss,
        "test": [report.mrr, *(report.hits(k) for k in (1, 3, 10))],
    }


def measure_grid(split: Split) -> dict[str, Any]:
    """The setting that ranks the validation triples best, of all that the grid holds, and its ranking of the test."""
    rows, best = [], None
    begun = time.process_time()
    for values in itertools.product(*GRID.values()):
        settings = dict(zip(GRID, values, strict=True))
        options = settings | LEARNT
        vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=options.pop("dim"))
        epochs = [*kgwb.train_embedding(vectors, split, **options)]
        valid = kgwb.rank_triples(vectors, split.valid, known=np.concatenate([split.train, split.valid])).mrr
        rows.append(settings | {"valid": valid, "epochs": len(epochs)})
        log.info("%s", rows[-1])
        if best is None or valid > best[0]:
            report = kgwb.rank_triples(vectors, split.test, known=split.known)
            best = valid, settings, [report.mrr, *(report.hits(k) for k in (1, 3, 10))]
    assert best is not None
    seconds = time.process_time() - begun
    return {"valid": best[0], "settings": best[1], "test": best[2], "rows": rows, "seconds": seconds}


def show_grid(grid: dict[str, Any], search: dict[str, Any]) -> list[str]:
    """The cells of its row."""
    settings = ", ".join(f"{name} {value}" for name, value in grid["settings"].items())
    return [
        f"{len(grid['rows'])} settings, {grid['seconds'] / 60:.0f} min of the processor",
        settings,
        f"{grid['valid']:.3f}",
        "**{:.3f}** / {:.3f} / {:.3f} / {:.3f}".format(*grid["test"]),
        f"{search['minutes']:g} min: {search['valid'][0]:.3f}, {search['test'][0]:.3f}",
        f"{search['test'][0] - grid['test'][0]:+.3f}",
    ]


def describe(search: SettingsSearch) -> dict[str, Any]:
    """What the search found, and every trial at its best."""
    trial, table = search.best_trial, search.trials
    best = table.loc[table.groupby("trial")["valid MRR"].idxmax().dropna()]
    return {
        "scorer": repr(search.best_scorer),
        "settings": search.best,
        "trials": int(table["trial"].max()),
        "left out": search.left_out,
        "valid": [getattr(trial.best, name) for name in ("mrr", "low", "high", "train_mrr")],
        "floor": trial.floor,
        "table": best.to_dict("records"),
    }


def show(figures: dict[str, Any]) -> list[str]:
    """The cells of its row."""
    settings = ", ".join(f"{name} {value}" for name, value in figures["settings"].items() if name != "reciprocal")
    mrr, low, high, train = figures["valid"]
    return [
        f"{figures['entities']:,} entities, {figures['train']:,} train triples",
        f"{figures['minutes']:g} min ({figures['clock']}), {figures['trials']} trials",
        f"{figures['scorer']}, {settings}; {figures['seconds of training']:.0f} s",
        f"{figures['loss']:.3f} (floor {figures['floor']:.3f}), {train:.3f}",
        f"{mrr:.3f} ({low:.3f} to {high:.3f})",
        "**{:.3f}** / {:.3f} / {:.3f} / {:.3f}".format(*figures["test"]),
    ]


if __name__ == "__main__":
    main()
