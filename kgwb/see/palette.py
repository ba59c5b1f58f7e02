"""One visual language: the colours, type and line widths of every widget, figure and exported page.

Entity types take the Okabe–Ito colours (Okabe & Ito, 2008), told apart by every common kind of colour vision, in
this fixed order. Vermilion is kept for what was injected and blue for edges of the graph, so neither is a type.
"""

from __future__ import annotations

from collections.abc import Iterable
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
TYPE_COLOURS = ("#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#b5a900", "#7a6fac", "#8c6d46", "#5f7f95")
FONT = 'system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif'
LINE = 1.0


def colour_types(types: Iterable[str]) -> dict[str, str]:
    """A colour for each type, in sorted order; past eight types the colours repeat."""
    names = sorted(set(types))
    return {name: TYPE_COLOURS[i % len(TYPE_COLOURS)] for i, name in enumerate(names)}


def style_variables() -> str:
    """The palette as CSS custom properties: light by default, dark where the page or the reader asks for it.

    JupyterLab marks its body, below the root, so what it says wins over what the reader's system prefers.
    """
    light = "".join(f"--kgwb-{name}:{value};" for name, value in LIGHT.items())
    dark = "".join(f"--kgwb-{name}:{value};" for name, value in DARK.items())
    return (
        f":root{{{light}--kgwb-font:{FONT};}}"
        f"@media (prefers-color-scheme: dark){{:root:not([data-jp-theme-light]){{{dark}}}}}"
        f'[data-jp-theme-light="true"]{{{light}}}[data-jp-theme-light="false"]{{{dark}}}'
    )
