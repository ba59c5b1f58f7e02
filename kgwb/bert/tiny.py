"""A small BERT, trained from scratch on a text within about a minute, and kept for the next time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from kgwb.axes import Int, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.masking import mask_pieces
from kgwb.bert.model import Bert, BertLoadError, quiet_loading
from kgwb.bert.tokenizing import encode_sentences, list_texts
from kgwb.bert.word_pieces import learn_word_pieces
from kgwb.checks import expect_at_least, expect_seed
from kgwb.environment import find_sample_graphs
from kgwb.files import write_whole
from kgwb.graph import Sentence
from kgwb.graph.errors import broken_line
from kgwb.graph.files.text import read_text
from kgwb.graph.sentences import choose_language
from kgwb.packages import load_package

if TYPE_CHECKING:
    from transformers import BertForMaskedLM

LONGEST = 128  # positions: what no sentence of the text reaches stays as it was drawn
RECIPE = 2  # a change to this file that changes what is learnt needs another number, or old caches would stand for it


@dataclass(frozen=True)
class TinySettings:
    """What decides, with the text, which BERT comes out."""

    layers: int
    width: int
    vocabulary: int
    steps: int
    seed: int


def train_tiny(
    text: str | Path | Sequence[str | Sentence] | None = None,
    *,
    language: str | None = None,
    layers: int = 3,
    width: int = 128,
    vocabulary: int = 4000,
    steps: int = 1000,
    seed: int = 0,
    cache: str | Path | None = None,
    progress: bool = True,
) -> Path:
    """The folder of a small BERT that has read nothing but a text; one that was trained before is found in the cache.

    It learns its word pieces from the text and its weights by masked-language modelling, 30 of 100 pieces hidden at a time
    (twice what Devlin et al., 2019, hide: sentences are short here, and a minute is not long). In the folder,
    `training.json` keeps the loss of every step. What is deterministic is so on one machine with one number of threads.

    Args:
        text: sentences, or a file: one sentence per line, or the `sentences.jsonl` of a sample graph, or its folder. By
            default `sample_graphs/archipelago`, all of it: to ask about what no text says, give only the sentences that
            may be seen.
        language: of a `sentences.jsonl`, the sentences in this language; by default the English ones or, where there are
            none, all. Lines of plain text, which say no language, are all read. Of Chinese each character is a word piece.
        layers: how many layers attend.
        width: of the hidden states; a multiple of 32, the width of each attention head.
        vocabulary: the most word pieces to learn.
        steps: batches of 64 sentences.
        seed: for the first weights, the order of the sentences, and what is masked.
        cache: where to keep it; by default the folder that the variable KGWB_CACHE names, or `kgwb` in the user's cache.
        progress: show a bar while it is trained.

    Raises:
        BertLoadError: if there is no sentence to train on.
        ValueError: for a setting that cannot be, a sentence of more than 128 word pieces, or languages of which none was
            chosen.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = train_tiny(["The sea is wide.", "The sea is deep."], steps=2, cache=mkdtemp(), progress=False)
        >>> sorted(file.name for file in folder.glob("[!.]*.json"))
        ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'training.json']
    """
    settings = _check(TinySettings(layers, width, vocabulary, steps, seed))
    sentences = _read_sentences(text, language)
    key = hashlib.sha256(json.dumps([RECIPE, asdict(settings), sentences]).encode()).hexdigest()
    folder = (Path(cache).expanduser() if cache else _find_cache()) / f"tiny-{key[:16]}"
    if not (folder / "config.json").is_file():
        bert = _make_bert(sentences, settings)
        losses = list(_learn(bert, encode_sentences(bert, sentences), settings, progress=progress))
        with write_whole(folder) as whole, quiet_loading():
            bert.model.save_pretrained(whole)
            bert.tokenizer.save_pretrained(whole)
            record = {"settings": asdict(settings), "sentences": len(sentences), "losses": losses}
            (whole / "training.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def _check(settings: TinySettings) -> TinySettings:
    for name, least in (("layers", 1), ("width", 32), ("vocabulary", 1), ("steps", 1)):
        expect_at_least(name, getattr(settings, name), least, whole=True)
    expect_seed(settings.seed)
    if settings.width % 32:
        raise ValueError(f"width={settings.width} came. It must be a multiple of 32; type width=128.")
    return TinySettings(*(int(value) for value in astuple(settings)))  # as JSON can hold them


def _read_sentences(text: str | Path | Sequence[str | Sentence] | None, language: str | None) -> list[str]:
    given: str | Path | Sequence[str | Sentence]
    if text is None:
        folder = find_sample_graphs()
        given = folder / "archipelago" / "sentences.jsonl" if folder is not None else Path()
        if not given.is_file():
            raise BertLoadError(
                "No text came, and no sample_graphs/archipelago came with kgwb. Expected sentences or a file: "
                'kgwb.load_bert("tiny", text="my.txt").'
            )
    else:
        given = text
    call = "kgwb.load_bert('tiny', text=['A sentence.'])"
    if isinstance(given, (str, Path)):
        found = _choose_sentences(list(_read_file(Path(given).expanduser())), language, repr(str(given)))
    else:
        found = list_texts(given, call=call)
        found = found if language is None else _choose_sentences(found, language, "sentences")
    texts = [sentence.text if isinstance(sentence, Sentence) else sentence for sentence in found]
    texts = [line for line in texts if line.strip()]
    if not texts:
        raise BertLoadError(
            'There is no sentence in the text. Expected one at least: kgwb.load_bert("tiny", text=["A sentence."]).'
        )
    return texts


def _choose_sentences(lines: list[str | Sentence], language: str | None, given: str) -> list[str | Sentence]:
    """Plain lines as they are, and the sentences of one language."""
    languages = {line.language for line in lines if isinstance(line, Sentence)}
    chosen = choose_language(languages, language, call=f"kgwb.load_bert('tiny', text={given}")
    if languages and chosen not in languages:
        raise BertLoadError(
            f"language={chosen!r} came, and {given} holds sentences in {', '.join(map(repr, sorted(languages)))}. Type "
            f"kgwb.load_bert('tiny', text={given}, language={min(languages)!r})."
        )
    return [line for line in lines if not isinstance(line, Sentence) or line.language == chosen]


def _read_file(path: Path) -> Iterator[str | Sentence]:
    """The lines of a text, or the sentences of a `sentences.jsonl`."""
    path = path / "sentences.jsonl" if path.is_dir() else path
    for number, line in enumerate(read_text(path, expected="one sentence per line").splitlines(), 1):
        if path.suffix != ".jsonl" or not line.strip():
            yield line.strip()
            continue
        try:
            record = json.loads(line)
            yield Sentence(record["text"], language=record.get("language") or "en")
        except (ValueError, AttributeError, KeyError, TypeError):
            hint = "Expected a sentence per line, as kgwb.read_sentences reads them."
            raise broken_line(path, number, line, 'it is not a JSON object with a "text".', hint=hint) from None


def _find_cache() -> Path:
    named = os.environ.get("KGWB_CACHE", "")
    if named:
        return Path(named).expanduser()
    package = load_package("platformdirs", "Finding the user's cache (or set KGWB_CACHE to a folder)")
    return Path(package.user_cache_dir("kgwb"))


def _make_bert(sentences: Sequence[str], settings: TinySettings) -> Bert:
    tokenizer = learn_word_pieces(sentences, settings.vocabulary, longest=LONGEST)
    return Bert(_draw_weights(len(tokenizer), settings), tokenizer, name="tiny")


def _draw_weights(vocabulary: int, settings: TinySettings) -> BertForMaskedLM:
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=vocabulary,
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.width // 32,
        intermediate_size=4 * settings.width,
        max_position_embeddings=LONGEST,
        # The text is small and read a few dozen times at most: there is little to hold back from.
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(settings.seed)
        model = BertForMaskedLM(config)
    model.set_attn_implementation("eager")
    return model


def _learn(bert: Bert, encoding: Encoding, settings: TinySettings, *, progress: bool) -> Iterator[float]:
    """Train in place; gives the loss of each step."""
    from tqdm.auto import trange

    generator = torch.Generator().manual_seed(settings.seed)
    optimizer = torch.optim.AdamW(bert.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    warm, steps = max(1, settings.steps // 10), settings.steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))
    )
    batches = _draw_batches(encoding.is_token.sum(1), generator)
    bert.train()
    for _ in trange(steps, desc="training a tiny BERT", unit="step", disable=not progress):
        masked = mask_pieces(encoding.select(next(batches)), bert.tokenizer, share=0.3, generator=generator)
        loss = masked.loss(bert)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(bert.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        yield loss.item()
    bert.eval()


def _draw_batches(
    lengths: Int[Tensor, " sentence"], generator: torch.Generator, *, batch: int = 64, pool: int = 4
) -> Iterator[list[int]]:
    """Batches without end; within a pool, sentences of like length stand together, so that little is padded."""
    while True:
        for drawn in torch.randperm(len(lengths), generator=generator).split(batch * pool):
            batches = drawn[lengths[drawn].argsort(stable=True)].split(batch)
            for chosen in torch.randperm(len(batches), generator=generator).tolist():
                yield batches[chosen].tolist()
