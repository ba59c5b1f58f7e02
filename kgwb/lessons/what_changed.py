"""For notebook 08: what differs between two readings of the same sentences, what an answer rests on, and checks by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Reading
from kgwb.learn import Question, Questions, attribute_answer
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.head_habits import take_slots, weigh_relation

_LEFT_OVER = 0.01  # less attention than that on all words together says nothing of how they share it


def take_rows(reading: Reading) -> Float[Tensor, "sentence layer head key"]:
    """The attention of [MASK] to the word pieces of its sentence; what goes to facts is missing from it.

    Args:
        reading: of sentences with one [MASK] each.
    """
    masks = [tokens.index("[MASK]") for tokens in reading.tokens]
    return reading.attention[torch.arange(len(masks)), :, :, masks]


def measure_mass(reading: Reading) -> pd.Series:
    """How much of [MASK]'s attention goes to facts, by layer: the mean over heads and sentences."""
    mass = 1 - take_rows(reading).sum(-1)
    return _name_layers(mass.clamp_min(0).mean((0, 2)))


def compare_rows(before: Reading, after: Reading) -> pd.DataFrame:
    """How much the attention of [MASK] changed, by layer: the mean over heads and sentences.

    Args:
        before: of the same sentences.
        after: by the changed model.

    Returns:
        `to facts` is what left the words. `change` is ½ Σ |after − before| over the words as they are; `renormalised` is
        the same after each row was divided by its sum, over the rows of which the words kept at least a hundredth.
    """
    one, other = take_rows(before), take_rows(after)
    left = other.sum(-1)  # [sentence, layer, head]
    change = (other - one).abs().sum(-1) / 2
    fair = (other / left.clamp_min(_LEFT_OVER)[..., None] - one / one.sum(-1, keepdim=True)).abs().sum(-1) / 2
    kept = (left >= _LEFT_OVER).float()
    columns = {
        "to facts": measure_mass(after),
        "change": _name_layers(change.mean((0, 2))),
        "renormalised": _name_layers((fair * kept).sum((0, 2)) / kept.sum((0, 2)).clamp_min(1)),
    }
    return pd.DataFrame(columns)


def average_changes(
    change: Callable[[list[float], list[float]], float], before: Reading, after: Reading, layer: int
) -> float:
    """The mean of a function of two rows of [MASK]'s attention, over the heads and sentences that `compare_rows` renormalises.

    Args:
        change: called with a row before and the same row after, without the filling of shorter sentences.
        before: of the same sentences.
        after: by the changed model.
        layer: from 0.
    """
    one, other = (take_rows(reading)[:, layer].double() for reading in (before, after))  # [sentence, head, key]
    found = [
        change(one[row, head, :length].tolist(), other[row, head, :length].tolist())
        for row, length in enumerate(before.lengths)
        for head in (other[row].sum(-1) >= _LEFT_OVER).nonzero()[:, 0].tolist()
    ]
    return float(np.mean(found))


def compare_states(before: Reading, after: Reading) -> pd.Series:
    """How far the hidden state of [MASK] moved, as a share of its length: the mean over sentences.

    Returns:
        After the embeddings ("layer 0") and after each layer.
    """
    one, other = _take_masks(before), _take_masks(after)
    return _name_layers(((other - one).norm(dim=-1) / one.norm(dim=-1)).mean(0))


def share_answers(reading: Reading, questions: Sequence[Question], *, neighbours: int = 5) -> pd.Series:
    """How many of the nearest [MASK]s, by cosine, stand for the same answer; of questions of the same relation.

    Args:
        reading: of the questions' texts, in that order.
        questions: more than `neighbours` of each relation.
        neighbours: how many nearest count.

    Returns:
        The share after the embeddings and after each layer; last that of all pairs of questions, which is chance.
    """
    states, shares, chances = _take_masks(reading), [], []
    for relation in sorted({question.relation for question in questions}):
        rows = [row for row, question in enumerate(questions) if question.relation == relation]
        answers = torch.tensor([questions[row].answer for row in rows])
        unit = normalize(states[rows].transpose(0, 1), dim=-1)  # [place, question, dim]
        cosines = (unit @ unit.mT).masked_fill(torch.eye(len(rows), dtype=torch.bool), -2)
        near = cosines.topk(min(neighbours, len(rows) - 1)).indices
        shares.append((answers[near] == answers[:, None]).float().mean((1, 2)))
        same = answers[:, None] == answers
        chances.append(float((same.sum() - len(rows)) / (len(rows) * (len(rows) - 1))))
    return pd.concat([_name_layers(torch.stack(shares).mean(0)), pd.Series({"chance": float(np.mean(chances))})])


