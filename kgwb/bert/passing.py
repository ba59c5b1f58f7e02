"""One pass through BERT with its doors open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.beside import Aside, Inserted, fold, lay_beside
from kgwb.bert.doors.injector import Heads, Hidden, Injector, Weights
from kgwb.bert.encoding import Encoding


@dataclass(eq=False)
class Record:
    """What a pass leaves behind when it is recorded.

    Attributes:
        hidden: states after the embeddings and after each layer, doors included.
        attention: weights of each layer, [sentence, head, query, key].
        slots: by layer, weights on fact slots, [sentence, head, query, slot].
        gates: by door, and by place (0 the input, l the l-th layer), how far it stood open, [sentence, token].
    """

    hidden: list[Hidden] = field(default_factory=list)
    attention: list[Weights] = field(default_factory=list)
    slots: dict[int, Float[Tensor, "sentence head query slot"]] = field(default_factory=dict)
    gates: dict[str, dict[int, Float[Tensor, "sentence token"]]] = field(default_factory=dict)


class Passage:
    """One pass of a batch: what each door prepared for it, and the record, if one is kept.

    Args:
        encoding: the batch.
        doors: the doors that are open.
        layers: the layers of BERT, from the first.
        embeddings: the part of BERT before them.
        record: keep hidden states, attention and gates.
    """

    def __init__(
        self,
        encoding: Encoding,
        doors: tuple[Injector, ...],
        layers: nn.ModuleList,
        embeddings: nn.Module,
        record: bool,
    ) -> None:
        self.encoding = encoding
        self.doors = doors
        self.layers = layers
        self.embeddings = embeddings
        self.record = Record() if record else None
        self.prepared: dict[Injector, Any] = {door: door.prepare(encoding) for door in doors}
        self.inserted: Inserted | None = None
        self._inserter: Injector | None = None
        self.attends = any(door.touched_attention for door in doors)
        # DistilBERT's attention does not know which layer it stands in.
        self._layer_of = (
            {module: i for i, layer in enumerate(layers) for module in layer.modules()} if self.attends else {}
        )

    @contextmanager
    def underway(self) -> Iterator[None]:
        """Doors act after their layers, and the record is kept, for the length of a `with` block."""
        with ExitStack() as hooks:
            if self.record is not None:
                hooks.callback(self.embeddings.register_forward_hook(self._leave_embeddings).remove)
            for number, layer in enumerate(self.layers):
                doors = [door for door in self.doors if number in door.touched_layers]
                if doors or self.record is not None or self.inserted is not None:
                    hook = layer.register_forward_hook(partial(self._leave_layer, number, doors))
                    hooks.callback(hook.remove)
            yield

    def enter(self, embeddings: Hidden) -> Float[Tensor, "sentence column width"]:
        """The word embeddings, as the doors change them, with what doors set beside them."""
        for door in self.doors:
            embeddings = door.at_input(embeddings, self)
            if self.inserted is None and (inserted := door.insert(self)) is not None:
                self.inserted, self._inserter = inserted, door
        return embeddings if self.inserted is None else lay_beside(embeddings, self.inserted)

    @property
    def is_token(self) -> Bool[Tensor, "sentence column"]:
        """Where there is something to attend to: words, and what was set beside them."""
        here = self.encoding.is_token
        return here if self.inserted is None else torch.cat([here, self.inserted.is_there], 1)

    def positions(self, first: int) -> dict[str, Int[Tensor, "sentence column"]]:
        """The position of each column, counted from `first`; nothing where they are simply in order."""
        if self.inserted is None:
            return {}
        words = torch.arange(self.length, device=self.inserted.columns.device).expand(len(self.encoding), -1)
        return {"position_ids": torch.cat([words, self.inserted.columns], 1) + first}

    @property
    def length(self) -> int:
        """Word pieces of the longest sentence."""
        return self.encoding.pieces.shape[1]

    def _leave_embeddings(self, _embeddings: nn.Module, _given: Any, output: Any) -> None:
        assert self.record is not None
        self.record.hidden.append(output[:, : self.length])

    def _leave_layer(self, number: int, doors: list[Injector], _layer: nn.Module, _given: Any, output: Any) -> Any:
        everything = output[0] if isinstance(output, tuple) else output
        hidden = everything[:, : self.length]
        for door in doors:
            hidden = door.after_layer(number, hidden, self)
        if self.record is not None:
            self.record.hidden.append(hidden)
        if self.inserted is not None and number + 1 < len(self.layers):
            hidden = torch.cat([hidden, everything[:, self.length :]], 1)
        return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

    def attend(
        self,
        module: nn.Module,
        query: Heads,
        key: Heads,
        value: Heads,
        mask: Tensor | None,
        scaling: float,
        dropout: float,
    ) -> tuple[Tensor, Weights]:
        """Attention as Hugging Face's eager function computes it, with the doors of this layer in it."""
        layer, length = self._layer_of.get(module, -1), self.length
        doors = [door for door in self.doors if layer in door.touched_attention]
        scores = _score(query, key, mask, scaling)
        aside = None
        if self.inserted is not None:
            gathered = torch.matmul(scores[:, :, length:].softmax(-1), value)
            aside = Aside(scores[:, :, :length, length:], value[:, :, length:], gathered)
            query, value, scores = query[:, :, :length], value[:, :, :length], scores[:, :, :length, :length]
        for door in doors:
            scores = door.change_scores(layer, query, scores, self)
        weights = nn.functional.dropout(scores.softmax(-1), p=dropout, training=module.training)
        output = torch.matmul(weights, value)
        if aside is not None:  # first, for slots take their share of all that counts as words
            weights, output = self._look_aside(layer, query, scores, aside, weights, output)
        for door in doors:
            weights, output = door.change_output(layer, query, scores, weights, output, self)
        if aside is not None:
            output = torch.cat([output, aside.output.to(output.dtype)], 2)
        return output.transpose(1, 2).contiguous(), weights

    def _look_aside(
        self, layer: int, query: Heads, scores: Weights, aside: Aside, weights: Weights, output: Heads
    ) -> tuple[Weights, Heads]:
        """Attention weights, and what they gathered, once the words have seen what travels beside them."""
        assert self.inserted is not None and self._inserter is not None
        share, chosen, output = self.inserted.reader.read(layer, query, scores, aside, output)
        self.note_gate(self._inserter, layer + 1, share[..., 0].mean(1))
        return fold(weights * (1 - share), chosen, self.inserted.columns), output

    def note_gate(self, door: Injector, place: int, openness: Float[Tensor, "sentence token"]) -> None:
        """Record how far a door stood open: at the input (0), or in or after the layer `place - 1`."""
        if self.record is not None:
            self.record.gates.setdefault(door.mode, {})[place] = openness.detach()


def _score(query: Heads, key: Heads, mask: Tensor | None, scaling: float) -> Weights:
    scores = torch.matmul(query, key.transpose(2, 3)) * scaling
    return scores if mask is None else scores + mask
