"""For notebook 06: doors as a table and a picture, facts by their attention, names linked to other entities, and checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Reading, inject, load_bert
from kgwb.embed import ComplEx, GraphEmbedding
from kgwb.graph import KnowledgeGraph
from kgwb.learn import Question, Questions
from kgwb.learn.answering.asking import SILENT
from kgwb.lessons.checks import LIMIT, Verdict, check
from kgwb.lessons.examples import make_graph, make_reading
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import draw_picture, draw_text, measure_text, wrap_text
from kgwb.words import shorten

Triple = tuple[int, int, int]
_LEFT, _CELL, _BETWEEN, _SIZE, _RIGHT = 128.0, 12.0, 20.0, 11.0, 30.0


def draw_gates(readings: Mapping[str, Reading], *, sentence: int = 0) -> Picture:
    """A panel for each reading: word pieces from left to right, the input and the layers from top to bottom.

    Args:
        readings: by name; of one and the same sentence, each by another injected model.
        sentence: which one, from 0.

    Raises:
        ValueError: if there is no reading, or one is of another sentence.
    """
    read = {reading.tokens[sentence] for reading in readings.values()}
    if len(read) != 1:
        message = f"{len(readings)} readings of {len(read)} sentences came."
        raise ValueError(
            f"{message} Expected one or more, of the same sentence: draw_gates({{'entity': kgwb.read(...)}})."
        )
    pieces = [shorten(piece, 14) for piece in next(iter(read))]
    width = (WIDTH - _LEFT - _RIGHT) / len(pieces)
    top = 20 + 0.75 * max(measure_text(piece, _SIZE) for piece in pieces)
    parts = [_write_slanted(piece, _LEFT + (i + 0.4) * width, top - 6) for i, piece in enumerate(pieces)]
    widest = []
    for name, reading in readings.items():
        openness = join_gates(reading, sentence)
        parts += _draw_panel(name, openness, top, width)
        top += len(openness) * _CELL + _BETWEEN
        widest.append(f"{name} {float(openness.max()):.2f}")
    caption = (
        "How far each door stood open at each word piece: blank 0, full 1. The top row of each is the input, below it the "
        "layers in order. Entity, relation: the gate. Graph, tower, memory: gate and share of attention in one. Pointer: the "
        "gate at the answer."
    )
    svg = draw_picture(parts, WIDTH, top - _BETWEEN + 8, title="Doors", caption=caption)
    return Picture(svg, f"how far doors stand open in one sentence; at most {', '.join(widest)}.")


def join_gates(reading: Reading, sentence: int) -> Float[Tensor, "place token"]:
    """The widest of a reading's doors at each place and word piece; zeros where there is none."""
    closed = torch.zeros(reading.hidden.shape[1], reading.lengths[sentence])
    gates = [gate[sentence, :, : reading.lengths[sentence]] for gate in reading.gates.values()]
    return torch.stack([closed, *gates]).amax(0)


def _draw_panel(name: str, openness: Float[Tensor, "place token"], top: float, width: float) -> list[str]:
    places, pieces = openness.shape
    lines = wrap_text(name.replace("+", " + "), 14, _LEFT - 16)
    middle = top + places * _CELL / 2 + 4 - 8 * (len(lines) - 1)  # between the input's name and the last layer's
    parts = [
        *(draw_text(shorten(line, 14), 12, middle + 16 * i, size=13, weight=600) for i, line in enumerate(lines)),
        draw_text("input", _LEFT - 8, top + 10, role="muted", size=_SIZE, anchor="end"),
        draw_text(f"layer {places - 2}", _LEFT - 8, top + places * _CELL - 2, role="muted", size=_SIZE, anchor="end"),
    ]
    look = 'fill="none" class="line-rule" stroke-width=".75"'
    parts.append(
        f'<rect x="{_LEFT:.1f}" y="{top:.1f}" width="{pieces * width:.1f}" height="{places * _CELL:.1f}" {look}/>'
    )
    for (place, piece), share in _list_open(openness):
        x, y = _LEFT + piece * width, top + place * _CELL
        parts.append(
            f'<rect x="{x + 0.5:.1f}" y="{y + 0.5:.1f}" width="{width - 1:.1f}" height="{_CELL - 1:.1f}" class="injected" '
            f'fill-opacity="{share:.2f}"/>'
        )
    return parts


def _list_open(openness: Float[Tensor, "place token"]) -> Sequence[tuple[tuple[int, int], float]]:
    """What can be seen: all above half a hundredth."""
    found = (openness >= 0.005).nonzero().tolist()
    return [((place, piece), min(1.0, float(openness[place, piece]))) for place, piece in found]


