"""The figures of one batch of sentences, reduced so that none of its attention is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.linked_pairs import MentionPairs, weigh_pairs
from kgwb.bert.model import Bert
from kgwb.bert.trace import Record

METRICS = ("previous", "next", "itself", "[CLS]", "[SEP]", "mentions", "injected", "entropy", "distance")


@dataclass(frozen=True, eq=False)
class ReducedBatch:
    """What is kept of a batch; rows of it are sentences.

    Attributes:
        values: the figures of `METRICS`.
        strongest, strength: the two words between which each head looks most, (query, key), and that weight.
        pair_rows, pair_weights: of the mention pairs in it, which they are, and their attention.
    """

    values: Float[np.ndarray, "sentence layer head metric"]
    strongest: Int[np.ndarray, "sentence layer head 2"]
    strength: Float[np.ndarray, "sentence layer head"]
    pair_rows: Int[np.ndarray, " pair"]
    pair_weights: Float[np.ndarray, "pair layer head"]

    @classmethod
    def of(
        cls, bert: Bert, encoding: Encoding, record: Record, rows: Sequence[int], pairs: MentionPairs | None
    ) -> ReducedBatch:
        special = torch.isin(encoding.pieces, torch.tensor(bert.tokenizer.all_special_ids)) & encoding.is_token
        masks = encoding.pieces == bert.tokenizer.mask_token_id
        queries = encoding.is_token & (~special | masks)  # [MASK] stands for a word
        ends = _find_ends(bert, encoding)
        values, places, strengths, layers = [], [], [], []
        for layer, weights in enumerate(record.attention):
            words, extra = _part_columns(weights.float().cpu(), record, layer)
            prefix = record.prefix[layer].float().cpu() if layer in record.prefix else words[..., :0]
            values.append(_measure_layer(words, extra, prefix, encoding, queries, ends))
            place, strength = _find_strongest(words, queries)
            places.append(place)
            strengths.append(strength)
            if pairs is not None:
                layers.append(weights.float().cpu().numpy())
        found, paired = _no_pairs(record) if pairs is None else _weigh_batch(np.stack(layers, 1), rows, pairs)
        return cls(
            torch.stack(values, 1).numpy(), torch.stack(places, 1).numpy(), torch.stack(strengths, 1).numpy(),
            found, paired,
        )  # fmt: skip


def _no_pairs(record: Record) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(0, np.int64), np.zeros((0, len(record.attention), record.attention[0].shape[1]))


def _weigh_batch(
    attention: Float[np.ndarray, "sentence layer head query key"], rows: Sequence[int], pairs: MentionPairs
) -> tuple[Int[np.ndarray, " pair"], Float[np.ndarray, "pair layer head"]]:
    found = [np.flatnonzero(pairs.sentence == row) for row in rows]
    weights = [weigh_pairs(attention[i], pairs, each) for i, each in enumerate(found) if len(each)]
    return np.concatenate(found), np.concatenate([np.empty((0, *attention.shape[1:3])), *weights])


def _find_ends(bert: Bert, encoding: Encoding) -> tuple[Bool[Tensor, "sentence token"], Bool[Tensor, "sentence token"]]:
    """[CLS] and [SEP]; RoBERTa's <s> and </s>."""
    tokenizer = bert.tokenizer
    return (
        encoding.is_token & (encoding.pieces == tokenizer.cls_token_id),
        encoding.is_token & (encoding.pieces == tokenizer.sep_token_id),
    )


def _part_columns(
    weights: Float[Tensor, "sentence head query key"], record: Record, layer: int
) -> tuple[Float[Tensor, "sentence head query key"], Float[Tensor, "sentence head query extra"]]:
    """What goes to the words alone, and beside them to vectors and facts."""
    extra = [slots.float().cpu() for slots in record.slots.get(layer, {}).values()]
    if layer in record.beside and record.places is not None:
        beside, places = record.beside[layer].float().cpu(), record.places.cpu()
        beside = beside.masked_fill((places < 0)[:, None, None], 0.0)
        onto = places.clamp_min(0)[:, None, None].expand(beside.shape)
        weights = weights.scatter_add(-1, onto, -beside).clamp_min(0)
        extra.append(beside)
    return weights, torch.cat([weights[..., :0], *extra], -1)


def _measure_layer(
    words: Float[Tensor, "sentence head query key"],
    extra: Float[Tensor, "sentence head query extra"],
    prefix: Float[Tensor, "sentence head query vector"],
    encoding: Encoding,
    queries: Bool[Tensor, "sentence token"],
    ends: tuple[Tensor, Tensor],
) -> Float[Tensor, "sentence head metric"]:
    """The figures of `METRICS`, in their order."""
    length = words.shape[-1]
    named = encoding.entities >= 0
    place = torch.arange(length)
    apart = (place[:, None] - place[None]).abs().float()  # [query, key]
    everything = torch.cat([words, extra, prefix], -1)
    bits = torch.special.entr(everything).sum(-1) / np.log(2)
    onto_mentions = (words * named[:, None, None]).sum(-1)
    has_mention = named.any(1)[:, None] & (queries & ~named).any(1)[:, None]
    zero = torch.zeros_like(bits[..., :1])
    by_query = [
        torch.cat([zero, words.diagonal(-1, -2, -1)], -1),
        torch.cat([words.diagonal(1, -2, -1), zero], -1),
        words.diagonal(0, -2, -1),
        *((words * end[:, None, None]).sum(-1) for end in ends),
        onto_mentions,
        extra.sum(-1),
        bits,
        (words * apart).sum(-1) / words.sum(-1).clamp_min(1e-12),
    ]
    means = [_mean_over(each, queries) for each in by_query]
    at = METRICS.index("mentions")
    means[at] = _mean_over(onto_mentions, queries & ~named).masked_fill(~has_mention, torch.nan)
    return torch.stack(means, -1)


def _mean_over(
    values: Float[Tensor, "sentence head query"], queries: Bool[Tensor, "sentence token"]
) -> Float[Tensor, "sentence head"]:
    count = queries.sum(1)[:, None]
    return ((values * queries[:, None]).sum(-1) / count.clamp_min(1)).masked_fill(count == 0, torch.nan)


def _find_strongest(
    words: Float[Tensor, "sentence head query key"], queries: Bool[Tensor, "sentence token"]
) -> tuple[Int[Tensor, "sentence head 2"], Float[Tensor, "sentence head"]]:
    length = words.shape[-1]
    fit = queries[:, None, :, None] & queries[:, None, None, :] & ~torch.eye(length, dtype=torch.bool)
    most, at = words.masked_fill(~fit, -1.0).flatten(-2).max(-1)  # [sentence, head]
    place = torch.stack([at // length, at % length], -1).masked_fill((most < 0)[..., None], -1)
    return place, most.clamp_min(0)
