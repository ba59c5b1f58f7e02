"""FB15k-237 within minutes on a laptop's processor, and PyKEEN's speed on the same machine beside it.

python tests/benchmarks/fb15k_237.py --scorer complex --minutes 5
"""

from __future__ import annotations

import argparse
import logging
import time
from typing import Any

import torch

import kgwb

SCORERS = {"transe": kgwb.TransE, "distmult": kgwb.DistMult, "complex": kgwb.ComplEx, "rotate": kgwb.RotatE}
log = logging.getLogger("bench")


def main() -> None:
    """Train for the minutes given, rank the whole test set, and write the figures down."""
    from figures import find_data, record  # here, because pytest also collects this file, from elsewhere

    asked = read_arguments()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if asked.threads:
        torch.set_num_threads(asked.threads)
    data = find_data()
    if data is None:
        log.warning("not measured: set KGWB_DATA to a folder that holds %s", asked.data_set)
        return
    split = kgwb.read_split(data / asked.data_set)
    ours = measure_kgwb(split, asked)
    theirs = measure_pykeen(split, asked) if asked.pykeen else None
    beside = f"{theirs['training']:,.0f} / {theirs['ranking']:.2f}" if theirs else "not measured"
    row = [
        f"{asked.scorer}, {ours['dim']} reals",
        f"{ours['minutes']:.1f} min, {ours['epochs']} epochs, {ours['triples per second']:,.0f} triples/s",
        f"**{ours['mrr']:.3f}** / {ours['hits'][0]:.3f} / {ours['hits'][1]:.3f} / {ours['hits'][2]:.3f}",
        f"{ours['ranking seconds']:.1f} s",
        beside,
    ]
    path = record(asked.data_set, {"kgwb": ours, "pykeen": theirs}, row)
    log.info("written to %s", path)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorer", choices=SCORERS, default="complex")
    parser.add_argument("--data-set", default="fb15k-237", help="a folder of KGWB_DATA")
    parser.add_argument("--minutes", type=float, default=5.0, help="of training; ranking comes on top")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    parser.add_argument(
        "--pykeen", action=argparse.BooleanOptionalAction, default=True, help="measure PyKEEN's speed too"
    )
    return parser.parse_args()


def measure_kgwb(split: kgwb.Split, asked: argparse.Namespace) -> dict[str, Any]:
    """Train by the preset until the minutes are over, then rank every test triple."""
    from tqdm import tqdm

    name = asked.data_set if asked.data_set in ("fb15k-237", "wn18rr") else "default"
    options = kgwb.preset(asked.scorer, name)
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[asked.scorer](), dim=options.pop("dim"))
    seconds, epochs = 0.0, []
    progress = tqdm(
        kgwb.train_embedding(embedding, split, **options | {"epochs": 10_000}), desc=asked.scorer, unit="epoch"
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


def measure_pykeen(split: kgwb.Split, asked: argparse.Namespace) -> dict[str, float] | None:
    """PyKEEN's triples per second in training (64 negatives, 200 reals) and ranking (500 test triples); None without it."""
    try:
        from pykeen.evaluation import RankBasedEvaluator
        from pykeen.models import model_resolver
        from pykeen.training import SLCWATrainingLoop
        from pykeen.triples import CoreTriplesFactory
    except ModuleNotFoundError:
        log.warning("PyKEEN is not measured: pip install pykeen==1.11.1")
        return None
    counts = {"num_entities": len(split.graph.entities), "num_relations": len(split.graph.relations)}
    train = torch.from_numpy(split.train[:40_000].copy())
    factory = CoreTriplesFactory(train, **counts)
    dim = 100 if asked.scorer in ("complex", "rotate") else 200  # theirs count complex numbers
    model = model_resolver.make(asked.scorer, triples_factory=factory, embedding_dim=dim, random_seed=0)
    loop = SLCWATrainingLoop(
        model=model, triples_factory=factory, optimizer="adam", negative_sampler_kwargs={"num_negs_per_pos": 64}
    )
    start = time.perf_counter()
    loop.train(triples_factory=factory, num_epochs=1, batch_size=1024, use_tqdm=False)
    training = len(train) / (time.perf_counter() - start)
    test, start = torch.from_numpy(split.test[:500].copy()), time.perf_counter()
    known = torch.from_numpy(split.known.copy())
    RankBasedEvaluator().evaluate(model, test, batch_size=32, use_tqdm=False, additional_filter_triples=known)
    ranking = len(test) / (time.perf_counter() - start)
    log.info("PyKEEN: %.0f triples/s in training, %.1f test triples/s in ranking", training, ranking)
    return {"training": training, "ranking": ranking}


if __name__ == "__main__":
    main()
