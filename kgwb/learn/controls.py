"""Controls of text and test: questions with marks, with facts or with wrong mentions, and a graph without their answers."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

import numpy as np

from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_seed, is_number
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.learn.questions import Question, Questions, list_entities, shift_mention
from kgwb.words import quote_value

MARKS = ("[ ", " ]")


def mark_mentions(questions: Questions, *, marks: Sequence[str] = MARKS) -> Questions:
    """The same questions with a mark on both sides of every mention, and no knowledge.

    What a door gains by showing where entities are named, these gain too.

    Args:
        questions: to be marked.
        marks: what to write before and after a mention.

    Example:
        >>> from kgwb.graph import KnowledgeGraph
        >>> import pandas as pd
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame([["Ada", "speaks", "Ket"]], columns=["head", "relation", "tail"]))
        >>> question = Question("Ada speaks [MASK].", (Mention(0, 3, 0),), 0, 0, 1, (0, 1), ("Ada", "Ket"))
        >>> mark_mentions(Questions(graph, (question,)))[0].text
        '[ Ada ] speaks [MASK].'
    """
    call = "mark_mentions(questions, marks=('[ ', ' ]'))"
    expect_kind(questions, Questions, "A set of questions", call=call)
    if len(expect_each(marks, str, "A mark", call=call)) != 2:
        raise ValueError(f"marks={quote_value(marks)} came. Expected what stands before and after; type {call}.")
    return replace(questions, items=tuple(_mark(question, marks) for question in questions))


def _mark(question: Question, marks: Sequence[str]) -> Question:
    parts, mentions, end, length = [], [], 0, 0
    for mention in sorted(question.mentions, key=lambda mention: mention.start):
        before = question.text[end : mention.start] + marks[0]
        spelt = question.text[mention.start : mention.end]
        mentions.append(shift_mention(mention, length + len(before) - mention.start))
        parts += [before, spelt, marks[1]]
        length, end = length + sum(map(len, parts[-3:])), mention.end
    return replace(question, text="".join([*parts, question.text[end:]]), mentions=tuple(mentions))


def prepend_facts(
    questions: Questions, graph: KnowledgeGraph, *, facts: int = 8, held_out: Iterable[int] = (), seed: int = 0
) -> Questions:
    """The same questions after some facts about their head in plain words: knowledge as text instead of vectors.

    A fact is written as "head relation tail." by labels. If the graph holds the answer, it is among them. Where there are
    more facts than are written, which ones is drawn, so that the choice gives nothing away.

    Args:
        questions: to be rewritten.
        graph: where the facts are from; with the answers removed (`remove_answers`), all others remain.
        facts: at most so many per question.
        held_out: entities that tuning must not meet: a fact that names one is not written, unless the question names it
            itself, or asks for it.
        seed: for the draw.

    Raises:
        ValueError: if the graph's ids mean something else, or `facts` is below 1.
    """
    _expect_same_ids(questions, graph, call="prepend_facts(questions, graph)")
    expect_at_least("facts", facts, 1, whole=True)
    seed = expect_seed(seed)
    hidden = np.zeros(len(graph.entities), dtype=bool)
    hidden[_list_ids(held_out, graph)] = True
    order = np.argsort(graph.triples[:, 0], kind="stable")
    heads = graph.triples[order, 0]
    items = []
    for question in questions:
        known = graph.triples[order[slice(*np.searchsorted(heads, [question.head, question.head + 1]))]]
        known = known[~hidden[known[:, 2]] | np.isin(known[:, 2], list(list_entities(question)))]
        items.append(_prepend(question, _choose_facts(question, known, facts, seed), graph))
    return replace(questions, items=tuple(items))


def find_held_out(questions: Questions, graph: KnowledgeGraph) -> set[int]:
    """The entities that the questions keep for others: whoever has one of the relations asked for, but is in no question.

    Args:
        questions: what a model is tuned on.
        graph: all facts, those that other questions ask for among them.
    """
    asked = np.isin(graph.triples[:, 1], [question.relation for question in questions])
    met = {entity for question in questions for entity in list_entities(question)}
    return set(graph.triples[asked][:, [0, 2]].ravel().tolist()) - met


def _list_ids(entities: object, graph: KnowledgeGraph) -> list[int]:
    call = "prepend_facts(questions, graph, held_out={0, 1})"
    given = list(entities) if isinstance(entities, Set) else entities
    return [graph.entity_id(each) for each in expect_each(given, (int, np.integer), "An entity's id", call=call)]


def _choose_facts(question: Question, known: np.ndarray, facts: int, seed: int) -> np.ndarray:
    order = np.random.default_rng([seed, zlib.crc32(question.text.encode())]).permutation(len(known))
    answers = (known[order, 1:] == [question.relation, question.answer]).all(1)
    kept = order[np.argsort(~answers, kind="stable")][:facts]  # the answer comes first, so it is among them
    return known[np.sort(kept)]  # in the graph's own order, where the answer does not stand out


def _prepend(question: Question, triples: np.ndarray, graph: KnowledgeGraph) -> Question:
    text, mentions = "", []
    for head, relation, tail in triples.tolist():
        before = f"{graph.labels[head]} {graph.relation_labels[relation]} "
        for at, entity in ((0, head), (len(before), tail)):
            label = graph.labels[entity]
            mentions.append(Mention(len(text) + at, len(text) + at + len(label), entity, label))
        text += f"{before}{graph.labels[tail]}. "
    moved = [shift_mention(mention, len(text)) for mention in question.mentions]
    return replace(question, text=text + question.text, mentions=(*mentions, *moved))


def misdirect_mentions(questions: Questions, share: int | float = 0.2, *, seed: int = 0) -> Questions:
    """The same questions with some mentions pointing to another entity, as a poor linker would have it.

    Args:
        questions: to be misdirected; text, candidates and answers stay.
        share: of all mentions, rounded to a whole number of them; which ones is drawn.
        seed: for the draw. A higher share misdirects the same mentions and more.

    Raises:
        ValueError: for a share below 0 or above 1, or a graph with a single entity.
    """
    expect_kind(questions, Questions, "A set of questions", call="misdirect_mentions(questions, 0.2)")
    entities = len(questions.graph.entities)
    seed = expect_seed(seed)
    if not is_number(share) or not 0 <= share <= 1 or entities < 2:
        raise ValueError(
            f"share={quote_value(share)} and {entities} entities came. Expected a share of the mentions from 0 "
            "to 1 and at least two entities to confuse; type misdirect_mentions(questions, 0.2)."
        )
    generator = np.random.default_rng(seed)
    places = [(row, at) for row, question in enumerate(questions) for at in range(len(question.mentions))]
    chosen = generator.permutation(len(places))[: round(share * len(places))]
    # A step of 1 to n − 1 around the circle of ids never leads back to the entity itself.
    steps = generator.integers(1, entities, len(places))
    wrong = {places[i]: int(steps[i]) for i in chosen.tolist()}
    items = tuple(
        replace(question, mentions=tuple(_misdirect(question.mentions, row, wrong, entities)))
        for row, question in enumerate(questions)
    )
    return replace(questions, items=items)


def _misdirect(
    mentions: Sequence[Mention], row: int, wrong: dict[tuple[int, int], int], entities: int
) -> Iterator[Mention]:
    for at, mention in enumerate(mentions):
        yield replace(mention, entity=(mention.entity + wrong.get((row, at), 0)) % entities)


def remove_answers(graph: KnowledgeGraph, questions: Questions) -> KnowledgeGraph:
    """The graph without the triples that answer the questions; entities, relations and their ids stay.

    With (head, relation, answer) goes (answer, relation, head), which gives the answer away where a relation is
    symmetric; an inverse relation of another name stays. What a door still gets right was derived, not looked up.

    Args:
        graph: may already lack some of the answers.
        questions: whose answers to remove; what their text states besides is not looked at.

    Returns:
        A graph whose notes count what was removed.

    Raises:
        ValueError: if the questions' ids mean something else in this graph.
    """
    _expect_same_ids(questions, graph, call="remove_answers(graph, questions)")
    answers = {(q.head, q.relation, q.answer) for q in questions}
    answers |= {(tail, relation, head) for head, relation, tail in answers}
    keep = np.array([tuple(triple) not in answers for triple in graph.triples.tolist()], dtype=bool)
    notes = (*graph.notes, ("answers removed", int((~keep).sum())))
    triples = graph.triples[keep]
    triples.flags.writeable = False
    return KnowledgeGraph(triples, graph.entities, graph.relations, graph.name, notes)


def _expect_same_ids(questions: Questions, graph: KnowledgeGraph, *, call: str) -> None:
    expect_kind(questions, Questions, "A set of questions", call=call)
    expect_kind(graph, KnowledgeGraph, "A graph", call=call)
    if questions.graph.fingerprint != graph.fingerprint:
        raise ValueError(
            f"The questions are about {questions.graph.name!r}, whose ids mean other things than those of {graph.name!r}. "
            "Expected a graph with the same entities and relations: questions.graph, or one made from it."
        )
