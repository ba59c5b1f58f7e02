"""For notebook 06: what exercises are tried on after their checks, facts moved, and names linked to other people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import torch

from kgwb.bert import Bert, Reading
from kgwb.bert.model import share_weights
from kgwb.graph import KnowledgeGraph
from kgwb.learn import Question, Questions
from kgwb.learn.answering.answers import answer_questions
from kgwb.learn.answering.asking import SILENT, find_pointer
from kgwb.learn.tasks import encode_questions
from kgwb.lessons.five_doors import Triple, relink_heads

Edit = Callable[[Bert, str, str, str], object]
Supported = Callable[[list[float], list[str], float], tuple[str, float]]


def list_fact_weights(reading: Reading, graph: KnowledgeGraph, *, most: int = 4) -> dict[str, dict[str, Any]]:
    """Cases for `use_answer`: how much of the last layer's attention goes from [MASK] to each of the first facts.

    Raises:
        ValueError: if the reading has no memory.
    """
    if reading.slots is None:
        raise ValueError(f"{reading.name!r} has no memory. Type kgwb.inject(bert, vectors, mode='memory'), then read.")
    layer, query = reading.slots.shape[1] - 1, reading.tokens[0].index("[MASK]")
    cases, beside = {}, {}
    for fact in list(dict.fromkeys(reading.facts[0]))[:most]:
        name, holds = _spell(graph, fact), torch.tensor([held == fact for held in reading.facts[0]])
        cases[name] = (reading, layer, fact)
        beside[name] = float(reading.slots[0, layer, :, query, : len(holds)][:, holds].sum(-1).mean())  # over heads
    return {"cases": cases, "beside": beside}


def edit_apart(edit: Edit, model: Bert, question: Question) -> Callable[[str], str]:
    """What the model answers after a learner's edit, by the label that the fact is to say; the model itself stays as it is."""
    assert model.injector is not None
    graph = model.injector.graph

    def answer(tail: str) -> str:
        twin = share_weights(model, training=False)  # with a table of facts of its own
        edit(twin, graph.labels[question.head], graph.relation_labels[question.relation], tail)
        return str(answer_questions(twin, Questions(graph, (question,)))["given"][0])

    return answer


def list_edits(model: Bert, question: Question, *, most: int = 3) -> dict[str, dict[str, Any]]:
    """Cases for `use_answer`: the question's other candidates, and what is answered after kgwb's own edit."""
    assert model.injector is not None
    others = [each for each in question.candidates if each != question.answer][:most]
    labels = [model.injector.graph.labels[each] for each in others]
    ask = edit_apart(_replace_fact, model, question)
    return {
        "cases": {f"says {each}": (each,) for each in labels},
        "beside": {f"says {each}": ask(each) for each in labels},
    }


def _replace_fact(model: Bert, head: str, relation: str, tail: str) -> None:
    assert model.injector is not None
    graph, facts = model.injector.graph, model.injector.facts
    one, asks = graph.entity_id(head), graph.relation_id(relation)
    model.injector.replace(facts[(facts[:, 0] == one) & (facts[:, 1] == asks)], [(one, asks, graph.entity_id(tail))])


def spell_support(supported: Supported) -> Callable[[list[float], list[str], float], str]:
    """A learner's function, with its answer and support as one text."""

    def spell(scores: list[float], answers: list[str], none: float) -> str:
        answer, support = supported(scores, answers, none)
        return f"{answer}, {float(support):.2f}"

    return spell


def list_supports(model: Bert, questions: Questions, *, most: int = 4) -> dict[str, dict[str, Any]]:
    """Cases for `use_answer`: the scores that a pointer gives its facts in real questions, and what it makes of them.

    Raises:
        ValueError: if the model has no pointer.
    """
    pointer = find_pointer(model)
    if pointer is None:
        raise ValueError(f"{model.name!r} has no pointer. Type kgwb.inject(bert, vectors, mode='pointer').")
    labels, cases, beside = questions.graph.labels, {}, {}
    for question in questions[:most]:
        with torch.no_grad():
            encoded = encode_questions(model, [question], answered=False)
            _, trace = encoded.score_traced(model.in_mode(training=False), [0])
            pointing = pointer.pointing_of(trace)
            shares, entities = pointing.shares()[0].cpu(), encoded.entities[:1].to(model.device)
            support = pointer.support_entities(entities, trace)[0].cpu()  # [name]
        there = pointing.nearby.is_fact[0].cpu()
        scores, others = shares[:-1][there].log().tolist(), pointing.nearby.others[0].cpu()[there].tolist()
        cases[question.text] = (scores, [labels[each] for each in others], float(shares[-1].log()))
        best, silent = int(support.argmax()), float(shares[-1])
        says = SILENT if silent > support[best] else labels[int(entities[0, best])]
        beside[question.text] = f"{says}, {max(silent, float(support[best])):.2f}"
    return {"cases": cases, "beside": beside}


def plan_move(graph: KnowledgeGraph, person: int) -> tuple[Triple, Triple]:
    """A person's fact of birth, and one that says a town of another island instead."""
    born, lies = graph.relation_id("born in"), graph.relation_id("located on")
    island_of = {town: island for town, relation, island in graph.triples.tolist() if relation == lies}
    [town] = [tail for head, relation, tail in graph.triples.tolist() if (head, relation) == (person, born)]
    other = next(each for each in island_of if island_of[each] != island_of[town])
    return (person, born, town), (person, born, other)


def spell_birth(graph: KnowledgeGraph, fact: Triple) -> str:
    """Where someone is born, and on which island that is."""
    lies, town = graph.relation_id("located on"), fact[2]
    island = next(tail for head, relation, tail in graph.triples.tolist() if (head, relation) == (town, lies))
    return f"born in {graph.labels[town]} on {graph.labels[island]}"


def compare_links(models: Mapping[str, Bert], questions: Questions) -> pd.DataFrame:
    """The same texts, but each name is linked to another entity: of whom is the answer true?"""
    exchanged = relink_heads(questions)
    written = exchanged.frame["question"].map(questions.frame.set_index("question")["answer"])
    rows = {}
    for name, model in models.items():
        answers = answer_questions(model, exchanged)
        rows[name] = {
            "of the one linked": answers["correct"].mean(),
            "of the one written": (answers["given"] == written).mean(),
        }
    return pd.DataFrame(rows).T.assign(chance=exchanged.chance, questions=len(exchanged))


def _spell(graph: KnowledgeGraph, fact: Triple) -> str:
    head, relation, tail = fact
    return f"{graph.labels[head]} {graph.relation_labels[relation]} {graph.labels[tail]}"
