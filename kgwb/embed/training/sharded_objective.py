"""The softmax over entities that several processes hold; what moves between them does not grow with the table.

Every process walks through the same batches. For a batch it

1. fetches the vectors of the entities given from whoever holds them: queries × dim numbers;
2. compares all queries with its own entities, and learns the whole softmax from everybody's log-sum-exp of their part:
   queries × processes numbers;
3. adds up everybody's gradient of the queries: queries × dim numbers;
4. takes the relations' gradient from process 0, so that all copies stay one: relations × width numbers;

and keeps the gradient, the optimizer's state and the step of its own rows to itself. SCALE.md has the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as processes

from kgwb.axes import Float, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.scorers.measure import DISTANCE, SQUARED_DISTANCE
from kgwb.embed.training.batches import Batch
from kgwb.embed.training.sharding import Shard
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors


@dataclass(frozen=True, eq=False)
class ShardedObjective:
    """The loss of a batch as `Objective` has it, for the softmax over all entities.

    Attributes:
        shard: the entities that this process holds.
        regularisation: weight of the cubed magnitudes of the vectors of each triple.
        weight_decay: weight of their squares.
        dropout: share of each query's numbers that are set to nought.
        generator: where dropout comes from, on the embedding's device; seeded alike everywhere.
        negatives: none, since all entities are compared.
    """

    shard: Shard
    regularisation: int | float
    weight_decay: int | float
    dropout: int | float
    generator: torch.Generator
    negatives: None = None

    def differentiate(
        self, vectors: Vectors, batch: Batch, *, slope: Float[Tensor, "row dim"], workspace: Workspace
    ) -> Float[Tensor, ""]:
        """Add the gradient of this process's entities to `slope`, of relations to their `.grad`; returns the whole loss.

        Args:
            vectors: the entities held here, which need no gradient, and all relations, which do.
            batch: the questions, the same in all processes.
            slope: what the entities' gradient is added to.
            workspace: the weight of each answer, and room for scores; alike in all processes.
        """
        known = self.shard.fetch(vectors.entities, batch.known).requires_grad_()
        between = vectors.relations_asked(batch.relation, tails=batch.tails)
        query = self._drop(vectors.query_from(known, between, tails=batch.tails))
        asked = torch.bincount(batch.rows, minlength=len(query)).to(query.dtype)
        surprise, query_slope = self._compare(vectors, query.detach(), asked, batch, slope, workspace)
        shrunk = self._penalise(vectors.scorer.relation_magnitudes(between), asked)
        tables = [vectors.relations] if vectors.inverses is None else [vectors.relations, vectors.inverses]
        total = ((query * query_slope).sum() + shrunk) * workspace.weight
        known_slope, *slopes = torch.autograd.grad(total, [known, *tables])
        for table, part in zip(tables, slopes, strict=True):
            processes.broadcast(part, 0)  # a GPU adds up in any order, and the copies would part
            table.grad = part
        here, rows = self.shard.find(batch.known)
        slope.index_add_(0, rows, known_slope[here])
        uses = torch.cat([asked, asked.new_ones(len(batch.answers))]) * workspace.weight
        here, rows = self.shard.find(torch.cat([batch.known, batch.answers]))
        own = vectors.entities.index_select(0, rows).requires_grad_()
        size = self._penalise(vectors.scorer.magnitudes(own), uses[here])
        slope.index_add_(0, rows, *torch.autograd.grad(size, [own]))
        return surprise

    def _compare(
        self,
        vectors: Vectors,
        query: Float[Tensor, "query dim"],
        asked: Float[Tensor, " query"],
        batch: Batch,
        slope: Float[Tensor, "row dim"],
        workspace: Workspace,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "query dim"]]:
        """The whole loss and the queries' gradient; that of this process's entities is added to `slope`."""
        loss, query_slope = query.new_zeros(()), torch.empty_like(query)
        here, rows = self.shard.find(batch.answers)
        questions = batch.rows[here]
        height = max(1, workspace.height(self.shard.widest, len(query)) // 8)  # scores, softmax, and what lies between
        for start in range(0, len(query), height):
            stop = start + height
            inside = (questions >= start) & (questions < stop)
            cells = (questions[inside] - start, rows[inside])
            asking, entities = query[start:stop].detach().requires_grad_(), vectors.entities.detach().requires_grad_()
            with torch.enable_grad():
                scores = _compare_all(asking, entities, vectors, workspace)
            chance = self.shard.softmax(scores.detach())
            loss -= chance[cells].clamp_min(1e-38).log().sum()
            chance[cells] -= 1 / asked[questions[inside]]
            chance *= asked[start:stop, None]  # one softmax for each answer
            slopes = torch.autograd.grad(scores, [asking, entities], chance)
            query_slope[start:stop] = slopes[0]
            slope.add_(slopes[1], alpha=workspace.weight)
        for part in (loss, query_slope):
            processes.all_reduce(part)
        return loss, query_slope

    def _penalise(self, magnitudes: Float[Tensor, "use part"], uses: Float[Tensor, " use"]) -> Float[Tensor, ""]:
        cubes, squares = (magnitudes.pow(power).sum(-1) @ uses for power in (3, 2))
        return self.regularisation * cubes + self.weight_decay * squares

    def _drop(self, query: Float[Tensor, "query dim"]) -> Float[Tensor, "query dim"]:
        if not self.dropout:
            return query
        kept = torch.empty_like(query).bernoulli_(1 - self.dropout, generator=self.generator)
        return query * kept / (1 - self.dropout)


def expect_shardable(embedding: GraphEmbedding, **arguments: object) -> None:
    """Shards know one loss, over all entities, and no figure that needs the whole table.

    Raises:
        ValueError: something else was asked for; the message says what to type instead.
    """
    known = {"loss": "softmax", "negatives": "all", "relation_weight": 0, "evaluate_every": 0}
    for name, value in arguments.items():
        if value != known[name]:
            raise ValueError(f"{name}={value!r} came with a shard, which knows only {name}={known[name]!r}. Type that.")
    if embedding.encoder is not None:
        raise ValueError(
            "An embedding with an encoder came with a shard. Its table cannot be divided; leave shard out."
        )
    if embedding.scorer.measure.matmul is None:
        message = f"{embedding.scorer!r} came with a shard, but compares by more than a matmul"
        raise ValueError(f"{message}. Type TransE(), or leave shard out.")


def _compare_all(
    query: Float[Tensor, "query dim"], entities: Float[Tensor, "row dim"], vectors: Vectors, workspace: Workspace
) -> Float[Tensor, "query row"]:
    measure = vectors.scorer.measure
    if measure is DISTANCE:
        return SQUARED_DISTANCE.compare(query, entities)  # a difference of squares needs all its bits
    return measure.compare(query.to(workspace.precision), entities.to(workspace.precision)).float()
