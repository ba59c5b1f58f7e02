"""For notebook 02: relations drawn as moves of two-dimensional vectors, a graph of some facts, and checks by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.embed import GraphEmbedding, Scorer
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import LIMIT, Verdict, agree, check
from kgwb.lessons.examples import shorten_value
from kgwb.lessons.guarded import run_guarded
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_points, draw_polyline, draw_text, type_marks
from kgwb.see.names import name_types
from kgwb.see.palette import TypeMark, mark_types
from kgwb.see.panels import Panel, place_labels
from kgwb.words import shorten

_STEPS = 24  # points on the path from a head to where its relation moves it
_TOP, _GAP, _MARGIN = 30.0, 16.0, 12.0


def draw_moves(embedding: GraphEmbedding, relations: Sequence[str], *, within: KnowledgeGraph | None = None) -> Picture:
    """Where each relation moves its heads, and how far from there the right tail is; one panel for each relation.

    The embedding has two real numbers per entity, so nothing is projected. Where the scorer measures distances, the
    path is drawn from the head to the query, and a thin dashed line leads on to the tail. Where it multiplies, only the
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
    reach = 1.15 * max(np.abs(values).max() for values in (points, *(paths for _, paths in moves)))
    kinds = name_types(embedding.graph)
    marks = mark_types(kinds if within is None else name_types(within))
    parts, drawn = [], set()
    for place, (number, (triples, paths)) in enumerate(zip(numbers, moves, strict=True)):
        panel = Panel(_MARGIN + place * (side + _GAP), _TOP, side, side, (-reach, reach), (-reach, reach))
        parts.append(_draw_panel(panel, embedding.graph.relation_labels[number]))
        parts += _draw_paths(panel, triples, paths, points)
        shown = np.unique(triples[:, (0, 2)])
        drawn |= set(shown.tolist())
        parts += _draw_entities(panel, points[shown], [marks[kinds[i]] for i in shown])
        parts += _name_entities(panel, points[shown], [embedding.graph.labels[i] for i in shown])
    legend, height = _draw_marks(type_marks([kinds[i] for i in sorted(drawn)], marks), _TOP + side + 10)
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
    """The triples of a relation, and for each the path from its head to its query, [triple, step, 2]."""
    triples = embedding.graph.triples[embedding.graph.triples[:, 1] == relation]
    vectors, move = embedding.entity_vectors(), embedding.relation_vectors()[relation]
    heads, tails = vectors[triples[:, 0]], vectors[triples[:, 2]]  # [triple, 2]
    if measures_distance(embedding.scorer):
        turn = _take_short_turn(move)
        paths = [_query_tails(embedding.scorer, heads, share * turn) for share in torch.linspace(0, 1, _STEPS)]
    else:
        queries = _query_tails(embedding.scorer, heads, move)
        length = tails.norm(dim=1).mean()
        paths = [heads, queries * length / queries.norm(dim=1, keepdim=True).clamp_min(1e-12)]
    return triples, torch.stack(paths, 1).numpy()  # [triple, step, 2]


def _query_tails(
    scorer: Scorer, heads: Float[Tensor, "head 2"], move: Float[Tensor, " width"]
) -> Float[Tensor, "head 2"]:
    return scorer.query_tail(heads, move.expand(len(heads), -1))


def _take_short_turn(move: Tensor) -> Tensor:
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


def _draw_paths(panel: Panel, triples: np.ndarray, paths: np.ndarray, points: np.ndarray) -> list[str]:
    parts, drawn = [], set()
    for (head, _, tail), path in zip(triples.tolist(), paths, strict=True):
        pixels = panel.place(*path.T)
        still = bool(np.ptp(pixels, axis=0).max() < 0.5)
        # Where nothing moves, the line from tail to head is that from head to tail, and two dashed lines make a solid one.
        if not (still and (tail, head) in drawn):
            miss = panel.place(*np.stack([path[-1], points[tail]]).T)
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


