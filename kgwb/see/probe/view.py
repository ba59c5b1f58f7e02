"""Seeing what a probe found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from kgwb.see.probe.picture import draw_probe
from kgwb.see.probe.scene import ProbeScene, read_report
from kgwb.see.view import View


def show_probe(
    table: pd.DataFrame, *, groups: Mapping[str, Sequence[str]] | None = None, protocol: str = ""
) -> ProbeView:
    """Draw what `probe` found: a row for each door, its controls below it, a panel for each group of relations.

    Args:
        table: as `probe` gives it.
        groups: name -> labels of relations, as `compare_doors` takes them.
        protocol: what the caption should say of how it was done, "MiniLM, 100 steps, entities never seen in tuning".

    Returns:
        A still view: `view.frame` is what it shows, `view.save("doors.svg")` writes it for print.

    Raises:
        ValueError: if the table has lost what `probe` noted in it.
        UnknownNameError: for a relation that was not asked for.

    Example:
        >>> counts = [{"run": "entity", "seed": 0, "relation": "speaks", "right": 3, "asked": 4}]
        >>> table = pd.DataFrame({"accuracy": [0.75]}, index=["entity"])
        >>> table.attrs |= {"counts": counts, "chances": {"speaks": 0.25}}
        >>> show_probe(table, protocol="A toy")
        ProbeView: A toy. Accuracy on 4 questions, 1 seed. ...
    """
    return ProbeView(ProbeScene(read_report(table, groups), protocol))


@dataclass(eq=False, repr=False)
class ProbeView(View):
    """A drawn probe.

    Attributes:
        scene: what was found, and how it was done.
    """

    scene: ProbeScene

    @property
    def frame(self) -> pd.DataFrame:
        """One row per group and run: accuracy, spread, chance, gain and gain spread, seeds, questions."""
        return self.scene.frame

    @cached_property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_probe(self.scene)

    @property
    def caption(self) -> str:
        """What is seen, over how many seeds and questions, and how to read it."""
        return self.scene.caption
