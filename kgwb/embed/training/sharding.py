"""One entity table held by several processes, each its own rows, and the softmax over all of them.

What moves between processes does not grow with the table. Every process walks through the same batches. For a batch it

1. fetches the vectors of the entities given from the processes that hold them: queries × dim numbers;
2. compares all queries with its own entities, and learns the whole softmax from each process's log-sum-exp of its part:
   queries × processes numbers;
3. adds up all gradients of the queries: queries × dim numbers;
4. takes the relations' gradient from process 0, so that all copies stay one: relations × width numbers;

and keeps the gradient, the optimizer's state and the step of its own rows to itself. SCALE.md has the arithmetic.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
import torch.distributed as processes
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.scorers.measure import DISTANCE, SQUARED_DISTANCE
from kgwb.embed.training.batches import Batch
from kgwb.embed.training.workspace import Workspace
from kgwb.embed.vectors import Vectors


@contextmanager
def join_processes() -> Iterator[tuple[int, int]]:
    """This process's rank and how many there are, connected inside the block; 0 and 1 without torchrun."""
    if not processes.is_torchelastic_launched():
        yield 0, 1
        return
    rank, count = (int(os.environ[name]) for name in ("LOCAL_RANK", "LOCAL_WORLD_SIZE"))
    backend, device = choose_backend(rank, count, devices=torch.cuda.device_count())
    if device is not None:
        torch.cuda.set_device(device)
    processes.init_process_group(backend)
    try:
        yield processes.get_rank(), processes.get_world_size()
    finally:
        processes.destroy_process_group()


def choose_backend(rank: int, count: int, *, devices: int) -> tuple[str, int | None]:
    """How the processes of a machine talk, and which of its GPUs this one has: by NCCL, which admits one process to a GPU.

    Where there are fewer GPUs than processes they share them, and talk by gloo, through main memory.

    Args:
        rank: of this process among those of its machine.
        count: how many these are.
        devices: GPUs of the machine.

    Example:
        >>> choose_backend(1, 2, devices=2), choose_backend(1, 2, devices=1), choose_backend(1, 2, devices=0)
        (('nccl', 1), ('gloo', 0), ('gloo', None))
    """
    return ("nccl" if devices >= count else "gloo"), (rank % devices if devices else None)


