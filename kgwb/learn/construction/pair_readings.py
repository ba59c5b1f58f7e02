"""Every two names of some sentences, and how probable each relation is between them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import torch

from kgwb.bert import Bert, TaskHead, encode_sentences
from kgwb.graph import Mention, Sentence
from kgwb.learn.construction.recognised_names import NIL, RecognisedName
from kgwb.learn.frames.relation_classes import RelationClasses
from kgwb.learn.frames.states import sweep_units
from kgwb.learn.frames.texts import Examples, count_pieces, find_pieces
from kgwb.words import count_things

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PairReading:
    """Two names of a sentence, and how probable each relation is between them."""

    row: int
    text: str
    head: RecognisedName
    tail: RecognisedName
    relations: dict[int, float]


def leave_out_long(model: Bert, texts: Sequence[str | Sentence]) -> list[str | Sentence]:
    """The texts, those that BERT has no positions for as empty ones; the log counts these."""
    room = model.longest - model.tokenizer.num_special_tokens_to_add()
    plain = [each.text if isinstance(each, Sentence) else each for each in texts]
    long = {row for row, count in enumerate(count_pieces(model, plain)) if count > room}
    if long:
        log.warning(
            "%s of more than %d word pieces not read (the first is number %d). Cut them into sentences.",
            count_things(len(long), "text"),
            room,
            min(long),
        )
    return ["" if row in long else text for row, text in enumerate(texts)]


def read_relations(
    model: Bert,
    texts: Sequence[str | Sentence],
    names: Sequence[Sequence[RecognisedName]],
    head: TaskHead,
    labels: Sequence[int | None],
    *,
    typed: bool,
) -> list[PairReading]:
    """Every ordered pair of names of each sentence; a sentence is read once, however many pairs it has.

    Args:
        model: that reads.
        texts: the sentences.
        names: of each.
        head: the model's, of relation classes.
        labels: the relation of each of its labels; None for no relation.
        typed: whether names are read as their types.
    """
    plain = [each.text if isinstance(each, Sentence) else each for each in texts]
    rows = [row for row, found in enumerate(names) if len(found) > 1]
    pairs = {row: [pair for pair in permutations(names[row], 2) if mean_two_things(*pair)] for row in rows}
    rows = [row for row in rows if pairs[row]]
    if not rows:
        return []
    read = [spell_names_out(plain[row], names[row], typed=typed) for row in rows]
    examples = _encode_pairs(model, read, [names[row] for row in rows], [pairs[row] for row in rows])
    bert = model.in_mode(training=False)
    with torch.no_grad():
        logits = sweep_units(
            examples, lambda some: RelationClasses.score(bert, head, examples, some).float().softmax(-1).cpu()
        )
    return [
        PairReading(row, plain[row], *pair, {one: p for one, p in zip(labels, chances, strict=True) if one is not None})
        for row, of_row in zip(rows, logits, strict=True)
        for pair, chances in zip(pairs[row], of_row.tolist(), strict=True)
    ]


def mean_two_things(one: RecognisedName, other: RecognisedName) -> bool:
    """Whether two names are of different entities or, of what the graph lacks, spelt differently."""
    return one.entity != other.entity or (one.entity == NIL and one.text != other.text)


def spell_names_out(
    text: str, names: Sequence[RecognisedName], *, typed: bool
) -> tuple[str, dict[RecognisedName, tuple[int, int]]]:
    """A text with its names, or their types in their place, and where each of them stands.

    Example:
        >>> spell_names_out("Oslo is big.", [RecognisedName(0, 4, "Oslo", 3, "old_city")], typed=True)[0]
        'old city is big.'
    """
    written, at, places = "", 0, {}
    for name in names:
        written += text[at : name.start]
        spelt = name.type.replace("_", " ") if typed and name.type else name.text
        places[name] = (len(written), len(written) + len(spelt))
        written, at = written + spelt, name.end
    return written + text[at:], places


def _encode_pairs(
    model: Bert,
    read: Sequence[tuple[str, dict[RecognisedName, tuple[int, int]]]],
    names: Sequence[Sequence[RecognisedName]],
    pairs: Sequence[Sequence[tuple[RecognisedName, RecognisedName]]],
) -> Examples:
    """The texts with a unit for each pair: the pieces of the head, of the tail, and all."""
    marked = []
    for text, places in read:
        known = [(start, end, name.entity) for name, (start, end) in places.items() if name.entity != NIL]
        marked.append(Sentence(text, tuple(Mention(*each, text[each[0] : each[1]]) for each in known)))
    encoding = encode_sentences(model, marked)
    spans = [[places[each] for each in found] for (_, places), found in zip(read, names, strict=True)]
    pieces = find_pieces(model, [text for text, _ in read], spans)
    units = []
    for found, placed, some, end in zip(names, pieces, pairs, encoding.is_token.sum(1).tolist(), strict=True):
        place = dict(zip(found, placed, strict=True))
        units.append(tuple((place[head], place[tail], (0, end)) for head, tail in some))
    return Examples(encoding, tuple(units), tuple(range(len(read))), (0,) * len(read))
