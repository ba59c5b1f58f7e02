"""What is seen of one or two readings: which sentence, layer, head and word piece, checked, and the same as a data frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.bert import Reading
from kgwb.bert.linked_pairs import LinkScore
from kgwb.checks import is_number
from kgwb.graph import KnowledgeGraph
from kgwb.see.attention.injected import Extra, list_extras, phrase_fact
from kgwb.see.attention.weights import NAMES, fold_mentions, list_units, renormalise, select_weights
from kgwb.see.palette import colour_types
from kgwb.words import mend_text, quote_value

SPECIAL = ("[CLS]", "[SEP]", "[PAD]")


@dataclass(frozen=True)
class Span:
    """A mention as it is drawn: word pieces from `first` to one before `last`, the entity, its label and colour."""

    first: int
    last: int
    label: str
    colour: str = ""
    entity: int = -1


@dataclass(frozen=True)
class Edge:
    """Facts that link two mentions of a sentence: their numbers among its spans, and the facts in words."""

    one: int
    other: int
    text: str


@dataclass(frozen=True, eq=False)
class AttentionScene:
    """Where one word piece looks, in one reading or in two.

    Attributes:
        readings: before, and after where two are compared.
        graph: gives mentions their entity's label and the colour of its type.
        sentence, layer, head, focus: what is chosen, from 0; head None is the mean of heads.
        note: how to read it and how far to trust it.
        combine: what stands for all heads: "mean", "max" or "rollout".
        links: by reading, how far heads follow the edges of the graph, over all sentences; none without a graph.
    """

    readings: tuple[Reading, ...]
    graph: KnowledgeGraph | None
    sentence: int
    layer: int
    head: int | None
    focus: int
    note: str
    combine: str = "mean"
    links: tuple[LinkScore, ...] = ()

    @property
    def names(self) -> list[str]:
        """Of the readings."""
        return [reading.name for reading in self.readings]

    @property
    def place(self) -> str:
        """Which row of which matrix it is."""
        head = NAMES[self.combine] if self.head is None else f"head {self.head}"
        token = self.readings[0].tokens[self.sentence][self.focus]
        return f"Sentence {self.sentence}, layer {self.layer}, {head}, from {token!r}"

    @property
    def title(self) -> str:
        """What is seen, in words."""
        token = self.readings[0].tokens[self.sentence][self.focus]
        head = f", head {self.head}" if self.head is not None else ", maximum of heads" if self.combine == "max" else ""
        what = f"What {mend_text(token)} looks at in layer {self.layer}{head}"
        if self.head is None and self.combine == "rollout":
            what = f"What {mend_text(token)} gathers from up to layer {self.layer}"
        return f"{what}{tell_comparison(self.readings)}"

    @cached_property
    def extras(self) -> tuple[Extra, ...]:
        """What rows go to beside word pieces."""
        return list_extras(self.readings, self.sentence, self.graph)

    @cached_property
    def spans(self) -> list[Span]:
        """The mentions of the sentence."""
        return find_spans(with_mentions(self.readings, self.sentence), self.sentence, self.graph)

    @cached_property
    def edges(self) -> list[Edge]:
        """The facts of the graph that link them."""
        return find_edges(self.spans, self.graph)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per query and key word piece of the sentence, layer and head, and one per query for each of the extras.

        Each query's weights sum to one, but for the maximum of heads. Facts in memory and vectors set beside have the keys -1,
        -2, ...; `kind` says which is which. `renormalised` is the change of what goes to word pieces alone, as shares of that.
        """
        return _tabulate(self)

    @property
    def rows(self) -> pd.DataFrame:
        """What the word piece in focus looks at: one row per key word piece, without the rest."""
        chosen = (self.frame["query"] == self.focus) & (self.frame["key"] >= 0)
        return self.frame[chosen].reset_index(drop=True)

    @property
    def rest(self) -> pd.DataFrame:
        """What the word piece in focus looks at beside the word pieces: one row for each fact, and each vector."""
        chosen = (self.frame["query"] == self.focus) & (self.frame["key"] < 0)
        return self.frame[chosen].reset_index(drop=True)


