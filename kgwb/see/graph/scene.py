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
from kgwb.see.names import name_types
from kgwb.see.palette import colour_types
from kgwb.words import count_things


@dataclass(frozen=True, eq=False)
class GraphScene:
    """The part of a graph that is drawn.

    Attributes:
        graph: the whole graph.
        entities: ids of the entities drawn.
        facts: known facts first, then the predicted ones.
        probability: NaN where none was given.
        predicted: whether the fact is not in the graph but was predicted.
        points: about one unit of area a node.
        centre: ids of the entities the picture was asked for; empty for the whole graph.
        hops: how many facts away from them it reaches.
        entities_left: how many entities of the selection are not drawn.
        facts_left: how many facts of the selection are not drawn.
    """

    graph: KnowledgeGraph
    entities: Int[np.ndarray, " node"]
    facts: Int[np.ndarray, "fact 3"]
    probability: Float[np.ndarray, " fact"]
    predicted: Bool[np.ndarray, " fact"]
    points: Float[np.ndarray, "node 2"]
    centre: tuple[int, ...]
    hops: int
    entities_left: int
    facts_left: int

    @property
    def title(self) -> str:
        """What the picture is called."""
        return f"Graph {self.graph.name}"

    @cached_property
    def caption(self) -> str:
        """What is seen, and what was left out."""
        return _write_caption(self)

    @cached_property
    def labels(self) -> list[str]:
        """The label of every entity drawn."""
        return [self.graph.labels[i] or str(self.graph.entities["entity"].iloc[i]) for i in self.entities]

    @cached_property
    def types(self) -> list[str]:
        """The type of every entity drawn."""
        every = name_types(self.graph)
        return [every[i] for i in self.entities]

    @cached_property
    def degrees(self) -> Int[np.ndarray, " node"]:
        """How many facts of the whole graph each entity drawn stands in."""
        return self.graph.degrees[self.entities]

    @cached_property
    def ends(self) -> Int[np.ndarray, "fact 2"]:
        """The positions among the entities drawn of each fact's head and tail."""
        position = np.full(len(self.graph.entities), -1)
        position[self.entities] = np.arange(len(self.entities))
        return np.asarray(position[self.facts[:, (0, 2)]])

    @cached_property
    def colours(self) -> dict[str, str]:
        """The colour of every type of the whole graph, so that a part of it looks like the whole."""
        return colour_types(name_types(self.graph))

    @cached_property
    def radii(self) -> Float[np.ndarray, " node"]:
        """In units of the layout: the more facts, the larger."""
        return 0.13 + 0.05 * np.sqrt(np.minimum(self.degrees, 120))

    @cached_property
    def by_degree(self) -> Int[np.ndarray, " node"]:
        """Positions of the entities, those asked for first, then the best connected."""
        asked = np.isin(self.entities, self.centre)
        return np.lexsort((np.arange(len(self.entities)), -self.degrees, ~asked))


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
    known, probability = _select_facts(graph, around, hops), np.array([])
    guessed = np.empty((0, 3), np.int64)
    if predicted is not None:
        guessed, probability = read_predicted(graph, predicted)
    every = np.concatenate([known, guessed])
    wanted = np.unique(np.concatenate([every[:, 0], every[:, 2], np.array(around, np.int64)]))
    if not around and predicted is None:
        wanted = np.arange(len(graph.entities))
    order = np.lexsort((wanted, -graph.degrees[wanted], _count_steps(graph, around, hops, guessed)[wanted]))
    kept = np.sort(wanted[order[:limit]])
    inside = np.isin(every[:, 0], kept) & np.isin(every[:, 2], kept)
    facts = every[inside]
    ends = np.searchsorted(kept, facts[:, (0, 2)])
    return GraphScene(
        graph=graph,
        entities=kept,
        facts=facts,
        probability=np.concatenate([np.full(len(known), np.nan), probability])[inside],
        predicted=(np.arange(len(every)) >= len(known))[inside],
        points=place_nodes(ends, len(kept), seed=seed),
        centre=tuple(int(i) for i in around),
        hops=hops,
        entities_left=len(wanted) - len(kept),
        facts_left=int((~inside).sum()),
    )


def _select_facts(graph: KnowledgeGraph, around: Sequence[int], hops: int) -> Int[np.ndarray, "fact 3"]:
    if not around:
        return graph.triples
    return select_neighbourhood(graph, list(around), hops=hops)


def _count_steps(
    graph: KnowledgeGraph, around: Sequence[int], hops: int, guessed: np.ndarray
) -> Int[np.ndarray, " entity"]:
    """How near each entity is to what was asked for: 0 for that itself and for the ends of predicted facts."""
    steps, found = np.full(len(graph.entities), hops + 1), -1
    for hop in range(1, hops + 1) if around else ():
        facts = _select_facts(graph, around, hop)
        if len(facts) == found:  # nothing lies further away
            break
        found = len(facts)
        ends = facts[:, (0, 2)]
        steps[ends] = np.minimum(steps[ends], hop)
    steps[list(around)] = steps[guessed[:, 0]] = steps[guessed[:, 2]] = 0
    return steps


def read_predicted(
    graph: KnowledgeGraph, predicted: pd.DataFrame
) -> tuple[Int[np.ndarray, "fact 3"], Float[np.ndarray, " fact"]]:
    """The predicted facts as ids and their probabilities, without those the graph holds already.

    Raises:
        ValueError: when a column is missing or a probability lies outside 0 to 1.
    """
    missing = [name for name in ("head", "relation", "tail") if name not in predicted]
    if missing:
        raise ValueError(
            f"predicted has the columns {list(predicted.columns)} and lacks {missing}. Expected head, relation, tail "
            "and, where known, probability. For a table from vectors.predict(head=..., relation=...) type "
            'table.rename(columns={"entity": "tail"}).assign(head=..., relation=...).'
        )
    ids = np.array(
        [
            (graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail))
            for head, relation, tail in zip(predicted["head"], predicted["relation"], predicted["tail"], strict=True)
        ],
        np.int64,
    ).reshape(-1, 3)
    given = predicted["probability"] if "probability" in predicted else np.full(len(predicted), np.nan)
    probability = np.asarray(given, float)
    if ((probability < 0) | (probability > 1)).any():
        worst = float(probability[(probability < 0) | (probability > 1)][0])
        raise ValueError(f"predicted has the probability {worst:g}. Expected numbers from 0 to 1 in that column.")
    known = {tuple(fact) for fact in graph.triples.tolist()}
    new = np.array([tuple(fact) not in known for fact in ids.tolist()], bool)
    return ids[new], probability[new]


def _write_caption(scene: GraphScene) -> str:
    graph = scene.graph
    known, guessed = int((~scene.predicted).sum()), int(scene.predicted.sum())
    parts = [f"{graph.name}: {count_things(len(scene.entities), 'entity')} and {count_things(known, 'fact')}"]
    if scene.centre:
        names = [graph.labels[i] for i in scene.centre]
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        parts[0] += f" within {count_things(scene.hops, 'step')} of {listed}"
    if scene.entities_left:
        left = f"{count_things(scene.entities_left, 'entity')} and {count_things(scene.facts_left, 'fact')} more are not drawn"
        parts.append(f"Only the {'nearest and ' if scene.centre else ''}best connected are shown: {left}")
    parts.append(
        "Colour is the type; the larger a dot, the more facts; nearness on the page is a layout, not a measurement"
    )
    if guessed:
        parts.append(
            f"{count_things(guessed, 'dashed line').capitalize()}: predicted, with probability, not in the graph"
        )
    return ". ".join(parts) + "."
