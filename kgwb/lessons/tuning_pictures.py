"""For notebook 07: which weights tuning moved, how two tasks' gradients agree, and what noise on the words changes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import (
    Mark,
    draw_legend,
    draw_picture,
    draw_polyline,
    draw_shape,
    draw_text,
    wrap_text,
)
from kgwb.see.palette import TYPE_COLOURS, TypeMark
from kgwb.see.panels import Panel, draw_axes
from kgwb.words import shorten

_LEFT, _GAP, _ROW, _SIZE = 96.0, 16.0, 22.0, 11.0
_UNMOVED, _OPEN = 20.0, "open circle"  # room left of the axis, and the mark, for what stayed as it was
_BINS = 24  # of steps, in the map of agreement
_CELL = 38.0  # of the map of shifts
_AGREES, _CONFLICTS, _SHIFTS = TYPE_COLOURS[0], TYPE_COLOURS[3], TYPE_COLOURS[3]
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def draw_weight_moves(moves: pd.DataFrame) -> Picture:
    """A panel for each model, a row for each part, from the top of BERT down: how far its numbers moved, and which did not.

    Args:
        moves: as `learning_together.tabulate_moves` gives them.
    """
    parts = order_parts(moves["part"].unique())
    models = list(moves["model"].unique())
    low, high = _find_decades(moves["moved"])
    width = (WIDTH - _LEFT - 14 - _GAP * (len(models) - 1)) / len(models)
    drawn = [draw_text(part, _LEFT - 8, 44 + (row + 0.5) * _ROW + 4, anchor="end") for row, part in enumerate(parts)]
    for number, model in enumerate(models):
        left = _LEFT + number * (width + _GAP)
        drawn += _draw_axis(left, width, model, len(parts), low, high)
        for each in moves[moves["model"] == model].itertuples():
            y = 44 + (parts.index(each.part) + 0.5) * _ROW
            drawn.append(_mark_move(each, left + _UNMOVED, width - _UNMOVED, y, low, high))
    bottom = 44 + len(parts) * _ROW + 48
    axis = "root mean square of the change"
    drawn.append(draw_text(axis, WIDTH - 14, bottom - 16, role="muted", size=_SIZE, anchor="end"))
    is_own = ~(moves["added"] | (moves["part"] == "injector"))
    there = {
        Mark("BERT's own numbers", "ink"): is_own & (moves["moved"] > 0),
        Mark("the door, and what was added", "injected"): ~is_own & (moves["moved"] > 0),
        Mark("unchanged, to the bit", "muted", _OPEN): moves["moved"] == 0,
    }
    marks = [mark for mark, rows in there.items() if rows.any()]
    legend, taken = draw_legend(marks, 12, bottom, WIDTH - 24)
    caption = (
        "How far tuning moved the numbers of each part of the model: the root mean square of the change, on a logarithmic "
        "scale, from one tuning each. What was added counts as moved from zero. How far does not say what for."
    )
    svg = draw_picture([*drawn, legend], WIDTH, bottom + taken, title="What moved", caption=caption)
    said = [f"{model} {_count_changed(moves, model)}" for model in models]
    return Picture(svg, f"numbers that tuning changed: {', '.join(said)}.")


def order_parts(parts: Iterable[str]) -> list[str]:
    """Parts of a model from its top down, the door last.

    Example:
        >>> order_parts(["embeddings", "layer 0", "layer 1", "injector", "head"])
        ['head', 'layer 1', 'layer 0', 'embeddings', 'injector']
    """
    ends = {"task heads": -2, "head": -1, "embeddings": 1000, "injector": 1001}
    return sorted(parts, key=lambda part: ends[part] if part in ends else 500 - int(part.split()[-1]))


def _find_decades(moved: pd.Series) -> tuple[int, int]:
    """The powers of ten between which all that moved lies."""
    there = moved[np.isfinite(moved) & (moved > 0)]
    if there.empty:
        return -4, -3
    low, high = math.floor(math.log10(there.min())), math.ceil(math.log10(there.max()))
    return low, max(high, low + 1)


def _draw_axis(left: float, width: float, model: str, rows: int, low: int, high: int) -> list[str]:
    top, bottom = 44.0, 44 + rows * _ROW
    drawn = [
        draw_text(line, left, 16 + 14 * i, size=12, weight=600)
        for i, line in enumerate(wrap_text(model, 12, width)[:2])
    ]
    every = math.ceil((high - low) * 34 / (width - _UNMOVED))  # no two labels on one another
    for power in range(low, high + 1):
        x = left + _UNMOVED + (width - _UNMOVED) * (power - low) / (high - low)
        drawn.append(f'<path d="M{x:.1f} {top:.1f}V{bottom:.1f}" class="line-rule"/>')
        if (power - low) % every == 0:
            label = "10" + str(power).translate(_SUPERSCRIPTS)
            drawn.append(draw_text(label, x, bottom + 15, role="muted", size=_SIZE, anchor="middle"))
    return drawn


def _mark_move(move: object, left: float, width: float, y: float, low: int, high: int) -> str:
    part, added, moved = (getattr(move, name) for name in ("part", "added", "moved"))
    if moved == 0:
        return draw_shape(TypeMark("muted", _OPEN), left - _UNMOVED / 2, y, 4)
    x = left + width * (math.log10(moved) - low) / (high - low)
    role = "injected" if added or part == "injector" else "ink"
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" class="{role}"/>'


def _count_changed(moves: pd.DataFrame, model: str) -> str:
    mine = moves[moves["model"] == model]
    return f"{mine['changed'].sum():,} of {mine['numbers'].sum():,}"


def draw_agreement(agreement: pd.DataFrame, *, control: pd.DataFrame | None = None) -> Picture:
    """Left, the cosine of two tasks' gradients step by step; right, part by part, as a map.

    Args:
        agreement: as `learning_together.tabulate_agreement` gives it.
        control: the same with the knowledge taken away, drawn dashed.
    """
    count = len(agreement)
    shown = [agreement["whole"], *([] if control is None else [control["whole"]])]
    reach = max(0.1, 1.1 * float(pd.concat(shown).abs().max()))
    left = Panel(44, 34, 286, 200, (1, max(2, count)), (-reach, reach))
    drawn = [draw_axes(left, title="Cosine of the two gradients", x_name="step", whole_x=True)]
    drawn.append(draw_polyline(left.place(np.array([1, count]), np.zeros(2)), role="line-muted", width=1))
    drawn.append(_draw_course(left, agreement["whole"], 1, role="line-muted"))
    drawn.append(_draw_course(left, agreement["whole"], _find_window(count)))
    marks = [Mark("each step", "muted", "line"), Mark(f"mean of {_find_window(count)}", "ink", "line")]
    if control is not None:
        drawn.append(_draw_course(left, control["whole"], _find_window(len(control)), dashed=True))
        marks.append(Mark("with facts shuffled", "ink", "dashed"))
    binned = bin_steps(agreement.drop(columns="whole"))
    drawn.append(_draw_agreement_map(binned, 2 * 44 + 286 + 62, 34, 250, 200))
    marks += [Mark("gradients agree", _AGREES, "square")] * bool((binned > 0).any(axis=None))
    marks += [Mark("they conflict", _CONFLICTS, "square")] * bool((binned < 0).any(axis=None))
    legend, taken = draw_legend(marks, 12, left.bottom + 46, WIDTH - 24)
    strongest = float(binned.abs().max().max())
    caption = (
        f"Right: the same for each part of BERT, {count} steps in {len(binned)} columns; the strongest colour is a cosine of "
        f"±{strongest:.2f}. Of one tuning; a single step is one batch of each task, and scatters."
    )
    svg = draw_picture(
        [*drawn, legend], WIDTH, left.bottom + 46 + taken, title="Agreement of gradients", caption=caption
    )
    said = f"cosine of the gradients {_compare_thirds(agreement)}, below zero in {(agreement['whole'] < 0).sum()}"
    return Picture(svg, said + ("." if control is None else f"; with facts shuffled {_compare_thirds(control)}."))


def _compare_thirds(agreement: pd.DataFrame) -> str:
    third = max(1, len(agreement) // 3)
    first, last = agreement["whole"][:third].mean(), agreement["whole"][-third:].mean()
    return f"{first:+.2f} in the first third of {len(agreement)} steps and {last:+.2f} in the last"


def bin_steps(frame: pd.DataFrame, most: int = _BINS) -> pd.DataFrame:
    """The means of consecutive rows, in at most so many groups of nearly one size.

    Example:
        >>> bin_steps(pd.DataFrame({"a": [1.0, 3.0, 5.0, 7.0]}), 2)["a"].tolist()
        [2.0, 6.0]
    """
    groups = np.array_split(np.arange(len(frame)), min(most, len(frame)))
    return pd.DataFrame([frame.iloc[rows].mean() for rows in groups])


def _find_window(count: int) -> int:
    return max(1, count // 8)


def _draw_course(panel: Panel, values: pd.Series, window: int, *, role: str = "line-ink", dashed: bool = False) -> str:
    smooth = values.rolling(window, min_periods=1, center=True).mean()
    points = panel.place(np.arange(1, len(smooth) + 1), smooth.to_numpy())
    return draw_polyline(points, role=role, width=1 if window == 1 else 2, dashed=dashed)


def _draw_agreement_map(binned: pd.DataFrame, left: float, top: float, width: float, height: float) -> str:
    parts = order_parts(binned.columns)
    strongest = float(binned.abs().max().max()) or 1.0
    across, down = width / len(binned), height / len(parts)
    drawn = [draw_text("Part by part", left, top - 10, size=13, weight=600)]
    for row, part in enumerate(parts):
        y = top + row * down
        drawn.append(draw_text(part, left - 6, y + down / 2 + 4, role="muted", size=_SIZE, anchor="end"))
        for column, value in enumerate(binned[part]):
            colour = _AGREES if value > 0 else _CONFLICTS
            if np.isfinite(value):
                drawn.append(_draw_cell(left + column * across, y, across, down, colour, abs(value) / strongest))
    drawn.append(draw_text("step", left + width, top + height + 34, role="muted", size=_SIZE, anchor="end"))
    return "".join(drawn)


def _draw_cell(x: float, y: float, width: float, height: float, colour: str, share: float) -> str:
    return (
        f'<rect x="{x + 0.5:.1f}" y="{y + 0.5:.1f}" width="{width - 1:.1f}" height="{height - 1:.1f}" fill="{colour}" '
        f'fill-opacity="{share:.3f}"/>'
    )


def draw_shifts(shifts: Mapping[str, pd.DataFrame]) -> Picture:
    """For each model two maps of one sentence, a row for each word piece, a column for each layer: drawn noise, and found.

    Args:
        shifts: as `learning_together.measure_shifts` gives them, of one and the same question, by model.

    Raises:
        ValueError: if there is none, or one is of another sentence.
    """
    read = {tuple(take_pieces(each)) for each in shifts.values()}
    if len(read) != 1:
        raise ValueError(
            f"Shifts of {len(read)} sentences came. Expected those of one sentence, by one model or several: "
            "draw_shifts({'tuned': measure_shifts(model, questions)})."
        )
    [pieces] = read
    shares = {name: {kind: share_shifts(each, kind) for kind in ("drawn", "found")} for name, each in shifts.items()}
    strongest = max(float(table.max().max()) for pair in shares.values() for table in pair.values()) or 1.0
    drawn, top = [], 46.0
    for name, pair in shares.items():
        drawn.append(draw_text(shorten(name, 60), 12, top - 28, size=13, weight=600))
        for number, (kind, table) in enumerate(pair.items()):
            left = _LEFT + number * (len(table.columns) * _CELL + 34)
            drawn += _draw_shift_map(table, pieces if number == 0 else (), left, top, f"{kind} noise", strongest)
        top += len(pieces) * _ROW + 68
    caption = (
        "How far noise on the words shifts the state of each word piece, as a share of its length: after the embeddings "
        "(column 0) and after each layer. Both kinds of noise are equally long for every piece; found noise is that of an "
        "adversary, drawn noise the mean of several draws. One sentence and one tuning: an example, not a measurement."
    )
    svg = draw_picture(drawn, WIDTH, top - 52, title="What an adversary changes", caption=caption)
    said = [
        f"{name}: last state of [MASK] shifted by {_take_mask(pair['drawn'], pieces):.2f} of its length by drawn noise and "
        f"{_take_mask(pair['found'], pieces):.2f} by found noise"
        for name, pair in shares.items()
    ]
    return Picture(svg, f"{'; '.join(said)}.")


def take_pieces(shifts: pd.DataFrame) -> list[str]:
    """The word pieces of the sentence, in order."""
    return [str(piece) for piece in shifts.xs(0, level="place")["piece"]]


def share_shifts(shifts: pd.DataFrame, kind: str) -> pd.DataFrame:
    """The shift as a share of the state's length: a row for each word piece, a column for each place.

    Args:
        shifts: as `learning_together.measure_shifts` gives them.
        kind: "drawn" or "found".
    """
    return (shifts[kind] / shifts["length"]).unstack("place")


def _draw_shift_map(
    table: pd.DataFrame, pieces: Sequence[str], left: float, top: float, title: str, strongest: float
) -> list[str]:
    drawn = [draw_text(title, left, top - 8, size=12)]
    for row, piece in enumerate(pieces):
        role = "ink" if piece == "[MASK]" else "muted"
        drawn.append(
            draw_text(shorten(piece, 13), left - 8, top + (row + 0.7) * _ROW, role=role, size=12, anchor="end")
        )
    for row, (_, values) in enumerate(table.iterrows()):
        for column, value in enumerate(values):
            x, y = left + column * _CELL, top + row * _ROW
            drawn.append(_draw_cell(x, y, _CELL, _ROW, _SHIFTS, 0.7 * value / strongest))
            drawn.append(draw_text(f"{value:.2f}", x + _CELL / 2, y + 0.7 * _ROW, size=_SIZE, anchor="middle"))
    bottom = top + len(table) * _ROW + 14
    for column, place in enumerate(table.columns):
        drawn.append(
            draw_text(str(place), left + (column + 0.5) * _CELL, bottom, role="muted", size=_SIZE, anchor="middle")
        )
    return drawn


def _take_mask(table: pd.DataFrame, pieces: Sequence[str]) -> float:
    return float(table.iloc[pieces.index("[MASK]"), -1])
