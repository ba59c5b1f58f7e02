"""The dozen lines of the README run as they stand, on smaller budgets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHORTER = {
    '"sample_graphs': '"{repository}/sample_graphs',
    "kgwb.train_embedding(vectors, graph)": "kgwb.train_embedding(vectors, graph, epochs=2)",
    'relations=["speaks", "islander of"]': 'relations=["speaks"]',
    "kgwb.MaskedAnswers(seen))": "kgwb.MaskedAnswers(seen), epochs=1)",
}


def test_the_dozen_lines_run(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = re.findall(r"```python\n(.*?)```", (repository / "README.md").read_text(encoding="utf-8"), re.DOTALL)[0]
    assert sum(bool(line.strip()) for line in code.splitlines()) <= 13
    for line, shorter in SHORTER.items():
        assert line in code
        code = code.replace(line, shorter.format(repository=repository.as_posix()))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    assert "kgwb-attention" in (tmp_path / "attention.html").read_text(encoding="utf-8")


def test_what_the_readme_points_to_is_there(repository: Path) -> None:
    for page in ("README.md", "CONTRIBUTING.md", "notebooks/README.md"):
        text = (repository / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
            assert (repository / page).parent.joinpath(target).exists(), f"{page} points to {target}"