@dataclass(frozen=True)
class Shard:
    """The rows of an entity table that one of several processes holds.

    Attributes:
        rank: which of the processes this is, counted from 0.
        count: how many there are.
        entities: rows of the whole table.

    Example:
        >>> [Shard(rank, 3, 10).rows for rank in range(3)]
        [slice(0, 3, None), slice(3, 6, None), slice(6, 10, None)]
    """

    rank: int
    count: int
    entities: int

    @property
    def rows(self) -> slice:
        """Which rows of the whole table these are."""
        return slice(self.entities * self.rank // self.count, self.entities * (self.rank + 1) // self.count)

    @property
    def widest(self) -> int:
        """The most rows that any of the processes holds."""
        return -(-self.entities // self.count)

    def start(self, make: Callable[[], GraphEmbedding]) -> GraphEmbedding:
        """The rows here of an untrained embedding; a machine's processes take turns, so that it holds one whole table."""
        for turn in range(int(os.environ["LOCAL_WORLD_SIZE"])):
            if turn == int(os.environ["LOCAL_RANK"]):
                embedding = self.divide(make())
            processes.barrier()
        return embedding

    def divide(self, embedding: GraphEmbedding) -> GraphEmbedding:
        """Drop all rows but those of this process; the same embedding, which can only be trained until it is united."""
        embedding.entity_table = nn.Parameter(embedding.entity_table.detach()[self.rows].clone())
        return embedding

    def unite(self, embedding: GraphEmbedding) -> GraphEmbedding:
        """Give process 0 all rows, in main memory; the embeddings of the others stay as they are."""
        table = embedding.entity_table.detach()
        if processes.get_backend() == "gloo":
            table = table.cpu()  # it sends from main memory only
        if self.rank:
            processes.send(table, 0)
            return embedding
        whole = torch.empty(self.entities, table.shape[1])
        for rank in range(self.count):
            rows = replace(self, rank=rank).rows
            part = table if rank == 0 else table.new_empty(rows.stop - rows.start, table.shape[1])
            if rank:
                processes.recv(part, rank)
            whole[rows] = part.cpu()
        embedding.cpu().entity_table = nn.Parameter(whole)
        return embedding

    def find(self, entities: Int[Tensor, " use"]) -> tuple[Bool[Tensor, " use"], Int[Tensor, " own"]]:
        """Which of some entities are here, and the rows of those."""
        here = (entities >= self.rows.start) & (entities < self.rows.stop)
        return here, entities[here] - self.rows.start

    def fetch(self, table: Float[Tensor, "row dim"], entities: Int[Tensor, " use"]) -> Float[Tensor, "use dim"]:
        """The vectors of any entities, from the processes that hold them; all processes ask for the same ones."""
        here, rows = self.find(entities)
        vectors = table.new_zeros(len(entities), table.shape[1])
        vectors[here] = table[rows]
        processes.all_reduce(vectors)
        return vectors

    def softmax(self, scores: Float[Tensor, "query row"]) -> Float[Tensor, "query row"]:
        """This process's part of the softmax over all entities, written over the scores."""
        total = scores.logsumexp(-1)  # [query], of the rows here
        parts = [torch.empty_like(total) for _ in range(self.count)]
        processes.all_gather(parts, total)
        everywhere = torch.stack(parts).logsumexp(0)  # [query], of all rows
        return scores.sub_(everywhere[:, None]).exp_()

    def agree(self, workspace: Workspace) -> Workspace:
        """The least memory and the widest number format that any process chose: all must cut alike."""
        chosen = torch.tensor([workspace.memory, -torch.finfo(workspace.precision).bits], dtype=torch.float64)
        memory, bits = self._least(chosen).tolist()
        return replace(workspace, memory=memory, precision=torch.float32 if bits == -32 else torch.bfloat16)

    def least(self, number: int) -> int:
        """The smallest of all processes' numbers; each waits for the others."""
        return int(self._least(torch.tensor([number])).item())

    def _least(self, numbers: Tensor) -> Tensor:
        device = "cuda" if processes.get_backend() == "nccl" else "cpu"
        numbers = numbers.to(device)
        processes.all_reduce(numbers, processes.ReduceOp.MIN)
        return numbers.cpu()


@dataclass(frozen=True, eq=False)
class ShardedObjective:
    """The loss of a batch as `Objective` has it, for the softmax over all entities.

    Attributes:
        shard: the entities that this process holds.
        regularisation: weight of the cubed magnitudes of the vectors of each triple.
        weight_decay: weight of their squares.
        dropout: share of each query's numbers that are set to zero.
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
        self, vectors: Vectors, batch: Batch, *, gradient: Float[Tensor, "row dim"], workspace: Workspace
    ) -> Float[Tensor, ""]:
        """Write the gradient of this process's entities to `gradient`, of relations to their `.grad`; returns the whole loss.

        Args:
            vectors: the entities of this process, which need no gradient, and all relations, which do.
            batch: the queries, the same in all processes.
            gradient: what the entities' gradient is written over.
            workspace: the weight of each answer, and room for scores; alike in all processes.
        """
        gradient.zero_()
        known = self.shard.fetch(vectors.entities, batch.known).requires_grad_()  # [query, dim]
        between = vectors.relations_asked(batch.relation, tails=batch.tails)  # [query, width]
        query = self._drop(vectors.query_from(known, between, tails=batch.tails))
        asked = torch.bincount(batch.rows, minlength=len(query)).to(query.dtype)  # [query], its triples
        loss, query_gradient = self._compare(vectors, query.detach(), asked, batch, gradient, workspace)
        shrunk = self._penalise(vectors.scorer.relation_magnitudes(between), asked)
        tables = [vectors.relations] if vectors.inverses is None else [vectors.relations, vectors.inverses]
        total = ((query * query_gradient).sum() + shrunk) * workspace.weight
        known_gradient, *others = torch.autograd.grad(total, [known, *tables])
        for table, part in zip(tables, others, strict=True):
            processes.broadcast(part, 0)  # a GPU adds up in any order, and the copies would drift apart
            table.grad = part
        here, rows = self.shard.find(batch.known)
        gradient.index_add_(0, rows, known_gradient[here])
        uses = torch.cat([asked, asked.new_ones(len(batch.answers))]) * workspace.weight
        here, rows = self.shard.find(torch.cat([batch.known, batch.answers]))
        own = vectors.entities.index_select(0, rows).requires_grad_()
        size = self._penalise(vectors.scorer.magnitudes(own), uses[here])
        gradient.index_add_(0, rows, *torch.autograd.grad(size, [own]))
        return loss

    def _compare(
        self,
        vectors: Vectors,
        query: Float[Tensor, "query dim"],
        asked: Float[Tensor, " query"],
        batch: Batch,
        gradient: Float[Tensor, "row dim"],
        workspace: Workspace,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "query dim"]]:
        """The whole loss and the queries' gradient; that of this process's entities is added to `gradient`."""
        loss, query_gradient = query.new_zeros(()), torch.empty_like(query)
        here, rows = self.shard.find(batch.answers)
        asking_rows = batch.rows[here]  # [answer here], its query
        height = max(1, workspace.height(self.shard.widest, len(query)) // 8)  # scores, softmax, and what lies between
        for start in range(0, len(query), height):
            stop = start + height
            inside = (asking_rows >= start) & (asking_rows < stop)
            cells = (asking_rows[inside] - start, rows[inside])
            asking, entities = query[start:stop].detach().requires_grad_(), vectors.entities.detach().requires_grad_()
            with torch.enable_grad():
                scores = _compare_all(asking, entities, vectors, workspace)  # [query here, row]
            chance = self.shard.softmax(scores.detach())
            loss -= chance[cells].clamp_min(1e-38).log().sum()
            chance[cells] -= 1 / asked[asking_rows[inside]]
            chance *= asked[start:stop, None]  # one softmax for each answer
            parts = torch.autograd.grad(scores, [asking, entities], chance)
            query_gradient[start:stop] = parts[0]
            gradient.add_(parts[1], alpha=workspace.weight)
        for part in (loss, query_gradient):
            processes.all_reduce(part)
        return loss, query_gradient

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
    known = {"loss": "softmax", "negatives": "all", "relation_weight": 0, "evaluate_every": 0, "weights": None}
    for name, value in arguments.items():
        if name == "weights" and value is not None:  # an array, which != would compare number by number
            raise ValueError("weights came with a shard, which knows only weights=None. Type that.")
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
