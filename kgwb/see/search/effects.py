"""What each value of a setting went with: a block for each setting, the one that explains most first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.see.drawing import Number, draw_text, measure_text
from kgwb.see.panels import Panel, choose_ticks
from kgwb.see.search.influence import expect_mean_rank, spell_share
from kgwb.see.search.scene import SearchScene, name_scorer
from kgwb.words import shorten

ROW, HEAD, BELOW = 15.0, 19.0, 9.0  # of a value, of a setting's name, and after its last value
AXIS = 46.0  # above the first block, with the axis and its name
_COUNT = 46.0  # room for the number of trials, at the right
_SIZE = 11


@dataclass(frozen=True, eq=False)
class EffectBlock:
    """One setting.

    Attributes:
        name: of the setting.
        share: of the ranks' variance that it explains.
        rows: its values: value, trials, mean rank.
        chosen: the value of the best trial, as text.
    """

    name: str
    share: float
    rows: pd.DataFrame
    chosen: str

    @property
    def height(self) -> float:
        """In pixels."""
        return HEAD + ROW * len(self.rows) + BELOW

    @property
    def texts(self) -> list[str]:
        """Its values, as they are shown."""
        return [shorten(spell_value(value), 18) for value in self.rows["value"]]


def list_blocks(scene: SearchScene) -> list[EffectBlock]:
    """The settings that had several values, the one that explains most first."""
    best = scene.best
    if best is None:
        return []
    chosen = scene.trials[scene.trials["trial"] == best.number].iloc[0]
    return [
        EffectBlock(name, share, scene.effects[scene.effects["setting"] == name], spell_value(chosen[name]))
        for name, share in scene.influence.shares.items()
    ]


def spell_value(value: Any) -> str:
    """A setting's value as it is typed; a scorer as it is called.

    >>> spell_value("ComplEx()"), spell_value(np.float64(0.1)), spell_value(True), spell_value(256.0)
    ('ComplEx', '0.1', 'True', '256')
    """
    if isinstance(value, str):
        return name_scorer(value)
    return str(value) if isinstance(value, (bool, np.bool_)) else f"{value:g}"


def share_columns(blocks: Sequence[EffectBlock], taken: Number) -> int:
    """How many blocks stand in the right column, so that the higher column is low; the others go below what is left.

    Args:
        blocks: in their order.
        taken: the height that the left column has lost already.
    """

    def measure(right: int) -> tuple[float, int]:
        heights = [sum(each.height for each in part) for part in (blocks[:right], blocks[right:])]
        left = taken + (AXIS + heights[1] if right < len(blocks) else 0.0)
        return max(AXIS + heights[0], left), -right

    return min(range(len(blocks) + 1), key=measure)


def draw_blocks(blocks: Sequence[EffectBlock], trials: int, left: Number, top: Number, width: Number) -> Iterator[str]:
    """A column of blocks with the axis of their ranks above it."""
    room = max([measure_text(text, _SIZE) for block in blocks for text in block.texts], default=0) + 18
    height = AXIS + sum(block.height for block in blocks)
    panel = Panel(left + room, top, width - room - _COUNT, height, (1, max(2, trials)), (0, 1))
    yield from _draw_axis(panel)
    y = top + AXIS
    for block in blocks:
        yield draw_text(block.name, left, y + 12, role="ink halo", size=12, weight=600)
        wide = measure_text(block.name, 13) + 8
        yield draw_text(f"explains {spell_share(block.share)}", left + wide, y + 12, role="muted halo", size=_SIZE)
        for i, (_, row) in enumerate(block.rows.iterrows()):
            yield from _draw_value(panel, block.texts[i], row, y + HEAD + ROW * (i + 0.5), block.chosen, trials)
        y += block.height


def _draw_axis(panel: Panel) -> Iterator[str]:
    yield draw_text("mean rank, 1 = best", panel.left, panel.top + 10, role="muted", size=_SIZE)
    yield draw_text("trials", panel.right + _COUNT, panel.top + 10, role="muted", size=_SIZE, anchor="end")
    last = panel.x_range[1]
    ticks = [1.0, *(value for value in choose_ticks(1, last, 4) if value - 1 > 0.12 * (last - 1))]
    for value in ticks:
        x = _across(panel, value)
        yield draw_text(f"{value:g}", x, panel.top + 27, role="muted", size=_SIZE, anchor="middle")
        yield f'<path d="M{x:.1f} {panel.top + 33:.1f}V{panel.bottom:.1f}" class="line-rule"/>'
    middle = _across(panel, (1 + last) / 2)
    yield (
        f'<path d="M{middle:.1f} {panel.top + 33:.1f}V{panel.bottom:.1f}" class="line-muted" stroke-dasharray="2 3" '
        'fill="none"/>'
    )


def _draw_value(panel: Panel, text: str, row: pd.Series, y: Number, chosen: str, trials: int) -> Iterator[str]:
    """The range that chance gives, and the mean rank on it; filled where the best trial has the value."""
    own = spell_value(row["value"]) == chosen
    low, high = (_across(panel, end) for end in expect_mean_rank(int(row["trials"]), trials))
    x = _across(panel, row["mean rank"])
    yield draw_text(text, panel.left - 10, y + 4, size=_SIZE, anchor="end", weight=600 if own else 400)
    yield (
        f'<rect x="{low:.1f}" y="{y - 4:.1f}" width="{max(0.0, high - low):.1f}" height="8" rx="4" class="before" '
        'opacity=".28"/>'
    )
    look = 'class="ink line-ink"' if own else 'class="paper line-ink"'
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" {look} stroke-width="1.5"/>'
    yield draw_text(f"{int(row['trials']):,}", panel.right + _COUNT, y + 4, role="muted", size=_SIZE, anchor="end")


def _across(panel: Panel, rank: Number) -> float:
    return float(panel.place(np.array([rank]), np.array([0.0]))[0, 0])
