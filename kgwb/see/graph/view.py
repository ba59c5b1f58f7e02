"""Seeing a graph: the whole of a small one, the best connected of a large one, or what lies around an entity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_kind, expect_seed
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.see.frames import make_frame
from kgwb.see.graph.page import write_graph_fragment
from kgwb.see.graph.picture import draw_graph
from kgwb.see.graph.scene import GraphScene, compose_scene
from kgwb.see.names import list_names
from kgwb.see.page import Fragment
from kgwb.see.view import View


def show_graph(
    graph: KnowledgeGraph,
    *,
    around: str | int | Sequence[str | int] | None = None,
    hops: int = 1,
    limit: int = 1000,
    predicted: pd.DataFrame | None = None,
    seed: int = 0,
) -> GraphView:
    """Draw a graph: entities as dots (colour: type, size: degree), facts as blue lines, predicted facts dashed.

    In a notebook: drag, come nearer, find an entity by name, click it to read its facts. Nothing is fetched.

    Args:
        graph: what to draw.
        around: an entity, or several, by name, label or id; only what lies within `hops` facts of them is drawn.
        hops: how many facts away from `around`.
        limit: at most this many entities; the best connected stay, and the caption counts the others.
        predicted: a frame with the columns head, relation, tail (names, labels or ids) and, where known, probability.
        seed: of the layout; the same graph and seed always give the same picture.

    Raises:
        UnknownNameError: when `around` or `predicted` names something that the graph does not hold.
        ValueError: when there is nothing to draw.

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
    names = [] if around is None else list_names(around, call="show_graph(graph, around=['Berlin', 'Paris'])")
    centre = [graph.entity_id(name) for name in names]
    scene = compose_scene(graph, around=centre, hops=hops, limit=limit, predicted=predicted, seed=seed)
    return GraphView(scene)


@dataclass(eq=False, repr=False)
class GraphView(View):
    """A drawn graph.

    Attributes:
        scene: which entities and facts are drawn, and where.
    """

    scene: GraphScene

    @property
    def frame(self) -> pd.DataFrame:
        """Every fact drawn, in labels: head, relation, tail, predicted, probability."""
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
        """Every entity drawn, indexed by its id: label, type, degree in the whole graph, and where it stands."""
        scene = self.scene
        index = pd.Index(scene.entities, name="id")
        columns = {"label": scene.labels, "type": scene.types, "degree": scene.degrees}
        return pd.DataFrame(columns | {"x": scene.points[:, 0], "y": scene.points[:, 1]}, index=index)

    @property
    def selection(self) -> pd.DataFrame:
        """The entities chosen in the notebook by a click or a search; before that, those the picture was asked for."""
        chosen = self._widget.selected if self._widget is not None and self._widget.touched else self.scene.centre
        return self.entities.loc[list(chosen)]

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_graph(self.scene)

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""
        return write_graph_fragment(self.scene)

    def _make_widget(self) -> Any:
        return make_frame(self.fragment(), title="Graph")
