"""For notebook 08: what a head gives to a fact that is asked for, and to the same fact when it is not, over many sentences."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Reading
from kgwb.learn import Questions
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_points, draw_polyline
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import Panel, draw_axes

_MARGIN, _SIDE = 50.0, 286.0


def take_slots(reading: Reading) -> Float[Tensor, "sentence layer head query slot"]:
    """The attention to facts.

    Raises:
        ValueError: the reading has none.
    """
    if reading.slots is None:
        raise ValueError(f"{reading.name!r} has no memory. Type kgwb.inject(bert, vectors, mode='memory'), then read.")
    return reading.slots


def weigh_relation(reading: Reading, relation: int) -> Float[Tensor, "sentence layer head"]:
    """How much of [MASK]'s attention goes to facts of a relation."""
    weights = []
    for row, tokens in enumerate(reading.tokens):
        slots = [slot for slot, fact in enumerate(reading.facts[row]) if fact[1] == relation]
        weights.append(take_slots(reading)[row, :, :, tokens.index("[MASK]"), slots].sum(-1))
    return torch.stack(weights)


def list_habits(reading: Reading, questions: Questions) -> pd.DataFrame:
    """What each head gives to the facts of a relation, when that is asked and when another is.

    Args:
        reading: of the questions' texts, in that order, by a model with a memory.
        questions: of two or more relations.

    Returns:
        One row per relation, layer and head that reads facts: the means over sentences, `asked` and `not asked`.
    """
    labels, tables = questions.graph.relation_labels, {}
    reads = (take_slots(reading).sum((0, 2, 3, 4)) > 0).nonzero()[:, 0].tolist()  # layers
    for relation in sorted({question.relation for question in questions}):
        weights = weigh_relation(reading, relation)[:, reads]
        is_asked = torch.tensor([question.relation == relation for question in questions])
        columns = {"asked": weights[is_asked].mean(0), "not asked": weights[~is_asked].mean(0)}
        rows = pd.MultiIndex.from_product([reads, range(weights.shape[2])], names=["layer", "head"])
        tables[labels[relation]] = pd.DataFrame(
            {name: values.flatten().numpy() for name, values in columns.items()}, rows
        )
    return pd.concat(tables, names=["relation"])


def compare_heads(reading: Reading, questions: Questions, *, sentence: int = 0, most: int = 4) -> pd.DataFrame:
    """The heads that give most to the fact asked for in one sentence, and what they do in all.

    Args:
        reading: of the questions' texts, in that order, by a model with a memory.
        questions: each person is asked about in two relations.
        sentence: which one, from 0.
        most: how many heads.

    Returns:
        One row per layer and head: what it gives in `this sentence`; `asked` and `not asked`, the means over people, of
        whom the same fact is asked for in one question and not in the other; their `difference`, and its `p` by
        `permute_signs`.
    """
    relation = questions[sentence].relation
    weights, heads = weigh_relation(reading, relation), take_slots(reading).shape[2]
    rows = []
    for place in weights[sentence].flatten().topk(most).indices.tolist():
        layer, head = divmod(place, heads)
        pairs = _pair_people(weights[:, layer, head], questions, relation)
        means = {"asked": pairs[:, 0].mean(), "not asked": pairs[:, 1].mean()}
        means["difference"] = means["asked"] - means["not asked"]
        here = float(weights[sentence, layer, head])
        p = permute_signs(pairs[:, 0] - pairs[:, 1])
        rows.append({"layer": layer, "head": head, "this sentence": here, **means, "p": p})
    return pd.DataFrame(rows).set_index(["layer", "head"])


def list_differences(
    reading: Reading, questions: Questions, *, layer: int, head: int, sentence: int = 0
) -> list[float]:
    """By person, what a head gives to a fact when it is asked for, less what it gives when another is.

    Args:
        reading: of the questions' texts, in that order, by a model with a memory.
        questions: each person is asked about in two relations.
        layer, head: which head, from 0.
        sentence: whose relation counts, from 0.
    """
    relation = questions[sentence].relation
    pairs = _pair_people(weigh_relation(reading, relation)[:, layer, head], questions, relation)
    differences: list[float] = (pairs[:, 0] - pairs[:, 1]).tolist()
    return differences


