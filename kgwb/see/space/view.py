"""Seeing a space of vectors: two maps of it, each with how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from kgwb.checks import expect_at_least, expect_choice, expect_seed
from kgwb.see.names import Names
from kgwb.see.page import Fragment
from kgwb.see.space.page import build_figure, describe_figure, write_space_fragment
from kgwb.see.space.picture import draw_space
from kgwb.see.space.projection import Method, Projection, project
from kgwb.see.space.scene import SpaceScene, check_points, gather_points, list_words
from kgwb.see.view import View
from kgwb.words import mend_text


def show_space(
    vectors: Any,
    *,
    labels: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    entities: Names | None = None,
    highlight: Names = (),
    labelled: int = 14,
    method: Literal["both", "pca", "tsne"] = "both",
    neighbours: int = 10,
    limit: int = 2500,
    seed: int = 0,
) -> SpaceView:
    """Map vectors to the plane, coloured by type, beside the trustworthiness and continuity of each map.

    Args:
        vectors: a GraphEmbedding, an array or tensor [point, dim], or (vectors, labels, types).
        labels: a name for each point, where `vectors` is an array.
        types: a type for each point, where `vectors` is an array.
        entities: only these points, by label, name or id.
        highlight: points to ring and to name, by label, name or id; one, or several.
        labelled: how many of the best connected to name besides, where there is room.
        method: "pca" (straight lines stay straight), "tsne" (neighbours stay together), or both side by side.
        neighbours: how many nearest points the quality is measured over.
        limit: at most this many points are mapped; of more, a random sample, which the caption states.
        seed: of the sample and of t-SNE; the same vectors and seed give the same map.

    Raises:
        UnknownNameError: when `entities` or `highlight` names something that is not there.
        ValueError: when the vectors cannot be mapped, or there is no such method.

    Example:
        >>> import numpy as np
        >>> square = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [3, 1, 0]])
        >>> show_space(square, labels=list("abcd"), method="pca").quality
           method  neighbours  trustworthiness  continuity  variance kept
        0     PCA           1              1.0         1.0            1.0
    """
    expect_choice("method", method, ("both", "pca", "tsne"))
    expect_at_least("labelled", labelled, 0, whole=True)
    expect_at_least("neighbours", neighbours, 1, whole=True)
    expect_at_least("limit", limit, 1, whole=True)
    seed = expect_seed(seed)
    for argument, words in (("labels", labels), ("types", types)):
        if words is not None:
            list_words(argument, words)
    cloud = gather_points(vectors, labels=labels, types=types)
    if entities is not None:
        cloud = cloud.restrict(cloud.find_all(entities))
    check_points(cloud)
    cloud = cloud.thin(max(3, limit), sorted(set(cloud.find_all(highlight))), seed)
    ringed = tuple(dict.fromkeys(cloud.find_all(highlight)))
    methods: tuple[Method, ...] = ("pca", "tsne") if method == "both" else (method,)
    maps = tuple(project(cloud.vectors, method=each, neighbours=neighbours, seed=seed) for each in methods)
    return SpaceView(SpaceScene(cloud, maps, ringed, cloud.choose_named(ringed, labelled), seed))


@dataclass(eq=False, repr=False)
class SpaceView(View):
    """Maps of a space.

    Attributes:
        scene: the points, where they stand on each map, and which are highlighted.
    """

    scene: SpaceScene

    @property
    def maps(self) -> tuple[Projection, ...]:
        """A projection for each panel."""
        return self.scene.maps

    @property
    def frame(self) -> pd.DataFrame:
        """Every point: its label, type, degree, and where it stands on each map."""
        cloud = self.scene.cloud
        columns: dict[str, Any] = {
            "label": [mend_text(label) for label in cloud.labels],
            "type": [mend_text(kind) for kind in cloud.types],
        }
        if cloud.degrees is not None:
            columns["degree"] = cloud.degrees
        for each in self.maps:
            columns |= {f"{each.name} 1": each.points[:, 0], f"{each.name} 2": each.points[:, 1]}
        return pd.DataFrame(columns, index=pd.Index(cloud.ids, name="id"))

    @property
    def selection(self) -> pd.DataFrame:
        """The rows of the highlighted points."""
        return self.frame.iloc[list(self.scene.ringed)]

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

    @cached_property
    def figure(self) -> Any:
        """The maps as a `plotly.graph_objects.Figure`, to change or to add to."""
        return build_figure(self.scene, caption=self.caption)

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_space(self.scene)

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""
        return write_space_fragment(self.scene)

    def _repr_mimebundle_(self, **options: object) -> Any:
        bundle = super()._repr_mimebundle_(**options)
        return bundle | {"application/vnd.plotly.v1+json": describe_figure(self.figure)}
