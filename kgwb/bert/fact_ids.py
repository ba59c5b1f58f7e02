"""Facts as they are given to a door: rows of three ids."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TypeAlias

import numpy as np
import torch

from kgwb.axes import Int, Tensor
from kgwb.graph import KnowledgeGraph
from kgwb.words import quote_value, shorten

FactIds: TypeAlias = Sequence[Sequence[int]] | np.ndarray | torch.Tensor


def read_fact_ids(graph: KnowledgeGraph, triples: FactIds) -> Int[Tensor, "fact 3"]:
    """Facts that came as an array, a tensor or a list.

    Raises:
        ValueError: they are no rows of three whole numbers, or none of the graph's ids.
    """
    table = _read_ids(triples)
    limits = torch.tensor([len(graph.entities), len(graph.relations), len(graph.entities)])
    outside = ((table < 0) | (table >= limits)).any(1)
    if bool(outside.any()):
        raise ValueError(
            f"Ids outside the graph came: {table[outside][0].tolist()}. Expected (head, relation, tail) ids: "
            "graph.entity_id('Paris'), graph.relation_id('capital of')."
        )
    return table


def spell_fact(graph: KnowledgeGraph, triple: Sequence[int]) -> str:
    """A fact in labels.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Paris", "capital of", "France"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> spell_fact(graph, graph.triples[0].tolist())
        'Paris | capital of | France'
    """
    head, relation, tail = triple
    return f"{graph.labels[head]} | {graph.relation_labels[relation]} | {graph.labels[tail]}"


def _read_ids(triples: FactIds) -> Int[Tensor, "fact 3"]:
    given: np.ndarray = np.empty(0, dtype=object)
    if isinstance(triples, (list, tuple, np.ndarray, torch.Tensor)):
        with suppress(ValueError, TypeError):  # rows of different lengths
            given = np.asarray(triples.cpu() if isinstance(triples, torch.Tensor) else triples)
    if given.size == 0 and given.dtype != object:
        return torch.empty((0, 3), dtype=torch.int64)
    rows = triples if isinstance(triples, (list, tuple)) and given.ndim == 2 else ()  # where numpy takes True for 1
    holds_truths = any(isinstance(each, (bool, np.bool_)) for row in rows for each in row)
    if given.ndim != 2 or given.shape[1] != 3 or given.dtype.kind not in "iu" or holds_truths:
        raise ValueError(
            f"Facts came as {shorten(quote_value(triples), 60)}. Expected rows of three whole numbers, (head, relation, tail) "
            "ids; type [(graph.entity_id('Paris'), graph.relation_id('capital of'), graph.entity_id('France'))]."
        )
    return torch.from_numpy(given.astype(np.int64))
