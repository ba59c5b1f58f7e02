"""Where BERT looks, before and after vectors enter: a view to turn by mouse and keyboard, on screen or on a page."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.see.attention.page import define_attention_widget, explain, pack_state
from kgwb.see.attention.picture import draw_attention
from kgwb.see.attention.scene import (
    AttentionScene,
    check_choice,
    check_readings,
    choose_focus,
    choose_layer,
    with_mentions,
)
from kgwb.see.choice import Choice
from kgwb.see.live import LiveView


def show_attention(
    before: Reading,
    after: Reading | None = None,
    *,
    sentence: int = 0,
    layer: int | None = None,
    head: int | None = None,
    focus: int | None = None,
    graph: KnowledgeGraph | None = None,
) -> AttentionView:
    """Show where each word piece looks, for one reading or for two side by side.

    Args:
        before: what `kgwb.read` gave; alone, or as the grey side of a comparison.
        after: a reading of the same sentences by an injected or tuned BERT.
        sentence: which sentence to open with, from 0.
        layer: from 0; by default the layer whose mean of heads changes most, or the last one where nothing is compared.
        head: from 0; by default the mean of heads.
        focus: the word piece whose attention is drawn; by default [MASK], else the first mention.
        graph: gives mentions their entity's label and the colour of its type.

    Returns:
        A view; `view.layer = 3` moves it. `view.selection` is what the focus looks at, as a data frame;
        `view.save("page.html")` writes one offline page.

    Raises:
        TypeError: something is not a Reading.
        ValueError: the readings are of different sentences, word pieces, or shapes of BERT.
        IndexError: no such sentence, layer, head, or word piece.

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
    if layer is None:
        layer = choose_layer(before, after, sentence)
    if focus is None:
        focus = choose_focus(with_mentions(readings, sentence), sentence)
    check_choice("focus", focus, before.lengths[sentence])
    return AttentionView(readings, graph, Choice(sentence=sentence, token=focus, layer=layer, head=head))


class _Shared:
    """An attribute that the browser shares: it is read from, and set on, the view's widget."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, view: AttentionView | None, owner: type | None = None) -> Any:
        return self if view is None else getattr(view.widget, self.name)

    def __set__(self, view: AttentionView, value: Any) -> None:
        setattr(view.widget, self.name, value)


class AttentionView(LiveView):
    """The attention of one or two readings; made by `show_attention`.

    Attributes:
        sentence, layer, head, focus: what is shown, from 0; head None is the mean of heads. Set them, or read what the
            user chose.
        thumbnails: the small pictures show "weights" (of the last reading) or "change".
        widget: what the browser draws; `view.observe(handler, "layer")` follows it.
    """

    script = "attention"
    sentence, layer, head, focus, thumbnails = _Shared(), _Shared(), _Shared(), _Shared(), _Shared()

    def __init__(self, readings: tuple[Reading, ...], graph: KnowledgeGraph | None, first: Choice) -> None:
        self.readings = readings
        self.graph = graph
        self.first = first
        self.packed = pack_state(readings, graph, first.sentence or 0)
        self.note = explain(readings, self.packed)

    @property
    def state(self) -> dict[str, Any]:
        """The readings, as the script draws them."""
        return self.packed

    @property
    def first_choice(self) -> Choice:
        """What is chosen at first."""
        return self.first

    @property
    def scene(self) -> AttentionScene:
        """What is chosen now."""
        first = self.first
        chosen = (first.sentence or 0, first.layer or 0, first.head, first.token or 0)
        if self._widget is not None:
            chosen = (self.sentence, self.layer, self.head, self.focus)
        return AttentionScene(self.readings, self.graph, *chosen, self.note)

    @property
    def frame(self) -> pd.DataFrame:
        """All that is drawn at this sentence, layer and head: one row per query and key word piece."""
        return self.scene.frame

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

    def _define(self) -> Any:
        first = {"sentence": self.first.sentence, "layer": self.first.layer, "head": self.first.head}
        return partial(define_attention_widget(), self.readings, **first, focus=self.first.token)

    def __repr__(self) -> str:
        return f"Attention of {' and '.join(self.scene.names)}: {self.scene.title}"
