"""Who got how far: the exercises of learners' notebooks, checked again, each notebook in a process of its own.

python -m kgwb.lessons.grading NOTEBOOK FOUND checks one of them, and writes what it found, exercise by exercise, to a file.
"""

from __future__ import annotations

import ast
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.checks import expect_number, expect_path
from kgwb.environment import find_sample_graphs
from kgwb.words import shorten

_COLUMNS = ["file", "notebook", "exercise", "state", "message"]
# A check as notebooks write it: text_to_graph.check_compare_facts(compare_facts), or (OneWay()) for a class.
_CHECK = re.compile(r"^\s*(\w+)\.(check_\w+)\((\w+)(\(\))?\)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """One exercise of a notebook.

    Attributes:
        name: the function or class that the learner writes.
        module: of `kgwb.lessons`, which holds the check.
        check: its name.
        made: whether the check is given what the name makes, not the name.
        source: the last cell that defines it; None where none does.
    """

    name: str
    module: str
    check: str
    made: bool
    source: str | None


def grade(folder: str | Path, *, limit: int | float = 60) -> pd.DataFrame:
    """A table of who got how far: every exercise in every notebook below a folder, checked again.

    Notebooks may be renamed, copied and run in part. What counts is the cell that defines an exercise's function last, and
    the check that kgwb brings, not the one that stands in the notebook. Learners' code runs here, with your rights, though in a
    process that is ended after `limit` seconds: grade only what you would run.

    Args:
        folder: with notebooks, at any depth, for example one folder for each learner; or one notebook.
        limit: seconds for each notebook.

    Returns:
        A row for each exercise: `file`, below the folder; `notebook`, its title; `exercise`, the function's name; `state`:
        "right", "not yet", "untouched" (the cell is as it was handed out; known in a checkout only), or "missing" (no cell
        defines it); and `message`, what the check said.

    Raises:
        FileNotFoundError: there is no such folder, or no notebook in it.

    Example:
        >>> table = grade("notebooks/00_the_whole_journey.ipynb")
        >>> table["state"].value_counts().to_dict()
        {'untouched': 3}
    """
    root = expect_path(folder, call="kgwb.lessons.grade('handed_in')")
    expect_number("limit", limit, usual=60, above=0)
    files = [root] if root.is_file() else sorted(root.rglob("*.ipynb"))
    files = [each for each in files if ".ipynb_checkpoints" not in each.parts]
    if not files:
        raise FileNotFoundError(
            f"There is no notebook in {str(root)!r}. Type kgwb.lessons.grade('folder/of/notebooks')."
        )
    stubs = _read_handed_out()
    handed_out = {each.source for exercises in stubs.values() for each in exercises.values()}
    rows = []
    for file in files:
        title, here = _read_exercises(file, stubs)
        untouched = {name for name, each in here.items() if each.source is not None and each.source in handed_out}
        said = _check_apart(file, here, float(limit)) if here.keys() - untouched else {}
        for name in here:
            state, message = said.get(name, ("missing", "no cell defines it"))
            if name in untouched:
                state, message = "untouched", ""
            place = file.name if file == root else file.relative_to(root).as_posix()
            rows.append((place, title, name, state, message))
    return pd.DataFrame(rows, columns=_COLUMNS)


def _read_handed_out() -> dict[str, dict[str, Exercise]]:
    """The exercises as they are handed out, by the title of their notebook; nothing where there is no checkout."""
    samples = find_sample_graphs()
    files = sorted((samples.parent / "notebooks").glob("*.ipynb")) if samples is not None else []
    return dict(_read_exercises(file, {}) for file in files)


def _read_exercises(file: Path, stubs: Mapping[str, Mapping[str, Exercise]]) -> tuple[str, dict[str, Exercise]]:
    """A notebook's title, and its exercises in order: those handed out under that title, and those whose checks it holds."""
    cells = _read_cells(file)
    text = "\n".join(source for kind, source in cells if kind == "markdown")
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    defined = {name: source for kind, source in cells if kind == "code" for name in _list_defined(source)}
    title = found[1].strip() if found else file.stem
    exercises = {name: replace(each, source=defined.get(name)) for name, each in stubs.get(title, {}).items()}
    for kind, source in cells:
        for module, check, name, made in _CHECK.findall(source) if kind == "code" else ():
            exercises[name] = Exercise(name, module, check, bool(made), defined.get(name))
    return title, exercises


def _read_cells(file: Path) -> list[tuple[str, str]]:
    try:
        cells = json.loads(file.read_text(encoding="utf-8-sig"))["cells"]
        return [(str(cell["cell_type"]), "".join(cell["source"])) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _parse(source: str) -> ast.Module:
    """The cell as a tree; empty where it cannot be read. Lines of IPython's own are left out."""
    kept = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    try:
        return ast.parse(kept)
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _list_defined(source: str) -> list[str]:
    """The functions and classes that a cell defines."""
    return [each.name for each in _parse(source).body if isinstance(each, ast.FunctionDef | ast.ClassDef)]


def _check_apart(file: Path, exercises: Mapping[str, Exercise], limit: float) -> dict[str, tuple[str, str]]:
    """What the checks of one notebook say, by exercise, from a process that is ended when its time is over."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.jsonl"
        found.touch()
        child = subprocess.Popen(
            [sys.executable, "-m", "kgwb.lessons.grading", str(file.resolve()), str(found)],
            cwd=folder,
            env={**os.environ, "KGWB_STRICT": "0", "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            child.wait(limit)
            why = "the notebook's process ended before it was checked"
        except subprocess.TimeoutExpired:
            why = f"nothing within {limit:g} seconds"
        finally:
            _end(child)
        lines = [json.loads(line) for line in found.read_text(encoding="utf-8").splitlines() if line.endswith("]")]
    said = {str(name): (str(state), str(message)) for name, state, message in lines}
    open_ones = {name: ("not yet", why) for name, each in exercises.items() if each.source is not None}
    return {**open_ones, **said}


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it has started."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
    child.kill()
    child.wait()


def examine_notebook(file: Path, found: Path) -> None:
    """Check a notebook's exercises, and write a line of JSON about each as soon as it is known.

    Args:
        file: the notebook.
        found: a file that lines are added to: [name, state, message].
    """
    names: dict[str, Any] = {}
    for statement in _list_imports(file):
        try:
            exec(compile(statement, "<imports>", "exec"), names)
        except Exception:  # what a learner imports may not be here, and only matters where it is used
            continue
    _, exercises = _read_exercises(file, _read_handed_out())
    for exercise in exercises.values():
        if exercise.source is None:
            continue
        state, message = _check_one(exercise, dict(names))
        with found.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps([exercise.name, state, message]) + "\n")


def _list_imports(file: Path) -> Iterator[ast.Module]:
    for kind, source in _read_cells(file):
        for each in _parse(source).body if kind == "code" else ():
            if isinstance(each, ast.Import | ast.ImportFrom):
                yield ast.Module([each], [])


def _check_one(exercise: Exercise, names: dict[str, Any]) -> tuple[str, str]:
    try:
        exec(compile(_parse(exercise.source or ""), f"<{exercise.name}>", "exec"), names)
        answer = names[exercise.name]
        check = getattr(import_module(f"kgwb.lessons.{exercise.module}"), exercise.check)
        verdict = check(answer() if exercise.made else answer)
    except BaseException as error:  # exit() in a cell too: the others are still checked
        return "not yet", shorten(f"{type(error).__name__}: {error}", 200)
    return ("right", "") if verdict.passed else ("not yet", verdict.message)


if __name__ == "__main__":
    examine_notebook(Path(sys.argv[1]), Path(sys.argv[2]))
