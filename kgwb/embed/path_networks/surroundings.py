"""What an entity looks like by the facts around it, whatever is asked: all that is known of one that no path reaches."""

from __future__ import annotations

import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.path_networks.fact_edges import FactEdges, plan_everywhere
from kgwb.embed.path_networks.messages import Passing
from kgwb.embed.path_networks.path_layer import Gathering, PathLayer


class Surroundings(nn.Module):
    """A vector per entity from the relations of its facts, and of its neighbours' facts; no entity has one of its own.

    Every entity starts with one and the same vector; then messages pass as in the layers of a path network (`PathLayer`),
    with that vector as the query. Two entities with the same facts around them look the same.

    Args:
        steps: relations, and as many inverses.
        dim: numbers per entity.
        layers: how many facts away is still seen.
        gathering: "pna" or "sum".
        generator: where the random start comes from.
    """

    def __init__(self, steps: int, dim: int, layers: int, gathering: Gathering, generator: torch.Generator) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.empty(dim).normal_(generator=generator))
        self.layers = nn.ModuleList(PathLayer(steps, dim, gathering, generator) for _ in range(layers))

    def forward(
        self,
        edges: FactEdges,
        steps: Int[Tensor, " step"],
        *,
        removed: Int[Tensor, " removed"],
        usual: Float[Tensor, ""],
    ) -> Float[Tensor, "entity dim"]:
        """The vectors, as they are without some edges.

        Args:
            edges: the facts.
            steps: which of the steps of these weights each step of the facts is.
            removed: the edges that carry nothing.
            usual: see `PathLayer`.
        """
        plan = plan_everywhere(edges, removed)
        passing = Passing(plan, edges, torch.zeros_like(edges.start[:1]))
        states = self.start.expand(edges.entities, -1)
        for layer in self.layers:
            assert isinstance(layer, PathLayer)  # so mypy knows it too
            states = layer(
                states,
                layer.find_factors(self.start[None], steps),
                passing,
                boundary=states[:0],
                strength=states.new_ones(len(plan.edge)),
                usual=usual,
            )
        return states
