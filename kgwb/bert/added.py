"""What stands in a BERT that has been extended: the layers that were added, and which weights are still its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from torch import nn

from kgwb.axes import Tensor
from kgwb.fingerprints import show_value
from kgwb.words import count_things


class Added(nn.Module):
    """The layers of one addition; each also stands in BERT, at the place where it acts.

    Attributes:
        recipe: the `Addition` that made them.
        layers: in the order of BERT's layers.

    Args:
        recipe: see above.
        layers: see above.
    """

    def __init__(self, recipe: Any, layers: nn.ModuleList) -> None:
        super().__init__()
        self.recipe = recipe
        self.layers = layers

    @property
    def options(self) -> dict[str, Any]:
        """All that the recipe says, for JSON."""
        return {name: show_value(value) for name, value in asdict(self.recipe).items()}

    def __repr__(self) -> str:
        return f"{self.recipe!r}, {count_things(sum(each.numel() for each in self.parameters()), 'parameter')}"


def list_added(additions: nn.ModuleDict) -> dict[str, Added]:
    """The additions of a BERT by name, in the order in which they came."""
    return {name: added for name, added in additions.items() if isinstance(added, Added)}


def list_base_weights(model: nn.Module, additions: nn.ModuleDict) -> dict[str, Tensor]:
    """The weights of Hugging Face's model under its own names, without what was added to it."""
    added = {id(tensor) for tensor in additions.state_dict(keep_vars=True).values()}
    # peft puts the map that it adapts one level down.
    return {
        name.replace(".base_layer.", "."): tensor.detach()
        for name, tensor in model.state_dict(keep_vars=True).items()
        if id(tensor) not in added
    }
