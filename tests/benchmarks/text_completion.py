"""WN18RR completed by its texts: MiniLM as it comes, then tuned within a budget of processor time.

The budget is processor time on so many threads, so that a machine which others use gives the figure of one that is free.
How many facts fit into it is measured on a copy of the model first. With --validate, that many validation triples are
ranked in place of the test set, and nothing is written down: so options are chosen.

python tests/benchmarks/text_completion.py --minutes 60 --threads 2
"""

from __future__ import annotations

import argparse
import copy
import logging
import time
from itertools import islice
from typing import Any

import numpy as np
from figures import begin, record

import kgwb
from kgwb.graph import Split
from kgwb.learn import TextCompletion, TextRanker

PUBLISHED = 0.666  # SimKGC, BERT-base, on GPUs (Wang et al., 2022)
BAR = 0.30
log = logging.getLogger("bench")


def main() -> None:
    """Rank before and after tuning, and write down what came."""
    asked = read_arguments()
    data = begin("wn18rr", threads=asked.threads)
    if data is None:
        return
    split = kgwb.read_split(data / "wn18rr")
    log.info("%s", split)
    bert = kgwb.load_bert("minilm")
    floor = None if asked.no_floor else rank(bert, split, asked)
    tuned = tune(bert, split, asked)
    reached = rank(bert, split, asked)
    if asked.validate:
        return
    cells = [
        f"{asked.minutes:g} min on {asked.threads} threads: {tuned['facts']:,} facts, {tuned['steps per second']:.2f} "
        f"steps/s of {asked.batch}, {tuned['processor seconds']:.0f} processor s",
        "" if floor is None else f"{floor['MRR']:.3f}",
        f"**{reached['MRR']:.3f}** / {reached['Hits@1']:.3f} / {reached['Hits@3']:.3f} / {reached['Hits@10']:.3f}",
        f"{reached['head']:.3f} / {reached['tail']:.3f}",
        f"{reached['unseen answer']:.3f} ({reached['unseen answers']})",
    ]
    options = {name: value for name, value in vars(asked).items() if name != "validate"}
    figures = {"options": options, "floor": floor, "tuning": tuned, "reached": reached}
    figures |= {"published": PUBLISHED, "bar": BAR, "over the bar": reached["MRR"] >= BAR}
    log.info("%s\nwritten to %s", " | ".join(cells), record("text-completion", figures, cells))


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="of tuning, if the threads had cores of their own")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64, help="facts per step, each asked both ways")
    parser.add_argument("--learning-rate", type=float, default=2e-4)
    parser.add_argument("--longest", type=int, default=24, help="word pieces of an entity's text")
    parser.add_argument("--temperature", type=float, default=0.05)
    parser.add_argument("--margin", type=float, default=0.02)
    parser.add_argument("--queue", type=int, default=0, help="answers of earlier batches")
    parser.add_argument("--self-negative", action="store_true", help="a query's own entity counts as a wrong answer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument(
        "--validate", type=int, default=0, help="rank so many validation triples in place of the test set"
    )
    parser.add_argument("--no-floor", action="store_true", help="leave out the ranking before tuning")
    return parser.parse_args()


def tune(bert: kgwb.bert.Bert, split: Split, asked: argparse.Namespace) -> dict[str, Any]:
    """Tune in place for as many facts as the budget holds."""
    options = {
        name: getattr(asked, name) for name in ("longest", "temperature", "margin", "queue", "self_negative", "seed")
    }
    learning = {"policy": "full", "batch": asked.batch, "learning_rate": asked.learning_rate}
    learning |= {"seed": asked.seed, "precision": asked.precision}
    rate = measure_rate(bert, TextCompletion(split, examples=6 * asked.batch, **options), learning)
    facts = max(asked.batch, round(rate * 60 * asked.minutes * asked.threads))
    log.info("%.1f facts per processor second: %s facts", rate, f"{facts:,}")
    task = TextCompletion(split, examples=facts, **options)
    losses, start, wall = [], time.process_time(), time.perf_counter()
    for step in kgwb.tune(bert, task, epochs=1, **learning):
        losses.append(step.loss)
        if step.number % 50 == 0 or step.number == step.total:
            spent = time.process_time() - start
            log.info(
                "step %d of %d, %.0f processor s, loss %.3f", step.number, step.total, spent, np.mean(losses[-50:])
            )
    spent, elapsed = time.process_time() - start, time.perf_counter() - wall
    figures = {"facts": facts, "steps": len(losses), "processor seconds": spent, "seconds": elapsed}
    return figures | {"steps per second": len(losses) / spent * asked.threads, "loss": float(np.mean(losses[-50:]))}


def measure_rate(bert: kgwb.bert.Bert, task: TextCompletion, learning: dict[str, Any]) -> float:
    """Facts per processor second, on a copy; the first two steps are a warm-up."""
    steps = kgwb.tune(copy.deepcopy(bert), task, epochs=1, **learning)
    list(islice(steps, 2))
    start = time.process_time()
    return learning["batch"] * len(list(steps)) / (time.process_time() - start)


def rank(bert: kgwb.bert.Bert, split: Split, asked: argparse.Namespace) -> dict[str, float]:
    """Filtered ranks: all, head and tail apart, and of answers that train never saw."""
    chosen = np.random.default_rng(0).permutation(len(split.valid))[: asked.validate]
    triples = split.valid[np.sort(chosen)] if asked.validate else split.test
    start = time.process_time()
    report = kgwb.rank_triples(TextRanker(bert, split, longest=asked.longest), triples, known=split.known)
    spent = time.process_time() - start
    answers = np.where(report.sides == "tail", report.triples[:, 2], report.triples[:, 0])
    unseen = np.isin(answers, split.unseen_entities)
    sides = report.by_side()["MRR"]
    figures = {"MRR": report.mrr, **{f"Hits@{k}": report.hits(k) for k in (1, 3, 10)}}
    figures |= {"head": float(sides["head"]), "tail": float(sides["tail"])}
    figures |= {"unseen answer": float((1 / report.ranks[unseen]).mean()) if unseen.any() else 0.0}
    log.info("%.0f processor s\n%s\n%s\n%s", spent, report, report.by_side().round(3), report.by_relation().round(3))
    return figures | {"unseen answers": int(unseen.sum()), "processor seconds": spent}


if __name__ == "__main__":
    main()
