"""From what a path network knows of an entity to its score as the answer."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from kgwb.axes import Bool, Float, Tensor
from kgwb.embed.path_networks.fact_edges import MessagePlan, number_rows
from kgwb.embed.path_networks.messages import move_rows
from kgwb.embed.path_networks.path_layer import start_linear


class AnswerScore(nn.Module):
    """score = w · relu(A h_v + B q + C x_v + b) + c, with h_v zero where no walk reaches v.

    Args:
        dim: numbers per state, query and surroundings.
        surroundings: whether there are vectors x of what entities look like.
        generator: where the random start comes from.
    """

    def __init__(self, dim: int, *, surroundings: bool, generator: torch.Generator) -> None:
        super().__init__()
        width = (3 if surroundings else 2) * dim
        self.query = start_linear(dim, 2 * dim, generator, fan=width)
        self.state = start_linear(dim, 2 * dim, generator, fan=width, bias=False)
        self.look = start_linear(dim, 2 * dim, generator, fan=width, bias=False) if surroundings else None
        self.score = start_linear(2 * dim, 1, generator)

    def forward(
        self,
        states: Float[Tensor, "row dim"],
        queries: Float[Tensor, "query dim"],
        looks: Float[Tensor, "entity dim"],
        plan: MessagePlan,
        wanted: Bool[Tensor, "query entity"] | None,
    ) -> Float[Tensor, "query entity"]:
        """The scores; those that are not wanted are zero.

        Args:
            states: of what has been reached.
            queries: the vector of each query.
            looks: what each entity looks like; not read where this was made without.
            plan: of the last layer.
            wanted: which scores are needed; all where it is left out.
        """
        asked, shape = self.query(queries), (len(queries), len(looks))  # [query, hidden]
        look = None if self.look is None else self.look(looks)  # [entity, hidden]
        if wanted is None:
            cells = torch.arange(shape[0] * shape[1], device=states.device)
            hidden = asked[:, None].expand(*shape, -1) if look is None else asked[:, None] + look
            hidden = hidden.flatten(0, 1)  # [cell, hidden]
        else:
            cells = wanted.flatten().nonzero()[:, 0]
            hidden = asked.index_select(0, cells // shape[1])
            hidden = hidden if look is None else hidden + look.index_select(0, cells % shape[1])
        rows, places = (number_rows(of, shape[0] * shape[1]) for of in (plan.rows, cells))
        hidden = hidden + move_rows(self.state(states), rows[cells], places[plan.rows])
        scores = self.score(functional.relu(hidden))[:, 0]
        return scores.new_zeros(shape[0] * shape[1]).index_put((cells,), scores).view(shape)
