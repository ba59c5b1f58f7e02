"""Masked-language modelling: a task, and how well a model predicts masked words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.bert.masking import MaskedPieces, find_ordinary, mask_pieces
from kgwb.checks import expect_at_least, expect_flags, expect_kind, expect_seed, is_number
from kgwb.graph import Sentence
from kgwb.learn.tasks import Task
from kgwb.learn.text_tasks.corpus import Texts, expect_texts, fingerprint_texts
from kgwb.words import count_things, quote_value


@dataclass(frozen=True, repr=False)
class MaskedWords(Task):
    """Predict masked word pieces: masked-language modelling.

    −log softmax of the right piece, averaged over the masked ones; of those, 80 in 100 are shown as [MASK], 10 as a
    random piece, 10 as they are (Devlin et al., 2019, "BERT: pre-training of deep bidirectional transformers"). Each step
    masks others, drawn from the task's own seed. An entity whose name is masked is no mention then: doors see the other
    entities of the sentence only.

    Args:
        sentences: texts or `Sentence`s: a graph's own, `verbalise`d triples, a `read_corpus` file.
        share: of each sentence's pieces, how many are masked, at least one.
        whole_mentions: mask all pieces of a mention or none.
        seed: for the choice of masked pieces.

    Raises:
        TypeError: for a single text.
        ValueError: for no sentence, or a share that is not above 0 and up to 1.

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
        expect_flags(whole_mentions=self.whole_mentions)
        object.__setattr__(self, "seed", expect_seed(self.seed))
        if not is_number(self.share) or not 0 < self.share <= 1:
            raise ValueError(
                f"share={quote_value(self.share)} came. Expected a share of the word pieces, above 0 and up to 1; "
                "type share=0.15."
            )

    def prepare(self, bert: Bert) -> MaskedSentences:
        """Cut the sentences into word pieces, once.

        Raises:
            ValueError: for a sentence longer than BERT's position table, or without a word piece that can be masked.
        """
        encoding = encode_sentences(bert, self.sentences)
        empty = (~find_ordinary(encoding, bert.tokenizer).any(1)).nonzero()  # [sentence, 1]
        if len(empty):
            row = int(empty[0])
            raise ValueError(
                f"Sentence {row} holds no word piece that could be masked: {_text(self.sentences[row])[:60]!r}. "
                "Expected words that this BERT knows; leave it out."
            )
        return MaskedSentences(self, encoding)

    def __repr__(self) -> str:
        options = f"share={self.share}, whole_mentions={self.whole_mentions}, seed={self.seed}"
        return f"MaskedWords({count_things(len(self.sentences), 'sentence')} {fingerprint_texts(self.sentences)}, {options})"


class MaskedSentences:
    """Sentences whose word pieces are masked anew at each step.

    Args:
        task: how they are masked.
        encoding: the sentences, nothing masked.
    """

    def __init__(self, task: MaskedWords, encoding: Encoding) -> None:
        self.task = task
        self.encoding = encoding
        self.generator = torch.Generator().manual_seed(task.seed)

    def __len__(self) -> int:
        return len(self.encoding)

    def mask(self, bert: Bert, rows: Sequence[int]) -> MaskedPieces:
        """The given sentences with the next draw of masked pieces."""
        share, whole = self.task.share, self.task.whole_mentions
        chosen = self.encoding.select(rows)
        return mask_pieces(chosen, bert.tokenizer, share=share, whole_mentions=whole, generator=self.generator)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right piece, averaged over the pieces now masked."""
        return self.mask(bert, rows).loss(bert)


@torch.no_grad()
def predict_masked_words(bert: Bert, task: MaskedWords, *, batch: int = 64) -> pd.DataFrame:
    """A model's prediction of masked word pieces: how well it knows a kind of text, or how much tuning has cost it.

    exp(−mean log probability) is the (pseudo-)perplexity.

    Args:
        bert: plain or injected.
        task: what is masked; the same task masks the same, whichever the model.
        batch: sentences at a time.

    Returns:
        One row per masked piece: `sentence` (its number), `piece` (the right one), `shown`, `given` (the model's
        prediction), `probability` (of the right one), `correct`.

    Example:
        >>> from kgwb import load_bert
        >>> len(predict_masked_words(load_bert(), MaskedWords(["The sea is wide.", "The sea is deep."], 0.4)))
        4
    """
    call = "predict_masked_words(bert, MaskedWords(sentences))"
    expect_kind(bert, Bert, "A BERT", call=call)
    expect_kind(task, MaskedWords, "A task of masked words", call=call)
    expect_at_least("batch", batch, 1, whole=True)
    prepared = task.prepare(bert)
    bert = bert.in_mode(training=False)
    frames = []
    for start in range(0, len(prepared), batch):
        masked = prepared.mask(bert, range(start, min(start + batch, len(prepared))))
        probabilities = masked.guess(bert).softmax(-1).cpu()  # [masked piece, vocabulary]
        best = probabilities.argmax(-1)
        spell = bert.tokenizer.convert_ids_to_tokens
        frames.append(
            pd.DataFrame(
                {
                    "sentence": (masked.asked.nonzero()[:, 0] + start).numpy(),
                    "piece": spell(masked.answers.tolist()),
                    "shown": spell(masked.encoding.pieces[masked.asked].tolist()),
                    "given": spell(best.tolist()),
                    "probability": probabilities.gather(1, masked.answers[:, None])[:, 0].numpy(),
                    "correct": (best == masked.answers).numpy(),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _text(sentence: str | Sentence) -> str:
    return sentence.text if isinstance(sentence, Sentence) else sentence
