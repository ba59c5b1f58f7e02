"""Triples per second in training and in ranking, kgwb, PyKEEN and the matmuls alone one after the other on the same machine.

python tests/benchmarks/speed.py --scorers transe distmult
"""

from __future__ import annotations

import argparse
import logging
import time
from typing import Any

import torch
from figures import SCORERS, begin, record

import kgwb
from kgwb.embed.precision import choose_precision
from kgwb.embed.queries import SIDES, group_queries

REALS = 200
log = logging.getLogger("bench")


def main() -> None:
    """Measure each scorer in both libraries and write the ratios down."""

    asked = read_arguments()
    data = begin("fb15k-237", threads=asked.threads)
    if data is None:
        return
    split = kgwb.read_split(data / "fb15k-237")
    for scorer in asked.scorers:
        figures = {
            "all": measure_training(split, scorer, "all", batch=1000),
            "sampled": measure_training(split, scorer, asked.negatives, batch=4000),
            "ranking": measure_ranking(split, scorer),
            "pykeen": measure_pykeen(split, scorer),
            "floor": measure_floor(split),
        }
        theirs, floor = figures["pykeen"], figures["floor"]
        row = [
            scorer,
            *(f"{figures[kind]:,.0f} ({figures[kind] / theirs['training']:.0f}×)" for kind in ("sampled", "all")),
            f"{theirs['training']:,.0f}",
            f"{figures['ranking']:,.0f} ({figures['ranking'] / theirs['ranking']:.0f}×)",
            f"{theirs['ranking']:,.0f}",
            f"{floor['training'] / figures['all']:.1f}, {floor['ranking'] / figures['ranking']:.1f}",
        ]
        log.info("%s\nwritten to %s", " | ".join(row), record("speed", {scorer: figures}, row))


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorers", nargs="+", choices=SCORERS, default=list(SCORERS))
    parser.add_argument("--negatives", type=int, default=256, help="ours, shared by a batch; PyKEEN has 64 per triple")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    return parser.parse_args()


def measure_training(split: kgwb.graph.Split, scorer: str, negatives: Any, *, batch: int) -> float:
    """Triples per second of the second epoch; the first warms up."""
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[scorer], dim=REALS)
    epochs = list(kgwb.train_embedding(embedding, split, epochs=2, negatives=negatives, batch=batch))
    return epochs[-1].metrics["triples per second"]


def measure_ranking(split: kgwb.graph.Split, scorer: str) -> float:
    """Test triples ranked per second, all of them, both sides; the second time of two."""
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[scorer], dim=REALS)
    for _ in range(2):
        start = time.perf_counter()
        kgwb.rank_triples(embedding, split.test, known=split.known)
    return len(split.test) / (time.perf_counter() - start)


def measure_floor(split: kgwb.graph.Split, batch: int = 1000) -> dict[str, float]:
    """Triples per second if nothing but the matmuls were done, in the number formats that kgwb takes; the better of two times.

    Training against all candidates multiplies each distinct query with all entities, and the gradient of the scores with
    both; ranking multiplies once.
    """
    entities = len(split.graph.entities)
    numbers = choose_precision("auto", torch.device("cpu"), work=batch * entities * REALS)
    floor = {}
    for what, triples, dtype in (("training", split.train, numbers), ("ranking", split.test, torch.float32)):
        queries = sum(len(group_queries(triples, side)) for side in SIDES)
        asked, table = torch.randn(batch, REALS).to(dtype), torch.randn(entities, REALS).to(dtype)
        scores = torch.empty(batch, entities, dtype=dtype)
        gradients = torch.empty_like(asked), torch.empty_like(table)
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            for _ in range(-(-queries // batch)):
                torch.mm(asked, table.T, out=scores)
                if what == "training":
                    torch.mm(scores, table, out=gradients[0])
                    torch.mm(scores.T, asked, out=gradients[1])
            seconds.append(time.perf_counter() - start)
        floor[what] = len(triples) / min(seconds) * batch * -(-queries // batch) / queries
    return floor


def measure_pykeen(split: kgwb.graph.Split, scorer: str) -> dict[str, float]:
    """PyKEEN's figures: the second epoch over 20,000 triples with 64 negatives each, the better of two batch sizes; and
    the ranking of 500 test triples.
    """
    from pykeen.evaluation import RankBasedEvaluator
    from pykeen.models import model_resolver
    from pykeen.training import SLCWATrainingLoop
    from pykeen.training.callbacks import TrainingCallback
    from pykeen.triples import CoreTriplesFactory

    class Clock(TrainingCallback):
        """When each epoch ended."""

        def __init__(self) -> None:
            super().__init__()
            self.ends: list[float] = []

        def post_epoch(self, *_: Any, **__: Any) -> None:
            self.ends.append(time.perf_counter())

    counts = {"num_entities": len(split.graph.entities), "num_relations": len(split.graph.relations)}
    order = torch.randperm(len(split.train), generator=torch.Generator().manual_seed(0))[:20_000]
    factory = CoreTriplesFactory(torch.from_numpy(split.train.copy())[order], **counts)
    dim = REALS // 2 if scorer in ("complex", "rotate") else REALS  # theirs count complex numbers
    norm = {"scoring_fct_norm": 2} if scorer == "transe" else {}
    training = 0.0
    for batch in (1024, 4096):
        model = model_resolver.make(scorer, triples_factory=factory, embedding_dim=dim, random_seed=0, **norm)
        loop = SLCWATrainingLoop(
            model=model, triples_factory=factory, optimizer="adam", negative_sampler_kwargs={"num_negs_per_pos": 64}
        )
        clock = Clock()
        loop.train(factory, num_epochs=2, batch_size=batch, use_tqdm=False, callbacks=[clock])
        training = max(training, len(order) / (clock.ends[1] - clock.ends[0]))
    test, known = torch.from_numpy(split.test[:500].copy()), torch.from_numpy(split.known.copy())
    start = time.perf_counter()
    RankBasedEvaluator().evaluate(model, test, batch_size=32, use_tqdm=False, additional_filter_triples=known)
    return {"training": training, "ranking": len(test) / (time.perf_counter() - start)}


if __name__ == "__main__":
    main()
