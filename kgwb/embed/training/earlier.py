"""What an embedding was trained on before a run: a ranking counts all of it, and a checkpoint goes on from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.queries import find_distinct
from kgwb.words import count_things


@dataclass(frozen=True, eq=False)
class EarlierFacts:
    """What an embedding has learnt from.

    Attributes:
        entities: which were trained, bool [entity].
        facts: the triples, [fact, 3]; none where entities were trained and the facts are not known.
    """

    entities: Bool[Tensor, " entity"]
    facts: Int[np.ndarray, "fact 3"]

    @classmethod
    def of(cls, embedding: GraphEmbedding) -> EarlierFacts:
        """Those of an embedding as it is."""
        return cls(embedding.trained_on.cpu().clone(), embedding.trained_facts)

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], entities: int) -> EarlierFacts:
        """Those that `tensors` gave."""
        facts = tensors.get("facts", torch.empty(0, 3))
        return cls(tensors.get("entities", torch.zeros(entities, dtype=torch.bool)), facts.numpy().astype(np.int64))

    @property
    def tensors(self) -> dict[str, Tensor]:
        """For a file; nothing where nothing was learnt."""
        if not self.entities.any():
            return {}
        return {"entities": self.entities, "facts": torch.from_numpy(self.facts.astype(np.int32))}

    def add(self, triples: Int[np.ndarray, "triple 3"]) -> EarlierFacts:
        """These and what a run learns from; where these are not known, neither is the sum."""
        entities = self.entities.clone()
        entities[torch.from_numpy(np.unique(triples[:, (0, 2)]))] = True
        if not len(self.facts):
            known = not self.entities.any()
            facts = (triples.copy() if triples.flags.writeable else triples) if known else self.facts
        elif np.array_equal(self.facts, triples):
            facts = self.facts
        else:
            facts = find_distinct(np.concatenate([self.facts, triples]), len(entities))
        return EarlierFacts(entities, facts)

    def equals(self, other: EarlierFacts) -> bool:
        """Whether both are the same, in any order."""
        one, two = (find_distinct(each.facts, len(self.entities)) for each in (self, other))
        return self.entities.equal(other.entities) and np.array_equal(one, two)

    def __str__(self) -> str:
        if not self.entities.any():
            return "not trained before"
        facts = count_things(len(self.facts), "fact") if len(self.facts) else "facts that are not known"
        return f"trained before on {facts}, of {int(self.entities.sum()):,} entities"
