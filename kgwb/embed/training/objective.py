"""What a step of training makes smaller: softmax cross-entropy, and the size of the vectors."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kgwb.axes import Float, Tensor
from kgwb.embed.training.batches import Batch
from kgwb.embed.training.softmax_loss import all_candidates_loss, sampled_candidates_loss
from kgwb.embed.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of a batch.

    Attributes:
        negatives: how many entities are sampled as candidates beside the answers; None for all of them.
        regularisation: weight of the cubed magnitudes of the vectors of each triple.
        dropout: share of each query's numbers that are set to nought.
        precision: of the matmuls.
        memory: how large a block of scores may get, in GiB.
        generator: where dropout and samples come from, on the embedding's device.
    """

    negatives: int | None
    regularisation: int | float
    dropout: int | float
    precision: torch.dtype
    memory: int | float
    generator: torch.Generator

    def cross_entropy(self, vectors: Vectors, batch: Batch) -> Float[Tensor, ""]:
        """How surprised the embedding is by the answers, in nats, summed over them."""
        query = self._drop(vectors.query(batch.known, batch.relation, tails=batch.tails))
        measure, table = vectors.scorer.measure, vectors.entities
        if self.negatives is None:
            return all_candidates_loss(
                query,
                table,
                batch.rows,
                batch.answers,
                measure=measure,
                precision=self.precision,
                memory=self.memory,
            )
        drawn = torch.randperm(len(table), generator=self.generator, device=table.device)[: self.negatives]
        return sampled_candidates_loss(
            query, table, batch.rows, batch.answers, negatives=drawn, measure=measure, precision=self.precision
        )

    def penalty(self, vectors: Vectors, batch: Batch) -> Float[Tensor, ""]:
        """regularisation · Σ (|h|³ + |r|³ + |t|³) over the batch's triples (N3, Lacroix et al., 2018)."""
        scorer, entities = vectors.scorer, vectors.entities
        relations = vectors.relations_asked(batch.relation, tails=batch.tails)
        asked = torch.bincount(batch.rows, minlength=len(batch.known)).to(entities.dtype)
        uses = torch.cat([asked, asked.new_ones(len(batch.answers))])
        touched, place = torch.cat([batch.known, batch.answers]).unique(return_inverse=True)
        weight = asked.new_zeros(len(touched)).index_add_(0, place, uses)
        cubes = scorer.magnitudes(entities.index_select(0, touched)).pow(3).sum(-1) @ weight
        return self.regularisation * (cubes + scorer.relation_magnitudes(relations).pow(3).sum(-1) @ asked)

    def _drop(self, query: Float[Tensor, "query dim"]) -> Float[Tensor, "query dim"]:
        if not self.dropout:
            return query
        kept = torch.empty_like(query).bernoulli_(1 - self.dropout, generator=self.generator)
        return query * kept / (1 - self.dropout)
