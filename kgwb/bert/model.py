"""Hugging Face's BERT, unmodified, with its tokenizer, a place for an injector, and the heads of tasks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import linear

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.added import list_added, list_base_weights
from kgwb.bert.encoding import Encoding
from kgwb.bert.families import find_first_position, find_layers, mask_columns, transform_states
from kgwb.bert.injector import Injector
from kgwb.bert.met import Met
from kgwb.bert.passing import Pass, watch_layers
from kgwb.bert.saving import ADDITIONS, HEADS, ModelFileError, describe_doors, place_head_graphs, write_model
from kgwb.bert.task_head import TaskHead
from kgwb.bert.trace import Record, Trace
from kgwb.bert.tunings import Tuning, describe_bert
from kgwb.checks import expect_flags, expect_kind, expect_path, expect_text
from kgwb.fingerprints import hash_tensors
from kgwb.words import describe_kind

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class BertLoadError(ValueError):
    """A BERT cannot be loaded."""


class Bert(nn.Module):
    """BERT with a masked-language head, its tokenizer, and at most one injector.

    Attributes:
        model: Hugging Face's own `...ForMaskedLM`, with eager attention so that attention can be seen.
        tokenizer: its fast tokenizer.
        name: what to call it in tables and captions.
        new_head: True if the checkpoint held no masked-language head, so that answers need tuning first.
        injector: the doors into it, or None for plain BERT.
        met: what it was asked in tuning.
        heads: what tasks have learnt on top of it, by name; see `kgwb.learn.predict`.
        additions: what was added to its layers, by name; see `kgwb.bert.extend`.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str = "bert", new_head: bool = False
    ) -> None:
        super().__init__()
        call = "kgwb.load_bert()"
        if not hasattr(model, "base_model") or not isinstance(model, nn.Module):
            raise TypeError(f"A BertForMaskedLM was expected, but {describe_kind(model)} came. Type {call}.")
        if not hasattr(tokenizer, "all_special_ids"):
            raise TypeError(f"A tokenizer was expected, but {describe_kind(tokenizer)} came. Type {call}.")
        expect_text("name", name, usual="bert")
        expect_flags(new_head=new_head)
        self.model = model
        self.tokenizer = tokenizer
        self.name = name
        self.new_head = new_head
        self.injector: Injector | None = None
        self.met = Met()
        self.heads = nn.ModuleDict()
        self.disturbance: Callable[[Tensor, Encoding], Tensor] | None = None  # of the word vectors; see `disturb_words`
        self.additions = nn.ModuleDict()
        self._tunings: tuple[Tuning, ...] = ()
        watch_layers(self.stack)

    def forward(self, encoding: Encoding) -> Any:
        """Hugging Face's own output, with what the doors made of it."""
        _expect_encoding(encoding)
        return self._run(encoding, record=False)[0]

    def observe(self, encoding: Encoding) -> Record:
        """Read a batch and keep what happened: attention, hidden states, gates."""
        _expect_encoding(encoding)
        output, trace = self._run(encoding, record=True)
        record = trace.record
        assert record is not None
        record.attention.extend(output.attentions)
        return record

    def _run(self, encoding: Encoding, *, record: bool) -> tuple[Any, Trace]:
        doors = self.injector.doors if self.injector is not None and self.injector.is_on else ()
        encoder: Any = self.model.base_model
        stack = self.stack
        watch_layers(stack)
        run = Pass(encoding, doors, stack, record=record)
        words = self.words(encoding.pieces)
        entering = run.enter(words if self.disturbance is None else self.disturbance(words, encoding))
        moved = run.positions(self.first_position)
        mask = mask_columns(self.model, run.is_token, moved["position_ids"]) if moved else run.is_token.long()
        segments = run.segments(getattr(self.model.config, "type_vocab_size", 1))
        output = encoder(
            inputs_embeds=entering, attention_mask=mask, output_attentions=record, kgwb_pass=run, **moved, **segments
        )
        if run.trace.record is not None:
            run.trace.record.read = output.last_hidden_state
        return output, run.trace

    def in_mode(self, training: bool) -> Bert:
        """The model with dropout on or off: itself where it is so already, else modules of their own with its weights.

        Neither a reading nor a step of tuning sets `training` of the model itself, which another thread may be reading.
        """
        expect_flags(training=training)
        return self if all(module.training == training for module in self.modules()) else share_weights(self, training)

    def save(self, folder: str | Path) -> Path:
        """Write the model whole to a folder, and return it; `kgwb.load_bert(folder)` gives it back, bit for bit.

        Weights and tokenizer are written as Hugging Face writes them, the doors beside them with their options, their
        facts as edited, their control and their graph, the heads of tasks, and additions. A model of kgwb's that the
        folder holds is replaced.

        Raises:
            FileExistsError: the folder holds something else.
            ModelFileError: if a door has an option that JSON cannot hold, or was not made by `inject`.
        """
        folder, injector = expect_path(folder, call="model.save('model')").absolute(), self.injector
        record: dict[str, Any] = {
            "name": self.name,
            "new_head": self.new_head,
            "injector": None,
            "met": self.met.record,
            "tunings": list(self._tunings),
        }
        for name, head in self.heads.items():
            expect_kind(
                head, TaskHead, f"The head {name!r} as a TaskHead", call="kgwb.bert.TaskHead(kind, labels, width)"
            )
        heads = {name: head for name, head in self.heads.items() if isinstance(head, TaskHead)}
        if heads:
            record["heads"] = {name: head.describe() for name, head in heads.items()}
        places = place_head_graphs({name: head.graphs for name, head in heads.items()})
        if added := list_added(self.additions):
            record["additions"] = {name: each.options for name, each in added.items()}
        graphs = {place: heads[name].graphs[setting] for (name, setting), place in places.items()}
        doors = None
        if injector is not None:
            origin = injector.origin
            if origin is None:
                raise ModelFileError(
                    f"The doors of {self.name!r} were put together by hand. Type kgwb.inject(bert, vectors, mode=...)."
                )
            options = {door.name: door.made_with for door in injector.doors}
            record["injector"] = {
                "control": injector.control,
                "classes": {door.name: type(door).__name__ for door in injector.doors},
                "filled": injector.filled,
                "recipe": injector.recipe,
                **describe_doors(injector.graph, origin, options),
            }
            doors = (injector.state_dict(), injector.graph, origin)
        model = (self.model, list_base_weights(self.model, self.additions))
        parts = {HEADS: self.heads.state_dict(), ADDITIONS: self.additions.state_dict()}
        with quiet_loading():
            write_model(folder, model, self.tokenizer, record, doors, parts, graphs)
        return folder

    def fill_mask(self, encoding: Encoding) -> Float[Tensor, "sentence vocabulary"]:
        """What the masked-language head says at each sentence's one mask, as logits over word pieces.

        Raises:
            ValueError: if a sentence has no mask, or more than one.
        """
        return self.answer_head(self.read_mask(encoding))

    def read_mask(self, encoding: Encoding) -> Float[Tensor, "sentence width"]:
        """What the last layer holds at each sentence's one mask.

        Raises:
            ValueError: if a sentence has no mask, or more than one.
        """
        return self.reach_mask(encoding)[0]

    def reach_mask(self, encoding: Encoding) -> tuple[Float[Tensor, "sentence width"], Trace]:
        """What the last layer holds at each sentence's one mask, and the pass that led there, for doors that score answers.

        Raises:
            ValueError: if a sentence has no mask, or more than one.
        """
        _expect_encoding(encoding)
        masks = encoding.pieces == self.tokenizer.mask_token_id
        if not bool((masks.sum(1) == 1).all()):
            row = int((masks.sum(1) != 1).nonzero()[0, 0])
            raise ValueError(
                f"Sentence {row} of the batch holds {int(masks[row].sum())} masks. "
                f"Expected exactly one {self.tokenizer.mask_token} in each; type 'Paris is {self.tokenizer.mask_token}.'"
            )
        output, trace = self._run(encoding, record=False)
        return output.last_hidden_state[masks], trace

    def answer_head(
        self, hidden: Float[Tensor, "... width"], pieces: Int[Tensor, " piece"] | None = None
    ) -> Float[Tensor, "... vocabulary"]:
        """The model's own masked-language head; with `pieces`, its logits for these word pieces only."""
        model: Any = self.model
        if pieces is None and hasattr(model, "cls"):
            return model.cls(hidden)
        if pieces is None and hasattr(model, "lm_head"):
            return model.lm_head(hidden)
        decoder = model.get_output_embeddings()
        rows = slice(None) if pieces is None else pieces
        bias = None if decoder.bias is None else decoder.bias[rows]
        return linear(transform_states(model, hidden), decoder.weight[rows], bias)

    @property
    def stack(self) -> nn.ModuleList:
        """The layers, from the first."""
        return find_layers(self.model)

    @property
    def words(self) -> nn.Embedding:
        """The word embeddings, one for each word piece."""
        words = self.model.get_input_embeddings()
        assert isinstance(words, nn.Embedding)
        return words

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.model.device

    @property
    def longest(self) -> int:
        """The most word pieces a sentence may have."""
        return int(self.model.config.max_position_embeddings) - self.first_position

    @property
    def first_position(self) -> int:
        """The row of the position table where sentences begin."""
        return find_first_position(self.model)

    @property
    def layers(self) -> int:
        """How many layers attend."""
        return int(self.model.config.num_hidden_layers)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        state, doors = list_base_weights(self.model, self.additions), self.injector
        known = None if doors is None else (doors.recipe, doors.graph)
        return describe_bert(self.name, hash_tensors(state[name] for name in sorted(state)), known, self._tunings)

    def extra_repr(self) -> str:
        added = f", additions={list(self.additions)}" if self.additions else ""
        return f"name={self.name!r}, new_head={self.new_head}{added}"


def share_weights(bert: Bert, training: bool) -> Bert:
    """Modules of their own, in one mode, that hold the same parameters and buffers; about a millisecond."""
    twins: dict[nn.Module, nn.Module] = {}
    for module in bert.modules():
        twin = type(module).__new__(type(module))
        # Its tables of parameters, buffers, modules and hooks are its own; what stands in them is shared.
        state = {name: copy.copy(value) if isinstance(value, dict) else value for name, value in vars(module).items()}
        vars(twin).update(state, training=training)
        twins[module] = twin
    for twin in twins.values():
        for name, child in twin._modules.items():
            twin._modules[name] = None if child is None else twins[child]
    shared = twins[bert]
    assert isinstance(shared, Bert)
    return shared


@contextmanager
def quiet_loading() -> Iterator[None]:
    """Hugging Face reports a missing head at length; kgwb says it in one word, `new_head`."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _expect_encoding(encoding: object) -> None:
    expect_kind(encoding, Encoding, "An encoding", call="kgwb.bert.encode_sentences(bert, sentences)")
