"""For notebook 06: facts by how much of an answer's attention they hold, names on the wrong people, and checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, Reading, inject, load_bert
from kgwb.embed import ComplEx, GraphEmbedding
from kgwb.graph import KnowledgeGraph
from kgwb.learn import Question, Questions
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.gates import draw_gates as draw_gates
from kgwb.lessons.learning import learn as learn

Triple = tuple[int, int, int]


def weigh_facts(reading: Reading, graph: KnowledgeGraph, *, sentence: int = 0, focus: str = "[MASK]") -> pd.Series:
    """How much of one word piece's attention goes to each fact of a memory, the most first.

    Args:
        reading: by a model with a memory.
        graph: for the labels.
        sentence: which one, from 0.
        focus: the word piece that asks; the first of its kind.

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
    told = [f"{labels[head]} {relations[relation]} {labels[tail]}" for head, relation, tail in reading.facts[sentence]]
    return pd.Series(read[: len(told)].numpy(), index=told).groupby(level=0).sum().sort_values(ascending=False)


def exchange_people(questions: Questions, *, seed: int = 0) -> Questions:
    """The same sentences, letter by letter, but each name is linked to somebody else, of whom something else is true.

    Args:
        questions: with mentions.
        seed: for the draw of the other one.

    Returns:
        Those questions for which another head among them has its own answer among the candidates; `answer` is then
        what is true of that other head.
    """
    dice = np.random.default_rng(seed)
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
            items.append(_link_to(question, *others[int(dice.integers(len(others)))]))
    return replace(questions, items=tuple(items))


def _link_to(question: Question, head: int, answer: int) -> Question:
    mentions = tuple(
        replace(mention, entity=head) if mention.entity == question.head else mention for mention in question.mentions
    )
    return replace(question, mentions=mentions, head=head, answer=answer)


def check_memory_mass(memory_mass: Callable[[Reading, int, Triple], float]) -> Verdict:
    """Does it average over heads, and add up the slots that hold the same fact?"""
    slots = torch.zeros(1, 2, 2, 2, 3)  # [sentence, layer, head, query, slot]
    slots[0, 1, :, 1] = torch.tensor([[0.5, 0.125, 0.25], [0.25, 0.0, 0.25]])
    reading = Reading(
        sentences=("Ada speaks [MASK].",),
        tokens=(("ada", "[MASK]"),),
        mentions=((),),
        attention=torch.zeros(1, 2, 2, 2, 2),
        hidden=torch.zeros(1, 3, 2, 4),
        injected=((False, False),),
        name="tiny",
        slots=slots,
        facts=(((0, 0, 1), (0, 1, 2), (0, 0, 1)),),
    )
    examples = [((reading, 1, (0, 1, 2)), 0.0625), ((reading, 1, (0, 0, 1)), 0.625), ((reading, 0, (0, 0, 1)), 0.0)]
    hint = "reading.facts[0] tells which fact each slot holds, and two slots may hold the same one: from either end."
    return check(memory_mass, examples, hint=hint)


def check_visible(visible: Callable[[list[int], set[tuple[int, int]]], Sequence[Sequence[bool]]]) -> Verdict:
    """Does it hide two mentions from each other only if the graph does not link them?"""

    def asked(entities: list[int], linked: set[tuple[int, int]]) -> tuple[str, ...]:
        return tuple("".join("x" if cell else "." for cell in row) for row in visible(entities, linked))

    asked.__name__ = "visible"
    examples = [
        (([-1, 4, 4, -1], set()), ("xxxx",) * 4),
        (([7, -1, 4], {(4, 7)}), ("xxx",) * 3),
        (([7, -1, 4, 9], {(4, 7)}), ("xxx.", "xxxx", "xxx.", ".x.x")),
    ]
    hint = "Hidden are two different entities (-1 is none) of which neither (one, other) nor (other, one) is linked."
    return check(asked, examples, hint=hint)


def check_gain(gain: Callable[[pd.DataFrame, str], float]) -> Verdict:
    """Does it compare a door with the best row that holds none of its knowledge?"""
    rows = {
        "plain": 0.25,
        "text": 0.8,
        "entity": 0.6,
        "entity/shuffled": 0.3,
        "entity/off": 0.2,
        "entity/noise 0.5": 0.45,
        "memory": 0.9,
        "memory/shuffled": 0.2,
        "memory/off": 0.35,
        "memory/noise 0.5": 0.55,
    }
    table = pd.DataFrame({"accuracy": rows})
    hint = "Text tells the facts and noise leaves some of them, so both know something; another door's twins are not its own."
    return check(gain, [((table, "entity"), 0.3), ((table, "memory"), 0.55)], hint=hint)


def check_edit(edit: Callable[[Bert, str, str, str], None]) -> Verdict:
    """Does it put one fact in the place of the old one, and leave all others?"""

    def facts_after(head: str, relation: str, tail: str) -> list[tuple[str, str, str]]:
        facts = pd.DataFrame(_TOY, columns=["head", "relation", "tail"])
        graph = KnowledgeGraph.from_pandas(facts)
        model = inject(load_bert(), GraphEmbedding(graph, ComplEx(), dim=4), mode="memory")
        edit(model, head, relation, tail)
        assert model.injector is not None
        return [
            (graph.labels[h], graph.relation_labels[r], graph.labels[t]) for h, r, t in model.injector.facts.tolist()
        ]

    facts_after.__name__ = "the facts after edit"
    examples = [
        (("Ada", "speaks", "Sol"), [("Ada", "born in", "Ruo"), ("Ada", "speaks", "Sol"), ("Bo", "speaks", "Sol")]),
        (("Bo", "speaks", "Ket"), [("Ada", "born in", "Ruo"), ("Ada", "speaks", "Ket"), ("Bo", "speaks", "Ket")]),
    ]
    hint = "model.injector.facts is a table of ids; the old fact is the row with this head and this relation."
    return check(facts_after, examples, hint=hint)


_TOY = [("Ada", "speaks", "Ket"), ("Ada", "born in", "Ruo"), ("Bo", "speaks", "Sol")]
