"""Noise on word vectors: found by an adversary, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Encoding
from kgwb.bert.disturbing import disturb_words

Loss: TypeAlias = Callable[[Bert], Float[Tensor, ""]]
# One tensor for each pass that a loss takes, in their order: [sentence, token, width].
Noise: TypeAlias = list[Tensor]


class WordNoise:
    """A disturbance that adds its next tensor to the word vectors of each pass, and begins with zeros.

    Args:
        tensors: of each pass to come, what is added; without, zeros, of which a gradient can be asked for.
    """

    def __init__(self, tensors: Sequence[Tensor] | None = None) -> None:
        self.given = tensors
        self.added: Noise = []
        self.is_token: Noise = []

    def __call__(self, words: Float[Tensor, "sentence token width"], encoding: Encoding) -> Tensor:
        added = torch.zeros_like(words) if self.given is None else self.given[len(self.added)].to(words.dtype)
        added = added.detach().requires_grad_()
        self.added.append(added)
        self.is_token.append(encoding.is_token[..., None].to(words.device))
        return words + added


def differentiate_noise(
    loss: Loss, bert: Bert, noise: Noise | None, trained: Sequence[nn.Parameter] = ()
) -> tuple[Float[Tensor, ""], list[Tensor | None], WordNoise, Noise]:
    """The loss under some noise, its gradient for trained parameters, the noise as it was added, and the gradient for it."""
    adding = WordNoise(noise)
    value = loss(disturb_words(bert, adding))
    found = torch.autograd.grad(value, [*trained, *adding.added], allow_unused=True)
    of_noise = [
        torch.zeros_like(added) if each is None else each
        for each, added in zip(found[len(trained) :], adding.added, strict=True)
    ]
    return value.detach(), list(found[: len(trained)]), adding, of_noise


def climb(noise: WordNoise, gradients: Noise, *, step: float, size: float) -> Noise:
    """One step of projected gradient ascent: along each word's gradient, and back into the ball around it.

    r_t ← Π(r_t + step·g_t / ‖g_t‖), where Π shortens what is longer than `size` (Madry et al., 2018, "Towards deep learning
    models resistant to adversarial attacks"); from r = 0 with step = size it is the fast gradient method (Miyato et al.,
    2017, "Adversarial training methods for semi-supervised text classification"), with a norm for each word piece.

    Args:
        noise: as it was added.
        gradients: of the loss, for it.
        step: how far a step goes.
        size: how long the noise of a word piece may be.
    """
    moved = []
    for added, gradient, is_token in zip(noise.added, gradients, noise.is_token, strict=True):
        length = gradient.norm(dim=-1, keepdim=True)  # [sentence, token, 1]
        up = added.detach() + step * torch.where(length > 0, gradient / length.clamp_min(1e-30), 0)
        moved.append(limit_length(up, size) * is_token)
    return moved


def draw_noise(is_token: Noise, bert: Bert, *, size: float, generator: torch.Generator) -> Noise:
    """Random directions, of one length for every word piece.

    Args:
        is_token: of each pass, where there are word pieces, [sentence, token, 1].
        bert: whose word vectors are disturbed.
        size: the length.
        generator: for the directions.
    """
    found = []
    for there in is_token:
        drawn = torch.randn(*there.shape[:2], bert.words.embedding_dim, generator=generator)
        found.append((drawn / drawn.norm(dim=-1, keepdim=True) * size).to(bert.words.weight) * there)
    return found


def limit_length(noise: Float[Tensor, "... width"], size: float) -> Float[Tensor, "... width"]:
    """The same directions, none longer than `size`."""
    length = noise.norm(dim=-1, keepdim=True)
    return noise * (size / length.clamp_min(1e-30)).clamp_max(1)


def measure_word(bert: Bert) -> float:
    """The mean length of a word vector, in which sizes of noise are counted."""
    return float(bert.words.weight.detach().norm(dim=1).mean())


def find_noise(loss: Loss, bert: Bert, *, size: float, steps: int, rate: float) -> Noise:
    """The noise that an adversary finds against a loss.

    Args:
        loss: what it makes large.
        bert: the model, which is left as it is.
        size: how long the noise of a word piece may be, in mean lengths of a word vector.
        steps: of gradient ascent, at least 1.
        rate: how far a step goes, in sizes.
    """
    unit = size * measure_word(bert)
    noise: Noise | None = None
    for _ in range(steps):
        _, _, adding, gradients = differentiate_noise(loss, bert, noise)
        noise = climb(adding, gradients, step=rate * unit, size=unit)
    assert noise is not None
    return noise
