"""Where BERT looks, before and after vectors enter: a view to turn by mouse and keyboard, on screen or on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from kgwb.bert import Reading
from kgwb.bert.importance import Importance
from kgwb.bert.linked_pairs import LinkScore, score_links
from kgwb.checks import expect_choice, expect_each
from kgwb.graph import KnowledgeGraph
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.see.attention.packing import pack_layer, pack_state
from kgwb.see.attention.page import define_attention_widget, explain
from kgwb.see.attention.picture import draw_attention
from kgwb.see.attention.scene import (
    AttentionScene,
    check_choice,
    check_readings,
    choose_focus,
    choose_layer,
    fold_scene,
    tell_comparison,
    with_mentions,
)
from kgwb.see.choice import Choice
from kgwb.see.live import LiveView
from kgwb.see.page import Fragment


def show_attention(
    before: Reading,
    after: Reading | None = None,
    *,
    sentence: int = 0,
    layer: int | None = None,
    head: int | None = None,
    focus: int | None = None,
    graph: KnowledgeGraph | None = None,
    combine: str = "mean",
    importance: Importance | Sequence[Importance] = (),
) -> AttentionView:
    """Show where each word piece looks, for one reading or for two side by side.

    Args:
        before: what `kgwb.read` gave; alone, or as the grey side of a comparison.
        after: a reading of the same sentences by an injected or tuned BERT.
        sentence: which sentence to open with, from 0.
        layer: from 0; by default the layer whose mean of heads changes most, or the last one where nothing is compared.
        head: from 0; by default the mean of heads.
        focus: the word piece whose attention is drawn; by default [MASK], else the first mention.
        graph: gives mentions their entity's label and the colour of its type; facts between mentions are drawn as arcs, and
            attention along them is scored (`kgwb.bert.score_links`).
        combine: what stands for all heads: their "mean", their "max", or the "rollout" through all layers up to this one
            (`kgwb.bert.roll_out`).
        importance: what `kgwb.bert.measure_importance` gave for these sentences, drawn beside their word pieces.

    Returns:
        A view; `view.layer = 3` moves it, `view.drawn = "matrix"` draws the whole matrix, `view.pieces = "mentions"` folds
        the pieces of mentions, `view.difference = "renormalised"` compares word pieces alone, `view.least = 0.05` hides what
        is fainter. `view.selection` is what the focus looks at, as a data frame;
        `view.save("page.html")` writes one offline page.

    Raises:
        TypeError: something is not a Reading.
        ValueError: the readings are of different sentences, word pieces, or shapes of BERT.
        IndexError: no such sentence, layer, head, or word piece.
        ValueError: `combine` is none of these words.

    Example:
        >>> from kgwb import load_bert, read
        >>> view = show_attention(read(load_bert(), "Paris is the capital of France."), layer=2, head=5)
        >>> view
        Attention of minilm: Sentence 0, layer 2, head 5, from 'paris'
    """
    check_readings(before, after)
    check_choice("sentence", sentence, len(before.tokens))
    for name, number, count in zip(("layer", "head"), (layer, head), before.attention.shape[1:3], strict=True):
        check_choice(name, number, count)
    if graph is not None:
        expect_graph(graph, "show_attention(before, after, graph={})")
    readings = (before,) if after is None else (before, after)
    expect_choice("combine", combine, ("mean", "max", "rollout"))
    call = "show_attention(reading, importance=kgwb.bert.measure_importance(bert, sentence))"
    weighed = [importance] if isinstance(importance, Importance) else importance
    weighed = expect_each(weighed, Importance, "What measure_importance gave", call=call)
    if layer is None:
        layer = choose_layer(before, after, sentence)
    if focus is None:
        focus = choose_focus(with_mentions(readings, sentence), sentence)
    check_choice("focus", focus, before.lengths[sentence])
    first = Choice(sentence=sentence, token=focus, layer=layer, head=head)
    return AttentionView(readings, graph, first, combine=combine, importance=weighed)


def _score_readings(readings: Sequence[Reading], graph: KnowledgeGraph | None) -> tuple[LinkScore, ...]:
    """How far each follows the graph's edges; a plain reading without mentions has those of the other."""
    if graph is None:
        return ()
    mentions = tuple(with_mentions(readings, i).mentions[i] for i in range(len(readings[0].tokens)))
    if not any(len(found) > 1 for found in mentions):
        return ()
    return tuple(score_links(replace(reading, mentions=mentions), graph) for reading in readings)