def _write_slanted(text: str, x: float, y: float) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f}) rotate(-50)">{draw_text(text, 0, 0, size=_SIZE)}</g>'


def compare_doors(models: Mapping[str, Bert], readings: Mapping[str, Reading], plain: Reading) -> pd.DataFrame:
    """What each door changes, and what it has to learn, in one sentence that plain BERT has read too.

    Args:
        models: by name, each with one door.
        readings: what each of them read.
        plain: the same sentence, read without a door.
    """
    rows = {}
    for name, reading in readings.items():
        injector = models[name].injector
        assert injector is not None
        rows[name] = {
            "largest difference": float((reading.hidden - plain.hidden).abs().max()),
            "numbers to learn": sum(weights.numel() for weights in injector.parameters()),
            "after layers": injector.doors[0].touched_layers,
            "in the attention of": injector.doors[0].touched_attention,
            "word pieces reached": f"{sum(reading.injected[0])} of {reading.lengths[0]}",
        }
    return pd.DataFrame(rows).T


def measure_fact_attention(
    reading: Reading, graph: KnowledgeGraph, *, sentence: int = 0, focus: str = "[MASK]"
) -> pd.Series:
    """How much of one word piece's attention each fact of a memory gets, largest first.

    Args:
        reading: by a model with a memory.
        graph: for the labels.
        sentence: which one, from 0.
        focus: the word piece that attends; the first of its kind.

    Returns:
        The mean over all heads of the layers that read the memory, by "head relation tail". A fact that two slots hold,
        one for either end, counts once, with the sum.

    Raises:
        ValueError: if the reading has no memory.
    """
    if reading.slots is None:
        raise ValueError(f"{reading.name!r} has no memory. Type kgwb.inject(bert, vectors, mode='memory'), then read.")
    query = reading.tokens[sentence].index(focus)
    weights = reading.slots[sentence, :, :, query].mean(1)  # [layer, slot]
    read = weights[weights.sum(1) > 0].mean(0) if bool((weights > 0).any()) else weights[0]
    labels, relations = graph.labels, graph.relation_labels
    facts = [f"{labels[head]} {relations[relation]} {labels[tail]}" for head, relation, tail in reading.facts[sentence]]
    return pd.Series(read[: len(facts)].numpy(), index=facts).groupby(level=0).sum().sort_values(ascending=False)


def relink_heads(questions: Questions, *, seed: int = 0) -> Questions:
    """The same texts, but each head's name is linked to another entity, with another answer.

    Args:
        questions: with mentions.
        seed: for the draw of the other entity.

    Returns:
        Those questions for which another head among them has its own answer among the candidates; `answer` is then
        that other head's.
    """
    random = np.random.default_rng(seed)
    facts: dict[int, dict[int, int]] = {}
    for question in questions:
        facts.setdefault(question.relation, {})[question.head] = question.answer
    items = []
    for question in questions:
        others = [
            (head, answer)
            for head, answer in sorted(facts[question.relation].items())
            if answer in question.candidates and answer != question.answer
        ]
        if others:
            items.append(_link_to(question, *others[int(random.integers(len(others)))]))
    return replace(questions, items=tuple(items))


def _link_to(question: Question, head: int, answer: int) -> Question:
    mentions = tuple(
        replace(mention, entity=head) if mention.entity == question.head else mention for mention in question.mentions
    )
    return replace(question, mentions=mentions, head=head, answer=answer)


def check_memory_mass(memory_mass: Callable[[Reading, int, Triple], float]) -> Verdict:
    """Does it average over heads, and add up the slots that hold the same fact?"""
    slots = torch.zeros(2, 2, 2, 3)  # [layer, head, query, slot]
    slots[1, :, 1] = torch.tensor([[0.5, 0.125, 0.25], [0.25, 0.0, 0.25]])
    held: tuple[Triple, ...] = ((0, 0, 1), (0, 1, 2), (0, 0, 1))
    reading = _make_memory(slots, ["ada", "[MASK]"], held)
    examples = [((reading, 1, (0, 1, 2)), 0.0625), ((reading, 1, (0, 0, 1)), 0.625), ((reading, 0, (0, 0, 1)), 0.0)]
    random = np.random.default_rng(0)
    facts: tuple[Triple, ...] = ((0, 0, 1), (0, 1, 2), (3, 0, 1), (1, 0, 0), (0, 0, 2), (0, 1, 1))
    for tokens in (["[CLS]", "[MASK]", "is", "ada", "[SEP]"], ["[CLS]", "ada", "is", "[MASK]", "[SEP]"]):
        held = tuple(facts[place] for place in [*random.permutation(6), random.integers(6)])
        # Of two sentences, the other with other slots: [sentence, layer, head, query, slot + 1]
        both = torch.from_numpy(random.dirichlet(np.ones(8), (2, 2, 3, 5)).round(2))
        share, reading = both[0], _make_memory(both[..., :7], tokens, held)
        mask, layer = tokens.index("[MASK]"), int(random.integers(2))
        for fact in facts:
            rows = [
                [share[layer, head, mask, slot].item() for slot in range(7) if held[slot] == fact] for head in range(3)
            ]
            examples.append(((reading, layer, fact), sum(map(sum, rows)) / 3))
    hint = "reading.facts[0] lists the fact that each slot holds; two slots may hold the same one, one for either end."
    return check(memory_mass, examples, hint=hint)


