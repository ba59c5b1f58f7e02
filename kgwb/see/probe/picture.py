"""A probe's table as a picture for print: each door beside its controls, plain BERT and chance as lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import numpy as np
import pandas as pd

from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_text, measure_text
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import Panel, choose_ticks
from kgwb.see.probe.scene import ProbeScene, is_door
from kgwb.words import count_things, shorten

_WIDTH, _TOP, _GAP, _NARROWEST = 960.0, 36.0, 14.0, 250.0
_DOOR_LANE, _CONTROL_LANE, _BETWEEN = 15.0, 9.5, 10.0
_GAIN = 112.0  # room for "+0.42 ± 0.03" at the right of a panel


def draw_probe(scene: ProbeScene) -> str:
    """Panels side by side, with the same rows."""
    groups = list(dict.fromkeys(scene.frame.index.get_level_values("group")))
    runs = list(dict.fromkeys(scene.frame.index.get_level_values("model")))
    lanes, height = _place_lanes(runs)
    left = 28 + max([measure_text(shorten(run), 12) for run in runs if "/" not in run], default=60)
    abreast = max(1, min(len(groups), int((_WIDTH - left) // _NARROWEST)))
    width = (_WIDTH - left - _GAP * (abreast - 1)) / abreast - _GAIN
    parts = []
    for i, group in enumerate(groups):
        top = _TOP + i // abreast * (height + 66)
        panel = Panel(left + i % abreast * (width + _GAIN + _GAP), top, width, height, (0, 1), (0, 1))
        parts.append(_draw_panel(panel, str(group), scene.frame.loc[group], lanes))
        parts += [_draw_names(lanes, left, top)] if i % abreast == 0 else []
    bottom = _TOP + -(-len(groups) // abreast) * (height + 66) - 14
    legend, taken = draw_legend(_legend_marks(runs), 12, bottom, _WIDTH - 24)
    return draw_picture([*parts, legend], _WIDTH, bottom + taken, title=scene.title, caption=scene.caption)


def _place_lanes(runs: Sequence[str]) -> tuple[dict[str, float], float]:
    """How far below the panel's top each run stands, a door's own runs below it; and the height of them all.

    Plain BERT is a line across all lanes and has none of its own.
    """
    lanes, y = {}, _BETWEEN
    bases = dict.fromkeys(run.split("/")[0] for run in runs)
    for base in (base for base in bases if base != "plain"):
        for run in (run for run in runs if run.split("/")[0] == base):
            step = _DOOR_LANE if run == base else _CONTROL_LANE
            lanes[run], y = y + step / 2, y + step
        y += _BETWEEN
    return lanes, y


def _draw_names(lanes: Mapping[str, float], left: float, top: float) -> str:
    own = [(run, y) for run, y in lanes.items() if "/" not in run]
    return "".join(draw_text(shorten(run), left - 12, top + y + 4, anchor="end") for run, y in own)


def _draw_panel(panel: Panel, group: str, rows: pd.DataFrame, lanes: Mapping[str, float]) -> str:
    bottom, right = panel.bottom, panel.right
    asked = f"accuracy on {count_things(int(rows['questions'].iloc[0]), 'question')}"
    parts = [draw_text(shorten(group, int(panel.width / 8)), panel.left, panel.top - 12, size=13, weight=600)]
    if rows["gain"].notna().any():
        parts.append(draw_text("gain", right + 10, panel.top - 12, role="muted", size=11))
    for value in choose_ticks(0, 1, 4):
        x = _across(panel, value)
        parts.append(f'<path d="M{x:.1f} {panel.top:.1f}V{bottom:.1f}" class="line-rule"/>')
        parts.append(draw_text(f"{value:g}", x, bottom + 16, role="muted", size=11, anchor="middle"))
    parts.append(f'<path d="M{panel.left:.1f} {bottom:.1f}H{right:.1f}" class="line-muted"/>')
    parts.append(draw_text(asked, right, bottom + 31, role="muted", size=11, anchor="end"))
    chance = _across(panel, float(rows["chance"].iloc[0]))
    parts.append(
        f'<path d="M{chance:.1f} {panel.top:.1f}V{bottom:.1f}" class="line-muted" stroke-dasharray="2 3" fill="none"/>'
    )
    if "plain" in rows.index:
        parts.append(_draw_plain(panel, rows.loc["plain"]))
    colours = _colour_controls(rows.index)
    for run, y in lanes.items():
        if run in rows.index:
            parts.append(_draw_run(panel, panel.top + y, run, rows.loc[run], colours))
    return "".join(parts)


def _draw_plain(panel: Panel, row: pd.Series) -> str:
    """A line at its accuracy, and a band as wide as its spread."""
    spread = row["spread"] if isfinite(row["spread"]) else 0.0
    low, high = (_across(panel, row["accuracy"] + sign * spread) for sign in (-1, 1))
    x = _across(panel, row["accuracy"])
    return (
        f'<rect x="{low:.1f}" y="{panel.top:.1f}" width="{high - low:.1f}" height="{panel.height:.1f}" '
        'class="before" opacity=".18"/>'
        f'<path d="M{x:.1f} {panel.top:.1f}v{panel.height:.1f}" class="line-before" stroke-width="1.5"/>'
    )


def _draw_run(panel: Panel, y: float, run: str, row: pd.Series, colours: Mapping[str, str]) -> str:
    """A dot with its whisker; a door with its figures."""
    own = "/" not in run
    role = ("injected" if is_door(run) else "ink") if own else ""
    stroke = f'class="line-{role}"' if own else f'stroke="{colours[run.split("/", 1)[1]]}"'
    x = _across(panel, row["accuracy"])
    spread = row["spread"] if isfinite(row["spread"]) else 0.0
    low, high = (_across(panel, row["accuracy"] + sign * spread) for sign in (-1, 1))
    dash = "" if own else ' stroke-dasharray="3 2"'
    parts = [f'<path d="M{low:.1f} {y:.1f}H{high:.1f}" {stroke} stroke-width="1.5"{dash}/>'] if spread else []
    if own:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{role}"/>')
        at, anchor = (high + 9, "start") if high < panel.right - 34 else (low - 9, "end")
        parts.append(draw_text(f"{row['accuracy']:.2f}", at, y + 4, role="ink halo", size=11, anchor=anchor))
    else:
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" class="paper" {stroke} stroke-width="1.5"/>')
    if isfinite(row["gain"]):
        sure = f" ± {row['gain spread']:.2f}" if isfinite(row["gain spread"]) else ""
        gain = f"{row['gain']:+.2f}{sure}".replace("-", "−")
        parts.append(draw_text(gain, panel.right + 10, y + 4, size=12, weight=600))
    return "".join(parts)


def _across(panel: Panel, value: float) -> float:
    """The pixel of an accuracy; what a spread reaches beyond 0 or 1 is cut."""
    return float(panel.place(np.array([min(1.0, max(0.0, value))]), np.array([0.0]))[0, 0])


def _colour_controls(runs: Iterable[str]) -> dict[str, str]:
    controls = dict.fromkeys(run.split("/", 1)[1] for run in runs if "/" in run)
    return {control: TYPE_COLOURS[i % len(TYPE_COLOURS)] for i, control in enumerate(controls)}


def _legend_marks(runs: Sequence[str]) -> list[Mark]:
    doors = [Mark("door", "injected")] if any(map(is_door, runs)) else []
    controls = [Mark(control, colour, "dashed") for control, colour in _colour_controls(runs).items()]
    plain = [Mark("plain BERT", "before", "line")] if "plain" in runs else []
    return [*doors, *controls, *plain, Mark("chance", "muted", "dashed")]
