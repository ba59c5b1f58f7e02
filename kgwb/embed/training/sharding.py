"""One entity table held by several processes, each its own rows."""

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
from kgwb.embed.training.workspace import Workspace


@contextmanager
def join_processes() -> Iterator[tuple[int, int]]:
    """This process's rank and how many there are, with a way to talk inside the block; 0 and 1 without torchrun."""
    if not processes.is_torchelastic_launched():
        yield 0, 1
        return
    if torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    processes.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield processes.get_rank(), processes.get_world_size()
    finally:
        processes.destroy_process_group()


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
        """Let go of all rows but one's own; the same embedding, which can only be trained until it is united."""
        embedding.entity_table = nn.Parameter(embedding.entity_table.detach()[self.rows].clone())
        return embedding

    def unite(self, embedding: GraphEmbedding) -> GraphEmbedding:
        """Give process 0 all rows, in main memory; the embeddings of the others stay as they are."""
        table = embedding.entity_table.detach()
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
        """The vectors of any entities, from whoever holds them; all processes ask for the same ones."""
        here, rows = self.find(entities)
        vectors = table.new_zeros(len(entities), table.shape[1])
        vectors[here] = table[rows]
        processes.all_reduce(vectors)
        return vectors

    def softmax(self, scores: Float[Tensor, "query row"]) -> Float[Tensor, "query row"]:
        """The part of the softmax over all entities that belongs to one's own, written over the scores."""
        total = scores.logsumexp(-1)
        parts = [torch.empty_like(total) for _ in range(self.count)]
        processes.all_gather(parts, total)
        return scores.sub_(torch.stack(parts).logsumexp(0)[:, None]).exp_()

    def agree(self, workspace: Workspace) -> Workspace:
        """The least memory and the widest number format that any process chose: all must cut alike."""
        chosen = torch.tensor([workspace.memory, -torch.finfo(workspace.precision).bits], dtype=torch.float64)
        memory, bits = self._least(chosen).tolist()
        return replace(workspace, memory=memory, precision=torch.float32 if bits == -32 else torch.bfloat16)

    def least(self, number: int) -> int:
        """The smallest of everybody's numbers, when all have come here."""
        return int(self._least(torch.tensor([number])).item())

    def _least(self, numbers: Tensor) -> Tensor:
        device = "cuda" if processes.get_backend() == "nccl" else "cpu"
        numbers = numbers.to(device)
        processes.all_reduce(numbers, processes.ReduceOp.MIN)
        return numbers.cpu()
