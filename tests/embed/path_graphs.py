"""Small graphs for path networks, and the network written down edge by edge."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd
import torch
from torch.nn import functional

from kgwb.embed import PathNetwork
from kgwb.embed.path_networks.path_layer import PathLayer
from kgwb.graph import KnowledgeGraph


def make_graph(rows: list[tuple[str, str, str]], name: str = "graph") -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]), name=name)


def make_families(names: str, *, hidden: int = 0) -> KnowledgeGraph:
    """Children, parents and grandparents; the last `hidden` of the grandparents are left out."""
    rows = []
    for name in names:
        rows += [(f"{name} child {i}", "child of", f"{name} parent {i // 2}") for i in range(6)]
        rows += [(f"{name} parent {i}", "offspring of", f"{name} elder {i % 2}") for i in range(3)]
    grand = [(f"{name} child {i}", "grandchild of", f"{name} elder {i // 2 % 2}") for name in names for i in range(6)]
    return make_graph(rows + grand[: len(grand) - hidden])


def _gather_naively(layer: PathLayer, messages: torch.Tensor, usual: torch.Tensor) -> torch.Tensor:
    if layer.gathering == "sum":
        return layer.gathered.weight @ messages.sum(0)
    mean, size = messages.mean(0), torch.tensor(len(messages) + 1.0, dtype=torch.float64).log() / usual
    spread = (messages.square().mean(0) - mean**2).clamp(min=1e-6).sqrt()
    four = torch.cat([mean, messages.max(0).values, messages.min(0).values, spread])
    plain, times, divided = (layer.gathered.weight @ four).chunk(3)
    return plain + size * times + divided / size


def pass_naively(
    network: PathNetwork,
    layers: Iterable[PathLayer],
    query: torch.Tensor,
    states: list[torch.Tensor],
    known: int | None,
    closed: Collection[int],
) -> list[torch.Tensor]:
    """The states after some layers, by a loop over entities and edges; without a known one, all are reached."""
    edges, nothing = network.edges, torch.zeros_like(query)
    reached = set(range(len(states))) if known is None else {known}
    for layer in layers:
        factors = layer.find_factors(query[None], network.steps)[0]
        inbox: dict[int, list[torch.Tensor]] = {entity: [] for entity in range(len(states))}
        passes = zip(edges.start.tolist(), edges.step.tolist(), edges.end.tolist(), strict=True)
        for edge, (start, along, end) in enumerate(passes):
            if start in reached and edge not in closed:
                inbox[end].append(states[start] * factors[along])
        reached = reached | {entity for entity in inbox if inbox[entity]}
        later = [nothing] * len(states)
        for entity in reached:
            messages = torch.stack([*inbox[entity], query if entity == known else nothing])
            made = layer.own(states[entity]) + _gather_naively(layer, messages, network.usual)
            normed = functional.layer_norm(made, made.shape, layer.norm.weight, layer.norm.bias)
            later[entity] = states[entity] + normed.relu()
        states = later
    return states


def score_naively(network: PathNetwork, known: int, step: int, closed: Collection[int] = ()) -> torch.Tensor:
    """The score of every entity, by a loop over entities and edges."""
    count, query, start = len(network.graph.entities), network.queries[network.steps[step]], network.surroundings.start
    states = [query if entity == known else torch.zeros_like(query) for entity in range(count)]
    states = pass_naively(network, network.layers, query, states, known, closed)
    looks = pass_naively(network, network.surroundings.layers, start, [start] * count, None, closed)
    hidden = network.answer.state(torch.stack(states)) + network.answer.query(query)
    if network.answer.look is not None:
        hidden = hidden + network.answer.look(torch.stack(looks))
    return network.answer.score(hidden.relu())[:, 0]
