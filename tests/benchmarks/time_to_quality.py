"""How long until FB15k-237's filtered validation MRR reaches .30: kgwb, then PyKEEN in its best regime.

PyKEEN trains against 64 sampled negatives per triple with cross-entropy, inverse triples, Adagrad, the same small start,
the same number of reals and an N3-like regulariser, which is far ahead of its defaults; comparing with all candidates
(LCWA) it multiplies every candidate's vector out and is slower by far. Evaluation is not counted; both are evaluated by
kgwb's ranking of the same validation triples.

python tests/benchmarks/time_to_quality.py --scorers distmult complex --minutes 60
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import time
from functools import partial
from typing import Any

import numpy as np
import torch
from figures import begin, record

import kgwb

SCORERS = {"distmult": kgwb.DistMult(), "complex": kgwb.ComplEx()}
GOAL = 0.30
log = logging.getLogger("bench")


def main() -> None:
    """Measure each scorer in both libraries and write the times down."""

    asked = read_arguments()
    data = begin("fb15k-237", threads=asked.threads)
    if data is None:
        return
    split = kgwb.read_split(data / "fb15k-237")
    for scorer in asked.scorers:
        ours = measure_kgwb(split, scorer)
        theirs = measure_pykeen(split, scorer, limit=60 * asked.minutes, batch=asked.batch)
        reached = theirs["mrr"] >= GOAL
        ratio = f"{'' if reached else '> '}{theirs['seconds'] / ours['seconds']:.0f}×"
        beside = f"{theirs['seconds']:.0f} s" if reached else f"{theirs['mrr']:.3f} after {theirs['seconds']:.0f} s"
        row = [scorer, f"{ours['seconds']:.0f} s, {ours['epochs']} epochs", beside, ratio]
        log.info("%s\nwritten to %s", " | ".join(row), record("time", {scorer: {"kgwb": ours, "pykeen": theirs}}, row))


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorers", nargs="+", choices=SCORERS, default=list(SCORERS))
    parser.add_argument("--minutes", type=float, default=60.0, help="after which PyKEEN is stopped")
    parser.add_argument("--batch", type=int, default=1024, help="PyKEEN's triples per step")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    return parser.parse_args()


def measure_kgwb(split: kgwb.graph.Split, scorer: str) -> dict[str, float]:
    """Seconds of training by the preset until the goal is reached."""
    options = kgwb.preset(scorer, "fb15k-237") | {"epochs": 1000, "evaluate_every": 1, "evaluate_on": 2000}
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[scorer], dim=options.pop("dim"))
    seconds = 0.0
    for epoch in kgwb.train_embedding(embedding, split, **options):
        seconds += epoch.seconds
        mrr = next(value for name, value in epoch.metrics.items() if name.startswith("MRR"))
        log.info("kgwb %s: epoch %d, %.0f s, valid MRR %.3f", scorer, epoch.number, seconds, mrr)
        if mrr >= GOAL:
            break
    return {"seconds": seconds, "epochs": epoch.number, "mrr": mrr}


def measure_pykeen(split: kgwb.graph.Split, scorer: str, *, limit: float, batch: int) -> dict[str, float]:
    """Seconds of PyKEEN's training until the goal or the limit is reached."""
    from pykeen.models import model_resolver
    from pykeen.training import SLCWATrainingLoop
    from pykeen.training.callbacks import TrainingCallback
    from pykeen.triples import CoreTriplesFactory

    class Goal(TrainingCallback):
        """Stops the clock while it evaluates, and training when the goal or the limit is reached."""

        def __init__(self) -> None:
            super().__init__()
            self.seconds, self.start, self.mrr, self.epochs = 0.0, time.perf_counter(), 0.0, 0

        def post_batch(self, *_: Any, **__: Any) -> None:
            if self.seconds + time.perf_counter() - self.start > limit:
                self.post_epoch()

        def post_epoch(self, *_: Any, **__: Any) -> None:
            self.seconds, self.epochs = self.seconds + time.perf_counter() - self.start, self.epochs + 1
            self.mrr = kgwb.rank_triples(copy_vectors(split.graph, model, scorer), valid, known=split.known).mrr
            log.info("PyKEEN %s: %d epochs, %.0f s, valid MRR %.3f", scorer, self.epochs, self.seconds, self.mrr)
            if self.mrr >= GOAL or self.seconds > limit:
                raise StopIteration
            self.start = time.perf_counter()

    counts = {"num_entities": len(split.graph.entities), "num_relations": len(split.graph.relations)}
    factory = CoreTriplesFactory(torch.from_numpy(split.train.copy()), **counts, create_inverse_triples=True)
    chosen = np.random.default_rng(0).permutation(len(split.valid))[:2000]
    valid = split.valid[np.sort(chosen)]
    start = partial(torch.nn.init.normal_, std=1e-3)
    model = model_resolver.make(
        scorer,
        triples_factory=factory,
        embedding_dim=128 if scorer == "complex" else 256,  # theirs count complex numbers
        loss="crossentropy",
        entity_initializer=start,
        relation_initializer=start,
        regularizer="powersum",
        regularizer_kwargs={"p": 3.0, "weight": 0.02},
        random_seed=0,
        **({"entity_constrainer": None} if scorer == "distmult" else {}),
    )
    loop = SLCWATrainingLoop(
        model=model,
        triples_factory=factory,
        optimizer="adagrad",
        optimizer_kwargs={"lr": 0.1},
        negative_sampler_kwargs={"num_negs_per_pos": 64},
    )
    goal = Goal()
    with contextlib.suppress(StopIteration):
        loop.train(factory, num_epochs=1000, batch_size=batch, use_tqdm=False, callbacks=[goal])
    return {"seconds": goal.seconds, "epochs": goal.epochs, "mrr": goal.mrr}


@torch.no_grad()
def copy_vectors(graph: kgwb.KnowledgeGraph, model: Any, scorer: str) -> kgwb.GraphEmbedding:
    """A PyKEEN model's vectors as an embedding, because its own evaluation would take longer than its training."""
    tables = [part[0](None) for part in (model.entity_representations, model.relation_representations)]
    if scorer == "complex":
        tables = [torch.cat([table.real, table.imag], -1) for table in tables]
    embedding = kgwb.GraphEmbedding(graph, SCORERS[scorer], dim=tables[0].shape[1])
    embedding.add_inverses()
    embedding.entity_table.copy_(tables[0])
    embedding.relation_table.copy_(tables[1][0::2])  # each relation's inverse has the next id
    embedding.inverse_table.copy_(tables[1][1::2])
    return embedding


if __name__ == "__main__":
    main()
