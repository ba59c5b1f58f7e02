"""Relations drawn as moves of real vectors, on paper that is the whole space."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from kgwb.axes import Float, Tensor
from kgwb.embed import GraphEmbedding, Scorer
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_points, draw_polyline, draw_text
from kgwb.see.graph.scene import name_types
from kgwb.see.palette import colour_types
from kgwb.see.panels import Panel, place_labels
from kgwb.words import shorten

_STEPS = 24  # points on the way from a head to where its relation moves it
_TOP, _GAP, _MARGIN = 30.0, 16.0, 12.0


def draw_moves(embedding: GraphEmbedding, relations: Sequence[str], *, within: KnowledgeGraph | None = None) -> Picture:
    """Where each relation moves its heads, and how far from there the right tail is; one panel for each relation.

    The embedding has two real numbers per entity, so nothing is projected. Where the scorer measures distances, the
    way is drawn from the head to the query, and a thin dashed line leads on to the tail. Where it multiplies, only the
    query's direction counts, and all queries of a panel are drawn at the mean length of its tails.

    Args:
        embedding: with dim=2.
        relations: names or labels.
        within: a graph whose types have the colours already; by default the embedding's own.

    Raises:
        ValueError: the vectors have more than two dimensions.
    """
    if embedding.dim != 2:
        message = f"dim={embedding.dim} came, and paper has two dimensions."
        raise ValueError(f"{message} Type GraphEmbedding(graph, scorer, dim=2).")
    numbers = [embedding.graph.relation_id(relation) for relation in relations]
    moves = [_find_moves(embedding, number) for number in numbers]
    points = embedding.entity_vectors().numpy()
    side = min(460.0, (WIDTH - 2 * _MARGIN - _GAP * (len(moves) - 1)) / len(moves))
    reach = 1.15 * max(np.abs(values).max() for values in (points, *(ways for _, ways in moves)))
    kinds = name_types(embedding.graph)
    colours = colour_types(kinds if within is None else name_types(within))
    parts = []
    for place, (number, (triples, ways)) in enumerate(zip(numbers, moves, strict=True)):
        panel = Panel(_MARGIN + place * (side + _GAP), _TOP, side, side, (-reach, reach), (-reach, reach))
        parts.append(_draw_panel(panel, embedding.graph.relation_labels[number]))
        parts += _draw_ways(panel, triples, ways, points)
        shown = np.unique(triples[:, (0, 2)])
        parts += _draw_entities(panel, points[shown], [colours[kinds[i]] for i in shown])
        parts += _name_entities(panel, points[shown], [embedding.graph.labels[i] for i in shown])
    legend, height = _draw_marks({kind: colours[kind] for kind in sorted(set(kinds))}, _TOP + side + 10)
    caption = _write_caption(embedding)
    return Picture(
        draw_picture([*parts, legend], WIDTH, _TOP + side + 10 + height, title=caption, caption=caption), caption
    )


def measures_distance(scorer: Scorer) -> bool:
    """Whether a query is nearest to its own copy, and not to whatever lies farthest in its direction.

    Example:
        >>> from kgwb.embed import DistMult, TransE
        >>> measures_distance(TransE()), measures_distance(DistMult())
        (True, False)
    """
    one = torch.ones(1, 2)
    return abs(scorer.compare(one, one).item()) < 1e-3


def _find_moves(embedding: GraphEmbedding, relation: int) -> tuple[np.ndarray, np.ndarray]:
    """The triples of a relation, and for each the way from its head to its query, [triple, step, 2]."""
    triples = embedding.graph.triples[embedding.graph.triples[:, 1] == relation]
    vectors, move = embedding.entity_vectors(), embedding.relation_vectors()[relation]
    heads, tails = vectors[triples[:, 0]], vectors[triples[:, 2]]
    if measures_distance(embedding.scorer):
        ways = [_ask(embedding.scorer, heads, share * _turn_short(move)) for share in torch.linspace(0, 1, _STEPS)]
    else:
        queries = _ask(embedding.scorer, heads, move)
        length = tails.norm(dim=1).mean()
        ways = [heads, queries * length / queries.norm(dim=1, keepdim=True).clamp_min(1e-12)]
    return triples, torch.stack(ways, 1).numpy()


def _ask(scorer: Scorer, heads: Float[Tensor, "head 2"], move: Float[Tensor, " width"]) -> Float[Tensor, "head 2"]:
    return scorer.query_tail(heads, move.expand(len(heads), -1))


def _turn_short(move: Tensor) -> Tensor:
    """A single number is an angle: the short way round. A translation stays as it is."""
    return torch.remainder(move + math.pi, 2 * math.pi) - math.pi if len(move) == 1 else move


def _draw_panel(panel: Panel, title: str) -> str:
    (x, y), *_ = panel.place(np.zeros(1), np.zeros(1))
    right, bottom = panel.left + panel.width, panel.top + panel.height
    return (
        f'<path d="M{x:.1f} {panel.top:.1f}V{bottom:.1f}M{panel.left:.1f} {y:.1f}H{right:.1f}" class="line-rule"/>'
        f'<rect x="{panel.left:.1f}" y="{panel.top:.1f}" width="{panel.width:.1f}" height="{panel.height:.1f}" '
        f'fill="none" class="line-rule"/>' + draw_text(title, panel.left, panel.top - 10, size=13, weight=600)
    )


def _draw_ways(panel: Panel, triples: np.ndarray, ways: np.ndarray, points: np.ndarray) -> list[str]:
    parts, drawn = [], set()
    for (head, _, tail), way in zip(triples.tolist(), ways, strict=True):
        pixels = panel.place(*way.T)
        still = bool(np.ptp(pixels, axis=0).max() < 0.5)
        # Where nothing moves, the line from tail to head is that from head to tail, and two dashed lines make a solid one.
        if not (still and (tail, head) in drawn):
            miss = panel.place(*np.stack([way[-1], points[tail]]).T)
            parts.append(draw_polyline(miss, role="line-muted", dashed=True))
        drawn.add((head, tail))
        if not still:
            parts += [draw_polyline(pixels, role="line-edge"), _draw_tip(pixels[-2], pixels[-1])]
    return parts


def _draw_tip(before: np.ndarray, end: np.ndarray) -> str:
    """An arrowhead."""
    step = end - before
    along = step / max(float(np.hypot(*step)), 1e-9)
    across = np.array([-along[1], along[0]])
    corners = [end, end - 8 * along + 3.2 * across, end - 8 * along - 3.2 * across]
    return f'<path d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in corners)}Z" class="edge"/>'


def _draw_entities(panel: Panel, points: np.ndarray, colours: list[str]) -> list[str]:
    return [draw_points(panel.place(*points.T), np.full(len(points), 4.0), colours)]


def _name_entities(panel: Panel, points: np.ndarray, labels: list[str]) -> list[str]:
    pixels = panel.place(*points.T)
    bounds = (panel.left, panel.top, panel.left + panel.width, panel.top + panel.height)
    texts, radii = [shorten(label, 18) for label in labels], np.full(len(labels), 5.0)
    placed = place_labels(pixels, texts, radii=radii, order=range(len(texts)), bounds=bounds, size=11)
    return [draw_text(texts[at.point], at.x, at.y, role="ink halo", size=11, anchor=at.anchor) for at in placed]


def _draw_marks(colours: dict[str, str], top: float) -> tuple[str, float]:
    marks = [Mark(kind, colour) for kind, colour in colours.items()]
    lines = [Mark("moved by the relation", "edge", "line"), Mark("on to the right tail", "muted", "dashed")]
    return draw_legend([*marks, *lines], _MARGIN, top, WIDTH - 2 * _MARGIN)


def _write_caption(embedding: GraphEmbedding) -> str:
    what = f"{embedding.graph.name}, {type(embedding.scorer).__name__}: two numbers for each entity, so nothing is projected"
    if measures_distance(embedding.scorer):
        return f"{what}. The shorter the dashed line, the higher the score."
    return f"{what}. Only the direction of a query counts, so all are drawn equally long."
