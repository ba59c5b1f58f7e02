"""Ten million triples on one machine: made, read without loading, trained for an epoch within a stated memory.

python tests/benchmarks/ten_million.py --triples 10_000_000 --memory 4
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from figures import record

BUILD = Path(__file__).parents[2] / "build" / "ten-million"
RELATIONS, WORLDS = 200, 1000
log = logging.getLogger("bench")


def main() -> None:
    """Make the graph, measure in a process of its own, and write the figures down."""
    parser = make_parser(__doc__)
    parser.add_argument("--batch", type=int, default=200_000)
    parser.add_argument("--negatives", type=int, default=256)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    if asked.measure is not None:
        sys.stdout.write(json.dumps(measure(asked.measure, asked.dim, asked.batch, asked.negatives)))
        return
    path = make_graph(asked.triples, asked.entities)
    command = [sys.executable, __file__, *sys.argv[1:], "--measure", str(path)]
    figures = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    settings = f"ComplEx, {asked.dim} reals, {asked.negatives:,} negatives shared by {asked.batch:,} questions"
    row = [
        f"{figures['triples']:,} triples, {asked.entities:,} entities; {settings}",
        f"{figures['reading']:.1f} s",
        f"{figures['epoch'] / 60:.1f} min, {figures['triples'] / figures['epoch']:,.0f} triples/s",
        f"{figures['loss'][0]:.2f} of {figures['blind']:.2f}",
        f"**{figures['peak']:.2f} GiB** of {asked.memory:g}",
    ]
    record("ten-million", figures, row)
    if figures["peak"] > asked.memory:
        sys.exit(f"{figures['peak']:.2f} GiB were used, and {asked.memory:g} are the bound.")


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """The arguments that both benchmarks of ten million triples take; `--measure` is for the process that they start."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--triples", type=int, default=10_000_000)
    parser.add_argument("--entities", type=int, default=1_000_000)
    parser.add_argument("--memory", type=float, default=4, help="the bound, in GiB: a run above it fails")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    return parser


def make_graph(triples: int, entities: int) -> Path:
    """A file of ids in order, from a seed: entities live in a thousand worlds, and each relation leads to a next one."""
    path = BUILD / f"{triples}-{entities}.npy"
    if not path.exists():
        random = np.random.default_rng(0)
        head, relation = random.integers(0, entities, triples), random.integers(0, RELATIONS, triples)
        there = (head % WORLDS + relation) % WORLDS
        tail = there + WORLDS * (random.random(triples) ** 2 * (entities // WORLDS)).astype(np.int64)  # few are famous
        keys = np.unique((head * RELATIONS + relation) * entities + tail)
        rows = np.stack([keys // entities // RELATIONS, keys // entities % RELATIONS, keys % entities], 1)
        BUILD.mkdir(parents=True, exist_ok=True)
        np.save(path, rows)
    return path


def measure(path: Path, dim: int, batch: int, negatives: int) -> dict[str, object]:
    """Seconds of reading and of an epoch, its loss, and the most memory that this process ever held, in GiB."""
    import resource

    import kgwb

    begun = time.perf_counter()
    graph = kgwb.read_graph(path)
    read = time.perf_counter()
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=dim)
    options = {"batch": batch, "negatives": negatives, "reciprocal": True, "memory": 0.5}
    epochs = kgwb.train_embedding(embedding, graph, epochs=1, **options)
    loss = [epoch.loss for epoch in epochs]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts in KiB
    return {
        "triples": len(graph),
        "reading": read - begun,
        "epoch": time.perf_counter() - read,  # sorting the questions included
        "loss": loss,
        "blind": float(np.log(negatives + 1)),
        "peak": peak,
    }


if __name__ == "__main__":
    main()
