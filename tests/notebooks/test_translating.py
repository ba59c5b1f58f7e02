"""The Chinese notebooks are the English ones, said in Chinese: one code, texts apart, none behind."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import translating
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from translating import FOLDER, TEXTS, Text, build, find_behind, hash_text, list_comments, read_texts

TRANSLATED = sorted(path.stem for path in TEXTS.glob("*.md"))
every_translation = pytest.mark.parametrize("stem", TRANSLATED)
# What is the same in both languages: code, mathematics, links, pictures and figures.
_SAME = (r"`[^`\n]+`", r"\$[^$\n]+\$", r"\]\(((?!pictures|solutions|kept)[^)]+)\)", r"<(\w+)")


@every_translation
def test_it_is_built_from_the_present_english_and_its_texts(stem: str) -> None:
    english, texts = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4), read_texts(TEXTS / f"{stem}.md")
    behind = list(find_behind(english, texts))
    assert not behind, "\n".join([*behind, f"Put it into Chinese in notebooks/zh/texts/{stem}.md."])
    built = nbformat.writes(build(english, texts)) + "\n"
    kept = (FOLDER / "zh" / f"{stem}.ipynb").read_text(encoding="utf-8")
    assert kept == built, "type: python tests/notebooks/translating.py"


@every_translation
def test_what_is_no_language_is_the_same(stem: str) -> None:
    texts = read_texts(TEXTS / f"{stem}.md")
    for cell in nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4).cells:
        if cell.cell_type == "markdown":
            for pattern in _SAME:
                english, chinese = (sorted(re.findall(pattern, each)) for each in (cell.source, texts[cell.id].chinese))
                assert english == chinese, f"{cell.id}: {english} became {chinese}"


@every_translation
def test_terms_are_those_of_the_glossary(stem: str) -> None:
    said = "\n".join(text.chinese for text in read_texts(TEXTS / f"{stem}.md").values())
    for term, instead in _read_avoided():
        assert term not in said, f"{term} stands in {stem}; the glossary says {instead}"


@every_translation
def test_its_links_lead_somewhere(stem: str) -> None:
    for cell in nbformat.read(FOLDER / "zh" / f"{stem}.ipynb", as_version=4).cells:
        for link in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", cell.source if cell.cell_type == "markdown" else ""):
            assert (FOLDER / "zh" / link).exists(), f"{cell.id}: {link}"


def _read_avoided() -> list[tuple[str, str]]:
    """Words that the glossary has another for."""
    rows = re.findall(
        r"^\| (?!term|---)([^|]+) \| ([^|]+) \| ([^|]*) \|",
        (FOLDER / "zh" / "glossary.md").read_text("utf-8"),
        re.MULTILINE,
    )
    return [(word.strip(), chinese) for _, chinese, avoided in rows for word in avoided.split("、") if word.strip()]


@pytest.fixture
def english() -> nbformat.NotebookNode:
    cells = [
        new_markdown_cell("# Title\n\n![figure](pictures/a.svg)", id="one"),
        new_code_cell("seed = 0  # any number\nprint('# no comment')", id="two"),
        new_code_cell("1 + 1", id="three"),
    ]
    return new_notebook(cells=cells)


def test_a_built_notebook_says_in_chinese_what_the_english_says(english: nbformat.NotebookNode) -> None:
    said = "# 标题\n\n![图](pictures/a.svg) [说明](../README.md#a) [论文](https://a.b/c)"
    texts = {"one": Text("", said), "two": Text("", "any number ⇒ 任意整数")}
    built = build(english, texts)
    assert [cell.source for cell in built.cells] == [
        "# 标题\n\n![图](../pictures/a.svg) [说明](../../README.md#a) [论文](https://a.b/c)",
        "seed = 0  # 任意整数\nprint('# no comment')",
        "1 + 1",
    ]
    assert english.cells[0].source.startswith("# Title"), "the English one stays"


def test_a_text_that_is_missing_or_behind_is_said(english: nbformat.NotebookNode) -> None:
    texts = {"two": Text("12345678", "any number ⇒ 任意整数"), "gone": Text("12345678", "…")}
    assert [line.split(":")[0].split(" than")[0] for line in find_behind(english, texts)] == [
        "one has no Chinese text",
        "two was put into Chinese from another English text",
        "gone is no cell",
    ]
    whole = {"one": Text(hash_text(english.cells[0].source), "…"), "two": Text(hash_text("any number"), "…")}
    assert not list(find_behind(english, whole))


def test_texts_are_written_anew_without_losing_what_is_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(translating, "FOLDER", tmp_path)
    monkeypatch.setattr(translating, "TEXTS", tmp_path / "zh" / "texts")
    cells = [new_markdown_cell("One.", id="a"), new_code_cell("x = 1  # a number", id="b")]
    nbformat.write(new_notebook(cells=cells), tmp_path / "n.ipynb")
    path = translating.write_texts("n")
    assert read_texts(path) == {
        "a": Text(hash_text("One."), "One."),
        "b": Text(hash_text("a number"), "a number ⇒ a number"),
    }
    path.write_text(path.read_text("utf-8").replace("\nOne.", "\n一。"), encoding="utf-8")
    assert read_texts(translating.write_texts("n"))["a"].chinese == "一。"


def test_comments_are_found_and_no_text_that_looks_like_one() -> None:
    assert list_comments("a = '# no'  # yes\n# and yes") == ["yes", "and yes"]
    assert list_comments("%matplotlib inline (") == []
