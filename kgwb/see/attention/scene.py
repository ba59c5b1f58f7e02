"""What is seen of one or two readings: which sentence, layer, head and word piece, checked, and the same as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.bert import Reading
from kgwb.checks import is_number
from kgwb.graph import KnowledgeGraph
from kgwb.see.palette import colour_types
from kgwb.words import mend_text, quote_value

SPECIAL = ("[CLS]", "[SEP]", "[PAD]")
SLOTS, BESIDE = "facts in memory", "vectors set beside"  # what a row goes to that is no word piece
_SEEN = 1e-3  # a share of a row below it is what rounding leaves


@dataclass(frozen=True)
class Span:
    """A mention as it is drawn: its word pieces from `first` to one before `last`, the entity's label and colour."""

    first: int
    last: int
    label: str
    colour: str = ""


@dataclass(frozen=True, eq=False)
class AttentionScene:
    """Where one word piece looks, in one reading or in two.

    Attributes:
        readings: before, and after where two are compared.
        graph: gives mentions their entity's label and the colour of its type.
        sentence, layer, head, focus: what is chosen, from 0; head None is the mean of heads.
        note: how to read it and how far to trust it.
    """

    readings: tuple[Reading, ...]
    graph: KnowledgeGraph | None
    sentence: int
    layer: int
    head: int | None
    focus: int
    note: str

    @property
    def names(self) -> list[str]:
        """Of the readings."""
        return [reading.name for reading in self.readings]

    @property
    def title(self) -> str:
        """Which row of which matrix it is."""
        head = "mean of heads" if self.head is None else f"head {self.head}"
        token = self.readings[0].tokens[self.sentence][self.focus]
        return f"Sentence {self.sentence}, layer {self.layer}, {head}, from {token!r}"

    @cached_property
    def spans(self) -> list[Span]:
        """The mentions of the sentence."""
        return find_spans(with_mentions(self.readings, self.sentence), self.sentence, self.graph)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per query and key word piece of the sentence, layer and head, and one per query for `SLOTS` and `BESIDE`.

        Each query's weights sum to one. The rows for what is no word piece have the keys -1 and -2, and come only where a
        reading holds any.
        """
        return _tabulate(self)

    @property
    def rows(self) -> pd.DataFrame:
        """What the word piece in focus looks at: one row per key word piece, without the rest."""
        chosen = (self.frame["query"] == self.focus) & (self.frame["key"] >= 0)
        return self.frame[chosen].reset_index(drop=True)

    @property
    def rest(self) -> pd.DataFrame:
        """What the word piece in focus looks at beside the word pieces: a row for facts' slots and one for vectors, if any."""
        chosen = (self.frame["query"] == self.focus) & (self.frame["key"] < 0)
        return self.frame[chosen].reset_index(drop=True)


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
    if number is None and name != "sentence":
        return
    fits = is_number(number, whole=True)
    if number is not None and fits and 0 <= number < count:
        return
    what, holder = ("word piece", "this sentence") if name == "focus" else (name, "this reading")
    numbers = f"{name}=0" + (f" to {name}={count - 1}" if count > 1 else "")
    mean = ", or None for the mean of heads" if name == "head" else ""
    error = IndexError if fits else TypeError
    raise error(f"There is no {what} {quote_value(number)}: {holder} has {count}. Type {numbers}{mean}.")


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


def select_weights(reading: Reading, sentence: int, layer: int, head: int | None) -> Float[np.ndarray, "query key"]:
    """One matrix without padding; the mean of heads where no head is named."""
    length = reading.lengths[sentence]
    weights = reading.attention[sentence, layer, :, :length, :length]  # [head, query, key]
    return (weights.mean(0) if head is None else weights[head]).numpy()


def measure_rest(
    reading: Reading, sentence: int, layer: int, head: int | None
) -> dict[str, Float[np.ndarray, " query"]]:
    """How much of each query's row goes to the slots of a memory, and to vectors that are no word piece: all that is left."""
    left = 1 - select_weights(reading, sentence, layer, head).sum(1)  # [query]
    slots = np.zeros_like(left)
    if reading.slots is not None:
        weights = reading.slots[sentence, layer, :, : reading.lengths[sentence]].sum(-1)  # [head, query]
        slots = (weights.mean(0) if head is None else weights[head]).numpy()
    beside = left - slots
    return {SLOTS: slots, BESIDE: np.where(np.abs(beside) < _SEEN, 0, beside)}


def with_mentions(readings: Sequence[Reading], sentence: int) -> Reading:
    """A plain BERT's reading often comes without mentions; the other one then has them."""
    return next((reading for reading in reversed(readings) if reading.mentions[sentence]), readings[-1])


def _tabulate(scene: AttentionScene) -> pd.DataFrame:
    """Weight before, weight after, change; the last two are missing without an after."""
    readings, sentence, layer, head = scene.readings, scene.sentence, scene.layer, scene.head
    tokens = np.array([mend_text(token) for token in readings[0].tokens[sentence]], dtype=object)
    entities = np.full(len(tokens), None, dtype=object)
    for span in scene.spans:
        entities[span.first : span.last] = mend_text(span.label)
    query, key = (side.ravel() for side in np.indices((len(tokens), len(tokens))))
    before = select_weights(readings[0], sentence, layer, head).ravel()
    after = (
        select_weights(readings[-1], sentence, layer, head).ravel() if len(readings) > 1 else np.full(len(key), np.nan)
    )
    pieces = pd.DataFrame(
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
    return _add_rest(scene, pieces, tokens)


def _add_rest(scene: AttentionScene, pieces: pd.DataFrame, tokens: np.ndarray) -> pd.DataFrame:
    """The same with what goes to no word piece, where anything does in either reading."""
    shares = [measure_rest(reading, scene.sentence, scene.layer, scene.head) for reading in scene.readings]
    parts = [pieces]
    for number, name in enumerate((SLOTS, BESIDE), 1):
        if any(share[name].any() for share in shares):
            before = shares[0][name]
            after = shares[1][name] if len(shares) > 1 else np.full(len(tokens), np.nan)
            rest = pieces.iloc[:: len(tokens)].assign(  # one row for each query
                key=-number,
                key_token=name,
                before=before,
                after=after,
                change=after - before,
                entity=None,
                injected=True,
            )
            parts.append(rest)
    return pd.concat(parts, ignore_index=True) if len(parts) > 1 else pieces
