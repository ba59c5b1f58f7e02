"""Facts by name: their scores, and where each tail stands among all tails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int
from kgwb.checks import expect_kind
from kgwb.embed.queries import find_answers, group_queries
from kgwb.embed.vectors import Vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph

AT_ONCE = 1 << 22  # scores that are held at a time
COLUMNS = ["head", "relation", "tail"]
Name = str | int | np.integer
NamedFacts = Sequence[Sequence[Name]] | pd.DataFrame | np.ndarray | torch.Tensor
_CALL = 'vectors.score_facts([("Berlin", "capital of", "Germany")])'


def read_named_facts(graph: KnowledgeGraph, facts: Any) -> Int[np.ndarray, "fact 3"]:
    """Ids of facts that came as triples of names, labels or ids, or as a frame of them.

    Raises:
        TypeError: these are no triples; says what to type.
        UnknownNameError: names the three nearest labels.
    """
    if isinstance(facts, pd.DataFrame) and set(COLUMNS) <= set(facts.columns):
        facts = facts[COLUMNS].to_numpy(dtype=object)
    if isinstance(facts, (np.ndarray, torch.Tensor)):
        facts = facts.tolist()
    expect_kind(facts, (list, tuple), "A list of triples", call=_CALL)
    for fact in facts:
        expect_kind(fact, (list, tuple, np.ndarray), "A triple of names", call=_CALL)
        if len(fact) != 3:
            raise ValueError(f"A triple has three parts, and {tuple(fact)!r} came. Type {_CALL}.")
    rows = [(graph.entity_id(head), graph.relation_id(between), graph.entity_id(tail)) for head, between, tail in facts]
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def score_named_facts(graph: KnowledgeGraph, vectors: Vectors, ids: Int[np.ndarray, "fact 3"]) -> pd.DataFrame:
    """One row per fact, in their order: labels, score, rank among all tails, rank without known ones, whether it is known."""
    scores, ranks, filtered = np.empty((3, len(ids)))
    queries, facts = group_queries(ids, "tail"), group_queries(graph.triples, "tail")
    others, ends = find_answers(queries, facts, len(graph.entities))
    rows = max(1, AT_ONCE // len(graph.entities))
    for start in range(0, len(queries), rows):
        here = slice(start, min(start + rows, len(queries)))
        asked = (
            torch.from_numpy(column[here]).to(vectors.entities.device) for column in (queries.known, queries.relation)
        )
        table = vectors.score_answers(*asked, tails=here.stop - start).cpu().numpy()  # [query, entity]
        for row, query in enumerate(range(start, here.stop)):
            answers = slice(queries.offsets[query], queries.offsets[query + 1])
            place, tail = queries.triple[answers], queries.answers[answers]
            gold, known = table[row, tail], others[ends[query] : ends[query + 1]]
            scores[place], ranks[place] = gold, _rank_among(gold, table[row])
            itself = np.isin(tail, known)
            filtered[place] = ranks[place] - (_rank_among(gold, table[row, known], itself) - 1)
    head, relation, tail = ids.T
    labels, relation_labels = graph.entities["label"].to_numpy(), graph.relations["label"].to_numpy()
    return pd.DataFrame(
        {
            "head": labels[head],
            "relation": relation_labels[relation],
            "tail": labels[tail],
            "score": scores,
            "rank": ranks,
            "filtered_rank": filtered,
            "known": is_known(graph.triples, ids, len(graph.entities)),
        }
    )


def is_known(
    facts: Int[np.ndarray, "fact 3"], triples: Int[np.ndarray, "triple 3"], entities: int
) -> Bool[np.ndarray, " triple"]:
    """Whether each of some triples is one of the facts.

    Example:
        >>> is_known(np.array([[0, 0, 1]]), np.array([[0, 0, 1], [1, 0, 0]]), 2)
        array([ True, False])
    """
    there, asked = ((rows[:, 1] * entities + rows[:, 0]) * entities + rows[:, 2] for rows in (facts, triples))
    return np.isin(asked, there)


def _rank_among(
    gold: Float[np.ndarray, " answer"], scores: Float[np.ndarray, " candidate"], itself: np.ndarray | bool = True
) -> Float[np.ndarray, " answer"]:
    """1 + how many score higher + half of how many others score the same; `itself`: whether the answer is among them."""
    above = np.array([np.count_nonzero(scores > score) for score in gold])
    equal = np.array([np.count_nonzero(scores == score) for score in gold]) - np.asarray(itself)
    return 1 + above + equal / 2
