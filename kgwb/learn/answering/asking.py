"""Asking a model: a sentence with a mask in, answers with the facts that they hang on out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, find_mentions, link_mentions
from kgwb.bert.doors.pointer import PointerDoor
from kgwb.bert.fact_ids import spell_fact
from kgwb.bert.met import hash_questions
from kgwb.bert.tokenizing import list_mentions
from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_text
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.learn.questions import MASK, Question
from kgwb.learn.tasks import encode_questions
from kgwb.words import quote_value, tell_language

SILENT = "the graph does not say"
# A fact that speaks for an answer with a smaller share is not listed.
LISTED = 0.05
_CALL = 'kgwb.answer(model, "Akish Dorne speaks [MASK].")'


def answer(
    model: Bert,
    text: str | Sequence[str],
    *,
    candidates: Sequence[str | int] | None = None,
    relation: str | int | None = None,
    mentions: Sequence[Sequence[Mention]] | None = None,
    language: str | None = None,
    most: int = 5,
) -> pd.DataFrame:
    """Answer sentences whose answer is masked, with the facts that each answer hangs on.

    Entities are found and linked in the text. A model with a pointer door says "the graph does not say" where no fact
    supports an answer: the probability of that row is the share that no fact got, and those of the answers, softmax of
    their scores, divide the rest. Other doors cannot refuse.

    A model answers what it was tuned to answer. `make_questions` masks tails, so "Ada speaks [MASK]." is a question of that
    kind; "[MASK] speaks Ket.", or a sentence with "not" in it, is none, and what comes says little about the graph. Which
    entities have a fact is asked of the graph: `kgwb.query_graph`.

    Args:
        model: a BERT with a door.
        text: a sentence with one [MASK], or several sentences.
        candidates: the entities to choose from, by label, name or id; by default all but those that the sentence names.
        relation: offer what this relation leads to, instead of candidates or all entities.
        mentions: per sentence, where it names entities; by default they are found (`find_mentions`), and where a name could
            mean several, chosen by the sentence (`link_mentions`).
        language: of the candidates' names, where the graph has them; by default that of each sentence, "zh" for one with
            Chinese characters and "en" for others.
        most: answers per sentence.

    Returns:
        The best answers of each sentence, most probable first: `question`, `answer` (a label, or "the graph does not say"),
        `probability`, `support` (the share of the facts that speaks for it, NaN without a pointer door), `facts` (those that
        state it), `names` (the entities found in the text), and whether tuning has met it: `answer_met`, `names_met`,
        `question_met`.

    Raises:
        TypeError: for what is no model, or no text.
        ValueError: for a model without a door, a sentence without a mask or with several, fewer than two candidates, or
            candidates and a relation.
        UnknownNameError: for a candidate or relation that the graph does not have.
    """
    expect_kind(model, Bert, "A BERT", call=_CALL)
    texts = [text] if isinstance(text, str) else expect_each(text, str, "A text", call=_CALL)
    if language is not None:
        expect_text("language", language, usual="en")
    expect_at_least("most", most, 1, whole=True)
    if model.injector is None:
        raise ValueError(f"{model.name!r} has no door. Type kgwb.inject(bert, vectors, mode='pointer').")
    for each in texts:
        if each.count(MASK) != 1:
            raise ValueError(
                f"{quote_value(each)} holds {each.count(MASK)} masks. Expected one {MASK} in place of the answer; type {_CALL}."
            )
    graph = model.injector.graph
    offered = _list_offered(graph, candidates, relation)
    found = _find_named(model, texts, graph) if mentions is None else list_mentions(mentions, len(texts))
    asked = [
        _ask(each, named, offered, graph, language or tell_language(each))
        for each, named in zip(texts, found, strict=True)
    ]
    rows = [row for question in asked for row in _answer_one(model, question, graph, most)]
    return pd.DataFrame(rows, columns=list(_COLUMNS)).astype(_COLUMNS)


_COLUMNS = {
    "question": object,
    "answer": object,
    "probability": float,
    "support": float,
    "facts": object,
    "names": object,
    "answer_met": bool,
    "names_met": bool,
    "question_met": bool,
}


def _list_offered(
    graph: KnowledgeGraph, candidates: Sequence[str | int] | None, relation: str | int | None
) -> list[int] | None:
    """The ids of the candidates; None for all entities."""
    if candidates is not None and relation is not None:
        raise ValueError(f"candidates and relation came. Expected one of them; type {_CALL[:-1]}, relation='speaks').")
    if candidates is not None:
        call = f"{_CALL[:-1]}, candidates=['Ket', 'Sol'])"
        return [
            graph.entity_id(each) for each in expect_each(candidates, (str, int, np.integer), "A candidate", call=call)
        ]
    if relation is None:
        return None
    triples = graph.triples[graph.triples[:, 1] == graph.relation_id(relation)]
    return np.unique(triples[:, 2]).tolist()


def _find_named(model: Bert, texts: Sequence[str], graph: KnowledgeGraph) -> list[list[Mention]]:
    found = find_mentions(texts, graph, model.tokenizer)
    if all(len(mention.candidates) < 2 for mentions in found for mention in mentions):
        return found
    return link_mentions(texts, found, graph, bert=model, threshold=0.0).mentions


def _ask(
    text: str, named: Sequence[Mention], offered: list[int] | None, graph: KnowledgeGraph, language: str
) -> Question:
    column = f"label_{language}" if f"label_{language}" in graph.entities.columns else "label"
    names = [name or label for name, label in zip(graph.entities[column], graph.labels, strict=True)]
    mentioned = {mention.entity for mention in named}
    chosen = [entity for entity in range(len(names)) if entity not in mentioned] if offered is None else offered
    chosen = [entity for entity in dict.fromkeys(chosen) if names[entity]]
    if len({names[entity] for entity in chosen}) < 2:
        raise ValueError(
            f"{len(chosen)} candidates with a name came for {quote_value(text)}. Expected two or more to choose from; type "
            f"{_CALL}."
        )
    labels = tuple(names[entity] for entity in chosen)
    # Whose answer is not known: the first candidate stands in its place, and nothing is made of it.
    return Question(text, tuple(named), mentioned.pop() if mentioned else 0, 0, chosen[0], tuple(chosen), labels)


@torch.no_grad()
def _answer_one(model: Bert, question: Question, graph: KnowledgeGraph, most: int) -> list[tuple[object, ...]]:
    encoded = encode_questions(model, [question], answered=False)
    reader = model.in_mode(training=False)
    scores, trace = encoded.score_traced(reader, [0])
    entities = encoded.entities[0]
    probabilities = scores[0].softmax(-1).cpu()  # [name]
    pointer = find_pointer(model)
    support, silent, facts = torch.full((len(probabilities),), float("nan")), 0.0, _Facts(graph)
    if pointer is not None:
        pointing = pointer.pointing_of(trace)
        shares = pointing.shares()[0].cpu().tolist()
        support, silent = pointer.support_entities(entities[None].to(model.device), trace)[0].cpu(), shares[-1]
        rows = pointing.nearby.facts[0][pointing.nearby.is_fact[0]]  # padding stands at the end
        facts = _Facts(graph, pointer.facts.cpu()[rows].tolist(), shares, pointing.nearby.others[0].tolist())
    names = ", ".join(dict.fromkeys(graph.labels[mention.entity] for mention in question.mentions))
    met = model.met
    named = {mention.entity for mention in question.mentions}
    whole = (bool(named) and named <= met.entities, hash_questions(encoded.encoding)[0] in met.questions)
    found = []
    for i in probabilities.argsort(descending=True)[:most].tolist():
        entity, probability = int(entities[i]), float(probabilities[i]) * (1 - silent)
        shown = (encoded.names[i], probability, float(support[i]), facts.stating(entity), names)
        found.append((*shown, entity in met.answers, *whole))
    if pointer is not None:
        why = "" if named else "the sentence names no entity of the graph"
        found.append((SILENT, silent, silent, why, names, False, *whole))
    found.sort(key=lambda row: -row[1])
    return [(question.text, *row) for row in found[:most]]


@dataclass(frozen=True)
class _Facts:
    """The facts that a pointer door has read for one sentence."""

    graph: KnowledgeGraph
    triples: Sequence[Sequence[int]] = ()
    shares: Sequence[float] = ()
    others: Sequence[int] = ()

    def stating(self, entity: int) -> str:
        """Those whose other end is this entity, in labels, with their shares."""
        listed: dict[tuple[int, ...], float] = {}
        for triple, share, other in zip(self.triples, self.shares, self.others, strict=False):
            if other == entity and share >= LISTED:
                listed[tuple(triple)] = listed.get(tuple(triple), 0.0) + share
        ordered = sorted(listed.items(), key=lambda item: -item[1])
        return "; ".join(f"{spell_fact(self.graph, triple)} ({share:.2f})" for triple, share in ordered)


def find_pointer(model: Bert) -> PointerDoor | None:
    """The model's pointer door, if it has one that is on."""
    if model.injector is None or not model.injector.is_on:
        return None
    return next((door for door in model.injector.doors if isinstance(door, PointerDoor)), None)
