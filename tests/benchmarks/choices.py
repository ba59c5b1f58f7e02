"""Answering questions with choices through a door, beside its floors and its twin.

Questions about the archipelago whose people tuning never meets, three wrong choices beside the right one; and the
questions of medicine/questions.tsv, tuned on its sentences about other entities.

python tests/benchmarks/choices.py      under 5 minutes of one core
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from figures import begin, record

import kgwb
from kgwb.graph import read_sentences
from kgwb.learn import MultipleChoice, score_predictions
from kgwb.learn.completion.entity_texts import pool_texts
from kgwb.learn.questions import MASK, Question

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
ASKED = ("speaks", "islander of", "member of", "practises", "belongs to")
SEEN, UNSEEN, CHOICES = 160, 200, 4
log = logging.getLogger("bench")


def main() -> None:
    """Measure every part that is asked for, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--doors", nargs="+", default=["relation"])
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    begin(threads=asked.threads)
    for part in asked.parts:
        for row in measure_choices(part, asked):
            log.info("%s", " | ".join(row))
            record("choices", {"part": part, "row": row}, row)


def measure_choices(part: str, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each door: what it answers right about what tuning never met, beside what is had without it."""
    graph = kgwb.read_graph(SAMPLES / part)
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=64)
    for _ in kgwb.train_embedding(vectors, graph, epochs=40):
        pass
    frames = [PARTS[part](graph, seed) for seed in range(asked.seeds)]
    floors = pd.DataFrame([measure_floors(seen, unseen) for seen, unseen in frames])
    plain = [tune_and_score(kgwb.load_bert("minilm"), *frame, asked, seed) for seed, frame in enumerate(frames)]
    for door in asked.doors:
        made: dict[str, list[tuple[float, float, float]]] = {}
        for control in (None, "shuffled"):
            made[str(control)] = [
                tune_and_score(
                    kgwb.inject(kgwb.load_bert("minilm"), vectors, mode=door, control=control), *frame, asked, i
                )
                for i, frame in enumerate(frames)
            ]
        counts = (
            f"{part}, {len(frames[0][0])} + {len(frames[0][1])} questions, {asked.epochs} epochs, {asked.seeds} seeds"
        )
        _, explained, seconds = np.mean(made["None"], axis=0)
        yield [
            counts,
            f"{1 / CHOICES:.3f}",
            *(spell(floors[floor]) for floor in floors),
            spell([score for score, _, _ in plain]),
            door,
            f"**{spell([score for score, _, _ in made['None']])}**",
            spell([score for score, _, _ in made["shuffled"]]),
            f"{explained:.3f}",
            f"{seconds:.0f}",
        ]


def spell(scores: Sequence[float]) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(scores):.3f} ± {np.std(scores, ddof=1) if len(scores) > 1 else 0:.3f}"


def read_archipelago(graph: kgwb.KnowledgeGraph, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Questions about people: those to tune on, and others about people whom no text of tuning names."""
    asked = kgwb.make_questions(read_sentences(SAMPLES / "archipelago", graph), graph, relations=ASKED)
    seen, unseen = kgwb.split_questions(asked, seed=seed)
    random = np.random.default_rng(seed)
    return offer_choices(seen, SEEN, random), offer_choices(unseen, UNSEEN, random)


def offer_choices(questions: Sequence[Question], count: int, random: np.random.Generator) -> pd.DataFrame:
    """Some of the questions, each with its answer among wrong answers of the same relation."""
    rows = []
    for place in random.permutation(len(questions))[:count].tolist():
        question = questions[place]
        right = question.names[question.candidates.index(question.answer)]
        wrong = sorted(set(question.names) - {right})
        if len(wrong) >= CHOICES - 1:
            rows.append((question.text, draw_choices(right, wrong, random), right))
    return pd.DataFrame(rows, columns=["text", "choices", "label"])


def draw_choices(right: str, wrong: Sequence[str], random: np.random.Generator) -> list[str]:
    """The right answer among wrong ones, in random order."""
    return random.permutation([right, *random.choice(wrong, CHOICES - 1, replace=False)]).tolist()


def read_medicine(graph: kgwb.KnowledgeGraph, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sentences with a gap about entities that no question asks about, and the questions that have an answer."""
    random = np.random.default_rng(seed)
    typed = pd.read_csv(SAMPLES / "medicine" / "questions.tsv", sep="\t", keep_default_na=False)
    typed = typed[(typed["language"] == "en") & (typed["answers"] != "") & (typed["hops"] == 1)]
    heads = {graph.entity_id(head) for head in typed["head"]}
    asked = kgwb.make_questions(read_sentences(SAMPLES / "medicine", graph), graph)
    seen = [question for question in asked if not heads & {question.head, question.answer}]
    rows = []
    for question in typed.itertuples():
        right = [graph.entity_id(answer) for answer in question.answers.split("|")]
        kinds = {graph.entities["type"][entity] for entity in right}
        head = graph.entity_id(question.head)
        others = graph.entities.index[graph.entities["type"].isin(kinds)].difference([*right, head])
        answer = graph.labels[int(random.choice(right))]
        rows.append((question.question, draw_choices(answer, [graph.labels[i] for i in others], random), answer))
    return offer_choices(seen, SEEN, random), pd.DataFrame(rows, columns=["text", "choices", "label"])


PARTS = {"archipelago": read_archipelago, "medicine": read_medicine}


def measure_floors(seen: pd.DataFrame, unseen: pd.DataFrame) -> dict[str, float]:
    """Accuracy without tuning: the choice nearest by TF-IDF, the nearest by MiniLM's cosine, a regression on MiniLM."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_union

    bert = kgwb.load_bert("minilm")
    counts = make_union(
        TfidfVectorizer(sublinear_tf=True), TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    )
    counts.fit([*seen["text"], *(choice for choices in seen["choices"] for choice in choices)])
    found: dict[str, list[bool]] = {"TF-IDF": [], "cosine": []}
    for text, choices, label in unseen.itertuples(index=False):
        texts = [text.replace(MASK, ""), *choices]
        weighed = counts.transform(texts)
        with torch.no_grad():
            vectors = pool_texts(bert, kgwb.bert.encode_sentences(bert, texts))
        for name, near in {
            "TF-IDF": (weighed[1:] @ weighed[0].T).toarray()[:, 0],
            "cosine": (vectors[1:] @ vectors[0]).numpy(),
        }.items():
            # Where several are equally near, each counts its part.
            best = np.isclose(near, near.max())
            found[name].append(best[choices.index(label)] / best.sum())
    MultipleChoice(seen).fit_head(bert)
    return {name: float(np.mean(hits)) for name, hits in found.items()} | {
        "regression": score_predictions(bert, unseen).accuracy
    }


def tune_and_score(
    model: kgwb.bert.Bert, seen: pd.DataFrame, unseen: pd.DataFrame, asked: argparse.Namespace, seed: int
) -> tuple[float, float, float]:
    """Accuracy on what was held out, the share of right answers that a fact of the graph explains, and processor seconds."""
    began = time.process_time()
    options = {"epochs": asked.epochs, "batch": 16, "seed": seed}
    for step in kgwb.tune(model, MultipleChoice(seen), **options):
        if step.number % 10 == 0:
            log.info("step %d of %d, loss %.3f, gate %s", step.number, step.total, step.loss, step.gate)
    seconds = time.process_time() - began
    score = score_predictions(model, unseen)
    right = score.predictions["given"] == unseen["label"]
    facts = score.predictions.get("facts", pd.Series("", index=unseen.index))
    log.info("%s: %r", model.name, score)
    return score.accuracy, float((facts[right] != "").mean()), seconds


if __name__ == "__main__":
    main()
