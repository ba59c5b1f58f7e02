"""The parts of a report as .csv or .json, and back."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.errors import missing_file
from kgwb.words import is_whole, quote

COUNT_KINDS = {"run": str, "seed": "int64", "relation": str, "questions": "int64", "correct": "int64"}
RELATION_KINDS = {
    "relation": str,
    "questions": "int64",
    "chance": "float64",
    "majority": "float64",
    "indistinct": "int64",
}
# In a .csv, where a name may stand only once.
_IN_CSV = {"chance": "chance of relation", "majority": "majority of relation"}
Kept = Mapping[str, tuple[int, int]]
Parts = tuple[pd.DataFrame, pd.DataFrame, float, str, Kept]  # counts, relations, chance, fingerprint, kept


class ReportFileError(ValueError):
    """A file holds no report of a probe, or is broken."""


def expect_writable(name: object) -> None:
    """The name of a run or relation can be written to a file.

    Raises:
        ValueError: it holds half of a surrogate pair.
    """
    if not isinstance(name, str) or not is_whole(name):
        raise ValueError(
            f"The name {quote(str(name))} holds half a character (a lone surrogate). Type a name that a file can hold."
        )


def spell_report(
    suffix: str, counts: pd.DataFrame, relations: pd.DataFrame, chance: float, fingerprint: str, kept: Kept
) -> str:
    """A report as the text of a .csv, a row for each run, seed and relation, or of a .json."""
    if suffix == ".csv":
        table = counts.assign(accuracy=counts["correct"] / counts["questions"])
        table = table.merge(relations.drop(columns="questions").rename(columns=_IN_CSV), on="relation", how="left")
        table = table.assign(chance=chance, fingerprint=fingerprint, kept=json.dumps(dict(kept)))
        return str(table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"))
    parts = {"counts": counts.to_dict("records"), "relations": relations.to_dict("records")}
    return json.dumps(parts | {"chance": chance, "fingerprint": fingerprint, "kept": dict(kept)}, ensure_ascii=False)


def read_report_file(path: Path) -> Parts:
    """What `spell_report` spelt.

    Raises:
        FileNotFoundError: there is no such file.
        ReportFileError: it holds something else, or is broken.
    """
    if not path.is_file():
        raise missing_file(path, "a report that report.save wrote")
    try:
        read = _read_table if path.suffix == ".csv" else _read_json
        counts, relations, chance, fingerprint, kept = read(path)
        kinds = {name: kind for name, kind in RELATION_KINDS.items() if name in relations or name != "indistinct"}
        counts, relations = counts.astype(COUNT_KINDS), relations[list(kinds)].astype(kinds)
        twice = counts.duplicated(["run", "seed", "relation"]).any()
        if twice or sorted(set(counts["relation"])) != sorted(relations["relation"]):
            raise ValueError("its counts are not of its relations")
        return counts, relations, float(chance), str(fingerprint), _read_kept(kept)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ReportFileError(
            f"{path} holds no report of a probe, or is broken. Type report.save({path.name!r})."
        ) from error


def _read_kept(kept: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, int]]:
    return {str(run): (int(count), int(facts)) for run, (count, facts) in kept.items()}


def _read_table(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, Any, Any, Any]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    counts = table[list(COUNT_KINDS)]
    relations = table.drop(columns="chance").rename(columns={column: name for name, column in _IN_CSV.items()})
    table = table if "kept" in table else table.assign(kept="{}")  # as written before there was one
    [(chance, fingerprint, kept)] = table[["chance", "fingerprint", "kept"]].drop_duplicates().to_numpy().tolist()
    return counts, relations.drop_duplicates("relation", ignore_index=True), chance, fingerprint, json.loads(kept)


def _read_json(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, Any, Any, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    counts = pd.DataFrame(found["counts"])[list(COUNT_KINDS)]
    return counts, pd.DataFrame(found["relations"]), found["chance"], found["fingerprint"], found.get("kept", {})