class _Shared:
    """An attribute that the browser shares: it is read from, and set on, the view's widget."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: AttentionView | None, owner: type | None = None) -> Any:
        return self if view is None else getattr(view.widget, self.name)

    def __set__(self, view: AttentionView, value: Any) -> None:
        setattr(view.widget, self.name, value)
        view.share_place()


class AttentionView(LiveView):
    """The attention of one or two readings; made by `show_attention`.

    Attributes:
        sentence, layer, head, focus: what is shown, from 0; head None is all heads, as `combine` says. Set them, or read
            what the user chose.
        combine: "mean", "max" or "rollout".
        drawn: "lines" or "matrix".
        pieces: "words", or "mentions" where the pieces of a mention are drawn as one.
        difference: "raw", or "renormalised" where shares of what goes to word pieces are compared.
        least: weights below it are not drawn.
        thumbnails: the small pictures show "weights" (of the last reading) or "change".
        links: by reading, how far heads follow the edges of the graph; none without one.
        widget: what the browser draws; `view.observe(handler, "layer")` follows it.
    """

    script = "attention"
    sentence, layer, head, focus, thumbnails = _Shared(), _Shared(), _Shared(), _Shared(), _Shared()
    combine, drawn, pieces, difference, least = _Shared(), _Shared(), _Shared(), _Shared(), _Shared()

    def __init__(
        self,
        readings: tuple[Reading, ...],
        graph: KnowledgeGraph | None,
        first: Choice,
        *,
        combine: str = "mean",
        importance: Sequence[Importance] = (),
    ) -> None:
        self.readings = readings
        self.graph = graph
        self.first = first
        self.first_combine = combine
        self.importance = tuple(importance)
        self.links = _score_readings(readings, graph)
        self.packed = self._pack(first.sentence or 0, first.layer or 0, first.head)
        self.note = explain(readings, self.packed)

    def _pack(self, sentence: int, layer: int, head: int | None) -> dict[str, Any]:
        return pack_state(
            self.readings, self.graph, sentence, layer=layer, head=head, importance=self.importance, links=self.links
        )

    @property
    def state(self) -> dict[str, Any]:
        """The readings, as the script draws them."""
        return {
            **self.packed,
            "note": self.note,
            "ending": tell_comparison(self.readings),
            "graph": self.graph is not None,
        }

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose entities the mentions name."""
        return self.graph

    @property
    def first_choice(self) -> Choice:
        """What is chosen at first."""
        return self.first

    @property
    def scene(self) -> AttentionScene:
        """What is chosen now."""
        first = self.first
        chosen = (first.sentence or 0, first.layer or 0, first.head, first.token or 0)
        combine = self.first_combine
        if self._widget is not None:
            chosen, combine = (self.sentence, self.layer, self.head, self.focus), self.combine
        return AttentionScene(self.readings, self.graph, *chosen, self.note, combine, self.links)

    @property
    def frame(self) -> pd.DataFrame:
        """All that is drawn at this sentence, layer and head: one row per query and key word piece."""
        return self.scene.frame

    @property
    def folded(self) -> pd.DataFrame:
        """The matrix of the last reading with the pieces of each mention as one: keys summed, queries averaged."""
        return fold_scene(self.scene)

    def list_selected(self) -> pd.DataFrame:
        """What the word piece in focus looks at: its rows of `frame`, exact to float32."""
        return self.scene.rows

    @property
    def caption(self) -> str:
        """One line: what is seen and how much to trust it."""
        return f"{self!r}. {self.note}"

    @property
    def picture(self) -> str:
        """What is chosen now as a static SVG, for places where no script runs."""
        return draw_attention(self.scene)

    def _make_widget(self) -> Any:
        widget = super()._make_widget()
        widget.observe(self._follow, "chosen")
        return widget

    def _follow(self, change: Any) -> None:
        """What was chosen in another view is shown here too, as far as this one has it."""
        chosen, lengths = Choice.from_state(change["new"]), self.readings[0].lengths
        layers, heads = self.readings[0].attention.shape[1:3]
        if chosen.sentence is not None and chosen.sentence in [one["number"] for one in self.packed["sentences"]]:
            self.widget.sentence = chosen.sentence
            if chosen.token is not None and chosen.token < lengths[chosen.sentence]:
                self.widget.focus = chosen.token
        if chosen.layer is not None and chosen.layer < layers:
            self.widget.layer = chosen.layer
            self.widget.head = chosen.head if chosen.head is not None and chosen.head < heads else None

    def share_place(self) -> None:
        """Tell linked views what was set here from Python."""
        place = Choice(sentence=self.sentence, token=self.focus, layer=self.layer, head=self.head)
        now = self.choice
        if (now.sentence, now.token, now.layer, now.head) != (place.sentence, place.token, place.layer, place.head):
            self.choose(replace(now, sentence=place.sentence, token=place.token, layer=place.layer, head=place.head))

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """The heads of a layer that did not fit in the state."""
        number, layer = message.get("sentence"), message.get("layer")
        if not isinstance(number, int) or not isinstance(layer, int):
            return None
        if not 0 <= number < len(self.readings[0].tokens) or not 0 <= layer < self.packed["layers"]:
            return None
        return pack_layer(self.readings, self.graph, number, layer)

    def fragment(self) -> Fragment:
        """This view as a piece of a page; of a sentence that does not fit whole it holds what is chosen now."""
        if any(sentence["planes"] for sentence in self.packed["sentences"]):
            self.packed = self._pack(self.sentence, self.layer, self.head)
            self.widget.state = {**self.widget.state, **self.state}
        return super().fragment()

    def _define(self) -> Any:
        first = {"sentence": self.first.sentence, "layer": self.first.layer, "head": self.first.head}
        return partial(
            define_attention_widget(), self.readings, **first, focus=self.first.token, combine=self.first_combine
        )

    def __repr__(self) -> str:
        return f"Attention of {' and '.join(self.scene.names)}: {self.scene.place}"