def _pair_people(
    weights: Float[Tensor, " sentence"], questions: Questions, relation: int
) -> Float[np.ndarray, "person asked"]:
    """By person of whom both are asked: the weight where this relation is asked, and where another is."""
    asked: dict[int, float] = {}
    other: dict[int, float] = {}
    for question, weight in zip(questions, weights.tolist(), strict=True):
        (asked if question.relation == relation else other)[question.head] = weight
    return np.array([(asked[person], other[person]) for person in sorted(set(asked) & set(other))])


def permute_signs(
    differences: Sequence[float] | Float[np.ndarray, " pair"], *, draws: int = 10_000, seed: int = 0
) -> float:
    """How often chance alone makes a mean difference as large as that of these pairs, whichever side is larger.

    If the two of a pair could be exchanged, each difference might as well have the other sign (Fisher, 1935). Where there
    are no more ways to set the signs than draws, each way counts once and p is exact; else the observed signs are counted
    as one draw.

    Args:
        differences: one per pair.
        draws: of signs.
        seed: for the draws.

    Example:
        >>> permute_signs(np.ones(12)) == 2 / 2**12, permute_signs([1.0, -1.0, 1.0, -1.0])
        (True, 1.0)
    """
    count, observed = len(differences), abs(float(np.sum(differences)))
    if 2.0**count <= draws:
        every = np.array(list(itertools.product((1.0, -1.0), repeat=count)))
        return float((np.abs(every @ differences) >= observed - 1e-12).mean())
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (draws, count))
    sums = np.abs(signs @ differences)
    return float((1 + (sums >= observed - 1e-12).sum()) / (draws + 1))


def draw_habits(habits: pd.DataFrame, facts: pd.DataFrame) -> Picture:
    """Left, what each head gives to a fact when it is asked for and when not; right, what facts get and what they do.

    Args:
        habits: as `list_habits` gives them.
        facts: as `what_changed.weigh_facts` gives them.
    """
    left = Panel(_MARGIN, 34, _SIDE, _SIDE, (-0.03, 1.03), (-0.03, 1.03))
    parts = [draw_axes(left, title="A head's weight on a fact, when asked", x_name="and when another is asked")]
    parts.append(draw_polyline(left.place(np.array([0, 1]), np.array([0, 1])), role="line-muted", dashed=True))
    marks = [Mark("no difference", "muted", "dashed")]
    for colour, (relation, rows) in zip(itertools.cycle(TYPE_COLOURS), habits.groupby(level="relation"), strict=False):
        parts.append(_draw_dots(left, rows["not asked"], rows["asked"], colour))
        marks.append(Mark(f"to “{relation}”", colour))
    paid = facts[["attention", "attention, other"]]
    right = Panel(2 * _MARGIN + _SIDE + 34, 34, _SIDE, _SIDE, (0, 1.1 * float(paid.max().max())), (-0.03, 1.03))
    parts.append(draw_axes(right, title="What leaving a fact out does", x_name="attention that it gets"))
    for ending, colour, name in (("", TYPE_COLOURS[2], "asked for"), (", other", TYPE_COLOURS[3], "not asked for")):
        parts.append(_draw_dots(right, facts[f"attention{ending}"], facts[f"effect{ending}"], colour))
        marks.append(Mark(name, colour))
    legend, taken = draw_legend(marks, 12, left.bottom + 46, WIDTH - 24)
    caption = (
        f"Left, a dot is a head and a relation, the mean over all questions. Right, a dot is a fact in one of {len(facts)} "
        "questions: the fall of the right answer's probability, over the mean attention of all heads that read facts."
    )
    svg = draw_picture([*parts, legend], WIDTH, left.bottom + 46 + taken, title=caption, caption=caption)
    gap = float((habits["asked"] - habits["not asked"]).abs().max())
    said = f"asked or not differs by at most {gap:.2f} for all {len(habits)} pairs of head and relation"
    effects = facts[["effect", "effect, other"]].mean()
    return Picture(
        svg, f"{said}; leaving out a fact costs {effects.iloc[0]:.2f} if asked for and {effects.iloc[1]:.2f} if not."
    )


def _draw_dots(panel: Panel, x: pd.Series, y: pd.Series, colour: str) -> str:
    dots = panel.place(x.to_numpy(), y.to_numpy())
    return draw_points(dots, np.full(len(dots), 4.0), [colour] * len(dots))
