"""The widget of the attention view: what is chosen in it, checked; and how to read it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from kgwb.bert import Reading
from kgwb.bert.columns import join_columns, list_columns
from kgwb.packages import load_package
from kgwb.see.attention.injected import GROUPS
from kgwb.see.attention.picture import format_weight
from kgwb.see.attention.scene import check_choice, choose_focus, with_mentions
from kgwb.see.live import define_widget

TRUST = "Attention is where BERT looks, not why it answers."


@cache
def define_attention_widget() -> Any:
    """The widget class whose traits are what is chosen: sentence, layer, head, focus, and how it is drawn.

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
        combine = traitlets.Enum(("mean", "max", "rollout"), "mean").tag(sync=True)
        drawn = traitlets.Enum(("lines", "matrix"), "lines").tag(sync=True)
        pieces = traitlets.Enum(("words", "mentions"), "words").tag(sync=True)
        difference = traitlets.Enum(("raw", "renormalised"), "raw").tag(sync=True)
        least = traitlets.Float(0.0, min=0.0, max=1.0).tag(sync=True)

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


def explain(readings: Sequence[Reading], state: dict[str, Any]) -> str:
    """How to read the view, and how far to trust it."""
    both = "Grey is before ({}), ink is after ({}). ".format(*state["names"]) if len(readings) > 1 else ""
    entered = any(any(here) for reading in readings for here in reading.injected)
    injected = "Vermilion marks tokens where a vector entered. " if entered else ""
    rounded = "Weights are rounded to 1/255 here, not in view.selection. " if state["digits"] == 2 else ""
    kept, total = len(state["sentences"]), len(readings[0].tokens)
    left_out = f"{kept} of {total} sentences fit in the view; sentence= opens with another. " if kept < total else ""
    lines = "A line is as wide as its weight, and as strong as its share of the largest weight on a word. "
    parts = (both, injected, lines, _explain_beside(readings), _explain_links(state), _explain_importance(state))
    return f"{''.join(parts)}{rounded}{left_out}{TRUST}"


def _explain_beside(readings: Sequence[Reading]) -> str:
    """What stands below the word pieces, and how much of all rows goes there on average."""
    said: list[str] = []
    names: list[str] = []
    for reading in readings:
        shares: dict[str, list[float]] = {}
        for sentence in range(len(reading.tokens)):
            columns, length = list_columns(reading, sentence), reading.lengths[sentence]
            if not columns:
                continue
            mass = join_columns(reading, sentence)[..., length:].mean((0, 1, 2))
            for group in dict.fromkeys(GROUPS[column.kind] for column in columns):
                here = [GROUPS[column.kind] == group for column in columns]
                shares.setdefault(group, []).append(float(mass[here].sum()))
        said += [
            f"{format_weight(sum(each) / len(reading.tokens))} of {reading.name} goes to {group}"
            for group, each in shares.items()
        ]
        names += shares
    stand = f"Below the rule stand {' and '.join(dict.fromkeys(names))}: with them each row sums to one"
    return f"{stand}; on average {', '.join(said)}. " if said else ""


def _explain_links(state: dict[str, Any]) -> str:
    if not state["links"]:
        return ""
    pairs = state["links"][-1]["pairs"]
    return (
        "Blue arcs are facts of the graph between mentions; attention along them is compared with mentions as far apart "
        f"({pairs} linked pairs; p by permutation). "
    )


def _explain_importance(state: dict[str, Any]) -> str:
    if not any(sentence["importance"] for sentence in state["sentences"]):
        return ""
    return "Gradient × input says how the answer's logit depends on each word piece, to first order. "
