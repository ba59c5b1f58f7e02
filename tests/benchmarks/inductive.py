"""Ranking where no entity was there in training: path networks on the inductive graphs of Teru et al. (2020), and their floors.

python tests/benchmarks/inductive.py --threads 1 --sets WN18RR_v1 fb237_v1
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from figures import begin, log, record

import kgwb
from kgwb.embed import PathNetwork, RankReport, fit_baseline, train_path_network

DRAWN, DRAWS = 50, 200


def main() -> None:
    """Train on each graph, rank on the one beside it, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", default=["WN18RR_v1", "fb237_v1"])
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--minutes", type=float, default=20, help="of processor time; training stops behind it")
    parser.add_argument("--dim", type=int, default=32)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--gathering", default="pna")
    parser.add_argument("--no-floors", action="store_true")
    parser.add_argument("--options", nargs="*", default=[], help="of train_path_network, as negatives=32")
    asked = parser.parse_args()
    data = begin("inductive", threads=asked.threads)
    if data is None:
        return
    for name in asked.sets:
        folder = data / "inductive" / name
        split, test = kgwb.read_split(folder), kgwb.read_split(folder.with_name(f"{name}_ind"))
        if not asked.no_floors:
            keep(name, "frequency", fit_baseline(test, kinds=[]), test, 0.0)
            keep(name, "trivial rules", fit_baseline(test), test, 0.0)
            untrained = PathNetwork(split, dim=asked.dim, layers=asked.layers, gathering=asked.gathering)
            keep(name, "path network, untrained", untrained.on(test), test, 0.0)
        for seed in range(asked.seeds):
            begun = time.process_time()
            network = train(split, asked, name, seed)
            spent = time.process_time() - begun
            keep(name, f"path network, seed {seed}: {network.extra_repr()}", network.on(test), test, spent)


def train(split: kgwb.graph.Split, asked: argparse.Namespace, name: str, seed: int) -> PathNetwork:
    """A network that has seen this split alone; the epoch with the best validation MRR."""
    begun = time.process_time()
    network = PathNetwork(split, dim=asked.dim, layers=asked.layers, gathering=asked.gathering, seed=seed)
    options = {"epochs": asked.epochs, "evaluate_every": 1, "evaluate_on": 250, "patience": asked.epochs}
    options |= dict(read_options(asked.options))
    for epoch in train_path_network(network, split, seed=seed, **options):
        spent = time.process_time() - begun
        figures = ", ".join(f"{what} {value:.3f}" for what, value in epoch.metrics.items())
        log.info("%s %s: loss %.3f, %s, %.0f s of processor time", name, epoch.number, epoch.loss, figures, spent)
        if spent > 60 * asked.minutes:
            break
    return network


def read_options(words: list[str]) -> Iterator[tuple[str, Any]]:
    """Options as they are typed: numbers where they are numbers."""
    for word in words:
        option, _, value = word.partition("=")
        yield option, float(value) if "." in value else int(value) if value.isdigit() else value


def keep(name: str, what: str, ranker: Any, test: kgwb.graph.Split, seconds: float) -> None:
    """Rank the test triples, and write the figures down."""
    begun = time.process_time()
    report = kgwb.rank_triples(ranker, test.test, known=test.known)
    spent, drawn = time.process_time() - begun, hits_among_drawn(report, test)
    sides = [float(hits_among_drawn(report, test, side=side)) for side in ("head", "tail")]
    log.info("%s %s: Hits@10 of %d %.3f, MRR %.3f, %s", name, what, DRAWN, drawn, report.mrr, report)
    full = [report.mrr, report.hits(1), report.hits(10)]
    cells = [f"{drawn:.3f}", " / ".join(f"{side:.3f}" for side in sides), *(f"{figure:.3f}" for figure in full)]
    figures = {"hits among drawn": drawn, "sides": sides, "full": full, "seconds": [seconds, spent]}
    record("inductive", {name: {what: figures}}, [name, what, *cells, f"{seconds:.0f} s, {spent:.1f} s"])


def hits_among_drawn(report: RankReport, split: kgwb.graph.Split, *, side: str | None = None) -> float:
    """The share of answers among the first ten of themselves and 50 wrong entities, drawn 200 times without replacement."""
    draw, found = np.random.default_rng(0), []
    entities, known = len(split.graph.entities), np.unique(split.known, axis=0)
    for each, columns in (("head", (1, 2)), ("tail", (0, 1))):
        here = report.sides == each
        keys = known[:, columns[0]] * 10**6 + known[:, columns[1]]
        asked = report.triples[here][:, columns[0]] * 10**6 + report.triples[here][:, columns[1]]
        true = np.searchsorted(np.sort(keys), asked, side="right") - np.searchsorted(np.sort(keys), asked)
        better, equal = report.better[here], report.equal[here]
        for counts in zip(better, equal, entities - true - better - equal, strict=True):
            above, same, _ = draw.multivariate_hypergeometric(counts, DRAWN, size=DRAWS).T
            if side in (None, each):
                found.append((1 + above + same / 2 <= 10).mean())
    return float(np.mean(found))


if __name__ == "__main__":
    main()
