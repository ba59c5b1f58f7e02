"""Text and graph learned together: every way of weighing and of sharing, beside each alone, and why.

archipelago: L_text asks plain BERT about the people of the seen half, in sentences; L_graph asks it about all facts in the one
plain wording that triples are written in, so that the unseen half is in the graph only. The exam: questions about the unseen
half, in sentences whose wordings tuning knows from others. FewRel: L_text has a few sentences of each relation; L_graph the
names alone of many more pairs ("head ; tail"). The exam: sentences not tuned on.

Beside each: text alone, graph alone, and the fixed λ that was best on validation: the control of all cleverer ways. λ is that
of the graph; that of the text is 1. The agreement is the mean cosine of the two gradients over the first and the last third.

python tests/benchmarks/together.py --seeds 3 --threads 1        about an hour on one core
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from doors import BATCH, ask
from figures import begin, record
from text_tasks import place_mentions

import kgwb
from kgwb.bert import Bert, Experts
from kgwb.learn import (
    Extended,
    FixedWeights,
    Joint,
    Questions,
    RelationClasses,
    Sampled,
    ScheduledWeights,
    Task,
    UncertaintyWeights,
)
from kgwb.learn import score_predictions as score
from kgwb.learn.policies.named import choose_policy
from kgwb.learn.strategies.named import choose_strategy

FIXED = (0.1, 0.3, 1.0, 3.0)
log = logging.getLogger("bench")


@dataclass(frozen=True)
class Lesson:
    """Two tasks, and how a model is measured on what neither states.

    Attributes:
        text: the task on text.
        graph: the task on the graph.
        validate: accuracy on what λ is chosen by.
        test: accuracy on the exam.
        options: of `tune`.
    """

    text: Task
    graph: Task
    validate: Callable[[Bert], float]
    test: Callable[[Bert], float]
    options: dict[str, Any]


def main() -> None:
    """Tune in each way, over seeds, and write a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=LESSONS, default=list(LESSONS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120, help="of each way")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("fewrel", threads=asked.threads)
    if data is None:
        return
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    for part in asked.parts:
        found: dict[str, list[dict[str, Any]]] = {}
        for seed in range(asked.seeds):
            lesson = LESSONS[part](data, asked, seed)
            for name, figures in measure_ways(lesson, seed, asked.steps).items():
                log.info("%s, seed %d, %s: %s", part, seed, name, figures)
                found.setdefault(name, []).append(figures)
        for name, each in found.items():
            tests = np.array([figures["test"] for figures in each])
            agree = [np.mean([figures[third] for figures in each]) for third in ("first", "last")]
            told = "" if np.isnan(agree[0]) else f"{agree[0]:+.2f} → {agree[1]:+.2f}"
            chosen = ", ".join(str(figures["chosen"]) for figures in each if figures.get("chosen"))
            row = [f"{part}, {asked.seeds} seeds", name + (f" ({chosen})" if chosen else "")]
            row += [f"{tests.mean():.3f} ± {tests.std():.3f}", told]
            record("together", {"part": part, "way": name, "seeds": each}, row)


def measure_ways(lesson: Lesson, seed: int, steps: int) -> dict[str, dict[str, Any]]:
    """Each way's figures."""
    both = {"text": lesson.text, "graph": lesson.graph}
    found = {
        "text alone": run(lesson, lesson.text, "together", seed, steps),
        "graph alone": run(lesson, lesson.graph, "together", seed, steps),
    }
    fixed = {
        weight: run(lesson, both, Joint(FixedWeights({"text": 1.0, "graph": weight})), seed, steps) for weight in FIXED
    }
    best = max(fixed, key=lambda weight: fixed[weight]["valid"])
    found["fixed λ, chosen on validation"] = fixed[best] | {"chosen": f"λ = {best:g}"}
    ways = {
        "fixed λ = 1": Joint(),
        "scheduled λ, 3 to 0.1": Joint(ScheduledWeights({"text": 1.0, "graph": 3.0}, {"text": 1.0, "graph": 0.1})),
        "λ by uncertainty": Joint(UncertaintyWeights()),
        "λ = 1, PCGrad": Joint(surgery=True),
        "sampled by size": Sampled(),
        "sampled, temperature 5": Sampled(5),
        "in turn": "together",
        "soft sharing": Joint(pull=0.1),
        "routed over 4 experts": Joint(),
    }
    for name, strategy in ways.items():
        known = fixed[1.0] if name == "fixed λ = 1" else None
        how = {"apart": name == "soft sharing", "routed": name == "routed over 4 experts"}
        found[name] = known or run(lesson, both, strategy, seed, steps, **how)
    return found


