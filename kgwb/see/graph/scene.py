"""What a picture of a graph holds: which entities and facts, where they stand, and what had to be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.patterns import select_neighbourhood
from kgwb.see.graph.layout import place_nodes
from kgwb.see.graph.predicted import read_predicted
from kgwb.see.graph.spokes import place_spokes
from kgwb.see.names import name_types
from kgwb.see.palette import TypeMark, mark_types
from kgwb.words import count_things, quote

_UNIT = 92.0  # pixels a side that an entity has in the layout of a whole graph


@dataclass(frozen=True, eq=False)
class GraphScene:
    """The part of a graph that is drawn.

    Attributes:
        graph: the whole graph.
        entities: ids of the entities drawn.
        facts: known facts first, then the predicted ones.
        probability: NaN where none was given.
        predicted: whether the fact is not in the graph but was predicted.
        points: in pixels, y downwards.
        centre: ids of the entities the picture was asked for; empty for the whole graph.
        hops: how many facts away from them it reaches.
        opened: ids of the entities all whose facts are drawn, as far as both ends are.
        predicted_left: how many predicted facts are not drawn.
    """

    graph: KnowledgeGraph
    entities: Int[np.ndarray, " node"]
    facts: Int[np.ndarray, "fact 3"]
    probability: Float[np.ndarray, " fact"]
    predicted: Bool[np.ndarray, " fact"]
    points: Float[np.ndarray, "node 2"]
    centre: tuple[int, ...]
    hops: int
    opened: Int[np.ndarray, " opened"]
    predicted_left: int = 0

    @property
    def title(self) -> str:
        """What is seen, in words."""
        return _write_title(self)

    @cached_property
    def caption(self) -> str:
        """What is seen, and what was left out."""
        return _write_caption(self)

    @property
    def entities_left(self) -> int:
        """How many entities of the graph are not drawn."""
        return len(self.graph.entities) - len(self.entities)

    @property
    def facts_left(self) -> int:
        """How many facts of the graph are not drawn."""
        return len(self.graph.triples) - int((~self.predicted).sum())

    @cached_property
    def labels(self) -> list[str]:
        """The label of every entity drawn."""
        return [name_entity(self.graph, int(i)) for i in self.entities]

    @cached_property
    def types(self) -> list[str]:
        """The type of every entity drawn."""
        every = name_types(self.graph)
        return [every[i] for i in self.entities]

    @cached_property
    def marks(self) -> dict[str, TypeMark]:
        """Colour and shape of every type of the whole graph, so that a part of it looks like the whole."""
        return mark_types(name_types(self.graph))

    @cached_property
    def fact_counts(self) -> Int[np.ndarray, " node"]:
        """How many facts of the whole graph each entity drawn stands in."""
        return count_facts(self.graph)[self.entities]

    @cached_property
    def ends(self) -> Int[np.ndarray, "fact 2"]:
        """The positions among the entities drawn of each fact's head and tail."""
        position = np.full(len(self.graph.entities), -1)
        position[self.entities] = np.arange(len(self.entities))
        return np.asarray(position[self.facts[:, (0, 2)]]).reshape(-1, 2)

    @cached_property
    def radii(self) -> Float[np.ndarray, " node"]:
        """In pixels: the more facts, the larger."""
        return np.minimum(4.0 + 0.9 * np.sqrt(self.fact_counts), 14.0)

    @cached_property
    def by_degree(self) -> Int[np.ndarray, " node"]:
        """Positions of the entities, those asked for first, then the best connected."""
        asked = np.isin(self.entities, self.centre)
        return np.lexsort((np.arange(len(self.entities)), -self.fact_counts, ~asked))


def name_entity(graph: KnowledgeGraph, entity: int) -> str:
    """Its label or, where that is empty, its name."""
    return graph.labels[entity] or str(graph.entities["entity"].iloc[entity])


def count_facts(graph: KnowledgeGraph) -> Int[np.ndarray, " entity"]:
    """How many facts each entity stands in; one about itself counts once."""
    loops = graph.triples[graph.triples[:, 0] == graph.triples[:, 2], 0]
    return np.asarray(graph.degrees - np.bincount(loops, minlength=len(graph.entities)))


