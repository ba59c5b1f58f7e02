"""Prototypes: the mean of a label's few examples, as a linear head."""

from __future__ import annotations

import torch

from kgwb.axes import Float, Tensor


def place_prototypes(
    states: Float[Tensor, "*episode way shot width"], scale: float
) -> tuple[Float[Tensor, "*episode way width"], Float[Tensor, "*episode way"]]:
    """The linear head whose logits are −scale · ‖x − c‖², c the mean of a label's states, but for a term that all labels share.

    −s‖x − c‖² = 2s c·x − s‖c‖² − s‖x‖², so w = 2s c, b = −s‖c‖² (Snell et al., 2017, section 2.4); as the start of
    a head that then learns it is that of Triantafillou et al. (2020, "Meta-Dataset", "Proto-MAML").

    Args:
        states: of each label's examples.
        scale: s.

    Returns:
        Weight and bias of each label.
    """
    means = states.mean(-2)  # [..., way, width]
    return 2 * scale * means, -scale * means.square().sum(-1)


def score_states(
    states: Float[Tensor, "*episode way text width"],
    weight: Float[Tensor, "*episode label width"],
    bias: Float[Tensor, "*episode label"],
) -> Float[Tensor, "*episode way text label"]:
    """The logits of a linear head, of each text of each label."""
    flat = states.flatten(-3, -2)  # [..., way · text, width]
    # Square distances are differences of large numbers: bfloat16, which tuning may choose for matmuls, would lose them.
    with torch.autocast(states.device.type, enabled=False):
        return (flat @ weight.mT + bias[..., None, :]).unflatten(-2, states.shape[-3:-1])
