"""For notebook 04: neighbours of one kind, neighbours kept from space to space, facts without sense, and checks by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from kgwb.axes import Float, Int
from kgwb.bert.alignment.linear_maps import fit_procrustes
from kgwb.bert.shuffling import shuffle_tails
from kgwb.embed import GraphEmbedding
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.flat_maps import list_near
from kgwb.see.space.neighbours import share_neighbours

Positions = Float[np.ndarray, "point dim"]


def take_vectors(embedding: GraphEmbedding) -> Float[np.ndarray, "entity dim"]:
    """The entity vectors as an array.

    Example:
        >>> from kgwb import ComplEx
        >>> from kgwb.lessons.examples import make_graph
        >>> take_vectors(GraphEmbedding(make_graph([("Ada", "knows", "Bo")]), ComplEx(), dim=4)).shape
        (2, 4)
    """
    return np.asarray(embedding.entity_vectors().detach().cpu().double())


def share_alike(near: Int[np.ndarray, "point near"], kinds: Sequence[Any] | np.ndarray) -> float:
    """The share of neighbours that are of the point's own kind.

    Example:
        >>> share_alike(np.array([[1, 2], [0, 2], [1, 0]]), ["ship", "ship", "town"])
        0.3333333333333333
    """
    own = np.array(kinds, object)
    return float((own[near] == own[:, None]).mean())


def count_common(one: Positions, other: Positions, neighbours: int) -> float:
    """How many of a point's nearest in one space are among its nearest in the other, as the mean over all points.

    Example:
        >>> line = np.array([[0.0], [1.0], [3.0], [7.0]])
        >>> count_common(line, -line, 2)
        2.0
    """
    return neighbours * float(share_neighbours(one, other, neighbours, np.arange(len(one))).mean())


def measure_alike(
    points: Positions, kinds: Sequence[Any] | np.ndarray, neighbours: int, *, draws: int = 20, seed: int = 0
) -> dict[str, float]:
    """The share of nearest neighbours of the same kind, beside the same share when kinds are shuffled among the points.

    Args:
        points: in any space or on any map.
        kinds: of the points.
        neighbours: how many nearest count.
        draws: how often the kinds are shuffled.
        seed: for the shuffles.
    """
    near, random = list_near(points, neighbours), np.random.default_rng(seed)
    shuffled = [share_alike(near, random.permutation(np.array(kinds, object))) for _ in range(draws)]
    return {"same kind": share_alike(near, kinds), "lowest shuffle": min(shuffled), "highest shuffle": max(shuffled)}


def compare_spaces(vectors: Positions, onto: Positions, neighbours: int) -> dict[str, float]:
    """Whether two spaces of the same points agree: on where each point is, and on which lie near it.

    A point is met where, of all points of the other space, the nearest is the point itself.

    Args:
        vectors: of one space.
        onto: of the other.
        neighbours: how many nearest are looked for among the nearest in the other.
    """
    return {
        "met as it is": _share_met(vectors, onto),
        "met when turned": _share_met(turn_onto(vectors, onto), onto),
        f"of {neighbours} neighbours, kept": count_common(vectors, onto, neighbours),
    }


def turn_onto(vectors: Positions, onto: Positions) -> Positions:
    """The vectors after the rotation, reflection, scale and shift that bring them nearest to others (Procrustes).

    Args:
        vectors: of some points.
        onto: of the same points in another space.
    """
    turned = fit_procrustes(torch.from_numpy(vectors), torch.from_numpy(onto))(torch.from_numpy(vectors))
    return np.asarray(turned)


def _share_met(vectors: Positions, onto: Positions) -> float:
    gaps = torch.cdist(torch.from_numpy(vectors), torch.from_numpy(onto))
    return float((gaps.argmin(1) == torch.arange(len(gaps))).double().mean())


def exchange_within(kinds: Sequence[Any], *, seed: int = 0) -> Int[np.ndarray, " point"]:
    """For each point another, or the same, of its kind, drawn so that each is given once.

    Example:
        >>> exchange_within(["ship", "town", "ship"]).tolist() in ([0, 1, 2], [2, 1, 0])
        True
    """
    random, kept = np.random.default_rng(seed), np.arange(len(kinds))
    own = np.array(kinds, object)
    for kind in sorted(set(kinds)):
        places = np.flatnonzero(own == kind)
        kept[places] = random.permutation(places)
    return kept


def shuffle_facts(graph: KnowledgeGraph, *, seed: int = 0) -> KnowledgeGraph:
    """The same relations, each with the same heads and nearly the same tails, but who belongs to whom is drawn.

    Args:
        graph: with types.
        seed: for the draw.
    """
    kinds = np.unique(graph.entities["type"].to_numpy(str), return_inverse=True)[1]
    facts = graph.to_pandas()
    tails = shuffle_tails(graph.triples, kinds, np.random.default_rng(seed))[:, 2]
    facts["tail"] = graph.entities["entity"].to_numpy()[tails]
    return KnowledgeGraph.from_pandas(facts, graph.entities, relations=graph.relations, name=f"{graph.name}, shuffled")


def check_point_trust(point_trust: Callable[[list[str], list[str], int], float]) -> Verdict:
    """Is it one, less how far the neighbours on the map are from being neighbours in truth?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((list("abcdef"), list("bafedc"), 2), 1.0),
        ((list("abcdef"), list("acbdef"), 2), 1 - 1 / 7),
        ((list("abcdef"), list("feabcd"), 2), 0.0),
    ]
    random = np.random.default_rng(0)
    for near in (1, 2, 3, 3):
        names = list("abcdefghij")[: 2 * near + 3]
        truth, shown = (random.permutation(names).tolist() for _ in range(2))
        ranks = [truth.index(name) + 1 for name in shown[:near]]
        worst = near * (2 * (len(names) + 1) - 3 * near - 1) / 2
        examples.append(((truth, shown, near), 1 - sum(rank - near for rank in ranks if rank > near) / worst))
    hint = "truth.index(point) + 1 is a point's rank in truth; a rank up to near costs nothing, each one beyond costs 1 more."
    return check(point_trust, examples, hint=hint)