def list_similar(reading: Reading, questions: Questions, *, sentence: int = 0, count: int = 5) -> list[str]:
    """The questions of the same relation whose [MASK] is most similar in the last layer, by cosine: whom they ask about.

    Args:
        reading: of the questions' texts, in that order.
        questions: what was read.
        sentence: to which they are similar, from 0.
        count: how many.

    Returns:
        The person and the right answer of each, the most similar first.
    """
    labels, relation = questions.graph.labels, questions[sentence].relation
    rows = [row for row, each in enumerate(questions) if each.relation == relation and row != sentence]
    states = _take_masks(reading)[:, -1]
    order = torch.cosine_similarity(states[rows], states[sentence], dim=-1).argsort(descending=True)
    best = [questions[rows[place]] for place in order[:count].tolist()]
    return [f"{labels[each.head]} ({labels[each.answer]})" for each in best]


def tabulate_answers(before: pd.Series, after: Mapping[str, pd.Series]) -> pd.DataFrame:
    """Right answers, and those gained and lost against before.

    Args:
        before: whether each question was answered right.
        after: the same, by model.

    Example:
        >>> tabulate_answers(pd.Series([True, False]), {"tuned": pd.Series([False, True])}).loc["tuned"].to_dict()
        {'right': 0.5, 'gained': 1.0, 'lost': 1.0}
    """
    rows = {"before": {"right": before.mean(), "gained": 0, "lost": 0}}
    for name, correct in after.items():
        gained, lost = (correct & ~before).sum(), (before & ~correct).sum()
        rows[name] = {"right": correct.mean(), "gained": gained, "lost": lost}
    return pd.DataFrame(rows).T


def summarise_change(
    before: Reading, after: Reading, questions: Questions, right: float, *, layers: Sequence[int]
) -> dict[str, float]:
    """Five measures of what changed, in one row.

    Args:
        before, after: readings of the questions' texts, in that order.
        questions: what was read.
        right: the share of right answers after.
        layers: whose means are taken of the attention.
    """
    rows = compare_rows(before, after).iloc[list(layers)]
    return {
        "attention to facts": rows["to facts"].mean(),
        "attention among words, renormalised": rows["renormalised"].mean(),
        "last state of [MASK] moved by": compare_states(before, after).iloc[-1],
        "nearest [MASK]s of the same answer": share_answers(after, questions).iloc[-2],
        "right answers": right,
    }


def weigh_facts(model: Bert, reading: Reading, questions: Questions) -> pd.DataFrame:
    """Attention to a fact beside what it does: the fact asked for, and the one that another question asks for.

    Args:
        model: with a memory.
        reading: of the questions' texts, in that order, by that model.
        questions: of two or more relations.

    Returns:
        One row per question: [MASK]'s `attention` to the fact asked for, as the mean over the heads of all layers that
        read facts, and by how much leaving it out lowers the answer's probability (`effect`); the same for facts of the
        other relations (`attention, other`, `effect, other`); `rank`, the place of the fact asked for among all by attention.
    """
    relations, labels = {question.relation for question in questions}, questions.graph.relation_labels
    weights = {relation: weigh_relation(reading, relation) for relation in range(len(labels))}
    read = (take_slots(reading).sum((0, 2, 3, 4)) > 0).nonzero()[:, 0].tolist()
    rows = []
    for row, question in enumerate(questions):
        paid = {each: float(weights[each][row, read].mean()) for each in weights}
        frame = attribute_answer(model, questions[row : row + 1]).frame
        facts = frame[frame["kind"] == "fact"]
        named = facts["what"].str.split(" | ", regex=False).str[1]
        effects = {each: float(facts["change"][named == labels[each]].max()) for each in relations}
        others = relations - {question.relation}
        rows.append(
            {
                "attention": paid[question.relation],
                "attention, other": max(paid[each] for each in others),
                "effect": effects[question.relation],
                "effect, other": max(effects[each] for each in others),
                "rank": 1 + sum(each > paid[question.relation] for each in paid.values()),
            }
        )
    return pd.DataFrame(rows, index=pd.Index([question.text for question in questions], name="question"))


