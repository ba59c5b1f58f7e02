"""Answers on disk, a file for each run and seed, so that a long probe goes on where it was stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from kgwb.files import write_whole

Origin = Mapping[str, str | int]


class AnswerFileError(ValueError):
    """A file of answers is broken, or of another probe."""


def write_answers(folder: Path, origin: Origin, answers: pd.DataFrame) -> None:
    """Keep the answers of one run and seed: a line that says whose they are, then one line per question.

    Args:
        folder: is made where it is missing.
        origin: `run`, `seed`, and fingerprints of all that decides the answers.
        answers: as `answer_questions` gives them.
    """
    lines = [dict(origin), *answers.to_dict("records")]
    with write_whole(_find(folder, origin)) as path:
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        path.write_text(text, encoding="utf-8", newline="\n")


def read_answers(folder: Path, origin: Origin) -> pd.DataFrame | None:
    """The answers that were kept for this origin; None where there are none yet.

    Raises:
        AnswerFileError: if the run and seed were answered by another model or about other questions, or the file is
            broken.
    """
    path = _find(folder, origin)
    if not path.is_file():
        return None
    try:
        found, *lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
        other = [name for name in origin if found[name] != origin[name]]
        answers = pd.DataFrame(lines)[["question", "relation", "answer", "given", "probability", "correct"]]
    except (ValueError, KeyError, TypeError) as error:
        raise AnswerFileError(f"{path} holds no answers, or is broken. Remove it to have them given anew.") from error
    if other:
        raise AnswerFileError(
            f"{folder} holds another probe: {origin['run']!r}, seed {origin['seed']}, differs in its {other[0]}. "
            'Type another folder, probe(..., folder="probe-2"), or remove this one to start anew.'
        )
    return answers.astype({"probability": "float32", "correct": bool})


def _find(folder: Path, origin: Origin) -> Path:
    return folder / f"{quote(str(origin['run']), safe=' +')}, seed {origin['seed']}.jsonl"
