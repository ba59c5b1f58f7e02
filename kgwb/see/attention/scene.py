"""What the attention view needs of its readings: checked, packed for the browser, or as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.see.palette import colour_types

STATE_BYTES = 5_000_000  # BERT-base at 128 word pieces: one reading in 16 bits, or two in 8
SPECIAL = ("[CLS]", "[SEP]", "[PAD]")


@dataclass(frozen=True)
class Span:
    """A mention as it is drawn: its word pieces from `first` to one before `last`, the entity's label and colour."""

    first: int
    last: int
    label: str
    colour: str = ""


def check_readings(before: object, after: object = None) -> None:
    """Two readings can be compared when they hold the same word pieces, layers and heads.

    Raises:
        TypeError: something is not a Reading.
        ValueError: the two readings do not fit together.
    """
    for name, reading in (("before", before), ("after", after)):
        if not isinstance(reading, Reading) and not (name == "after" and reading is None):
            raise TypeError(
                f"show_attention needs Readings, but {name} is a {type(reading).__name__}. "
                f"Type: {name} = kgwb.read(bert, sentences)."
            )
    if isinstance(before, Reading) and isinstance(after, Reading):
        _check_pair(before, after)


def _check_pair(before: Reading, after: Reading) -> None:
    advice = "Type: before = kgwb.read(plain, sentences); after = kgwb.read(injected, sentences)."
    if len(before.tokens) != len(after.tokens):
        counts = f"before holds {len(before.tokens)} sentences, after {len(after.tokens)}"
        raise ValueError(f"before and after must be readings of the same sentences, but {counts}. {advice}")
    for number, (first, second) in enumerate(zip(before.tokens, after.tokens, strict=True)):
        if first != second:
            raise ValueError(
                "before and after must be readings of the same word pieces, but sentence "
                f"{number} differs: before {' '.join(first)!r}, after {' '.join(second)!r}. {advice}"
            )
    shapes = [tuple(reading.attention.shape[1:3]) for reading in (before, after)]
    if shapes[0] != shapes[1]:
        (layers, heads), (other_layers, other_heads) = shapes
        raise ValueError(
            f"before and after must come from BERTs of one shape, but before has {layers} layers of {heads} heads, "
            f"after {other_layers} of {other_heads}. {advice}"
        )


def check_choice(name: str, number: int | None, count: int) -> None:
    """Sentences, layers, heads and word pieces count from 0; no head means the mean of heads.

    Raises:
        IndexError: there is no such number.
    """
    if number is None or 0 <= number < count:
        return
    what, holder = ("word piece", "this sentence") if name == "focus" else (name, "this reading")
    numbers = f"{name}=0" + (f" to {name}={count - 1}" if count > 1 else "")
    mean = ", or None for the mean of heads" if name == "head" else ""
    raise IndexError(f"There is no {what} {number}: {holder} has {count}. Type {numbers}{mean}.")


def find_spans(reading: Reading, sentence: int, graph: KnowledgeGraph | None) -> list[Span]:
    """The mentions that have word pieces; labelled and coloured by the graph where there is one."""
    spans = []
    colours = colour_types(graph.entities["type"].astype(str)) if graph is not None else {}
    for mention in reading.mentions[sentence]:
        if mention.pieces is None:
            continue
        label, colour = mention.text or f"entity {mention.entity}", ""
        if graph is not None:
            label = graph.labels[mention.entity]
            colour = colours[str(graph.entities["type"].iloc[mention.entity])]
        first, last = mention.pieces
        spans.append(Span(first, last, label, colour))
    return spans


def choose_focus(reading: Reading, sentence: int) -> int:
    """The token to start from: [MASK], else the first mention, else the first word."""
    tokens = reading.tokens[sentence]
    if "[MASK]" in tokens:
        return tokens.index("[MASK]")
    named = [mention.pieces[0] for mention in reading.mentions[sentence] if mention.pieces]
    words = [i for i, token in enumerate(tokens) if token not in SPECIAL]
    return (named + words + [0])[0]


def choose_layer(before: Reading, after: Reading | None, sentence: int) -> int:
    """Where the mean of heads changes most; the last layer where nothing is compared."""
    if after is None:
        return before.attention.shape[1] - 1
    change = (after.attention[sentence] - before.attention[sentence]).mean(1)  # [layer, query, key]
    return int(change.abs().sum((1, 2)).argmax())


def select_weights(reading: Reading, sentence: int, layer: int, head: int | None) -> np.ndarray:
    """One matrix, float32 [query, key], without padding; the mean of heads where no head is named."""
    length = reading.lengths[sentence]
    weights = reading.attention[sentence, layer, :, :length, :length]
    return (weights.mean(0) if head is None else weights[head]).numpy()


def tabulate(
    readings: Sequence[Reading], spans: Sequence[Span], *, sentence: int, layer: int, head: int | None
) -> pd.DataFrame:
    """One row per query and key token: weight before, weight after, change (the last two missing without an after)."""
    tokens = np.array(readings[0].tokens[sentence], dtype=object)
    entities = np.full(len(tokens), None, dtype=object)
    for span in spans:
        entities[span.first : span.last] = span.label
    query, key = (side.ravel() for side in np.indices((len(tokens), len(tokens))))
    before = select_weights(readings[0], sentence, layer, head).ravel()
    after = (
        select_weights(readings[-1], sentence, layer, head).ravel() if len(readings) > 1 else np.full(len(key), np.nan)
    )
    return pd.DataFrame(
        {
            "sentence": sentence,
            "layer": layer,
            "head": "mean" if head is None else head,
            "query": query,
            "query_token": tokens[query],
            "key": key,
            "key_token": tokens[key],
            "before": before,
            "after": after,
            "change": after - before,
            "entity": entities[key],
            "injected": np.array(readings[-1].injected[sentence])[key],
        }
    )


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
            _describe(readings, graph, number, int(start)) for number, start in zip(kept, starts[:-1], strict=True)
        ],
        "before": _pack_weights(readings[0], kept, dtype),
        "after": _pack_weights(readings[1], kept, dtype) if len(readings) > 1 else None,
    }


def _describe(readings: Sequence[Reading], graph: KnowledgeGraph | None, number: int, start: int) -> dict[str, Any]:
    last = readings[-1]
    injected = [[i for i, here in enumerate(reading.injected[number]) if here] for reading in readings]
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


def with_mentions(readings: Sequence[Reading], sentence: int) -> Reading:
    """A plain BERT's reading often comes without mentions; the other one then has them."""
    return next((reading for reading in reversed(readings) if reading.mentions[sentence]), readings[-1])


def _pack_weights(reading: Reading, kept: Sequence[int], dtype: str) -> dict[str, Any]:
    full = np.iinfo(dtype).max
    parts = []
    for number in kept:
        length = reading.lengths[number]
        weights = reading.attention[number, :, :, :length, :length].numpy()  # [layer, head, query, key]
        parts.append(np.rint(weights * full).astype(np.dtype(dtype).newbyteorder("<")).tobytes())
    return {"view": memoryview(b"".join(parts)), "dtype": dtype}
