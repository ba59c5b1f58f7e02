"""What each policy buys: accuracy, minutes, numbers moved, and what it costs on plain text.

On archipelago, questions about people that tuning never met, through the entity door; on Banking77, 10 texts of each of 77
kinds of question. Beside each: what BERT answers before tuning, and how much worse the tuned one, its doors closed, predicts
masked words of text that has nothing to do with either (nats per word piece; above 0 it has forgotten).

python tests/benchmarks/policies.py --seeds 3 --threads 1        about 40 minutes on one core
"""

from __future__ import annotations

import argparse
import copy
import logging
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from doors import BATCH, SAMPLES, STEPS, ask, forget_derivable, learn
from figures import begin, record

import kgwb
from kgwb.bert import Bert
from kgwb.learn import MaskedWords, Partial, Policy, TextClasses, predict_masked_words, score_predictions

POLICIES: dict[str, str | Policy] = {
    "full": "full",
    "partial: injector, head, 2 top layers": "partial",
    "staged: injector and head, top layers, all": "staged",
    "injector and head alone": Partial(("injector", "head")),
    "biases and injector": Partial(("biases", "injector")),
    "LoRA": "lora",
    "adapters": "adapter",
    "prefix": "prefix",
    "experts": "experts",
}
log = logging.getLogger("bench")


@dataclass(frozen=True)
class Exam:
    """A task and how a tuned model is measured on it.

    Attributes:
        start: the model of a seed, before tuning.
        task: of a seed.
        measure: the accuracy of a model, given the seed.
        options: of `tune`.
    """

    start: Callable[[int], Bert]
    task: Callable[[int], Any]
    measure: Callable[[Bert, int], float]
    options: dict[str, Any]


def main() -> None:
    """Tune under each policy, over seeds, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=EXAMS, default=list(EXAMS))
    parser.add_argument("--policies", nargs="+", choices=POLICIES, default=list(POLICIES))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS, help="of archipelago")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("banking77", threads=asked.threads)
    if data is None:
        return
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    for part in asked.parts:
        exam = EXAMS[part](data, asked)
        for name in asked.policies:
            found = pd.DataFrame(measure_policy(exam, POLICIES[name], seed) for seed in range(asked.seeds))
            mean, spread = found.mean(), found.std(ddof=0)
            log.info("%s, %s\n%s", part, name, found.round(4).to_string())
            start = "–" if np.isnan(mean["start"]) else f"{mean['start']:.3f}"
            cells = [f"{mean['accuracy']:.3f} ± {spread['accuracy']:.3f}", start]
            cells += [f"{mean['minutes']:.1f}", f"{mean['moved']:,.0f} ({mean['share']:.1%})"]
            cells += [f"{mean['forgotten']:+.2f} ± {spread['forgotten']:.2f}"]
            row = [f"{part}, {asked.seeds} seeds", name, *cells]
            record("policies", {"part": part, "policy": name, "seeds": found.to_dict("records")}, row)


def measure_policy(exam: Exam, policy: str | Policy, seed: int) -> dict[str, float]:
    """The figures of one tuning."""
    model, task = exam.start(seed), exam.task(seed)
    start = exam.measure(model, seed) if not isinstance(task, TextClasses) else float("nan")
    before, words = copy.deepcopy(model), measure_words(model)
    began = time.perf_counter()
    for _ in kgwb.tune(model, task, policy=policy, seed=seed, **exam.options):
        pass
    minutes = (time.perf_counter() - began) / 60
    changes = kgwb.learn.compare_weights(before, model)
    return {
        "accuracy": exam.measure(model, seed),
        "start": start,
        "minutes": minutes,
        "moved": float(changes["changed"].sum()),
        "share": float(changes["changed"].sum() / changes["numbers"].sum()),
        "forgotten": words - measure_words(model),
    }


def measure_words(model: Bert) -> float:
    """The mean log probability of masked words in plain text, doors closed."""
    text = kgwb.read_sentences(SAMPLES / "world", kgwb.read_graph(SAMPLES / "world"))[::8]
    closed = model.injector.off() if model.injector is not None else nullcontext()
    with closed:
        found = predict_masked_words(model, MaskedWords([each.text for each in text][:300]))
    return float(np.log(found["probability"].clip(1e-9)).mean())


def examine_archipelago(data: Path, asked: argparse.Namespace) -> Exam:
    """Questions about people that tuning never met, through the entity door."""
    seen, unseen, groups = ask("archipelago", 0, quick=False)
    vectors, bert = learn(forget_derivable(seen, unseen, groups)), kgwb.load_bert("minilm")
    known = set(groups["in the graph"])
    labels = unseen.graph.relation_labels
    exam = kgwb.learn.Questions(unseen.graph, tuple(q for q in unseen if labels[q.relation] in known))

    def measure(model: Bert, seed: int) -> float:
        return float(kgwb.learn.answer_questions(model, exam)["correct"].mean())

    return Exam(
        lambda seed: kgwb.inject(bert, vectors, mode="entity", seed=seed),
        lambda seed: kgwb.MaskedAnswers(seen),
        measure,
        {"epochs": max(1, round(asked.steps * BATCH / len(seen))), "batch": BATCH},
    )


def examine_banking(data: Path, asked: argparse.Namespace) -> Exam:
    """Kinds of question to a bank, 10 texts of each."""
    train, test = (pd.read_csv(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    bert = kgwb.load_bert("minilm")

    def draw(seed: int) -> TextClasses:
        return TextClasses(train.groupby("category").sample(10, random_state=seed), "text", "category")

    def measure(model: Bert, seed: int) -> float:
        return score_predictions(model, test).accuracy

    return Exam(lambda seed: copy.deepcopy(bert), draw, measure, {"epochs": 3, "learning_rate": 2e-4})


EXAMS: dict[str, Callable[[Path, argparse.Namespace], Exam]] = {
    "archipelago": examine_archipelago,
    "Banking77, 10 a class": examine_banking,
}


if __name__ == "__main__":
    main()
