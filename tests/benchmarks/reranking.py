"""UMLS completed by its definitions: a bi-encoder, then its first answers and those of vectors read again as pairs.

Beside them what frequency and trivial rules answer, and twins whose texts belong to other entities: of the pairs alone, over
the same bi-encoder. Weights are chosen on validation triples, the test set is ranked once by each.

python tests/benchmarks/reranking.py             about seventeen minutes of one core, alone on it
python tests/benchmarks/reranking.py --questions 1200 --test 200     about nine
python tests/benchmarks/reranking.py --quick     half a minute, to see that it runs: its figures are not written down
"""

from __future__ import annotations

import argparse
import copy
import logging
import time
from dataclasses import replace
from typing import Any

import numpy as np
from figures import begin, record

import kgwb
from kgwb.embed import fit_baseline
from kgwb.embed.ranking.answers import prepare_answers
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn import PairCompletion, TextCompletion, TextRanker, TextReranker

LONGEST = 16  # word pieces of an entity
log = logging.getLogger("bench")


def main() -> None:
    """Rank by each ranker, and write down what came."""
    asked = read_arguments()
    data = begin("umls", threads=1)
    if data is None:
        return
    split = kgwb.read_split(data / "umls")
    bert = kgwb.load_bert("minilm")
    spent = {"bi-encoder": tune(bert, TextCompletion(split, longest=LONGEST, self_negative=False), 32, 3e-4, asked)}
    texts = TextRanker(bert, split, longest=LONGEST)
    vectors, spent["vectors"] = train_vectors(split, asked)
    pairs, twin = copy.deepcopy(bert), copy.deepcopy(bert)
    spent["pairs"] = tune(pairs, pair_up(split, texts, asked), asked.batch, asked.learning_rate, asked)
    shuffled = shuffle_texts(split, asked.seed)
    other_texts = Moved(texts, shuffled.graph)
    spent["pairs, texts shuffled"] = tune(
        twin, pair_up(shuffled, other_texts, asked), asked.batch, asked.learning_rate, asked
    )
    other_vectors = Moved(vectors, shuffled.graph)
    rankers = {
        "frequency (floor)": fit_baseline(split, kinds=()),
        "rules and frequency (floor)": fit_baseline(split),
        "bi-encoder": texts,
        "bi-encoder, re-ranked": fit(pairs, texts, split, asked),
        "bi-encoder, re-ranked, texts shuffled": fit(twin, other_texts, shuffled, asked),
        "vectors": vectors,
        "vectors, re-ranked": fit(pairs, vectors, split, asked),
        "vectors, re-ranked, texts shuffled": fit(twin, other_vectors, shuffled, asked),
    }
    figures: dict[str, Any] = {"options": vars(asked), "tuning, processor seconds": spent, "rankers": {}}
    for name, ranker in rankers.items():
        figures["rankers"][name] = measured = rank(ranker, split, asked)
        if not asked.quick:
            record("reranking", figures, [name, *measured.pop("cells")])
    log.info("%s", figures)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a hundredth of the examples, a few test triples")
    parser.add_argument("--top", type=int, default=10, help="answers that are read again")
    parser.add_argument("--negatives", type=int, default=4)
    parser.add_argument("--questions", type=int, default=2000, help="that pairs are tuned on")
    parser.add_argument("--batch", type=int, default=16, help="questions per step")
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--validate", type=int, default=200, help="validation triples that choose the weight")
    parser.add_argument("--test", type=int, default=0, help="rank so many test triples, drawn evenly; by default all")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def pair_up(split: Split, ranker: Any, asked: argparse.Namespace) -> PairCompletion:
    """The task of pairs against a ranker's first answers."""
    examples = 2 * asked.batch if asked.quick else asked.questions
    options = {"negatives": asked.negatives, "top": asked.top, "longest": LONGEST, "seed": asked.seed}
    return PairCompletion(split, ranker, examples=examples, **options)


