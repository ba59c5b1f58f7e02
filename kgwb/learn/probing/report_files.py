"""The parts of a report as .csv or .json, and back."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
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
# Of each question of a row, in order: the id of the entity asked about, and + where the answer was right.
ANSWERS = "answers"
_ANSWERS = re.compile(r"\d+[+-](?: \d+[+-])*")
# What is the same for all rows; the kinds that JSON has. Reports that an earlier kgwb wrote lack the last three.
SAME = {"chance": float, "fingerprint": str, "kept": dict, "sets": int, "made": dict}
_EARLIER: dict[str, Any] = {"kept": {}, "sets": 1, "made": {}}
_BROKEN = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
Parts = tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]  # counts, relations, what is the same for all rows


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


def expect_place_for_report(path: Path) -> None:
    """A report can be written there, and writes over nothing but a report.

    Raises:
        ValueError: the name is not that of a .csv or a .json file.
        FileExistsError: there is a folder, or a file that is no report: a table of facts, for example.
    """
    if path.is_dir():
        raise FileExistsError(f"{path} is a folder. Type report.save({str(path / 'report.json')!r}).")
    if path.suffix not in (".csv", ".json"):
        call = f"report.save({str(path.with_suffix('.json'))!r})"
        raise ValueError(f"{path} is no name of a .csv or a .json file, the two that are written. Type {call}.")
    if path.is_file() and path.stat().st_size:
        try:
            read_report_file(path)
        except ReportFileError:
            raise FileExistsError(
                f"{path} is there, and is no report of a probe; saving would overwrite it. Type another path."
            ) from None


def spell_report(suffix: str, counts: pd.DataFrame, relations: pd.DataFrame, same: Mapping[str, Any]) -> str:
    """A report as the text of a .csv, a row for each run, seed and relation, or of a .json."""
    same = {name: dict(value) if isinstance(value, Mapping) else value for name, value in same.items()}
    if suffix == ".csv":
        table = counts.assign(accuracy=counts["correct"] / counts["questions"])
        table = table.merge(relations.drop(columns="questions").rename(columns=_IN_CSV), on="relation", how="left")
        spelt = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in same.items()}
        table = table.assign(**spelt)
        return str(table.to_csv(index=False, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n"))
    return json.dumps(list_report_parts(counts, relations, same), ensure_ascii=False)


def list_report_parts(counts: pd.DataFrame, relations: pd.DataFrame, same: Mapping[str, Any]) -> dict[str, Any]:
    """A report in the kinds that JSON has."""
    spelt = {name: dict(value) if isinstance(value, Mapping) else value for name, value in same.items()}
    return {"counts": counts.to_dict("records"), "relations": relations.to_dict("records")} | spelt


def read_report_file(path: Path) -> Parts:
    """What `spell_report` spelt.

    Raises:
        FileNotFoundError: there is no such file.
        ReportFileError: it holds something else, or is broken.
    """
    if not path.is_file():
        raise missing_file(path, "a report that report.save wrote")
    try:
        if path.suffix == ".csv":
            return _expect_whole(*_read_table(path))
        return read_report_parts(json.loads(path.read_text(encoding="utf-8")))
    except _BROKEN as error:
        raise ReportFileError(
            f"{path} holds no report of a probe, or is broken. Expected a file that report.save wrote; type its path."
        ) from error


def read_report_parts(found: Mapping[str, Any]) -> Parts:
    """What `list_report_parts` listed.

    Raises:
        ReportFileError: it is something else, or broken.
    """
    try:
        counts, relations = (pd.DataFrame(found[name]) for name in ("counts", "relations"))
        return _expect_whole(_choose_columns(counts), relations, _EARLIER | dict(found))
    except _BROKEN as error:
        raise ReportFileError(f"This is no report of a probe, or is broken: {error}.") from error


def _expect_whole(counts: pd.DataFrame, relations: pd.DataFrame, same: Mapping[str, Any]) -> Parts:
    kinds = {name: kind for name, kind in RELATION_KINDS.items() if name in relations or name != "indistinct"}
    counts, relations = counts.astype(COUNT_KINDS), relations[list(kinds)].astype(kinds)
    twice = counts.duplicated(["run", "seed", "relation"]).any()
    if twice or sorted(set(counts["relation"])) != sorted(relations["relation"]):
        raise ValueError("its counts are not of its relations")
    _expect_answers(counts)
    alike = {name: kind(same[name]) for name, kind in SAME.items()}
    kept = {str(run): (int(count), int(facts)) for run, (count, facts) in alike["kept"].items()}
    return counts, relations, alike | {"kept": kept, "made": _read_made(alike["made"])}


def _expect_answers(counts: pd.DataFrame) -> None:
    """The answers are those that were counted, where they are kept."""
    for row in counts.to_dict("records") if ANSWERS in counts else ():
        answers = row[ANSWERS]
        if answers and (
            not _ANSWERS.fullmatch(answers)
            or answers.count(" ") + 1 != row["questions"]
            or answers.count("+") != row["correct"]
        ):
            raise ValueError("its answers are not those that were counted")


def _read_made(made: Mapping[str, Any]) -> dict[str, str]:
    if not all(isinstance(part, str) and isinstance(value, str) for part, value in made.items()):
        raise ValueError("how it was made is no text")
    return dict(made)


def _choose_columns(counts: pd.DataFrame) -> pd.DataFrame:
    return counts[[*COUNT_KINDS, *([ANSWERS] if ANSWERS in counts else [])]]


def _read_table(path: Path) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, Any]]:
    table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    table = table.assign(**{name: json.dumps(value) for name, value in _EARLIER.items() if name not in table})
    relations = table.drop(columns="chance").rename(columns={column: name for name, column in _IN_CSV.items()})
    [found] = table[list(SAME)].drop_duplicates().to_dict("records")
    same = {str(name): json.loads(value) if SAME[name] is dict else value for name, value in found.items()}
    return _choose_columns(table), relations.drop_duplicates("relation", ignore_index=True), same
