"""For notebook 06: one layer of BERT with the places where doors enter, and a door that a learner writes by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch

from kgwb.bert import Bert, Door, inject, read
from kgwb.bert.doors.gate import make_map, scale_to_one
from kgwb.bert.encoding import Encoding
from kgwb.bert.knowledge import EntityVectors, Knowledge
from kgwb.bert.shape import Shape
from kgwb.bert.trace import Hidden, Trace
from kgwb.environment import draw_from
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_text

GatedDoor = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, float], torch.Tensor]
_MIDDLE, _WIDE, _HIGH = 250.0, 150.0, 30.0  # of BERT's parts
_PARTS = (  # from the bottom up: the y of the middle, and what it says
    (392.0, "word embeddings"),
    (292.0, "attention"),
    (196.0, "feed-forward"),
    (90.0, "answering head"),
)
_ADDING = (340.0, 244.0, 148.0)  # where something is added on the way up; the first is the input's
_GRID, _CELL, _TOP, _PIECES, _FACTS = 444.0, 26.0, 190.0, 5, 3
_LINKED = ((1, 3), (3, 1))  # the cells of two names that the graph links


def draw_door_places() -> Picture:
    """A transformer layer, from the input up to the answer, with the place of each door; beside it attention as a table.

    Example:
        >>> print(str(draw_door_places()).split(":")[0])
        Picture
    """
    parts = [*_draw_bert(), *_draw_doors(), *_draw_attention()]
    marks = [Mark("BERT, unchanged", "ink", "line"), Mark("what a door brings", "injected", "line")]
    legend, taken = draw_legend(marks, 12, 450, WIDTH - 24)
    caption = (
        "A word piece's way through BERT, from below: one layer is drawn, MiniLM has six. A circle adds what comes from the "
        "side; after BERT's own the numbers are brought to a common length (a norm, not drawn). On the right attention: a row "
        "for each piece that looks, a column for each that is looked at; a row sums to one, the facts of a memory included."
    )
    svg = draw_picture([*parts, legend], WIDTH, 450 + taken, title="Where six doors enter BERT", caption=caption)
    said = "Entity: word embeddings. Relation, memory: attention. Graph, tower: after a layer. Pointer: the answers' scores."
    return Picture(svg, f"where six doors enter BERT. {said}")


def _draw_bert() -> list[str]:
    left = _MIDDLE - _WIDE / 2
    parts = [_draw_line(_MIDDLE, 424, _MIDDLE, 48, "ink", arrow=True)]
    for y, name in _PARTS:
        box = f'x="{left:.1f}" y="{y - _HIGH / 2:.1f}" width="{_WIDE:.1f}" height="{_HIGH:g}"'
        parts.append(f'<rect {box} class="paper line-ink" stroke-width="1"/>')
        parts.append(draw_text(name, _MIDDLE, y + 4, anchor="middle"))
    for y, (below, _) in zip(_ADDING[1:], _PARTS[1:], strict=False):  # around attention, and around feed-forward
        start, side = below + 26, _MIDDLE + _WIDE / 2 + 14
        path = f"M{_MIDDLE:.1f} {start:.1f}H{side:.1f}V{y:.1f}H{_MIDDLE + 8:.1f}"
        parts.append(f'<path d="{path}" fill="none" class="line-muted" stroke-width="1"/>')
    parts += [_draw_plus(y, "ink") for y in _ADDING[1:]]
    parts.append(draw_text("word pieces", _MIDDLE, 436, role="muted", anchor="middle"))
    parts.append(draw_text("a score for each answer", _MIDDLE, 40, anchor="middle"))
    bracket = f"M{left - 6:.1f} 320h-6V134h6"
    parts.append(f'<path d="{bracket}" fill="none" class="line-muted" stroke-width="1"/>')
    return [*parts, draw_text("one layer", left - 18, 226, role="muted", anchor="end")]


def _draw_doors() -> list[str]:
    left, right = _MIDDLE - _WIDE / 2, _MIDDLE + _WIDE / 2
    parts = [_draw_plus(_ADDING[0], "injected"), _draw_plus(124, "injected")]
    parts += _name_door("entity", "x + g · W e", left - 22, _ADDING[0], _MIDDLE - 8)
    parts += _name_door("relation, memory", "see the right", left - 22, 282, left)
    parts += _name_door("graph, tower", "h + g · attention(h, Z)", left - 22, 124, _MIDDLE - 8)
    parts += _name_door("pointer", "+ g · what the facts say", left - 22, 56, _MIDDLE - 8)
    parts.append(_draw_plus(56, "injected"))
    # Inside attention things are drawn larger.
    path = f"M{right + 20:.1f} 282H{_GRID - 14:.1f}"
    return [*parts, f'<path d="{path}" fill="none" class="line-muted" stroke-width="1" stroke-dasharray="2 3"/>']


def _name_door(name: str, formula: str, x: float, y: float, to: float) -> list[str]:
    return [
        _draw_line(x + 4, y, to, y, "injected", arrow=True),
        draw_text(name, x, y - 1, anchor="end", size=13, weight=600),
        draw_text(formula, x, y + 14, role="muted", anchor="end", size=11),
    ]


def _draw_attention() -> list[str]:
    parts = [
        draw_text("attention = softmax(Q Kᵀ / √d) V", _GRID - 14, 52, size=14, weight=600),
        draw_text("Q: what a piece looks for", _GRID - 14, 78, size=12),
        draw_text("K: what a piece, or a fact, is found by", _GRID - 14, 96, size=12),
        draw_text("V: what it then gives;  d: their width", _GRID - 14, 114, size=12),
        draw_text("word pieces", _GRID + _PIECES * _CELL / 2, _TOP - 10, role="muted", size=11, anchor="middle"),
        draw_text(
            "facts", _GRID + (_PIECES + _FACTS / 2) * _CELL + 6, _TOP - 10, role="muted", size=11, anchor="middle"
        ),
    ]
    for row in range(_PIECES):
        for column in range(_PIECES + _FACTS):
            x, y = _GRID + column * _CELL + 6 * (column >= _PIECES), _TOP + row * _CELL
            entered = column >= _PIECES or (row, column) in _LINKED
            look = (
                'class="injected" fill-opacity=".75"' if entered else 'fill="none" class="line-ink" stroke-width=".75"'
            )
            size = _CELL - 4
            parts.append(f'<rect x="{x + 2:.1f}" y="{y + 2:.1f}" width="{size:g}" height="{size:g}" {look}/>')
    below = _TOP + _PIECES * _CELL + 22
    return [
        *parts,
        draw_text("relation", _GRID - 14, below, size=13, weight=600),
        draw_text("+ g · q · A r where the graph links two names", _GRID - 14, below + 16, role="muted", size=11),
        draw_text("memory", _GRID - 14, below + 42, size=13, weight=600),
        draw_text("a key and a value for each fact: more columns", _GRID - 14, below + 58, role="muted", size=11),
    ]


def _draw_plus(y: float, role: str) -> str:
    look = f'class="paper line-{role}" stroke-width="1.25"'
    cross = (
        f'<path d="M{_MIDDLE - 4:.1f} {y:.1f}h8M{_MIDDLE:.1f} {y - 4:.1f}v8" class="line-{role}" stroke-width="1.25"/>'
    )
    return f'<circle cx="{_MIDDLE:.1f}" cy="{y:.1f}" r="8" {look}/>{cross}'


def _draw_line(x: float, y: float, to_x: float, to_y: float, role: str, *, arrow: bool) -> str:
    head = ""
    if arrow:  # along either axis
        back = (-5, 0) if to_y == y else (0, 5)
        side = (0, 3) if to_y == y else (3, 0)
        corners = [(to_x + back[0] + sign * side[0], to_y + back[1] + sign * side[1]) for sign in (-1, 1)]
        points = " ".join(f"{across:.1f},{down:.1f}" for across, down in (corners[0], (to_x, to_y), corners[1]))
        head = f'<polygon points="{points}" class="{role}"/>'
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}" class="line-{role}" stroke-width="1.25"/>{head}'


def check_gated_door(gated_door: GatedDoor) -> Verdict:
    """Is it h + tanh(gate) · (W e), and h itself, to the bit, at gate 0?"""
    draw = torch.Generator().manual_seed(0)
    small = (torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0, -1.0]), torch.tensor([[2.0, 1.0, 0.0], [0.0, 3.0, 1.0]]))
    cases: list[tuple[Any, ...]] = [(*small, 0.0), (*small, 0.5)]
    for gate in (0.0, -0.7, 1.3, 0.0, 3.0):
        width, dim = (int(each) for each in torch.randint(2, 6, (2,), generator=draw))
        drawn = [torch.randn(size, generator=draw) for size in ((width,), (dim,), (width, dim))]
        cases.append((*drawn, gate))
    examples = [(case, _say_change(_pass_gate, *case)) for case in cases]
    hint = "W @ e is what the door brings; tanh of the gate says how much of it is added to h."
    return check(gated_door, examples, hint=hint, ordered=True, through=_say_change)


def _say_change(
    door: GatedDoor, hidden: torch.Tensor, entity: torch.Tensor, weight: torch.Tensor, gate: float
) -> list[Any]:
    """What it gives; at gate 0 also whether that is h to the bit."""
    came = torch.as_tensor(door(hidden.clone(), entity, weight, gate))
    return came.tolist() if gate else [bool(came.equal(hidden)), *came.tolist()]


def _pass_gate(hidden: torch.Tensor, entity: torch.Tensor, weight: torch.Tensor, gate: float) -> torch.Tensor:
    return hidden + torch.tanh(torch.tensor(gate)) * (weight @ entity)


class DoorByHand(Door):
    """A learner's function after one layer, at each word piece that names an entity; W and e are those of the entity door.

    Args:
        knowledge: one frozen vector per entity.
        shape: of the BERT it leads into.
        function: from (h, e, W, gate) to what is there instead of h.
        openness: its gate, before tanh.
        layer: after which, counted from 0.
        adaptive: not read; every door takes it.
        seed: for W.
    """

    name = "by_hand"
    table: torch.Tensor

    def __init__(
        self,
        knowledge: Knowledge,
        shape: Shape,
        *,
        function: GatedDoor,
        openness: float,
        layer: int = 2,
        adaptive: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(knowledge)
        self.function, self.openness, self.layer = function, openness, layer
        self.register_buffer("table", (scale_to_one(knowledge.entities) * 2).to(shape.dtype))
        draw = draw_from(seed, "door")
        self.map = make_map(self.table.shape[1], shape.width, shape.hidden_length, draw, shape.dtype)

    @property
    def gate(self) -> float:
        return abs(float(torch.tanh(torch.tensor(self.openness))))

    @property
    def touched_layers(self) -> tuple[int, ...]:
        return (self.layer,)

    def after_layer(self, layer: int, hidden: Hidden, trace: Trace) -> Hidden:
        changed, entities = (
            hidden.clone(),
            self.entities_at(trace.encoding),
        )  # [sentence, token, width], [sentence, token]
        for sentence, token in self.enters_at(trace.encoding).nonzero().tolist():
            vector = self.table[entities[sentence, token]]  # [dim]
            changed[sentence, token] = self.function(hidden[sentence, token], vector, self.map.weight, self.openness)
        return changed

    def enters_at(self, encoding: Encoding) -> torch.Tensor:
        return encoding.entities >= 0


def put_into_bert(gated_door: GatedDoor, bert: Bert, vectors: EntityVectors, text: str) -> Callable[[float], float]:
    """A learner's function as a door after layer 2: from its gate to how far the last hidden states change, at most."""
    return partial(_try_door, gated_door, bert, vectors, text)


