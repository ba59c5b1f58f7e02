"""A step of training taken apart: kgwb's own, and the same arithmetic with shapes that never change, compiled and captured.

`python tests/benchmarks/gpu.py --parts steps` runs it. Compilers and CUDA graphs want every tensor of every step to have the
shape it had before. kgwb's steps do not grant that, for each batch has as many answers and distinct entities as it has; the
step here asks one batch again and again, so its gain is the most that fixed shapes could give.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch

import kgwb
from kgwb.embed.training.batches import Batch, TrainingQueries
from kgwb.environment import best_device

Step = Callable[[], object]


def measure_steps(
    split: kgwb.graph.Split, figures: dict[str, Any], *, seconds: float, tiny: bool, dim: int, batch: int
) -> None:
    """Write milliseconds per step into `figures`, or what went wrong with one of them.

    Args:
        split: the data.
        figures: "own" is kgwb's, "fixed" the others by name.
        seconds: that each is repeated for; compiling comes on top.
        tiny: whether the compiler may leave the code as it is, which takes less time to compile.
        dim: real numbers per entity.
        batch: queries per step.
    """
    figures |= {"dim": dim, "batch": batch, "own": measure_own_step(split, seconds=seconds, dim=dim, batch=batch)}
    figures["fixed"] = {}
    makers = {
        "eager": lambda step: step.run,
        "compiled": lambda step: step.compile("aot_eager" if tiny else "inductor").run,
        "captured": lambda step: step.capture(),
        "compiled and captured": lambda step: step.compile("aot_eager" if tiny else "inductor").capture(),
    }
    for name, make in makers.items():
        try:
            ready = make(FixedStep(split, dim=dim, batch=batch))
            figures["fixed"][name] = time_step(ready, seconds, most=50 if tiny else 1000)
        except Exception as problem:  # whatever a compiler raises, the others are still measured
            figures["fixed"][name] = f"{type(problem).__name__}: {problem}"


def measure_own_step(split: kgwb.graph.Split, *, seconds: float, dim: int, batch: int) -> float:
    """Milliseconds of a step of `train_embedding`, in the fastest epoch behind the first."""
    embedding = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=dim).to(best_device())
    steps = -(-len(TrainingQueries.from_triples(split.train)) // batch)
    begun, taken = time.perf_counter(), []
    for epoch in kgwb.train_embedding(embedding, split, epochs=20, batch=batch, reciprocal=True):
        taken.append(epoch.seconds)
        if time.perf_counter() - begun > 2 * seconds:
            break
    return 1e3 * min(taken[1:] or taken) / steps


class FixedStep:
    """ComplEx, softmax over all entities and Adagrad, on one batch; matmuls in bfloat16 where there is a GPU."""

    def __init__(self, split: kgwb.graph.Split, *, dim: int, batch: int) -> None:
        self.device = best_device()
        order = torch.Generator().manual_seed(0)
        self.batch: Batch = next(
            TrainingQueries.from_triples(split.train).shuffle(batch, generator=order, device=self.device)
        )
        relation = self.batch.relation.clone()
        relation[self.batch.tails :] += len(split.graph.relations)  # the inverses stand behind
        self.relation, self.counts = relation, torch.bincount(self.batch.rows, minlength=len(relation)).float()
        rows = (len(split.graph.entities), 2 * len(split.graph.relations))
        self.tables = [(1e-3 * torch.randn(count, dim)).to(self.device).requires_grad_() for count in rows]
        self.sums = [torch.zeros_like(table) for table in self.tables]
        self.numbers = torch.bfloat16 if self.device.type == "cuda" else torch.float32
        self.loss_of, self.update = self._loss_of, self._update

    def run(self) -> torch.Tensor:
        """One step; the loss."""
        loss = self.loss_of(*self.tables)
        gradients = torch.autograd.grad(loss, self.tables)
        with torch.no_grad():
            self.update(*gradients)
        return loss.detach()

    def compile(self, backend: str) -> FixedStep:
        """The same through torch.compile: loss and gradient, and the optimizer."""
        self.loss_of = torch.compile(self._loss_of, backend=backend, dynamic=False)
        self.update = torch.compile(self._update, backend=backend, dynamic=False)
        return self

    def capture(self) -> Step:
        """The same as one CUDA graph, which is launched as a whole.

        Raises:
            RuntimeError: there is no GPU.
        """
        if self.device.type != "cuda":
            raise RuntimeError("CUDA graphs need a GPU")
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # whatever allocates or compiles at first does so before the capture
            for _ in range(3):
                self.run()
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.run()
        return graph.replay

    def _loss_of(self, entities: torch.Tensor, relations: torch.Tensor) -> torch.Tensor:
        given, between = entities.index_select(0, self.batch.known), relations.index_select(0, self.relation)
        query = kgwb.ComplEx().query_tail(given, between)
        scores = (query.to(self.numbers) @ entities.to(self.numbers).T).float()  # [query, entity]
        right = scores.flatten().index_select(0, self.batch.rows * len(entities) + self.batch.answers)  # [answer]
        return (self.counts @ scores.logsumexp(-1) - right.sum()) / len(right)

    def _update(self, *gradients: torch.Tensor) -> None:
        for table, total, gradient in zip(self.tables, self.sums, gradients, strict=True):
            total.addcmul_(gradient, gradient)
            table.addcdiv_(gradient, total.sqrt().add_(1e-10), value=-0.1)


def time_step(step: Step, seconds: float, *, most: int) -> float:
    """Milliseconds per step, after three that warm up; of so many seconds, or so many steps."""
    for _ in range(3):
        step()
    _wait()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds and count < most:
        for _ in range(5):
            step()
        _wait()
        count += 5
    return 1e3 * (time.perf_counter() - start) / count


def _wait() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
