"""How relations are said, as hidden states, and how well a sentence says one."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import normalize, one_hot

from kgwb.axes import Bool, Float, Int, Tensor

# Two sentences that match so well are in the same wording; their names alone differ.
SAME = 0.999


@dataclass(frozen=True, eq=False)
class SaidRelations:
    """Texts that say relations, by the hidden states of their word pieces.

    Attributes:
        states: of the pieces of all texts, of length one, [piece, width].
        texts: the text of each piece, [piece].
        relations: which relation each text says, [text].
        is_label: whether the text is the relation's own name, and no sentence, [text].
    """

    states: Float[Tensor, "piece width"]
    texts: Int[Tensor, " piece"]
    relations: Int[Tensor, " text"]
    is_label: Bool[Tensor, " text"]


def gather_said(
    hidden: Float[Tensor, "text token width"],
    taken: Bool[Tensor, "text token"],
    relations: Int[Tensor, " text"],
    *,
    are_labels: bool,
) -> SaidRelations:
    """The word pieces taken from each text."""
    states = normalize(hidden[taken].float(), dim=-1)
    return SaidRelations(states, taken.nonzero()[:, 0], relations, torch.full_like(relations, are_labels).bool())


def leave_out_known(
    hidden: Float[Tensor, "sentence token width"],
    read: Bool[Tensor, "sentence token"],
    relations: Int[Tensor, " sentence"],
    said: SaidRelations,
) -> Bool[Tensor, " sentence"]:
    """Which sentences say their relation in no wording that is there already."""
    match, _ = match_texts(hidden, read, said)
    same = (match > SAME) & (said.relations == relations[:, None]) & ~said.is_label
    return ~same.any(1)


def join_said(first: SaidRelations, second: SaidRelations) -> SaidRelations:
    """The texts of both."""
    return SaidRelations(
        torch.cat([first.states, second.states]),
        torch.cat([first.texts, second.texts + len(first.relations)]),
        torch.cat([first.relations, second.relations]),
        torch.cat([first.is_label, second.is_label]),
    )


def match_texts(
    hidden: Float[Tensor, "sentence token width"], read: Bool[Tensor, "sentence token"], said: SaidRelations
) -> tuple[Float[Tensor, "sentence text"], Int[Tensor, "sentence piece"]]:
    """How well each sentence says what each text says, and where.

    match = mean over the text's pieces p of max over the sentence's pieces t of cos(p, t), the late interaction of
    Khattab and Zaharia, 2020 (ColBERT), over the pieces of one text.

    Args:
        hidden: the states of the sentences.
        read: the pieces that may be compared: neither names nor marks.
        said: the texts.

    Returns:
        (match, the token of the sentence that is nearest to each piece); −1 where nothing may be compared.
    """
    likeness = torch.matmul(normalize(hidden.to(said.states.dtype), dim=-1), said.states.T)  # [sentence, token, piece]
    best, places = likeness.masked_fill(~read[..., None], -1.0).max(1)  # [sentence, piece]
    belongs = one_hot(said.texts, len(said.relations)).to(best.dtype)  # [piece, text]
    return best @ (belongs / belongs.sum(0).clamp_min(1)), places
