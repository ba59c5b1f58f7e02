"""Seeing a space of vectors: two maps of it, each with how far it can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from kgwb.checks import expect_choice
from kgwb.see.notebook import describe_view
from kgwb.see.page import Fragment, write_page
from kgwb.see.space.figure import build_figure, describe_figure, write_space_fragment
from kgwb.see.space.picture import draw_space
from kgwb.see.space.projection import Method, Projection, project
from kgwb.see.space.scene import Cloud, Names, check_points, gather_points
from kgwb.words import count_things


def show_space(
    vectors: Any,
    *,
    labels: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    entities: Names | str | int | None = None,
    highlight: Names | str | int = (),
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
        >>> square = np.array([[0.0, 0, 0], [3, 0, 0], [0, 1, 0], [3, 1, 0]])
        >>> show_space(square, labels=list("abcd"), method="pca").quality
           method  neighbours  trustworthiness  continuity  variance kept
        0     PCA           1              1.0         1.0            1.0
    """
    expect_choice("method", method, ("both", "pca", "tsne"))
    cloud = gather_points(vectors, labels=labels, types=types)
    if entities is not None:
        positions = np.array([cloud.find(name) for name in _several(entities)], int)
        cloud = Cloud(**{**vars(cloud.take(positions)), "whole": len(positions)})
    check_points(cloud)
    wanted = _several(highlight)
    cloud = cloud.thin(max(3, limit), sorted({cloud.find(name) for name in wanted}), seed)
    ringed = tuple(dict.fromkeys(cloud.find(name) for name in wanted))
    methods: tuple[Method, ...] = ("pca", "tsne") if method == "both" else (method,)
    maps = tuple(project(cloud.vectors, method=each, neighbours=neighbours, seed=seed) for each in methods)
    order = np.arange(len(cloud.labels)) if cloud.degrees is None else np.argsort(-cloud.degrees, kind="stable")
    named = (*ringed, *(int(i) for i in order[:labelled] if i not in ringed))
    return SpaceView(cloud, maps, ringed, named, _write_caption(cloud, maps, seed))


@dataclass(frozen=True, eq=False, repr=False)
class SpaceView:
    """Maps of a space.

    Attributes:
        cloud: the points.
        maps: a projection for each panel.
        ringed: positions of the highlighted points.
        named: positions of the points to name, the most important first.
        caption: what is seen and how far to trust it.
    """

    cloud: Cloud
    maps: tuple[Projection, ...]
    ringed: tuple[int, ...]
    named: tuple[int, ...]
    caption: str

    @property
    def frame(self) -> pd.DataFrame:
        """Every point: its label, type, degree, and where it stands on each map."""
        columns: dict[str, Any] = {"label": self.cloud.labels, "type": self.cloud.types}
        if self.cloud.degrees is not None:
            columns["degree"] = self.cloud.degrees
        for each in self.maps:
            columns |= {f"{each.name} 1": each.points[:, 0], f"{each.name} 2": each.points[:, 1]}
        return pd.DataFrame(columns, index=pd.Index(self.cloud.ids, name="id"))

    @property
    def selection(self) -> pd.DataFrame:
        """The rows of the highlighted points."""
        return self.frame.iloc[list(self.ringed)]

    @property
    def quality(self) -> pd.DataFrame:
        """How far each map can be trusted."""
        return pd.DataFrame(
            {
                "method": [each.name for each in self.maps],
                "neighbours": [each.quality.neighbours for each in self.maps],
                "trustworthiness": [each.quality.trustworthiness for each in self.maps],
                "continuity": [each.quality.continuity for each in self.maps],
                "variance kept": [each.variance for each in self.maps],
            }
        )

    @cached_property
    def figure(self) -> Any:
        """The maps as a `plotly.graph_objects.Figure`, to change or to add to."""
        return build_figure(self, caption=self.caption)

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""
        return write_space_fragment(self)

    def save(self, path: str | Path, *, title: str = "") -> Path:
        """Write the view as one offline page and return its path."""
        return write_page(path, [("", self)], title or f"Space of {self.cloud.name}")

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_space(self)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return {**describe_view(self, self.picture), "application/vnd.plotly.v1+json": describe_figure(self.figure)}

    def __repr__(self) -> str:
        return f"SpaceView: {self.caption}"


def _several(names: Names | str | int) -> Names:
    return [names] if isinstance(names, (str, int, np.integer)) else names


def _write_caption(cloud: Cloud, maps: tuple[Projection, ...], seed: int) -> str:
    shown = len(cloud.labels)
    what = "entity" if cloud.graph is not None else "point"
    first = f"{cloud.name}: {count_things(shown, what)} in {count_things(cloud.vectors.shape[1], 'dimension')}"
    if shown < cloud.whole:
        first = f"{cloud.name}: a random sample of {shown:,} of {count_things(cloud.whole, what)} (seed {seed}), "
        first += f"{count_things(cloud.vectors.shape[1], 'dimension')}"
    kept = [f"{each.name}: {describe_quality(each)}" for each in maps]
    near = maps[0].quality.neighbours
    scale = f"Both over {count_things(near, 'nearest neighbour')}; 1 is a faithful map, about .5 a random one"
    warning = "In t-SNE only nearness has meaning, not distance or the size of a group" if len(maps) > 1 else ""
    return ". ".join(filter(None, [first, *kept, scale, warning])) + "."


def describe_quality(each: Projection) -> str:
    """The quality of a map in words, with the variance where its axes have one.

    >>> from kgwb.see.space.projection import ProjectionQuality
    >>> describe_quality(Projection("PCA", np.zeros((3, 2)), ProjectionQuality(0.9, 0.8, 10), 0.4))
    'trustworthiness 0.90, continuity 0.80, keeps 40 % of the variance'
    """
    kept = "" if each.variance is None else f", keeps {each.variance:.0%} of the variance".replace("%", " %")
    return f"{each.quality}{kept}"
