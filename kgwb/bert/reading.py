"""One pass through BERT, kept whole: what it saw, where it looked, and what it made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch.nn.functional import pad

from kgwb.axes import Float, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.linking import find_linked_mentions
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import encode_sentences, list_texts
from kgwb.bert.trace import Record
from kgwb.checks import expect_kind
from kgwb.graph import Mention, Sentence
from kgwb.words import count_things


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
            The last are those that heads read: where a norm stands behind all layers (ModernBERT), it has acted.
        injected: per sentence, True at the word pieces where a vector entered.
        gates: by door, how far it stood open at each word piece, [sentence, layer + 1, token]; 0 is the input.
        slots: weights on the facts that a memory holds for the sentence, [sentence, layer, head, query, slot]; with
            them the rows of `attention` sum to one. None without a memory.
        facts: per sentence, the (head, relation, tail) of each slot; of several doors with slots, one after the other.
        left_out: per sentence, how many facts were found for it and did not fit in a door's `most`.
        beside: weights on the vectors that a door sets beside the words, [sentence, layer, head, query, vector]; `attention`
            holds each of them too, at the word piece whose position it shares. None without such vectors.
        places: per sentence, that word piece of each vector.
        prefix: weights on each part of a learned prefix, [sentence, layer, head, query, part], which rows sum to one with.
            None without one.
        experts: how much each adapter of a mixture counted, [sentence, layer, expert]. None without a mixture.
        name: which model read.
    """

    sentences: tuple[str, ...]
    tokens: tuple[tuple[str, ...], ...]
    mentions: tuple[tuple[Mention, ...], ...]
    attention: Float[Tensor, "sentence layer head query key"]
    hidden: Float[Tensor, "sentence place token dim"]
    injected: tuple[tuple[bool, ...], ...]
    name: str = "bert"
    gates: Mapping[str, Float[Tensor, "sentence place token"]] = field(default_factory=dict)
    slots: Float[Tensor, "sentence layer head query slot"] | None = None
    facts: tuple[tuple[tuple[int, int, int], ...], ...] = ()
    left_out: tuple[int, ...] = ()
    beside: Float[Tensor, "sentence layer head query vector"] | None = None
    places: tuple[tuple[int, ...], ...] = ()
    prefix: Float[Tensor, "sentence layer head query part"] | None = None
    experts: Float[Tensor, "sentence layer expert"] | None = None

    @property
    def lengths(self) -> tuple[int, ...]:
        """Word pieces per sentence."""
        return tuple(len(tokens) for tokens in self.tokens)

    def __repr__(self) -> str:
        _, layers, heads, length, _ = self.attention.shape
        counts = f"{len(self.sentences)} sentences, {layers} layers, {heads} heads, up to {length} word pieces"
        entered = sum(map(sum, self.injected))
        beyond = f", {count_things(sum(self.left_out), 'fact')} did not fit" if any(self.left_out) else ""
        return f"Reading by {self.name!r}: {counts}, {entered} vectors injected{beyond}"


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
            model, what `find_mentions` finds; of several entities with one name the one that `link_mentions` prefers.

    Raises:
        ValueError: as `encode_sentences` does.

    Example:
        >>> from kgwb import load_bert
        >>> read(load_bert(), "Paris is the capital of France.").attention.shape
        torch.Size([1, 6, 12, 9, 9])
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.read(kgwb.load_bert(), sentences)")
    sentences = list_texts(sentences, call="kgwb.read(bert, ['Paris is in France.'])")
    if mentions is None and bert.injector is not None and not any(isinstance(s, Sentence) for s in sentences):
        mentions = find_linked_mentions([str(s) for s in sentences], bert.injector.graph, bert)
    encoding = encode_sentences(bert, sentences, mentions=mentions)
    records = _read_each(bert.in_mode(training=False), encoding)
    longest = encoding.pieces.shape[1]
    by_door = _list_facts(bert, encoding)
    facts = tuple(sum(each, ()) for each in zip(*by_door.values(), strict=True))
    return Reading(
        sentences=tuple(s.text if isinstance(s, Sentence) else s for s in sentences),
        tokens=_spell(bert, encoding),
        mentions=encoding.mentions,
        attention=_stack([torch.cat(record.attention) for record in records], longest, axes=2),
        hidden=_stack([_list_states(record).transpose(1, 2) for record in records], longest).transpose(2, 3),
        injected=_where_injected(bert, encoding),
        name=bert.name if bert.injector is None or bert.injector.is_on else f"{bert.name}/off",
        gates={
            door: _stack([_place_gates(record.gates.get(door, {}), bert, record) for record in records], longest)
            for door in dict.fromkeys(door for record in records for door in record.gates)
        },
        slots=_stack_slots(bert, records, longest, by_door) if any(record.slots for record in records) else None,
        facts=facts,
        left_out=_count_left_out(bert, encoding),
        beside=_stack_beside(records, bert.layers, longest) if any(record.beside for record in records) else None,
        places=tuple(_list_places(record) for record in records) if any(record.beside for record in records) else (),
        prefix=_stack_prefix(records, longest) if "prefix" in bert.additions else None,
        experts=_stack_experts(records) if "experts" in bert.additions else None,
    )


