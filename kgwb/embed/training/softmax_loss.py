"""Softmax over candidates shared by a whole batch: all entities, or a sample of them."""

from __future__ import annotations

from typing import Any

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.scorers.measure import Measure

CACHE_BYTES = 4 << 20  # a block of logits this size is still in the processor's cache when the softmax reads it
FAR_BELOW = -1e9  # the logit of what must not count; unlike −∞ it leaves no NaN where nothing is left


def all_candidates_loss(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    measure: Measure,
    precision: torch.dtype,
    memory: int | float,
) -> Float[Tensor, ""]:
    """Softmax cross-entropy of every answer against all entities, summed.

    loss = Σ_q k_q · log Σ_e exp s(q, e) − Σ_a s(q_a, a), with k_q answers to question q: equal to one softmax per
    triple (Lacroix et al., 2018, "Canonical tensor decomposition for knowledge base completion"), at the price of
    one per distinct question. Distances enter squared, so that |q|² cancels and one matmul is left.

    Args:
        query: what each distinct question compares with.
        candidates: all entities.
        rows: the question of each answer.
        answers: the entities that answer; a question has no answer twice.
        measure: how queries and candidates are compared.
        precision: of the matmuls; sums are kept in float32.
        memory: how large a block of scores may get, in GiB.
    """
    scale, bias = measure.linear(candidates)
    bias = candidates.new_zeros(len(candidates)) if bias is None else bias
    return _SharedSoftmax.apply(scale * query, candidates, bias, rows, answers, precision, memory)


class _SharedSoftmax(torch.autograd.Function):
    """The gradient is written by hand and made on the way forward: softmax − answers, times the other table."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        candidates: Tensor,
        bias: Tensor,
        rows: Tensor,
        answers: Tensor,
        precision: torch.dtype,
        memory: int | float,
    ) -> Tensor:
        table, offset = candidates.to(precision), bias.to(precision)
        counts = torch.bincount(rows, minlength=len(query)).to(query.dtype)[:, None]
        query_slope, table_slope, bias_slope = torch.empty_like(query), None, torch.zeros_like(bias)
        loss = query.new_zeros(())
        height = max(1, min(len(query), int(memory * 2**30) // (len(table) * table.element_size())))
        block = table.new_empty(height, len(table))
        for start in range(0, len(query), height):
            here = slice(start, min(start + height, len(query)))
            inside = (rows >= here.start) & (rows < here.stop) if height < len(query) else slice(None)
            local, right = rows[inside] - here.start, answers[inside]
            slope = _fill_softmax(block[: here.stop - here.start], query[here].to(precision), table, offset)
            chance = slope[local, right].float()
            loss -= chance.clamp_min(1e-38).log().sum()
            slope[local, right] = (chance - 1 / counts[here][local, 0]).to(precision)  # softmax − answers / k_q
            query_slope[here] = (slope @ table).to(query.dtype) * counts[here]
            weighted = (query[here] * counts[here]).to(precision)
            part = (slope.T @ weighted).to(query.dtype)
            table_slope = part if table_slope is None else table_slope.add_(part)
            bias_slope += (counts[here].T.to(precision) @ slope)[0]
        ctx.save_for_backward(query_slope, table_slope, bias_slope)
        return loss

    @staticmethod
    def backward(ctx: Any, *slopes: Tensor) -> tuple[Tensor | None, ...]:
        (slope,) = slopes
        query_slope, table_slope, bias_slope = (part.mul_(slope) for part in ctx.saved_tensors)  # used only once
        return query_slope, table_slope, bias_slope, None, None, None, None


def _fill_softmax(block: Tensor, query: Tensor, table: Tensor, bias: Tensor) -> Tensor:
    rows = len(query)
    if block.device.type == "cpu":
        rows = max(16, CACHE_BYTES // (len(table) * block.element_size()))
    for start in range(0, len(query), rows):
        here = slice(start, start + rows)
        torch.addmm(bias, query[here], table.T, out=block[here])
        torch.softmax(block[here], -1, out=block[here])
    return block


def sampled_candidates_loss(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    negatives: Int[Tensor, " negative"],
    measure: Measure,
    precision: torch.dtype,
) -> Float[Tensor, ""]:
    """Softmax cross-entropy of every answer against the same sampled entities, summed.

    loss = Σ_a log(exp s(q_a, a) + Σ_n exp s(q_a, n)) − s(q_a, a), where a negative that is itself an answer of
    the question in the batch does not count.

    Args:
        query: what each distinct question compares with.
        candidates: all entities.
        rows: the question of each answer.
        answers: the entities that answer.
        negatives: the sampled entities, each once.
        measure: how queries and candidates are compared.
        precision: of the matmul.
    """
    sample, right = candidates.index_select(0, negatives), candidates.index_select(0, answers)
    scale, bias = measure.linear(sample)
    logits = scale * (query.to(precision) @ sample.to(precision).T).float()
    logits = logits if bias is None else logits + bias
    _, right_bias = measure.linear(right)
    gold = scale * (query.index_select(0, rows) * right).sum(-1)
    gold = gold if right_bias is None else gold + right_bias
    place = torch.full((len(candidates),), -1, device=answers.device)
    place[negatives] = torch.arange(len(negatives), device=answers.device)
    clash = place[answers] >= 0
    logits = logits.index_put((rows[clash], place[answers[clash]]), logits.new_tensor(FAR_BELOW))
    others = logits.logsumexp(-1).index_select(0, rows)
    return (torch.logaddexp(gold, others) - gold).sum()
