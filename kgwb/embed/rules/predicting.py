"""A question with one part missing, and the best answers of anything that scores answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch

from kgwb.embed.ranking.answers import prepare_answers
from kgwb.embed.vectors import COLUMN_OF, list_best
from kgwb.graph.knowledge_graph import KnowledgeGraph

Name = str | int | np.integer | None
Question = tuple[str, tuple[int, int, int]]  # what is missing, and the ids of the rest


def read_question(graph: KnowledgeGraph, head: Name, relation: Name, tail: Name, *, call: str) -> Question:
    """What is asked for, and the ids of what is given.

    Args:
        graph: whose ids these are.
        head, relation, tail: what was typed; one of them is None.
        call: the call that works.

    Raises:
        ValueError: not exactly two of the three are given.
        UnknownNameError: names the three nearest labels.
    """
    given = {"head": head, "relation": relation, "tail": tail}
    missing = [part for part, value in given.items() if value is None]
    if len(missing) != 1:
        came = ", ".join(part for part, value in given.items() if value is not None) or "none"
        raise ValueError(f"predict needs exactly two of head, relation and tail; {came} came. Type {call}.")
    ids = [0 if value is None else graph.entity_id(value) for value in (head, tail)]
    return missing[0], (ids[0], 0 if relation is None else graph.relation_id(relation), ids[1])


def score_question(graph: KnowledgeGraph, scored: object, question: Question) -> torch.Tensor:
    """The score that a ranker of this graph gives every candidate for the missing part."""
    missing, (head, relation, tail) = question
    score_answers, device = prepare_answers(scored)
    relations = np.arange(len(graph.relations)) if missing == "relation" else np.array([relation])
    known = np.full(len(relations), tail if missing == "head" else head)
    tails = 0 if missing == "head" else len(known)
    scores = score_answers(torch.from_numpy(known).to(device), torch.from_numpy(relations).to(device), tails)
    return scores[:, tail] if missing == "relation" else scores[0]


def list_answers(
    graph: KnowledgeGraph, scored: object, question: Question, *, k: int
) -> tuple[pd.DataFrame, list[tuple[int, int, int]]]:
    """The best answers, and the triple that each of them makes."""
    missing, triple = question
    scores = score_question(graph, scored, question)
    found = list_best(graph, scores, np.array(triple), missing=missing, k=k)
    best = scores.topk(min(k, len(scores))).indices.tolist()  # in the same order
    column = COLUMN_OF[missing]
    return found, [(*triple[:column], answer, *triple[column + 1 :]) for answer in best]
