"""One million triples: the first rung of a search, mining with a budget and an update, each within a stated memory.

python tests/benchmarks/one_million.py --threads 1

The graph is the synthetic one of `ten_million.py`, a tenth as large. Each part runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from figures import begin, record
from ten_million import make_graph

import kgwb
from kgwb.embed import find_settings, mine_rules, update_embedding
from kgwb.graph import KnowledgeGraph, Split

TRIPLES, ENTITIES, ASKED = 1_000_000, 100_000, 500


def main() -> None:
    """Run each part in a process of its own, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS])
    parser.add_argument("--memory", type=float, default=6, help="the bound, in GiB: a run above it fails")
    parser.add_argument("--minutes", type=float, default=3, help="of the search, and of mining")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--measure", choices=PARTS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    begin(threads=asked.threads)
    if asked.measure:
        said = PARTS[asked.measure](read_facts(), asked.minutes)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        sys.stdout.write(json.dumps({"said": said, "peak": peak}))
        return
    for part in asked.parts:
        begun = time.perf_counter()
        command = [sys.executable, __file__, "--measure", part, "--minutes", str(asked.minutes)]
        command += ["--threads", str(asked.threads)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout) | {"seconds": time.perf_counter() - begun}
        cells = [part, found["said"], f"{found['seconds']:.0f} s", f"**{found['peak']:.2f} GiB** of {asked.memory:g}"]
        record("one-million", {part: found}, cells)
        if found["peak"] > asked.memory:
            sys.exit(f"{found['peak']:.2f} GiB were used, and {asked.memory:g} are the bound.")


def read_facts() -> pd.DataFrame:
    """The triples by name."""
    rows = np.load(make_graph(TRIPLES, ENTITIES))
    return pd.DataFrame({name: rows[:, column].astype(str) for column, name in enumerate(("head", "relation", "tail"))})


def split_facts(facts: pd.DataFrame) -> Split:
    """All triples but two thousand, which are validated and tested by."""
    graph = KnowledgeGraph.from_pandas(facts, name="one million")
    order = np.random.default_rng(0).permutation(len(graph))
    valid, test, train = np.split(graph.triples[order], [1_000, 2_000])
    return Split(graph, train, valid, test)


def search(facts: pd.DataFrame, minutes: float) -> str:
    """Trials until the first rung is full, or the time is over."""
    found = find_settings(split_facts(facts), minutes=minutes)
    first = next(found, None)
    if first is None:
        return f"in {minutes:g} minutes no trial came to an end: {found.left_out}"
    seconds = first.measured[-1].seconds
    rung = f"first rung: {first.epochs} epochs in {seconds:.0f} s, valid MRR {first.mrr:.3f}"
    for _ in found:
        pass
    return (
        f"{rung}; all of the search: {len(found.trials['trial'].unique())} trials, valid MRR {found.best_trial.mrr:.3f}"
    )


def mine(facts: pd.DataFrame, minutes: float) -> str:
    """Rules in the time, and some test triples ranked by them."""
    split = split_facts(facts)
    rules = mine_rules(split, minutes=minutes)
    begun = time.perf_counter()
    report = kgwb.rank_triples(rules, split.test[:ASKED], known=split.known)
    ranked = f"MRR of {ASKED} test triples {report.mrr:.3f}, {time.perf_counter() - begun:.0f} s"
    left = "; ".join(f"{count:,} {what}" for what, count in rules.notes if count)
    return f"{len(rules):,} rules; {ranked}; {left}"


def update(facts: pd.DataFrame, minutes: float) -> str:
    """One epoch over 95 of 100 facts, then the other five arrive."""
    late = np.random.default_rng(1).random(len(facts)) < 0.05
    early = KnowledgeGraph.from_pandas(facts[~late], name="one million")
    vectors = kgwb.GraphEmbedding(early, kgwb.ComplEx(), dim=64)
    options: dict[str, Any] = {"epochs": 1, "batch": 20_000, "negatives": 2_000, "reciprocal": True}
    trained = clock(lambda: [*kgwb.train_embedding(vectors, early, **options)])[1]
    later, joining = clock(lambda: early.with_facts(facts[late]))
    updated, seconds = clock(lambda: update_embedding(vectors, later).finish())
    known = set(map(tuple, early.triples.tolist()))
    arrived = np.array([each for each in later.triples.tolist() if tuple(each) not in known][:ASKED])
    mrr = kgwb.rank_triples(updated, arrived, known=later.triples).mrr
    return (
        f"{late.sum():,} facts joined in {joining:.0f} s, update {seconds:.0f} s (an epoch over all {trained:.0f} s), "
        f"MRR of {len(arrived)} late facts {mrr:.3f}"
    )


def clock(run: Callable[[], Any]) -> tuple[Any, float]:
    """What comes of it, and the seconds that passed."""
    begun = time.perf_counter()
    return run(), time.perf_counter() - begun


PARTS: dict[str, Callable[[pd.DataFrame, float], str]] = {"search": search, "mining": mine, "update": update}

if __name__ == "__main__":
    main()
