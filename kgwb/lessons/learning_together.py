"""For notebook 07: facts given to others, what tuning moved, how far noise shifts a sentence, and checks by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert
from kgwb.bert.disturbing import disturb_words
from kgwb.bert.model import share_weights
from kgwb.bert.shuffling import shuffle_tails
from kgwb.graph import KnowledgeGraph, verbalise
from kgwb.learn import MaskedAnswers, Questions, Step, answer_questions, compare_weights, make_questions
from kgwb.learn.policies.noise import Noise, WordNoise, draw_noise, find_noise, measure_word
from kgwb.learn.tasks import EncodedQuestions
from kgwb.lessons.checks import Verdict, check

_ADDED = "added"


@dataclass(frozen=True, repr=False)
class TwoTeachers:
    """What a text tells of some people, what a graph holds about all of them, and what is asked about the others.

    Attributes:
        text: questions in sentences, about half of the people.
        graph: questions in the one wording that bare facts are written in, about all of them.
        shuffled: the same with each relation's answers shuffled among the people, so that none is true: the control.
        valid: questions in sentences about a quarter, whom no sentence of `text` names.
        exam: about the last quarter.
    """

    text: Questions
    graph: Questions
    shuffled: Questions
    valid: Questions
    exam: Questions

    def __repr__(self) -> str:
        counts = {name: getattr(self, name) for name in ("text", "graph", "shuffled", "valid", "exam")}
        return "TwoTeachers: questions of " + ", ".join(f"{name} {len(each):,}" for name, each in counts.items())


def split_people(questions: Questions, people: int, *, seed: int = 0) -> TwoTeachers:
    """Two lessons about some people, and exams about those of whom the graph alone tells.

    Args:
        questions: in sentences, about all people, of one graph.
        people: how many to draw, at least 4.
        seed: for the draw, and for the shuffle of the control.
    """
    draw = np.random.default_rng(seed)
    chosen = draw.permutation(sorted({question.head for question in questions}))[:people].tolist()
    ends = [len(chosen) // 2, len(chosen) * 3 // 4]
    told, valid, exam = (_keep_heads(questions, set(part)) for part in np.split(np.array(chosen), ends))
    labels = questions.graph.relation_labels
    relations = [labels[each] for each in sorted({question.relation for question in questions})]
    bare, shuffled = (
        _keep_heads(make_questions(verbalise(graph), graph, relations=relations), set(chosen))
        for graph in (questions.graph, shuffle_relations(questions.graph, relations, seed=seed))
    )
    return TwoTeachers(told, bare, shuffled, valid, exam)


def _keep_heads(questions: Questions, heads: Collection[int]) -> Questions:
    return Questions(questions.graph, tuple(each for each in questions if each.head in heads))


def count_epochs(tasks: Any, steps: int, *, batch: int = 32) -> int:
    """How many passes over the questions make about so many steps, at least one.

    Args:
        tasks: one with `questions`, or several by name, of which the largest counts.
        steps: of tuning.
        batch: questions in a step.
    """
    each = tasks.values() if isinstance(tasks, Mapping) else [tasks]
    return max(1, round(steps / max(math.ceil(len(task.questions) / batch) for task in each)))


def share_right(model: Bert, questions: Questions) -> float:
    """The share of right answers."""
    return float(answer_questions(model, questions)["correct"].mean())


def shuffle_relations(graph: KnowledgeGraph, relations: Sequence[str], *, seed: int = 0) -> KnowledgeGraph:
    """The control of a graph that is learnt: the tails of some relations shuffled among the heads, so that no fact is left.

    Args:
        graph: the truth, with the column type.
        relations: whose tails are shuffled, by name, label or id; all others stay.
        seed: for the shuffle.
    """
    ids = [graph.relation_id(name) for name in relations]
    mine = np.isin(graph.triples[:, 1], ids)
    types, _ = pd.factorize(graph.entities["type"].astype(str), sort=True)
    shuffled = shuffle_tails(graph.triples[mine], types, np.random.default_rng(seed))
    triples = np.concatenate([graph.triples[~mine], shuffled])
    return KnowledgeGraph(triples, graph.entities, graph.relations, f"{graph.name}, shuffled", graph.notes)


def tabulate_moves(before: Bert, models: Mapping[str, Bert]) -> pd.DataFrame:
    """By how much tuning moved the numbers of each part of a model: the root mean square of their changes.

    Args:
        before: where all of them started.
        models: the tuned ones, by name.

    Returns:
        One row per model, part ("embeddings", "layer 0", ..., "head", "injector") and whether the numbers were `added` by the
        policy, which count as moved from zero: `numbers`, `changed` (of them, those that differ at all) and `moved`, their
        ‖W′ − W‖ / √numbers.
    """
    tables = {}
    for name, model in models.items():
        changes = compare_weights(before, model)
        changes["square"] = changes["distance"] ** 2
        changes["added"] = changes["kind"] == _ADDED
        summed = changes.groupby(["part", "added"], sort=False)[["numbers", "changed", "square"]].sum()
        summed["moved"] = (summed.pop("square") / summed["numbers"]) ** 0.5
        tables[name] = summed
    return pd.concat(tables, names=["model"]).reset_index()


def tabulate_agreement(steps: Iterable[Step]) -> pd.DataFrame:
    """The cosines of two tasks' gradients: a row for each step, the columns `whole` and each part of the model.

    Args:
        steps: of a joint tuning of two tasks.

    Raises:
        ValueError: if no step came from two tasks.
    """
    rows = {step.number: {"whole": each.whole, **each.parts} for step in steps for each in step.agreement}
    if not rows:
        raise ValueError(
            "No step came from two tasks. Expected steps of kgwb.tune(bert, {'text': ..., 'graph': ...}, strategy='joint')."
        )
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("step")


def measure_shifts(
    model: Bert,
    questions: Questions,
    *,
    row: int = 0,
    size: float = 0.2,
    steps: int = 5,
    draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """How far noise on the words shifts the hidden states of one question: found by an adversary, and drawn, equally long.

    Args:
        model: whose right answer the adversary makes unlikely; it is left as it is.
        questions: one of which is read.
        row: which one, from 0.
        size: of the noise of each word piece, in mean lengths of a word vector.
        steps: of the adversary.
        draws: of drawn noise; its shift is their mean.
        seed: for the draws.

    Returns:
        One row per `place` (0 after the embeddings, l after layer l − 1) and `token`, with its `piece`: how long the shift
        of its state is, `found` and `drawn`, and the `length` of the state itself.
    """
    bert = share_weights(model, training=False)
    task = MaskedAnswers(questions[row : row + 1]).prepare(bert)
    noise = find_long_noise(bert, task, size=size, steps=steps)
    is_token = [each.norm(dim=-1, keepdim=True) > 0 for each in noise]
    generator, length = torch.Generator().manual_seed(seed), size * measure_word(bert)
    calm, moved = _read_states(bert, task, None), _read_states(bert, task, noise)
    others = [draw_noise(is_token, bert, size=length, generator=generator) for _ in range(draws)]
    drawn = torch.stack([(_read_states(bert, task, each) - calm).norm(dim=-1) for each in others]).mean(0)
    columns = {"found": (moved - calm).norm(dim=-1), "drawn": drawn, "length": calm.norm(dim=-1)}
    places, tokens = drawn.shape
    index = pd.MultiIndex.from_product([range(places), range(tokens)], names=["place", "token"])
    table = pd.DataFrame({name: values.flatten().numpy() for name, values in columns.items()}, index)
    return table.assign(piece=bert.tokenizer.convert_ids_to_tokens(task.encoding.pieces[0].tolist()) * places)


def find_long_noise(bert: Bert, task: EncodedQuestions, *, size: float, steps: int) -> Noise:
    """The noise that an adversary finds against the first question, brought to its full length for every word piece.

    Args:
        bert: the model.
        task: questions cut for it.
        size: in mean lengths of a word vector.
        steps: of the adversary.
    """
    found = find_noise(lambda one: task.loss(one, [0]), bert, size=size, steps=steps, rate=2.5 / steps)
    length = size * measure_word(bert)
    return [length * each / each.norm(dim=-1, keepdim=True).clamp_min(1e-30) for each in found]


@torch.no_grad()
def _read_states(bert: Bert, task: EncodedQuestions, noise: Noise | None) -> torch.Tensor:
    """The states after the embeddings and after each layer, [place, token, width]."""
    reader = bert if noise is None else disturb_words(bert, WordNoise(noise))
    record = reader.observe(task.encoding.select([0]).to(bert.device))
    last = record.hidden[-1] if record.read is None else record.read
    return torch.cat([*record.hidden[:-1], last]).float().cpu()


def check_take_step(
    take_step: Callable[[list[float], list[float], list[bool], float], list[float]],
) -> Verdict:
    """Does a step go down the gradient, and only where it is free to?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([1.0, 2.0], [0.5, -1.0], [True, True], 0.1), [0.95, 2.1]),
        (([1.0, 2.0], [0.5, -1.0], [True, False], 0.1), [0.95, 2.0]),
        (([0.0], [3.0], [False], 1.0), [0.0]),
    ]
    random = np.random.default_rng(0)
    for count in (3, 4, 5):
        weights, gradient = random.normal(size=(2, count)).round(2)
        free = random.random(count) < 0.5
        rate = float(random.integers(1, 9)) / 10
        expected = (weights - rate * gradient * free).tolist()
        examples.append(((weights.tolist(), gradient.tolist(), free.tolist(), rate), expected))
    hint = "A free weight becomes weight - rate * gradient; one that is not free stays what it was."
    return check(take_step, examples, hint=hint, ordered=True)


