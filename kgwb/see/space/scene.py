"""What is seen of a space: its points, the maps on which they are shown, and in which words."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kgwb.see.space.alignment import SecondSpace
from kgwb.see.space.arrows import Arrows
from kgwb.see.space.cloud import LAYERS, Cloud
from kgwb.see.space.colouring import Amounts, Colouring
from kgwb.see.space.projection import Projection
from kgwb.words import count_things

DOUBTFUL = 0.7  # a point whose trustworthiness is below it is drawn faint: chance gives about .5


@dataclass(frozen=True, eq=False)
class SpaceScene:
    """Maps of a space.

    Attributes:
        cloud: the points.
        maps: a projection for each panel.
        ringed: positions of the highlighted points.
        named: positions of the points to name, the most important first.
        seed: of the sample and of t-SNE.
        colouring: what the colour says.
        beside: what a second space adds.
        arrows: where a relation moves its heads.
        advice: what was left out, and how to have it.
    """

    cloud: Cloud
    maps: tuple[Projection, ...]
    ringed: tuple[int, ...]
    named: tuple[int, ...]
    seed: int
    colouring: Colouring
    beside: SecondSpace | None = None
    arrows: Arrows | None = None
    advice: tuple[str, ...] = field(default=())

    @cached_property
    def title(self) -> str:
        """What is seen, in words."""
        cloud, names = self.cloud, " and ".join(each.name for each in self.maps)
        what = "entities" if cloud.graph is not None else "points"
        count = f"{cloud.entities:,} {what}"
        if self.beside is not None:
            return f"{count} in two spaces: {cloud.name} and {self.beside.name}"
        return f"Space of {cloud.name}: {count}, by {names}"

    @cached_property
    def caption(self) -> str:
        """What is seen and how far to trust it."""
        return write_caption(self)

    def doubtful(self, number: int) -> np.ndarray:
        """Whether a map misleads at each point: what lies beside it there does not lie beside it in truth."""
        each = self.maps[number].each
        if each is None:
            return np.zeros(len(self.cloud.labels), bool)
        with np.errstate(invalid="ignore"):
            return np.asarray(each.trustworthiness < DOUBTFUL)


def write_caption(scene: SpaceScene) -> str:
    """One line: what is seen and how far to trust it."""
    parts = [_say_what(scene), *(f"{each.name}: {each.describe()}" for each in scene.maps), _say_scale(scene)]
    if scene.beside is not None:
        parts.append(_say_beside(scene))
    elif any(each.variance is None for each in scene.maps):
        names = " and ".join(each.name for each in scene.maps if each.variance is None)
        parts.append(f"In {names} only nearness has meaning, not distance or the size of a group")
    doubtful = [int(scene.doubtful(i).sum()) for i in range(len(scene.maps))]
    if any(doubtful):
        counts = " and ".join(f"{count:,}" for count in doubtful)
        parts.append(f"Faint: points where the map misleads, with a trustworthiness below {DOUBTFUL:g} ({counts})")
    if isinstance(scene.colouring, Amounts):
        missing = f", missing for {scene.colouring.missing:,}" if scene.colouring.missing else ""
        parts.append(f"Colour: {scene.colouring.name}{missing}")
    if scene.arrows is not None:
        parts.append(scene.arrows.describe())
    return ". ".join(filter(None, [*parts, *scene.advice])) + "."


def _say_what(scene: SpaceScene) -> str:
    cloud = scene.cloud
    shown, what = len(cloud.labels), "entity" if cloud.graph is not None else "point"
    counts = np.bincount(cloud.layers, minlength=len(LAYERS))
    things = [count_things(int(counts[0]), what)]
    things += [count_things(int(count), name) for name, count in zip(LAYERS[1:], counts[1:], strict=True) if count]
    dim = count_things(cloud.vectors.shape[1], "dimension")
    if shown < cloud.whole:
        sample = f"a random sample of {shown:,} of {count_things(cloud.whole, what)} (seed {scene.seed})"
        return f"{cloud.name}: {sample}, {dim}"
    return f"{cloud.name}: {' and '.join(things)} in {dim}"


def _say_scale(scene: SpaceScene) -> str:
    first = scene.maps[0]
    near = count_things(first.quality.neighbours, "nearest neighbour")
    measured = 0 if first.each is None else len(first.each.rows)
    sample = "" if measured in (0, len(scene.cloud.labels)) else f", measured at {measured:,} points drawn at random"
    return f"Both over {near}{sample}; 1 is a faithful map, about .5 a random one"


def _say_beside(scene: SpaceScene) -> str:
    beside = scene.beside
    assert beside is not None
    kept = beside.kept[np.isfinite(beside.kept)]
    sample = "" if len(kept) == len(beside.kept) else f" of {len(kept):,} points drawn at random"
    chance = beside.neighbours / max(1, len(beside.kept) - 1)
    text = (
        "The second map is turned or mirrored onto the first (Procrustes) and drawn at its spread. Of the "
        f"{beside.neighbours} nearest in all dimensions {100 * kept.mean():.0f} % are nearest in both spaces, on "
        f"average{sample}; by chance it would be {100 * chance:.1f} %"
    )
    return text + (f". {count_things(beside.left_out, 'point')} only one of them has" if beside.left_out else "")
