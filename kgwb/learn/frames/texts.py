"""Texts of a data frame as word pieces: where spans of them lie, and what is left out of a text that is too long."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.bert.encoding import place_mention
from kgwb.bert.task_head import Label
from kgwb.graph import Mention, Sentence
from kgwb.learn.questions import shift_mention
from kgwb.words import count_things, mend_text

log = logging.getLogger(__name__)
Span = tuple[int, int]


@dataclass(frozen=True, eq=False)
class Examples:
    """What a task's head sees of a data frame: units, each with a few stretches of word pieces.

    Attributes:
        encoding: the texts; or windows of them.
        units: of each text of the encoding, its units; of each unit, its stretches as (first, one past last) word piece.
        rows: of each text of the encoding, the row of the frame that it belongs to.
        starts: of each text of the encoding, how many units of its row stand before it.
        offered: of each row, the answers it has to choose from, one for each of its units; empty where every row has the
            head's labels.
    """

    encoding: Encoding
    units: tuple[tuple[tuple[Span, ...], ...], ...]
    rows: tuple[int, ...]
    starts: tuple[int, ...]
    offered: tuple[tuple[Label | None, ...], ...] = field(default=(), kw_only=True)

    def __len__(self) -> int:
        return len(self.units)

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """The texts that are learnt together: each alone, or those of a row, whose answers are weighed against one another."""
        if not self.offered:
            return tuple((text,) for text in range(len(self)))
        found: list[list[int]] = [[] for _ in self.offered]
        for text, row in enumerate(self.rows):
            found[row].append(text)
        return tuple(map(tuple, found))


def encode_spans(
    bert: Bert, texts: Sequence[str | Sentence], spans: Sequence[Sequence[Span]], *, pooled: bool
) -> Examples:
    """One unit a text: the pieces of each of its spans of characters and, if `pooled`, all of its pieces.

    A text that is too long is shortened, see `fit_texts`.

    Raises:
        ValueError: if spans lie too far apart, outside their text, or on no word piece.
    """
    fitting, placed = fit_texts(bert, texts, spans)
    encoding = encode_sentences(bert, fitting)
    ends = encoding.is_token.sum(1).tolist()
    found = find_pieces(bert, [sentence.text for sentence in fitting], placed)
    units = [((*pieces, *([(0, end)] if pooled else [])),) for pieces, end in zip(found, ends, strict=True)]
    return Examples(encoding, tuple(units), tuple(range(len(fitting))), (0,) * len(fitting))


def fit_texts(
    bert: Bert, texts: Sequence[str | Sentence], spans: Sequence[Sequence[Span]], *, taken: int | Sequence[int] = 0
) -> tuple[list[Sentence], list[list[Span]]]:
    """Texts that BERT has positions for, with their spans of characters.

    Of one with more word pieces only whole words around its spans are kept, without spans its beginning; the log counts
    such texts.

    Args:
        bert: whose tokenizer cuts.
        texts: long and short.
        spans: what has to be kept.
        taken: word pieces that are needed for something else, beside every text or beside each.

    Raises:
        ValueError: if spans lie too far apart.
    """
    fitting = [text if isinstance(text, Sentence) else Sentence(text) for text in texts]
    placed = [list(each) for each in spans]
    beside = [taken] * len(fitting) if isinstance(taken, int) else taken
    rooms = [bert.longest - bert.tokenizer.num_special_tokens_to_add() - count for count in beside]
    lengths = count_pieces(bert, [sentence.text for sentence in fitting])
    long = [row for row, length in enumerate(lengths) if length > rooms[row]]
    for row in long:
        fitting[row], placed[row] = _cut(bert, fitting[row], placed[row], row, rooms[row])
    if long:
        log.warning(
            "%s of more than %d word pieces, of which no more are read (the first in row %d); the rest is left out.",
            count_things(len(long), "text"),
            rooms[long[0]],
            long[0],
        )
    return fitting, placed


def find_pieces(bert: Bert, texts: Sequence[str], spans: Sequence[Sequence[Span]]) -> list[tuple[Span, ...]]:
    """The word pieces under each span of characters of each text."""
    if not any(spans):
        return [()] * len(texts)
    cut = bert.tokenizer([mend_text(text) for text in texts], return_offsets_mapping=True, verbose=False)
    found = []
    for text, given, offsets in zip(texts, spans, cut["offset_mapping"], strict=True):
        placed = [place_mention(Mention(start, end, 0), text, offsets).pieces for start, end in given]
        found.append(tuple(pieces for pieces in placed if pieces is not None))
    return found


def count_pieces(bert: Bert, texts: Sequence[str]) -> list[int]:
    """How many word pieces each text has, beside those of every text's ends."""
    cut = bert.tokenizer([mend_text(text) for text in texts], add_special_tokens=False, verbose=False)
    return [len(row) for row in cut["input_ids"]]


def _cut(bert: Bert, sentence: Sentence, spans: Sequence[Span], row: int, room: int) -> tuple[Sentence, list[Span]]:
    """As many whole words around the spans as there is room for; without spans, from the beginning."""
    cut = bert.tokenizer(mend_text(sentence.text), return_offsets_mapping=True, add_special_tokens=False, verbose=False)
    offsets, words = cut["offset_mapping"], cut.word_ids()
    first, last = min((start for start, _ in spans), default=0), max((end for _, end in spans), default=0)
    inside = [i for i, (start, end) in enumerate(offsets) if start < last and end > first] or [0]
    begin, stop = inside[0], inside[-1] + 1
    if stop - begin > room:
        raise ValueError(
            f"The spans of row {row} lie {stop - begin} word pieces apart; this BERT has room for {room}. Expected both in one "
            "stretch; leave the row out: frame.drop(index=...)."
        )
    if spans:
        begin -= min(begin, max((room - (stop - begin)) // 2, room - (len(offsets) - begin)))
    stop = min(len(offsets), begin + room)
    while begin < inside[0] and begin > 0 and words[begin] == words[begin - 1]:
        begin += 1
    while stop > inside[-1] + 1 and stop < len(offsets) and words[stop] == words[stop - 1]:
        stop -= 1
    start, end = offsets[begin][0], offsets[stop - 1][1]
    mentions = [mention for mention in sentence.mentions if start <= mention.start and mention.end <= end]
    kept = replace(
        sentence, text=sentence.text[start:end], mentions=tuple(shift_mention(mention, -start) for mention in mentions)
    )
    return kept, [(one - start, other - start) for one, other in spans]
