"""The answers of one run and seed as a file: kept as soon as they are given, taken up only by the same plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from kgwb.files import write_whole

KEPT = ["kept", "facts"]  # how many of the graph's facts a control still states; −1 for what is no control
_ANSWER_COLUMNS = ["question", "relation", "answer", "given", "probability", "correct", "distinct", "indistinct"]
_ANSWER_KINDS = {"probability": "float32", "correct": bool, "distinct": "int64", "indistinct": bool}
_ANSWER_KINDS |= dict.fromkeys(KEPT, "int64")


class AnswerFileError(ValueError):
    """A file of answers is broken, or of another probe."""


def keep_answers(folder: Path, origin: Mapping[str, Any], answers: pd.DataFrame) -> None:
    """Keep the answers of one run and seed: a line with their origin, then one line per question."""
    lines = [json.dumps(line, ensure_ascii=False) for line in (dict(origin), *answers.to_dict("records"))]
    with write_whole(_name_file(folder, origin)) as path:
        path.write_text("\n".join([*lines, sign_lines(lines)]) + "\n", encoding="utf-8", newline="\n")


def sign_lines(lines: Sequence[str]) -> str:
    """The last line, which says whether those before it are whole."""
    return json.dumps({"lines": len(lines), "sha256": hashlib.sha256("\n".join(lines).encode()).hexdigest()})


def read_answers(folder: Path, origin: Mapping[str, Any], count: int) -> pd.DataFrame | None:
    """The answers that were kept for this origin, one for each of so many questions; None where there are none yet.

    Raises:
        AnswerFileError: if another model gave them, or to other questions, or the file is broken.
    """
    path = _name_file(folder, origin)
    if not path.exists():
        return None
    try:
        *lines, signature = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
        if signature != sign_lines(lines):
            raise ValueError("its lines are not those that were written")
        found, *rows = map(json.loads, lines)
        found = dict(found)
        # As JSON has them: tuples are lists there.
        given = json.loads(json.dumps(origin))
        other = [
            name for name in (*given, *found) if name not in given or name not in found or found[name] != given[name]
        ]
        answers = pd.DataFrame(rows)[[*_ANSWER_COLUMNS, *KEPT]].astype(_ANSWER_KINDS)
        texts = all(isinstance(row[name], str) for row in rows for name in _ANSWER_COLUMNS[:4])
        if not texts or (not other and len(answers) != count):
            raise ValueError("it does not answer each question")
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise AnswerFileError(f"{path} holds no answers, or is broken. Remove it to have them given anew.") from error
    if other:
        raise AnswerFileError(
            f"{folder} holds another probe: {origin['run']!r}, seed {origin['seed']}, differs in its {other[0]} "
            f"({found.get(other[0])!r:.40} there, {given.get(other[0])!r:.40} here). "
            'Type another folder, probe(..., folder="probe-2"), or remove this one to start anew.'
        )
    return answers


def _name_file(folder: Path, origin: Mapping[str, Any]) -> Path:
    return folder / f"{quote(str(origin['run']), safe=' +')}, seed {origin['seed']}.jsonl"
