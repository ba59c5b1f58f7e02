"""For notebook 05: what it measures and draws, and checks on examples worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import torch

from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.heads import deal_places as deal_places
from kgwb.lessons.heads import deal_words as deal_words
from kgwb.lessons.heads import draw_heads as draw_heads
from kgwb.lessons.heads import summarise_heads as summarise_heads
from kgwb.lessons.masks import read_off_masks as read_off_masks
from kgwb.lessons.masks import weigh_pieces as weigh_pieces
from kgwb.lessons.senses import compare_senses as compare_senses
from kgwb.lessons.senses import list_uses as list_uses


def check_join_pieces(join_pieces: Callable[[list[str]], list[str]]) -> Verdict:
    """Does it put words together again, without [CLS] and [SEP]?"""
    examples = [
        ((["[CLS]", "ak", "##ish", "speaks", "[SEP]"],), ["akish", "speaks"]),
        ((["[CLS]", "ou", "##aga", "##dou", "##go", "u", "[SEP]"],), ["ouagadougo", "u"]),
    ]
    return check(join_pieces, examples, hint="A piece that begins with ## belongs to the word before it.")


def check_find_parting(find_parting: Callable[[torch.Tensor, torch.Tensor], int]) -> Verdict:
    """Does it find the layer at which two vectors differ most in direction, whatever their lengths?"""
    one = torch.tensor([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    examples = [
        ((one, torch.tensor([[9.0, 0.0], [1.0, -1.0], [1.0, 2.0]])), 1),
        ((one, torch.tensor([[1.0, 0.0], [3.0, 4.0], [-0.5, -1.0]])), 2),
    ]
    hint = "torch.cosine_similarity(one, other, dim=1) has a number for each layer; the least alike have the smallest."
    return check(find_parting, examples, hint=hint)


def check_share_back(share_back: Callable[[torch.Tensor], float]) -> Verdict:
    """Does it average what each piece but the first gives to the piece before it?"""
    weights = torch.tensor([[1.0, 0.0, 0.0], [0.75, 0.25, 0.0], [0.25, 0.25, 0.5]])
    examples = [((weights,), 0.5), ((torch.eye(3),), 0.0), ((torch.full((4, 4), 0.25),), 0.25)]
    hint = "weights[query, key]: the key before query 1 is 0. weights.diagonal(-1) runs just below the main diagonal."
    return check(share_back, examples, hint=hint)
