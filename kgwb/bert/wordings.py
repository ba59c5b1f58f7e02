"""Telling the doors how sentences say relations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import torch

from kgwb.axes import Int, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import encode_sentences
from kgwb.checks import expect_each, expect_kind
from kgwb.graph import Sentence

# Of each relation; sentences of a natural text are all different, and more of them only take longer to compare.
MOST = 20


def teach_wordings(model: Bert, sentences: Sequence[Sentence]) -> int:
    """Let a pointer door take up how sentences say relations, without training; it is changed in place.

    Tuning does so by itself with the questions it is given. This is for relations that it was not tuned on, whose label
    says little: "is of the house of" for "belongs to".

    Args:
        model: a BERT with a pointer door.
        sentences: each states a fact, its names marked; at most 20 wordings of a relation are taken up.

    Returns:
        How many wordings were taken up.

    Raises:
        TypeError: for what is no model, or no sentences.
        ValueError: if the model has no door, or no sentence states a fact.
    """
    call = "kgwb.bert.teach_wordings(model, kgwb.read_sentences(folder, graph)[:10])"
    expect_kind(model, Bert, "A BERT", call=call)
    given = expect_each(sentences, Sentence, "A sentence", call=call)
    stated = [sentence for sentence in given if sentence.triple is not None]
    if model.injector is None:
        raise ValueError(f"{model.name!r} has no door. Type kgwb.inject(bert, vectors, mode='pointer').")
    if not stated:
        raise ValueError(f"{len(given)} sentences came, and none states a fact. Type {call}.")
    relations = torch.tensor([sentence.triple[1] for sentence in stated if sentence.triple is not None])
    return teach_encoded(model, encode_sentences(model, stated), relations)


def teach_encoded(bert: Bert, encoding: Encoding, relations: Int[Tensor, " sentence"]) -> int:
    """`teach_wordings` for sentences that are word pieces already.

    Args:
        bert: with doors.
        encoding: the sentences, their names marked.
        relations: which relation each says.
    """
    assert bert.injector is not None
    rows = _choose_rows(encoding, relations)
    chosen = encoding.select(rows).to(bert.device)
    with torch.no_grad(), bert.injector.off():
        hidden = bert.in_mode(training=False).observe(chosen).hidden
    for door in bert.injector.doors:
        door.learn_wordings(chosen, hidden, relations[rows].to(bert.device))
    return len(rows)


def _choose_rows(encoding: Encoding, relations: Int[Tensor, " sentence"]) -> list[int]:
    """The first sentence of each wording: what stands outside names."""
    outside = encoding.pieces.masked_fill(encoding.entities >= 0, -1).tolist()
    seen: set[tuple[int, ...]] = set()
    counts: Counter[int] = Counter()
    rows = []
    for row, (pieces, relation) in enumerate(zip(outside, relations.tolist(), strict=True)):
        wording = (relation, *(piece for piece in pieces if piece > 0))
        if wording not in seen and counts[relation] < MOST:
            seen.add(wording)
            counts[relation] += 1
            rows.append(row)
    return rows
