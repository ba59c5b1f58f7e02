"""What has to be done so that vectors follow their graph: what is carried over, what is new, and what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Int
from kgwb.checks import expect_kind
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once, expect_embedding
from kgwb.embed.queries import find_distinct
from kgwb.embed.training.arguments import find_training_triples
from kgwb.embed.training.batches import TrainingQueries
from kgwb.embed.trainings import note_training
from kgwb.embed.updating.carrying import Places, move_vectors
from kgwb.graph.building import COLUMNS, sort_triples
from kgwb.graph.changes import GraphChanges, compare_graphs
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import count_things


@dataclass(frozen=True, eq=False)
class UpdatePlan:
    """A changed graph beside what the vectors have learnt.

    Attributes:
        given: the changed graph, or a split of it.
        triples: what is to be learnt, in its ids, [fact, 3].
        changes: facts beside those that the vectors were trained on.
        was_trained: which entities the vectors were trained on, in the ids of the changed graph.
        had_facts: which relations they were trained on.
        are_known: whether the facts that they were trained on were recorded; else those of their graph stand for them.
    """

    given: KnowledgeGraph | Split
    triples: Int[np.ndarray, "fact 3"]
    changes: GraphChanges
    was_trained: Bool[np.ndarray, " entity"]
    had_facts: Bool[np.ndarray, " relation"]
    are_known: bool

    @property
    def graph(self) -> KnowledgeGraph:
        """The changed graph."""
        return self.given.graph if isinstance(self.given, Split) else self.given

    @property
    def places(self) -> Places:
        """Where its rows stood before."""
        return Places(self.changes.entity_places, self.changes.relation_places)

    @cached_property
    def queries(self) -> TrainingQueries:
        """All that is asked."""
        return TrainingQueries.from_triples(self.triples)

    @cached_property
    def without_facts(self) -> Bool[np.ndarray, " entity"]:
        """Entities that stand in none of the triples."""
        return np.bincount(self.triples[:, (0, 2)].ravel(), minlength=len(self.graph.entities)) == 0

    @property
    def fresh_entities(self) -> Bool[np.ndarray, " entity"]:
        """Entities that are new, or that were there and nothing was learnt about until now."""
        return (self.places.entities < 0) | (~self.was_trained & ~self.without_facts)

    @property
    def fresh_relations(self) -> Bool[np.ndarray, " relation"]:
        """Relations without any fact until now, which have some."""
        return ~self.had_facts & (np.bincount(self.triples[:, 1], minlength=len(self.had_facts)) > 0)

    @property
    def bare(self) -> Bool[np.ndarray, " entity"]:
        """Entities that were learnt about and have no facts left."""
        return self.was_trained & self.without_facts

    @cached_property
    def loosened(self) -> Bool[np.ndarray, " entity"]:
        """Entities that were learnt about and have lost some of their facts, not all."""
        lost = np.zeros(len(self.graph.entities), dtype=bool)
        lost[self._number(self.changes.removed)[:, (0, 2)]] = True
        return lost & self.is_known & ~self.without_facts

    @property
    def is_known(self) -> Bool[np.ndarray, " entity"]:
        """Entities whose vectors were learnt."""
        return self.was_trained & ~self.fresh_entities

    @cached_property
    def changed(self) -> Int[np.ndarray, "changed 3"]:
        """Facts added and withdrawn, in the ids of the changed graph; none of names that are gone."""
        return self._number(pd.concat([self.changes.added, self.changes.removed], ignore_index=True))

    def _number(self, facts: pd.DataFrame) -> Int[np.ndarray, "numbered 3"]:
        entities, relations = pd.Index(self.graph.entities["entity"]), pd.Index(self.graph.relations["relation"])
        named = zip((entities, relations, entities), COLUMNS, strict=True)
        ids = np.stack([index.get_indexer(pd.Index(facts[column])) for index, column in named], axis=1).astype(np.int64)
        return ids[(ids >= 0).all(axis=1)]

    def carry(self, vectors: GraphEmbedding) -> GraphEmbedding:
        """An embedding of the changed graph with the vectors of all names that were there.

        Raises:
            ValueError: there is nothing that could be learnt.
        """
        embedding = move_vectors(vectors, self.graph, self.places)
        find_training_triples(embedding, self.given)
        return embedding

    def note(
        self, embedding: GraphEmbedding, settings: Mapping[str, object], numbers: torch.dtype, *, epochs: int
    ) -> None:
        """Write down what an embedding has learnt now, for rankings and citations; nothing where nothing has changed.

        Args:
            embedding: has followed the graph.
            settings: how.
            numbers: the format of the matmuls.
            epochs: over what has changed; with none, only new things have been learnt about.
        """
        if not self.changes and not self.fresh_entities.any():
            return
        new = self.fresh_entities & ~self.without_facts
        held = torch.from_numpy(~self.without_facts if epochs else new).to(embedding.device)
        embedding.trained_on |= held
        facts = self.triples
        if epochs:
            embedding.trained_on &= held
        else:
            touching = new[facts[:, 0]] | new[facts[:, 2]] | self.fresh_relations[facts[:, 1]]
            facts = find_distinct(np.concatenate([embedding.trained_facts, facts[touching]]), len(self.graph.entities))
        if self.are_known:
            embedding.trained_facts = facts
        training = note_training(self.given, self.triples, settings, embedding.device, numbers)
        earlier = embedding._trainings[-1] if embedding._trainings else {}
        embedding._trainings += (
            {
                **training,
                "epochs": epochs,
                "learnt before": earlier.get("learnt before", earlier.get("epochs", 0)),
                "update": self.describe(),
            },
        )

    def describe(self) -> str:
        """What has changed, in one line."""
        changes = self.changes
        counts = [f"{count_things(len(changes.added), 'fact')} added", f"{len(changes.removed):,} withdrawn"]
        counts.append(f"{count_things(int(self.fresh_entities.sum()), 'entity')} new")
        kinds = (("gone", len(changes.gone_entities)), ("left without a fact", int(self.bare.sum())))
        return ", ".join(counts + [f"{count:,} {state}" for state, count in kinds if count])


def plan_update(vectors: object, graph: object, *, call: str) -> UpdatePlan:
    """What has to be done so that vectors follow a graph.

    Args:
        vectors: what came as vectors.
        graph: what came as a graph, or a split.
        call: what to type, with {} in the graph's place.

    Raises:
        TypeError: they are nothing of that kind.
        ValueError: vectors that were never trained, that have an encoder or are not finite, or no triples.
    """
    expect_embedding(vectors, call.format("graph"))
    expect_kind(graph, (KnowledgeGraph, Split), "A graph or a split", call=call.format("graph.with_facts(facts)"))
    assert isinstance(vectors, GraphEmbedding) and isinstance(graph, (KnowledgeGraph, Split))  # so mypy knows it too
    if vectors.encoder is not None:
        name = type(vectors.encoder).__name__
        raise ValueError(
            f"The vectors of this embedding are what its {name} makes of the graph it was built from, so they cannot follow "
            "another. Type vectors.save(folder) and load_embedding(folder), which keeps them as plain vectors."
        )
    if not vectors.trained_on.any():
        raise ValueError(
            "These vectors were never trained, so there is nothing to keep. Type train_embedding(GraphEmbedding(graph, ...),"
            " graph)."
        )
    encode_once(vectors)
    after = graph.graph if isinstance(graph, Split) else graph
    triples = graph.train if isinstance(graph, Split) else graph.triples
    are_known = bool(len(vectors.trained_facts))
    learnt = sort_triples(vectors.trained_facts) if are_known else vectors.graph.triples
    changes = compare_graphs(replace(vectors.graph, triples=learnt), replace(after, triples=sort_triples(triples)))
    places = Places(changes.entity_places, changes.relation_places)
    had = np.bincount(learnt[:, 1], minlength=len(vectors.graph.relations)) > 0
    return UpdatePlan(
        graph,
        triples,
        changes,
        was_trained=(places.entities >= 0) & vectors.trained_on.cpu().numpy()[places.entities],
        had_facts=(places.relations >= 0) & had[places.relations],
        are_known=are_known,
    )
