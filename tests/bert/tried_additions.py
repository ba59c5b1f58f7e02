"""Every addition, in the forms it can take: what holds for one must hold for all."""

from __future__ import annotations

import torch

from kgwb.bert import Adapter, Addition, Bert, Experts, LoRA, Prefix

ADDITIONS: dict[str, Addition] = {
    "lora": LoRA(),
    "lora, everywhere": LoRA(4, 8, targets=("query", "key", "value", "output", "up", "down"), seed=1),
    "adapter": Adapter(),
    "prefix": Prefix(),
    "prefix of one": Prefix(length=1),
    "experts": Experts(),
}


def open_up(bert: Bert, seed: int = 0) -> Bert:
    """The model with every added weight elsewhere than at its start, as if it had been trained."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in bert.additions.parameters():
            draw = torch.randn(parameter.shape, generator=generator).to(parameter)
            parameter.add_(0.2 + 0.1 * draw if parameter.ndim == 1 else 0.1 * draw)
    return bert
