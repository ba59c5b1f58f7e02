"""What doors read of one pass through BERT: the batch, what each has prepared for it, and the record, if one is kept."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.encoding import Encoding

Hidden = Float[Tensor, "sentence token width"]
Heads = Float[Tensor, "sentence head token part"]
Weights = Float[Tensor, "sentence head query key"]


@dataclass(frozen=True, eq=False)
class Inserted:
    """Vectors that travel through BERT behind the words of their sentence.

    Attributes:
        vectors: in the place of word embeddings, [sentence, extra, width].
        columns: the word piece whose position each shares, [sentence, extra].
        is_there: False where a sentence has fewer than others, [sentence, extra].
    """

    vectors: Float[Tensor, "sentence extra width"]
    columns: Int[Tensor, "sentence extra"]
    is_there: Bool[Tensor, "sentence extra"]


@dataclass(frozen=True, eq=False)
class InsertedView:
    """What the words of one layer find beside them.

    Attributes:
        scores: of each word for each inserted vector, masked, before the softmax.
        values: of the inserted vectors.
        output: what the vectors gathered themselves, from words and from one another.
    """

    scores: Float[Tensor, "sentence head query extra"]
    values: Float[Tensor, "sentence head extra part"]
    output: Float[Tensor, "sentence head extra part"]


@dataclass(eq=False)
class Record:
    """What a pass leaves behind when it is recorded.

    Attributes:
        hidden: states after the embeddings and after each layer, doors included.
        read: what heads read of it: the last of these or, where a norm stands behind the last layer (ModernBERT), that.
        attention: weights of each layer, [sentence, head, query, key].
        slots: by layer and door, weights on fact slots, [sentence, head, query, slot].
        gates: by door, and by place (0 the input, l the l-th layer), how far it stood open, [sentence, token].
        beside: by layer, weights on the vectors set beside the words, [sentence, head, query, extra]; `attention` counts
            each as attention to the word piece whose position it shares.
        places: that word piece, −1 where a sentence has fewer vectors than others, [sentence, extra]; None without any.
        prefix: by layer, weights on a learned prefix, [sentence, head, query, vector].
        experts: by layer, how much each adapter of a mixture counted, [sentence, expert].
    """

    hidden: list[Hidden] = field(default_factory=list)
    read: Hidden | None = None
    attention: list[Weights] = field(default_factory=list)
    slots: dict[int, dict[str, Float[Tensor, "sentence head query slot"]]] = field(default_factory=dict)
    gates: dict[str, dict[int, Float[Tensor, "sentence token"]]] = field(default_factory=dict)
    beside: dict[int, Float[Tensor, "sentence head query extra"]] = field(default_factory=dict)
    places: Int[Tensor, "sentence extra"] | None = None
    prefix: dict[int, Float[Tensor, "sentence head query vector"]] = field(default_factory=dict)
    experts: dict[int, Float[Tensor, "sentence expert"]] = field(default_factory=dict)


@dataclass(eq=False)
class Trace:
    """One pass of a batch, as doors see it.

    Attributes:
        encoding: the batch.
        record: what is kept of the pass, or None.
        prepared: what each door has prepared for the batch.
        inserted: the vectors behind the words, if a door has inserted any.
        acting: the door that takes part in a layer's attention at the moment.
    """

    encoding: Encoding
    record: Record | None = None
    prepared: dict[nn.Module, Any] = field(default_factory=dict)
    inserted: Inserted | None = None
    acting: str = ""

    def note_gate(self, door: str, place: int, openness: Float[Tensor, "sentence token"]) -> None:
        """Record how far a door stood open: at the input (0), or in or after the layer `place - 1`."""
        if self.record is not None:
            self.record.gates.setdefault(door, {})[place] = openness.detach()

    def note_slots(self, layer: int, weights: Float[Tensor, "sentence head query slot"]) -> None:
        """Record the weights on fact slots in a layer's attention."""
        if self.record is not None:
            self.record.slots.setdefault(layer, {})[self.acting] = weights.detach()

    def note_beside(self, layer: int, weights: Float[Tensor, "sentence head query extra"]) -> None:
        """Record the weights on the vectors set beside the words, in a layer's attention."""
        if self.record is not None and self.inserted is not None:
            self.record.beside[layer] = weights.detach()
            self.record.places = self.inserted.columns.masked_fill(~self.inserted.is_there, -1)

    def note_prefix(self, layer: int, weights: Float[Tensor, "sentence head query vector"]) -> None:
        """Record the weights on a learned prefix, in a layer's attention."""
        if self.record is not None:
            self.record.prefix[layer] = weights.detach()

    def note_experts(self, layer: int, gates: Float[Tensor, "sentence expert"]) -> None:
        """Record how much each adapter behind a layer counted."""
        if self.record is not None:
            self.record.experts[layer] = gates.detach()

    def share_prefix(self, layer: int, kept: Float[Tensor, "sentence head query 1"]) -> None:
        """A prefix keeps of each row what has been left to it and to words."""
        if self.record is not None and layer in self.record.prefix:
            self.record.prefix[layer] = self.record.prefix[layer] * kept.detach()

    def share_slots(self, layer: int, before: Weights, after: Weights) -> None:
        """All that is not words, and not of the door that has just acted, keeps of each row what this door left to words."""
        if self.record is None:
            return
        noted = self.record.slots.get(layer, {})
        kept = after.sum(-1, keepdim=True) / before.sum(-1, keepdim=True).clamp_min(1e-12)
        for door in noted.keys() - {self.acting}:
            noted[door] = noted[door] * kept
        if layer in self.record.beside:
            self.record.beside[layer] = self.record.beside[layer] * kept
        self.share_prefix(layer, kept)


class Switch:
    """Whether doors are in use, in the thread or the asyncio task that asks.

    A copy is a switch of its own, and on: what one context has switched off is no part of a model.
    """

    def __init__(self) -> None:
        self.is_on: ContextVar[bool] = ContextVar("is_on", default=True)

    def __reduce__(self) -> tuple[type[Switch], tuple[()]]:
        return Switch, ()