def fold_scene(scene: AttentionScene) -> pd.DataFrame:
    """The whole matrix of the last reading, the pieces of each mention as one: from the rows to the columns."""
    given = (scene.sentence, scene.layer, scene.head, scene.combine, scene.extras)
    spans = [(span.first, span.last) for span in scene.spans]
    tokens = [mend_text(token) for token in scene.readings[-1].tokens[scene.sentence]]
    labels = {first: mend_text(span.label) for span in scene.spans for first in (span.first,)}
    names = [labels.get(start, tokens[start]) for start in list_units(len(tokens), spans).tolist()]
    columns = [*names, *(mend_text(extra.text) for extra in scene.extras)]
    return pd.DataFrame(fold_mentions(select_weights(scene.readings[-1], *given), spans), index=names, columns=columns)


def tell_comparison(readings: Sequence[Reading]) -> str:
    """How the title ends."""
    if len(readings) < 2:
        return ""
    return ", before and after the graph" if any(map(any, readings[-1].injected)) else ", before and after"


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
        spans.append(Span(first, last, label, colour, mention.entity))
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


def find_edges(spans: Sequence[Span], graph: KnowledgeGraph | None) -> list[Edge]:
    """Which mentions of a sentence the graph links, and by which facts."""
    if graph is None:
        return []
    named = sorted({span.entity for span in spans if 0 <= span.entity < len(graph.entities)})
    near = graph.triples[np.isin(graph.triples[:, 0], named) & np.isin(graph.triples[:, 2], named)]
    facts: dict[frozenset[int], list[tuple[int, int, int]]] = {}
    for head, relation, tail in near.tolist():
        if head != tail:
            facts.setdefault(frozenset((head, tail)), []).append((head, relation, tail))
    edges = []
    for j, other in enumerate(spans):
        for i, one in enumerate(spans[:j]):
            linking = facts.get(frozenset((one.entity, other.entity)), [])
            if linking and one.entity != other.entity:
                edges.append(Edge(i, j, "; ".join(phrase_fact(fact, graph) for fact in linking)))
    return edges


def with_mentions(readings: Sequence[Reading], sentence: int) -> Reading:
    """A plain BERT's reading often comes without mentions; the other one then has them."""
    return next((reading for reading in reversed(readings) if reading.mentions[sentence]), readings[-1])


def _tabulate(scene: AttentionScene) -> pd.DataFrame:
    """Weight before, weight after, change; the last two are missing without an after."""
    readings, sentence, extras = scene.readings, scene.sentence, scene.extras
    tokens = np.array([mend_text(token) for token in readings[0].tokens[sentence]], dtype=object)
    count = len(tokens)
    entities = np.full(count + len(extras), None, dtype=object)
    for span in scene.spans:
        entities[span.first : span.last] = mend_text(span.label)
    names = np.concatenate([tokens, np.array([mend_text(extra.text) for extra in extras], dtype=object)])
    kinds = np.array(["word piece"] * count + [extra.kind for extra in extras], dtype=object)
    injected = np.array([*readings[-1].injected[sentence], *[True] * len(extras)])
    query, column = (side.ravel() for side in np.indices((count, len(names))))
    given = (sentence, scene.layer, scene.head, scene.combine, extras)
    first, last = (select_weights(reading, *given) for reading in (readings[0], readings[-1]))
    fair = np.full(first.shape, np.nan)
    if len(readings) > 1:
        fair[:, :count] = renormalise(last, count) - renormalise(first, count)
    before = first.ravel()
    after = last.ravel() if len(readings) > 1 else np.full(len(query), np.nan)
    frame = pd.DataFrame(
        {
            "sentence": sentence,
            "layer": scene.layer,
            "head": scene.combine if scene.head is None else scene.head,
            "query": query,
            "query_token": tokens[query],
            "key": np.where(column < count, column, count - 1 - column),
            "key_token": names[column],
            "kind": kinds[column],
            "before": before,
            "after": after,
            "change": after - before,
            "renormalised": fair.ravel(),
            "entity": entities[column],
            "injected": injected[column],
        }
    )
    return pd.concat([frame[frame["key"] >= 0], frame[frame["key"] < 0]], ignore_index=True)