def run(
    lesson: Lesson, tasks: Any, strategy: Any, seed: int, steps: int, *, apart: bool = False, routed: bool = False
) -> dict[str, Any]:
    """One tuning: accuracy on validation and exam, and the gradients' agreement in its first and last third."""
    bert = copy.deepcopy(kgwb.load_bert("minilm"))
    models = [bert, copy.deepcopy(bert)] if apart else bert
    given = list(tasks.values()) if isinstance(tasks, dict) else [tasks]
    batch = lesson.options.get("batch", 32)
    per_epoch = choose_strategy(strategy).count_steps([count_examples(task) for task in given], batch)
    # A joint step reads a batch of each task, others one: each way reads as much.
    steps *= len(given) if not isinstance(strategy, Joint) else 1
    options = lesson.options | {"epochs": max(1, round(steps / per_epoch))}
    if routed:
        parts = choose_policy(options["policy"]).list_parts()
        options |= {"policy": Extended(Experts(), parts=parts)}
    cosines = [
        each.whole
        for step in kgwb.tune(models, tasks, strategy=strategy, seed=seed, **options)
        for each in step.agreement
    ]
    third = max(1, len(cosines) // 3)
    first, last = (np.mean(part) if len(part) else float("nan") for part in (cosines[:third], cosines[-third:]))
    return {"valid": lesson.validate(bert), "test": lesson.test(bert), "first": float(first), "last": float(last)}


def count_examples(task: Any) -> int:
    """How many examples a task has."""
    return len(task.frame) if isinstance(task, RelationClasses) else len(task.questions)


def teach_archipelago(data: Path, asked: argparse.Namespace, seed: int) -> Lesson:
    """Sentences about one half of the people, triples about all."""
    seen, unseen, groups = ask("archipelago", 0, quick=False)
    graph, known = seen.graph, set(groups["in the graph"])
    relations = sorted(known)
    facts = kgwb.make_questions(kgwb.verbalise(graph), graph, relations=relations)
    held_out, exam = kgwb.split_questions(of_relations(unseen, known), by="head", share=0.5, seed=seed)

    def measure(questions: Questions) -> Callable[[Bert], float]:
        return lambda model: float(kgwb.learn.answer_questions(model, questions)["correct"].mean())

    options = {"batch": BATCH, "policy": "full"}
    text = kgwb.MaskedAnswers(of_relations(seen, known))
    return Lesson(text, kgwb.MaskedAnswers(facts), measure(held_out), measure(exam), options)


def of_relations(questions: Questions, labels: set[str]) -> Questions:
    """The questions for some relations."""
    names = questions.graph.relation_labels
    return Questions(questions.graph, tuple(each for each in questions if names[each.relation] in labels))


def teach_fewrel(data: Path, asked: argparse.Namespace, seed: int) -> Lesson:
    """Ten sentences of each relation, and the names of 50 other pairs of each."""
    stated = json.loads((data / "fewrel" / "val_wiki.json").read_text(encoding="utf-8"))
    rows = [place_mentions(each) | {"label": name} for name, found in stated.items() for each in found]
    frame = pd.DataFrame(rows)
    shuffled = frame.sample(frac=1, random_state=seed)
    place = shuffled.groupby("label").cumcount()
    text, pairs, valid, test = (
        shuffled[(place >= first) & (place < last)] for first, last in ((0, 10), (10, 60), (60, 110), (110, 210))
    )
    graph = RelationClasses(pd.DataFrame([name_pair(row) for row in pairs.to_dict("records")]), name="pairs")

    def measure(part: pd.DataFrame) -> Callable[[Bert], float]:
        def ask_model(model: Bert) -> float:
            # The graph's task has a head of its own; alone, that one answers.
            head = "relation_classes" if "relation_classes" in model.heads else "pairs"
            return score(model, part, head=head).accuracy

        return ask_model

    return Lesson(
        RelationClasses(text), graph, measure(valid), measure(test), {"policy": "partial", "learning_rate": 1e-4}
    )


def name_pair(row: dict[str, Any]) -> dict[str, Any]:
    """A row of which only the two names are left."""
    head, tail = (row["text"][start:end] for start, end in (row["head"], row["tail"]))
    text = f"{head} ; {tail}"
    return row | {"text": text, "head": (0, len(head)), "tail": (len(text) - len(tail), len(text))}


LESSONS: dict[str, Callable[[Path, argparse.Namespace, int], Lesson]] = {
    "archipelago": teach_archipelago,
    "FewRel": teach_fewrel,
}

if __name__ == "__main__":
    main()
