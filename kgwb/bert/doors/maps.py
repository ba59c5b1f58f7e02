"""Linear maps with first weights of their own."""

from __future__ import annotations

import torch
from torch import nn


def make_map(
    inputs: int, outputs: int, loudness: float, draw: torch.Generator, dtype: torch.dtype = torch.float32
) -> nn.Linear:
    """A linear map that makes vectors of length one about `loudness` long, drawn from a stream of its own."""
    # skip_init: the default first weights would draw from, and so move, the caller's random numbers.
    made = nn.utils.skip_init(nn.Linear, inputs, outputs, bias=False, dtype=dtype)
    weight = torch.randn(outputs, inputs, generator=draw, dtype=dtype) / outputs**0.5
    made.weight = nn.Parameter(weight * loudness)
    return made


def map_at(maps: nn.ModuleList, number: int) -> nn.Linear:
    """One map of a list."""
    found = maps[number]
    assert isinstance(found, nn.Linear)
    return found
