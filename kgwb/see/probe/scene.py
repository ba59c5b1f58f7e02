"""What a probe found, group by group, and how it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from kgwb.checks import expect_kind
from kgwb.learn.report import NO_DOORS, ProbeReport
from kgwb.words import count_things


def tabulate_gains(report: ProbeReport, groups: Mapping[str, Sequence[str]] | None) -> pd.DataFrame:
    """One row per group and run: accuracy, spread, chance, gain and gain spread, seeds, questions."""
    expect_kind(report, ProbeReport, "A ProbeReport", call="kgwb.show_probe(kgwb.probe(runs, questions))")
    return report.gains(groups)


def is_door(run: str) -> bool:
    """Whether a run is a door with its knowledge: neither a control nor BERT without one."""
    return "/" not in run and run not in NO_DOORS


@dataclass(frozen=True, eq=False)
class ProbeScene:
    """Accuracies and gains.

    Attributes:
        frame: one row per group and run, as `tabulate_gains` gives it.
        protocol: how it was done.
        control_facts: how many facts the controls still state, in a sentence.
    """

    frame: pd.DataFrame
    protocol: str = ""
    control_facts: str = ""

    @property
    def caption(self) -> str:
        """What is seen, over how many seeds and questions, and how to read it."""
        first = self.frame.groupby("group", sort=False)["questions"].first()
        asked = [
            count_things(int(n), "question") + (f" {group}" if len(first) > 1 else "") for group, n in first.items()
        ]
        seeds = count_things(int(self.frame["seeds"].max()), "seed")
        said = [self.protocol.rstrip(".")] if self.protocol else []
        said.append(f"Accuracy on {', '.join(asked)}, {seeds}")
        said += ["Whiskers: one standard deviation over seeds"] if self.frame["spread"].notna().any() else []
        said.append("Filled: a door; hollow and dashed: the same door without its knowledge, or hindered")
        if self.frame["gain"].notna().any():
            said.append("Signed: its gain over the best control that has no knowledge, seed by seed")
        said += [self.control_facts.rstrip(".")] if self.control_facts else []
        return ". ".join(said) + "."
