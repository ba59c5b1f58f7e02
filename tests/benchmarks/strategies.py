"""When a door learns: from text, from questions, from one after the other, or from both at once.

python tests/benchmarks/strategies.py --mode entity --seeds 3
"""

from __future__ import annotations

import argparse
import logging
from typing import Any

import torch
from doors import BATCH, SAMPLES, STEPS, ask, forget_derivable, learn, tell
from figures import OUT, record

import kgwb
from kgwb.graph import Sentence

GRAPH = "archipelago"
CONTROLS = ("shuffled", "matched")
log = logging.getLogger("bench")


def main() -> None:
    """Tune plain BERT, a door and its controls in each way, ask them all, and write a row for each way."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    asked = read_arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    seen, unseen, groups = ask(GRAPH, 0, quick=False)
    vectors = learn(forget_derivable(seen, unseen, groups))
    bert, text = kgwb.load_bert("minilm"), find_text(seen, unseen)
    log.info("%d questions to tune on, %d sentences to read, %d questions to ask", len(seen), len(text), len(unseen))
    for way, (tasks, strategy) in list_ways(seen, text).items():
        runs = kgwb.plan_runs(
            bert,
            vectors,
            tasks,
            modes=[asked.mode],
            controls=CONTROLS,
            strategy=strategy,
            epochs=max(1, round(asked.steps * BATCH / len(seen))),
            batch=BATCH,
        )
        folder = OUT / f"strategies-{asked.mode}-{way}"
        report = kgwb.probe(runs, unseen, seeds=asked.seeds, progress=True, folder=folder)
        frame = kgwb.see.show_probe(report, groups=groups, protocol=way).frame
        log.info("%s\n%s", way, frame.round(3).to_string())
        keep(asked, way, frame, list(groups))


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mode", choices=("entity", "graph", "tower", "memory"), default="entity")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS, help="of each task")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    return parser.parse_args()


def find_text(seen: kgwb.learn.Questions, unseen: kgwb.learn.Questions) -> list[Sentence]:
    """As many sentences as questions to tune on, none of which names anybody, or uses a wording, of the exam."""
    people = {question.head for question in unseen}
    worded = {question.wording for question in unseen}
    sentences = [
        sentence
        for sentence in kgwb.read_sentences(SAMPLES / GRAPH, seen.graph)
        if sentence.wording not in worded and people.isdisjoint(mention.entity for mention in sentence.mentions)
    ]
    return sentences[:: max(1, len(sentences) // len(seen))][: len(seen)]


def list_ways(seen: kgwb.learn.Questions, text: list[Sentence]) -> dict[str, tuple[list[Any], Any]]:
    """What is learnt, and whether at once."""
    answers = kgwb.MaskedAnswers(seen)
    reading = [kgwb.learn.MaskedWords(text), kgwb.learn.NextSentences(text, follows="entity")]
    return {
        "fine-tuning": ([answers], "together"),
        "pre-training": (reading, "together"),
        "two-stage": ([*reading, answers], "two-stage"),
        "together": ([*reading, answers], "together"),
    }


def keep(asked: argparse.Namespace, way: str, frame: Any, groups: list[str]) -> None:
    """All figures as JSON, and a row: accuracy and gain of the door in each group."""
    cells = []
    for group in groups:
        plain, door = frame.loc[(group, "plain")], frame.loc[(group, asked.mode)]
        best = str(door["control"]).rpartition("/")[2]
        cells.append(
            f"{plain['accuracy']:.2f}; {tell(door['accuracy'], door['spread'])}; "
            f"{tell(door['gain'], door['gain spread'], '+')} over {best}"
        )
    figures = {"asked": vars(asked), "way": way, "rows": frame.reset_index().to_dict("records")}
    record("strategies", figures, [f"{asked.mode}, {asked.seeds} × {asked.steps} steps of each task", way, *cells])


if __name__ == "__main__":
    main()
