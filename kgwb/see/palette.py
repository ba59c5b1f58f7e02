"""One visual language: the colours, shapes, type and line widths of every widget, figure and exported page.

Entity types are told apart by colour and by shape: sixteen shapes, the same shapes in the next colour, then shapes with a
dot in them. The hues are those of Okabe & Ito (2008), darker and lighter by turns, so that a shape differs from itself in
the next colour in grey too; each has a contrast of 3 and more to either paper. Vermilion is kept for what was injected and
blue for edges of the graph, so neither is a type.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

LIGHT = MappingProxyType(
    {
        "paper": "#fbfaf7",
        "ink": "#1d1d1b",
        "muted": "#6b6a66",
        "rule": "#dedbd3",
        "injected": "#d55e00",
        "edge": "#0072b2",
        "before": "#74736e",
        "after": "#1d1d1b",
    }
)
DARK = MappingProxyType(
    {
        "paper": "#191a1c",
        "ink": "#ecebe7",
        "muted": "#a3a19b",
        "rule": "#3a3b3e",
        "injected": "#ff8a3d",
        "edge": "#5cb3e8",
        "before": "#85837d",
        "after": "#ecebe7",
    }
)
TYPE_COLOURS = ("#0c9c72", "#8a6024", "#4290d2", "#ae3c72", "#8a8a3c", "#904e96", "#b47e90", "#486c78")
FONT = 'system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'
LINE = 1.0


def _regular(corners: int, turn: float, inner: float = 1.0, size: float = 1.0) -> tuple[tuple[float, float], ...]:
    """Corners on a circle, y downwards; with `inner` below 1 every second one lies further in, as in a star."""
    steps = corners if inner == 1.0 else 2 * corners
    return tuple(
        (
            round(size * (inner if i % 2 and inner < 1 else 1) * math.cos(math.tau * (i / steps + turn)), 3),
            round(size * (inner if i % 2 and inner < 1 else 1) * math.sin(math.tau * (i / steps + turn)), 3),
        )
        for i in range(steps)
    )


# Outlines within a circle of about one unit, y downwards; none is the circle itself. Each is drawn filled, open, or dotted.
OUTLINES = MappingProxyType(
    {
        "circle": (),
        "square": _regular(4, 0.125, size=1.2),
        "triangle": _regular(3, -0.25, size=1.3),
        "diamond": _regular(4, 0.0, size=1.3),
        "wedge": _regular(3, 0.25, size=1.3),
        "cross": _regular(4, 0.0, inner=0.38, size=1.4),
        "star": _regular(5, -0.25, inner=0.45, size=1.4),
        "hexagon": _regular(6, 0.0, size=1.15),
    }
)
_PLAIN = (*OUTLINES, *(f"open {name}" for name in OUTLINES))
_DOTTED = tuple(f"dotted {name}" for name in OUTLINES)  # open, with a dot in the middle
TYPE_SHAPES = (*_PLAIN, *_DOTTED)


@dataclass(frozen=True)
class TypeMark:
    """How a type is drawn: a colour, and a shape of `TYPE_SHAPES`."""

    colour: str
    shape: str


def _list_marks() -> tuple[TypeMark, ...]:
    shapes = [*_PLAIN, *_PLAIN, *_DOTTED, *_DOTTED]
    turns = [i + i // len(_PLAIN) for i in range(2 * len(_PLAIN))] + [i + i // 8 for i in range(2 * len(_DOTTED))]
    return tuple(
        TypeMark(TYPE_COLOURS[turn % len(TYPE_COLOURS)], shape) for turn, shape in zip(turns, shapes, strict=True)
    )


TYPE_MARKS = _list_marks()  # any two are told apart by every kind of colour vision, and in grey


def mark_types(types: Iterable[str]) -> dict[str, TypeMark]:
    """A colour and a shape for each type, in sorted order; past the 48th the same ones come again.

    >>> mark_types(["town", "person"])["town"]
    TypeMark(colour='#8a6024', shape='square')
    """
    return {name: TYPE_MARKS[i % len(TYPE_MARKS)] for i, name in enumerate(sorted(set(types)))}


def colour_types(types: Iterable[str]) -> dict[str, str]:
    """The colour of each type, as `mark_types` gives it."""
    return {name: mark.colour for name, mark in mark_types(types).items()}


def style_variables() -> str:
    """The palette as CSS custom properties of a page: light by default, dark where the page or the reader asks for it.

    JupyterLab marks its body, below the root, so what it says wins over what the reader's system prefers.
    """
    light, dark = _declare(LIGHT), _declare(DARK)
    return (
        f":root{{{light}--kgwb-font:{FONT};}}"
        f"@media (prefers-color-scheme: dark){{:root:not([data-jp-theme-light]){{{dark}}}}}"
        f'[data-jp-theme-light="true"]{{{light}}}[data-jp-theme-light="false"]{{{dark}}}'
        f"@media print{{:root:root,[data-jp-theme-light][data-jp-theme-light]{{{light}}}}}"
    )


def view_variables() -> str:
    """The same on the root of a view, which its script marks as light or dark: a view may stand in a shadow tree."""
    return (
        f'.kgwb-view{{{_declare(LIGHT)}--kgwb-font:{FONT};}}.kgwb-view[data-kgwb-theme="dark"]{{{_declare(DARK)}}}'
        f"@media print{{.kgwb-view[data-kgwb-theme]{{{_declare(LIGHT)}}}}}"
    )


def _declare(colours: MappingProxyType[str, str]) -> str:
    return "".join(f"--kgwb-{name}:{value};" for name, value in colours.items())
