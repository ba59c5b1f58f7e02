"""What a step of training makes smaller: the loss of the answers, and the size of the vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.training.batches import Batch
from kgwb.embed.training.compared_loss import compared_loss
from kgwb.embed.training.losses import Loss, softmax_loss
from kgwb.embed.training.negatives import Negatives
from kgwb.embed.training.relation_prediction import relation_loss
from kgwb.embed.training.softmax_loss import sampled_softmax, shared_softmax
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of a batch.

    Attributes:
        negatives: where the entities come from that answers are compared with; None for all of them.
        loss: of the scores.
        regularisation: weight of the cubed magnitudes of the vectors of each triple.
        weight_decay: weight of their squares.
        dropout: share of each query's numbers that are set to nought.
        relation_weight: weight of predicting the relation of head and tail beside the loss.
        generator: where dropout comes from, on the embedding's device.
    """

    negatives: Negatives | None
    loss: Loss
    regularisation: int | float
    weight_decay: int | float
    dropout: int | float
    relation_weight: int | float
    generator: torch.Generator

    def differentiate(
        self, vectors: Vectors, batch: Batch, *, slope: Float[Tensor, "entity dim"], workspace: Workspace
    ) -> Float[Tensor, ""]:
        """Add the gradient of the entities to `slope`, of relations to their `.grad`; the loss itself is returned.

        Args:
            vectors: entities need no gradient; relations do.
            batch: the questions.
            slope: what the entities' gradient is added to.
            workspace: the weight of each answer, and room for scores.
        """
        touched, place = torch.cat([batch.known, batch.answers]).unique(return_inverse=True)
        rows = vectors.entities.index_select(0, touched).requires_grad_()  # each entity that is met, once
        known, answers = place[: len(batch.known)], place[len(batch.known) :]
        between = vectors.relations_asked(batch.relation, tails=batch.tails)
        query = self._drop(vectors.query_from(rows.index_select(0, known), between, tails=batch.tails))
        surprise = self._compare(vectors, query, batch, slope, workspace)
        total = surprise
        if self.regularisation or self.weight_decay:
            total = total + self._penalise(vectors, rows, between, batch, place)
        if self.relation_weight:
            total = total + self.relation_weight * relation_loss(vectors, rows, known, answers, batch)
        (total * workspace.weight).backward()
        if rows.grad is not None:
            slope.index_add_(0, touched, rows.grad)
        return surprise.detach()

    def _compare(
        self, vectors: Vectors, query: Tensor, batch: Batch, slope: Tensor, workspace: Workspace
    ) -> Float[Tensor, ""]:
        measure = vectors.scorer.measure
        where = (query, vectors.entities, batch.rows, batch.answers)
        drawn = None if self.negatives is None else self.negatives.draw(vectors, batch)
        if self.loss is softmax_loss and measure.matmul:
            options: dict[str, Any] = {"measure": measure, "slope": slope, "workspace": workspace}
            if drawn is None:
                return shared_softmax(*where, **options)
            return sampled_softmax(*where, drawn=drawn, **options)
        return compared_loss(*where, drawn=drawn, loss=self.loss, measure=measure, slope=slope, workspace=workspace)

    def _penalise(
        self,
        vectors: Vectors,
        rows: Float[Tensor, "touched dim"],
        between: Float[Tensor, "query width"],
        batch: Batch,
        place: Int[Tensor, " use"],
    ) -> Float[Tensor, ""]:
        """Σ (|h|³ + |r|³ + |t|³) over the batch's triples (N3, Lacroix et al., 2018), and of squares, each weighted."""
        asked = torch.bincount(batch.rows, minlength=len(batch.known)).to(rows.dtype)
        uses = torch.cat([asked, asked.new_ones(len(batch.answers))])
        weight = asked.new_zeros(len(rows)).index_add_(0, place, uses)
        scorer, total = vectors.scorer, rows.new_zeros(())
        entity, relation = scorer.magnitudes(rows), scorer.relation_magnitudes(between)
        for power, share in ((3, self.regularisation), (2, self.weight_decay)):
            if share:
                total = total + share * (entity.pow(power).sum(-1) @ weight + relation.pow(power).sum(-1) @ asked)
        return total

    def _drop(self, query: Float[Tensor, "query dim"]) -> Float[Tensor, "query dim"]:
        if not self.dropout:
            return query
        kept = torch.empty_like(query).bernoulli_(1 - self.dropout, generator=self.generator)
        return query * kept / (1 - self.dropout)
