"""Where BERT looks, before and after vectors enter: a view to turn by mouse and keyboard, on screen or on a page."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.packages import load_package
from kgwb.see.attention.picture import draw_attention
from kgwb.see.attention.scene import (
    check_choice,
    check_readings,
    choose_focus,
    choose_layer,
    find_spans,
    pack_state,
    tabulate,
    with_mentions,
)
from kgwb.see.page import Fragment, write_page
from kgwb.see.palette import style_variables

anywidget = load_package("anywidget", "show_attention")
ASSETS = Path(__file__).parents[1] / "assets"
MODULE_END = "export default kgwb_attention.default;"  # the one line that a plain script cannot hold
TRUST = "Attention is where BERT looks, not why it answers."


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
        A widget. `view.selection` is what the focus looks at, as a data frame; `view.save("page.html")` writes one
        offline page.

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
    readings = (before,) if after is None else (before, after)
    if layer is None:
        layer = choose_layer(before, after, sentence)
    if focus is None:
        focus = choose_focus(with_mentions(readings, sentence), sentence)
    check_choice("focus", focus, before.lengths[sentence])
    return AttentionView(readings, graph, sentence=sentence, layer=layer, head=head, focus=focus)


class AttentionView(anywidget.AnyWidget):  # type: ignore[name-defined]
    """The attention of one or two readings; made by `show_attention`.

    Attributes:
        sentence, layer, head, focus: what is shown, from 0; head None is the mean of heads. Set them, or read what the
            user chose.
        thumbnails: the small pictures show "weights" (of the last reading) or "change".
    """

    _esm = (ASSETS / "attention.js").read_text(encoding="utf-8")
    _css = style_variables() + (ASSETS / "attention.css").read_text(encoding="utf-8")

    sentence = traitlets.Int().tag(sync=True)
    layer = traitlets.Int().tag(sync=True)
    head = traitlets.Int(None, allow_none=True).tag(sync=True)
    focus = traitlets.Int().tag(sync=True)
    thumbnails = traitlets.Enum(("weights", "change"), "weights").tag(sync=True)
    layers = traitlets.Int().tag(sync=True)
    heads = traitlets.Int().tag(sync=True)
    digits = traitlets.Int().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    sentences = traitlets.List(traitlets.Dict()).tag(sync=True)
    before = traitlets.Dict().tag(sync=True)
    after = traitlets.Dict(None, allow_none=True).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self, readings: Sequence[Reading], graph: KnowledgeGraph | None = None, **choice: Any) -> None:
        self._readings = tuple(readings)
        self._graph = graph
        state = pack_state(readings, graph, choice["sentence"])
        super().__init__(**state, note=_explain(readings, state), **choice)

    @property
    def frame(self) -> pd.DataFrame:
        """All that is drawn at this sentence, layer and head: one row per query and key word piece."""
        spans = find_spans(with_mentions(self._readings, self.sentence), self.sentence, self._graph)
        return tabulate(self._readings, spans, sentence=self.sentence, layer=self.layer, head=self.head)

    @property
    def selection(self) -> pd.DataFrame:
        """What the word piece in focus looks at: its rows of `frame`, exact to float32."""
        frame = self.frame
        return frame[frame["query"] == self.focus].reset_index(drop=True)

    @property
    def caption(self) -> str:
        """One line: what is seen and how much to trust it."""
        return f"{self!r}. {self.note}"

    def fragment(self) -> Fragment:
        """This view as a piece of a page; it stays movable there, without a kernel."""
        state = {name: getattr(self, name) for name in AttentionView.class_own_traits(sync=True)}
        state |= {"note": "", "before": _encode(self.before), "after": _encode(self.after)}
        data = json.dumps(state, ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
        script = f"kgwb_attention.show(document.currentScript.previousElementSibling, {data})"
        style = (ASSETS / "attention.css").read_text(encoding="utf-8")
        return Fragment(
            html=f"<style>{style}</style><noscript>{self.picture}</noscript><div></div><script>{script}</script>",
            caption=self.note,
            libraries={"kgwb-attention": self._esm_text().removesuffix(MODULE_END)},
        )

    @property
    def picture(self) -> str:
        """What is chosen now as a static SVG, for places where no script runs."""
        spans = find_spans(with_mentions(self._readings, self.sentence), self.sentence, self._graph)
        return draw_attention(self.selection, spans, names=self.names, title=self._place(), note=self.note)

    def save(self, path: str | Path, *, title: str = "") -> Path:
        """Write one offline page that opens without a network or a kernel, and return its path."""
        return write_page(path, [("", self)], title or "Attention")

    @staticmethod
    def _esm_text() -> str:
        return (ASSETS / "attention.js").read_text(encoding="utf-8").rstrip()

    @traitlets.validate("sentence", "layer", "head", "focus")
    def _check_choice(self, proposal: Any) -> int | None:
        name = proposal["trait"].name
        lengths = self._readings[0].lengths
        _, layers, heads, *_ = self._readings[0].attention.shape
        counts = {"sentence": len(lengths), "layer": layers, "head": heads, "focus": lengths[self.sentence]}
        check_choice(name, proposal["value"], counts[name])
        held = [one["number"] for one in self.sentences]
        if name == "sentence" and proposal["value"] not in held:
            raise IndexError(
                f"Sentence {proposal['value']} did not fit in this view, which holds {', '.join(map(str, held))}. "
                f"Type show_attention(..., sentence={proposal['value']})."
            )
        return proposal["value"]

    @traitlets.observe("sentence")
    def _keep_focus_inside(self, change: Any) -> None:
        if self.focus >= self._readings[0].lengths[change["new"]]:
            self.focus = choose_focus(with_mentions(self._readings, change["new"]), change["new"])

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        return {**data, "image/svg+xml": self.picture, "text/plain": repr(self)}, metadata

    def _place(self) -> str:
        head = "mean of heads" if self.head is None else f"head {self.head}"
        token = self._readings[0].tokens[self.sentence][self.focus]
        return f"Sentence {self.sentence}, layer {self.layer}, {head}, from {token!r}"

    def __repr__(self) -> str:
        return f"Attention of {' and '.join(self.names)}: {self._place()}"


def _encode(packed: dict[str, Any] | None) -> dict[str, Any] | None:
    return packed and {**packed, "view": base64.b64encode(packed["view"]).decode("ascii")}


def _explain(readings: Sequence[Reading], state: dict[str, Any]) -> str:
    both = "Grey is before ({}), ink is after ({}). ".format(*state["names"]) if len(readings) > 1 else ""
    entered = any(any(here) for reading in readings for here in reading.injected)
    injected = "Vermilion marks tokens where a vector entered. " if entered else ""
    rounded = "Weights are rounded to 1/255 here, not in view.selection. " if state["digits"] == 2 else ""
    kept, total = len(state["sentences"]), len(readings[0].tokens)
    left_out = f"{kept} of {total} sentences fit in the view; sentence= opens with another. " if kept < total else ""
    lines = "A line is as wide as its weight, and as strong as its share of the largest weight on a word. "
    return f"{both}{injected}{lines}{rounded}{left_out}{TRUST}"
