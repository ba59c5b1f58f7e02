"""Candidate facts as a still picture: the rows around the one at hand, their probabilities, and its sentence."""

from __future__ import annotations

from kgwb.see.drawing import Number, draw_picture, draw_text, wrap_text
from kgwb.see.review.scene import ACCEPTED, NIL, ReviewScene
from kgwb.words import shorten

WIDTH, _STEP, _TOP = 860, 22, 64
_ROWS = 14  # drawn at most
_BAR, _BAR_AT = 120, 600
_SIGNS = {ACCEPTED: "✓", 0: "✗", None: "·"}


def draw_review(scene: ReviewScene) -> str:
    """The scene as SVG on a solid paper background."""
    count = len(scene.frame)
    first = max(0, min(scene.at - _ROWS // 2, count - _ROWS))
    shown = range(first, min(count, first + _ROWS))
    parts = [draw_text(scene.title, 12, 30, size=15, weight=600)]
    y = _TOP
    for row in shown:
        parts.append(_draw_row(scene, row, y))
        y += _STEP
    if scene.threshold is not None:
        parts.append(_draw_line(scene, shown))
    left = count - len(shown)
    if left:
        parts.append(draw_text(f"{left:,} more", 34, y, role="muted", size=11))
        y += _STEP
    y += 10
    if count:
        text = shorten(str(scene.frame["sentence"].iloc[scene.at]), 400)
        for line in wrap_text(text, 13, WIDTH - 40)[:4]:
            parts.append(draw_text(line, 20, y, size=13))
            y += 18
    return draw_picture(parts, WIDTH, y + 4, title=scene.title, caption=scene.caption)


def _draw_row(scene: ReviewScene, row: int, y: Number) -> str:
    candidate = scene.frame.iloc[row]
    verdict = scene.verdicts.get(row)
    fact = f"{candidate['head_label']} — {candidate['relation_label']} → {candidate['tail_label']}"
    role = "edge" if verdict == ACCEPTED else "muted" if verdict is not None else "ink"
    probability = float(candidate["probability"])
    length = _BAR * min(1.0, max(0.0, probability))
    marks = [
        "known" if candidate["known"] else "",
        f"≠ {candidate['contradicts']}" if candidate["contradicts"] else "",
        "new name" if NIL in (candidate["head"], candidate["tail"]) else "",
    ]
    return "".join(
        [
            draw_text(_SIGNS[verdict], 14, y, role=role, size=13, weight=600),
            draw_text(shorten(fact, 84), 34, y, role=role, weight=600 if row == scene.at else 400),
            f'<rect x="{_BAR_AT}" y="{y - 9:.1f}" width="{_BAR}" height="9" class="rule"/>',
            f'<rect x="{_BAR_AT}" y="{y - 9:.1f}" width="{length:.1f}" height="9" class="ink"/>',
            draw_text(f"{probability:.2f}", _BAR_AT + _BAR + 8, y, size=12),
            draw_text(shorten(", ".join(filter(None, marks)), 14), _BAR_AT + _BAR + 42, y, role="muted", size=11),
        ]
    )


def _draw_line(scene: ReviewScene, shown: range) -> str:
    """The threshold between the rows that reach it and those that do not."""
    reach = scene.reach
    if not shown.start <= reach <= shown.stop:
        return ""
    y = _TOP + (reach - shown.start) * _STEP - 15.5
    return f'<path d="M12 {y:.1f}H{WIDTH - 12}" class="line-injected" stroke-dasharray="5 3" fill="none"/>'
