"""A search for settings for print: the trials as they learnt, and beside them which settings made a difference."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from kgwb.see.drawing import Mark, Number, draw_legend, draw_picture, draw_polyline, draw_text, measure_text, wrap_text
from kgwb.see.panels import Panel, draw_axes, spread_labels, widen
from kgwb.see.search.effects import AXIS, EffectBlock, draw_blocks, list_blocks, share_columns
from kgwb.see.search.scene import SearchScene, TrialLine
from kgwb.words import shorten

_WIDTH, _LEFT, _RIGHT, _BETWEEN = 960.0, 52.0, 510.0, 34.0
_UPPER, _GAP, _LOWER, _BELOW = 80.0, 44.0, 220.0, 62.0  # of the two panels, between them, and for the axis
_SIZE, _ROW, _LEADER = 11, 14.0, 14.0
_LEAST_ROOM = 0.16  # of a power of ten, beside the first and the last time: between them stands a tick
_MOST_NAMED = 8  # scorers named where the line of their best trial is highest
_Named = tuple[str, TrialLine, float, float]  # what is said of a line, and the time and the MRR that it is said of


def draw_search(scene: SearchScene) -> str:
    """The scene as SVG."""
    blocks = list_blocks(scene)
    head, top = _draw_head(scene)
    taken = 20 + _UPPER + _GAP + _LOWER + _BELOW
    right = share_columns(blocks, taken)
    columns = [(blocks[:right], _RIGHT + _BETWEEN, top - 14), (blocks[right:], 12.0, top + taken)]
    parts = [*head, *_draw_chart(scene, top + 20)]
    bottom = top + taken
    for held, left, begins in columns:
        if held:
            width = _WIDTH - 12 - left if left > 100 else _RIGHT - 24
            parts += draw_blocks(held, scene.ranked, left, begins, width)
            bottom = max(bottom, begins + AXIS + sum(block.height for block in held))
    if not blocks:
        said = "no setting has had two values yet" if scene.best else "nothing was measured yet"
        parts.append(draw_text(said, _RIGHT + _BETWEEN, top, role="muted", size=12))
    legend, height = draw_legend(_list_marks(scene, blocks), 12, bottom + 4, _WIDTH - 24)
    return draw_picture([*parts, legend], _WIDTH, bottom + 4 + height, title=scene.title, caption=scene.caption)


def _draw_head(scene: SearchScene) -> tuple[list[str], float]:
    """Title, progress and the best settings; and where the rest begins."""
    parts = [draw_text(shorten(scene.title, 110), 12, 26, size=15, weight=600)]
    parts.append(draw_text(shorten(scene.progress, 130), 12, 47, role="muted", size=13))
    if not scene.spelled:
        return parts, 84.0
    spelled = f"best: {shorten(scene.spelled, 320)}"
    lines = wrap_text(spelled, 12, _WIDTH - 24)
    parts += [draw_text(line, 12, 67 + 16 * i, size=12) for i, line in enumerate(lines)]
    return parts, 86.0 + 16 * len(lines)


def _draw_chart(scene: SearchScene, top: Number) -> Iterator[str]:
    """The best trial on training and validation triples, from 0 to 1; below it every trial on validation triples, as near as
    they lie together."""
    lines, best = scene.lines, scene.best
    held, learnt = _name_lines(lines, best)
    room = _LEADER + max([measure_text(text, _SIZE) for text, *_ in (*held, *learnt)], default=0.0)
    times, values = _frame(lines, best)
    width = _RIGHT - _LEFT - room
    upper = Panel(_LEFT, top, width, _UPPER, times, (0.0, 1.0))
    lower = Panel(_LEFT, top + _UPPER + _GAP, width, _LOWER, times, values)
    unit = "seconds spent on the trial" if scene.over == "seconds" else "epochs"
    yield draw_axes(upper, title="MRR of the best trial", x_ticks={})
    ticks = _choose_times(times) if best else {}
    yield draw_axes(lower, title="Validation MRR of all trials", x_name=f"{unit}, logarithmic", x_ticks=ticks)
    if best is None:
        return
    train = upper.place(np.log10(best.rows[:, 0]), best.rows[:, 4])
    yield draw_polyline(train, colour=best.colour, role="line-ink", dashed=True)
    yield f'<circle cx="{train[-1, 0]:.1f}" cy="{train[-1, 1]:.1f}" r="2.4" {_paint(best)[0]}/>'
    yield from _draw_line(upper, best, width=1.5)
    yield from _draw_names(upper, learnt)
    yield '<g opacity=".65">'
    for line in lines:
        if line is not best:
            yield from _draw_line(lower, line, width=1.0)
    yield "</g>"
    yield from _draw_best(lower, best)
    yield from _draw_names(lower, held)


def _draw_line(panel: Panel, line: TrialLine, *, width: Number) -> Iterator[str]:
    pixels = panel.place(np.log10(line.rows[:, 0]), line.rows[:, 1])
    paint = _paint(line)[0]
    yield draw_polyline(pixels, colour=line.colour, role="line-ink", width=width)
    for x, y in pixels:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1.2 + 0.6 * width:.1f}" {paint}/>'


def _draw_best(panel: Panel, best: TrialLine) -> Iterator[str]:
    across, paint = np.log10(best.rows[:, 0]), _paint(best)[0]
    low, high = panel.place(across, best.rows[:, 2]), panel.place(across, best.rows[:, 3])
    corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in (*high, *low[::-1]))
    yield f'<path d="M{corners}Z" {paint} opacity=".13"/>'
    (x, bottom), above = low[best.top], high[best.top, 1]
    whisker = f"M{x:.1f} {above:.1f}V{bottom:.1f}M{x - 3:.1f} {above:.1f}h6M{x - 3:.1f} {bottom:.1f}h6"
    yield f'<path d="{whisker}" fill="none" {_paint(best)[1]} opacity=".6"/>'
    yield from _draw_line(panel, best, width=2.5)
    x, y = panel.place(across, best.rows[:, 1])[best.top]
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" {paint}/>'


def _name_lines(lines: Sequence[TrialLine], best: TrialLine | None) -> tuple[list[_Named], list[_Named]]:
    """What stands beside the lower panel, the best trial of each scorer, and beside the upper one."""
    if best is None:
        return [], []
    tops: dict[str, TrialLine] = {}
    for line in sorted(lines, key=lambda line: -line.mrr):
        tops.setdefault(line.scorer, line)
    best_first = [best, *(line for line in tops.values() if line is not best and line.scorer != best.scorer)]
    held = [(f"{each.mrr:.3f} {shorten(each.scorer, 16)}", each, *each.rows[each.top, :2]) for each in best_first]
    last = best.rows[-1]
    learnt = [
        (f"{last[4]:.3f} training", best, last[0], last[4]),
        (f"{last[1]:.3f} validation", best, last[0], last[1]),
    ]
    return held[:_MOST_NAMED], learnt


def _draw_names(panel: Panel, texts: Sequence[_Named]) -> Iterator[str]:
    ends = [panel.place(np.log10([time]), np.array([mrr]))[0] for _, _, time, mrr in texts]
    heights = spread_labels([float(y) for _, y in ends], _ROW, panel.top, panel.bottom)
    for (text, line, *_), (x, y), height in zip(texts, ends, heights, strict=True):
        leader = f"M{x + 5:.1f} {y:.1f}H{panel.right + 3:.1f}L{panel.right + _LEADER - 3:.1f} {height:.1f}"
        yield f'<path d="{leader}" fill="none" stroke-width=".6" opacity=".6" {_paint(line)[1]}/>'
        yield draw_text(text, panel.right + _LEADER, height + 4, role="ink halo", size=_SIZE)


def _frame(lines: Sequence[TrialLine], best: TrialLine | None) -> tuple[tuple[float, float], tuple[float, float]]:
    """The ranges: the logarithm of the time of all measurements, and every MRR that is drawn, within 0 and 1."""
    if best is None:
        return (0.0, 1.0), (0.0, 1.0)
    times = np.log10(np.concatenate([line.rows[:, 0] for line in lines]))
    low, high = widen(np.concatenate([*(line.rows[:, 1] for line in lines), best.rows[:, 1:4].ravel()]))
    room = max(0.03 * float(np.ptp(times)), _LEAST_ROOM)
    return (float(times.min()) - room, float(times.max()) + room), (max(0.0, low), min(1.0, high))


def _choose_times(limits: tuple[Number, Number]) -> dict[float, str]:
    """Ticks of a logarithmic axis: at most seven, at 1, 2 and 5 times a power of ten, or fewer of them."""
    powers = range(math.floor(limits[0]), math.ceil(limits[1]) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        inside = [value for value in values if limits[0] <= math.log10(value) <= limits[1]]
        if len(inside) <= 7:
            break
    return {math.log10(value): f"{value:,g}" for value in inside}


def _list_marks(scene: SearchScene, blocks: Sequence[EffectBlock]) -> list[Mark]:
    if scene.best is None:
        return []
    colours = {line.scorer: line.colour or "ink" for line in scene.lines}
    marks = [Mark(name, colour, "line") for name, colour in colours.items()]
    marks += [Mark("on training triples", scene.best.colour or "ink", "dashed")] if len(scene.best.rows) > 1 else []
    if blocks:
        marks += [Mark("as in the best trial", "ink", "circle"), Mark("another value", "ink", "open circle")]
        marks.append(Mark("grey: 95 % of mean ranks by chance · dotted: the mean of all", "muted", "none"))
    return marks


def _paint(line: TrialLine) -> tuple[str, str]:
    """The fill and the stroke of a line's colour."""
    return (f'fill="{line.colour}"', f'stroke="{line.colour}"') if line.colour else ('class="ink"', 'class="line-ink"')
