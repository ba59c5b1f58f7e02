"""Predicted facts, as a user has them in a frame, by ids."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.graph.knowledge_graph import KnowledgeGraph


def read_predicted(
    graph: KnowledgeGraph, predicted: pd.DataFrame | None
) -> tuple[Int[np.ndarray, "fact 3"], Float[np.ndarray, " fact"]]:
    """The predicted facts as ids and their probabilities, without those the graph holds already.

    Raises:
        ValueError: when a column is missing or a probability lies outside 0 to 1.
    """
    if predicted is None:
        return np.empty((0, 3), np.int64), np.array([])
    missing = [name for name in ("head", "relation", "tail") if name not in predicted]
    if missing:
        raise ValueError(
            f"predicted has the columns {list(predicted.columns)} and lacks {missing}. Expected head, relation, tail "
            "and, where known, probability. For a table from vectors.predict(head=..., relation=...) type "
            'table.rename(columns={"entity": "tail"}).assign(head=..., relation=...).'
        )
    ids = np.array(
        [
            (graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail))
            for head, relation, tail in zip(predicted["head"], predicted["relation"], predicted["tail"], strict=True)
        ],
        np.int64,
    ).reshape(-1, 3)
    given = predicted["probability"] if "probability" in predicted else np.full(len(predicted), np.nan)
    probability = np.asarray(given, float)
    outside = (probability < 0) | (probability > 1)
    if outside.any():
        worst = float(probability[outside][0])
        raise ValueError(f"predicted has the probability {worst:g}. Expected numbers from 0 to 1 in that column.")
    known = {tuple(fact) for fact in graph.triples.tolist()}
    new = np.array([tuple(fact) not in known for fact in ids.tolist()], bool)
    return ids[new], probability[new]
