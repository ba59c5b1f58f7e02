"""Facts laid out as slots, and attention that reads slots and tokens in one softmax."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.doors.gate import keep_above_zero
from kgwb.bert.doors.nearby_facts import NearbyFacts
from kgwb.bert.trace import Heads, Weights

# Columns beside a head's own numbers: two are used, and attention kernels like widths that eight divides.
SPARE = 8


@dataclass(frozen=True, eq=False)
class Slots:
    """The slots of a batch; where all sentences read the same facts, one row stands for all.

    Each entity and each direction is held once, so that a map is taken of few vectors and not of every slot's. The last
    of both is no entity, all zeros, and so is the last slot of each row, which stands for the tokens.

    Attributes:
        entities: vectors of the entities that the slots name.
        directions: vectors of their relations and directions.
        owners: from whose side each fact is read, as row of `entities`.
        kinds: its relation and direction, as row of `directions`.
        others: the entity at its other end, as row of `entities`.
        mask: 0 at a fact, −inf at padding; None where there is no padding.
    """

    entities: Float[Tensor, "entity dim"]
    directions: Float[Tensor, "direction width"]
    owners: Int[Tensor, "batch slot"]
    kinds: Int[Tensor, "batch slot"]
    others: Int[Tensor, "batch slot"]
    mask: Float[Tensor, "batch 1 1 slot"] | None


@dataclass(frozen=True, eq=False)
class SlotsRead:
    """What attention reads from slots, with S = Σ exp(slot scores) and Z the same sum over the tokens.

    Attributes:
        output: the mean of the slots' values, weighted by exp(score).
        share: S / (S + Z).
        rest: Z / (S + Z), which says more than 1 − share where that is next to nothing.
        weights: each slot's part of S, where it was asked for.
    """

    output: Heads
    share: Float[Tensor, "sentence head query 1"]
    rest: Float[Tensor, "sentence head query 1"]
    weights: Float[Tensor, "sentence head query slot"] | None


def fill_slots(
    nearby: NearbyFacts, entities: Float[Tensor, "all dim"], relations: Float[Tensor, "kind width"]
) -> Slots:
    """The slots for the facts near to some sentences, on the device of the vectors."""
    ends = torch.stack([nearby.owners, nearby.others]).clamp_min(0).to(entities.device)  # [2, batch, fact]
    present, ends = ends.unique(return_inverse=True)
    directions, kinds = nearby.relations.to(entities.device).unique(return_inverse=True)
    owners, others = nn.functional.pad(ends, (0, 1), value=len(present))  # [batch, slot = fact + 1]
    is_slot = nn.functional.pad(nearby.is_fact.to(entities.device), (0, 1), value=True)
    mask = torch.zeros(owners.shape, dtype=entities.dtype, device=entities.device).masked_fill(~is_slot, float("-inf"))
    return Slots(
        nn.functional.pad(entities[present], (0, 0, 0, 1)),  # [entity + 1, dim]
        nn.functional.pad(relations[directions], (0, 0, 0, 1)),
        owners,
        nn.functional.pad(kinds, (0, 1), value=len(directions)),
        others,
        None if bool(is_slot.all()) else mask[:, None, None],
    )


def read_slots(
    query: Heads,
    tokens: Float[Tensor, "sentence head query 1"],
    slots: Slots,
    by_owner: Float[Tensor, "entity head part"],
    by_kind: Float[Tensor, "direction head part"],
    by_other: Float[Tensor, "entity head part"],
    *,
    keep: bool,
) -> SlotsRead:
    """Read slots beside tokens, without the tokens' scores: the last slot, of score log Z, stands for all of them.

    A spare column of the values sums up the slots' share, another that of the last one, so that one call of any attention
    kernel gives everything.

    Args:
        query: of each token.
        tokens: log Z, the log of the tokens' sum of exponentials.
        slots: which slots there are.
        by_owner: what an entity gives to the keys of the slots that it owns.
        by_kind: what a direction gives to keys.
        by_other: the values.
        keep: give the weight of each slot too.
    """
    part, shared = query.shape[-1], len(slots.owners) == 1
    owners, kinds, others = (_widen(table) for table in (by_owner, by_kind, by_other))  # [head, row, part + SPARE]
    owners[:, -1, part] = 1  # times the query's spare column, log Z: the score of the last slot
    others[:, :-1, part] = others[:, -1, part + 1] = 1
    keys = _pick(owners, slots.owners) + _pick(kinds, slots.kinds)  # [batch, head, slot, part + SPARE]
    columns = [query * part**-0.5, tokens, tokens.new_zeros(1).expand(*tokens.shape[:-1], SPARE - 1)]
    if shared:  # one long text rather than many short ones: [1, head, sentence · query, part + SPARE]
        queries = torch.cat([column.transpose(0, 1) for column in columns], -1).flatten(1, 2)[None]
    else:
        queries = torch.cat(columns, -1)  # [sentence, head, query, part + SPARE]
    gathered, weights = _attend(queries, keys, _pick(others, slots.others), slots.mask, keep=keep)
    if shared:
        gathered = gathered[0].unflatten(1, (len(query), -1)).transpose(0, 1)
        weights = None if weights is None else weights[0].unflatten(1, (len(query), -1)).transpose(0, 1)
    share, rest = gathered[..., part : part + 1], gathered[..., part + 1 : part + 2]
    divisor = keep_above_zero(share)
    return SlotsRead(
        gathered[..., :part] / divisor, share, rest, None if weights is None else weights[..., :-1] / divisor
    )


def sum_exponentials(scores: Weights) -> Float[Tensor, "sentence head query 1"]:
    """log Σ exp(score) of each row."""
    # torch.logsumexp is several times slower where padding is masked: its exponential underflows one by one.
    return scores.amax(-1, keepdim=True) - scores.log_softmax(-1).amax(-1, keepdim=True)


def _widen(table: Float[Tensor, "row head part"]) -> Float[Tensor, "head row wider"]:
    """By head, with the spare columns."""
    return nn.functional.pad(table.transpose(0, 1), (0, SPARE))


def _pick(
    table: Float[Tensor, "head row wider"], rows: Int[Tensor, "batch slot"]
) -> Float[Tensor, "batch head slot wider"]:
    """A row for each slot."""
    return table.index_select(1, rows.flatten()).unflatten(1, rows.shape).transpose(0, 1)


def _attend(
    query: Float[Tensor, "batch head query part"],
    keys: Float[Tensor, "batch head slot part"],
    values: Float[Tensor, "batch head slot part"],
    mask: Float[Tensor, "batch 1 1 slot"] | None,
    *,
    keep: bool,
) -> tuple[Float[Tensor, "batch head query part"], Float[Tensor, "batch head query slot"] | None]:
    """softmax(q · k) v, in one kernel where neither weights nor gradients are wanted."""
    # The kernel has no second derivative, which learning to learn needs.
    if not keep and not (torch.is_grad_enabled() and (query.requires_grad or keys.requires_grad)):
        return nn.functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=1.0), None
    scores = torch.matmul(query, keys.transpose(2, 3))
    weights = (scores if mask is None else scores + mask).softmax(-1)
    return torch.matmul(weights, values), weights if keep else None