def compose_scene(
    graph: KnowledgeGraph,
    *,
    around: Sequence[int],
    hops: int,
    limit: int,
    predicted: pd.DataFrame | None,
    seed: int,
) -> GraphScene:
    """Choose what is drawn and work out where it stands."""
    known = select_neighbourhood(graph, list(around), hops=hops) if around else graph.triples
    guessed, probability = read_predicted(graph, predicted)
    every = np.concatenate([known, guessed])
    wanted = np.unique(np.concatenate([every[:, 0], every[:, 2], np.array(around, np.int64)]))
    if not around:
        wanted = np.arange(len(graph.entities))
    steps = _count_steps(graph, around, hops, guessed)
    order = np.lexsort((wanted, -graph.degrees[wanted], steps[wanted]))
    kept = np.sort(wanted[order[:limit]])
    inside = np.isin(every[:, 0], kept) & np.isin(every[:, 2], kept)
    facts = every[inside]
    return GraphScene(
        graph=graph,
        entities=kept,
        facts=facts,
        probability=np.concatenate([np.full(len(known), np.nan), probability])[inside],
        predicted=(np.arange(len(every)) >= len(known))[inside],
        points=_place(facts, kept, around, seed),
        centre=tuple(int(i) for i in around),
        hops=hops,
        opened=kept[_count_steps(graph, around, hops, guessed[:0])[kept] < hops] if around else kept,
        predicted_left=int((~inside[len(known) :]).sum()),
    )


def _place(
    facts: Int[np.ndarray, "fact 3"], kept: Int[np.ndarray, " node"], around: Sequence[int], seed: int
) -> Float[np.ndarray, "node 2"]:
    inside = np.column_stack(
        [np.searchsorted(kept, facts[:, 0]), facts[:, 1], np.searchsorted(kept, facts[:, 2])]
    ).reshape(-1, 3)
    if len(set(around)) == 1:
        return place_spokes(inside, len(kept), int(np.searchsorted(kept, around[0])))
    return place_nodes(inside[:, (0, 2)], len(kept), seed=seed) * _UNIT


def _count_steps(
    graph: KnowledgeGraph, around: Sequence[int], hops: int, guessed: np.ndarray
) -> Int[np.ndarray, " entity"]:
    """How near each entity is to what was asked for: 0 for that itself and for the ends of predicted facts."""
    steps, found = np.full(len(graph.entities), hops + 1), -1
    for hop in range(1, hops + 1) if around else ():
        facts = select_neighbourhood(graph, list(around), hops=hop)
        if len(facts) == found:  # nothing lies further away
            break
        found = len(facts)
        ends = facts[:, (0, 2)]
        steps[ends] = np.minimum(steps[ends], hop)
    steps[list(around)] = steps[guessed[:, 0]] = steps[guessed[:, 2]] = 0
    return steps


def _name_centre(scene: GraphScene) -> str:
    names = [name_entity(scene.graph, i) for i in scene.centre]
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _write_title(scene: GraphScene) -> str:
    if scene.centre:
        return f"{_name_centre(scene)} in {scene.graph.name}, and what lies within {count_things(scene.hops, 'step')}"
    whole = not scene.entities_left
    return f"Graph {scene.graph.name}" + ("" if whole else f": its {len(scene.entities):,} best connected entities")


def _write_caption(scene: GraphScene) -> str:
    graph = scene.graph
    known, guessed = int((~scene.predicted).sum()), int(scene.predicted.sum())
    parts = [f"{graph.name}: {count_things(len(scene.entities), 'entity')} and {count_things(known, 'fact')}"]
    if scene.centre:
        parts[0] += f" within {count_things(scene.hops, 'step')} of {_name_centre(scene)}"
    if scene.entities_left or scene.facts_left:
        left = f"{count_things(scene.entities_left, 'entity')} and {count_things(scene.facts_left, 'fact')}"
        parts.append(f"Of the graph {left} more are not drawn")
    parts += _list_namesakes(scene)
    parts.append(
        "Colour and shape are the type; the larger a mark, the more facts; nearness on the page is a layout, not a "
        "measurement"
    )
    if guessed:
        told = "" if np.isnan(scene.probability[scene.predicted]).all() else " with probability,"
        parts.append(f"{count_things(guessed, 'dashed line').capitalize()}: predicted,{told} not in the graph")
    if scene.predicted_left:
        parts.append(f"{count_things(scene.predicted_left, 'predicted fact')} more: not drawn")
    return ". ".join(parts) + "."


def _list_namesakes(scene: GraphScene) -> list[str]:
    """Of each entity asked for whose label others have too: which one is drawn, and what the others are called."""
    told, names = [], scene.graph.entities["entity"]
    for entity in scene.centre:
        label = scene.graph.labels[entity]
        alike = [other for other, called in enumerate(scene.graph.labels) if called == label and other != entity]
        if alike:
            others = ", ".join(f"around={names[other]!r}" for other in alike[:5]) + ", ..." * (len(alike) > 5)
            told.append(
                f"{len(alike) + 1:,} entities are called {quote(label)}; this is {quote(names[entity])}, and to see "
                f"{'the other' if len(alike) == 1 else 'another'}, type {others}"
            )
    return told
