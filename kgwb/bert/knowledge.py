"""What the doors read of a graph: vectors and facts, whole or with the knowledge taken away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.environment import draw_from
from kgwb.graph import KnowledgeGraph


@runtime_checkable
class EntityVectors(Protocol):
    """Anything with a graph and one vector per entity of it, such as a `GraphEmbedding`."""

    @property
    def graph(self) -> KnowledgeGraph:
        """The graph whose entities have the vectors."""

    def entity_vectors(self) -> Float[Tensor, "entity dim"]:
        """One vector per entity, by id."""


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What is known of the entities of a graph.

    Attributes:
        graph: the graph, for names.
        entities: one vector per entity, [entity, dim].
        relations: one vector per relation, [relation, width].
        facts: the triples that doors may look up, int64 [fact, 3].
        identity: whose vector and facts each entity is given, [entity]; each its own, unless they were shuffled.
        control: how the knowledge was taken away, or None.
    """

    graph: KnowledgeGraph
    entities: Float[Tensor, "entity dim"]
    relations: Float[Tensor, "relation width"]
    facts: Int[Tensor, "fact 3"]
    identity: Int[Tensor, " entity"]
    control: str | None = None

    @property
    def directed_relations(self) -> Float[Tensor, "direction width"]:
        """A vector per relation and direction, [2 · relation, 2 · width]: first from head to tail, then back.

        Each direction has numbers of its own, so that a linear map can tell "born in" from "birthplace of".
        """
        nothing = torch.zeros_like(self.relations)
        return torch.cat([torch.cat([self.relations, nothing], 1), torch.cat([nothing, self.relations], 1)])


def gather_knowledge(vectors: EntityVectors) -> Knowledge:
    """The vectors and the facts of a graph; where there are no relation vectors, each relation gets a random one.

    Raises:
        ValueError: if there is not one vector for each entity.
    """
    graph, entities = vectors.graph, vectors.entity_vectors().detach().float().cpu()
    if len(entities) != len(graph.entities):
        raise ValueError(
            f"{len(entities)} vectors came for the {len(graph.entities)} entities of {graph.name!r}. "
            "Expected one for each: vectors and graph must belong together."
        )
    if hasattr(vectors, "relation_vectors"):
        relations = vectors.relation_vectors().detach().float().cpu()[: len(graph.relations)]
    else:
        relations = torch.randn(len(graph.relations), entities.shape[1], generator=draw_from(0, "relations"))
    return Knowledge(graph, entities, relations, torch.from_numpy(graph.triples.copy()), torch.arange(len(entities)))
