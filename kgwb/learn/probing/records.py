"""What a report keeps of how its runs were made, and what `kgwb.cite` says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from kgwb.bert import Bert
from kgwb.citation import NOT_RECORDED, Citable, nest_parts, note_machine, spell_settings
from kgwb.embed.precision import Precision
from kgwb.fingerprints import show_value
from kgwb.learn.probing.rows import ProbeRow
from kgwb.learn.probing.runs import ProbeRun
from kgwb.words import count_things

# Of each row by itself, or of the report.
_OWN = ("run", "seed", "questions")
_SPREAD = {
    (False, 1): "of tuning; what it starts from, vectors and questions, is the same for all",
    (True, 1): "of tuning and of the runs; the questions are the same for all",
    (True, 2): "of tuning, of the runs and of the questions",
}


def note_probe(
    rows: Sequence[ProbeRow], precision: Precision, *, taken: int, processes: int, varied: bool, sets: int
) -> dict[str, str]:
    """Part -> how the runs were made.

    Args:
        rows: all of them.
        precision: of the answers.
        taken: how many were taken from a folder.
        processes: how many shared the others.
        varied: whether the runs are a function of the seed.
        sets: how many sets of questions there are.
    """
    devices = [_find_device(row.source) for row in rows]
    made = note_machine(devices[0]) | ({} if all(devices) else {"device": NOT_RECORDED})
    made["processes"] = "1" if processes == 1 else f"{processes}, which shared the threads"
    if taken:
        given = count_things(taken, "row")
        made["kept answers"] = f"{given} of {len(rows):,} came from a folder; with which versions was {NOT_RECORDED}"
    seeds = ", ".join(map(str, dict.fromkeys(row.seed for row in rows)))
    if all(isinstance(row.source, Bert) for row in rows):
        made["seeds"] = "none was drawn here: the models came as they are"
    else:
        made["seeds"] = f"{seeds}: {_SPREAD[varied, min(sets, 2)]}"
    described: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        described.setdefault(row.name, []).append(row.describe(precision))
    runs = {name: _join_seeds(parts) for name, parts in described.items()}
    first, *others = runs.values()
    same = {part: value for part, value in first.items() if all(other.get(part, ...) == value for other in others)}
    made["settings of all runs"] = spell_settings(same)
    for name, parts in runs.items():
        own = {part: value for part, value in parts.items() if part not in same}
        made[f"run {name!r}"] = spell_settings(own) if own else "as all runs"
    return made | _note_models(rows) | _note_vectors(rows)


def _join_seeds(described: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings of a run; of what differs between its seeds, the values of all."""
    joined: dict[str, Any] = {}
    for part in (part for part in described[0] if part not in _OWN):
        values = [show_value(each.get(part)) for each in described]
        joined[part] = values[0] if all(value == values[0] for value in values) else values
    return joined


def _find_device(source: object) -> torch.device | None:
    """Where a run's models are; of a function of one's own that is not known."""
    bert = source.recipe.bert if isinstance(source, ProbeRun) else source
    return bert.device if isinstance(bert, Bert) else None


def _note_models(rows: Sequence[ProbeRow]) -> dict[str, str]:
    """How the models were tuned that came as they are, once for each."""
    parts: dict[str, str] = {}
    for place, row in enumerate(rows):
        if isinstance(row.source, Bert) and all(row.source is not before.source for before in rows[:place]):
            parts |= nest_parts(f"model {row.name!r}", row.source.describe_run())
    return parts


def _note_vectors(rows: Sequence[ProbeRow]) -> dict[str, str]:
    """How the vectors came about that the doors inject, where they say so, once for each."""
    first: dict[int, tuple[ProbeRow, object]] = {}
    for row in rows:
        if isinstance(row.source, ProbeRun) and row.source.vectors is not None:
            first.setdefault(id(row.source.vectors), (row, row.source.vectors))
    parts: dict[str, str] = {}
    for row, vectors in first.values():
        whose = "vectors" if len(first) == 1 else f"vectors of {row.name!r}, seed {row.seed}"
        if isinstance(vectors, Citable):
            parts |= nest_parts(whose, vectors.describe_run())
        else:
            parts[whose] = f"a {type(vectors).__name__}; how it was made was {NOT_RECORDED}"
    return parts
