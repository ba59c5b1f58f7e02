"""Small graphs for path networks, and the network written down edge by edge."""

from __future__ import annotations

import pandas as pd
import torch
from torch.nn import functional

from kgwb.embed import PathNetwork
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


def score_naively(network: PathNetwork, known: int, step: int, closed: frozenset[int] = frozenset()) -> torch.Tensor:
    """The score of every entity, by a loop over entities and edges."""
    edges, count, dim = network.edges, len(network.graph.entities), network.dim
    query = network.queries[network.steps[step]]
    nothing, reached = torch.zeros_like(query), {known}
    states = [query if entity == known else nothing for entity in range(count)]
    for layer in network.layers:
        factors = layer.find_factors(query[None], network.steps)[0]
        inbox: dict[int, list[torch.Tensor]] = {entity: [] for entity in range(count)}
        passes = zip(edges.start.tolist(), edges.step.tolist(), edges.end.tolist(), strict=True)
        for edge, (start, along, end) in enumerate(passes):
            if start in reached and edge not in closed:
                inbox[end].append(states[start] * factors[along])
        reached = reached | {entity for entity in inbox if inbox[entity]}
        later = [nothing] * count
        for entity in reached:
            messages = torch.stack([*inbox[entity], query if entity == known else nothing])
            if network.gathering == "sum":
                made = layer.gathered.weight @ messages.sum(0)
            else:
                mean, size = messages.mean(0), torch.tensor(len(messages) + 1.0).log() / network.usual
                spread = (messages.square().mean(0) - mean**2).clamp(min=1e-6).sqrt()
                four = torch.cat([mean, messages.max(0).values, messages.min(0).values, spread])
                plain, times, divided = (layer.gathered.weight @ four).chunk(3)
                made = plain + size * times + divided / size
            own = layer.own.weight @ states[entity] + layer.own.bias
            made = functional.layer_norm(own + made, (dim,), layer.norm.weight, layer.norm.bias)
            later[entity] = states[entity] + made.relu()
        states = later
    hidden = torch.stack(states) @ network.from_state.weight.T + network.from_query(query)
    return network.to_score(hidden.relu())[:, 0]
