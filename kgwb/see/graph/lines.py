"""The lines of a still picture of a graph: facts between the same two fan out, loops stand apart, each with an arrowhead."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kgwb.axes import Float, Int
from kgwb.see.drawing import Number

_FAN = 17.0  # pixels between the middles of two lines that join the same two nodes
_LOOP, _NEST = 30.0, 15.0  # how far the first round of loops reaches, and each further one
_ARROW = 6.5


@dataclass(frozen=True)
class Course:
    """How one line runs: a curve with one control point, or two where it is a loop.

    Attributes:
        points: start, control points, end, in pixels.
    """

    points: Float[np.ndarray, "point 2"]

    def at(self, share: Number) -> Float[np.ndarray, 2]:
        """The place a share of the way along."""
        points = self.points
        while len(points) > 1:
            points = points[:-1] * (1 - share) + points[1:] * share
        return points[0]

    @property
    def path(self) -> str:
        """As SVG."""
        pairs = [f"{x:.1f} {y:.1f}" for x, y in self.points]
        return f"M{pairs[0]}{'C' if len(pairs) == 4 else 'Q'}{' '.join(pairs[1:])}"

    @property
    def arrowhead(self) -> str:
        """A triangle at the end, as SVG."""
        tip, before = self.points[-1], self.at(0.94 if len(self.points) == 4 else 0.9)
        along = (tip - before) / max(float(np.linalg.norm(tip - before)), 1e-9)
        across = np.array([-along[1], along[0]])
        foot = tip - along * _ARROW
        corners = [tip, foot + across * _ARROW * 0.38, foot - across * _ARROW * 0.38]
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"


def count_lanes(ends: Int[np.ndarray, "line 2"]) -> tuple[Int[np.ndarray, " line"], Int[np.ndarray, " line"]]:
    """Which of the lines that join the same two nodes each is, from 0, and how many those are.

    Example:
        >>> count_lanes(np.array([[0, 1], [1, 0], [2, 2]]))
        (array([0, 1, 0]), array([2, 2, 1]))
    """
    pairs = np.sort(ends, axis=1).reshape(-1, 2)
    _, pair_of, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    pair_of = pair_of.ravel()
    lanes = np.zeros(len(ends), int)
    order = np.argsort(pair_of, kind="stable")
    starts = np.cumsum(counts) - counts
    lanes[order] = np.arange(len(ends)) - np.repeat(starts, counts)
    return lanes, counts[pair_of] if len(ends) else np.zeros(0, int)


def run_lines(
    ends: Int[np.ndarray, "line 2"], points: Float[np.ndarray, "node 2"], radii: Float[np.ndarray, " node"]
) -> list[Course]:
    """The course of every line from the rim of one mark to the rim of the other; no two run alike."""
    lanes, counts = count_lanes(ends)
    free = _find_free_sides(ends, points)
    return [
        _run_loop(points[head], radii[head], int(lane), free.get(head, -math.pi / 2))
        if head == tail
        else _run_line(points, radii, head, tail, _FAN * (lane - (count - 1) / 2))
        for (head, tail), lane, count in zip(ends.tolist(), lanes.tolist(), counts.tolist(), strict=True)
    ]


def _run_line(
    points: Float[np.ndarray, "node 2"], radii: Float[np.ndarray, " node"], head: int, tail: int, bend: Number
) -> Course:
    start, end = points[head], points[tail]
    gap = end - start
    length = max(float(np.linalg.norm(gap)), 1e-9)
    # Which side a line bends to is the same, whichever of its ends is the head.
    side = np.array([-gap[1], gap[0]]) / length * (1 if head < tail else -1)
    control = (start + end) / 2 + side * bend * 2
    rims = []
    for place, radius in ((start, radii[head]), (end, radii[tail] + 1.5)):
        way = control - place
        far = max(float(np.linalg.norm(way)), 1e-9)
        rims.append(place + way / far * min(float(radius), far * 0.9))
    return Course(np.array([rims[0], control, rims[1]]))


def _run_loop(place: Float[np.ndarray, 2], radius: Number, lane: int, side: Number) -> Course:
    """Up to five loops stand about a mark, further ones around those."""
    angle = side + (lane % 5) * math.tau / 5
    reach = radius + _LOOP + _NEST * (lane // 5)
    corners = [(radius, -0.5), (reach, -0.55), (reach, 0.55), (radius + 1.5, 0.5)]
    return Course(
        np.array([place + far * np.array([math.cos(angle + turn), math.sin(angle + turn)]) for far, turn in corners])
    )


def _find_free_sides(ends: Int[np.ndarray, "line 2"], points: Float[np.ndarray, "node 2"]) -> dict[int, float]:
    """For each node with a loop, the direction in which fewest lines leave it."""
    sides = {}
    for node in {int(head) for head, tail in ends.tolist() if head == tail}:
        others = [
            int(tail if head == node else head) for head, tail in ends.tolist() if (head == node) != (tail == node)
        ]
        angles = np.sort([math.atan2(*(points[other] - points[node])[::-1]) for other in set(others)])
        if not len(angles):
            sides[node] = -math.pi / 2
            continue
        gaps = np.diff(np.append(angles, angles[0] + math.tau))
        widest = int(gaps.argmax())
        sides[node] = float(angles[widest] + gaps[widest] / 2)
    return sides
