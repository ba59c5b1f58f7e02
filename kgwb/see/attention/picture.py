"""The attention view as a still picture: one SVG on paper, legible where no kernel and no script runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.see.attention.injected import GROUPS
from kgwb.see.attention.scene import SPECIAL, AttentionScene
from kgwb.see.attention.spans import Span
from kgwb.see.drawing import Number, draw_picture, draw_text, measure_text
from kgwb.words import shorten

SIZE = 13
MARGIN = 12.0
TOP = 88.0  # of the first word piece, below the title and the names of the columns
GAP = 120.0  # that the lines cross
NUMBER = 44.0  # a column of weights
_MOST, _LEAST = 5, 0.0005  # facts and vectors listed, and the weight below which one is not


@dataclass(frozen=True)
class _Columns:
    """Where everything stands, in pixels: before to the left of the word pieces in focus, after to the right.

    Attributes:
        tokens: the word pieces.
        room: width of a column of them.
        row: height of one of them.
        left: left edge of the column in focus.
    """

    tokens: tuple[str, ...]
    room: float
    row: int
    left: float

    @property
    def right(self) -> float:
        return self.left + self.room

    def middle(self, i: Number) -> float:
        return TOP + self.row * (i + 0.5)

    def write(self, texts: Sequence[str], x: float, roles: Sequence[str], anchor: str) -> list[str]:
        """A column of texts, one a row."""
        return [
            draw_text(shorten(text, 18), x, self.middle(i) + 4, role=role, size=SIZE, anchor=anchor)
            for i, (text, role) in enumerate(zip(texts, roles, strict=True))
        ]


def draw_attention(scene: AttentionScene) -> str:
    """What one word piece looks at, as SVG on a solid paper background."""
    rows, names, title = scene.rows, scene.names, scene.title
    if rows["injected"].all():  # a memory enters at every word piece, so there nothing sets them apart
        rows = rows.assign(injected=False)
    two = len(names) > 1
    tokens = tuple(rows["key_token"])
    room = min(150.0, max(measure_text(token, SIZE) for token in tokens) + 16)
    left = MARGIN + (NUMBER + room + GAP if two else 0)
    columns = _Columns(tokens, room, 20 if len(tokens) <= 48 else 15, left)
    edge = columns.right + GAP + room + NUMBER + (58 if two else 0)
    parts = [draw_text(title, MARGIN, 36, size=15, weight=600), *_draw_focus(columns, rows)]
    if two:
        parts += _draw_side(columns, rows, "before", names[0], -1)
        parts += _draw_side(columns, rows, "after", names[1], 1)
        parts += [draw_text("change", edge, TOP - 16, role="muted", anchor="end")]
        changes = [format_weight(change, signed=True) for change in rows["change"].tolist()]
        parts += columns.write(changes, edge, ["ink"] * len(tokens), "end")
    else:
        parts += _draw_side(columns, rows, "before", names[0], 1, role="ink")
    parts += _draw_brackets(columns, scene.spans, edge + 14)
    parts += _draw_arcs(columns, scene, two)
    bottom = columns.middle(len(tokens)) + 14
    listed, height = _draw_rest(scene, bottom - 6, edge, two)
    parts += listed
    bottom += height
    sums = summarise(rows, scene.rest, two) + _tell_links(scene)
    parts += [draw_text(text, MARGIN, bottom + 18 * i, role="muted") for i, text in enumerate(sums)]
    labels = max([0.0, *(measure_text(shorten(span.label), 12) for span in scene.spans)])
    width = max(640.0, edge + 30 + labels + MARGIN, MARGIN * 2 + measure_text(title, 15))
    return draw_picture(parts, width, bottom + 18 * max(2, len(sums)), title=title, caption=scene.caption)


def _draw_side(
    columns: _Columns, rows: pd.DataFrame, column: str, name: str, direction: int, *, role: str = ""
) -> list[str]:
    """One reading: lines from the focus, the word pieces they reach, and the weights as numbers."""
    start = columns.right if direction > 0 else columns.left
    end = start + direction * GAP
    injected = rows["injected"] if direction > 0 else np.zeros(len(rows), dtype=bool)
    roles = ["injected" if here else role or column for here in injected]
    numbers = end + columns.room + NUMBER if direction > 0 else MARGIN + 34
    anchor = "end" if direction > 0 else "start"
    parts = [
        draw_text(shorten(name, 34), numbers if direction > 0 else MARGIN, TOP - 16, role=role or column, anchor=anchor)
    ]
    parts += _draw_lines(columns, rows, rows[column], roles, start, end)
    parts += columns.write(columns.tokens, end + direction * 6, roles, "start" if direction > 0 else "end")
    weights = [format_weight(weight) for weight in rows[column].tolist()]
    return parts + columns.write(weights, numbers, [role or column] * len(weights), "end")


def _draw_lines(
    columns: _Columns, rows: pd.DataFrame, weights: pd.Series, roles: Sequence[str], start: float, end: float
) -> list[str]:
    y, most, half = columns.middle(int(rows["query"].iloc[0])), find_strongest(rows), (start + end) / 2
    parts = []
    for i, (weight, role) in enumerate(zip(weights, roles, strict=True)):
        share, to = min(1.0, weight / most), columns.middle(i)
        if share >= 0.005:  # fainter ones cannot be seen
            path = f"M{start:.1f} {y:.1f}C{half:.1f} {y:.1f} {half:.1f} {to:.1f} {end:.1f} {to:.1f}"
            look = f'fill="none" stroke-opacity="{share:.3f}" stroke-width="{0.75 + 2.25 * weight:.2f}"'
            parts.append(f'<path d="{path}" class="line-{role}" {look}/>')
    return parts


def _draw_focus(columns: _Columns, rows: pd.DataFrame) -> list[str]:
    focus, centre = int(rows["query"].iloc[0]), (columns.left + columns.right) / 2
    parts = [draw_text("from", centre, TOP - 16, role="muted", anchor="middle")]
    for i, (token, injected) in enumerate(zip(columns.tokens, rows["injected"], strict=True)):
        role = "injected" if injected else "ink" if i == focus else "muted"
        weight = 600 if i == focus else 400
        text = shorten(token, 18)
        parts.append(
            draw_text(text, centre, columns.middle(i) + 4, role=role, size=SIZE, anchor="middle", weight=weight)
        )
    return parts


def _draw_brackets(columns: _Columns, spans: Sequence[Span], x: float) -> list[str]:
    parts = []
    for span in spans:
        top, bottom = columns.middle(span.first - 0.5) + 3, columns.middle(span.last - 0.5) - 3
        stroke = f'stroke="{span.colour}"' if span.colour else 'class="line-muted"'
        parts.append(f'<path d="M{x:.1f} {top:.1f}h4V{bottom:.1f}h-4" fill="none" {stroke}/>')
        parts.append(draw_text(shorten(span.label), x + 12, (top + bottom) / 2 + 4, role="muted"))
    return parts


def _draw_arcs(columns: _Columns, scene: AttentionScene, two: bool) -> list[str]:
    """Facts of the graph as blue arcs, over the lines that reach the mentions."""
    parts = []
    for edge in scene.edges:
        one, other = scene.spans[edge.one], scene.spans[edge.other]
        top, bottom = (columns.middle((span.first + span.last - 1) / 2) for span in (one, other))
        depth = min(GAP * 0.6, 14 + 0.2 * abs(bottom - top))
        for end, way in [(columns.right + GAP, -1)] + ([(columns.left - GAP, 1)] if two else []):
            x = end + way * depth
            path = f"M{end:.1f} {top:.1f}C{x:.1f} {top:.1f} {x:.1f} {bottom:.1f} {end:.1f} {bottom:.1f}"
            parts.append(f'<path d="{path}" fill="none" class="line-edge" stroke-width="1.5"/>')
    return parts


def _draw_rest(scene: AttentionScene, top: float, edge: float, two: bool) -> tuple[list[str], float]:
    """Below a thin rule: each fact or vector that the row goes to, with its weight as bar and number, and the row's sum."""
    rest = scene.rest[(scene.rest[["before", "after"]].max(axis=1) >= _LEAST)]
    if not len(scene.rest):
        return [], 0.0
    rest = rest[rest["kind"] != "others"]
    strongest = rest[["before", "after"]].max(axis=1).sort_values(ascending=False, kind="stable").index
    shown, sides = rest.loc[strongest[:_MOST]], ("before", "after") if two else ("before",)
    left = max(MARGIN + 260.0, edge - 150 * len(sides))
    parts = [f'<path d="M{MARGIN:.1f} {top:.1f}H{edge:.1f}" class="line-rule"/>']
    lines = [(str(row["key_token"]), [float(row[side]) for side in sides], True) for _, row in shown.iterrows()]
    hidden = scene.rest[list(sides)].sum() - shown[list(sides)].sum()
    count = sum(len(extra.columns) for extra in scene.extras) - len(shown)
    if count:
        lines.append((f"{count} weaker one{'s' * (count > 1)}", [float(hidden[side]) for side in sides], True))
    totals = [float(scene.rows[side].sum() + scene.rest[side].sum()) for side in sides]
    lines.append(("the whole row", totals, False))
    for i, (text, weights, bar) in enumerate(lines):
        y = top + 18 * (i + 1)
        parts.append(draw_text(shorten(text, 44), MARGIN, y, role="injected" if bar else "muted"))
        for at, (weight, side) in enumerate(zip(weights, sides, strict=True)):
            x, role = left + 150 * at, "injected" if two and side == "after" and bar else "before" if two else "ink"
            if bar:
                parts.append(f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="{90 * weight:.1f}" height="7" class="{role}"/>')
            number = format_weight(weight) if bar else f"{weight:.3f}"
            parts.append(draw_text(number, x + 142, y, role="ink" if not bar else role, anchor="end"))
    return parts, 18.0 * len(lines) + 18


def _tell_links(scene: AttentionScene) -> list[str]:
    """How far this head follows the graph's edges, beside mentions as far apart."""
    if not scene.links or not scene.links[-1].pairs or (scene.head is None and scene.combine != "mean"):
        return []
    head = -1 if scene.head is None else scene.head
    told = []
    for name, score in zip(scene.names, scene.links, strict=True):
        linked, matched, p = (float(each[scene.layer, head]) for each in (score.linked, score.matched, score.p_value))
        told.append(f"{shorten(name)} {format_weight(linked)} against {format_weight(matched)}, p {p:.3f}")
    return ["along the graph's edges, against mentions as far apart:", *told]


def find_strongest(rows: pd.DataFrame) -> float:
    """The weight drawn at full strength: that of the strongest word, as [CLS] and [SEP] often take most of a row."""
    words = rows[~rows["key_token"].isin(SPECIAL)]
    return max(0.1, float(words[["before", "after"]].max(axis=None)) if len(words) else 0.0)


def summarise(rows: pd.DataFrame, rest: pd.DataFrame, two: bool) -> list[str]:
    """How much of the row goes to injected tokens, how much to [CLS] and [SEP], and to what is no word piece."""
    groups: list[tuple[str, Callable[[pd.DataFrame], pd.Series]]] = [
        ("to injected tokens", lambda frame: frame["injected"]),
        ("to [CLS] and [SEP]", lambda frame: frame["key_token"].isin(SPECIAL)),
    ]
    parts = [(name, rows[choose(rows)]) for name, choose in groups]
    kinds = rest["kind"].map(lambda kind: GROUPS.get(kind, GROUPS["fact"])).to_numpy(object)
    parts += [(f"to {name}", part) for name, part in rest.groupby(kinds, sort=False)]
    lines = []
    for name, part in parts:
        if len(part):
            before, after = part["before"].sum(), part["after"].sum()
            change = (
                f" → {format_weight(float(after))} ({format_weight(float(after - before), signed=True)})" if two else ""
            )
            lines.append(f"{name} {format_weight(float(before))}{change}")
    return lines


def format_weight(number: float, signed: bool = False) -> str:
    """Three digits: .431, 1.000; with a sign for a change: +.031, −.012, 0.

    >>> format_weight(0.4312), format_weight(-0.0117, signed=True)
    ('.431', '−.012')
    """
    text = f"{abs(number):.3f}"
    if signed and float(text) == 0:
        return "0"
    sign = ("−" if number < 0 else "+") if signed else ""
    return sign + text.removeprefix("0")
