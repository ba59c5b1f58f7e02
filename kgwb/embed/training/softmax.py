"""Softmax over candidates that a whole batch shares, its gradient written by hand."""

from __future__ import annotations

from typing import Any

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.row_sums import sum_rows
from kgwb.embed.scorers.measure import Measure
from kgwb.embed.training.batches import find_places
from kgwb.embed.training.losses import FAR_BELOW
from kgwb.embed.training.workspace import Workspace, multiply_queries

PAIRS = 512  # answers whose vectors are compared with their queries' at a time


def shared_softmax(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "candidate dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    measure: Measure,
    gradient: Float[Tensor, "candidate dim"],
    workspace: Workspace,
    weights: Float[Tensor, " answer"] | None = None,
) -> Float[Tensor, ""]:
    """Softmax cross-entropy of every answer against all candidates, summed.

    loss = Σ_q k_q · log Σ_e exp s(q, e) − Σ_a s(q_a, a), with k_q answers to query q: equal to one softmax per
    triple (Lacroix et al., 2018, "Canonical tensor decomposition for knowledge base completion"), at the price of
    one per distinct query. With weights w_a, k_q is the sum of those of q, and each s(q_a, a) counts w_a times.
    Distances enter squared: −|q − e|² = 2qe − |e|² − |q|², and the softmax cancels |q|².
    It costs three matmuls of queries × candidates × dim and one softmax, nothing else of that size.

    Args:
        query: what each distinct query compares with; its gradient flows back as usual.
        candidates: what can be the answer.
        rows: the query of each answer.
        answers: the candidates that answer; a query has no answer twice.
        measure: how queries and candidates are compared.
        gradient: that of the candidates is written over it here and now, times the workspace's weight, so that a large
            table needs no second one of its size.
        workspace: the precision of the matmuls, and room for a block of scores; sums are kept in float32.
        weights: how often each answer counts; None for once each.
    """
    return _SharedSoftmax.apply(query, candidates, rows, answers, measure, gradient, workspace, weights)


