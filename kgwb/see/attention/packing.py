"""What the attention view's script is given: sentences as text, weights as whole numbers in binary buffers.

weight = number / 65535, or number / 255 where 16 bits would not fit in `STATE_BYTES`; rows still sum to one. A sentence that
does not fit whole is given as planes: the matrices of some layers and heads, the chosen one first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeAlias

import numpy as np

from kgwb.axes import Float
from kgwb.bert import Reading
from kgwb.bert.importance import Importance
from kgwb.bert.linked_pairs import LinkScore
from kgwb.bert.rollout import chain_layers
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.injected import MOST, Extra, join_extras, list_extras
from kgwb.see.attention.scene import choose_focus
from kgwb.see.attention.spans import find_edges, find_spans, with_mentions
from kgwb.see.attention.weights import round_rows
from kgwb.see.packing import pack_array
from kgwb.words import mend_text

STATE_BYTES = 4_900_000  # BERT-base at 128 word pieces: one reading in 16 bits, or two in 8; a little is left for texts
MEAN, ROLLOUT = -1, -2  # planes of all heads
Planes: TypeAlias = list[tuple[int, int]]  # layer and head


def pack_state(
    readings: Sequence[Reading],
    graph: KnowledgeGraph | None,
    sentence: int,
    *,
    layer: int = 0,
    head: int | None = None,
    importance: Sequence[Importance] = (),
    links: Sequence[LinkScore] = (),
) -> dict[str, Any]:
    """The traits that carry data. Of many sentences those that fit are kept, the chosen one in any case."""
    _, layers, heads, *_ = readings[0].attention.shape
    extras = {n: _fit_extras(readings, n, graph) for n in range(len(readings[0].tokens))}
    sizes = {n: _count(readings, n, extras[n]) * layers * heads for n in extras}
    dtype = "uint16" if 2 * sum(sizes.values()) <= STATE_BYTES else "uint8"
    order = sorted(sizes, key=lambda number: number != sentence)
    room = np.cumsum([sizes[number] for number in order]) <= STATE_BYTES
    kept = sorted({sentence} | {number for number, fits in zip(order, room, strict=True) if fits})
    planes = _choose_planes(layers, heads, layer, head, STATE_BYTES // _count(readings, sentence, extras[sentence]))
    parts: list[list[bytes]] = [[] for _ in readings]
    described = []
    for number in kept:
        held = planes if sizes[number] > STATE_BYTES else None
        starts = [sum(map(len, part)) // np.dtype(dtype).itemsize for part in parts]
        for part, reading in zip(parts, readings, strict=True):
            part.append(_pack_sentence(reading, number, _own(reading, extras[number]), held, dtype))
        described.append(_describe_sentence(readings, graph, number, extras[number], starts, held, importance))
    packed = [{"view": memoryview(b"".join(part)), "dtype": dtype} for part in parts]
    return {
        "layers": layers,
        "heads": heads,
        "digits": 3 if dtype == "uint16" else 2,
        "names": [reading.name for reading in readings],
        "sentences": described,
        "before": packed[0],
        "after": packed[1] if len(packed) > 1 else None,
        "links": [_pack_links(score) for score in links if score.pairs],
    }


def pack_layer(readings: Sequence[Reading], graph: KnowledgeGraph | None, number: int, layer: int) -> dict[str, Any]:
    """All heads of one layer of a sentence, and its rollout: what a kernel answers where the state did not hold them."""
    heads = readings[0].attention.shape[2]
    extras = _fit_extras(readings, number, graph)
    planes = [*((layer, head) for head in range(heads)), (layer, ROLLOUT)]
    answer: dict[str, Any] = {"planes": [list(plane) for plane in planes]}
    for name, reading in zip(("before", "after"), readings, strict=False):
        packed = _pack_sentence(reading, number, _own(reading, extras), planes, "uint8")
        answer[name] = {"view": memoryview(packed), "dtype": "uint8"}
    return answer


def _own(reading: Reading, extras: Sequence[Extra]) -> tuple[Extra, ...]:
    """A plain BERT's rows need no columns for what it has not read."""
    noted = (reading.beside, reading.slots, reading.prefix)
    has_any = any(each is not None for each in noted) or any(extra.kind == "rest" for extra in extras)
    return tuple(extras) if has_any else ()


def _count(readings: Sequence[Reading], number: int, extras: Sequence[Extra]) -> int:
    """Numbers in one matrix of each reading."""
    length = readings[0].lengths[number]
    return sum(length * (length + len(_own(reading, extras))) for reading in readings)


def _fit_extras(readings: Sequence[Reading], number: int, graph: KnowledgeGraph | None) -> tuple[Extra, ...]:
    """As many columns of their own as let the sentence fit whole, where it can."""
    found = list_extras(readings, number, graph)
    _, layers, heads, *_ = readings[0].attention.shape
    facts = sum(extra.kind == "fact" for extra in found)
    most = MOST
    while most > 4 and facts > 4 and _count(readings, number, found) * layers * heads > STATE_BYTES:
        most = max(4, min(most, facts) - 4)
        found = list_extras(readings, number, graph, most)
    return found


