"""Seeing a graph: by its types, the whole of a small one, or what lies around an entity; and walking on from there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_flags, expect_kind, expect_seed
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.see.choice import Choice
from kgwb.see.graph.network import build_network
from kgwb.see.graph.picture import draw_graph, draw_schema
from kgwb.see.graph.predicted import read_predicted
from kgwb.see.graph.scene import GraphScene, compose_scene, count_facts, name_entity
from kgwb.see.graph.schema import GraphSchema, summarise_types
from kgwb.see.graph.state import list_facts, list_found, pack_graph
from kgwb.see.live import LiveView
from kgwb.see.names import list_names, name_types

SMALL = 300  # entities up to which the whole of a graph is drawn rather than its types
_SPOKES = 120  # entities where the picture chooses its centre itself


def show_graph(
    graph: KnowledgeGraph,
    *,
    around: str | int | Sequence[str | int] | None = None,
    hops: int = 1,
    limit: int = 1000,
    predicted: pd.DataFrame | None = None,
    as_schema: bool | None = None,
    seed: int = 0,
) -> GraphView:
    """Draw a graph: what lies around an entity, the whole of a small graph, or the types of a large one.

    In a notebook and on its page one walks on: choose an entity to read its facts, double click it to draw them, find one
    by name, ask for the path between two. Nothing is fetched.

    Args:
        graph: what to draw.
        around: an entity, or several, by name, label or id; only what lies within `hops` facts of them is drawn.
        hops: how many facts away from `around`.
        limit: at most this many entities are drawn at first; the nearest and best connected, and the caption counts the
            others.
        predicted: a frame with the columns head, relation, tail (names, labels or ids) and, where known, probability.
        as_schema: draw types and the relations between them, rather than entities; by default where the graph has more
            than 300 entities and nothing else is asked for. Without types it opens at its best connected entity.
        seed: of the layout; the same graph and seed always give the same picture.

    Raises:
        UnknownNameError: when `around` or `predicted` names something that the graph does not hold.
        ValueError: when there is nothing to draw, or a schema is asked for around an entity.

    Example:
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> show_graph(KnowledgeGraph.from_pandas(facts, name="capitals"), around="Berlin").frame
             head    relation     tail  predicted  probability
        0  Berlin  capital of  Germany      False          NaN
    """
    expect_graph(graph, "show_graph({})")
    seed = expect_seed(seed)
    if not len(graph.entities):
        raise ValueError(
            f"The graph {graph.name!r} has no entities, so there is nothing to draw. Expected at least one; "
            "type len(graph.entities) to count them and graph.notes to see what was left out while reading."
        )
    expect_at_least("limit", limit, 1, whole=True)
    expect_at_least("hops", hops, 0, whole=True)
    if predicted is not None:
        expect_kind(predicted, pd.DataFrame, "A frame of predicted facts", call="show_graph(graph, predicted=frame)")
    if as_schema is not None:
        expect_flags(as_schema=as_schema)
    names = [] if around is None else list_names(around, call="show_graph(graph, around=['Berlin', 'Paris'])")
    centre = [graph.entity_id(name) for name in names]
    if as_schema and (centre or predicted is not None):
        raise ValueError(
            "as_schema=True came beside around or predicted, and a schema draws no single entity or fact. "
            "Type show_graph(graph, as_schema=True), or leave as_schema out."
        )
    schema = summarise_types(graph, seed=seed)
    large = len(graph.entities) > SMALL and not centre and as_schema is None
    by_type = bool(as_schema) or (large and predicted is None and len(schema.types) > 1)
    if large and not by_type:
        centre, limit = _choose_centre(graph, predicted), min(limit, _SPOKES)
    shown = 0 if by_type else limit
    scene = compose_scene(graph, around=centre, hops=hops, limit=shown, predicted=predicted, seed=seed)
    return GraphView(scene, schema, by_type=by_type)


def _choose_centre(graph: KnowledgeGraph, predicted: pd.DataFrame | None) -> list[int]:
    """Where a large graph is opened that cannot be shown by type: at what is predicted, else its best connected entity."""
    guessed, _ = read_predicted(graph, predicted)
    ends = sorted({int(end) for end in guessed[:, (0, 2)].ravel()})
    return ends or [int(graph.degrees.argmax())]


class GraphView(LiveView):
    """A drawn graph; made by `show_graph`.

    Attributes:
        scene: which entities and facts are drawn at first, and where; none where types are drawn.
        schema: the types of the graph and the relations between them.
        by_type: whether types are drawn at first.
    """

    script = "graph"

    def __init__(self, scene: GraphScene, schema: GraphSchema, *, by_type: bool = False) -> None:
        self.scene = scene
        self.schema = schema
        self.by_type = by_type

    @property
    def state(self) -> dict[str, Any]:
        """The graph, or the part of it that travels, as the script draws it."""
        return pack_graph(self.scene, self.schema, as_schema=self.by_type)

    @property
    def first_choice(self) -> Choice:
        """The entities the picture was asked for."""
        return Choice(entities=self.scene.centre)

    @property
    def shown_graph(self) -> KnowledgeGraph:
        """The whole graph."""
        return self.scene.graph

    @property
    def title(self) -> str:
        """What is seen, in words."""
        return self.schema.title if self.by_type else self.scene.title

    @property
    def caption(self) -> str:
        """One line: what is seen, and what is not drawn."""
        return self.schema.caption if self.by_type else self.scene.caption

    @property
    def frame(self) -> pd.DataFrame:
        """Every fact drawn, in labels: head, relation, tail, predicted, probability; of a schema, of types with counts."""
        if self.by_type:
            return self.schema.frame
        labels, relations = np.array(self.scene.graph.labels, object), self.scene.graph.relation_labels
        head, relation, tail = self.scene.facts.T
        return pd.DataFrame(
            {
                "head": labels[head],
                "relation": [relations[i] for i in relation],
                "tail": labels[tail],
                "predicted": self.scene.predicted,
                "probability": self.scene.probability,
            }
        )

    @property
    def entities(self) -> pd.DataFrame:
        """Every entity drawn, indexed by its id: label, type, degree and facts in the whole graph, and where it stands.

        A fact of an entity about itself counts twice in its degree and once among its facts.
        """
        return self._describe([int(i) for i in self.scene.entities])

    def list_selected(self) -> pd.DataFrame:
        """The entities chosen, drawn at first or not; before any choice, those the picture was asked for."""
        count = len(self.scene.graph.entities)
        return self._describe([entity for entity in self.choice.entities if entity < count])

    def _describe(self, ids: list[int]) -> pd.DataFrame:
        graph, scene = self.scene.graph, self.scene
        place = {int(entity): i for i, entity in enumerate(scene.entities)}
        types, counts = name_types(graph), count_facts(graph)
        nowhere = (float("nan"), float("nan"))
        points = [tuple(scene.points[place[i]]) if i in place else nowhere for i in ids]
        columns = {
            "label": [name_entity(graph, i) for i in ids],
            "type": [types[i] for i in ids],
            "degree": graph.degrees[ids],
            "facts": counts[ids],
            "x": np.array([x for x, _ in points], float),
            "y": np.array([y for _, y in points], float),
        }
        return pd.DataFrame(columns, index=pd.Index(ids, name="id", dtype=np.int64))

    @property
    def network(self) -> Any:
        """What is drawn at first, as a `pyvis.network.Network`, to pass on to whoever works with that."""
        return build_network(self.scene)

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_schema(self.schema) if self.by_type else draw_graph(self.scene)

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """Facts of an entity, and entities by name, for a page that does not hold the whole graph."""
        entity, text = message.get("facts_of"), message.get("find")
        if isinstance(entity, int) and 0 <= entity < len(self.scene.graph.entities):
            return list_facts(self.scene.graph, entity)
        return list_found(self.scene.graph, text) if isinstance(text, str) else None
