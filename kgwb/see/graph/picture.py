"""A graph as a static picture, for saved notebooks and for readers without a kernel."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Bool, Float, Int
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_points, draw_text, type_marks
from kgwb.see.graph.scene import GraphScene
from kgwb.see.panels import Pixels, place_labels
from kgwb.words import shorten

_WIDTH, _HEIGHT, _MARGIN = 960.0, 600.0, 46.0
_MOST_NODES, _MOST_NAMED_FACTS, _MOST_LABELS = 800, 40, 45


def draw_graph(scene: GraphScene) -> str:
    """The scene as SVG; of a large one only the best connected entities, which the caption then says."""
    caption = scene.caption
    shown = np.sort(scene.by_degree[:_MOST_NODES])
    if len(shown) < len(scene.entities):
        caption += f" This still picture shows the {len(shown):,} best connected of them."
    pixels, scale = fit_points(scene.points[shown], _WIDTH, _HEIGHT, _MARGIN)
    radii = dot_radii(scene, scale)[shown]
    ends, kept = _reindex(scene, shown)
    legend, height = draw_legend(legend_marks(scene), 14, _HEIGHT + 6, _WIDTH - 28)
    parts = [
        _draw_edges(pixels[ends], scene.predicted[kept]),
        draw_points(pixels, radii, [scene.colours[scene.types[i]] for i in shown]),
        *_draw_names(scene, shown, pixels, radii, pixels[ends], kept),
        legend,
    ]
    return draw_picture(parts, _WIDTH, _HEIGHT + 6 + height, title=scene.title, caption=caption)


def fit_points(points: Float[np.ndarray, "node 2"], width: float, height: float, margin: float) -> tuple[Pixels, float]:
    """Positions in pixels, y downwards, and how many pixels one unit of the layout takes."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([width - 2 * margin, height - 2 * margin])
    scale = float(min((room / np.maximum(high - low, 1e-9)).min(), 150.0))
    middle = np.array([width, height]) / 2
    return (points - (low + high) / 2) * scale + middle, scale


def dot_radii(scene: GraphScene, scale: float) -> Float[np.ndarray, " node"]:
    """The radius of every dot in pixels: the more facts an entity stands in, the larger."""
    largest = float(scene.radii.max())
    return np.maximum(scene.radii / largest * min(15.0, largest * scale), 2.2)


def legend_marks(scene: GraphScene) -> list[Mark]:
    """The types drawn, the most frequent first, then what the lines mean."""
    marks = type_marks(scene.types, scene.colours)
    marks.append(Mark("fact", "edge", "line"))
    return [*marks, Mark("predicted fact", "edge", "dashed")] if scene.predicted.any() else marks


def name_fact(scene: GraphScene, fact: int) -> str:
    """The relation's label and, for a predicted fact, its probability."""
    label = scene.graph.relation_labels[scene.facts[fact, 1]]
    chance = scene.probability[fact]
    return f"{label} {chance:.2f}" if np.isfinite(chance) else label


def _reindex(
    scene: GraphScene, shown: Int[np.ndarray, " shown"]
) -> tuple[Int[np.ndarray, "kept 2"], Int[np.ndarray, " kept"]]:
    position = np.full(len(scene.entities), -1)
    position[shown] = np.arange(len(shown))
    ends = position[scene.ends].reshape(-1, 2)
    kept = np.flatnonzero((ends >= 0).all(axis=1))
    return ends[kept], kept


def _draw_edges(lines: Float[np.ndarray, "fact 2 2"], predicted: Bool[np.ndarray, " fact"]) -> str:
    parts = []
    opacity = float(np.clip(12 / np.sqrt(len(lines) + 1), 0.15, 0.75))
    for dashed in (False, True):
        steps = "".join(f"M{x:.0f} {y:.0f}L{u:.0f} {v:.0f}" for (x, y), (u, v) in lines[predicted == dashed])
        style = (
            ' stroke-dasharray="5 4" stroke-width="1.4"' if dashed else f' stroke-width=".8" opacity="{opacity:.2f}"'
        )
        parts.append(f'<path d="{steps}" fill="none" class="line-edge"{style}/>' if steps else "")
    return "".join(parts)


def _draw_names(
    scene: GraphScene,
    shown: Int[np.ndarray, " shown"],
    pixels: Float[np.ndarray, "shown 2"],
    radii: Float[np.ndarray, " shown"],
    lines: Float[np.ndarray, "kept 2 2"],
    kept: Int[np.ndarray, " kept"],
) -> list[str]:
    """Names of predicted facts, then of the best connected entities, then of the other facts, where there is room."""
    position = {int(entity): i for i, entity in enumerate(shown)}
    order = [position[int(i)] for i in scene.by_degree if int(i) in position][:_MOST_LABELS]
    few = len(kept) <= _MOST_NAMED_FACTS
    facts = [int(i) for i in np.argsort(~scene.predicted[kept], kind="stable") if few or scene.predicted[kept[i]]]
    facts = _drop_repeats(scene, facts, kept)[:_MOST_NAMED_FACTS]
    texts = [shorten(scene.labels[i]) for i in shown] + [shorten(name_fact(scene, int(kept[i])), 24) for i in facts]
    promised = [len(shown) + i for i, fact in enumerate(facts) if scene.predicted[kept[fact]]]
    middles = lines[facts].mean(axis=1).reshape(-1, 2)  # [named fact, 2]
    placed = place_labels(
        np.vstack([pixels, middles]),
        texts,
        radii=np.concatenate([radii, np.zeros(len(facts))]),
        order=[*promised, *order, *(i for i in range(len(shown), len(texts)) if i not in promised)],
        bounds=(4.0, 4.0, _WIDTH - 4, _HEIGHT - 4),
        centred=frozenset(range(len(shown), len(texts))),
    )
    return [
        draw_text(texts[at.point], at.x, at.y, role="edge halo", size=10, anchor=at.anchor)
        if at.point >= len(shown)
        else draw_text(texts[at.point], at.x, at.y, role="ink halo", anchor=at.anchor)
        for at in placed
    ]


def _drop_repeats(scene: GraphScene, facts: list[int], kept: np.ndarray) -> list[int]:
    """Without the second of two facts that say the same both ways: one name stands for both lines."""
    first: dict[tuple[frozenset[int], str], int] = {}
    for i in facts:
        fact = int(kept[i])
        first.setdefault((frozenset(scene.ends[fact].tolist()), name_fact(scene, fact)), i)
    return list(first.values())
