"""What a step of training makes smaller: the loss of the answers, and the size of the vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import cross_entropy, pad

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.training.batches import Batch, Negatives
from kgwb.embed.training.losses import Loss, compare_narrowly, compared_loss, softmax_loss
from kgwb.embed.training.softmax import sampled_softmax, shared_softmax
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors

TOGETHER = 256  # triples whose relations are guessed: always a multiple


@dataclass(frozen=True, eq=False)
class Objective:
    """The loss of a batch.

    Attributes:
        negatives: where the entities come from that answers are compared with; None for all of them.
        loss: of the scores.
        regularisation: weight of the cubed magnitudes of the vectors of each triple.
        weight_decay: weight of their squares.
        dropout: share of each query's numbers that are set to zero.
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
        self, vectors: Vectors, batch: Batch, *, gradient: Float[Tensor, "entity dim"], workspace: Workspace
    ) -> Float[Tensor, ""]:
        """Write the entities' gradient to `gradient`, add that of relations to their `.grad`; the loss itself is returned.

        Args:
            vectors: entities need no gradient; relations do.
            batch: the queries.
            gradient: what the entities' gradient is written over.
            workspace: the weight of each answer, and room for scores.
        """
        if self._compares_answers:
            touched, place = torch.cat([batch.known, batch.answers]).unique(return_inverse=True)
            rows = vectors.entities.index_select(0, touched).requires_grad_()  # [touched, dim], each entity once
            known, answers = place.split([len(batch.known), len(batch.answers)])
            given = rows.index_select(0, known)  # [query, dim]
        else:
            touched = batch.known
            given = rows = vectors.entities.index_select(0, touched).requires_grad_()  # [query, dim]
        between = vectors.relations_asked(batch.relation, tails=batch.tails)  # [query, width]
        query = self._drop(vectors.query_from(given, between, tails=batch.tails))
        loss = self._compare(vectors, query, batch, gradient, workspace)
        total = loss
        if self.regularisation or self.weight_decay:
            total = total + self._penalise(vectors, rows, between, batch, place)
        if self.relation_weight:
            total = total + self.relation_weight * relation_loss(vectors, rows, known, answers, batch, workspace)
        (total * workspace.weight).backward()
        if rows.grad is not None:
            gradient.index_add_(0, touched, rows.grad)
        return loss.detach()

    @property
    def _compares_answers(self) -> bool:
        """Whether the answers' own vectors are looked at, beside their scores."""
        return bool(self.regularisation or self.weight_decay or self.relation_weight)

    def _compare(
        self, vectors: Vectors, query: Tensor, batch: Batch, gradient: Tensor, workspace: Workspace
    ) -> Float[Tensor, ""]:
        measure = vectors.scorer.measure
        where = (query, vectors.entities, batch.rows, batch.answers)
        room: dict[str, Any] = {"measure": measure, "gradient": gradient, "workspace": workspace}
        room["weights"] = batch.weights
        drawn = None if self.negatives is None else self.negatives.draw(vectors, batch)
        by_matmul = self.loss is softmax_loss and bool(measure.matmul)
        if by_matmul and drawn is None:
            return shared_softmax(*where, **room)
        gradient.zero_()  # the others add theirs, to a part of the rows
        if by_matmul and drawn is not None:
            return sampled_softmax(*where, drawn=drawn, **room)
        return compared_loss(*where, drawn=drawn, loss=self.loss, **room)

    def _penalise(
        self,
        vectors: Vectors,
        rows: Float[Tensor, "touched dim"],
        between: Float[Tensor, "query width"],
        batch: Batch,
        place: Int[Tensor, " use"],
    ) -> Float[Tensor, ""]:
        """Σ (|h|³ + |r|³ + |t|³) over the batch's triples (N3, Lacroix et al., 2018), and of squares, each weighted."""
        asked = torch.bincount(batch.rows, batch.weights, len(batch.known)).to(rows.dtype)  # [query], its triples
        each = asked.new_ones(len(batch.answers)) if batch.weights is None else batch.weights
        uses = torch.cat([asked, each])  # [query + answer]
        weight = asked.new_zeros(len(rows)).index_add_(0, place, uses)  # [touched], the triples of each entity
        entity, relation = vectors.scorer.magnitudes(rows), vectors.scorer.relation_magnitudes(between)
        sizes = ((entity, weight), (relation, asked))
        one, other = (penalise_sizes(*each, cubes=self.regularisation, squares=self.weight_decay) for each in sizes)
        return one + other

    def _drop(self, query: Float[Tensor, "query dim"]) -> Float[Tensor, "query dim"]:
        if not self.dropout:
            return query
        kept = torch.empty_like(query).bernoulli_(1 - self.dropout, generator=self.generator)
        return query * kept / (1 - self.dropout)


def penalise_sizes(
    magnitudes: Float[Tensor, "row part"], weight: Float[Tensor, " row"], *, cubes: int | float, squares: int | float
) -> Float[Tensor, ""]:
    """Σ_x w_x Σᵢ (cubes · xᵢ³ + squares · xᵢ²) over rows x; only the magnitudes get a gradient."""
    return _Sizes.apply(magnitudes, weight, cubes, squares)


class _Sizes(torch.autograd.Function):
    """The gradient is made on the way forward, which takes half as many passes over the magnitudes."""

    @staticmethod
    def forward(ctx: Any, magnitudes: Tensor, weight: Tensor, cubes: float, squares: float) -> Tensor:
        derivative = magnitudes * (3 * cubes)  # [row, part]
        value = (derivative / 3 + squares).mul_(magnitudes).mul_(magnitudes).sum(-1) @ weight
        ctx.save_for_backward(derivative.add_(2 * squares).mul_(magnitudes).mul_(weight[:, None]))
        return value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (derivative,) = ctx.saved_tensors
        return derivative * gradients[0], None, None, None


def relation_loss(
    vectors: Vectors,
    rows: Float[Tensor, "touched dim"],
    known: Int[Tensor, " query"],
    answers: Int[Tensor, " answer"],
    batch: Batch,
    workspace: Workspace,
) -> Float[Tensor, ""]:
    """Cross-entropy of each triple's relation among all relations, summed over the answers that are tails.

    −Σ log P(r | h, t) (Chen et al., 2021, "Relation prediction as an auxiliary training objective"). Every triple
    answers a query about its tail once per epoch, so every triple's relation is asked for once.

    Args:
        vectors: the relations, and the scorer that compares them.
        rows: the vectors of the entities that the batch holds.
        known: the row of each query's entity.
        answers: the row of each answer.
        batch: which relation each query names.
        workspace: the precision of the products.
    """
    asks_tail = batch.rows < batch.tails  # [answer]
    query = batch.rows[asks_tail]  # [triple]
    head, tail = rows.index_select(0, known[query]), rows.index_select(0, answers[asks_tail])  # each [triple, dim]
    scorer = vectors.scorer
    asked = scorer.query_relation(head, tail)  # [triple, dim]
    # Products of a few sizes that come again: a processor prepares each size anew, which takes longer than the product.
    padded = pad(asked, (0, 0, 0, -len(asked) % TOGETHER))
    keys = scorer.relation_keys(vectors.relations)
    scores = compare_narrowly(padded, keys, scorer.measure, workspace)[: len(asked)]  # [triple, relation]
    if batch.weights is None:
        return cross_entropy(scores, batch.relation[query], reduction="sum")
    return cross_entropy(scores, batch.relation[query], reduction="none") @ batch.weights[asks_tail]
