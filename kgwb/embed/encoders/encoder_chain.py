"""Encoders one after the other."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.embed.encoders.shapes import expect_encoder


class EncoderChain(nn.Module):
    """Each encoder is given what the one before it made: two convolutions hear from neighbours' neighbours.

    Args:
        encoders: any number of them, the first one first.

    Raises:
        TypeError: one is no encoder, or a class instead of an instance.

    Example:
        >>> from kgwb.embed.encoders.affine_encoder import AffineEncoder
        >>> chain = EncoderChain(AffineEncoder(dim=2), AffineEncoder(dim=2))
        >>> chain(torch.ones(1, 2), torch.ones(1, 2))[0].tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, *encoders: nn.Module) -> None:
        super().__init__()
        for encoder in encoders:
            expect_encoder(encoder)
        self.encoders = nn.ModuleList(encoders)

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        for encoder in self.encoders:
            entities, relations = encoder(entities, relations)
        return entities, relations

    def penalty(self) -> Float[Tensor, ""]:
        """The penalties of those that have one, together."""
        asked = [getattr(encoder, "penalty", None) for encoder in self.encoders]
        penalties = [penalty() for penalty in asked if penalty is not None]
        return torch.stack(penalties).sum() if penalties else torch.zeros((), requires_grad=True)
