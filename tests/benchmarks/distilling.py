"""A graph teaches a BERT that has a tenth of the labels: distilled beside undistilled, all labels, and a shuffled teacher.

Two settings on the archipelago. In "looked up" the teacher's graph holds the facts that are asked for (where one was born, what
one speaks): it need only remember. In "derived" it holds the asked relation (whose islander one is) for the labelled tenth
alone, as the student does, and has to conclude the rest from other relations. Vectors teach, and in "derived" the graph's rules
too, found in what that graph holds. The student is plain BERT, and BERT with an entity door whose vectors are the teacher's.
Asked are, in a wording that tuning never met, people whom unlabelled sentences name ("named"), and people whom no sentence
names ("never named"). Every run takes equally many steps. The floor reads bags of words: TF-IDF and a logistic regression, on
the labelled tenth.

python tests/benchmarks/distilling.py --seeds 3           about 70 minutes on one core
"""

from __future__ import annotations

import argparse
import logging
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from figures import begin, record

import kgwb
from kgwb.graph import apply_rules
from kgwb.learn import DistilledAnswers, Questions, answer_questions, remove_answers, score_candidates
from kgwb.learn.teachers import Teacher

ARCHIPELAGO = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
ASKED = {"looked up": ("born_in", "member_of", "speaks", "practises"), "derived": ("islander_of",)}
HELD_OUT, WORDING, BATCH = 0.4, 2, 32
GROUPS = ("named", "never named")
log = logging.getLogger("bench")
Figures = dict[str, dict[str, float]]  # run -> group -> accuracy


