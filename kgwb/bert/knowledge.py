"""What the doors read of a graph: vectors and facts, whole or with the knowledge taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.shuffling import count_kept, shuffle_tails
from kgwb.checks import expect_choice, expect_kind
from kgwb.environment import draw_from
from kgwb.graph import KnowledgeGraph

Control = Literal["shuffled", "random", "matched", "dealt"]


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
    def kept(self) -> int:
        """How many facts of the graph it still states: for a control none, unless it must; for real knowledge all."""
        return count_kept(self.graph.triples, self.facts.numpy(), self.identity.numpy())

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


def expect_entity_vectors(vectors: object, call: str) -> None:
    """An embedding, or whatever else has a graph and a vector for each of its entities.

    Args:
        vectors: what came.
        call: what to type, with {} in the vectors' place.

    Raises:
        TypeError: it is none; says what to type.
    """
    usual = call.format("kgwb.GraphEmbedding(graph, kgwb.ComplEx())")
    expect_kind(vectors, EntityVectors, "An embedding", call=usual)


def refuse_overflow(knowledge: Knowledge) -> None:
    """Refuse relation vectors that are not finite, and entity vectors whose numbers are, but not their length.

    Raises:
        ValueError: it names some of them.
    """
    graph, entities, relations = knowledge.graph, knowledge.entities, knowledge.relations
    too_long = entities.isfinite().all(1) & ~entities.norm(dim=1).isfinite()
    _refuse(graph, "entities", too_long, graph.labels)
    _refuse(graph, "relations", ~relations.norm(dim=1).isfinite(), graph.relation_labels)


def refuse_nonfinite(knowledge: Knowledge) -> None:
    """Refuse vectors that even a closed door would let through: zero times NaN, or infinity, is NaN.

    Raises:
        ValueError: it names some of them; or all are zero.
    """
    graph, entities = knowledge.graph, knowledge.entities
    _refuse(graph, "entities", ~entities.norm(dim=1).isfinite(), graph.labels)
    if not bool(entities.any()):
        raise ValueError(
            f"All vectors of the entities of {graph.name!r} are zero, and no door could learn from them. Train them first: "
            "kgwb.train_embedding(vectors, split)."
        )


def _refuse(graph: KnowledgeGraph, what: str, broken: Bool[Tensor, " row"], labels: Sequence[str]) -> None:
    if bool(broken.any()):
        some = ", ".join(repr(labels[row]) for row in broken.nonzero()[:3, 0].tolist())
        raise ValueError(
            f"The vectors of {int(broken.sum())} of {len(broken)} {what} of {graph.name!r} hold NaN, infinity or numbers too "
            f"large to square: {some}. Train them anew, at a lower learning rate: kgwb.train_embedding(vectors, split)."
        )


def take_knowledge_away(knowledge: Knowledge, control: Control | None, *, seed: int = 0) -> Knowledge:
    """The same amount of everything, with the knowledge removed in one stated way; with None, the knowledge itself.

    Args:
        knowledge: vectors and facts.
        control: "shuffled" gives every entity another's vector and another's facts; "dealt" keeps all vectors and gives the
            tails of each relation's facts to other heads; "random" draws Gaussian vectors,
            each as long as the real one, and gives the tails of each relation's facts to other heads, so that none is
            true (`shuffle_tails`); "matched" gives all entities one vector and all relations one, and gives the tails
            likewise, so that only the extra parameters remain. What a control states all the same, as where two
            entities that were exchanged have a fact in common, is counted in `Knowledge.kept`.
        seed: for the permutation or the draw.

    Raises:
        ValueError: for any other control, or when there is no other entity to exchange with.
    """
    if control is None:
        return knowledge
    expect_choice("control", control, get_args(Control))
    return replace(_WAYS[control](knowledge, draw_from(seed, control)), control=control)


def _shuffle(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    count = len(knowledge.entities)
    if count < 2:
        raise ValueError(f"{count} entity cannot exchange vectors. Type control='random', or use a larger graph.")
    # One cycle through a random order: no entity keeps its own vector.
    order = torch.randperm(count, generator=generator)
    identity = torch.empty_like(order)
    identity[order] = knowledge.identity[order.roll(1)]
    return replace(knowledge, identity=identity)


def _randomise(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    table = knowledge.entities
    drawn = torch.randn(table.shape, generator=generator, dtype=table.dtype)
    entities = drawn * (table.norm(dim=1, keepdim=True) / drawn.norm(dim=1, keepdim=True).clamp_min(1e-12))
    return replace(knowledge, entities=entities, facts=_deal_facts(knowledge, generator))


def _deal(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    return replace(knowledge, facts=_deal_facts(knowledge, generator))


def _deal_facts(knowledge: Knowledge, generator: torch.Generator) -> Int[Tensor, "fact 3"]:
    draw = np.random.default_rng(int(torch.randint(1 << 62, (), generator=generator)))
    types = pd.factorize(knowledge.graph.entities["type"].to_numpy())[0]
    return torch.from_numpy(shuffle_tails(knowledge.facts.numpy(), types, draw))


def _equalise(knowledge: Knowledge, generator: torch.Generator) -> Knowledge:
    def spread(table: Tensor) -> Tensor:
        drawn = torch.randn(table.shape[1], generator=generator, dtype=table.dtype)
        return (drawn * (table.norm(dim=1).mean() / drawn.norm())).expand_as(table).clone()

    entities, relations = spread(knowledge.entities), spread(knowledge.relations)
    return replace(knowledge, entities=entities, relations=relations, facts=_deal_facts(knowledge, generator))


_WAYS: dict[str, Callable[[Knowledge, torch.Generator], Knowledge]] = {
    "shuffled": _shuffle,
    "random": _randomise,
    "matched": _equalise,
    "dealt": _deal,
}