def check_alike_gain(alike_gain: Callable[[list[list[int]], list[str], list[str]], float]) -> Verdict:
    """Is it the share of neighbours of the own kind, less the same share under shuffled kinds?"""
    near = [[1, 2], [0, 2], [1, 3], [2, 1]]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((near, ["ship", "ship", "town", "town"], ["ship", "town", "ship", "town"]), 0.25),
        ((near, ["ship"] * 4, ["ship"] * 4), 0.0),
        ((near, ["ship", "town", "ship", "town"], ["town", "town", "ship", "ship"]), -0.25),
    ]
    random = np.random.default_rng(0)
    for count in (5, 6, 8):
        close = [random.permutation([j for j in range(count) if j != i])[:3].tolist() for i in range(count)]
        kinds = random.choice(["ship", "town", "bird"], count).tolist()
        shuffled = random.permutation(kinds).tolist()
        shares = [
            sum(given[j] == given[i] for i in range(count) for j in close[i]) / (3 * count)
            for given in (kinds, shuffled)
        ]
        examples.append(((close, kinds, shuffled), shares[0] - shares[1]))
    hint = "Count the pairs (i, j) with j in near[i] and kinds[j] == kinds[i], as a share of all; then again with shuffled."
    return check(alike_gain, examples, hint=hint)


def check_neighbours_kept(neighbours_kept: Callable[[np.ndarray, np.ndarray, int], float]) -> Verdict:
    """Does it count the neighbours that two spaces share, whatever their order and however far they are?"""
    line = np.array([[0.0], [1.0], [3.0], [7.0], [15.0]])
    folded = np.array([[0.0], [1.0], [3.0], [7.0], [-4.5]])
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((line[:3], np.array([[0.0], [5.0], [3.0]]), 2), 2.0),  # all are there, in another order
        ((line, 5 - 2 * line, 2), 2.0),
        ((line, folded, 1), _count_by_hand(line, folded, 1)),
        ((line, np.hstack([folded, line]), 2), _count_by_hand(line, np.hstack([folded, line]), 2)),
    ]
    random = np.random.default_rng(0)
    while len(examples) < 10:
        one, other = random.normal(size=(2, 7, 2)).round(1)
        if all(_has_no_ties(each) for each in (one, other)):
            near = 1 + len(examples) % 3
            examples.append(((one, other, near), _count_by_hand(one, other, near)))
    hint = (
        "flat_maps.list_near(one, near) has the nearest of each point in a row; set(a) & set(b) is what two rows share."
    )
    return check(neighbours_kept, examples, hint=hint)


def _count_by_hand(one: Positions, other: Positions, near: int) -> float:
    common = 0
    for point in range(len(one)):
        rest = [each for each in range(len(one)) if each != point]
        rows = [sorted(rest, key=lambda each: np.linalg.norm(s[each] - s[point]))[:near] for s in (one, other)]
        common += len({*rows[0]} & {*rows[1]})
    return common / len(one)


def _has_no_ties(points: Positions) -> bool:
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1)
    return bool((np.diff(np.sort(gaps, axis=1)) > 0.01).all())
