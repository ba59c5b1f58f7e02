"""v = W h + b: the smallest encoder, and with RESCAL a whole model that fits on a slide."""

from __future__ import annotations

import math

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least
from kgwb.embed.encoders.encoder import expect_vectors
from kgwb.memory import within_memory


class AffineEncoder(nn.Module):
    """Every entity's vector through one matrix and one shift, the same for all.

    v = W h + b, with W = 1 and b = 0 at the start. Picture: all entities are seen through the same pair of glasses.

    The small bilinear model is this encoder with `RESCAL()` and `loss="logistic"`:
    - v = W h + b is the encoder;
    - relation(v, v′) = W_R v v′ + b is RESCAL's vᵀ W_R v′. The number b that is added needs no code: v holds the constant
      b, so vᵀ W_R v′ holds the constant bᵀ W_R b, one for each relation;
    - −log σ(vᵀ v′) is the logistic loss of a true triple, with W_R between the two. Alone it is zero for vectors that
      are long enough, true or not, so the logistic loss also asks −log σ(−vᵀ W_R v′) of sampled negatives.

    Args:
        dim: as of the embedding.

    Raises:
        ValueError: `dim` is no number of axes.

    Example:
        >>> entities, relations = AffineEncoder(dim=2)(torch.tensor([[3.0, 4.0]]), torch.zeros(1, 4))
        >>> entities.tolist()
        [[3.0, 4.0]]
    """

    def __init__(self, *, dim: int = 128) -> None:
        super().__init__()
        expect_at_least("dim", dim, 1, whole=True)
        self.dim = dim
        with within_memory(f"dim={dim}", usual="dim=128"):
            self.change = nn.Parameter(torch.zeros(dim, dim))
            self.shift = nn.Parameter(torch.zeros(dim))

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        expect_vectors(self, entities, dim=self.dim, count=None)
        small = 1 / math.sqrt(self.dim)  # so that a step of the optimizer is small beside what it changes
        return entities + (entities @ self.change + self.shift) * small, relations

    def extra_repr(self) -> str:
        return f"dim={self.dim}"
