"""The marks of points in a still picture: shapes in their colours, and a legend that lists all that are drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kgwb.axes import Float
from kgwb.see.drawing import Number, draw_shape, draw_text, measure_text
from kgwb.see.palette import TypeMark
from kgwb.see.space.colouring import Amounts, Colouring, Kinds, ramp_colours
from kgwb.words import count_things, shorten

STEPS = 12  # of the ramp
_LISTED = 40  # kinds in a legend


def draw_marks(
    points: Float[np.ndarray, "point 2"], radius: Number, marks: Sequence[TypeMark], faint: np.ndarray
) -> str:
    """A mark for each point at [point, 2] pixels, the faint ones below."""
    groups = []
    for which, look in ((faint, ' opacity=".38"'), (~faint, "")):
        drawn = "".join(
            draw_shape(marks[i], points[i, 0], points[i, 1], radius) for i in np.flatnonzero(which).tolist()
        )
        groups.append(f'<g class="line-paper" stroke-width=".75"{look}>{drawn}</g>' if drawn else "")
    return "".join(groups)


def mark_points(colouring: Colouring, kinds: Kinds) -> list[TypeMark]:
    """The mark of each point: of its kind, or the shape of its type in the colour of its number."""
    if isinstance(colouring, Kinds):
        return [colouring.marks[kind] for kind in colouring.kinds]
    ramp, shares = ramp_colours(STEPS), colouring.shares
    colours = [ramp[round(share * (STEPS - 1))] if np.isfinite(share) else "muted" for share in shares.tolist()]
    shapes = [kinds.marks[kind].shape for kind in kinds.kinds]
    return [
        TypeMark(colour, shape if colour != "muted" else f"open {shape.rpartition(' ')[2]}")
        for colour, shape in zip(colours, shapes, strict=True)
    ]


def draw_key(colouring: Colouring, kinds: Kinds, x: Number, y: Number, width: Number) -> tuple[str, float]:
    """The legend in lines of at most `width` pixels; returns the markup and the height it took."""
    parts, top = [], y
    if isinstance(colouring, Amounts):
        parts.append(_draw_ramp(colouring, x, top + 9))
        top += 22
        marks = [TypeMark("muted", mark.shape) for mark in kinds.marks]
        kinds = Kinds(kinds.name, kinds.names, tuple(marks), kinds.kinds)
    shown = kinds if isinstance(colouring, Amounts) else colouring
    assert isinstance(shown, Kinds)
    entries = [
        (mark, f"{shorten(name)} {count:,}")
        for name, mark, count in zip(shown.names, shown.marks, shown.counts.tolist(), strict=True)
        if count
    ]
    rest = len(entries) - _LISTED
    left, baseline = float(x), top + 12.0
    for mark, text in [
        *entries[:_LISTED],
        *([(None, f"and {count_things(rest, 'further type')}")] if rest > 0 else []),
    ]:
        needed = 18 + measure_text(text, 12) + 14
        if left > x and left + needed > x + width:
            left, baseline = float(x), baseline + 20
        rim = '<g class="line-paper" stroke-width=".75">{}</g>'
        parts.append(rim.format(draw_shape(mark, left + 7, baseline - 4, 5)) if mark else "")
        parts.append(draw_text(text, left + 18, baseline, size=12))
        left += needed
    return "".join(parts), baseline - y + 6


def _draw_ramp(amounts: Amounts, x: Number, y: Number) -> str:
    low, high = amounts.limits
    name = shorten(amounts.name) + (" (logarithmic)" if amounts.logarithmic else "")
    first, last = f"{low:.4g}", f"{high:.4g}"
    at = x + measure_text(name, 12) + 10
    parts = [draw_text(name, x, y + 4), draw_text(first, at, y + 4, role="muted")]
    at += measure_text(first, 12) + 6
    for i, colour in enumerate(ramp_colours(STEPS)):
        parts.append(f'<rect x="{at + 9 * i:.1f}" y="{y - 6:.1f}" width="9.2" height="11" fill="{colour}"/>')
    parts.append(draw_text(last, at + 9 * STEPS + 6, y + 4, role="muted"))
    if amounts.missing:
        end = at + 9 * STEPS + 6 + measure_text(last, 12) + 16
        parts.append(draw_shape(TypeMark("muted", "open circle"), end, y, 5))
        parts.append(draw_text(f"missing {amounts.missing:,}", end + 11, y + 4))
    return "".join(parts)
