"""What the vector of [MASK] holds, and which word pieces it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import normalize

from kgwb.bert import Bert, encode_sentences, read
from kgwb.graph import Sentence
from kgwb.learn import Question


def read_off_masks(bert: Bert, questions: Sequence[Question], *, neighbours: int = 5) -> pd.Series:
    """How many answers can be read off the vector of [MASK] without any head: the nearest other questions vote.

    Args:
        bert: who reads.
        questions: of one relation, each about another entity.
        neighbours: how many of the other questions vote, those with the most similar vectors.

    Returns:
        The share of right answers after each layer; last, what comes of always giving the most frequent answer.

    Raises:
        ValueError: if there are no more questions than neighbours.
    """
    if len(questions) <= neighbours:
        message = f"{len(questions)} questions came for votes of {neighbours} others."
        raise ValueError(f"{message} Expected more questions, or fewer: neighbours={max(1, len(questions) - 1)}.")
    reading = read(bert, [question.text for question in questions])
    vectors = [reading.hidden[row, :, tokens.index("[MASK]")] for row, tokens in enumerate(reading.tokens)]
    unit = normalize(torch.stack(vectors, 1), dim=-1)  # [layer, question, dim]
    cosines = (unit @ unit.mT).masked_fill(torch.eye(len(questions), dtype=torch.bool), -2)
    answers = torch.tensor([question.answer for question in questions])
    voted = answers[cosines.topk(neighbours).indices].mode().values  # [layer, question]
    right = (voted == answers).double().mean(1).tolist()
    shares = {f"layer {layer}": share for layer, share in enumerate(right)}
    often = float((answers == answers.mode().values).double().mean())
    return pd.Series({**shares, "the most frequent": often})


@torch.no_grad()
def weigh_pieces(bert: Bert, sentence: Sentence) -> pd.DataFrame:
    """How much [MASK] looks at each other word piece, and how far its last vector moves when that piece is left out.

    Args:
        bert: who reads.
        sentence: with one [MASK].

    Returns:
        One row per other piece: the `piece` itself ("a name" within a mention), the `attention` it gets from [MASK], as
        the mean of all heads of all layers, and its `effect` ‖h' − h‖ / ‖h‖, where h' is the last vector of [MASK] with
        [UNK] in the place of that piece.
    """
    whole = encode_sentences(bert, [sentence])
    count = whole.pieces.shape[1]
    blank = torch.eye(count, dtype=torch.bool)
    pieces = whole.pieces.expand(count, -1).masked_fill(blank, bert.tokenizer.unk_token_id)
    holed = replace(encode_sentences(bert, [sentence] * count), pieces=pieces)
    reading = read(bert, sentence)
    mask = reading.tokens[0].index("[MASK]")
    before, after = reading.hidden[0, -1, mask], bert(holed.to(bert.device)).last_hidden_state[:, mask].cpu()
    effects = (after - before).norm(dim=-1) / before.norm()
    names = np.where(whole.entities[0] >= 0, "a name", np.array(reading.tokens[0], dtype=object))
    columns = {"piece": names, "attention": reading.attention[0, :, :, mask].mean((0, 1)), "effect": effects}
    return pd.DataFrame(columns).drop(index=mask)
