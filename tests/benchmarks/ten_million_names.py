"""Ten million triples as a file of names: read, split, written, read again and ranked within a stated memory.

python tests/benchmarks/ten_million_names.py --triples 10_000_000 --memory 4
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from figures import record
from ten_million import BUILD, make_graph, make_parser

LINES = 1_000_000  # that are written at a time


def main() -> None:
    """Make the file, measure in a process of its own, and write the figures down."""
    parser = make_parser(__doc__)
    parser.add_argument("--ranked", type=int, default=1000, help="how many test triples are ranked, both sides")
    asked = parser.parse_args()
    if asked.measure is not None:
        sys.stdout.write(json.dumps(dict(measure(asked.measure, asked.dim, asked.ranked))))
        return
    command = [sys.executable, __file__, *sys.argv[1:], "--measure", str(write_names(asked.triples, asked.entities))]
    figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    peak = max(stage["peak"] for stage in figures.values())
    row = [f"{asked.triples:,} lines, {asked.entities:,} entities", f"{asked.ranked:,}"]
    row += [f"{stage['seconds']:.0f} s, {stage['peak']:.2f} GiB" for stage in figures.values()]
    record("ten-million-names", figures, [*row, f"**{peak:.2f} GiB** of {asked.memory:g}"])
    if peak > asked.memory:
        sys.exit(f"{peak:.2f} GiB were used, and {asked.memory:g} are the bound.")


def write_names(triples: int, entities: int) -> Path:
    """The graph of `ten_million.py` with names for ids, one triple to a line, without a header."""
    path = BUILD / f"{triples}-{entities}.tsv"
    if not path.exists():
        rows = np.load(make_graph(triples, entities), mmap_mode="r")
        with path.open("w") as file:
            for first in range(0, len(rows), LINES):
                lines = rows[first : first + LINES].tolist()
                file.writelines(
                    f"entity {head}\trelation {relation}\tentity {tail}\n" for head, relation, tail in lines
                )
    return path


def measure(path: Path, dim: int, ranked: int) -> Iterator[tuple[str, dict[str, float]]]:
    """Each stage with its seconds and the most memory that this process held until its end, in GiB."""
    import resource

    import kgwb

    begun = time.perf_counter()

    def tell(stage: str) -> tuple[str, dict[str, float]]:
        nonlocal begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # Linux counts in KiB
        seconds, begun = time.perf_counter() - begun, time.perf_counter()
        return stage, {"seconds": seconds, "peak": peak}

    graph = kgwb.read_graph(path)
    yield tell("read")
    split = kgwb.split_triples(graph)
    yield tell("split")
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        kgwb.graph.write_split(split, Path(folder, "split"))
        yield tell("written")
        counts = len(split.train), len(split.valid), len(split.test)
        del graph, split
        split = kgwb.read_split(Path(folder, "split"))
    assert (len(split.train), len(split.valid), len(split.test)) == counts
    yield tell("read again")
    vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=dim)
    kgwb.rank_triples(vectors, split.test[:: max(1, len(split.test) // ranked)][:ranked], known=split.known)
    yield tell("ranked")


if __name__ == "__main__":
    main()
