"""One visual language: the colours, shapes, type and line widths of every widget, figure and exported page.

Entity types are told apart by colour and by shape: sixteen shapes, then the same shapes in other colours. The colours are
those of Okabe & Ito (2008), made darker or lighter where their contrast to either paper was below 3, in a fixed order.
Vermilion is kept for what was injected and blue for edges of the graph, so neither is a type.
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
TYPE_COLOURS = ("#009e73", "#a85f00", "#3d95cc", "#a6477f", "#8f8a00", "#7060b0", "#b0805a", "#4d7288")
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


# Outlines within a circle of about one unit, y downwards; none is the circle itself. Each is drawn filled, then open.
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
TYPE_SHAPES = (*OUTLINES, *(f"open {name}" for name in OUTLINES))


@dataclass(frozen=True)
class TypeMark:
    """How a type is drawn: a colour, and a shape of `TYPE_SHAPES`."""

    colour: str
    shape: str


def mark_types(types: Iterable[str]) -> dict[str, TypeMark]:
    """A colour and a shape for each type, in sorted order; past the sixteenth the shapes come again in other colours."""
    names, shapes, colours = sorted(set(types)), len(TYPE_SHAPES), len(TYPE_COLOURS)
    return {
        name: TypeMark(TYPE_COLOURS[(i + i // shapes) % colours], TYPE_SHAPES[i % shapes])
        for i, name in enumerate(names)
    }


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
    )


def view_variables() -> str:
    """The same on the root of a view, which its script marks as light or dark: a view may stand in a shadow tree."""
    return (
        f'.kgwb-view{{{_declare(LIGHT)}--kgwb-font:{FONT};}}.kgwb-view[data-kgwb-theme="dark"]{{{_declare(DARK)}}}'
        f"@media print{{.kgwb-view[data-kgwb-theme]{{{_declare(LIGHT)}}}}}"
    )


def _declare(colours: MappingProxyType[str, str]) -> str:
    return "".join(f"--kgwb-{name}:{value};" for name, value in colours.items())
