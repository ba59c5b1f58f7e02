"""Seeing a space of vectors: maps of it, each with how far it can be trusted, and what is chosen in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least, expect_choice, expect_flags, expect_seed, is_number
from kgwb.graph import KnowledgeGraph
from kgwb.see.choice import Choice
from kgwb.see.live import LiveView
from kgwb.see.names import Names, list_names
from kgwb.see.packing import pack_array
from kgwb.see.space.alignment import lay_beside, list_changed
from kgwb.see.space.arrows import find_arrows, list_arrows
from kgwb.see.space.cloud import LAYERS, check_points, list_words
from kgwb.see.space.colouring import find_colouring
from kgwb.see.space.figure import build_deep_figure, build_figure
from kgwb.see.space.layers import add_relations, add_words
from kgwb.see.space.neighbours import list_nearest
from kgwb.see.space.opening import Methods, choose_methods, list_colourings, open_clouds
from kgwb.see.space.picture import draw_space
from kgwb.see.space.projection import NAMES, Method, Projection, project
from kgwb.see.space.quality import limit_neighbours, measure_rows
from kgwb.see.space.scene import SpaceScene
from kgwb.see.space.state import NEAREST, pack_space
from kgwb.words import mend_text


def show_space(
    vectors: Any,
    *,
    labels: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    entities: Names | None = None,
    highlight: Names = (),
    labelled: int = 40,
    method: Methods = "both",
    neighbours: int = 10,
    limit: int = 1_000_000,
    seed: int = 0,
    colour: Any = "type",
    relations: bool = False,
    words: tuple[Any, Sequence[str]] | None = None,
    relation: str | int | None = None,
    beside: Any = None,
    dimensions: Literal[2, 3] = 2,
) -> SpaceView:
    """Map vectors to the plane, coloured by type, with how far each map and each of its points can be trusted.

    Args:
        vectors: a GraphEmbedding, an array or tensor [point, dim], or (vectors, labels, types).
        labels: a name for each point, where `vectors` is an array.
        types: a type for each point, where `vectors` is an array.
        entities: only these points, by label, name or id.
        highlight: points to choose at first, and so to ring and to name, by label, name or id; one, or several.
        labelled: how many of the best connected to name besides, where there is room.
        method: "pca" (straight lines stay straight), "tsne" or "umap" (neighbours stay together), or "both": PCA beside
            t-SNE, and PCA alone above 10,000 points, whose t-SNE takes minutes.
        neighbours: how many nearest points the quality is measured over.
        limit: at most this many points are mapped; of more, a random sample, which the caption states.
        seed: of samples, of t-SNE and of UMAP; the same vectors and seed give the same map.
        colour: "type", a number of `view.frame` such as "degree", a RankReport (the mean reciprocal rank of each entity),
            or a value for each point: a Series by id, an array, a list. Words are types, numbers a scale.
        relations: also draw a point for each relation, where relations are as wide as entities.
        words: also draw word pieces: their vectors, as wide as the entities', and their labels.
        relation: draw where this relation moves its heads, with what is left to the tails; on linear maps (PCA).
        beside: a second space of the same entities, laid onto the first, with the neighbours that each point keeps.
        dimensions: 3 makes `view.figure` a plotly figure in three; the view itself stays on the plane.

    Returns:
        A view. `view.selection` is what is chosen, as rows of `view.frame`, and can be set; `view.save("page.html")`
        writes one offline page; `kgwb.link(view, other)` lets other views follow.

    Raises:
        UnknownNameError: when `entities`, `highlight` or `relation` names something that is not there.
        ValueError: when the vectors cannot be mapped, or there is no such method or column.
        ImportError: with the line that installs umap-learn, for method="umap".

    Example:
        >>> import numpy as np
        >>> square = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [3, 1, 0]])
        >>> show_space(square, labels=list("abcd"), method="pca").quality
           method  neighbours  trustworthiness  continuity  variance kept
        0     PCA           1              1.0         1.0            1.0
    """
    expect_choice("method", method, ("both", *NAMES))
    for argument, count, least in (("labelled", labelled, 0), ("neighbours", neighbours, 1), ("limit", limit, 1)):
        expect_at_least(argument, count, least, whole=True)
    expect_flags(relations=relations)
    seed = expect_seed(seed)
    if not is_number(dimensions, whole=True) or dimensions not in (2, 3):
        raise ValueError(f"dimensions={dimensions!r} came. Type dimensions=2 or dimensions=3.")
    for argument, texts in (("labels", labels), ("types", types)):
        if texts is not None:
            list_words(argument, texts)
    cloud, other, left_out = open_clouds(
        vectors, beside, labels=labels, types=types, entities=entities, highlight=highlight, limit=limit, seed=seed
    )
    if other is not None and (relations or words is not None):
        raise ValueError("beside= compares entities. Type show_space(vectors, beside=other) without other layers.")
    cloud = add_relations(cloud, vectors) if relations else cloud
    cloud = cloud if words is None else add_words(cloud, words)
    check_points(cloud)
    ringed = tuple(dict.fromkeys(cloud.find_all(highlight)))
    methods, advice = choose_methods(method, len(cloud.labels), pair=other is not None)
    options: dict[str, Any] = {"neighbours": neighbours, "seed": seed, "fitted": cloud.entities}
    maps = tuple(project(cloud.vectors, method=each, **options) for each in methods)
    compared = None
    if other is not None:
        second = project(other.vectors, method=methods[0], neighbours=neighbours, seed=seed)
        maps, compared = lay_beside(
            cloud, other, (maps[0], second), neighbours=neighbours, left_out=left_out, seed=seed
        )
    columns = list_colourings(cloud.degrees, maps, None if compared is None else compared.kept)
    scene = SpaceScene(
        cloud,
        maps,
        ringed,
        cloud.choose_named(ringed, labelled),
        seed,
        find_colouring(cloud, colour, columns),
        compared,
        None if relation is None else find_arrows(cloud, vectors, relation, seed=seed),
        advice,
    )
    return SpaceView(scene, columns, methods[0] if dimensions == 3 else None)


class SpaceView(LiveView):
    """Maps of a space; made by `show_space`.

    Attributes:
        scene: the points, where they stand on each map, and which are highlighted.
        columns: numbers by name, one for each point, that a colour can say.
    """

    script = "space"
    scene: SpaceScene

    def __init__(self, scene: SpaceScene, columns: Mapping[str, np.ndarray], deep: Method | None = None) -> None:
        self.scene = scene
        self.columns = columns
        self.deep = deep

    @property
    def maps(self) -> tuple[Projection, ...]:
        """A projection for each panel."""
        return self.scene.maps

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Every point: its label, type, degree, where it stands on each map, and how far it can be trusted there."""
        cloud = self.scene.cloud
        columns: dict[str, Any] = {
            "label": [mend_text(label) for label in cloud.labels],
            "type": [mend_text(kind) for kind in cloud.types],
        }
        if cloud.layers.any():
            columns["layer"] = [LAYERS[layer] for layer in cloud.layers]
        for each in self.maps:
            columns |= {f"{each.name} 1": each.points[:, 0], f"{each.name} 2": each.points[:, 1]}
        return pd.DataFrame({**columns, **self.columns}, index=pd.Index(cloud.ids, name="id"))

    @property
    def quality(self) -> pd.DataFrame:
        """How far each map can be trusted."""
        rows = [
            {
                "method": each.name,
                "neighbours": each.quality.neighbours,
                "trustworthiness": each.quality.trustworthiness,
                "continuity": each.quality.continuity,
                "variance kept": each.variance,
            }
            for each in self.maps
        ]
        return pd.DataFrame(rows)

    @property
    def arrows(self) -> pd.DataFrame:
        """What is left from where a relation moves its heads to their tails: head, tail, residual, rank."""
        if self.scene.arrows is None:
            return pd.DataFrame(columns=["head", "tail", "residual", "rank"])
        return list_arrows(self.scene.arrows, self.scene.cloud)

    @property
    def changed(self) -> pd.DataFrame:
        """The share of its nearest points that each point keeps from one space to the other, the least first."""
        if self.scene.beside is None:
            return pd.DataFrame(columns=["label", "type", "neighbours kept"])
        return list_changed(self.scene.cloud, self.scene.beside, len(self.scene.cloud.labels))[0]

    @property
    def first_choice(self) -> Choice:
        """The highlighted points."""
        return Choice(entities=tuple(int(self.scene.cloud.ids[i]) for i in self.scene.ringed))

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose entities the points are."""
        return self.scene.cloud.graph

    def find_entities(self, names: Names) -> tuple[int, ...]:
        """The ids of entities, shown here or not, given by label, name or id; of points where no graph names them."""
        cloud = self.scene.cloud
        if cloud.graph is not None:
            return super().find_entities(names)
        return tuple(int(cloud.ids[cloud.find(name)]) for name in list_names(names, call="view.select(entities=0)"))

    def list_selected(self) -> pd.DataFrame:
        """The rows of what is chosen, in the order in which it was."""
        cloud, chosen = self.scene.cloud, self.choice
        places = cloud.locate(chosen.entities)
        if cloud.layers.any():
            places += cloud.locate(chosen.relations, 1)
            words = {cloud.labels[i]: i for i in np.flatnonzero(cloud.layers == 2).tolist()}
            places += [words[word] for word in chosen.words if word in words]
        return self.frame.iloc[places]

    @property
    def state(self) -> dict[str, Any]:
        """The maps, as the script draws them."""
        return pack_space(self.scene, self.columns)

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The nearest of a point in all dimensions and how far the maps can be trusted there, where that did not travel."""
        cloud, point = self.scene.cloud, message.get("point")
        if message.get("ask") != "point" or not isinstance(point, int) or not 0 <= point < len(cloud.labels):
            return None
        rows = np.array([point])
        ids, distances = list_nearest(cloud.vectors, rows, NEAREST)
        near = limit_neighbours(len(cloud.labels), self.maps[0].quality.neighbours)
        found = [measure_rows(cloud.vectors, each.points, near, rows) for each in self.maps]
        trust = [[float(each.trustworthiness[point]), float(each.continuity[point])] for each in found]
        return {"ids": pack_array(ids[0]), "distances": pack_array(distances[0]), "trust": trust}

    @cached_property
    def figure(self) -> Any:
        """The maps as a `plotly.graph_objects.Figure`, to change or to add to; in three dimensions where asked for."""
        if self.deep is not None:
            return build_deep_figure(self.scene, self.deep, caption=self.caption)
        return build_figure(self.scene, caption=self.caption)

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_space(self.scene)
