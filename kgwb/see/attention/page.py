"""The attention view where it can be turned by mouse and keyboard: a widget in a notebook, the same script on a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.packages import load_package
from kgwb.see.attention.scene import (
    BESIDE,
    SLOTS,
    check_choice,
    choose_focus,
    find_spans,
    measure_rest,
    with_mentions,
)
from kgwb.see.live import define_widget

STATE_BYTES = 5_000_000  # BERT-base at 128 word pieces: one reading in 16 bits, or two in 8
TRUST = "Attention is where BERT looks, not why it answers."


@cache
def define_attention_widget() -> Any:
    """The widget class whose traits are what is chosen: sentence, layer, head, focus.

    Raises:
        IndexError: a trait is set to a sentence, layer, head, or word piece that is not there.
    """
    traitlets = load_package("traitlets", "show_attention")
    base = define_widget("attention")

    class AttentionWidget(base):  # type: ignore[misc, valid-type]
        sentence = traitlets.Int().tag(sync=True)
        layer = traitlets.Int().tag(sync=True)
        head = traitlets.Int(None, allow_none=True).tag(sync=True)
        focus = traitlets.Int().tag(sync=True)
        thumbnails = traitlets.Enum(("weights", "change"), "weights").tag(sync=True)

        def __init__(self, readings: Sequence[Reading], **traits: Any) -> None:
            self._readings = tuple(readings)
            super().__init__(**traits)

        @traitlets.validate("sentence", "layer", "head", "focus")
        def _check_choice(self, proposal: Any) -> int | None:
            name, value = proposal["trait"].name, proposal["value"]
            lengths, state = self._readings[0].lengths, self.state
            counts = {"sentence": len(lengths), "layer": state["layers"], "head": state["heads"]}
            check_choice(name, value, lengths[self.sentence] if name == "focus" else counts[name])
            held = [one["number"] for one in state["sentences"]]
            if name == "sentence" and value not in held:
                raise IndexError(
                    f"Sentence {value} did not fit in this view, which holds {', '.join(map(str, held))}. "
                    f"Type show_attention(..., sentence={value})."
                )
            return value

        @traitlets.observe("sentence")
        def _keep_focus_inside(self, change: Any) -> None:
            if self.focus >= self._readings[0].lengths[change["new"]]:
                self.focus = choose_focus(with_mentions(self._readings, change["new"]), change["new"])

    return AttentionWidget


def pack_state(readings: Sequence[Reading], graph: KnowledgeGraph | None, sentence: int) -> dict[str, Any]:
    """The traits that carry data: sentences as text, weights as whole numbers in binary buffers.

    weight = number / 65535, or number / 255 where 16 bits would not fit in `STATE_BYTES`. Of many sentences those that
    fit are kept, the chosen one in any case.
    """
    _, layers, heads, *_ = readings[0].attention.shape
    sizes = np.array(readings[0].lengths) ** 2 * layers * heads * len(readings)
    dtype = "uint16" if 2 * sizes.sum() <= STATE_BYTES else "uint8"
    order = sorted(range(len(sizes)), key=lambda number: number != sentence)
    room = np.cumsum(sizes[order]) <= STATE_BYTES
    kept = sorted({sentence} | {number for number, fits in zip(order, room, strict=True) if fits})
    starts = np.cumsum([0, *(sizes[number] // len(readings) for number in kept)])
    return {
        "layers": layers,
        "heads": heads,
        "digits": 3 if dtype == "uint16" else 2,
        "names": [reading.name for reading in readings],
        "sentences": [
            _describe_sentence(readings, graph, number, int(start))
            for number, start in zip(kept, starts[:-1], strict=True)
        ],
        "before": _pack_weights(readings[0], kept, dtype),
        "after": _pack_weights(readings[1], kept, dtype) if len(readings) > 1 else None,
    }


def _describe_sentence(
    readings: Sequence[Reading], graph: KnowledgeGraph | None, number: int, start: int
) -> dict[str, Any]:
    last = readings[-1]
    # A memory enters at every word piece, so there nothing sets the injected ones apart.
    injected = [
        [] if all(reading.injected[number]) else [i for i, here in enumerate(reading.injected[number]) if here]
        for reading in readings
    ]
    return {
        "number": number,
        "text": last.sentences[number],
        "tokens": list(last.tokens[number]),
        "spans": [vars(span) for span in find_spans(with_mentions(readings, number), number, graph)],
        "injected_before": injected[0] if len(readings) > 1 else [],
        "injected_after": injected[-1],
        "focus": choose_focus(with_mentions(readings, number), number),
        "start": start,
    }


def _pack_weights(reading: Reading, kept: Sequence[int], dtype: str) -> dict[str, Any]:
    full = np.iinfo(dtype).max
    parts = []
    for number in kept:
        length = reading.lengths[number]
        weights = reading.attention[number, :, :, :length, :length].numpy()  # [layer, head, query, key]
        parts.append(np.rint(weights * full).astype(np.dtype(dtype).newbyteorder("<")).tobytes())
    return {"view": memoryview(b"".join(parts)), "dtype": dtype}


def explain(readings: Sequence[Reading], state: dict[str, Any]) -> str:
    """How to read the view, and how far to trust it."""
    both = "Grey is before ({}), ink is after ({}). ".format(*state["names"]) if len(readings) > 1 else ""
    entered = any(any(here) for reading in readings for here in reading.injected)
    injected = "Vermilion marks tokens where a vector entered. " if entered else ""
    rounded = "Weights are rounded to 1/255 here, not in view.selection. " if state["digits"] == 2 else ""
    kept, total = len(state["sentences"]), len(readings[0].tokens)
    left_out = f"{kept} of {total} sentences fit in the view; sentence= opens with another. " if kept < total else ""
    lines = "A line is as wide as its weight, and as strong as its share of the largest weight on a word. "
    beside = _explain_rest(readings)
    return f"{both}{injected}{lines}{beside}{rounded}{left_out}{TRUST}"


def _explain_rest(readings: Sequence[Reading]) -> str:
    """Where rows go that the lines do not account for: on the average of all word pieces, layers and heads."""
    said = []
    for reading in readings:
        shares: dict[str, list[float]] = {SLOTS: [], BESIDE: []}
        for sentence in range(len(reading.tokens)):
            for layer in range(reading.attention.shape[1]):
                for name, share in measure_rest(reading, sentence, layer, None).items():
                    shares[name].append(float(share.mean()))
        said += [f"{np.mean(each):.3f} of {reading.name} goes to {name}" for name, each in shares.items() if any(each)]
    return (
        f"No line shows what goes to no word piece: on average {', '.join(said)}; view.frame has it. " if said else ""
    )