@torch.no_grad()
def _read_each(bert: Bert, encoding: Encoding) -> list[Record]:
    return [bert.observe(encoding.select([i]).to(bert.device)) for i in range(len(encoding))]


def _list_states(record: Record) -> Float[Tensor, "place token dim"]:
    return torch.cat([*record.hidden[:-1], record.hidden[-1] if record.read is None else record.read])


def _stack(parts: Sequence[Tensor], longest: int, axes: int = 1) -> Tensor:
    """Sentences side by side, with zeros where they are shorter; the last axes count word pieces."""
    return torch.stack([pad(part.float().cpu(), (0, longest - part.shape[-1]) * axes) for part in parts])


def _place_gates(gates: Mapping[int, Tensor], bert: Bert, record: Record) -> Float[Tensor, "place token"]:
    """One row per place, zero where the door does not act."""
    length = record.hidden[0].shape[1]
    closed = torch.zeros(length)
    return torch.stack(
        [gates[place][0].float().cpu() if place in gates else closed for place in range(bert.layers + 1)]
    )


Facts: TypeAlias = tuple[tuple[int, int, int], ...]


def _list_facts(bert: Bert, encoding: Encoding) -> dict[str, tuple[Facts, ...]]:
    """By door that has slots, the facts in those of each sentence."""
    listed = {}
    for door in bert.injector.doors if bert.injector is not None and bert.injector.is_on else ():
        slots = door.find_facts(encoding.to(bert.device))
        if slots is not None:
            triples = door.facts.cpu()
            found = [tuple((h, r, t) for h, r, t in triples[row[row >= 0]].tolist()) for row in slots.cpu()]
            listed[door.name] = tuple(found) if len(found) == len(encoding) else tuple(found * len(encoding))
    return listed


def _count_left_out(bert: Bert, encoding: Encoding) -> tuple[int, ...]:
    """Of the door that leaves out most; none where no door looks facts up."""
    doors = bert.injector.doors if bert.injector is not None and bert.injector.is_on else ()
    looked = (door.look_up(encoding.to(bert.device)) for door in doors)
    counts = [nearby.left_out.cpu().expand(len(encoding)) for nearby in looked if nearby is not None]
    return tuple(torch.stack(counts).amax(0).tolist()) if counts else (0,) * len(encoding)


def _stack_slots(
    bert: Bert, records: Sequence[Record], longest: int, facts: Mapping[str, Sequence[Facts]]
) -> Float[Tensor, "sentence layer head query slot"]:
    """The slots of all doors side by side, in the order of their facts."""
    heads, counts = records[0].attention[0].shape[1], [[len(row) for row in found] for found in facts.values()]
    most = max(1, *map(sum, zip(*counts, strict=True)))
    slots = torch.zeros(len(records), bert.layers, heads, longest, most)
    for row, record in enumerate(records):
        for layer, by_door in record.slots.items():
            start = 0
            for door, found in facts.items():
                if door in by_door:
                    weights = by_door[door][0, :, :, : len(found[row])].float().cpu()
                    slots[row, layer, :, : weights.shape[1], start : start + weights.shape[2]] = weights
                start += len(found[row])
    return slots


def _list_places(record: Record) -> tuple[int, ...]:
    return () if record.places is None else tuple(int(place) for place in record.places[0] if place >= 0)


def _stack_beside(
    records: Sequence[Record], layers: int, longest: int
) -> Float[Tensor, "sentence layer head query vector"]:
    """Zeros where a sentence has fewer vectors, or none."""
    heads, most = records[0].attention[0].shape[1], max(len(_list_places(record)) for record in records)
    beside = torch.zeros(len(records), layers, heads, longest, most)
    for row, record in enumerate(records):
        for layer, weights in record.beside.items():
            found = weights[0, :, :, : len(_list_places(record))].float().cpu()
            beside[row, layer, :, : found.shape[1], : found.shape[2]] = found
    return beside


def _stack_prefix(records: Sequence[Record], longest: int) -> Float[Tensor, "sentence layer head query part"]:
    by_sentence = [torch.cat([record.prefix[layer] for layer in sorted(record.prefix)]) for record in records]
    return _stack([weights.transpose(2, 3) for weights in by_sentence], longest).transpose(3, 4)


def _stack_experts(records: Sequence[Record]) -> Float[Tensor, "sentence layer expert"]:
    return torch.stack(
        [torch.cat([record.experts[layer] for layer in sorted(record.experts)]).float().cpu() for record in records]
    )


def _spell(bert: Bert, encoding: Encoding) -> tuple[tuple[str, ...], ...]:
    rows = zip(encoding.pieces, encoding.is_token, strict=True)
    return tuple(tuple(bert.tokenizer.convert_ids_to_tokens(pieces[real].tolist())) for pieces, real in rows)


def _where_injected(bert: Bert, encoding: Encoding) -> tuple[tuple[bool, ...], ...]:
    if bert.injector is None or not bert.injector.is_on:
        return tuple((False,) * int(real.sum()) for real in encoding.is_token)
    here = bert.injector.enters_at(encoding)
    return tuple(tuple(row[real].tolist()) for row, real in zip(here, encoding.is_token, strict=True))
