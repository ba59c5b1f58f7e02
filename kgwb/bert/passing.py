"""Running one pass through BERT: hooks between its layers, and Hugging Face's attention with doors in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.encoding import Encoding
from kgwb.bert.trace import Heads, Hidden, InsertedView, Record, Trace, Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ATTENTION = "kgwb_doors"


class Pass:
    """One pass of a batch: calls each door where it acts, and keeps the record, if one is wanted.

    Args:
        encoding: the batch.
        doors: the doors that are open, in the order in which they act.
        layers: the layers of BERT, from the first.
        embeddings: the part of BERT before them.
        record: keep hidden states, attention and gates.
    """

    def __init__(
        self, encoding: Encoding, doors: Iterable[Door], layers: nn.ModuleList, embeddings: nn.Module, *, record: bool
    ) -> None:
        self.trace = Trace(encoding, record=Record() if record else None)
        self.doors = tuple(doors)
        self.layers = layers
        self.embeddings = embeddings
        self.trace.prepared |= {door: door.prepare(encoding) for door in self.doors}
        self._inserter: Door | None = None
        self.attends = any(door.touched_attention for door in self.doors)
        # DistilBERT's attention does not know which layer it stands in.
        self._layer_of = (
            {module: i for i, layer in enumerate(layers) for module in layer.modules()} if self.attends else {}
        )

    @contextmanager
    def underway(self) -> Iterator[None]:
        """Doors act after their layers, and the record is kept, for the length of a `with` block."""
        with ExitStack() as hooks:
            if self.trace.record is not None:
                hooks.callback(self.embeddings.register_forward_hook(self._leave_embeddings).remove)
            for number, layer in enumerate(self.layers):
                doors = [door for door in self.doors if number in door.touched_layers]
                if doors or self.trace.record is not None or self.trace.inserted is not None:
                    hook = layer.register_forward_hook(partial(self._leave_layer, number, doors))
                    hooks.callback(hook.remove)
            yield

    def enter(self, embeddings: Hidden) -> Float[Tensor, "sentence column width"]:
        """The word embeddings, as the doors change them, with what a door inserts behind them."""
        for door in self.doors:
            embeddings = door.at_input(embeddings, self.trace)
            if self.trace.inserted is None and (inserted := door.insert(self.trace)) is not None:
                self.trace.inserted, self._inserter = inserted, door
        if self.trace.inserted is None:
            return embeddings
        return torch.cat([embeddings, self.trace.inserted.vectors.to(embeddings.dtype)], 1)  # column = token + extra

    @property
    def is_token(self) -> Bool[Tensor, "sentence column"]:
        """Where there is something to attend to: words, and what was inserted behind them."""
        words, inserted = self.trace.encoding.is_token, self.trace.inserted
        return words if inserted is None else torch.cat([words, inserted.is_there], 1)

    def positions(self, first: int) -> dict[str, Int[Tensor, "sentence column"]]:
        """The position of each column, counted from `first`; nothing where they are simply in order."""
        inserted = self.trace.inserted
        if inserted is None:
            return {}
        words = torch.arange(self.length, device=inserted.columns.device).expand(len(self.trace.encoding), -1)
        return {"position_ids": torch.cat([words, inserted.columns], 1) + first}

    @property
    def length(self) -> int:
        """Word pieces of the longest sentence."""
        return self.trace.encoding.pieces.shape[1]

    def _leave_embeddings(self, _embeddings: nn.Module, _given: Any, output: Any) -> None:
        assert self.trace.record is not None
        self.trace.record.hidden.append(output[:, : self.length])

    def _leave_layer(self, number: int, doors: list[Door], _layer: nn.Module, _given: Any, output: Any) -> Any:
        everything = output[0] if isinstance(output, tuple) else output  # [sentence, column, width]
        hidden = everything[:, : self.length]
        for door in doors:
            hidden = door.after_layer(number, hidden, self.trace)
        if self.trace.record is not None:
            self.trace.record.hidden.append(hidden)
        if self.trace.inserted is not None and number + 1 < len(self.layers):
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
        scores = torch.matmul(query, key.transpose(2, 3)) * scaling  # [sentence, head, column, column]
        scores = scores if mask is None else scores + mask
        view = None
        if self.trace.inserted is not None:
            gathered = torch.matmul(scores[:, :, length:].softmax(-1), value)  # [sentence, head, extra, part]
            view = InsertedView(scores[:, :, :length, length:], value[:, :, length:], gathered)
            query, value, scores = query[:, :, :length], value[:, :, :length], scores[:, :, :length, :length]
        for door in doors:
            scores = door.change_scores(layer, query, scores, self.trace)
        weights = nn.functional.dropout(scores.softmax(-1), p=dropout, training=module.training)
        output = torch.matmul(weights, value)  # [sentence, head, query, part]
        if view is not None:  # first, for slots take their share of all that counts as words
            weights, output = self._read_inserted(layer, query, scores, view, weights, output)
        for door in doors:
            weights, output = door.change_output(layer, query, scores, weights, output, self.trace)
        if view is not None:
            output = torch.cat([output, view.output.to(output.dtype)], 2)
        return output.transpose(1, 2).contiguous(), weights  # [sentence, column, head, part]

    def _read_inserted(
        self, layer: int, query: Heads, scores: Weights, view: InsertedView, weights: Weights, output: Heads
    ) -> tuple[Weights, Heads]:
        """Attention weights, and what they gathered, once the words have read the inserted vectors."""
        assert self.trace.inserted is not None and self._inserter is not None
        share, chosen, output = self._inserter.read_inserted(layer, query, scores, view, output)
        self.trace.note_gate(self._inserter.name, layer + 1, share[..., 0].mean(1))
        # Attention to a vector counts as attention to the word piece whose position it shares.
        onto = self.trace.inserted.columns[:, None, None].expand(chosen.shape)
        weights = weights * (1 - share)
        return weights.scatter_add(-1, onto, chosen.to(weights.dtype)), output


def open_attention(model: PreTrainedModel) -> None:
    """Let doors take part in a model's attention: without a pass of ours it is Hugging Face's eager attention.

    The function is registered under a name of its own, with the mask of eager attention: without a mask function
    padding would be attended to in silence.
    """
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import eager_mask

    AttentionInterface.register(ATTENTION, attend)
    AttentionMaskInterface.register(ATTENTION, eager_mask)
    model.set_attn_implementation(ATTENTION)


def attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    kgwb_pass: Pass | None = None,
    **options: Any,
) -> tuple[Tensor, Tensor]:
    """Attention for one layer; `kgwb_pass` travels here untouched from the call of the model."""
    if kgwb_pass is None:
        from transformers.models.bert.modeling_bert import eager_attention_forward

        return eager_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    return kgwb_pass.attend(module, query, key, value, attention_mask, scaling or query.shape[-1] ** -0.5, dropout)