def tune(bert: kgwb.bert.Bert, task: Any, batch: int, learning_rate: float, asked: argparse.Namespace) -> float:
    """Tune in place, one pass; the processor seconds that it took."""
    task = replace(task, examples=2 * batch) if asked.quick else task
    start, losses = time.process_time(), []
    for step in kgwb.tune(
        bert, task, policy="full", epochs=1, batch=batch, learning_rate=learning_rate, seed=asked.seed
    ):
        losses.append(step.loss)
        if step.number % 25 == 0 or step.number == step.total:
            log.info("%s: step %d of %d, loss %.3f", step.task, step.number, step.total, np.mean(losses[-25:]))
    return time.process_time() - start


def train_vectors(split: Split, asked: argparse.Namespace) -> tuple[kgwb.GraphEmbedding, float]:
    """ComplEx by its preset for UMLS, and the processor seconds that it took."""
    options, start = kgwb.preset("complex", "umls"), time.process_time()
    if asked.quick:
        options |= {"epochs": 2, "cool_down": 1}
    vectors = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=options.pop("dim"), seed=asked.seed)
    for _ in kgwb.train_embedding(vectors, split, seed=asked.seed, **options):
        pass
    return vectors, time.process_time() - start


class Moved:
    """A ranker under a graph of the same ids whose texts belong to other entities; its scores stay."""

    def __init__(self, ranker: Any, graph: KnowledgeGraph) -> None:
        self._answers, self.device = prepare_answers(ranker)
        self.graph, self.trained_on, self.trained_facts = graph, ranker.trained_on, ranker.trained_facts

    def score_answers(self, known: Any, relation: Any, *, tails: int) -> Any:
        """The ranker's own."""
        return self._answers(known, relation, tails)


def shuffle_texts(split: Split, seed: int) -> Split:
    """The same triples and ids; label and description of each entity are those of another."""
    graph, order = split.graph, np.random.default_rng(seed).permutation(len(split.graph.entities))
    entities = graph.entities.copy()
    for column in ("label", "description"):
        entities[column] = graph.entities[column].to_numpy()[order]
    return replace(split, graph=replace(graph, entities=entities))


def draw(triples: np.ndarray, count: int, seed: int) -> np.ndarray:
    """So many of the triples, in their order; all of them for 0."""
    chosen = np.random.default_rng(seed).permutation(len(triples))[: count or None]
    return triples[np.sort(chosen)]


def fit(bert: kgwb.bert.Bert, first: Any, split: Split, asked: argparse.Namespace) -> TextReranker:
    """The re-ranker with the weight that a sample of validation triples chooses."""
    sample = draw(split.valid, 10 if asked.quick else asked.validate, asked.seed)
    fitted = TextReranker(bert, first, top=asked.top).fit_weight(sample, known=split.known)
    log.info("%s\n%s", fitted, fitted.trials.round(4).to_string())
    return fitted


def rank(ranker: Any, split: Split, asked: argparse.Namespace) -> dict[str, Any]:
    """Filtered ranks of the test triples, head and tail apart."""
    start = time.process_time()
    triples = draw(split.test, 10 if asked.quick else asked.test, asked.seed)
    report = kgwb.rank_triples(ranker, triples, known=split.known)
    spent = time.process_time() - start
    sides, weight = report.by_side()["MRR"], getattr(ranker, "weight", None)
    interval = report.intervals().loc["MRR"]
    figures = {"MRR": report.mrr, "low": float(interval["low"]), "high": float(interval["high"])}
    figures |= {"head": float(sides["head"]), "tail": float(sides["tail"]), "weight": weight, "seconds": spent}
    figures |= {f"Hits@{k}": report.hits(k) for k in (1, 3, 10)}
    cells = [
        f"**{report.mrr:.3f}** ({interval['low']:.3f} to {interval['high']:.3f})",
        " / ".join(f"{figures[f'Hits@{k}']:.3f}" for k in (1, 3, 10)),
        f"{figures['head']:.3f} / {figures['tail']:.3f}",
        "" if weight is None else f"{weight:.3g}",
        f"{len(triples)}, {spent:.0f} s",
    ]
    log.info("%s: %s", type(ranker).__name__, " | ".join(cells))
    return figures | {"cells": cells}


if __name__ == "__main__":
    main()
