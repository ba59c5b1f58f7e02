"""For notebooks 07 and 09: an exercise's answer is tried on their own models and texts, beside kgwb's figures."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypedDict

import pandas as pd
import torch

from kgwb.bert import Bert, find_mentions, link_mentions
from kgwb.bert.linking import Links
from kgwb.embed import GraphEmbedding
from kgwb.graph import KnowledgeGraph
from kgwb.learn import DistilledAnswers, MaskedAnswers, Question, Questions, find_threshold, predict, score_candidates
from kgwb.learn.answering.asking import SILENT
from kgwb.learn.policies.parts import find_part
from kgwb.lessons.growing_graph import take_ids
from kgwb.lessons.text_to_graph import Fact, gather_facts, guess_by_types, guess_by_words

Cases = dict[str, tuple[Any, ...]]


class Tried(TypedDict):
    """What `use_answer` takes beside the answer."""

    cases: Cases
    beside: dict[str, Any]


_PARTIAL = ("injector", "head", "top")


def list_steps(model: Bert, task: MaskedAnswers, *, batch: int = 32, rate: float = 1.0) -> Tried:
    """One number of each part of a model, with its gradient on a first batch, and where a step of torch's own SGD takes it.

    Args:
        model: before tuning; it stays as it is.
        task: its first questions are the batch.
        batch: how many.
        rate: the learning rate.

    Returns:
        By part the arguments of `take_step`, lists of one number (free is what the policy "partial" frees), and the numbers
        after the step.
    """
    bert = copy.deepcopy(model).eval()
    parts = ("head", *(f"layer {number}" for number in reversed(range(bert.layers))), "injector")
    free = [parameter for part in _PARTIAL for parameter in find_part(bert, part)]
    task.prepare(bert).loss(bert, list(range(min(batch, len(task.questions))))).backward()
    places = {part: _find_steepest(find_part(bert, part)) for part in parts}
    cases: Cases = {}
    for part, (parameter, place) in places.items():
        assert parameter.grad is not None
        is_free = any(parameter is each for each in free)
        cases[part] = (
            [parameter.flatten()[place].item()],
            [parameter.grad.flatten()[place].item()],
            [is_free],
            rate,
        )
    torch.optim.SGD(free, lr=rate).step()
    stepped = {part: parameter.flatten()[place].item() for part, (parameter, place) in places.items()}
    return {"cases": cases, "beside": stepped}


def _find_steepest(parameters: Iterable[torch.nn.Parameter]) -> tuple[torch.nn.Parameter, int]:
    """The number with the largest gradient."""
    known = [each for each in parameters if each.grad is not None]
    steepest = max(known, key=lambda each: float(each.grad.abs().max()))  # type: ignore[union-attr]
    assert steepest.grad is not None
    return steepest, int(steepest.grad.abs().argmax())


def list_reported(exams: pd.DataFrame, weights: Mapping[float, str]) -> Tried:
    """What each λ got on validation and in the exam, and the exam of the one that was best on validation.

    Args:
        exams: as `tabulate_exams` gives them.
        weights: the row of each λ.
    """
    tried = exams.loc[list(weights.values())]
    pairs = zip(tried["on validation"].tolist(), tried["in the exam"].tolist(), strict=True)
    name = f"λ of {', '.join(f'{weight:g}' for weight in weights)}"
    best = tried["on validation"].idxmax()
    cases: Cases = {name: (dict(zip(weights, pairs, strict=True)),)}
    return {"cases": cases, "beside": {name: float(tried.loc[best, "in the exam"])}}


def list_distillations(
    student: Bert, questions: Questions, teacher: GraphEmbedding, *, temperature: float = 2.0, count: int = 4
) -> Tried:
    """The scores of a student and of its teacher for some questions, and the loss that `DistilledAnswers` makes of them.

    Args:
        student: that is asked.
        questions: the first of them.
        teacher: that is asked the same.
        temperature: of both.
        count: how many questions.

    Returns:
        By question the arguments of `student_loss`, and the losses.
    """
    some, bert = questions[:count], student.in_mode(training=False)
    scores = [score_candidates(each, some).scores for each in (bert, teacher)]
    prepared = DistilledAnswers(some, teacher, temperature=temperature, weight=1.0).prepare(bert)
    cases: Cases = {}
    losses: dict[str, float] = {}
    for row, question in enumerate(some):
        cases[question.text] = (*(each[row].tolist() for each in scores), temperature)
        with torch.no_grad():
            losses[question.text] = prepared.loss(bert, [row]).item()
    return {"cases": cases, "beside": losses}


def list_evidence(links: Links, alone: str, graph: KnowledgeGraph, bert: Bert) -> Tried:
    """For the best entity of each name what speaks for it and the weights, and the score that `link_mentions` gave it.

    Args:
        links: as `link_mentions` gives them with its own weights.
        alone: a further text, which has one name only.
        graph: whose entities the names mean.
        bert: that reads the context.
    """
    kinds = ["prior", "context", "coherence"]
    weights = [inspect.signature(link_mentions).parameters[kind].default for kind in kinds]
    single = link_mentions([alone], find_mentions([alone], graph, bert.tokenizer), graph, bert=bert)
    cases: Cases = {}
    scores: dict[str, float] = {}
    for mark, linked in (("", links), (", alone", single)):
        for _, rows in linked.scores.groupby(["sentence", "mention"]):
            best = rows.loc[rows["score"].idxmax()]
            name = f"{best['text']} → {best['label']}{mark}"
            cases[name] = ([None if pd.isna(best[kind]) else float(best[kind]) for kind in kinds], weights)
            scores[name] = float(best["score"])
    return {"cases": cases, "beside": scores}


def list_readings(train: pd.DataFrame, exam: pd.DataFrame, graph: KnowledgeGraph, models: Mapping[str, Bert]) -> Tried:
    """The facts that each reader takes from an exam, those that it states, and precision and recall by scikit-learn.

    Args:
        train: pairs from which the floors were counted.
        exam: pairs that are read.
        graph: whose facts they are.
        models: by name, with a head of relations. Who reads no fact is left out.
    """
    given = {"words counted": guess_by_words(train, exam), "types alone": guess_by_types(train, exam, graph)}
    given |= {name: predict(model, exam)["given"] for name, model in models.items()}
    stated = _spell_facts(gather_facts(exam, exam["label"], graph), graph)
    read = {name: _spell_facts(gather_facts(exam, its, graph), graph) for name, its in given.items()}
    cases: Cases = {name: (facts, stated) for name, facts in read.items() if facts}
    judged = {}
    for name, (facts, _) in cases.items():
        everything = sorted(facts | stated)
        judged[name] = _judge([each in facts for each in everything], [each in stated for each in everything])
    return {"cases": cases, "beside": judged}


def _spell_facts(facts: Iterable[Fact], graph: KnowledgeGraph) -> set[str]:
    labels, relations = graph.labels, graph.relation_labels
    return {f"{labels[head]} | {relations[relation]} | {labels[tail]}" for head, relation, tail in facts}


def list_thresholds(judged: pd.DataFrame, right: Collection[Fact], precisions: Sequence[float]) -> Tried:
    """Probabilities of candidates and which are right, and the threshold of `find_threshold` without its bound.

    Args:
        judged: candidates with a probability; what the graph knows is left out.
        right: the facts that are to be found.
        precisions: each is a case.
    """
    new = judged[~judged["known"].to_numpy(bool)]
    truth = [fact in right for fact in take_ids(new)]
    given = (new["probability"].tolist(), truth)
    cases: Cases = {f"precision {precision:g}": (*given, precision) for precision in precisions}
    found = [find_threshold(judged, right, precision=precision, confidence=0.5) for precision in precisions]
    thresholds = {name: float(each.value) for name, each in zip(cases, found, strict=True)}
    return {"cases": cases, "beside": thresholds}


def list_refusals(answers: pd.DataFrame, questions: Sequence[Question], graph: KnowledgeGraph) -> Tried:
    """How much of each answer is silence, which questions the graph cannot answer, and precision and recall by scikit-learn.

    A share of silence that is not among a question's answers is below that of every one of them, and counts as 0.

    Args:
        answers: as `kgwb.answer` gives them, equally many of each question.
        questions: those asked, in their order.
        graph: that the model has, with the ids of the questions.
    """
    each = len(answers) // len(questions)
    silence = (
        answers["probability"].where(answers["answer"] == SILENT, 0.0).to_numpy().reshape(-1, each).max(1).tolist()
    )
    held = {(head, relation) for head, relation, _ in graph.triples.tolist()}
    lacks = [(question.head, question.relation) not in held for question in questions]
    name = f"{len(lacks)} questions, {sum(lacks)} without an answer"
    refused = [share >= 0.5 for share in silence]
    return {"cases": {name: (silence, lacks)}, "beside": {name: _judge(refused, lacks)}}


def count_refusals(answers: pd.DataFrame, asked: Mapping[str, Sequence[Question]]) -> pd.DataFrame:
    """How many questions of each kind a model answered, and how many it refused.

    Args:
        answers: as `kgwb.answer` gives them, equally many of each question.
        asked: the questions in their order, by kind.
    """
    kinds = [kind for kind, questions in asked.items() for _ in questions]
    first = answers["answer"][:: len(answers) // len(kinds)].reset_index(drop=True)
    return pd.crosstab(
        pd.Series(kinds, name="the fact is"),
        (first == SILENT).map({True: "refused", False: "answered"}).rename("it is"),
    )


def _judge(given: Sequence[bool], right: Sequence[bool]) -> tuple[float, float]:
    from sklearn.metrics import precision_score, recall_score

    return float(precision_score(right, given, zero_division=0)), float(recall_score(right, given, zero_division=0))