def main() -> None:
    """Every setting and seed, then a row for each run."""
    asked = read_arguments()
    begin(threads=asked.threads)
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    for setting in asked.settings:
        began, found = time.perf_counter(), []
        for seed in range(asked.seeds):
            found.append({})
            for run, figures in measure(setting, seed, asked):
                found[-1][run] = figures
                log.info("%s, seed %d, %4.0f s: %-34s %s", setting, seed, time.perf_counter() - began, run, figures)
        keep(setting, asked, found, (time.perf_counter() - began) / 60)


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--settings", nargs="+", choices=ASKED, default=list(ASKED))
    parser.add_argument("--students", nargs="+", choices=("plain", "entity"), default=["plain", "entity"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=400, help="of tuning, 32 questions each")
    parser.add_argument("--labelled", type=float, default=0.1, help="the share of facts with labels")
    parser.add_argument("--temperature", type=float, default=2.0)
    parser.add_argument("--weight", type=float, default=0.5)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    parser.add_argument("--trial", action="store_true", help="write nothing down")
    return parser.parse_args()


def measure(setting: str, seed: int, asked: argparse.Namespace) -> Iterator[tuple[str, dict[str, float]]]:
    """The accuracy of the floor, the teachers and every student, in each group."""
    graph = kgwb.read_graph(ARCHIPELAGO)
    questions = kgwb.make_questions(kgwb.read_sentences(ARCHIPELAGO, graph), graph, relations=ASKED[setting])
    seen, unseen = kgwb.split_questions(questions, HELD_OUT, wording=WORDING, seed=seed)
    labels = DistilledAnswers(seen, guess_evenly, labelled=asked.labelled, seed=seed).labelled_questions
    groups = {"named": list_named(questions, seen, labels), "never named": unseen}
    if setting == "derived":
        told = {(question.head, question.relation) for question in labels}
        hidden = tuple(q for q in questions if (q.head, q.relation) not in told)
        graph = remove_answers(graph, replace(questions, items=hidden))
    vectors = learn(graph, seed)
    teachers: dict[str, Teacher] = {"vectors": vectors}
    if setting == "derived":
        # What the graph does not say of the others is no evidence against a rule: PCA confidence alone decides.
        teachers["rules"] = apply_rules(graph, kgwb.find_rules(graph, min_support=2, min_confidence=0.0))
    log.info(
        "%d questions to tune on, %d with labels, %s", len(seen), len(labels), {k: len(v) for k, v in groups.items()}
    )
    yield "chance", {name: group.chance for name, group in groups.items()}
    yield "bag of words", {name: score_words(labels, group) for name, group in groups.items()}
    for name, teacher in teachers.items():
        yield f"teacher: {name}", {each: score_candidates(teacher, group).accuracy for each, group in groups.items()}
    tasks = plan(seen, labels, teachers, asked, seed)
    for student in asked.students:
        for run, task in tasks.items():
            bert = kgwb.load_bert("minilm")
            model = bert if student == "plain" else kgwb.inject(bert, vectors, mode="entity", seed=seed)
            tune(model, task, asked.steps, seed)
            yield (
                f"{student}: {run}",
                {name: float(answer_questions(model, group)["correct"].mean()) for name, group in groups.items()},
            )


def plan(
    seen: Questions, labels: Questions, teachers: Mapping[str, Teacher], asked: argparse.Namespace, seed: int
) -> dict[str, kgwb.learn.Task]:
    """What each student is tuned on."""
    options = {"temperature": asked.temperature, "weight": asked.weight, "labelled": asked.labelled, "seed": seed}
    tasks: dict[str, kgwb.learn.Task] = {"a tenth": kgwb.MaskedAnswers(labels), "all labels": kgwb.MaskedAnswers(seen)}
    for name, teacher in teachers.items():
        shuffled = score_candidates(teacher, seen, control="shuffled", seed=seed)
        tasks[f"a tenth and {name}"] = DistilledAnswers(seen, teacher, **options)
        tasks[f"a tenth and {name}, shuffled"] = DistilledAnswers(seen, shuffled, **options)
        tasks[f"{name} alone"] = DistilledAnswers(seen, teacher, **{**options, "labelled": 0.0, "weight": 1.0})
    return tasks


def guess_evenly(questions: Questions) -> list[list[float]]:
    """A teacher that knows nothing: only the draw of the labels is wanted of its task."""
    return [[0.0] * len(question.candidates) for question in questions]


def list_named(questions: Questions, seen: Questions, labels: Questions) -> Questions:
    """People of tuning, about facts that have no label, in the wording that tuning never met."""
    heads = {question.head for question in seen}
    told = {(question.head, question.relation) for question in labels}
    kept = (q for q in questions if q.wording == WORDING and q.head in heads and (q.head, q.relation) not in told)
    return replace(questions, items=tuple(kept))


def learn(graph: kgwb.KnowledgeGraph, seed: int) -> kgwb.GraphEmbedding:
    """ComplEx by its preset for small graphs."""
    options = kgwb.preset("complex", "small")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"), seed=seed)
    for _ in kgwb.train_embedding(vectors, graph, **options, seed=seed):
        pass
    return vectors


def tune(model: kgwb.bert.Bert, task: kgwb.learn.Task, steps: int, seed: int) -> None:
    """As many steps for every task, however many questions it has."""
    count = len(task.questions)  # type: ignore[attr-defined]
    for step in kgwb.tune(model, task, epochs=-(-steps // -(-count // BATCH)), batch=BATCH, seed=seed):
        if step.number == steps:
            break


def score_words(labels: Questions, group: Questions) -> float:
    """Accuracy of a logistic regression on the words of the labelled questions."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    floor = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=30, max_iter=1000))
    floor.fit([question.text for question in labels], [question.answer for question in labels])
    given = floor.predict([question.text for question in group]).tolist()
    return statistics.mean(one == question.answer for one, question in zip(given, group, strict=True))


def keep(setting: str, asked: argparse.Namespace, found: list[Figures], minutes: float) -> None:
    """A row for each run: mean and spread over seeds, and what it has more than the undistilled tenth."""
    for run in found[0]:
        student = run.partition(": ")[0]
        cells = []
        for group in GROUPS:
            values = [figures[run][group] for figures in found]
            gain = ""
            if student in asked.students and run != f"{student}: a tenth":
                gains = [figures[run][group] - figures[f"{student}: a tenth"][group] for figures in found]
                gain = f" ({tell(gains, '+')})"
            cells.append(f"{tell(values)}{gain}")
        row = [f"{setting}, {asked.seeds} × {asked.steps} steps", run, *cells, f"{minutes:.0f}"]
        log.info("%s", " | ".join(row))
        if not asked.trial:
            record("distilling", {"asked": vars(asked), "setting": setting, "run": run, "figures": found}, row)


def tell(values: list[float], sign: str = "") -> str:
    """Mean and spread over seeds."""
    return f"{statistics.mean(values):{sign}.2f}" + (f" ± {statistics.stdev(values):.2f}" if len(values) > 1 else "")


if __name__ == "__main__":
    main()
