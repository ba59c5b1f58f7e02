"""A graph by its types: which types there are, and by which relations they are joined, with counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.graph.layout import place_nodes
from kgwb.see.names import name_types
from kgwb.words import count_things

_MOST_TYPES = 40
_SPACE = 185.0  # pixels between two types, about
_ASPECT = 1.5


@dataclass(frozen=True, eq=False)
class GraphSchema:
    """The types of a graph and the relations between them.

    Attributes:
        graph: the whole graph.
        types: their names, the most frequent first; those drawn.
        counts: entities of each.
        links: (head type, relation, tail type, how many facts), types as positions in `types`.
        points: where each type stands, in pixels.
        types_left, facts_left: how many types, and facts between types, are not drawn.
    """

    graph: KnowledgeGraph
    types: tuple[str, ...]
    counts: Int[np.ndarray, " type"]
    links: Int[np.ndarray, "link 4"]
    points: Float[np.ndarray, "type 2"]
    types_left: int
    facts_left: int

    @property
    def title(self) -> str:
        """What the picture is called."""
        return f"Graph {self.graph.name}, by type"

    @property
    def caption(self) -> str:
        """What is seen, and what is left out."""
        drawn = int(self.links[:, 3].sum())
        said = (
            f"{self.graph.name} by type: {count_things(len(self.types), 'type')} with "
            f"{count_things(int(self.counts.sum()), 'entity')}, and {count_things(drawn, 'fact')} between them, "
            "counted at each arrow"
        )
        left = (
            f". {count_things(self.types_left, 'smaller type')} and {count_things(self.facts_left, 'fact')} are not drawn"
            if self.types_left
            else ""
        )
        return f"{said}{left}. The larger a mark, the more entities; no single entity is drawn."

    @property
    def frame(self) -> pd.DataFrame:
        """One row per pair of types and relation: head, relation, tail, facts."""
        head, relation, tail, facts = self.links.T
        names, relations = np.array(self.types, object), np.array(self.graph.relation_labels, object)
        return pd.DataFrame({"head": names[head], "relation": relations[relation], "tail": names[tail], "facts": facts})


def summarise_types(graph: KnowledgeGraph, *, seed: int = 0) -> GraphSchema:
    """Count the entities of every type, and the facts of every relation between two types."""
    names, type_of = np.unique(np.array(name_types(graph), object).astype(str), return_inverse=True)
    counts = np.bincount(type_of, minlength=len(names))
    order = np.lexsort((names, -counts))
    place = np.argsort(order)  # of each type in the order
    head, relation, tail = graph.triples.T
    rows = np.stack([place[type_of[head]], relation, place[type_of[tail]]], axis=1).reshape(-1, 3)
    links, facts = np.unique(rows, axis=0, return_counts=True)
    kept = (links[:, (0, 2)] < _MOST_TYPES).all(axis=1)
    shown = min(len(names), _MOST_TYPES)
    pairs = links[kept][:, (0, 2)]
    return GraphSchema(
        graph=graph,
        types=tuple(str(name) for name in names[order][:shown]),
        counts=counts[order][:shown],
        links=np.column_stack([links, facts])[kept],
        points=_place_types(pairs, shown, seed),
        types_left=len(names) - shown,
        facts_left=int(facts[~kept].sum()),
    )


def _place_types(pairs: Int[np.ndarray, "link 2"], count: int, seed: int) -> Float[np.ndarray, "type 2"]:
    points = place_nodes(pairs, count, seed=seed)
    if count < 2:
        return points
    gaps = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.eye(count) * 1e9
    nearest = np.sort(gaps.min(axis=1))[count // 4]  # a quarter of the types may stand nearer than that
    return points * np.array([_ASPECT, 1.0]) * (_SPACE / max(float(nearest), 1e-6))
