"""Running one pass through BERT: what happens between its layers, and Hugging Face's attention with doors in it.

All state of a pass is in its `Pass`, which travels through Hugging Face's model as an argument of the call: passes of
several threads through the same modules never meet.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.doors.door import Door
from kgwb.bert.encoding import Encoding
from kgwb.bert.expert_layer import find_experts
from kgwb.bert.prefix_attention import find_prefix
from kgwb.bert.trace import Heads, Hidden, InsertedView, Record, Trace, Weights

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ATTENTION = "kgwb_doors"


class Pass:
    """One pass of a batch: calls each door where it acts, and keeps the record, if one is wanted.

    Args:
        encoding: the batch.
        doors: the doors that are open, in the order in which they act.
        layers: the layers of BERT, from the first; `watch_layers` has seen them.
        record: keep hidden states, attention and gates.
    """

    def __init__(self, encoding: Encoding, doors: Iterable[Door], layers: nn.ModuleList, *, record: bool) -> None:
        self.trace = Trace(encoding, record=Record() if record else None)
        self.doors = tuple(doors)
        self.layers = layers
        self.trace.prepared |= {door: door.prepare(encoding) for door in self.doors}
        self._inserter: Door | None = None
        self.attends = any(door.touched_attention for door in self.doors)
        # DistilBERT's attention does not know which layer it stands in.
        self._layer_of = (
            {module: i for i, layer in enumerate(layers) for module in layer.modules()} if self.attends else {}
        )

    def enter(self, embeddings: Hidden) -> Float[Tensor, "sentence column width"]:
        """The word embeddings, as the doors change them, with what a door inserts behind them."""
        for door in self.doors:
            embeddings = door.at_input(embeddings, self.trace)
            if (inserted := door.insert(self.trace)) is None:
                continue
            if self._inserter is not None:
                raise ValueError(
                    f"The doors {self._inserter.name} and {door.name} both set vectors beside the words, and one may. Give "
                    f"one of them another place: kgwb.inject(bert, vectors, ..., {door.name}={{'place': 'input'}})."
                )
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

    def segments(self, kinds: int) -> dict[str, Int[Tensor, "sentence column"]]:
        """Which text of a pair each column belongs to; nothing where there are no pairs, or BERT does not tell them apart.

        Args:
            kinds: how many segments this BERT has vectors for.
        """
        segments, inserted = self.trace.encoding.segments, self.trace.inserted
        if segments is None or kinds < 2:
            return {}
        # What is inserted belongs where the word piece does whose position it shares.
        beside = [] if inserted is None else [segments.gather(1, inserted.columns)]
        return {"token_type_ids": torch.cat([segments, *beside], 1)}

    @property
    def length(self) -> int:
        """Word pieces of the longest sentence."""
        return self.trace.encoding.pieces.shape[1]

    def leave_layer(self, number: int, entered: Tensor, output: Any) -> Any:
        """A layer's output as the doors change it, or None to leave it.

        Args:
            number: of the layer, counted from 0.
            entered: the hidden states that it was given.
            output: what Hugging Face's layer returned.
        """
        doors, experts = (
            [door for door in self.doors if number in door.touched_layers],
            find_experts(self.layers[number]),
        )
        if not doors and experts is None and self.trace.record is None and self.trace.inserted is None:
            return None
        if self.trace.record is not None and number == 0:
            self.trace.record.hidden.append(entered[:, : self.length])
        everything = output[0] if isinstance(output, tuple) else output  # [sentence, column, width]
        if experts is not None:
            gates = experts.choose(entered[:, : self.length], self.trace.encoding.is_token)
            self.trace.note_experts(number, gates)
            everything = experts(everything, gates)
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
        """Attention as Hugging Face's eager function computes it, with the doors and the prefix of this layer in it."""
        layer, length, prefix = self._layer_of.get(module, -1), self.length, find_prefix(module)
        doors = [door for door in self.doors if layer in door.touched_attention]
        scores = torch.matmul(query, key.transpose(2, 3)) * scaling  # [sentence, head, column, column]
        scores = scores if mask is None else scores + mask
        view = None
        if self.trace.inserted is not None:
            gathered = torch.matmul(scores[:, :, length:].softmax(-1), value)  # [sentence, head, extra, part]
            if prefix is not None:
                gathered = prefix.read(query[:, :, length:], scores[:, :, length:], gathered).output
            view = InsertedView(scores[:, :, :length, length:], value[:, :, length:], gathered)
            query, value, scores = query[:, :, :length], value[:, :, :length], scores[:, :, :length, :length]
        for door in doors:
            scores = door.change_scores(layer, query, scores, self.trace)
        weights = scores.softmax(-1, dtype=_choose_softmax(module)).to(scores.dtype)
        weights = nn.functional.dropout(weights, p=dropout, training=module.training)
        output = torch.matmul(weights, value)  # [sentence, head, query, part]
        if prefix is not None:  # first, and then counted as words: what comes from a graph takes its share of both
            found = prefix.read(query, scores, output)
            scores, weights, output = found.scores, weights * found.kept, found.output
            self.trace.note_prefix(prefix.layer, found.weights)
        if view is not None:  # first, for slots take their share of all that counts as words
            weights, output = self._read_inserted(layer, query, scores, view, weights, output)
        for door in doors:
            before, self.trace.acting = weights, door.name
            weights, output = door.change_output(layer, query, scores, weights, output, self.trace)
            self.trace.share_slots(layer, before, weights)
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
        self.trace.note_beside(layer, chosen)
        # Attention to a vector counts as attention to the word piece whose position it shares.
        onto = self.trace.inserted.columns[:, None, None].expand(chosen.shape)
        weights = weights * (1 - share)
        self.trace.share_prefix(layer, 1 - share)
        return weights.scatter_add(-1, onto, chosen.to(weights.dtype)), output


def _choose_softmax(module: nn.Module) -> torch.dtype | None:
    """In which format Hugging Face takes the softmax of this attention; None for that of the scores."""
    config: Any = module.config
    return torch.float32 if config.model_type == "modernbert" else None


class LayerHook:
    """Hands a layer's output to the pass that came with the call; a call without one stays Hugging Face's own.

    Args:
        number: of the layer, counted from 0.
    """

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, layer: nn.Module, given: tuple[Any, ...], options: Mapping[str, Any], output: Any) -> Any:
        run: Pass | None = options.get("kgwb_pass")
        if run is None:
            return None
        return run.leave_layer(self.number, given[0] if given else options["hidden_states"], output)


def watch_layers(layers: nn.ModuleList) -> None:
    """Give each layer its hook, once; it is never taken away, for other passes may be under way."""
    for number, layer in enumerate(layers):
        if not any(isinstance(hook, LayerHook) for hook in layer._forward_hooks.values()):
            layer.register_forward_hook(LayerHook(number), with_kwargs=True)


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
    if kgwb_pass is None or (not kgwb_pass.attends and find_prefix(module) is None):
        # Each family's own: ModernBERT's takes its softmax in 32 bits whatever the weights are.
        own: Any = sys.modules[type(module).__module__]
        return own.eager_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    return kgwb_pass.attend(module, query, key, value, attention_mask, scaling or query.shape[-1] ** -0.5, dropout)
