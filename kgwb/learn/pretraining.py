"""Learning from text as BERT itself did: guessing hidden words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.bert.masking import MaskedPieces, find_ordinary, mask_pieces
from kgwb.graph import Sentence
from kgwb.words import count_things

Texts = Sequence[str | Sentence]


@dataclass(frozen=True, repr=False)
class MaskedWords:
    """Guess hidden word pieces: masked-language modelling.

    −log softmax of what stood there, averaged over the hidden pieces; of those, 80 in 100 are shown as [MASK], 10 as a
    random piece, 10 as they are (Devlin et al., 2019, "BERT: pre-training of deep bidirectional transformers"). Each step
    hides others, drawn from the task's own seed. An entity whose name is hidden is no mention then: doors see the other
    entities of the sentence only.

    Args:
        sentences: texts or `Sentence`s: a graph's own, `verbalise`d triples, a `read_corpus` file.
        share: of each sentence's pieces, how many are hidden, at least one.
        whole_mentions: hide all pieces of a mention or none.
        seed: for what is hidden.

    Raises:
        TypeError: for a single text.
        ValueError: for no sentence, or a share that is none.

    Example:
        >>> from kgwb import load_bert, tune
        >>> bert = load_bert()
        >>> steps = tune(bert, MaskedWords(["The sea is wide.", "The sea is deep."]), epochs=3)
        >>> [step.task for step in steps]
        ['MaskedWords', 'MaskedWords', 'MaskedWords']
    """

    sentences: Texts
    share: int | float = 0.15
    whole_mentions: bool = field(default=True, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        expect_texts(self.sentences, "MaskedWords")
        if not 0 < self.share <= 1:
            raise ValueError(
                f"share={self.share!r} came. Expected a share of the word pieces, above 0 and up to 1: share=0.15."
            )

    def prepare(self, bert: Bert) -> HiddenWords:
        """Cut the sentences into word pieces, once.

        Raises:
            ValueError: for a sentence longer than BERT's position table, or without a word piece that can be hidden.
        """
        encoding = encode_sentences(bert, self.sentences)
        empty = (~find_ordinary(encoding, bert.tokenizer).any(1)).nonzero()
        if len(empty):
            row = int(empty[0])
            raise ValueError(
                f"Sentence {row} holds no word piece that could be hidden: {_text(self.sentences[row])[:60]!r}. "
                "Expected words that this BERT knows; leave it out."
            )
        return HiddenWords(self, encoding)

    def __repr__(self) -> str:
        told = f"share={self.share}, whole_mentions={self.whole_mentions}, seed={self.seed}"
        return f"MaskedWords({count_things(len(self.sentences), 'sentence')} {fingerprint(self.sentences)}, {told})"


class HiddenWords:
    """Sentences whose word pieces are hidden anew at each step.

    Args:
        task: how.
        encoding: the sentences, nothing hidden.
    """

    def __init__(self, task: MaskedWords, encoding: Encoding) -> None:
        self.task = task
        self.encoding = encoding
        self._generator = torch.Generator().manual_seed(task.seed)

    def __len__(self) -> int:
        return len(self.encoding)

    def hide(self, bert: Bert, rows: Sequence[int]) -> MaskedPieces:
        """The given sentences with the next draw of hidden pieces."""
        share, whole = self.task.share, self.task.whole_mentions
        chosen = self.encoding.select(rows)
        return mask_pieces(chosen, bert.tokenizer, share=share, whole_mentions=whole, generator=self._generator)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of what stood there, averaged over the pieces now hidden."""
        return self.hide(bert, rows).loss(bert)


@torch.no_grad()
def guess_words(bert: Bert, task: MaskedWords, *, batch: int = 64) -> pd.DataFrame:
    """A model's guess at hidden word pieces: how well it knows a kind of text, or how much tuning has cost it.

    exp(−mean log probability) is the (pseudo-)perplexity.

    Args:
        bert: plain or injected.
        task: what is hidden; the same task hides the same, whichever the model.
        batch: sentences at a time.

    Returns:
        One row per hidden piece: `sentence` (its number), `piece` (what stood there), `shown`, `given` (the model's
        guess), `probability` (of what stood there), `correct`.

    Example:
        >>> from kgwb import load_bert
        >>> len(guess_words(load_bert(), MaskedWords(["The sea is wide.", "The sea is deep."], 0.4)))
        4
    """
    prepared = task.prepare(bert)
    was_training = bert.training
    bert.eval()
    frames = []
    for start in range(0, len(prepared), batch):
        masked = prepared.hide(bert, range(start, min(start + batch, len(prepared))))
        chances = masked.guess(bert).softmax(-1).cpu()
        best = chances.argmax(-1)
        spell = bert.tokenizer.convert_ids_to_tokens
        frames.append(
            pd.DataFrame(
                {
                    "sentence": (masked.asked.nonzero()[:, 0] + start).numpy(),
                    "piece": spell(masked.answers.tolist()),
                    "shown": spell(masked.encoding.pieces[masked.asked].tolist()),
                    "given": spell(best.tolist()),
                    "probability": chances.gather(1, masked.answers[:, None])[:, 0].numpy(),
                    "correct": (best == masked.answers).numpy(),
                }
            )
        )
    bert.train(was_training)
    return pd.concat(frames, ignore_index=True)


def expect_texts(sentences: object, task: str) -> None:
    """At least one text, and not a single one by itself.

    Raises:
        TypeError: for what is no sequence of texts.
        ValueError: for none.
    """
    if isinstance(sentences, str) or not isinstance(sentences, Sequence):
        raise TypeError(
            f"{type(sentences).__name__} came instead of sentences. Type kgwb.{task}(['A sentence.', ...])."
        )
    if not sentences:
        raise ValueError(f"No sentence came. Expected at least one: kgwb.{task}(['A sentence.', ...]).")
    for sentence in sentences:
        if not isinstance(sentence, str | Sentence):
            raise TypeError(f"{type(sentence).__name__} is no sentence. Type kgwb.{task}(['A sentence.', ...]).")


def fingerprint(sentences: Texts) -> str:
    """Short and the same for the same sentences and mentions, so that what was learnt from them can be told apart."""
    return hashlib.sha256(repr(list(sentences)).encode()).hexdigest()[:12]


def _text(sentence: str | Sentence) -> str:
    return sentence.text if isinstance(sentence, Sentence) else sentence