def _draw_entities(panel: Panel, points: np.ndarray, marks: list[TypeMark]) -> list[str]:
    return [draw_points(panel.place(*points.T), np.full(len(points), 4.0), marks)]


def _name_entities(panel: Panel, points: np.ndarray, labels: list[str]) -> list[str]:
    pixels = panel.place(*points.T)
    bounds = (panel.left, panel.top, panel.left + panel.width, panel.top + panel.height)
    texts, radii = [shorten(label, 18) for label in labels], np.full(len(labels), 5.0)
    placed = place_labels(pixels, texts, radii=radii, order=range(len(texts)), bounds=bounds, size=11)
    return [draw_text(texts[at.point], at.x, at.y, role="ink halo", size=11, anchor=at.anchor) for at in placed]


def _draw_marks(marks: list[Mark], top: float) -> tuple[str, float]:
    lines = [Mark("moved by the relation", "edge", "line"), Mark("on to the right tail", "muted", "dashed")]
    return draw_legend([*marks, *lines], _MARGIN, top, WIDTH - 2 * _MARGIN)


def _write_caption(embedding: GraphEmbedding) -> str:
    what = f"{embedding.graph.name}, {type(embedding.scorer).__name__}: two numbers for each entity, so nothing is projected"
    if measures_distance(embedding.scorer):
        return f"{what}. The shorter the dashed line, the higher the score."
    return f"{what}. Only the direction of a query counts, so all are drawn equally long."


def make_subgraph(graph: KnowledgeGraph, facts: pd.DataFrame, *, name: str) -> KnowledgeGraph:
    """A graph of some of a graph's facts, without the entities and relations that no longer occur.

    Args:
        graph: where labels and types come from.
        facts: rows of `graph.to_pandas()`.
        name: of the new graph.
    """
    entities = graph.entities[graph.entities["entity"].isin({*facts["head"], *facts["tail"]})]
    relations = graph.relations[graph.relations["relation"].isin(set(facts["relation"]))]
    return KnowledgeGraph.from_pandas(facts, entities, relations=relations, name=name)