def _choose_planes(layers: int, heads: int, layer: int, head: int | None, room: int) -> Planes:
    """The chosen matrix first, the mean of its layer, its other heads if all fit; the means of other layers; other heads."""
    near = sorted(range(layers), key=lambda other: (abs(other - layer), other))
    first = [(layer, MEAN)] + ([] if head is None else [(layer, head)])
    own = [(layer, each) for each in range(heads)]
    means = [(other, MEAN) for other in near]
    rest = [(other, each) for other in near for each in range(heads)]
    wanted = first + (own if len(own) + 1 <= room else []) + means + rest
    return list(dict.fromkeys(wanted))[: max(1, room)]


def _pack_sentence(reading: Reading, number: int, extras: Sequence[Extra], planes: Planes | None, dtype: str) -> bytes:
    if planes is None:
        return round_rows(join_extras(reading, number, extras), dtype).tobytes()
    rolled = None
    if any(head == ROLLOUT for _, head in planes):
        rolled = chain_layers(join_extras(reading, number, extras).mean(1))
    parts, at, weights = [], -1, np.zeros(0)
    for layer, head in planes:
        if layer != at:
            at, weights = layer, join_extras(reading, number, extras, slice(layer, layer + 1))[0]
        plane = weights.mean(0) if head == MEAN else weights[head]
        if head == ROLLOUT and rolled is not None:
            plane = rolled[layer].astype(np.float32)
        parts.append(round_rows(plane, dtype).tobytes())
    return b"".join(parts)


def _describe_sentence(
    readings: Sequence[Reading],
    graph: KnowledgeGraph | None,
    number: int,
    extras: Sequence[Extra],
    starts: Sequence[int],
    planes: Planes | None,
    importance: Sequence[Importance],
) -> dict[str, Any]:
    last, named = readings[-1], with_mentions(readings, number)
    # A memory enters at every word piece, so there nothing sets the injected ones apart.
    injected = [
        [] if all(reading.injected[number]) else [i for i, here in enumerate(reading.injected[number]) if here]
        for reading in readings
    ]
    spans = find_spans(named, number, graph)
    weighed = next((each for each in importance if each.tokens == last.tokens[number]), None)
    return {
        "number": number,
        "text": last.sentences[number],
        "tokens": list(last.tokens[number]),
        "spans": [asdict(span) for span in spans],
        "edges": [asdict(edge) for edge in find_edges(spans, graph)],
        "extras": [
            {
                "kind": extra.kind,
                "text": mend_text(extra.text),
                "group": extra.group,
                "count": len(extra.columns),
                "entities": list(extra.entities) if graph is not None else [],
                "triple": list(extra.triple) if extra.triple is not None and graph is not None else None,
            }
            for extra in extras
        ],
        "injected_before": injected[0] if len(readings) > 1 else [],
        "injected_after": injected[-1],
        "focus": choose_focus(named, number),
        "starts": list(starts),
        "widths": [last.lengths[number] + len(_own(reading, extras)) for reading in readings],
        "planes": None if planes is None else [list(plane) for plane in planes],
        "shift": _pack_shift(readings, number),
        "importance": None if weighed is None else _pack_importance(weighed),
    }


def _pack_importance(weighed: Importance) -> dict[str, Any]:
    scores = pack_array(np.array(weighed.scores, np.float32))
    return {"scores": scores, "target": weighed.target, "name": weighed.name}


def _pack_links(score: LinkScore) -> dict[str, Any]:
    """Four figures for each layer and head, the mean of heads last."""
    found = np.stack([score.linked, score.matched, score.p_value], -1).astype(np.float32)
    return {"figures": pack_array(found), "pairs": score.pairs, "left_out": score.left_out}


def measure_shift(readings: Sequence[Reading], number: int) -> Float[np.ndarray, "layer token"] | None:
    """1 − the cosine of each hidden state after a layer, before and after; None where there is nothing to compare."""
    if len(readings) < 2 or readings[0].hidden.shape[-1] != readings[1].hidden.shape[-1]:
        return None
    length = readings[0].lengths[number]
    before, after = (reading.hidden[number, 1:, :length].double().numpy() for reading in readings)
    norms = np.linalg.norm(before, axis=-1) * np.linalg.norm(after, axis=-1)
    if not norms.any():
        return None
    cosine = (before * after).sum(-1) / np.where(norms > 0, norms, np.nan)
    return (1 - cosine).astype(np.float32)


def _pack_shift(readings: Sequence[Reading], number: int) -> dict[str, Any] | None:
    shift = measure_shift(readings, number)
    return None if shift is None else pack_array(shift)
