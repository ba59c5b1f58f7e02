"""Static pictures as SVG: text that stays text, axes, legends, and the palette of every other view.

A picture travels in the saved notebook, where no script runs. It carries its own paper, so it is legible on any page,
light or dark; its classes hold only under `.kgwb-picture`, so several pictures can share one page.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kgwb.see.palette import DARK, FONT, LIGHT, OUTLINES, TYPE_SHAPES, TypeMark
from kgwb.words import count_things, shorten

if TYPE_CHECKING:
    Number = float
else:  # where hints are checked at run time, neither 12 nor a float32 is a float
    Number = int | float | np.floating

_MOST_TYPES = 48  # that a legend lists
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def escape(text: object) -> str:
    """Text as markup that shows it: nothing in it can open a tag or end one.

    >>> escape("</svg><script>")
    '&lt;/svg&gt;&lt;script&gt;'
    """
    return html.escape(_NOT_XML.sub("\ufffd", str(text)))


def measure_text(text: str, size: Number) -> float:
    """About how many pixels a line of text takes, generous enough to keep labels apart."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (wide + 0.56 * (len(text) - wide))


def wrap_text(text: str, size: Number, width: Number) -> list[str]:
    """Lines of at most `width` pixels, broken at spaces; a longer word, or Chinese, breaks anywhere."""
    lines = [""]
    for piece in re.findall(r"\s*[^\s\u3000-\u9fff]+|\s*[\u3000-\u9fff]", text):
        if lines[-1] and measure_text(lines[-1] + piece, size) > width:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return lines


def draw_text(
    text: str, x: Number, y: Number, *, role: str = "ink", size: Number = 12, anchor: str = "start", weight: int = 400
) -> str:
    """One line of text; `role` is a colour of the palette, and "ink halo" adds a rim of paper."""
    bold = f' font-weight="{weight}"' if weight != 400 else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{role}" font-size="{size:g}" text-anchor="{anchor}"{bold}>'
        f"{escape(text)}</text>"
    )


def draw_polyline(
    points: np.ndarray, *, colour: str = "", role: str = "line-ink", dashed: bool = False, width: Number = 1.5
) -> str:
    """A line through [point, 2] pixels, broken where a value is not a number."""
    steps, open_line = [], False
    for x, y in points:
        if not (math.isfinite(x) and math.isfinite(y)):
            open_line = False
            continue
        steps.append(f"{'L' if open_line else 'M'}{x:.1f} {y:.1f}")
        open_line = True
    stroke = f' stroke="{colour}"' if colour else f' class="{role}"'
    dash = ' stroke-dasharray="5 3"' if dashed else ""
    return f'<path d="{"".join(steps)}" fill="none" stroke-width="{width:g}" stroke-linejoin="round"{stroke}{dash}/>'


def draw_points(points: np.ndarray, radii: np.ndarray, marks: Sequence[str | TypeMark]) -> str:
    """Marks at [point, 2] pixels with a thin rim of paper; a colour alone is a circle."""
    shapes = "".join(
        draw_shape(_as_mark(mark), x, y, radius) for (x, y), radius, mark in zip(points, radii, marks, strict=True)
    )
    return f'<g class="line-paper" stroke-width=".75">{shapes}</g>'


def draw_shape(mark: TypeMark, x: Number, y: Number, radius: Number) -> str:
    """The mark of a type, in its colour or a role of the palette: filled, open, or open with a dot in it."""
    kind, _, outline = mark.shape.rpartition(" ")
    role = mark.colour in LIGHT
    fill = f'class="{mark.colour}"' if role else f'fill="{mark.colour}"'
    size = radius * 0.85 if kind else radius
    wide = max(1.2, radius * (0.25 if kind == "dotted" else 0.4))  # of an open shape's line
    line = f'class="paper line-{mark.colour}"' if role else f'class="paper" stroke="{mark.colour}"'
    style = f'{line} stroke-width="{wide:.3g}" stroke-linejoin="round"' if kind else fill
    shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.3g}" {style}/>'
    if corners := OUTLINES[outline]:
        steps = "L".join(f"{x + size * across:.1f} {y + size * down:.1f}" for across, down in corners)
        shape = f'<path d="M{steps}Z" {style}/>'
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{max(1.0, radius * 0.34):.3g}" {fill} stroke="none"/>'
    return shape + dot if kind == "dotted" else shape


def _as_mark(mark: str | TypeMark) -> TypeMark:
    return TypeMark(mark, "circle") if isinstance(mark, str) else mark


@dataclass(frozen=True)
class Mark:
    """One entry of a legend.

    Attributes:
        text: what it says.
        colour: a colour, or a role of the palette.
        shape: "dot", "line", "dashed", "cross" for what is missing, a shape of `TYPE_SHAPES`, or "none" for a note.
    """

    text: str
    colour: str
    shape: str = "dot"


def rank_types(types: Iterable[str]) -> list[str]:
    """The types that occur, the most frequent first, equally frequent ones by name."""
    names, counts = np.unique(np.array(list(types), object), return_counts=True)
    return [str(names[i]) for i in np.lexsort((names.astype(str), -counts))]


