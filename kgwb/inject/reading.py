"""One pass through BERT, kept whole: what it saw, where it looked, and what it made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from kgwb.axes import Float, Tensor
from kgwb.graph import Mention, Sentence
from kgwb.inject.bert import Bert
from kgwb.inject.encoding import Encoding, encode
from kgwb.inject.mentions import find_mentions


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """The frozen record of BERT reading some sentences.

    Attributes:
        sentences: the texts.
        tokens: per sentence, its word pieces, [CLS] and [SEP] included.
        mentions: per sentence, its mentions with their word pieces.
        attention: weights, on the CPU, [sentence, layer, head, query, key]; each row of a real token sums to one;
            zero at padding.
        hidden: states after the embeddings (layer 0) and after each layer, [sentence, layer, token, dim]; zero at padding.
        injected: per sentence, True at the word pieces where a vector entered.
        name: which model read.
    """

    sentences: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]
    mentions: tuple[tuple[Mention, ...], ...]
    attention: Float[Tensor, "sentence layer head query key"]
    hidden: Float[Tensor, "sentence layer+1 token dim"]
    injected: tuple[tuple[bool, ...], ...]
    name: str = "bert"

    @property
    def lengths(self) -> tuple[int, ...]:
        """Word pieces per sentence."""
        return tuple(len(tokens) for tokens in self.tokens)

    def __repr__(self) -> str:
        _, layers, heads, length, _ = self.attention.shape
        counts = f"{len(self.sentences)} sentences, {layers} layers, {heads} heads, up to {length} word pieces"
        entered = sum(map(sum, self.injected))
        return f"Reading by {self.name!r}: {counts}, {entered} vectors injected"


def read(
    bert: Bert,
    sentences: str | Sentence | Sequence[str | Sentence],
    *,
    mentions: Sequence[Sequence[Mention]] | None = None,
) -> Reading:
    """Let BERT read, and keep its attention and hidden states.

    Each sentence is read by itself, so nothing about it depends on which others are read with it, to the last bit.

    Args:
        bert: plain or injected.
        sentences: a text or texts, or `Sentence`s with their own mentions.
        mentions: per sentence, where it names entities. By default a `Sentence`'s own; for texts read by an injected
            model, what `find_mentions` finds.

    Raises:
        ValueError: as `encode` does.

    Example:
        >>> from kgwb import load_bert
        >>> read(load_bert(), "Paris is the capital of France.").attention.shape
        torch.Size([1, 6, 12, 9, 9])
    """
    sentences = [sentences] if isinstance(sentences, (str, Sentence)) else list(sentences)
    if mentions is None and bert.injector is not None and not any(isinstance(s, Sentence) for s in sentences):
        mentions = find_mentions([str(s) for s in sentences], bert.injector.graph, bert.tokenizer)
    encoding = encode(bert, sentences, mentions=mentions)
    passes = [_read_one(bert, encoding.select([i])) for i in range(len(encoding))]
    longest = encoding.pieces.shape[1]
    room = [longest - attention.shape[-1] for attention, _ in passes]
    return Reading(
        sentences=tuple(s.text if isinstance(s, Sentence) else s for s in sentences),
        tokens=_spell(bert, encoding),
        mentions=encoding.mentions,
        attention=torch.stack([pad(a, (0, r, 0, r)) for (a, _), r in zip(passes, room, strict=True)]),
        hidden=torch.stack([pad(h, (0, 0, 0, r)) for (_, h), r in zip(passes, room, strict=True)]),
        injected=_where_injected(bert, encoding),
        name=bert.name if bert.injector is None or bert.injector.is_on else f"{bert.name}/off",
    )


@torch.no_grad()
def _read_one(bert: Bert, encoding: Encoding) -> tuple[Tensor, Tensor]:
    was_training = bert.training
    bert.eval()
    output = bert(encoding.to(bert.device), record=True)
    bert.train(was_training)
    attention = torch.cat(output.attentions).float().cpu()  # [layer, head, query, key]
    return attention, torch.cat(output.hidden_states).float().cpu()  # [layer, token, dim]


def _spell(bert: Bert, encoding: Encoding) -> tuple[tuple[str, ...], ...]:
    rows = zip(encoding.pieces, encoding.is_token, strict=True)
    return tuple(tuple(bert.tokenizer.convert_ids_to_tokens(pieces[real].tolist())) for pieces, real in rows)


def _where_injected(bert: Bert, encoding: Encoding) -> tuple[tuple[bool, ...], ...]:
    if bert.injector is None or not bert.injector.is_on:
        return tuple((False,) * int(real.sum()) for real in encoding.is_token)
    here = bert.injector.enters_at(encoding)
    return tuple(tuple(row[real].tolist()) for row, real in zip(here, encoding.is_token, strict=True))
