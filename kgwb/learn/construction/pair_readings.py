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
) -> list[PairReading]:
    """Every ordered pair of names of each sentence; a sentence is read once, however many pairs it has."""
    plain = [each.text if isinstance(each, Sentence) else each for each in texts]
    rows = [row for row, found in enumerate(names) if len(found) > 1]
    pairs = {row: [pair for pair in permutations(names[row], 2) if _differ(*pair)] for row in rows}
    rows = [row for row in rows if pairs[row]]
    if not rows:
        return []
    examples = _encode_pairs(
        model, [plain[row] for row in rows], [names[row] for row in rows], [pairs[r] for r in rows]
    )
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


def _differ(one: RecognisedName, other: RecognisedName) -> bool:
    return one.entity != other.entity or (one.entity == NIL and one.text != other.text)


def _encode_pairs(
    model: Bert,
    texts: Sequence[str],
    names: Sequence[Sequence[RecognisedName]],
    pairs: Sequence[Sequence[tuple[RecognisedName, RecognisedName]]],
) -> Examples:
    """The texts with a unit for each pair: the pieces of the head, of the tail, and all."""
    known = [[each for each in found if each.entity != NIL] for found in names]
    marked = [
        Sentence(text, tuple(Mention(each.start, each.end, each.entity, each.text) for each in found))
        for text, found in zip(texts, known, strict=True)
    ]
    encoding = encode_sentences(model, marked)
    pieces = find_pieces(model, texts, [[(each.start, each.end) for each in found] for found in names])
    units = []
    for found, placed, some, end in zip(names, pieces, pairs, encoding.is_token.sum(1).tolist(), strict=True):
        place = dict(zip(found, placed, strict=True))
        units.append(tuple((place[head], place[tail], (0, end)) for head, tail in some))
    return Examples(encoding, tuple(units), tuple(range(len(texts))), (0,) * len(texts))