def _take_masks(reading: Reading) -> Float[Tensor, "sentence place dim"]:
    masks = [tokens.index("[MASK]") for tokens in reading.tokens]
    return reading.hidden[torch.arange(len(masks)), :, masks]


def _name_layers(values: Float[Tensor, " layer"]) -> pd.Series:
    return pd.Series(values.numpy(), [f"layer {layer}" for layer in range(len(values))])


def check_word_change(word_change: Callable[[list[float], list[float]], float]) -> Verdict:
    """Is it half the sum of differences, after each row was divided by its sum?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.5, 0.5], [0.25, 0.25]), 0.0),
        (([0.5, 0.5], [0.5, 0.0]), 0.5),
        (([0.25, 0.25, 0.5], [0.1, 0.1, 0.0]), 0.5),
        (([0.2, 0.2], [0.3, 0.1]), 0.25),
    ]
    random = np.random.default_rng(0)
    for count in (2, 3, 4, 5):
        before = random.dirichlet(np.ones(count)).round(2) + 0.01
        after = (random.dirichlet(np.ones(count)) * random.uniform(0.2, 0.9)).round(2) + 0.01
        gaps = np.abs(before / before.sum() - after / after.sum())
        examples.append(((before.tolist(), after.tolist()), float(gaps.sum() / 2)))
    hint = "Divide each row by its own sum first; then half the sum of |after - before| lies between 0 and 1."
    return check(word_change, examples, hint=hint)


def check_permutation_p(permutation_p: Callable[[list[float]], float]) -> Verdict:
    """Is it the share of all ways to set the signs in which the sum is as far from zero as it was?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([1.0, 2.0],), 0.5),
        (([-1.0, -2.0, -4.0],), 0.25),
        (([1.0, -1.0],), 1.0),
        (([0.5, 0.5, 0.25, 0.0],), 0.25),
    ]
    random = np.random.default_rng(0)
    for count in (3, 4, 5, 6):
        drawn = (random.integers(-8, 12, count) / 4).tolist()  # exact, so that two equal sums are equal
        ways = [sum(map(np.multiply, drawn, signs)) for signs in itertools.product([1, -1], repeat=count)]
        examples.append(((drawn,), sum(abs(way) >= abs(sum(drawn)) for way in ways) / len(ways)))
    hint = (
        "Each way in itertools.product gives sum(d * s for d, s in zip(differences, way)); compare it without its sign."
    )
    return check(permutation_p, examples, hint=hint)


def check_count_changes(count_changes: Callable[[list[bool], list[bool]], tuple[int, int]]) -> Verdict:
    """Does it count what was gained and what was lost, and not only the balance?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([False, True, True, False], [True, False, True, False]), (1, 1)),
        (([False, False, True], [True, True, True]), (2, 0)),
        (([True, True], [False, True]), (0, 1)),
    ]
    random = np.random.default_rng(0)
    for count in (5, 7, 9):
        before, after = (random.random((2, count)) < 0.5).tolist()
        pairs = list(zip(before, after, strict=True))
        examples.append(((before, after), (pairs.count((False, True)), pairs.count((True, False)))))
    hint = "Gained: wrong before and right after. Lost: right before and wrong after. Return the two, gained first."
    return check(count_changes, examples, hint=hint)
