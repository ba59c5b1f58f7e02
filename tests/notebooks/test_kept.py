"""The kept answers that come with a notebook belong to its present parameters: with them nothing is tuned for its tables."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import kgwb
from kgwb import lessons
from kgwb.learn.probing import runs as planned_runs
from kgwb.lessons import kept_answers

FOLDER = Path(__file__).parents[2] / "notebooks"
NAMES = sorted({path.parent.name for path in FOLDER.glob("kept/*/*.json")})


def _list_cells(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


_OWN = (
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
    ast.FunctionDef,
    ast.Lambda,
)  # with names of their own


def _list_stored(tree: ast.AST) -> Iterator[str]:
    """The names that a cell makes, or whose elements it changes."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and isinstance(node.value, ast.Name):
            yield node.value.id
        if isinstance(node, ast.alias):
            yield node.asname or node.name
        if not isinstance(node, _OWN):
            yield from _list_stored(node)


def find_needed(cells: list[str]) -> Iterator[str]:
    """The cells that ask for kept answers, and those that make what they need, in order."""
    needed: set[str] = set()
    kept: list[str] = []
    for source in reversed(cells):
        tree = ast.parse(source)
        if "probe_kept(" in source or needed & set(_list_stored(tree)):
            kept.append(source)
            needed |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    yield from reversed(kept)


def _go_through(runs: Any) -> None:
    """Training without its picture."""
    for run in runs.values() if isinstance(runs, dict) else [runs]:
        for _ in run:
            pass


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_tuned_for_the_tables_of_an_unchanged_notebook(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []

    def take(runs: Any, questions: Any, path: str, *, seeds: int = 3, recompute: bool = False) -> Any:
        planned = kept_answers._list_planned(runs)
        found = kept_answers.find_kept(planned, questions, FOLDER / path, seeds=seeds)
        assert found is not None, f"{path} holds other answers than {name} asks for: type make notebooks"
        assert not recompute and set(found.report.runs) == set(planned) and len(planned) >= 1
        if not asked:  # the other files are of the same notebook, and asking takes seconds
            found.report.join(kgwb.probe({"asked now": next(iter(planned.values())).recipe.bert}, questions, seeds=1))
        asked.append(FOLDER / path)
        return found

    monkeypatch.delenv("KGWB_QUICK", raising=False)
    monkeypatch.delenv("KGWB_KEEP", raising=False)
    monkeypatch.setattr(lessons, "probe_kept", take)
    monkeypatch.setattr(planned_runs, "tune", lambda *_given, **_options: iter(()))
    monkeypatch.setattr(kgwb, "tune", lambda *_given, **_options: iter(()))
    monkeypatch.setattr(kgwb, "show_training", _go_through)
    space: dict[str, Any] = {}
    for source in find_needed(_list_cells(FOLDER / f"{name}.ipynb")):
        exec(compile(source, name, "exec"), space)
    assert sorted(asked) == sorted(FOLDER.glob(f"kept/{name}/*.json"))


def test_kept_answers_are_small_and_their_notebooks_say_so() -> None:
    asking = [path.stem for path in sorted(FOLDER.glob("*.ipynb")) if "probe_kept(" in path.read_text(encoding="utf-8")]
    assert asking == NAMES
    for name in NAMES:
        assert sum(path.stat().st_size for path in (FOLDER / "kept" / name).iterdir()) < 200_000
        text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
        assert "kept answers" in text and "recompute = False" in text
