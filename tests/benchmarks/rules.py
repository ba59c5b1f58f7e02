"""Rules mined, ranked, and joined with vectors: seconds, memory, and what they reach on test.

python tests/benchmarks/rules.py --threads 1
python tests/benchmarks/rules.py --threads 1 --graphs wn18rr --longest 5 --train 5
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures import begin, log, record

import kgwb
from kgwb.embed import join_rankers, mine_rules

GRAPHS = ("umls", "kinship", "nations", "wn18rr", "fb15k-237")
LARGE = ("wn18rr", "fb15k-237")


def main() -> None:
    """Mine each graph, rank its test triples, and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", nargs="+", choices=GRAPHS, default=list(GRAPHS))
    parser.add_argument("--longest", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=2, help="for mining")
    parser.add_argument("--train", type=float, default=0, help="minutes of training a ComplEx, which is then joined")
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    data = begin(*GRAPHS, threads=asked.threads)
    if data is None:
        return
    for name in asked.graphs:
        figures = measure(data / name, asked)
        log.info("%s: %s", name, figures)
        record("rules", {name: figures}, list_cells(name, asked, figures))


def measure(folder: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """Seconds by the clock and of the processor, peak memory, and figures on test."""
    split = kgwb.read_split(folder)
    rules, mining = clock(lambda: mine_rules(split, minutes=asked.minutes, longest=asked.longest))
    log.info("%s", rules)
    ranks, ranking = clock(lambda: kgwb.rank_triples(rules, split.test, known=split.known))
    found = {"rules": len(rules), "top": rules.top, "mining": mining, "ranking": ranking, **describe(ranks)}
    found["peak GB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
    if asked.train:
        vectors, seconds = clock(lambda: train(split, folder.name, asked.train))
        alone = kgwb.rank_triples(vectors, split.test, known=split.known)
        joined, joining = clock(lambda: join_rankers(vectors, rules, split))
        log.info("%s", joined)
        both = kgwb.rank_triples(joined, split.test, known=split.known)
        found |= {"training": seconds, "joining": joining, "vectors": describe(alone), "joined": describe(both)}
    return found


def train(split: kgwb.graph.Split, name: str, minutes: float) -> kgwb.GraphEmbedding:
    """A ComplEx by its preset, stopped after so many minutes."""
    options = kgwb.preset("complex", name)
    vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=options.pop("dim"))
    until = time.monotonic() + 60 * minutes
    for _ in kgwb.train_embedding(vectors, split, **options):
        if time.monotonic() > until:
            break
    return vectors


def clock(run: Callable[[], Any]) -> tuple[Any, tuple[float, float]]:
    """What a function gives, the seconds that passed, and those of the processor."""
    begun, used = time.perf_counter(), time.process_time()
    made = run()
    return made, (round(time.perf_counter() - begun, 1), round(time.process_time() - used, 1))


def describe(ranks: kgwb.embed.RankReport) -> dict[str, float]:
    """The figures of a ranking."""
    return {"MRR": round(ranks.mrr, 4), "Hits@1": round(ranks.hits(1), 3), "Hits@10": round(ranks.hits(10), 3)}


def list_cells(name: str, asked: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    """A row of the table."""
    spell = lambda figures: f"{figures['MRR']:.4f} / {figures['Hits@1']:.3f} / {figures['Hits@10']:.3f}"  # noqa: E731
    seconds = [f"{found[part][0]:.0f} s ({found[part][1]:.0f} s)" for part in ("mining", "ranking")]
    joined = [spell(found[part]) if part in found else "–" for part in ("vectors", "joined")]
    return [
        name,
        str(asked.longest),
        f"{found['rules']:,}",
        *seconds,
        f"{found['peak GB']:.2f} GB",
        spell(found),
        *joined,
    ]


if __name__ == "__main__":
    main()