def open_entity_door(
    bert: Bert, vectors: EntityVectors, text: str, *, gates: Sequence[float] = (0.0, 0.5, 2.0)
) -> dict[str, dict[str, Any]]:
    """Cases for `use_answer`: gates, and how far kgwb's entity door in that place, with the same W, changes BERT."""
    models = {f"gate {gate:g}": _inject_entity(bert, vectors, gate) for gate in gates}
    beside = {name: _measure(bert, model, text) for name, model in models.items()}
    return {"cases": {f"gate {gate:g}": (gate,) for gate in gates}, "beside": beside}


def _try_door(function: GatedDoor, bert: Bert, vectors: EntityVectors, text: str, gate: float) -> float:
    model = inject(bert, vectors, mode=DoorByHand, function=function, openness=gate)
    return _measure(bert, model, text)


def _inject_entity(bert: Bert, vectors: EntityVectors, gate: float) -> Bert:
    model = inject(bert, vectors, mode="entity", place="middle", layers=(2,), seed=0)
    assert model.injector is not None
    [door] = model.injector.doors
    with torch.no_grad():
        dict(door.named_parameters())["gates.layer 2.alpha"].fill_(gate)
    return model


def _measure(plain: Bert, model: Bert, text: str) -> float:
    """The largest difference of the last hidden states; 0.0 only where all bits are the same."""
    here, there = (read(each, text).hidden[0, -1] for each in (model, plain))
    return float((here - there).abs().max())
