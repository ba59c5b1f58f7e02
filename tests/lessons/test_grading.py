"""Who got how far: right, not yet, untouched, missing, however notebooks are called and whatever is in their cells."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from kgwb.lessons import grade, grading

TITLE = "09 Text to graph and back"
CHECKS = {
    "weigh_evidence": "text_to_graph.check_weigh_evidence(weigh_evidence)",
    "compare_facts": "text_to_graph.check_compare_facts(compare_facts)",
    "choose_threshold": "growing_graph.check_choose_threshold(choose_threshold)",
    "score_refusals": "text_to_graph.check_score_refusals(score_refusals)",
}
RIGHT = """def compare_facts(read, stated):
    both = len(read & stated)
    return both / len(read), both / len(stated)"""


def hand_in(file: Path, cells: dict[str, str], *, checks: bool = True, setup: str = "", title: str = TITLE) -> None:
    """A notebook with these cells, each with its check behind it."""
    code = [setup] if setup else []
    for name, source in cells.items():
        code += [source, CHECKS[name]] if checks else [source]
    made = [nbformat.v4.new_markdown_cell(f"# {title}"), *map(nbformat.v4.new_code_cell, code)]
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=made), file)


def read_states(folder: Path, **options: Any) -> dict[str, dict[str, str]]:
    table = grade(folder, **options)
    return {file: dict(zip(rows["exercise"], rows["state"], strict=True)) for file, rows in table.groupby("file")}


def test_solutions_are_right_and_what_was_handed_out_is_untouched(tmp_path: Path, repository: Path) -> None:
    handed_out = nbformat.read(repository / "notebooks" / "09_text_to_graph_and_back.ipynb", as_version=4)
    (tmp_path / "ben").mkdir()
    nbformat.write(handed_out, tmp_path / "ben" / "Copy of 09 (1).ipynb")
    solutions = (repository / "notebooks" / "solutions" / "09_text_to_graph_and_back.py").read_text(encoding="utf-8")
    parts = dict(zip(CHECKS, solutions.split("# %% exercise-")[1:], strict=True))
    cells = {name: "import math\n" + part.split("\n", 1)[1] for name, part in parts.items()}
    hand_in(tmp_path / "ada" / "mine.ipynb", cells)
    states = read_states(tmp_path)
    assert states["ada/mine.ipynb"] == dict.fromkeys(CHECKS, "right")
    assert states["ben/Copy of 09 (1).ipynb"] == dict.fromkeys(CHECKS, "untouched")
    table = grade(tmp_path)
    assert list(table) == ["file", "notebook", "exercise", "state", "message"] and set(table["notebook"]) == {TITLE}


def test_a_wrong_answer_says_why_and_what_is_gone_is_missing(tmp_path: Path) -> None:
    wrong = RIGHT.replace("len(read), both", "len(stated), both")
    hand_in(tmp_path / "a.ipynb", {"compare_facts": wrong})
    table = grade(tmp_path).set_index("exercise")
    assert table["state"].to_dict() == {**dict.fromkeys(CHECKS, "missing"), "compare_facts": "not yet"}
    assert "expected" in table.loc["compare_facts", "message"] and table.loc["compare_facts", "message"].startswith(
        "Not"
    )


def test_the_last_cell_counts_imports_are_there_and_those_that_fail_do_no_harm(tmp_path: Path) -> None:
    setup = "%matplotlib inline\n!ls\nimport nothing_of_this_name\nimport numpy as np\nraise SystemExit"
    hand_in(tmp_path / "a.ipynb", {"compare_facts": "def compare_facts(read, stated):\n    return 0"}, setup=setup)
    answer = RIGHT.replace("both = len(read & stated)", "both = int(np.sum([each in stated for each in read]))")
    notebook = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(answer))
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert read_states(tmp_path)["a.ipynb"]["compare_facts"] == "right"


def test_its_check_may_be_gone_its_title_changed_and_its_file_have_a_mark_of_its_bytes(tmp_path: Path) -> None:
    hand_in(tmp_path / "a.ipynb", {"compare_facts": RIGHT}, checks=False)
    hand_in(tmp_path / "b.ipynb", {"compare_facts": RIGHT}, title="Ada, ninth week")
    (tmp_path / "a.ipynb").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "a.ipynb").read_bytes())
    states = read_states(tmp_path)
    assert states["a.ipynb"] == {**dict.fromkeys(CHECKS, "missing"), "compare_facts": "right"}
    assert states["b.ipynb"] == {"compare_facts": "right"}


def test_a_cell_that_ends_or_fails_spares_the_others(tmp_path: Path) -> None:
    ways = {
        "choose_threshold": "1 / 0",
        "weigh_evidence": "raise SystemExit",
        "score_refusals": "import os; os._exit(0)",
    }
    cells = {name: f"{way}\ndef {name}(a, b): ..." for name, way in ways.items()}
    hand_in(tmp_path / "a.ipynb", {"compare_facts": RIGHT, **cells})
    assert read_states(tmp_path)["a.ipynb"] == {**dict.fromkeys(ways, "not yet"), "compare_facts": "right"}


def test_an_endless_cell_is_ended_and_leaves_no_process(tmp_path: Path) -> None:
    before = {each.pid for each in psutil.process_iter()}
    loop = "while True: ...\ndef score_refusals(a, b): ..."
    hand_in(tmp_path / "a.ipynb", {"compare_facts": RIGHT, "score_refusals": loop})
    table = grade(tmp_path, limit=15).set_index("exercise")
    assert table.loc["compare_facts", "state"] == "right"
    assert table.loc["score_refusals", ["state", "message"]].tolist() == ["not yet", "nothing within 15 seconds"]
    time.sleep(0.2)
    mine = {each.pid for each in psutil.Process().children(recursive=True)} - before
    assert not mine


def test_the_check_is_kgwbs_own(tmp_path: Path) -> None:
    """Who redefines the check in the notebook has not passed it."""
    cheat = "class text_to_graph:\n    check_compare_facts = staticmethod(lambda answer: 'Right.')"
    hand_in(tmp_path / "a.ipynb", {"compare_facts": "def compare_facts(read, stated):\n    return 1, 1"}, setup=cheat)
    assert read_states(tmp_path)["a.ipynb"]["compare_facts"] == "not yet"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"cells": [{}]}', '{"cells": "x"}', "[" * 100_000])
def test_what_is_no_notebook_has_no_exercises(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.ipynb").write_text(text, encoding="utf-8")
    assert grade(tmp_path).empty


def test_outside_a_checkout_an_untouched_exercise_is_not_yet_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setattr(grading, "find_sample_graphs", lambda: tmp_path / "sample_graphs")
    table = grade(repository / "notebooks" / "09_text_to_graph_and_back.ipynb")
    assert set(table["state"]) == {"not yet"} and len(table) == len(CHECKS)


def test_a_folder_without_notebooks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"There is no notebook in .* Type kgwb\.lessons\.grade\('folder/of"):
        grade(tmp_path)
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "a.ipynb").write_text(json.dumps({"cells": []}))
    with pytest.raises(FileNotFoundError, match=r"no notebook"):
        grade(tmp_path)
