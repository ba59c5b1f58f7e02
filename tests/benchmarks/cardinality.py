"""What it is worth to know who is taken: rules, vectors and both joined, each without and with the cardinality of relations.

python tests/benchmarks/cardinality.py --graph wn18rr --longest 5 --minutes 4 --vectors saved/wn18rr --threads 1

Its control is the same counts given to other entities.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from figures import begin, log, record

import kgwb
from kgwb.embed import fit_cardinality, join_rankers, mine_rules
from kgwb.embed.ranking.answers import Ranker, ScoresAnswers


class Shuffled:
    """A ranker whose scores go to other entities."""

    def __init__(self, ranker: ScoresAnswers, *, seed: int) -> None:
        self.graph, self.ranker = ranker.graph, ranker
        self.places = torch.from_numpy(np.random.default_rng(seed).permutation(len(ranker.graph.entities)))

    def score_answers(self, known: torch.Tensor, relation: torch.Tensor, *, tails: int) -> torch.Tensor:
        """The scores of the ranker, each at another's place."""
        return self.ranker.score_answers(known, relation, tails=tails)[:, self.places]


def main() -> None:
    """Rank the test triples each way, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", default="wn18rr")
    parser.add_argument("--longest", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=2, help="of mining")
    parser.add_argument("--vectors", type=Path, help="a saved embedding; without it rules alone are ranked")
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    data = begin(asked.graph, threads=asked.threads)
    if data is None:
        return
    split = kgwb.read_split(data / asked.graph)
    rules, counts = mine_rules(split, minutes=asked.minutes, longest=asked.longest), fit_cardinality(split)
    log.info("%r\n%r\n%s", rules, counts, counts.frame.to_string())
    bases: dict[str, Ranker] = {"rules": rules}
    if asked.vectors:
        vectors = kgwb.load_embedding(asked.vectors)
        bases |= {"vectors": vectors, "vectors and rules": join_rankers(vectors, rules, split)}
    for name, base in bases.items():
        found = [
            rank(base, split),
            *(rank(join_rankers(base, each, split), split) for each in (counts, Shuffled(counts, seed=0))),
        ]
        record("cardinality", {asked.graph: {name: found}}, [asked.graph, name, *(spell(figures) for figures in found)])


def rank(ranker: Ranker, split: kgwb.graph.Split) -> list[float]:
    """MRR and Hits@1, 3 and 10 on test."""
    log.info("%r", ranker)
    ranks = kgwb.rank_triples(ranker, split.test, known=split.known)
    log.info("%r", ranks)
    return [ranks.mrr, *(ranks.hits(k) for k in (1, 3, 10))]


def spell(figures: list[float]) -> str:
    """A cell of the table."""
    return " / ".join([f"**{figures[0]:.4f}**", *(f"{share:.3f}" for share in figures[1:])])


if __name__ == "__main__":
    main()
