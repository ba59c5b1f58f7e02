"""The lines of the README run as they stand, on smaller budgets."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import kgwb
from kgwb.__main__ import main

OWN = {"epochs=30)": "epochs=10)"}
SHORTER = {
    "kgwb.train_embedding(vectors, graph)": "kgwb.train_embedding(vectors, graph, epochs=2)",
    'relations=["speaks", "islander of"]': 'relations=["speaks"]',
    "kgwb.MaskedAnswers(seen))": "kgwb.MaskedAnswers(seen), epochs=1)",
}


def test_the_ten_lines_answer_from_a_table_of_facts(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = _read_lines(repository, 0, most=10, shorter=OWN)
    head, last = code.rstrip().rsplit("\n", 1)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(f"{head}\nfound = {last}", "README.md", "exec"), names)
    assert names["report"].frame.loc["pointer", "accuracy"] >= 0.8
    best = names["found"].groupby("question", sort=False).head(1)
    assert best["answer"].tolist() == ["Clara Moreau", "the graph does not say"]
    assert best["facts"].iloc[0].startswith("Bruno Keller | reports to | Clara Moreau (")


def test_the_dozen_lines_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = _read_lines(repository, 1, most=13, shorter=SHORTER)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "kgwb-attention" in (tmp_path / "attention.html").read_text(encoding="utf-8")


def _read_lines(repository: Path, place: int, *, most: int, shorter: dict[str, str]) -> str:
    """One of the README's blocks of code, with smaller budgets."""
    code = re.findall(r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL)[place]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= most
    for line, other in shorter.items():
        assert line in code
        code = code.replace(line, other.format(repository=repository.as_posix()))
    return code


def test_what_the_readme_points_to_is_there(repository: Path) -> None:
    for page in ("README.md", "CONTRIBUTING.md", "notebooks/README.md"):
        text = (repository / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (repository / page).parent.joinpath(target).exists(), f"{page} points to {target}"


def test_the_citation_names_this_version(repository: Path) -> None:
    text = (repository / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", text, re.MULTILINE)[1] == kgwb.__version__  # type: ignore[index]


def test_kgwb_is_a_command() -> None:
    [command] = entry_points(group="console_scripts", name="kgwb")
    assert command.load() is main
