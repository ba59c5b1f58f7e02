"""What a probe found, group by group, and how it was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from kgwb.checks import expect_kind
from kgwb.learn.probing.gains import NO_DOORS
from kgwb.learn.probing.report import ProbeReport
from kgwb.words import count_things


def tabulate_gains(report: ProbeReport, groups: Mapping[str, Sequence[str]] | None) -> pd.DataFrame:
    """One row per group and run: accuracy, spread, chance, gain and gain spread, seeds, questions."""
    expect_kind(report, ProbeReport, "A ProbeReport", call="kgwb.see.show_probe(kgwb.probe(runs, questions))")
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
    def title(self) -> str:
        """What is seen, in words."""
        runs = dict.fromkeys(self.frame.index.get_level_values("model"))
        doors = sum(map(is_door, runs))
        controls = ", beside their controls" if any("/" in run for run in runs) else ""
        return f"Accuracy of {count_things(doors, 'door')}{controls}" if doors else "Accuracy"

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
        said += self._explain_marks()
        if self.frame["gain"].notna().any():
            said.append("Signed: its gain over the best control that has no knowledge, seed by seed")
        said += [self.control_facts.rstrip(".")] if self.control_facts else []
        return ". ".join(said) + "."

    def _explain_marks(self) -> list[str]:
        """What is filled and what is hollow, of what is drawn."""
        runs = list(self.frame.index.get_level_values("model"))
        filled = ["Filled: a door"] if any(map(is_door, runs)) else []
        hollow = "ollow and dashed: the same door without its knowledge, or hindered"
        controls = any("/" in run for run in runs)
        return ["; ".join([*filled, ("h" if filled else "H") + hollow])] if controls else filled
