"""For notebook 04: maps of one space side by side, and in numbers what each of them keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.packages import load_package
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_points, draw_polyline, draw_text
from kgwb.see.palette import colour_types
from kgwb.see.panels import Panel, draw_labels, draw_rings, place_labels
from kgwb.see.space.neighbours import list_nearest
from kgwb.see.space.projection import Method, project
from kgwb.see.space.quality import point_quality

Positions = Float[np.ndarray, "point dim"]
_MARGIN, _GAP, _TOP, _HEIGHT = 12.0, 14.0, 30.0, 216.0


def flatten_vectors(vectors: Positions, method: Method) -> Float[np.ndarray, "point 2"]:
    """The map of `kgwb.show_space`, as an array: "pca" or "tsne".

    Example:
        >>> flatten_vectors(np.eye(3), "pca").shape
        (3, 2)
    """
    return project(np.asarray(vectors, float), method=method).points


def list_near(points: Positions, count: int) -> Int[np.ndarray, "point near"]:
    """The nearest other points of each, nearest first.

    Example:
        >>> list_near(np.array([[0.0], [1.0], [3.0]]), 2).tolist()
        [[1, 2], [0, 2], [1, 0]]
    """
    return list_nearest(np.asarray(points, float), np.arange(len(points)), count)[0]


def measure_points(truth: Positions, points: Positions, neighbours: int) -> pd.DataFrame:
    """How far each point of a map can be trusted, as `kgwb.see.point_quality` measures it: a row a point.

    Args:
        truth: the vectors.
        points: where the map puts them.
        neighbours: how many nearest count as near.

    Example:
        >>> line = np.arange(9.0)[:, None]
        >>> measure_points(line, -line, 3).mean().to_dict()
        {'trustworthiness': 1.0, 'continuity': 1.0}
    """
    found = point_quality(np.asarray(truth), np.asarray(points), neighbours)
    return pd.DataFrame({"trustworthiness": found.trustworthiness, "continuity": found.continuity})


def list_others(points: Positions, names: Sequence[str], name: str) -> list[str]:
    """The names of all other points, the nearest first.

    Example:
        >>> list_others(np.array([[0.0], [1.0], [3.0]]), ["Ada", "Bo", "Cy"], "Bo")
        ['Ada', 'Cy']
    """
    order = list_near(points, len(points) - 1)[_find_name(names, name)]
    return [str(list(names)[place]) for place in order]


def _find_name(names: Sequence[str], name: str) -> int:
    if name not in list(names):
        raise ValueError(f"No point is called {name!r}. Expected one of {len(names)} names, such as {names[0]!r}.")
    return list(names).index(name)


def list_worst(
    truth: Positions, maps: Mapping[str, Float[np.ndarray, "point 2"]], names: Sequence[str], *, neighbours: int = 5
) -> pd.DataFrame:
    """For each map the point about which it is most wrong, with its nearest in truth and its nearest on the map.

    Args:
        truth: the vectors.
        maps: of the points, by name.
        names: of the points.
        neighbours: how many nearest count as near; one fewer is named.

    Returns:
        A row for each map: the point with the lowest of its two figures, both figures, and the names of its nearest.

    Example:
        >>> line = np.arange(9.0)[:, None]
        >>> list_worst(line, {"mirror": -line}, list("abcdefghi"), neighbours=3)["trustworthiness"].tolist()
        [1.0]
    """
    rows = {}
    for title, points in maps.items():
        quality = measure_points(truth, points, neighbours)
        name = str(list(names)[int(quality.min(axis=1).idxmin())])
        spaces = {"near in truth": truth, "near on the map": points}
        near = {side: ", ".join(list_others(each, names, name)[: neighbours - 1]) for side, each in spaces.items()}
        rows[title] = {"worst": name, **quality.loc[_find_name(names, name)].round(2), **near}
    return pd.DataFrame.from_dict(rows, orient="index")


def draw_maps(
    maps: Mapping[str, Float[np.ndarray, "point 2"]],
    names: Sequence[str],
    kinds: Sequence[str],
    near: Int[np.ndarray, "point near"],
    *,
    focus: str,
    named: Sequence[str] = (),
) -> Picture:
    """The same points on several maps, and on each the way from one of them to its nearest in truth.

    Args:
        maps: by name; each is drawn in its own proportions.
        names: of the points.
        kinds: their types, for the colours.
        near: the nearest in truth of each, as `list_near` gives them.
        focus: the point from which the lines go.
        named: further points to name.

    Raises:
        ValueError: no point has the name of the focus, or one that is to be named.
    """
    colours, centre = colour_types(kinds), _find_name(names, focus)
    shown = [centre, *near[centre].tolist(), *(_find_name(names, name) for name in named)]
    parts = []
    for (title, points), panel in zip(maps.items(), _lay_out(list(maps.values())), strict=True):
        pixels = panel.place(*points.T)
        parts.append(_draw_border(panel, title))
        parts += [draw_polyline(pixels[[centre, other]]) for other in near[centre].tolist()]
        parts.append(
            draw_points(
                pixels, np.full(len(points), 3.5 if len(points) < 200 else 2.0), [colours[kind] for kind in kinds]
            )
        )
        parts += [*draw_rings(pixels[[centre]], 5.5), _name_points(panel, pixels, list(names), shown)]
        bottom = panel.bottom
    marks = [Mark(kind, colours[kind]) for kind in sorted(set(kinds))]
    marks.append(Mark(f"its {near.shape[1]} nearest in truth", "ink", "line"))
    legend, taken = draw_legend(marks, _MARGIN, bottom + 10, WIDTH - 2 * _MARGIN)
    caption = (
        f"The same {len(names)} points on {len(maps)} maps. A long line is a way that the map makes longer for {focus}."
    )
    svg = draw_picture([*parts, legend], WIDTH, bottom + 10 + taken, title=caption, caption=caption)
    return Picture(svg, caption)


def _lay_out(maps: Sequence[Float[np.ndarray, "point 2"]]) -> list[Panel]:
    """Two panels a row; an odd one stands alone in the first. In each, both axes have one scale."""
    panels, alone = [], len(maps) % 2
    for place, points in enumerate(maps):
        row, column = divmod(place + alone, 2)
        width = WIDTH - 2 * _MARGIN if alone and not place else (WIDTH - 2 * _MARGIN - _GAP) / 2
        left = _MARGIN if alone and not place else _MARGIN + column * (width + _GAP)
        middle, spans = (points.max(0) + points.min(0)) / 2, np.ptp(points, axis=0) * 1.08
        half = max(spans[0] / width, spans[1] / _HEIGHT) / 2 * np.array([width, _HEIGHT])
        (x_range, y_range) = np.stack([middle - half, middle + half], 1).tolist()
        panels.append(Panel(left, _TOP + row * (_HEIGHT + _TOP), width, _HEIGHT, tuple(x_range), tuple(y_range)))
    return panels


def _draw_border(panel: Panel, title: str) -> str:
    return (
        draw_text(title, panel.left, panel.top - 9, size=13, weight=600)
        + f'<rect x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}" '
        'fill="none" class="line-rule"/>'
    )


def _name_points(panel: Panel, pixels: Float[np.ndarray, "point 2"], names: list[str], shown: list[int]) -> str:
    bounds = (panel.left, panel.top, panel.right, panel.bottom)
    placed = place_labels(pixels, names, radii=np.full(len(names), 5.0), order=shown, bounds=bounds, size=10)
    return draw_labels(placed, names, size=10)


def compare_map(
    graph: KnowledgeGraph,
    truth: Positions,
    points: Positions,
    *,
    relations: Sequence[str] = (),
    neighbours: int = 10,
) -> dict[str, float]:
    """What a map of entities keeps of arrows, of neighbours, and of the distances of far groups.

    Args:
        graph: whose facts are the arrows, and whose types are the groups.
        truth: the vectors of its entities.
        points: where the map puts them; the vectors themselves, to see what there is to be kept.
        relations: whose arrows are measured; names or labels.
        neighbours: how many nearest count as near.

    Returns:
        By relation, `measure_arrows`; then trustworthiness and continuity, and `compare_centres` as "far groups".
    """
    arrows = {f"arrows, {name}": measure_arrows(graph, points, name) for name in relations}
    far = compare_centres(truth, points, list(graph.entities["type"]))
    return {**arrows, **measure_points(truth, points, neighbours).mean(), "far groups": far}


def measure_arrows(graph: KnowledgeGraph, points: Positions, relation: str) -> float:
    """How unlike one another the arrows of a relation are, from heads to tails.

    √(mean ‖arrow − mean arrow‖²) / ‖mean arrow‖: zero where all are one arrow.

    Args:
        graph: whose facts are the arrows.
        points: of its entities, in any space or on any map.
        relation: its name or label.
    """
    facts = graph.triples[graph.triples[:, 1] == graph.relation_id(relation)]
    arrows = points[facts[:, 2]] - points[facts[:, 0]]
    mean = arrows.mean(0)
    return float(np.sqrt(((arrows - mean) ** 2).sum(1).mean()) / np.linalg.norm(mean))


def compare_centres(truth: Positions, points: Positions, kinds: Sequence[str]) -> float:
    """Whether groups that are far apart in truth are far apart on the map.

    Spearman's rank correlation over all pairs of groups, between the distances of their middles here and there: 1 keeps
    the order, 0 does not know it.

    Args:
        truth: the vectors.
        points: where the map puts them.
        kinds: the group of each point.
    """
    groups = sorted(set(kinds))
    member = np.array(kinds, object)
    upper = np.triu_indices(len(groups), 1)
    ranks = []
    for each in (truth, points):
        middles = np.stack([each[member == group].mean(0) for group in groups])
        gaps = np.linalg.norm(middles[:, None] - middles[None], axis=-1)[upper]
        ranks.append(pd.Series(gaps).rank())
    return float(ranks[0].corr(ranks[1]))


def score_groups(points: Positions, groups: int, *, seed: int = 0) -> float:
    """How clear-cut the groups look that k-means finds: the mean silhouette (Rousseeuw, 1987).

    1 is tight groups far apart, 0 one cloud cut into pieces.

    Args:
        points: in any space or on any map.
        groups: how many to find.
        seed: of k-means.
    """
    cluster = load_package("sklearn.cluster", "A search for groups", install="scikit-learn")
    metrics = load_package("sklearn.metrics", "A search for groups", install="scikit-learn")
    found = cluster.KMeans(groups, n_init=4, random_state=seed).fit_predict(points)
    return float(metrics.silhouette_score(points, found))
