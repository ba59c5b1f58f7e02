"""What is seen of the heads of one BERT or two: figures over many sentences, two of them as axes, and which head is chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.bert.head_figures import METRICS
from kgwb.bert.heads import HeadHabits, summarise_sentences
from kgwb.see.palette import TYPE_COLOURS
from kgwb.words import count_things, mend_text

LABELS = {
    "previous": "to the previous word piece",
    "next": "to the next word piece",
    "itself": "to itself",
    "[CLS]": "to [CLS]",
    "[SEP]": "to [SEP]",
    "mentions": "to mentions, from outside them",
    "injected": "to facts in memory and vectors beside",
    "entropy": "entropy, in bits",
    "distance": "mean distance, in word pieces",
    "follows": "along the graph's edges, beyond mentions as far apart",
}
TOP = 5  # sentences listed of a head
_JOINED = "_after"
_RAMP = (4, 0, 2, 5, 3)  # of the types' colours, whose contrast holds on both papers


@dataclass(frozen=True, eq=False)
class HeadsScene:
    """Every head as a dot.

    Attributes:
        habits: of one BERT, or of two: before and after.
        x, y: the axes, names of metrics.
        layer, head: what is chosen, from 0; None where nothing is.
    """

    habits: tuple[HeadHabits, ...]
    x: str
    y: str
    layer: int | None
    head: int | None

    @property
    def metrics(self) -> list[str]:
        """Those of which there is anything to see."""
        return list_metrics(self.habits)

    @property
    def title(self) -> str:
        """What is seen, in words."""
        count = count_things(len(self.habits[0].sentences), "sentence")
        ending = ", before and after" if len(self.habits) > 1 else ""
        return f"What the heads of {self.habits[0].name} do over {count}{ending}"

    @property
    def caption(self) -> str:
        """How to read it, and how far to trust it."""
        count, layers, heads, _ = self.habits[0].values.shape
        axes = f"across {LABELS[self.x]}, up {LABELS[self.y]}"
        dots = f"{layers * heads} heads as dots, {axes}; each figure is a mean over {count_things(count, 'sentence')}. "
        joined = f"A grey ring is before ({self.habits[0].name}), a dot after ({self.habits[-1].name}). "
        return f"{dots}{joined if len(self.habits) > 1 else ''}{self.note}"

    @property
    def note(self) -> str:
        """What the caption says whatever the axes are."""
        return f"{self._tell_links()}What a head does says little about why."

    def _tell_links(self) -> str:
        links = self.habits[-1].links
        if links is None:
            return ""
        if not links.pairs and not links.left_out:
            return "No sentence names two entities: nothing to compare edges with. "
        if not links.pairs:
            return (
                f"All {links.left_out:,} pairs of mentions are linked, or stand at distances of their own: nothing to compare "
                "edges with. Give sentences that name entities which no fact links. "
            )
        return (
            f"Edges: {links.pairs:,} linked pairs of mentions beside others as far apart; for the twin the links are permuted "
            f"{links.permutations:,} times. "
        )

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per layer and head with every metric, its spread over sentences, and the twin; `_after` of the second."""
        first = self.habits[0].frame
        if len(self.habits) < 2:
            return first
        return first.merge(self.habits[1].frame, on=["layer", "head"], suffixes=("", _JOINED))


def list_metrics(habits: tuple[HeadHabits, ...]) -> list[str]:
    """The metrics: mentions only where any are named, what was injected only where anything was."""
    found = [
        name
        for i, name in enumerate(METRICS)
        if name not in ("mentions", "injected") or any(np.nansum(each.values[..., i]) > 0 for each in habits)
    ]
    linked = any(each.links is not None and each.links.pairs for each in habits)
    return [*found, "follows"] if linked else found


def read_metric(
    habits: HeadHabits, name: str
) -> tuple[Float[np.ndarray, "layer head"], Float[np.ndarray, "layer head"]]:
    """A metric of every head, and its spread: over sentences, or over permutations where it follows the graph."""
    if name != "follows":
        return summarise_sentences(habits.values[..., METRICS.index(name)])
    links = habits.links
    if links is None:
        nothing = np.full(habits.values.shape[1:3], np.nan)
        return nothing, nothing
    return (links.linked - links.matched)[:, :-1], links.twin_spread[:, :-1]


def rank_sentences(habits: HeadHabits, name: str) -> np.ndarray:
    """The sentences in which each head's figure is largest, [layer, head, top]; for edges, where it looks strongest."""
    values = habits.strength if name == "follows" else habits.values[..., METRICS.index(name)]
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=0, kind="stable")[:TOP]
    return np.moveaxis(order, 0, -1)


def spell_sentence(habits: HeadHabits, number: int) -> list[str]:
    """Its word pieces."""
    return [mend_text(token) for token in habits.tokens[number]]


def colour_layers(count: int) -> list[str]:
    """A colour for each layer, in equal steps along the palette: olive, green, blue, violet, plum."""
    stops = [[int(TYPE_COLOURS[at][i : i + 2], 16) for i in (1, 3, 5)] for at in _RAMP]
    shares = np.linspace(0, len(stops) - 1, count) if count > 1 else np.zeros(1)
    mixed = np.stack([np.interp(shares, range(len(stops)), part) for part in zip(*stops, strict=True)], 1)
    return ["#" + "".join(f"{part:02x}" for part in colour) for colour in np.rint(mixed).astype(int)]
