"""For notebook 05: where heads attend, what the hidden state of [MASK] holds, controls for both, and checks by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Reading, encode_sentences, read
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.learn import Question
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_text
from kgwb.see.palette import TYPE_COLOURS

PLACES = ("the piece before", "itself", "the piece after", "[CLS]", "[SEP]", "elsewhere")
_COLOURS = (*TYPE_COLOURS[:5], "rule")  # neighbours differ in grey too
_LEFT, _TOP, _ROW, _GAP, _BAR = 66.0, 34.0, 30.0, 6.0, 18.0


def share_whole_words(bert: Bert, graphs: Sequence[KnowledgeGraph], *, types: Sequence[str]) -> pd.Series:
    """The share of the words of a label that are one word piece, the mean over the entities of each type.

    Args:
        bert: whose list of word pieces counts.
        graphs: with a column `type` in their entities.
        types: which types, in that order.

    Returns:
        A row for each type; its name says of how many entities.
    """
    labels = [label for graph in graphs for label in graph.labels]
    kinds = np.concatenate([graph.entities["type"].to_numpy() for graph in graphs])
    whole = [np.mean([len(bert.tokenizer.tokenize(word)) == 1 for word in label.split()]) for label in labels]
    groups = pd.Series(whole).groupby(kinds).agg(["mean", "size"]).loc[list(types)]
    return groups["mean"].set_axis([f"{kind} (n = {count})" for kind, count in groups["size"].items()])


def compare_pieces(reading: Reading) -> pd.DataFrame:
    """How alike two different word pieces are, layer by layer: the mean cosine.

    Args:
        reading: of two or more sentences of six or more word pieces between [CLS] and [SEP].

    Returns:
        One row per layer: the first three pieces of each sentence against the next three `of one sentence`, and against
        those `of two sentences`, it and the one before it; last `[CLS] of two sentences`, over all pairs.
    """
    unit = normalize(reading.hidden.transpose(1, 2), dim=-1).transpose(0, 2)  # [layer, token, sentence, dim]
    first, following, mark = unit[:, 1:4].transpose(1, 2), unit[:, 4:7].transpose(1, 2), unit[:, 0]
    pairs = ~torch.eye(mark.shape[1], dtype=torch.bool)
    columns = {
        "of one sentence": (first @ following.mT).mean((1, 2, 3)),
        "of two sentences": (first @ following.roll(1, 1).mT).mean((1, 2, 3)),
        "[CLS] of two sentences": (mark @ mark.mT)[:, pairs].mean(1),
    }
    return pd.DataFrame(columns, [f"layer {layer}" for layer in range(len(unit))])


def summarise_heads(reading: Reading) -> pd.DataFrame:
    """How each head divides its attention, as the mean over all queries of all sentences.

    The first and the last piece between [CLS] and [SEP] are no queries here, because the piece before, or after, is one
    of those two. A sentence of less than three pieces has no other, so it is left out.

    Args:
        reading: of one or more sentences.

    Returns:
        One row per layer and head, one column for each of `PLACES`; each row sums to one.

    Raises:
        ValueError: if no sentence has three pieces.
    """
    shares = [share for row in range(len(reading.tokens)) for share in _divide_attention(reading, row)]
    if not shares:
        message = "No sentence has three word pieces between [CLS] and [SEP], so no piece has two neighbours."
        raise ValueError(f"{message} Type kgwb.read(bert, ['Paris is in France.']).")
    mean = torch.stack(shares).mean(0)  # [place, layer, head]
    rows = pd.MultiIndex.from_product([range(mean.shape[1]), range(mean.shape[2])], names=["layer", "head"])
    return pd.DataFrame(mean.flatten(1).T.numpy(), index=rows, columns=list(PLACES))


def _divide_attention(reading: Reading, row: int) -> Iterator[Float[Tensor, "place layer head"]]:
    """For each query of a sentence, the attention of its heads to each place."""
    last = reading.lengths[row] - 1
    for query in range(2, last - 1):
        weights = reading.attention[row, :, :, query]  # [layer, head, key]
        near = [weights[..., key] for key in (query - 1, query, query + 1, 0, last)]
        yield torch.stack([*near, weights.sum(-1) - sum(near)])


def draw_heads(shares: pd.DataFrame) -> Picture:
    """One bar for each head, a row of them for each layer, in a colour for each place.

    Args:
        shares: as `summarise_heads` gives them.
    """
    layers, heads = (max(numbers) + 1 for numbers in zip(*shares.index, strict=True))
    width = (WIDTH - _LEFT - 12) / heads
    parts = [draw_text("head", _LEFT - 8, 22, role="muted", anchor="end")]
    parts += [
        draw_text(str(head), _LEFT + (head + 0.5) * width - _GAP / 2, 22, role="muted", anchor="middle")
        for head in range(heads)
    ]
    for layer in range(layers):
        top = _TOP + layer * _ROW
        parts.append(draw_text(f"layer {layer}", _LEFT - 8, top + 13, anchor="end"))
        for head in range(heads):
            parts += _draw_shares(shares.loc[(layer, head)], _LEFT + head * width, top, width - _GAP)
    marks = [Mark(name, colour) for name, colour in zip(PLACES, _COLOURS, strict=True)]
    bottom = _TOP + layers * _ROW
    legend, taken = draw_legend(marks, _LEFT, bottom, WIDTH - _LEFT)
    caption = "Where each head looks, as a share of its attention: the mean over the pieces of all sentences."
    svg = draw_picture([*parts, legend], WIDTH, bottom + taken + 6, title=caption, caption=caption)
    means = ", ".join(f"{place} {share:.2f}" for place, share in shares.mean().items())
    return Picture(svg, f"where each of {layers} × {heads} heads looks; on the average {means}.")


def _draw_shares(shares: pd.Series, x: float, top: float, width: float) -> list[str]:
    parts = []
    for colour, share in zip(_COLOURS, shares, strict=True):
        fill = f'fill="{colour}"' if colour.startswith("#") else f'class="{colour}"'
        length = width * max(0.0, float(share))
        parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{length:.1f}" height="{_BAR:g}" {fill}/>')
        x += length
    return parts


def make_random_sentences(bert: Bert, sentences: Sequence[str], *, seed: int = 0) -> list[str]:
    """Sentences of the same lengths, of random words that are one word piece each.

    Example:
        >>> from kgwb import load_bert
        >>> [sentence] = make_random_sentences(load_bert(), ["Paris is in France."])
        >>> len(sentence.split())
        4
    """
    random = np.random.default_rng(seed)
    words = sorted(piece for piece in bert.tokenizer.get_vocab() if piece.isascii() and piece.isalpha())
    return [" ".join(random.choice(words, len(sentence.split()))) for sentence in sentences]


def shuffle_positions(bert: Bert, *, seed: int = 0) -> Bert:
    """A copy whose position embeddings are permuted; its word embeddings are the same."""
    shuffled = copy.deepcopy(bert)
    model: Any = shuffled.model.base_model
    table = model.embeddings.position_embeddings.weight.data
    table[:] = table[torch.from_numpy(np.random.default_rng(seed).permutation(len(table)))]
    return shuffled


def classify_masks(bert: Bert, questions: Sequence[Question], *, neighbours: int = 5) -> pd.Series:
    """How many answers the hidden state of [MASK] gives without any head: nearest-neighbour classification by cosine.

    Args:
        bert: the model.
        questions: of one relation, each about another entity.
        neighbours: how many of the other questions vote, those with the most similar hidden states.

    Returns:
        The accuracy after each layer; last, that of always giving the most frequent answer.

    Raises:
        ValueError: if there are no more questions than neighbours.
    """
    if len(questions) <= neighbours:
        message = f"{len(questions)} questions came for votes of {neighbours} others."
        raise ValueError(f"{message} Expected more questions, or fewer: neighbours={max(1, len(questions) - 1)}.")
    reading = read(bert, [question.text for question in questions])
    vectors = [reading.hidden[row, :, tokens.index("[MASK]")] for row, tokens in enumerate(reading.tokens)]
    unit = normalize(torch.stack(vectors, 1), dim=-1)  # [layer, question, dim]
    itself = torch.eye(len(questions), dtype=torch.bool)  # has no vote: -2 is below every cosine
    cosines = (unit @ unit.mT).masked_fill(itself, -2)  # [layer, question, question]
    answers = torch.tensor([question.answer for question in questions])
    voted = answers[cosines.topk(neighbours).indices].mode().values  # [layer, question]
    right = (voted == answers).double().mean(1).tolist()
    shares = {f"layer {layer}": share for layer, share in enumerate(right)}
    often = float((answers == answers.mode().values).double().mean())
    return pd.Series({**shares, "the most frequent": often})


@torch.no_grad()
def measure_pieces(bert: Bert, sentence: Sentence) -> pd.DataFrame:
    """How much [MASK] attends to each other word piece, and how far its last hidden state moves without that piece.

    Args:
        bert: the model.
        sentence: with one [MASK].

    Returns:
        One row per other piece: the `piece` itself ("a name" within a mention), the `attention` it gets from [MASK], as
        the mean of all heads of all layers, and its `effect` ‖h' − h‖ / ‖h‖, where h' is the last hidden state of [MASK]
        with [UNK] in place of that piece.
    """
    whole = encode_sentences(bert, [sentence])
    count = whole.pieces.shape[1]
    blank = torch.eye(count, dtype=torch.bool)
    pieces = whole.pieces.expand(count, -1).masked_fill(blank, bert.tokenizer.unk_token_id)
    replaced = replace(encode_sentences(bert, [sentence] * count), pieces=pieces)
    reading = read(bert, sentence)
    mask = reading.tokens[0].index("[MASK]")
    before, after = reading.hidden[0, -1, mask], bert(replaced.to(bert.device)).last_hidden_state[:, mask].cpu()
    effects = (after - before).norm(dim=-1) / before.norm()
    names = np.where(whole.entities[0] >= 0, "a name", np.array(reading.tokens[0], dtype=object))
    columns = {"piece": names, "attention": reading.attention[0, :, :, mask].mean((0, 1)), "effect": effects}
    return pd.DataFrame(columns).drop(index=mask)


def check_join_pieces(join_pieces: Callable[[list[str]], list[str]]) -> Verdict:
    """Does it put words together again, without [CLS] and [SEP]?"""
    sentences = [
        [["ak", "##ish"], ["speaks"]],
        [["ou", "##aga", "##dou", "##go"], ["u"]],
        [["the"], ["sea"], ["and"], ["the"], ["is", "##le"]],
        [["vim"], ["[MASK]"], ["ak", "##ish"], ["."]],
        [["c"], ["#"], ["ru", "##ss", "##es"]],  # a text may hold the sign itself
    ]
    examples = []
    for words in sentences:
        pieces = ["[CLS]", *(piece for word in words for piece in word), "[SEP]"]
        examples.append(((pieces,), ["".join(piece.removeprefix("##") for piece in word) for word in words]))
    hint = "A piece that begins with ## belongs to the word before it."
    return check(join_pieces, examples, hint=hint, ordered=True)


def check_share_back(share_back: Callable[[torch.Tensor], float]) -> Verdict:
    """Does it average what each piece but the first gives to the piece before it?"""
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.25, 0.25, 0.5]])
    examples = [((weights,), 0.5), ((torch.eye(3),), 0.0), ((torch.full((4, 4), 0.25),), 0.25)]
    generator = torch.Generator().manual_seed(0)
    for count in (2, 3, 4, 5):
        square = torch.randn(count, count, generator=generator).mul(2).softmax(-1).double().round(decimals=2)
        back = [square[query, query - 1].item() for query in range(1, count)]
        examples.append(((square,), sum(back) / len(back)))
    hint = "weights[query, key]: the key before query 1 is 0. weights.diagonal(-1) runs just below the main diagonal."
    return check(share_back, examples, hint=hint)
