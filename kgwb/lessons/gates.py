"""How far doors stand open at each word piece, in the input and in each layer, as one still picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Reading
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import draw_picture, draw_text, measure_text
from kgwb.words import shorten

_LEFT, _CELL, _BETWEEN, _SIZE, _RIGHT = 128.0, 12.0, 20.0, 11.0, 30.0


def draw_gates(readings: Mapping[str, Reading], *, sentence: int = 0) -> Picture:
    """A panel for each reading: word pieces from left to right, the input and the layers from top to bottom.

    Args:
        readings: by name; of one and the same sentence, each by another injected model.
        sentence: which one, from 0.

    Raises:
        ValueError: if there is no reading, or one is of another sentence.
    """
    read = {reading.tokens[sentence] for reading in readings.values()}
    if len(read) != 1:
        message = f"{len(readings)} readings of {len(read)} sentences came."
        raise ValueError(
            f"{message} Expected one or more, of the same sentence: draw_gates({{'entity': kgwb.read(...)}})."
        )
    pieces = [shorten(piece, 14) for piece in next(iter(read))]
    width = (WIDTH - _LEFT - _RIGHT) / len(pieces)
    top = 20 + 0.75 * max(measure_text(piece, _SIZE) for piece in pieces)
    parts = [_write_slanted(piece, _LEFT + (i + 0.4) * width, top - 6) for i, piece in enumerate(pieces)]
    said = []
    for name, reading in readings.items():
        openness = join_gates(reading, sentence)
        parts += _draw_panel(name, openness, top, width)
        top += len(openness) * _CELL + _BETWEEN
        said.append(f"{name} {float(openness.max()):.2f}")
    caption = (
        "How far each door stood open at each word piece: blank 0, full 1. The top row of each is the input, below it the "
        "layers in order. Entity, relation: the gate. Graph, tower, memory: gate and share of attention in one."
    )
    svg = draw_picture(parts, WIDTH, top - _BETWEEN + 8, title="Doors", caption=caption)
    return Picture(svg, f"how far doors stand open in one sentence; at most {', '.join(said)}.")


def join_gates(reading: Reading, sentence: int) -> Float[Tensor, "place token"]:
    """The widest of a reading's doors at each place and word piece; zeros where there is none."""
    closed = torch.zeros(reading.hidden.shape[1], reading.lengths[sentence])
    gates = [gate[sentence, :, : reading.lengths[sentence]] for gate in reading.gates.values()]
    return torch.stack([closed, *gates]).amax(0)


def _draw_panel(name: str, openness: Float[Tensor, "place token"], top: float, width: float) -> list[str]:
    places, pieces = openness.shape
    parts = [
        draw_text(name, 12, top + 10, size=13, weight=600),
        draw_text("input", _LEFT - 8, top + 10, role="muted", size=_SIZE, anchor="end"),
        draw_text(f"layer {places - 2}", _LEFT - 8, top + places * _CELL - 2, role="muted", size=_SIZE, anchor="end"),
    ]
    look = 'fill="none" class="line-rule" stroke-width=".75"'
    parts.append(
        f'<rect x="{_LEFT:.1f}" y="{top:.1f}" width="{pieces * width:.1f}" height="{places * _CELL:.1f}" {look}/>'
    )
    for (place, piece), share in _list_open(openness):
        x, y = _LEFT + piece * width, top + place * _CELL
        parts.append(
            f'<rect x="{x + 0.5:.1f}" y="{y + 0.5:.1f}" width="{width - 1:.1f}" height="{_CELL - 1:.1f}" class="injected" '
            f'fill-opacity="{share:.2f}"/>'
        )
    return parts


def _list_open(openness: Float[Tensor, "place token"]) -> Sequence[tuple[tuple[int, int], float]]:
    """What can be seen: all above half a hundredth."""
    found = (openness >= 0.005).nonzero().tolist()
    return [((place, piece), min(1.0, float(openness[place, piece]))) for place, piece in found]


def _write_slanted(text: str, x: float, y: float) -> str:
    return f'<g transform="translate({x:.1f} {y:.1f}) rotate(-50)">{draw_text(text, 0, 0, size=_SIZE)}</g>'