class _SharedSoftmax(torch.autograd.Function):
    """The gradient is made on the way forward: softmax − answers, times the other table."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        candidates: Tensor,
        rows: Tensor,
        answers: Tensor,
        measure: Measure,
        gradient: Tensor,
        workspace: Workspace,
        weights: Tensor | None,
    ) -> Tensor:
        distances, dim = measure.matmul == "distance", query.shape[-1]
        table = workspace.narrow(candidates)  # [candidate, dim]
        wide_table = _widen_candidates(table) if distances else table  # [candidate, dim + 2] or [candidate, dim]
        counts = torch.bincount(rows, weights, len(query)).to(query.dtype)  # [query], the answers k_q
        shares, query_gradient, loss = 1 / counts[rows], torch.empty_like(query), query.new_zeros(())
        if weights is not None:
            shares = shares * weights
        for here, inside, local in workspace.blocks(rows, queries=len(query), width=len(table)):
            right = answers[inside]  # [answer here]
            asked = query[here].to(workspace.precision)  # [query here, dim]
            asking = counts[here, None]  # [query here, 1]
            block = workspace.block(len(asked), len(table), like=table)  # [query here, candidate]
            multiply_queries(_widen_query(asked) if distances else asked, wide_table, out=block)
            torch.softmax(block, -1, out=block)
            chance = block[local, right].float()  # [answer here]
            logs = chance.clamp_min(1e-38).log()  # the smallest normal float32 is 1.2e-38
            loss -= logs.sum() if weights is None else logs @ weights[inside]
            # The scores' gradient takes their place, but for the factor k_q: softmax − answers / k_q.
            block[local, right] = (chance - shares[inside]).to(block.dtype)
            query_gradient[here] = (block @ table).to(query.dtype) * asking  # [query here, dim]
            weighted = (query[here] * (asking * workspace.weight)).to(block.dtype)
            if distances:  # s = 2qe − |e|² has the gradients 2e and 2q − 2e
                query_gradient[here] *= 2
                weighted = torch.cat([weighted * 2, (asking * (2 * workspace.weight)).to(block.dtype)], -1)
            part = workspace.put_product(gradient, block.T, weighted, add=here.start > 0)
            if distances:  # the mass that multiplies −2e stands in column dim
                gradient.addcmul_(part[:, dim:].to(gradient.dtype), candidates, value=-1)
        ctx.save_for_backward(query_gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (query_gradient,) = ctx.saved_tensors
        return query_gradient * gradients[0], None, None, None, None, None, None, None


def sampled_softmax(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    drawn: Int[Tensor, " candidate"],
    measure: Measure,
    gradient: Float[Tensor, "entity dim"],
    workspace: Workspace,
    weights: Float[Tensor, " answer"] | None = None,
) -> Float[Tensor, ""]:
    """Softmax cross-entropy of every answer among the entities drawn, summed.

    loss = Σ_a log(1 + Σ_n exp(s(q_a, n) − s(q_a, a))); an entity drawn that is itself an answer of the query does not
    count. Distances enter squared, arguments are as in `shared_softmax`, but the gradient is added to what is there; and so
    is the cost, with the entities drawn in place of all.
    """
    return _SampledSoftmax.apply(query, candidates, rows, answers, drawn, measure, gradient, workspace, weights)


class _SampledSoftmax(torch.autograd.Function):
    """With p the softmax over the entities drawn, z its normaliser, and u_a = σ(z − s_a) the mass that an answer lacks,
    the loss falls by u_a with s_a and rises by p_n Σ_a u_a with s_n; a weight multiplies u_a.
    """

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        candidates: Tensor,
        rows: Tensor,
        answers: Tensor,
        drawn: Tensor,
        measure: Measure,
        gradient: Tensor,
        workspace: Workspace,
        weights: Tensor | None,
    ) -> Tensor:
        distances, dim = measure.matmul == "distance", query.shape[-1]
        sample = candidates.index_select(0, drawn)  # [drawn, dim]
        table = sample.to(workspace.precision)
        wide_table = _widen_candidates(table) if distances else table  # [drawn, dim + 2] or [drawn, dim]
        right = _score_answers(query, candidates, rows, answers, distances=distances)  # [answer], the scores s_a
        place = find_places(drawn, answers, entities=len(candidates))  # [answer]
        lacking, query_gradient, loss = torch.empty_like(right), torch.empty_like(query), query.new_zeros(())
        sample_gradient = torch.zeros_like(sample)
        for here, inside, local in workspace.blocks(rows, queries=len(query), width=len(table)):
            clash = place[inside]  # [answer here]
            asked = query[here].to(workspace.precision)  # [query here, dim]
            block = workspace.block(len(asked), len(table), like=table)  # [query here, drawn]
            multiply_queries(_widen_query(asked) if distances else asked, wide_table, out=block)
            block[local[clash >= 0], clash[clash >= 0]] = FAR_BELOW
            top = block.amax(-1).float()  # [query here]
            torch.softmax(block, -1, out=block)
            normaliser = top - block.amax(-1).float().log()  # [query here]: z is a score less its log-chance
            ahead = (normaliser[local] - right[inside].float()).to(query.dtype)  # [answer here], z − s_a
            lost, lacked = torch.nn.functional.softplus(ahead), ahead.sigmoid()
            loss += lost.sum() if weights is None else lost @ weights[inside]
            lacking[inside] = lacked if weights is None else lacked * weights[inside]
            # p_n becomes p_n Σ_a u_a, the scores' gradient.
            block.mul_(query.new_zeros(len(asked)).index_add_(0, local, lacking[inside])[:, None].to(block.dtype))
            query_gradient[here] = (block @ table).to(query.dtype)  # [query here, dim]
            if distances:
                part = block.T @ torch.cat([asked, torch.ones_like(asked[:, :1])], -1)  # [drawn, dim + 1]
                sample_gradient.add_(part[:, :dim]).addcmul_(part[:, dim:].to(gradient.dtype), sample, value=-1)
            else:
                sample_gradient.add_(block.T @ asked)
        query_gradient.sub_(sum_rows(candidates, answers, rows, lacking, count=len(query)))
        scale = (2 if distances else 1) * workspace.weight
        gradient.index_add_(0, drawn, sample_gradient, alpha=scale)
        touched, place = answers.unique(return_inverse=True)
        part = sum_rows(query, rows, place, lacking, count=len(touched))  # [touched, dim]
        if distances:
            mass = lacking.new_zeros(len(touched)).index_add_(0, place, lacking)  # [touched]
            part.addcmul_(mass[:, None], candidates.index_select(0, touched), value=-1)
        gradient.index_add_(0, touched, part, alpha=-scale)
        ctx.save_for_backward(query_gradient.mul_(2) if distances else query_gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (query_gradient,) = ctx.saved_tensors
        return query_gradient * gradients[0], None, None, None, None, None, None, None, None


def _score_answers(
    query: Float[Tensor, "query dim"],
    candidates: Float[Tensor, "entity dim"],
    rows: Int[Tensor, " answer"],
    answers: Int[Tensor, " answer"],
    *,
    distances: bool,
) -> Float[Tensor, " answer"]:
    """q · e of each answer, or 2q · e − |e|² for distances; so many at a time as a cache holds the vectors of."""
    parts = []
    for row, answer in zip(rows.split(PAIRS), answers.split(PAIRS), strict=True):
        asking, gold = query.index_select(0, row), candidates.index_select(0, answer)  # each [pair, dim]
        if distances:
            asking.mul_(2).sub_(gold)
        parts.append(asking.mul_(gold).sum(-1))
    return torch.cat(parts)


def _widen_query(query: Tensor) -> Tensor:
    """[2q, 1, 1], so that its product with [e, −|e|²] is 2qe − |e|²."""
    ones = query.new_ones(len(query), 1)
    return torch.cat([query * 2, ones, ones], -1)


def _widen_candidates(table: Tensor) -> Tensor:
    """[e, −|e|²], the square in two parts: rounded to few bits, and what the rounding left."""
    square = -table.float().square().sum(-1, keepdim=True)
    rough = square.to(table.dtype)
    return torch.cat([table, rough, (square - rough.float()).to(table.dtype)], -1)
