"""A graph, or its types, as a static picture, for saved notebooks and for readers without a kernel."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from kgwb.axes import Bool, Float
from kgwb.see.drawing import Number, draw_picture, draw_polyline, draw_shape, draw_text, measure_text, rank_types
from kgwb.see.graph.labels import LabelRoom, group_lines, write_names, write_relations
from kgwb.see.graph.lines import Course, run_lines
from kgwb.see.graph.scene import GraphScene
from kgwb.see.graph.schema import GraphSchema
from kgwb.see.names import name_types
from kgwb.see.palette import TypeMark, mark_types
from kgwb.words import shorten

_WIDTH, _HEIGHT, _MARGIN = 960.0, 600.0, 64.0
_MOST_NODES, _MOST_NAMES, _MOST_RELATIONS = 800, 70, 60


def draw_graph(scene: GraphScene) -> str:
    """The scene as SVG; of a large one only the best connected entities, which the caption then says."""
    caption = scene.caption
    shown = np.sort(scene.by_degree[:_MOST_NODES])
    if len(shown) < len(scene.entities):
        caption += f" This still picture shows the {len(shown):,} best connected of them."
    position = np.full(len(scene.entities), -1)
    position[shown] = np.arange(len(shown))
    kept = np.flatnonzero((position[scene.ends] >= 0).all(axis=1)) if len(scene.facts) else np.array([], int)
    ends = position[scene.ends[kept]].reshape(-1, 2)
    points, zoom = fit_points(scene.points[shown], _WIDTH, _HEIGHT, _MARGIN)
    radii = np.maximum(scene.radii[shown] * min(1.0, zoom**0.6), 2.0)
    courses = run_lines(ends, points, radii)
    predicted = scene.predicted[kept]
    room = _open_room(points, radii, courses)
    order = [int(position[i]) for i in scene.by_degree if position[i] >= 0][:_MOST_NAMES]
    asked = sum(int(scene.entities[shown[i]]) in scene.centre for i in order)
    relations = scene.facts[kept, 1] if len(scene.facts) else np.array([], int)
    groups = group_lines(ends, relations, points, predicted)[:_MOST_RELATIONS]
    named = [
        (_name_line(scene, int(kept[members[0]])), members) for members in groups if zoom > 0.25 or len(members) > 1
    ]
    texts = [shorten(scene.labels[i]) for i in shown]
    names = write_names(room, points, radii, texts, order[:asked], first=asked)
    said = write_relations(room, courses, named)
    names += write_names(room, points, radii, texts, order[asked:])
    rings = [i for i in range(len(shown)) if int(scene.entities[shown[i]]) in scene.centre]
    types = [scene.types[i] for i in shown]
    parts = [
        _draw_lines(courses, predicted),
        _draw_marks(points, radii, [scene.marks[name] for name in types], rings),
        said,
        names,
    ]
    kinds = [("fact", False)] if (~predicted).any() else []
    kinds += [("predicted fact", True)] if predicted.any() else []
    legend, height = draw_marks_legend(types, scene.marks, lines=kinds)
    return draw_picture([*parts, legend], _WIDTH, _HEIGHT + height, title=scene.title, caption=caption)


def draw_schema(schema: GraphSchema) -> str:
    """The types of a graph as SVG, each relation between two of them once, with its count."""
    marks = mark_types(name_types(schema.graph))
    points, zoom = fit_points(schema.points, _WIDTH, _HEIGHT, _MARGIN + 20)
    radii = size_types(schema.counts, zoom)
    arrows, texts = join_links(schema)
    courses = run_lines(np.array(list(arrows), int).reshape(-1, 2), points, radii)
    room = _open_room(points, radii, courses)
    names = [f"{shorten(name)} · {count:,}" for name, count in zip(schema.types, schema.counts.tolist(), strict=True)]
    order = range(len(names))
    written = write_names(room, points, radii, names, order, first=len(names))
    by_count = sorted(range(len(texts)), key=lambda i: -sum(schema.links[list(arrows.values())[i], 3]))
    parts = [
        _draw_lines(courses, np.zeros(len(courses), bool)),
        _draw_marks(points, radii, [marks[name] for name in schema.types], []),
        write_relations(room, courses, [(texts[i], [i]) for i in by_count], size=10.5),
        written,
    ]
    legend, height = draw_marks_legend([], marks, lines=[("relation between types", False)] if len(arrows) else [])
    return draw_picture([*parts, legend], _WIDTH, _HEIGHT + height, title=schema.title, caption=schema.caption)


def join_links(schema: GraphSchema) -> tuple[Mapping[tuple[int, int], list[int]], list[str]]:
    """The relations from one type to another as one arrow, and what is written on it."""
    arrows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i in np.argsort(-schema.links[:, 3], kind="stable"):
        arrows[int(schema.links[i, 0]), int(schema.links[i, 2])].append(int(i))
    texts = []
    for rows in arrows.values():
        total = int(schema.links[rows, 3].sum())
        name = shorten(schema.graph.relation_labels[schema.links[rows[0], 1]], 24)
        texts.append(f"{name} · {total:,}" if len(rows) == 1 else f"{len(rows)} relations · {total:,}")
    return arrows, texts


def size_types(counts: np.ndarray, zoom: Number = 1.0) -> Float[np.ndarray, " type"]:
    """Radii whose areas grow with the counts, none too small to be seen."""
    share = counts / max(int(counts.max()), 1) if len(counts) else counts.astype(float)
    return np.asarray((7.0 + 17.0 * np.sqrt(share)) * min(1.0, max(zoom, 0.5)))


def fit_points(
    points: Float[np.ndarray, "node 2"], width: Number, height: Number, margin: Number
) -> tuple[Float[np.ndarray, "node 2"], float]:
    """Positions within a picture, and by how much they were made smaller, or a little larger."""
    if not len(points):
        return points, 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.array([width - 2 * margin - 60, height - 2 * margin + 20])
    zoom = float(min((room / np.maximum(high - low, 1e-9)).min(), 2.2))
    return (points - (low + high) / 2) * zoom + np.array([width, height]) / 2, zoom


def draw_marks_legend(
    types: Iterable[str],
    marks: Mapping[str, TypeMark],
    *,
    lines: Iterable[tuple[str, bool]] = (),
) -> tuple[str, float]:
    """The types drawn, each by its shape, then what the lines mean and whether they are dashed; and the height it took."""
    parts: list[str] = []
    left, baseline = 14.0, _HEIGHT + 16
    entries: list[tuple[str, TypeMark | bool]] = [(name, marks[name]) for name in rank_types(types)]
    for name, sign in [*entries, *lines]:
        text = shorten(name)
        needed = 22 + measure_text(text, 12) + 14
        if left > 14 and left + needed > _WIDTH - 14:
            left, baseline = 14.0, baseline + 20
        if isinstance(sign, TypeMark):
            parts.append(draw_type_mark(sign, left + 9, baseline - 4, 5))
        else:
            ends = np.array([[left, baseline - 4], [left + 17, baseline - 4]])
            parts.append(draw_polyline(ends, role="line-edge", dashed=sign))
        parts.append(draw_text(text, left + 22, baseline, size=12))
        left += needed
    return "".join(parts), baseline - _HEIGHT + 8


def draw_type_mark(mark: TypeMark, x: Number, y: Number, radius: Number) -> str:
    """The mark of a type with a thin rim of paper."""
    return f'<g class="line-paper" stroke-width=".75">{draw_shape(mark, x, y, radius)}</g>'


def _name_line(scene: GraphScene, fact: int) -> str:
    label = shorten(scene.graph.relation_labels[scene.facts[fact, 1]], 28)
    chance = scene.probability[fact]
    return f"{label} {chance:.2f}" if np.isfinite(chance) else label


def _open_room(
    points: Float[np.ndarray, "node 2"], radii: Float[np.ndarray, " node"], courses: Sequence[Course]
) -> LabelRoom:
    room = LabelRoom(_WIDTH, _HEIGHT, courses if len(courses) <= 1500 else [])
    for (x, y), radius in zip(points.tolist(), radii.tolist(), strict=True):
        room.take((x - radius * 1.15, y - radius * 1.15, x + radius * 1.15, y + radius * 1.15))
    return room


def _draw_lines(courses: Sequence[Course], predicted: Bool[np.ndarray, " line"]) -> str:
    parts = []
    opacity = float(np.clip(14 / np.sqrt(len(courses) + 1), 0.18, 0.8))
    for dashed in (False, True):
        some = [course for course, guessed in zip(courses, predicted, strict=True) if bool(guessed) == dashed]
        if not some:
            continue
        style = ' stroke-dasharray="5 4" stroke-width="1.4"' if dashed else ' stroke-width=".9"'
        faint = "" if dashed else f' opacity="{opacity:.2f}"'
        parts.append(f'<path d="{"".join(each.path for each in some)}" fill="none" class="line-edge"{style}{faint}/>')
        parts.append(f'<path d="{"".join(each.arrowhead for each in some)}" class="edge"{faint}/>')
    return "".join(parts)


def _draw_marks(
    points: Float[np.ndarray, "node 2"],
    radii: Float[np.ndarray, " node"],
    marks: Sequence[TypeMark],
    rings: Iterable[int],
) -> str:
    drawn = [
        draw_type_mark(mark, x, y, radius)
        for (x, y), radius, mark in zip(points.tolist(), radii.tolist(), marks, strict=True)
    ]
    drawn += [
        f'<circle cx="{points[i, 0]:.1f}" cy="{points[i, 1]:.1f}" r="{radii[i] + 4:.1f}" fill="none" class="line-ink" '
        'stroke-width="1.5"/>'
        for i in rings
    ]
    return "".join(drawn)