def check_report_chosen(report_chosen: Callable[[dict[float, tuple[float, float]]], float]) -> Verdict:
    """Is λ chosen by validation, and reported on the exam?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (({0.3: (0.6, 0.5), 1.0: (0.5, 0.7)},), 0.5),
        (({0.3: (0.4, 0.9), 1.0: (0.5, 0.2), 3.0: (0.45, 0.3)},), 0.2),
        (({1.0: (0.25, 0.75)},), 0.75),
    ]
    random = np.random.default_rng(0)
    for _ in range(4):
        valid, exam = random.permutation(20)[:4] / 20, random.permutation(20)[:4] / 20
        weights = [0.1, 0.3, 1.0, 3.0]
        found = {weight: (float(one), float(other)) for weight, one, other in zip(weights, valid, exam, strict=True)}
        examples.append(((found,), found[weights[int(valid.argmax())]][1]))
    hint = "First find the weight whose first number is largest; then return the second number of that weight."
    return check(report_chosen, examples, hint=hint)


def check_student_loss(student_loss: Callable[[list[float], list[float], float], float]) -> Verdict:
    """Is it T² · KL(teacher ‖ student), both softened by T?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([1.0, 2.0], [1.0, 2.0], 2.0), 0.0),
        (([0.0, 0.0], [math.log(3), 0.0], 1.0), 0.75 * math.log(1.5) + 0.25 * math.log(0.5)),
    ]
    random = np.random.default_rng(0)
    for count, temperature in ((2, 2.0), (3, 4.0), (4, 0.5), (3, 1.0)):
        student, teacher = (2 * random.normal(size=(2, count))).round(1)
        believed, given = _soften(teacher, temperature), _soften(student, temperature)
        expected = temperature**2 * float((believed * np.log(believed / given)).sum())
        examples.append(((student.tolist(), teacher.tolist(), temperature), expected))
    hint = "Divide both by the temperature, then softmax; sum teacher * log(teacher / student); times the temperature squared."
    return check(student_loss, examples, hint=hint)


def _soften(scores: np.ndarray, temperature: float) -> np.ndarray:
    weights = np.exp(scores / temperature)
    return np.asarray(weights / weights.sum())
