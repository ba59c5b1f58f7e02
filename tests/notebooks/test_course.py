"""The course is taught alike in every notebook: exercises, questions, answers, and where next."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from plain_words import find_quaint
from suggestions import list_calls, take_where_next, write_cells

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

HEADING = re.compile(r"### Exercise \d: \S.* \([1-9]\d? minutes, (easy|medium|hard)\)")
ANSWER = re.compile(r"\n\n<details><summary>An answer</summary>\n\n\S.*?\n\n</details>", re.DOTALL)


def _read(path: Path) -> list[Any]:
    return list(nbformat.read(path, as_version=4).cells)


def _texts(cells: list[Any]) -> list[str]:
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


@every_notebook
def test_the_setup_says_that_all_is_ready(path: Path) -> None:
    setup = next(cell for cell in _read(path) if cell.cell_type == "code")
    assert re.match(r"kgwb\.doctor\(brief=True\)(  #|$)", setup.source.splitlines()[-1])
    assert [output.data["text/plain"][:11] for output in setup.outputs] == ["ready: kgwb"]


@every_notebook
def test_an_exercise_says_how_long_and_how_hard_it_is(path: Path) -> None:
    cells = _read(path)
    headings = [line for text in _texts(cells) for line in text.splitlines() if re.match(r"#+ *Exercise", line)]
    wrong = [line for line in headings if not HEADING.fullmatch(line)]
    assert not wrong, "### Exercise 1: a rank by hand (6 minutes, medium)"
    exercises = [tag for cell in cells for tag in cell.metadata.get("tags", []) if tag.startswith("exercise-")]
    assert [f"exercise-{line.split()[2][:-1]}" for line in headings] == exercises


@every_notebook
def test_an_answer_is_used_on_the_notebooks_own_data(path: Path) -> None:
    """Within three cells of its check the learner's function does something."""
    cells = _read(path)
    for place, cell in enumerate(cells):
        if any(tag.startswith("exercise-") for tag in cell.metadata.get("tags", [])):
            check = next(n for n in range(place, len(cells)) if re.search(r"\bcheck_\w+\(", cells[n].source))
            assert set(_define(cell)) & _use(cells[check]), cells[check].source
            after = [each for each in cells[check + 1 : check + 4] if each.cell_type == "code"]
            used = [each for each in after if set(_define(cell)) & _use(each) and "check_" not in each.source]
            assert used, f"{_define(cell)} is checked and then not used: kgwb.lessons.use_answer(...)"


def _define(cell: Any) -> list[str]:
    return [node.name for node in ast.parse(cell.source).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def _use(cell: Any) -> set[str]:
    names = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Name)]
    return {node.id for node in names if isinstance(node.ctx, ast.Load)}


@every_notebook
def test_a_question_has_its_answer_folded_below(path: Path) -> None:
    for text in _texts(_read(path)):
        for asked in text.split("**Question.**")[1:]:
            assert ANSWER.search(asked), f"no answer to: {asked[:200]}"
    assert any("**Question.**" in text for text in _texts(_read(path)))


@every_notebook
def test_what_is_folded_opens_and_ends(path: Path) -> None:
    """Without a blank line a page shows the Markdown in it as it was typed, or swallows what follows."""
    for text in _texts(_read(path)):
        opened, closed = text.count("<details"), text.count("</details>")
        assert opened == closed == len(re.findall(r"<details>.*?</details>", text, re.DOTALL)), text
        lines = ["", *text.splitlines(), ""]
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False):
            if "<details" in line:
                assert re.fullmatch(r"<details><summary>[^<]+</summary>", line) and not before + after, text
            if "</details" in line:
                assert line == "</details>" and not before + after, text


@every_notebook
def test_each_notebook_leads_to_the_next(path: Path) -> None:
    links = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", take_where_next(nbformat.read(path, as_version=4)))
    if path == NOTEBOOKS[-1]:
        assert not links or NOTEBOOKS[0].name in links
    else:
        assert NOTEBOOKS[NOTEBOOKS.index(path) + 1].name in links


@every_notebook
def test_its_words_are_those_of_the_field(path: Path) -> None:
    found = [
        (word, f"say {said}", cell.source) for cell in _read(path) for word, said in find_quaint(cell.source).items()
    ]
    assert not found


def test_an_option_may_be_named_and_what_it_does_is_said_in_the_fields_words() -> None:
    assert find_quaint("Nobody is\ntold  once.").keys() == {"nobody", "told once"}
    assert not find_quaint('its twin `dealt`, controls=["dealt"], runs["memory/dealt"]; space, loudly')
    assert find_quaint("`dealt with`").keys() == find_quaint('figures["dealt with"]').keys() == {"dealt"}
    assert find_quaint("*Dealt* is the control").keys() == find_quaint("learned.dealt").keys() == {"dealt"}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ('Set `seed = 1`, `mode="entity", hops=2`, `each.wording == 0`; a name `region`, a file `my.csv`.', []),
        ("`python -m kgwb tour --graph world`, `pip install kgwb`, `**not** code`, `*args`", []),
        (
            '`kgwb.sample("world")`, `folder = kgwb.sample(\n"world")`',
            ['kgwb.sample("world")', 'folder = kgwb.sample( "world")'],
        ),
        (
            "``f(`x`)`` is none; `g(1)[0].h` is one; `[k(i) for i in (1, 2)]` too",
            ["g(1)[0].h", "[k(i) for i in (1, 2)]"],
        ),
        ("a\n\n```python\nx = f(\n    1)\nx\n```\n\n`g()`", ["x = f(\n    1)\nx", "g()"]),
        ("- an item\n\n  ```\n  f(1)\n  ```\n\n```bash\nls(1)\n```\n", ["f(1)"]),
    ],
)
def test_a_suggestion_is_a_call_where_it_calls_something(text: str, calls: list[str]) -> None:
    assert list_calls(text) == calls


def test_where_next_ends_with_the_next_heading() -> None:
    cells = [new_markdown_cell("## Where next\n\n`f()`"), new_code_cell("g()"), new_markdown_cell("- `h()`")]
    assert list_calls(take_where_next(new_notebook(cells=cells))) == ["f()", "h()"]
    cells.insert(1, new_markdown_cell("## Thanks\n\n`k()`"))
    assert list_calls(take_where_next(new_notebook(cells=cells))) == ["f()"]


def test_a_suggestion_finds_the_readers_table_and_takes_the_first_step(tmp_path: Path) -> None:
    calls = [
        'graph = kgwb.read_graph("facts.csv", columns=("subject", "predicate", "object"))',
        'len(kgwb.read_graph("my.csv"))',
        "(number for number in (1, 2))",
        "(1 / number for number in [float(0)])",
    ]
    ran: dict[str, Any] = {}
    setup, *cells = ["import kgwb", *write_cells(calls, tmp_path)]
    before = Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(before)  # and back again
        exec(setup, ran)
        for cell in cells[:-1]:
            exec(cell, ran)
        assert len(ran["graph"]) == 3 and ran["suggested"] == 1
        with pytest.raises(ZeroDivisionError):
            exec(cells[-1], ran)
    assert Path.cwd() == before and write_cells([], tmp_path) == []