def _make_memory(slots: torch.Tensor, tokens: list[str], facts: tuple[Triple, ...]) -> Reading:
    """One sentence's, or two sentences', the second with the facts turned round."""
    every, count = slots if slots.ndim == 5 else slots[None], len(tokens)
    attention = (1 - every.sum(-1, keepdim=True)).expand(*every.shape[:4], count) / count
    return make_reading(attention, tokens, slots=every, facts=(facts, facts[::-1])[: len(every)])


def check_supported(supported: Callable[[list[float], list[str], float], tuple[str, float]]) -> Verdict:
    """Does it share among all slots and "none of them", and add up the slots that speak for one answer?"""
    given = [([2.0, 1.0, 1.5], ["Ket", "Sol", "Sol"], 0.0), ([0.0], ["Ket"], -50.0), ([1.0, 2.0], ["Ket", "Sol"], 3.0)]
    given.append(([], [], 0.4))  # a sentence that names no entity
    random = np.random.default_rng(0)
    for size in (1, 3, 4, 5, 6, 8) * 3:
        *scores, none = random.normal(0, 2, size + 1).round(2).tolist()
        given.append((scores, random.choice(["Ket", "Sol", "Ruo", "Vim"], size).tolist(), none))
    examples = [(each, _find_supported(*each)) for each in given]
    hint = f"The softmax is over the slots and `none` together; its column is called {SILENT!r}."
    return check(supported, examples, hint=hint)


def _find_supported(scores: list[float], answers: list[str], none: float) -> tuple[str, float]:
    shares = torch.tensor([*scores, none], dtype=torch.float64).softmax(0).tolist()
    support: dict[str, float] = {}
    for answer, share in zip([*answers, SILENT], shares, strict=True):
        support[answer] = support.get(answer, 0.0) + share
    best = max(support, key=lambda answer: support[answer])
    return best, round(support[best], 4)


def check_edit(edit: Callable[[Bert, str, str, str], None]) -> Verdict:
    """Does it put one fact in the place of the old one, and leave all others?"""
    graph = make_graph(_TOY)
    bert, vectors = load_bert(), GraphEmbedding(graph, ComplEx(), dim=4)
    asked = [("Ada", "speaks", "Sol"), ("Bo", "speaks", "Ket"), ("Ada", "born in", "Vim"), ("Bo", "knows", "Ada")]
    models = [inject(bert, vectors, mode="memory")]  # the others when they are needed
    examples = []
    for head, relation, tail in asked:
        kept = [fact for fact in _TOY if fact[:2] != (head, relation)]
        examples.append(((head, relation, tail), [*kept, (head, relation, tail)]))

    def facts_after(edit: Any, head: str, relation: str, tail: str) -> list[tuple[str, str, str]]:
        model = models.pop() if models else inject(bert, vectors, mode="memory")
        edit(model, head, relation, tail)
        facts = model.injector.facts.tolist() if model.injector is not None else []
        return sorted((graph.labels[h], graph.relation_labels[r], graph.labels[t]) for h, r, t in facts)

    hint = "model.injector.facts is a table of ids; the old fact is the row with this head and this relation."
    return check(edit, examples, hint=hint, through=facts_after, called="the facts after edit", limit=3 * LIMIT)


_TOY = [
    ("Ada", "born in", "Ruo"),
    ("Ada", "speaks", "Ket"),
    ("Bo", "born in", "Vim"),
    ("Bo", "knows", "Cem"),
    ("Bo", "speaks", "Sol"),
    ("Cem", "knows", "Bo"),
]
