"""Vectors for a changed graph: those of every name that both graphs have, in their new places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Int, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once
from kgwb.graph.knowledge_graph import KnowledgeGraph


@dataclass(frozen=True, eq=False)
class Places:
    """Where the rows of a changed graph stood before; −1 for those that are new.

    Attributes:
        entities: by id of the changed graph, [entity].
        relations: the same, [relation].
    """

    entities: Int[np.ndarray, " entity"]
    relations: Int[np.ndarray, " relation"]

    def move(self, triples: Int[np.ndarray, "fact 3"]) -> Int[np.ndarray, "carried 3"]:
        """Facts of the earlier graph in the ids of the changed one, without those of names that are gone."""
        tables = [_invert(self.entities, triples[:, (0, 2)]), _invert(self.relations, triples[:, 1])]
        moved = np.stack([tables[0][triples[:, 0]], tables[1][triples[:, 1]], tables[0][triples[:, 2]]], axis=1)
        return moved[(moved >= 0).all(axis=1)]


def _invert(places: Int[np.ndarray, " row"], ids: np.ndarray) -> Int[np.ndarray, " before"]:
    size = max(int(places.max(initial=-1)), int(ids.max(initial=-1))) + 1
    after = np.full(size, -1, dtype=np.int64)
    after[places[places >= 0]] = np.flatnonzero(places >= 0)
    return after


@torch.no_grad()
def move_vectors(vectors: GraphEmbedding, graph: KnowledgeGraph, places: Places) -> GraphEmbedding:
    """An embedding of the changed graph that has the vectors of all names that were there, to the bit.

    Rows that are new begin as in a fresh embedding of that seed. What the vectors were trained on, and how, is carried
    over too, but for facts of names that are gone. An encoder's vectors are taken as they stand.

    Args:
        vectors: of the earlier graph; they stay as they are.
        graph: the changed one.
        places: where its rows stood before.
    """
    fresh = GraphEmbedding(graph, vectors.scorer, dim=vectors.dim, seed=vectors.seed)
    if vectors.reciprocal:
        fresh.add_inverses()
    fresh.to(device=vectors.device, dtype=vectors.entity_table.dtype)
    scored = encode_once(vectors)
    tables: list[tuple[Tensor | None, Tensor | None, Int[np.ndarray, " row"]]] = [
        (fresh.entity_table, scored.entities, places.entities),
        (fresh.relation_table, scored.relations, places.relations),
        (fresh.inverse_table, scored.inverses, places.relations),
        (fresh.trained_on, vectors.trained_on, places.entities),
    ]
    for table, before, place in tables:
        if table is not None and before is not None:
            rows = torch.from_numpy(np.flatnonzero(place >= 0)).to(table.device)
            table[rows] = before[torch.from_numpy(place[place >= 0]).to(table.device)].to(table.dtype)
    fresh.trained_facts = places.move(vectors.trained_facts)
    fresh._trainings, fresh.start_note = vectors._trainings, vectors.start_note
    return fresh
