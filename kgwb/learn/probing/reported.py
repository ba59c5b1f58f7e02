"""What `kgwb.cite` says of a report: each run's accuracy with its interval, and how all of them were made."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kgwb.citation import MACHINE, NOT_RECORDED, list_machine, nest_parts
from kgwb.learn.probing.paired_tests import draw_accuracies
from kgwb.learn.probing.report_files import ANSWERS


def describe_report(
    protocol: str, frame: pd.DataFrame, counts: pd.DataFrame, fingerprint: str, made: Mapping[str, str]
) -> dict[str, str]:
    """Part -> what is known of it.

    Args:
        protocol: of the report.
        frame: a row for each run, as `ProbeReport.frame`.
        counts: as the report has them.
        fingerprint: of the questions.
        made: how the runs were made.
    """
    figures = "; ".join(f"{run} {_spell_accuracy(row, counts[counts['run'] == run])}" for run, row in frame.iterrows())
    rest = {part: value for part, value in made.items() if part not in MACHINE}
    seeds = {} if "seeds" in rest else {"seeds": f"{sorted(set(counts['seed']))}; what they decide was {NOT_RECORDED}"}
    return {
        "run": f"a probe of {len(frame)} run{'s' * (len(frame) > 1)}: {', '.join(map(str, frame.index))}",
        "figures": f"Accuracy: {figures}",
        "protocol": protocol,
        **list_machine(made),
        "questions": f"SHA-256 {fingerprint or NOT_RECORDED}",
        **seeds,
        **(rest or {"settings of all runs": NOT_RECORDED}),
    }


def join_made(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """How the runs of two reports were made; what the second says otherwise than the first bears its name."""
    another = {part: value for part, value in other.items() if one.get(part) != value}
    if not one or not another:
        return {**one, **other}
    return {**one, **nest_parts("the runs joined to them", another)}


def _spell_accuracy(row: pd.Series, counts: pd.DataFrame) -> str:
    spread = f", spread {row['spread']:.3f}" if row["seeds"] > 1 else ""
    if ANSWERS not in counts or not counts[ANSWERS].all():
        return f"{row['accuracy']:.3f} (interval {NOT_RECORDED}{spread})"
    low, high = draw_accuracies(counts)
    return (
        f"{row['accuracy']:.3f} ({low:.3f} to {high:.3f}, 95 % bootstrap over entities asked about and seeds{spread})"
    )
