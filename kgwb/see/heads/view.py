"""What the heads of a BERT do over many sentences: a map to turn by mouse and keyboard, on screen or on a page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from kgwb.bert.heads import HeadHabits, measure_heads
from kgwb.bert.linking import find_linked_mentions
from kgwb.bert.model import Bert
from kgwb.bert.tokenizing import list_texts
from kgwb.checks import expect_choice, expect_kind
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.packages import load_package
from kgwb.see.attention.scene import check_choice
from kgwb.see.choice import Choice
from kgwb.see.heads.picture import draw_head_map
from kgwb.see.heads.scene import (
    LABELS,
    HeadsScene,
    colour_layers,
    list_metrics,
    rank_sentences,
    read_metric,
    spell_sentence,
)
from kgwb.see.live import LiveView, define_widget
from kgwb.see.packing import pack_array
from kgwb.words import count_things


def show_heads(
    bert: Bert,
    sentences: str | Sentence | Sequence[str | Sentence],
    *,
    after: Bert | None = None,
    graph: KnowledgeGraph | None = None,
    mentions: Sequence[Sequence[Mention]] | None = None,
    x: str = "distance",
    y: str = "entropy",
    layer: int | None = None,
    head: int | None = None,
    batch: int = 32,
    permutations: int = 200,
    seed: int = 0,
) -> HeadsView:
    """Show every head of a BERT as a dot, placed by what it does over many sentences, before and after.

    Args:
        bert: plain, or as it was before.
        sentences: a text or several, or `Sentence`s with their own mentions.
        after: the same BERT injected or tuned; each head is joined to where it was by a line.
        graph: with it the map knows how well heads follow its edges, beside a twin with the links permuted
            (`kgwb.bert.score_links`).
        mentions: per sentence, where it names entities; by default as `kgwb.read` finds them.
        x, y: the axes: "previous", "next", "itself", "[CLS]", "[SEP]", "mentions", "injected", "entropy", "distance" or
            "follows".
        layer, head: which head to choose at first, from 0; by default none.
        batch: sentences read at once.
        permutations, seed: of the twin.

    Returns:
        A view; `view.frame` has one row per head, with every metric, its spread over the sentences and its twin. Link it to
        `show_attention` of the same sentences, and what is chosen here is shown there.

    Raises:
        TypeError: something is not a BERT, no texts, or no graph.
        ValueError: an axis is none of these, or the two BERTs are of different shapes.
        IndexError: there is no such layer or head.

    Example:
        >>> from kgwb import load_bert
        >>> show_heads(load_bert(), ["Paris is the capital of France.", "Rome is in Italy."])
        HeadsView of minilm: 72 heads over 2 sentences, distance and entropy
    """
    call = "show_heads(kgwb.load_bert(), sentences, after=model)"
    expect_kind(bert, Bert, "A BERT", call=call)
    expect_kind(after, (Bert, type(None)), "A BERT", call=call)
    texts = list_texts(sentences, call="show_heads(bert, ['Paris is in France.'])")
    berts = [bert] if after is None else [bert, after]
    known = next((each.injector.graph for each in reversed(berts) if each.injector is not None), graph)
    if mentions is None and known is not None and not any(isinstance(each, Sentence) for each in texts):
        mentions = find_linked_mentions([str(each) for each in texts], known, berts[-1])
    options: dict[str, Any] = {"graph": graph, "batch": batch, "permutations": permutations, "seed": seed}
    habits = tuple(measure_heads(each, texts, mentions=mentions, **options) for each in berts)
    _check_shapes(habits)
    for name, axis in (("x", x), ("y", y)):
        expect_choice(name, axis, list_metrics(habits))
    for name, number, count in zip(("layer", "head"), (layer, head), habits[0].values.shape[1:3], strict=True):
        check_choice(name, number, count)
    return HeadsView(habits, graph, x, y, Choice(layer=layer, head=head))


def _check_shapes(habits: Sequence[HeadHabits]) -> None:
    shapes = [each.values.shape[1:3] for each in habits]
    if len(set(shapes)) > 1:
        (layers, heads), (other_layers, other_heads) = shapes
        raise ValueError(
            f"bert and after must be BERTs of one shape, but bert has {layers} layers of {heads} heads, after "
            f"{other_layers} of {other_heads}. Type show_heads(bert, sentences, after=kgwb.inject(bert, vectors))."
        )
    if len({each.tokens for each in habits}) > 1:
        raise ValueError(
            "bert and after cut these sentences into different word pieces, so their heads cannot be compared. Type "
            "show_heads(bert, sentences, after=kgwb.inject(bert, vectors))."
        )


class HeadsView(LiveView):
    """What the heads of a BERT do over many sentences; made by `show_heads`.

    Attributes:
        habits: what was measured, before and after.
        graph: whose edges heads may follow.
        widget: what the browser draws; `view.widget.x = "previous"` turns it.
    """

    script = "heads"

    def __init__(
        self, habits: tuple[HeadHabits, ...], graph: KnowledgeGraph | None, x: str, y: str, first: Choice
    ) -> None:
        self.habits = habits
        self.graph = graph
        self.first_axes = (x, y)
        self.first = first

    @property
    def scene(self) -> HeadsScene:
        """What is chosen now."""
        x, y = self.first_axes if self._widget is None else (self._widget.x, self._widget.y)
        layers, heads = self.habits[0].values.shape[1:3]
        layer, head = self.choice.layer, self.choice.head
        fits = layer is not None and head is not None and layer < layers and head < heads
        return HeadsScene(self.habits, x, y, layer if fits else None, head if fits else None)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per layer and head: every metric, its spread over the sentences, and its twin."""
        return self.scene.frame

    def list_selected(self) -> pd.DataFrame:
        """The row of the head that is chosen; all rows where none is."""
        scene = self.scene
        if scene.layer is None:
            return scene.frame
        chosen = (scene.frame["layer"] == scene.layer) & (scene.frame["head"] == scene.head)
        return scene.frame[chosen].reset_index(drop=True)

    @property
    def picture(self) -> str:
        """What is chosen now as a static SVG."""
        return draw_head_map(self.scene)

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose edges heads may follow."""
        return self.graph

    @property
    def first_choice(self) -> Choice:
        """What is chosen at first."""
        return self.first

    @property
    def state(self) -> dict[str, Any]:
        """The figures of every head, and of each its first sentences."""
        return {**pack_heads(self.habits), "note": self.scene.note}

    def _define(self) -> Any:
        x, y = self.first_axes
        return partial(_define_heads_widget(), x=x, y=y)

    def __repr__(self) -> str:
        names = " and ".join(each.name for each in self.habits)
        count, layers, heads, _ = self.habits[0].values.shape
        scene = self.scene
        told = count_things(count, "sentence")
        return f"HeadsView of {names}: {layers * heads} heads over {told}, {scene.x} and {scene.y}"


@cache
def _define_heads_widget() -> Any:
    """The widget class, with its axes."""
    traitlets = load_package("traitlets", "show_heads")
    axis = {name: traitlets.Enum(tuple(LABELS), "entropy").tag(sync=True) for name in ("x", "y")}
    return define_widget("heads", **axis)


def pack_heads(habits: Sequence[HeadHabits]) -> dict[str, Any]:
    """What the script draws: figures [reading, metric, layer, head], and the first sentences of each head by each metric."""
    metrics, last = list_metrics(tuple(habits)), habits[-1]
    figures = [[read_metric(each, name) for name in metrics] for each in habits]
    order = np.stack([rank_sentences(last, name) for name in metrics])  # [metric, layer, head, top]
    grid = np.indices(order.shape)
    used = sorted(set(order.ravel().tolist()))
    links = [each.links for each in habits if each.links is not None and each.links.pairs]
    named = ("linked", "matched", "twin", "twin_spread", "p_value")
    return {
        "layers": order.shape[1],
        "heads": order.shape[2],
        "names": [each.name for each in habits],
        "count": len(last.sentences),
        "colours": colour_layers(order.shape[1]),
        "metrics": [{"name": name, "label": LABELS[name]} for name in metrics],
        "means": pack_array(np.array([[mean for mean, _ in row] for row in figures], np.float32)),
        "spreads": pack_array(np.array([[spread for _, spread in row] for row in figures], np.float32)),
        "links": [
            pack_array(np.stack([getattr(score, name)[:, :-1] for name in named]).astype(np.float32)) for score in links
        ],
        "sentences": [{"number": number, "tokens": spell_sentence(last, number)} for number in used],
        "tops": pack_array(order.astype(np.int32)),
        "pairs": pack_array(last.strongest[order, grid[1], grid[2]].astype(np.int32)),
        "strengths": pack_array(last.strength[order, grid[1], grid[2]].astype(np.float32)),
    }
