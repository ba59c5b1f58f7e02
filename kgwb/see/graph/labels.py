"""Names in a still picture of a graph: beside their mark, on the side that its lines leave free; relations once a group."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from kgwb.axes import Bool, Float, Int
from kgwb.see.drawing import Number, draw_text, measure_text
from kgwb.see.graph.lines import Course

# right, left, above, below, and the four corners: the way across and down from the mark
_SIDES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
_SHARES = (0.55, 0.45, 0.65, 0.35, 0.75, 0.25)  # of the way along a line, where its relation may be named
_Box = tuple[Number, Number, Number, Number]


class LabelRoom:
    """What of a picture is taken: boxes that nothing may cover, and places where lines run.

    Attributes:
        width, height: of the picture, in pixels.
    """

    def __init__(self, width: Number, height: Number, courses: Iterable[Course]) -> None:
        self.width, self.height = width, height
        self.boxes: list[_Box] = []
        places = [course.at(share) for course in courses for share in np.linspace(0.03, 0.97, 24)]
        self.lines = np.array(places).reshape(-1, 2)

    def is_free(self, wanted: _Box) -> bool:
        """Whether the box lies in the picture and covers no other."""
        left, top, right, bottom = wanted
        if left < 2 or top < 2 or right > self.width - 2 or bottom > self.height - 2:
            return False
        return not any(left < box[2] and right > box[0] and top < box[3] and bottom > box[1] for box in self.boxes)

    def count_lines(self, box: _Box) -> int:
        """How much of the lines the box would cover."""
        left, top, right, bottom = box
        x, y = self.lines.T
        return int(((x > left) & (x < right) & (y > top) & (y < bottom)).sum())

    def take(self, box: _Box) -> None:
        """Nothing else may cover this box."""
        self.boxes.append(box)


def write_names(
    room: LabelRoom,
    points: Float[np.ndarray, "node 2"],
    radii: Float[np.ndarray, " node"],
    texts: Sequence[str],
    order: Iterable[int],
    *,
    first: int = 0,
) -> str:
    """The names that find room, the most important first; each where it covers the fewest lines.

    Args:
        room: the marks of the nodes are taken already.
        points: of the nodes, in pixels.
        radii: of their marks.
        texts: their names.
        order: which to name.
        first: so many stand in any case.
    """
    written = []
    for rank, i in enumerate(order):
        size = 12.5 if rank < first else 11.5
        wide = measure_text(texts[i], size)
        boxes = [_beside(points[i], float(radii[i]), wide, size, *side) for side in _SIDES]
        free = [box for box in boxes if room.is_free(box)]
        if not free and rank >= first:
            continue
        left, _, right, bottom = box = min(free or boxes, key=room.count_lines)
        room.take(box)
        middle = abs((left + right) / 2 - points[i, 0]) < 1
        anchor = "middle" if middle else "start" if left > points[i, 0] else "end"
        x = {"middle": (left + right) / 2, "start": left, "end": right}[anchor]
        weight = 600 if rank < first else 400
        written.append(
            draw_text(texts[i], x, bottom - size * 0.28, role="ink halo", size=size, anchor=anchor, weight=weight)
        )
    return "".join(written)


def _beside(point: Float[np.ndarray, 2], radius: Number, wide: Number, size: Number, across: int, down: int) -> _Box:
    near = radius * (0.75 if across and down else 1.0)
    left = point[0] + across * (near * 1.15 + 4) - wide * (1 - across) / 2
    middle = point[1] + down * (near * 1.15 + 3 + size * 0.5)
    return (float(left), float(middle - size * 0.62), float(left + wide), float(middle + size * 0.62))


def write_relations(
    room: LabelRoom, courses: Sequence[Course], groups: Iterable[tuple[str, Sequence[int]]], *, size: Number = 10.5
) -> str:
    """The name of each group of lines once, on its middle line, where there is room."""
    written = []
    for text, members in groups:
        wide = measure_text(text, size)
        line = courses[members[len(members) // 2]]
        boxes = _on_line(line, wide, size)
        free = [box for box in boxes if room.is_free(box)]
        if free:
            left, _, right, bottom = free[0]
            room.take(free[0])
            written.append(
                draw_text(text, (left + right) / 2, bottom - size * 0.25, role="edge halo", size=size, anchor="middle")
            )
    return "".join(written)


def _on_line(line: Course, wide: Number, size: Number) -> list[_Box]:
    """Where a line may be named: on it, or beyond the turn of a loop."""
    loop = len(line.points) == 4
    base = (line.points[0] + line.points[-1]) / 2
    boxes = []
    for share in (0.5, 0.35, 0.65) if loop else _SHARES:
        x, y = place = line.at(share)
        if loop:
            out = (place - base) / max(float(np.linalg.norm(place - base)), 1e-9)
            x, y = place + out * np.array([wide / 2 + 4, size * 0.6 + 2])
        boxes.append((float(x - wide / 2), float(y - size * 0.6), float(x + wide / 2), float(y + size * 0.6)))
    return boxes


def group_lines(
    ends: Int[np.ndarray, "line 2"],
    relations: Int[np.ndarray, " line"],
    points: Float[np.ndarray, "node 2"],
    alone: Bool[np.ndarray, " line"],
) -> list[list[int]]:
    """Lines of one relation at one node, the largest groups first; arrowheads say which way each runs.

    A line lies in two such groups, one at each end, and is put into the larger. One that is `alone`, and a loop, has a
    group of its own.
    """
    sizes: dict[tuple[int, int], int] = defaultdict(int)
    for (head, tail), relation in zip(ends.tolist(), relations.tolist(), strict=True):
        sizes[head, relation] += 1
        sizes[tail, relation] += 1
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    single = []
    for i, ((head, tail), relation) in enumerate(zip(ends.tolist(), relations.tolist(), strict=True)):
        if alone[i] or head == tail:
            single.append([i])
            continue
        keys = ((head, relation), (tail, relation))
        groups[max(keys, key=lambda key: sizes[key])].append(i)
    for (node, _), members in groups.items():
        members.sort(key=lambda i: _find_angle(points, node, ends[i]))
    return single + sorted(groups.values(), key=len, reverse=True)


def _find_angle(points: Float[np.ndarray, "node 2"], node: int, ends: Int[np.ndarray, 2]) -> float:
    x, y = points[ends[1] if ends[0] == node else ends[0]] - points[node]
    return float(np.arctan2(y, x))
