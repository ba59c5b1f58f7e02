"""What a picture of a graph holds: which entities and facts, where they stand, and what had to be left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.layout import lay_out
from kgwb.see.palette import colour_types


@dataclass(frozen=True, eq=False)
class Scene:
    """The part of a graph that is drawn.

    Attributes:
        graph: the whole graph.
        entities: int64 [node], ids of the entities drawn.
        facts: int64 [fact, 3], known facts first, then the predicted ones.
        probability: float [fact]; NaN where none was given.
        predicted: bool [fact], True where the fact is not in the graph but was predicted.
        points: float [node, 2], about one unit of area a node.
        centre: ids of the entities the picture was asked for; empty for the whole graph.
        entities_left: how many entities of the selection are not drawn.
        facts_left: how many facts of the selection are not drawn.
    """

    graph: KnowledgeGraph
    entities: np.ndarray
    facts: np.ndarray
    probability: np.ndarray
    predicted: np.ndarray
    points: np.ndarray
    centre: tuple[int, ...]
    entities_left: int
    facts_left: int

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
    def degrees(self) -> np.ndarray:
        """How many facts of the whole graph each entity drawn stands in."""
        return self.graph.degrees[self.entities]

    @cached_property
    def ends(self) -> np.ndarray:
        """int64 [fact, 2]: the positions among the entities drawn of each fact's head and tail."""
        position = np.full(len(self.graph.entities), -1)
        position[self.entities] = np.arange(len(self.entities))
        return np.asarray(position[self.facts[:, (0, 2)]])

    @cached_property
    def colours(self) -> dict[str, str]:
        """The colour of every type of the whole graph, so that a part of it looks like the whole."""
        return colour_types(name_types(self.graph))

    @cached_property
    def radii(self) -> np.ndarray:
        """float [node], in units of the layout: the more facts, the larger."""
        return 0.13 + 0.05 * np.sqrt(np.minimum(self.degrees, 120))

    @cached_property
    def by_degree(self) -> np.ndarray:
        """Positions of the entities, those asked for first, then the best connected."""
        asked = np.isin(self.entities, self.centre)
        return np.lexsort((np.arange(len(self.entities)), -self.degrees, ~asked))


def name_types(graph: KnowledgeGraph) -> list[str]:
    """The type of every entity, by id; "entity" where the table names none."""
    types = graph.entities["type"] if "type" in graph.entities else [""] * len(graph.entities)
    return [name if isinstance(name, str) and name.strip() else "entity" for name in types]


def compose_scene(
    graph: KnowledgeGraph,
    *,
    around: Sequence[int],
    hops: int,
    limit: int,
    predicted: pd.DataFrame | None,
    seed: int,
) -> Scene:
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
    return Scene(
        graph=graph,
        entities=kept,
        facts=facts,
        probability=np.concatenate([np.full(len(known), np.nan), probability])[inside],
        predicted=(np.arange(len(every)) >= len(known))[inside],
        points=lay_out(ends, len(kept), seed=seed),
        centre=tuple(int(i) for i in around),
        entities_left=len(wanted) - len(kept),
        facts_left=int((~inside).sum()),
    )


def _select_facts(graph: KnowledgeGraph, around: Sequence[int], hops: int) -> np.ndarray:
    if not around:
        return graph.triples
    from kgwb.graph.patterns import select_neighbourhood

    return select_neighbourhood(graph, list(around), hops=hops)


def _count_steps(graph: KnowledgeGraph, around: Sequence[int], hops: int, guessed: np.ndarray) -> np.ndarray:
    """How near each entity [entity] is to what was asked for: 0 for that itself and for the ends of predicted facts."""
    steps = np.full(len(graph.entities), hops + 1)
    for hop in range(hops, 0, -1) if around else ():
        facts = _select_facts(graph, around, hop)
        steps[facts[:, 0]] = steps[facts[:, 2]] = hop
    steps[list(around)] = steps[guessed[:, 0]] = steps[guessed[:, 2]] = 0
    return steps


def read_predicted(graph: KnowledgeGraph, predicted: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The predicted facts as ids [fact, 3] and their probabilities [fact], without those the graph holds already.

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
