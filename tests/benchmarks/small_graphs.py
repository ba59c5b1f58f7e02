"""UMLS, Kinship and Nations with every scorer: seconds each.

python tests/benchmarks/small_graphs.py
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from figures import SCORERS, begin, record

import kgwb

GRAPHS = ("umls", "kinship", "nations")


def main() -> None:
    """Train each scorer on each graph by its preset and write the figures down."""
    from tqdm import tqdm

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scorers", nargs="+", choices=SCORERS, default=list(SCORERS))
    asked = parser.parse_args()
    data = begin(*GRAPHS)
    if data is None:
        return
    for scorer in tqdm(asked.scorers, unit="scorer"):
        figures = {graph: measure(scorer, data / graph) for graph in GRAPHS}
        record(
            "small-graphs", {scorer: figures}, [scorer, *(f"{mrr:.3f}, {time:.1f} s" for mrr, time in figures.values())]
        )


def find_preset(scorer: str, name: str, entities: int) -> dict[str, Any]:
    """The settings tuned for a graph, or where there are none those for its size."""
    try:
        return kgwb.preset(scorer, name)
    except ValueError:
        return kgwb.preset(scorer, entities)


def measure(scorer: str, folder: Path) -> tuple[float, float]:
    """Test MRR and seconds of training."""
    split = kgwb.read_split(folder)
    options = find_preset(scorer, folder.name, len(split.graph.entities))
    embedding = kgwb.GraphEmbedding(split.graph, SCORERS[scorer], dim=options.pop("dim"))
    seconds = sum(epoch.seconds for epoch in kgwb.train_embedding(embedding, split, **options))
    return kgwb.rank_triples(embedding, split.test, known=split.known).mrr, seconds


if __name__ == "__main__":
    main()