def type_marks(types: Iterable[str], marks: Mapping[str, str | TypeMark]) -> list[Mark]:
    """A legend of the types that occur, the most frequent first; it says how many it does not list.

    Args:
        types: of what is drawn, one each.
        marks: of each type, as `mark_types` gives them; a colour alone is a circle.
    """
    ranked = rank_types(types)
    drawn = [_as_mark(marks[kind]) for kind in ranked]
    legend = [Mark(kind, mark.colour, mark.shape) for kind, mark in zip(ranked[:_MOST_TYPES], drawn, strict=False)]
    left = len(ranked) - len(legend)
    notes = [f"and {count_things(left, 'further type')}, not listed"] if left > 0 else []
    shared = sum(count for count in Counter(drawn).values() if count > 1)
    notes += [f"{count_things(shared, 'type')} share their mark with another"] if shared else []
    return [*legend, Mark("; ".join(notes), "muted", "none")] if notes else legend


def draw_legend(marks: Iterable[Mark], x: Number, y: Number, width: Number, *, size: Number = 12) -> tuple[str, float]:
    """Marks in lines of at most `width` pixels; returns the markup and the height it took."""
    parts, left, baseline = [], x, y + size
    for mark in marks:
        note = mark.shape == "none"
        text, room, role = (mark.text, 0, "muted") if note else (shorten(mark.text), 22, "ink")
        needed = room + measure_text(text, size) + 14
        if left > x and left + needed > x + width:
            left, baseline = x, baseline + size * 1.7
        parts.append(_draw_mark(mark, left, baseline - size * 0.35))
        parts.append(draw_text(text, left + room, baseline, role=role, size=size))
        left += needed
    return "".join(parts), baseline - y + size * 0.5 if parts else 0.0


def _draw_mark(mark: Mark, x: Number, y: Number) -> str:
    named = mark.colour in LIGHT
    if mark.shape == "none":
        return ""
    if mark.shape in TYPE_SHAPES:
        return draw_shape(TypeMark(mark.colour, mark.shape), x + 11, y, 5)
    if mark.shape == "dot":
        fill = f'class="{mark.colour}"' if named else f'fill="{mark.colour}"'
        return f'<circle cx="{x + 11:.1f}" cy="{y:.1f}" r="5" {fill}/>'
    if mark.shape == "cross":
        return draw_cross(x + 9, y, colour="" if named else mark.colour, role=f"line-{mark.colour}")
    ends = np.array([[x, y], [x + 17, y]])
    dashed = mark.shape == "dashed"
    return draw_polyline(
        ends, colour="" if named else mark.colour, role=f"line-{mark.colour}" if named else "", dashed=dashed
    )


def draw_cross(x: Number, y: Number, *, colour: str = "", role: str = "line-ink", size: Number = 3) -> str:
    """Where a value is missing."""
    stroke = f'stroke="{colour}"' if colour else f'class="{role}"'
    steps = f"M{x - size:.1f} {y - size:.1f}l{2 * size} {2 * size}m0 {-2 * size}l{-2 * size} {2 * size}"
    return f'<path d="{steps}" fill="none" stroke-width="1.5" {stroke}/>'


def draw_picture(parts: Iterable[str], width: Number, height: Number, *, title: str, caption: str = "") -> str:
    """A whole SVG document on its own paper, with the caption in lines below the drawing."""
    lines = wrap_text(caption, 12, width - 24) if caption else []
    texts = [draw_text(line, 12, height + 16 + 17 * i, role="muted") for i, line in enumerate(lines)]
    full = height + (17 * len(lines) + 14 if lines else 0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="kgwb-picture" role="img" viewBox="0 0 {width:g} {full:g}" '
        f'width="{width:g}" height="{full:g}" style="max-width:100%;height:auto">'
        f"<title>{escape(title)}</title><style>{_picture_style()}</style>"
        f'<rect class="paper" width="{width:g}" height="{full:g}"/>{"".join(parts)}{"".join(texts)}</svg>'
    )


def _picture_style() -> str:
    def rules(colours: Iterable[tuple[str, str]]) -> str:
        return "".join(
            f".kgwb-picture .{name}{{fill:{colour}}}.kgwb-picture .line-{name}{{stroke:{colour}}}"
            for name, colour in colours
        )

    def halo(paper: str) -> str:
        return f".kgwb-picture .halo{{stroke:{paper}}}"

    family = FONT.replace('"', "'")
    return (
        f".kgwb-picture{{max-width:100%;height:auto}}.kgwb-picture text{{font-family:{family};"
        "font-variant-numeric:tabular-nums}"
        ".kgwb-picture .halo{paint-order:stroke;stroke-width:3px;stroke-linejoin:round}"
        f"{rules(LIGHT.items())}{halo(LIGHT['paper'])}"
        f"@media (prefers-color-scheme:dark){{{rules(DARK.items())}{halo(DARK['paper'])}}}"
    )
