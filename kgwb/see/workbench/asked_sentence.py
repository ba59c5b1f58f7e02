"""A sentence that someone typed, as a question: which entities could stand at its mask."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, find_mentions
from kgwb.graph import KnowledgeGraph
from kgwb.learn import Question, Questions
from kgwb.learn.questions import MASK
from kgwb.learn.tasks import encode_questions
from kgwb.words import count_things, quote

_MOST = 200  # candidates, where the sentence names no relation


def ask_sentence(text: str, graph: KnowledgeGraph, bert: Bert) -> Questions | None:
    """The sentence as one question, or None where it holds no mask.

    The candidates are the tails of the relation that the sentence names by its label, the longest label first; where it names
    none, the entities that stand in most facts.

    Args:
        text: with [MASK] where the answer should stand.
        graph: whose entities may answer.
        bert: whose tokenizer cuts it.

    Raises:
        ValueError: there are several masks, or the graph has nothing to choose from.
    """
    if text.count(MASK) > 1:
        raise ValueError(f"{quote(text)} holds {text.count(MASK)} masks. Expected one; leave one {MASK} in it.")
    if MASK not in text:
        return None
    mentions = tuple(find_mentions([text], graph, bert.tokenizer)[0])
    relation = find_relation(text, graph)
    found = graph.triples[graph.triples[:, 1] == relation, 2] if relation is not None else _list_best_connected(graph)
    candidates = tuple(int(entity) for entity in np.unique(found))
    if not candidates:
        raise ValueError(f"The graph {graph.name!r} has no entities to choose from. Read one that holds facts.")
    head = mentions[0].entity if mentions else candidates[0]
    names = tuple(graph.labels[entity] for entity in candidates)
    asked = 0 if relation is None else relation
    question = Question(
        text, mentions, head, asked, _choose_answer(graph, head, relation, candidates), candidates, names
    )
    return Questions(graph, (question,))


def find_relation(text: str, graph: KnowledgeGraph) -> int | None:
    """The relation whose label stands in the text, the longest first; None where none does."""
    folded = text.casefold()
    named = [i for i, label in enumerate(graph.relation_labels) if label.strip() and label.casefold() in folded]
    return max(named, key=lambda i: len(graph.relation_labels[i]), default=None)


def compare_answers(before: Bert, after: Bert, questions: Questions, *, k: int = 8) -> pd.DataFrame:
    """The probability of each candidate, before and after, the likeliest first.

    Args:
        before, after: the plain BERT, and the one with a door.
        questions: one, as `ask_sentence` makes it.
        k: how many candidates.

    Returns:
        `answer`, `before`, `after`, `change`, and `known`: whether the graph holds the fact.
    """
    question, graph = questions[0], questions.graph
    tables = [_weigh_names(bert, questions) for bert in (before, after)]
    # A relation by which nobody asked makes nothing known.
    facts = graph.triples[(graph.triples[:, 0] == question.head) & (graph.triples[:, 1] == question.relation), 2]
    named = find_relation(question.text, graph) is not None and any(
        m.entity == question.head for m in question.mentions
    )
    known = {graph.labels[entity] for entity in facts} if named else set()
    frame = pd.DataFrame({"before": tables[0], "after": tables[1]}).rename_axis("answer").reset_index()
    frame["change"] = frame["after"] - frame["before"]
    frame["known"] = frame["answer"].isin(known)
    order = frame[["before", "after"]].max(axis=1).sort_values(ascending=False, kind="stable").index[:k]
    return frame.loc[order].sort_values("after", ascending=False, kind="stable", ignore_index=True)


def describe_candidates(questions: Questions) -> str:
    """Which candidates there are, and why these."""
    question, graph = questions[0], questions.graph
    relation = find_relation(question.text, graph)
    count = count_things(len(question.candidates), "candidate")
    if relation is None:
        return f"{count}: the entities with most facts, for the sentence names no relation by its label"
    return f"{count}: whatever is a tail of “{graph.relation_labels[relation]}”"


@torch.no_grad()
def _weigh_names(bert: Bert, questions: Questions) -> dict[str, float]:
    encoded = encode_questions(bert, questions)
    shares = encoded.scores(bert.in_mode(training=False), [0]).softmax(-1)[0].cpu()  # [name]
    return {
        name: float(share)
        for name, share, here in zip(encoded.names, shares, encoded.entities[0] >= 0, strict=True)
        if here
    }


def _list_best_connected(graph: KnowledgeGraph) -> np.ndarray:
    return np.argsort(-graph.degrees, kind="stable")[:_MOST]


def _choose_answer(graph: KnowledgeGraph, head: int, relation: int | None, candidates: tuple[int, ...]) -> int:
    """A candidate that the graph knows to be right, where there is one; a question needs an answer."""
    facts = (
        graph.triples[(graph.triples[:, 0] == head) & (graph.triples[:, 1] == relation), 2]
        if relation is not None
        else []
    )
    return next((int(tail) for tail in facts if tail in candidates), candidates[0])