def check_translation(score_translation: Callable[[list[float], list[float], list[float]], float]) -> Verdict:
    """Is it minus the distance between head + relation and tail?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.0, 0.0], [3.0, 4.0], [0.0, 0.0]), -5.0),
        (([1.0, 2.0], [1.0, -1.0], [2.0, 1.0]), 0.0),
        (([0.5], [0.25], [1.0]), -0.25),
    ]
    random = np.random.default_rng(0)
    for count in (1, 2, 3, 4, 5):
        head, relation, tail = random.normal(size=(3, count)).round(1).tolist()
        gaps = [h + r - t for h, r, t in zip(head, relation, tail, strict=True)]
        examples.append(((head, relation, tail), -math.sqrt(sum(gap * gap for gap in gaps))))
    hint = "Square the differences head + relation - tail, number by number, add them up, take the root, and mind the sign."
    return check(score_translation, examples, hint=hint)


def check_rotation(score_rotation: Callable[[complex, float, complex], float]) -> Verdict:
    """Is it minus the distance between the turned head and the tail?"""
    examples = [
        ((1 + 0j, math.pi / 2, 1j), 0.0),
        ((1 + 0j, math.pi, 1 + 0j), -2.0),
        ((3j, 0.0, 1j), -2.0),
        ((2 + 0j, -math.pi / 2, 0j), -2.0),
    ]
    random = np.random.default_rng(0)
    for _ in range(6):
        a, b, c, d, angle = random.normal(size=5).round(1).tolist()
        x, y = a * math.cos(angle) - b * math.sin(angle), a * math.sin(angle) + b * math.cos(angle)
        examples.append(((complex(a, b), angle, complex(c, d)), -math.hypot(x - c, y - d)))
    hint = "cmath.exp(1j * angle) is the number that turns by an angle; abs() of a complex number is its length."
    return check(score_rotation, examples, hint=hint)


def check_one_way(scorer: Scorer) -> Verdict:
    """Does it change its sign when head and tail are swapped, score alike by tail and by head query, and say its width?"""
    east, north = [1.0, 0.0], [0.0, 1.0]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((east, [2.0], north), 2.0),
        ((north, [2.0], east), -2.0),
        (([3.0, 1.0], [1.0], [3.0, 1.0]), 0.0),
    ]
    drawn = [_draw_triple(np.random.default_rng(0), count) for count in (4, 4, 6)]
    by_tail, by_head, width = (getattr(scorer, name, None) for name in ("query_tail", "query_head", "relation_width"))
    # Which two numbers make a pair is open, as long as both queries pair them alike: either neighbours, or those half
    # the vector apart.
    in_twos = _score_pairs(*drawn[0], step=1)
    paired = run_guarded(
        lambda say: say(agree(_score_by_tail_query(by_tail, *drawn[0]), in_twos)), by_tail, limit=LIMIT
    )
    step = 1 if paired.value is True else None
    examples += [(given, _score_pairs(*given, step=step)) for given in drawn]
    hint = "Write the score out for two numbers, then collect what each number of the tail (or of the head) is multiplied by."
    by_query = "{} · {}, of head, relation, tail "
    called = by_query.format("query_tail(head, relation)", "tail")
    verdict = check(by_tail, examples, hint=hint, through=_score_by_tail_query, called=called)
    if verdict.passed:
        called = by_query.format("query_head(relation, tail)", "head")
        verdict = check(by_head, examples, hint=hint, through=_score_by_head_query, called=called)
    if verdict.passed:
        hint = "A relation has one number for each pair of an entity's numbers."
        widths = [((dim,), dim // 2) for dim in (2, 4, 128)]
        verdict = check(width, widths, hint=hint, through=_ask_width, called="relation_width")
    return verdict


def _draw_triple(random: np.random.Generator, count: int) -> tuple[list[float], list[float], list[float]]:
    head, tail = random.normal(size=(2, count)).round(1).tolist()
    return head, random.normal(size=count // 2).round(1).tolist(), tail


def _score_pairs(head: list[float], relation: list[float], tail: list[float], *, step: int | None) -> float:
    """Σ relation · (a d − b c), where b and d stand `step` after a and c; by default half the vector."""
    step = step or len(relation)
    firsts = range(len(relation)) if step == len(relation) else range(0, len(head), 2)
    pairs = zip(relation, firsts, strict=True)
    return sum(r * (head[i] * tail[i + step] - head[i + step] * tail[i]) for r, i in pairs)


def _score_by_tail_query(query_tail: Any, head: list[float], relation: list[float], tail: list[float]) -> Any:
    return _score_query("query_tail", query_tail(_fill_rows(head), _fill_rows(relation)), tail)


def _score_by_head_query(query_head: Any, head: list[float], relation: list[float], tail: list[float]) -> Any:
    return _score_query("query_head", query_head(_fill_rows(relation), _fill_rows(tail)), head)


def _fill_rows(numbers: list[float]) -> Tensor:
    """Three rows, of which the last is asked for, as a scorer gets them in training."""
    return torch.tensor([[0.0] * len(numbers), [1.0] * len(numbers), numbers], requires_grad=True)


class _Score(Number):
    """A score that says of which query it is."""

    def __init__(self, name: str, query: Tensor, other: list[float]) -> None:
        self.value, self.said = float((query * torch.tensor(other)).sum()), f"{name} returned {shorten_value(query)}"

    def __float__(self) -> float:
        return self.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __repr__(self) -> str:
        return f"{self.value:.4g}; {self.said}"


def _score_query(name: str, query: Any, other: list[float]) -> Any:
    if not isinstance(query, Tensor) or query.shape != (3, len(other)):
        return query
    if not query.requires_grad:
        return "a query that has lost its gradients, so nothing could be learnt"
    return _Score(name, query[-1].detach(), other)


def _ask_width(width: Any, dim: int) -> Any:
    came = width(dim)
    return came if hasattr(came, "__index__") else f"{came!r}, which is no whole number"
