"""FB15k-237 or WN18RR within minutes on a laptop's processor: how well the test triples are ranked then.

python tests/benchmarks/published_sets.py --scorer complex --minutes 5
"""

from __future__ import annotations

import argparse
import logging
import time
from typing import Any

from figures import SCORERS, begin, record

import kgwb

log = logging.getLogger("bench")


def main() -> None:
    """Train for the minutes given, rank the whole test set, and write the figures down."""

    asked = read_arguments()
    data = begin(asked.data_set, threads=asked.threads)
    if data is None:
        return
    split = kgwb.read_split(data / asked.data_set)
    ours = measure_kgwb(split, asked)
    row = [
        f"{asked.scorer}, {ours['dim']} reals",
        f"{ours['minutes']:.1f} min, {ours['epochs']} epochs, {ours['triples per second']:,.0f} triples/s",
        f"**{ours['mrr']:.3f}** / {ours['hits'][0]:.3f} / {ours['hits'][1]:.3f} / {ours['hits'][2]:.3f}",
        f"{ours['ranking seconds']:.1f} s",
    ]
    path = record(asked.data_set, ours, row)
    log.info("written to %s", path)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorer", choices=SCORERS, default="complex")
    parser.add_argument("--data-set", default="fb15k-237", help="a folder of KGWB_DATA")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; ranking comes on top")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    return parser.parse_args()


def measure_kgwb(split: kgwb.graph.Split, asked: argparse.Namespace) -> dict[str, Any]:
    """Train by the preset until the minutes are over, then rank every test triple."""
    from tqdm import tqdm

    options = kgwb.preset(asked.scorer, asked.data_set)
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[asked.scorer], dim=options.pop("dim"))
    seconds, epochs = 0.0, []
    progress = tqdm(
        kgwb.train_embedding(embedding, split, **options | {"epochs": 1_000}), desc=asked.scorer, unit="epoch"
    )
    for epoch in progress:
        epochs.append(epoch)
        seconds += epoch.seconds
        progress.set_postfix(loss=f"{epoch.loss:.3f}", minutes=f"{seconds / 60:.1f}")
        if seconds * (1 + 1 / epoch.number) > asked.minutes * 60:  # another epoch would be one too many
            break
    progress.close()
    start = time.perf_counter()
    report = kgwb.rank_triples(embedding, split.test, known=split.known)
    ranking = time.perf_counter() - start
    log.info("%r\nranked in %.1f s after %.0f s of training", report, ranking, seconds)
    return {
        "scorer": asked.scorer,
        "dim": embedding.dim,
        "options": options,
        "minutes": seconds / 60,
        "epochs": len(epochs),
        "triples per second": len(split.train) * len(epochs) / seconds,
        "losses": [epoch.loss for epoch in epochs],
        "mrr": report.mrr,
        "hits": [report.hits(k) for k in (1, 3, 10)],
        "ranking seconds": ranking,
        "protocol": repr(report),
    }


if __name__ == "__main__":
    main()
