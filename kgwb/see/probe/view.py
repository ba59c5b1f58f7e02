"""Seeing what a probe found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from kgwb.checks import expect_text
from kgwb.learn.probing.report import ProbeReport
from kgwb.see.probe.picture import draw_probe
from kgwb.see.probe.scene import ProbeScene, tabulate_gains
from kgwb.see.view import View


def show_probe(
    report: ProbeReport, *, groups: Mapping[str, Sequence[str]] | None = None, protocol: str = ""
) -> ProbeView:
    """Draw what `probe` found: a row for each door, its controls below it, a panel for each group of relations.

    Args:
        report: as `probe` gives it.
        groups: name -> labels of relations, as `ProbeReport.gains` takes them.
        protocol: what the caption should say of how it was done, "MiniLM, 100 steps, entities never seen in tuning".

    Returns:
        A still view: `view.frame` is what it shows, `view.save("doors.svg")` writes it for print.

    Raises:
        TypeError: for what is no report.
        UnknownNameError: for a relation that no question is about.

    Example:
        >>> counts = pd.DataFrame([{"run": "entity", "seed": 0, "relation": "speaks", "questions": 4, "correct": 3}])
        >>> relations = pd.DataFrame([{"relation": "speaks", "questions": 4, "chance": 0.25, "majority": 0.5}])
        >>> show_probe(ProbeReport(counts, relations, chance=0.25), protocol="A toy")
        ProbeView: A toy. Accuracy on 4 questions, 1 seed. ...
    """
    expect_text("protocol", protocol, usual="MiniLM, 100 steps")
    return ProbeView(ProbeScene(tabulate_gains(report, groups), protocol, report.control_facts))


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
