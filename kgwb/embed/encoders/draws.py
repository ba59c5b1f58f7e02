"""Random numbers for layers: the same ones again when training stops and goes on."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.axes import Tensor


class Draws(nn.Module):
    """A generator per draw, from a seed and the number of draws so far; the number is saved with the weights.

    Example:
        >>> once, again = Draws(seed=1), Draws(seed=1)
        >>> bool((once.keep(torch.zeros(9), share=0.5) == again.keep(torch.zeros(9), share=0.5)).all())
        True
    """

    count: Tensor

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        self.seed = seed
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def keep(self, like: Tensor, *, share: int | float) -> Tensor:
        """1/share for what is kept and 0 for the rest, at random, so that sums stay what they were on average."""
        return torch.empty_like(like).bernoulli_(share, generator=self._next(like.device)) / share

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape of `like`."""
        return torch.empty_like(like).normal_(generator=self._next(like.device))

    def _next(self, device: torch.device) -> torch.Generator:
        self.count += 1
        return torch.Generator(device).manual_seed((self.seed * 1_000_003 + int(self.count)) % 2**31)
