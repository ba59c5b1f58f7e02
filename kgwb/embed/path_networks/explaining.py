"""Why a path network gives an answer its score: the paths whose facts the score depends on most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_kind, expect_number
from kgwb.embed.path_networks.fact_edges import FactEdges, MessagePlan, plan_layers
from kgwb.embed.path_networks.network import PathNetwork
from kgwb.graph.knowledge_graph import KnowledgeGraph

_BEAM = 20  # partial paths kept for each entity and layer, and for each path asked for


@dataclass(frozen=True)
class _Walk:
    """Where a path has been: entities, one more than the edges between them."""

    entities: tuple[int, ...]
    edges: tuple[int, ...]
    weight: int | float


def explain_answer(
    network: PathNetwork,
    head: str | int | np.integer,
    relation: str | int | np.integer,
    tail: str | int | np.integer,
    *,
    k: int = 5,
) -> pd.DataFrame:
    """The paths from the head to the tail that the score of the tail depends on most.

    Each message has a strength of one; the gradient of the score by it says how much the score rises with it. A path's
    weight is the sum over its messages, one in each of some successive layers (Zhu et al., 2021, section 4.4, find paths
    in this way); it is the first-order change of the score, not what the score loses without them. The fact asked about
    carries no message here, as in training.

    Args:
        network: of the graph in which the paths are looked for.
        head: an entity by name, label or id.
        relation: a relation by name, label or id.
        tail: an entity by name, label or id.
        k: how many paths.

    Returns:
        Highest weight first, with the columns weight, path (in words) and facts (a tuple of triples as ids).

    Raises:
        TypeError: no path network came.
        UnknownNameError: names the three nearest labels.

    Example:
        >>> facts = pd.DataFrame([["Ada", "child of", "Bo"], ["Bo", "child of", "Cy"]], columns=["head", "relation", "tail"])
        >>> network = PathNetwork(KnowledgeGraph.from_pandas(facts), dim=8, layers=2)
        >>> explain_answer(network, head="Ada", relation="child of", tail="Cy")["path"].tolist()
        ['Ada — child of → Bo — child of → Cy']
    """
    expect_kind(network, PathNetwork, "A path network", call="explain_answer(network, head=0, relation=0, tail=1)")
    expect_number("k", k, usual=5, least=1, whole=True)
    graph, edges = network.graph, network.edges
    start, step, end = graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail)
    asked = np.array([[start, step, end]])
    hidden = edges.find(asked)[0] if (network.facts == asked).all(1).any() else np.empty(0, dtype=np.int64)
    known, options = torch.tensor([start], device=network.device), _limit(network, end, hidden)
    plans = plan_layers(edges, known, layers=len(network.layers), **options)
    gradients = _find_gradients(network, known, step, end, plans, options)
    return _tabulate(graph, edges, _search(edges, plans, gradients, start, end, k))


def _limit(network: PathNetwork, end: int, hidden: np.ndarray) -> dict[str, Tensor]:
    wanted = torch.zeros(1, len(network.graph.entities), dtype=torch.bool, device=network.device)
    wanted[0, end] = True
    removed = torch.from_numpy(np.stack([np.zeros_like(hidden), hidden], axis=1)).to(network.device)
    return {"wanted": wanted, "removed": removed}


def _find_gradients(
    network: PathNetwork, known: Tensor, step: int, end: int, plans: list[MessagePlan], options: dict[str, Tensor]
) -> list[Float[Tensor, " message"]]:
    """How much the score rises with the strength of each message of each layer."""
    with torch.enable_grad():
        strengths = [network.queries.new_ones(len(plan.edge)).requires_grad_() for plan in plans]
        asked = torch.tensor([step], device=network.device)
        looks = network.find_looks(options["removed"][:, 1])
        score = network.score_block(
            known, asked, looks=looks, strengths=strengths, removed=options["removed"], wanted=options["wanted"]
        )[0, end]
        found = torch.autograd.grad(score, strengths, allow_unused=True)
    return [torch.zeros_like(one) if each is None else each for one, each in zip(strengths, found, strict=True)]


def _search(
    edges: FactEdges, plans: list[MessagePlan], gradients: list[Tensor], start: int, end: int, k: int
) -> list[_Walk]:
    """The best walks without a circle, layer by layer; a walk may begin late, and wait."""
    begin = _Walk((start,), (), 0.0)
    walks: dict[int, list[_Walk]] = {start: [begin]}
    ends = edges.end.tolist()
    for plan, gradient in zip(plans, gradients, strict=True):
        longer: dict[int, list[_Walk]] = {entity: list(some) for entity, some in walks.items()}
        starts = edges.start[plan.edge].tolist()
        for edge, source, weight in zip(plan.edge.tolist(), starts, gradient.tolist(), strict=True):
            target = ends[edge]
            for walk in walks.get(source, ()):
                if target not in walk.entities:
                    grown = _Walk((*walk.entities, target), (*walk.edges, edge), walk.weight + weight)
                    longer.setdefault(target, []).append(grown)
        walks = {entity: _keep_best(some, _BEAM * k) for entity, some in longer.items()}
    return [walk for walk in walks.get(end, []) if walk.edges][:k]


def _keep_best(walks: Iterable[_Walk], count: int) -> list[_Walk]:
    """Each path once, in the layers where it weighs most, and of these the best."""
    best: dict[tuple[int, ...], _Walk] = {}
    for walk in walks:
        if walk.edges not in best or walk.weight > best[walk.edges].weight:
            best[walk.edges] = walk
    return sorted(best.values(), key=lambda walk: (-walk.weight, walk.edges))[:count]


def _tabulate(graph: KnowledgeGraph, edges: FactEdges, walks: list[_Walk]) -> pd.DataFrame:
    rows = []
    for walk in walks:
        text, facts = graph.labels[walk.entities[0]], []
        for edge, before, after in zip(walk.edges, walk.entities, walk.entities[1:], strict=False):
            step = int(edges.step[edge])
            relation, forward = step % edges.relations, step < edges.relations
            name = graph.relation_labels[relation]
            text += f" — {name} → {graph.labels[after]}" if forward else f" ← {name} — {graph.labels[after]}"
            facts.append((before, relation, after) if forward else (after, relation, before))
        rows.append((walk.weight, text, tuple(facts)))
    return pd.DataFrame(rows, columns=["weight", "path", "facts"]).astype({"weight": float})
