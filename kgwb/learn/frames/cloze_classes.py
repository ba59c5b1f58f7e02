"""Classifying texts by the word that the masked-language head puts into a pattern."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, ClassVar

import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.bert.task_head import Label, TaskHead
from kgwb.bert.tokenizing import cut_names, follows_blank
from kgwb.checks import expect_kind, expect_text
from kgwb.embed.precision import widen_numbers
from kgwb.learn.frames.columns import read_label, read_texts
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.states import read_stretches
from kgwb.learn.frames.texts import Examples, count_pieces, encode_spans, fit_texts
from kgwb.learn.questions import MASK, shift_mention
from kgwb.words import quote, quote_value

log = logging.getLogger(__name__)
_TEXT = "{text}"
_CALL = 'ClozeClasses(frame, pattern="{text} It was [MASK].", words={"good": "great", "bad": "terrible"})'


@dataclass(frozen=True, eq=False, repr=False)
class ClozeClasses(FrameTask):
    """Classify texts by asking which word stands at the mask of a pattern.

    logit of a label = mean over the word pieces of its word of the masked-language head's logits at the mask, + b, which
    starts from zero (Schick and Schütze, 2021, "Exploiting cloze questions for few-shot text classification"). It answers
    untuned, if BERT has a masked-language head that was trained: task.prepare(bert), then predict. Of a text that does not
    fit beside the pattern only the beginning is read, which the log says.

    Args:
        frame: a text and its label in each row; a text may be a `kgwb.graph.Sentence`, at whose mentions a door acts.
        text: the column of texts.
        label: the column of labels; it may be missing until the task is tuned on.
        pattern: a sentence with {text} and [MASK] in it, each once.
        words: the word for each label; of one word piece or several.
        name: of its head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the column, a pattern without one mask and one text, fewer than two words.

    Example:
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import predict
        >>> bert = load_bert()
        >>> frame = pd.DataFrame({"text": ["I liked it.", "I hated it."], "label": ["+", "-"]})
        >>> task = ClozeClasses(frame, pattern="{text} It was [MASK].", words={"+": "good", "-": "bad"})
        >>> for step in tune(bert, task, epochs=20, learning_rate=2e-4):
        ...     pass
        >>> predict(bert, frame)["given"].tolist()
        ['+', '-']
    """

    kind: ClassVar[str] = "cloze classes"
    stretches: ClassVar[int] = 0

    frame: pd.DataFrame
    text: str = "text"
    label: str = "label"
    _: KW_ONLY
    pattern: str = "{text} It was [MASK]."
    words: Mapping[Label, str]
    name: str = "cloze_classes"

    def __post_init__(self) -> None:
        expect_kind(self.words, Mapping, "A mapping of labels to words", call=_CALL)
        super().__post_init__()
        expect_text("pattern", self.pattern, usual="{text} It was [MASK].")
        for part, counted in ((_TEXT, self.pattern.count(_TEXT)), (MASK, self.pattern.count(MASK))):
            if counted != 1:
                raise ValueError(
                    f"pattern={quote(self.pattern)} came, with {part} {counted} times. Expected once; type {_CALL}."
                )
        usable = [isinstance(word, str) and bool(word.strip()) for word in self.words.values()]
        if len(usable) < 2 or not all(usable):
            raise ValueError(
                f"words={quote_value(dict(self.words))} came. Expected a word for each label, and two labels at "
                f"least; type {_CALL}."
            )

    @property
    def labels(self) -> tuple[Label, ...]:  # type: ignore[override]
        """What may be answered."""
        return tuple(read_label(label, 0, "words") for label in self.words)

    @property
    def settings(self) -> dict[str, Any]:
        """The words stand in the order of the labels: keys of JSON are texts, which labels need not be."""
        return {**super().settings, "words": list(self.words.values())}

    def make_head(self, bert: Bert) -> None:
        """Put the head on the model, so that it answers untuned.

        Raises:
            ValueError: for words that the tokenizer does not tell apart, or a head of the same name that is another's.
        """
        expect_kind(bert, Bert, "A BERT", call="task.make_head(kgwb.load_bert())")
        bert.heads[self.name], _ = self._find_head(bert, list(self.labels))
        if bert.new_head:
            log.warning(
                "%r has no trained masked-language head, so that its answers mean nothing before tuning.", bert.name
            )

    def _find_head(self, bert: Bert, labels: list[Label]) -> tuple[TaskHead, bool]:
        words = list(self.words.values())
        cut = _cut_words(bert, words, self.pattern)
        for i, (word, pieces) in enumerate(zip(words, cut, strict=True)):
            if set(pieces) <= {bert.tokenizer.unk_token_id}:
                raise ValueError(
                    f"The tokenizer of {bert.name!r} does not know the word {word!r}. Type another in its place, or another "
                    "BERT, which knows its writing: kgwb.load_bert('bert-base-chinese')."
                )
            if pieces in cut[:i]:
                raise ValueError(
                    f"The tokenizer of {bert.name!r} does not tell {words[cut.index(pieces)]!r} and {word!r} apart: their word "
                    "pieces are the same. Type another word in the place of one."
                )
        return super()._find_head(bert, labels)

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """The pattern around each text, of which the head sees the mask."""
        before, after = (part.replace(MASK, bert.tokenizer.mask_token) for part in settings["pattern"].split(_TEXT))
        texts = read_texts(frame, settings["text"])
        taken = sum(count_pieces(bert, [before, after]))
        fitting, _ = fit_texts(bert, texts, [[]] * len(texts), taken=taken)
        filled, spans = [], []
        for sentence in fitting:
            mentions = tuple(shift_mention(mention, len(before)) for mention in sentence.mentions)
            filled.append(replace(sentence, text=before + sentence.text + after, mentions=mentions))
            in_after = len(before) + len(sentence.text) + after.find(bert.tokenizer.mask_token)
            start = before.find(bert.tokenizer.mask_token) if MASK in settings["pattern"].split(_TEXT)[0] else in_after
            spans.append([(start, start + len(bert.tokenizer.mask_token))])
        return encode_spans(bert, filled, spans, pooled=False)

    @classmethod
    def score(cls, bert: Bert, head: TaskHead, examples: Examples, rows: Sequence[int]) -> Float[Tensor, "unit label"]:
        """The mean logit of each word's pieces at the mask, + b."""
        cut = _cut_words(bert, head.settings["words"], head.settings["pattern"])
        hidden = read_stretches(bert, examples, rows)  # [text, dim]
        pieces, place = torch.tensor([piece for word in cut for piece in word], device=bert.device).unique(
            return_inverse=True
        )
        logits = widen_numbers(bert.answer_head(hidden, pieces))[:, place]  # [text, piece of a word]
        means = torch.stack([part.mean(1) for part in logits.split([len(word) for word in cut], dim=1)], dim=1)
        return means + head(means[:, :0])


def _cut_words(bert: Bert, words: Sequence[str], pattern: str) -> list[list[int]]:
    """The word pieces of words as they stand at the mask."""
    return cut_names(bert, words, after_blank=follows_blank(bert, pattern, pattern.index(MASK)))
