"""Answers to a question, best first, as a data frame."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int, Tensor
from kgwb.graph.knowledge_graph import KnowledgeGraph

_COLUMN = {"head": 0, "relation": 1, "tail": 2}


def rank_answers(
    graph: KnowledgeGraph,
    scores: Float[Tensor, " candidate"],
    triple: Int[np.ndarray, " part"],
    *,
    missing: str,
    k: int,
) -> pd.DataFrame:
    """The k candidates with the highest scores, and whether the graph holds each already.

    Args:
        graph: whose entities (or relations) the candidates are, by id.
        scores: one per candidate.
        triple: the question; the entry of the part asked for is not looked at.
        missing: "head", "relation" or "tail".
        k: how many answers.
    """
    best = scores.topk(min(k, len(scores))).indices.cpu().numpy()
    names = graph.relations if missing == "relation" else graph.entities
    kind = "relation" if missing == "relation" else "entity"
    return pd.DataFrame(
        {
            kind: names[kind].to_numpy()[best],
            "label": names["label"].to_numpy()[best],
            "score": scores.detach().cpu().numpy()[best],
            "known": np.isin(best, _find_known(graph, triple, missing)),
        }
    )


def _find_known(graph: KnowledgeGraph, triple: Int[np.ndarray, " part"], missing: str) -> Int[np.ndarray, " known"]:
    asked = _COLUMN[missing]
    given = [column for column in _COLUMN.values() if column != asked]
    matching = (graph.triples[:, given] == triple[given]).all(1)
    return graph.triples[matching, asked]
