"""Who hears from whom, by which relation: the structure that message passing runs on."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.encoders.mixture import Mixture
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split, expect_source


class Neighbourhoods(nn.Module):
    """What every entity hears along every relation, from one side.

    A neighbourhood is one entity and one relation with all neighbours found there, so FB15k-237's 544,230 messages are
    149,689 neighbourhoods. Whatever is linear in the neighbours is done once for each of them. They are sorted by
    relation.

    Args:
        triples: of training, and no others.
        heads_hear: whether heads hear from tails; otherwise tails from heads.
        counts: how many neighbours each entity has on both sides; every message is divided by it.
        relations: how many relations there are.

    Attributes:
        gather: [entity dim] to the messages, [neighbourhood dim].
        deliver: the messages to the sum that each entity receives, [entity dim].
        sizes: neighbourhoods per relation.
        weights: the share of its entity's messages that each neighbourhood holds, [neighbourhood, 1].
    """

    weights: Tensor

    def __init__(
        self, triples: Int[np.ndarray, "triple 3"], *, heads_hear: bool, counts: np.ndarray, relations: int
    ) -> None:
        super().__init__()
        receiver, relation, sender = (triples if heads_hear else triples[:, ::-1]).T
        places, row, neighbours = np.unique(relation * len(counts) + receiver, return_inverse=True, return_counts=True)
        owner = places % len(counts)
        self.gather = Mixture(row, sender, 1 / counts[receiver], (len(places), len(counts)))
        self.deliver = Mixture(owner, np.arange(len(places)), np.ones(len(places)), (len(counts), len(places)))
        self.sizes: list[int] = np.bincount(places // len(counts), minlength=relations).tolist()
        share = torch.from_numpy(neighbours / counts[owner])[:, None].float()
        self.register_buffer("weights", share, persistent=False)

    def spread(self, relations: Float[Tensor, "relation width"]) -> Float[Tensor, "neighbourhood width"]:
        """The vector of each neighbourhood's relation."""
        sizes = torch.tensor(self.sizes, device=relations.device)
        return relations.repeat_interleave(sizes, 0, output_size=sum(self.sizes))


def find_neighbourhoods(split: Split | KnowledgeGraph) -> tuple[Neighbourhoods, Neighbourhoods]:
    """What tails hear from heads, and heads from tails, in the training triples (all triples of a graph).

    Raises:
        ValueError: there are no triples to pass messages over.
    """
    triples = read_training_triples(split)
    graph = split.graph if isinstance(split, Split) else split
    counts = np.bincount(triples[:, (0, 2)].ravel(), minlength=len(graph.entities))
    tails, heads = (
        Neighbourhoods(triples, heads_hear=side, counts=counts, relations=len(graph.relations))
        for side in (False, True)
    )
    return tails, heads


def read_training_triples(split: Split | KnowledgeGraph) -> Int[np.ndarray, "triple 3"]:
    """The triples that may be heard of while learning.

    Raises:
        TypeError: neither a split nor a graph came.
        ValueError: there are none.
    """
    expect_source(split)
    triples = split.train if isinstance(split, Split) else split.triples
    if not len(triples):
        raise ValueError("There are no training triples to pass messages over. Check len(split.train).")
    return triples
