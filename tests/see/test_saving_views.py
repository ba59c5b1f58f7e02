"""A name's ending is a promise: the file is what it says, or nothing is written and an error says what to type."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from pathlib import Path

import pandas as pd
import pytest

import kgwb
from kgwb.environment import find_browser
from kgwb.see import View, write_page

FACTS = pd.DataFrame([("a", "r", "b"), ("b", "r", "c")], columns=["head", "relation", "tail"])
needs_browser = pytest.mark.skipif(find_browser() is None, reason="needs a browser: apt-get install chromium")


@pytest.fixture
def view() -> View:
    return kgwb.show_graph(kgwb.KnowledgeGraph.from_pandas(FACTS))


@pytest.mark.parametrize("name", ["x.html", "x.HTML", "deep/x.html"])
def test_html_is_a_page(view: View, tmp_path: Path, name: str) -> None:
    assert view.save(tmp_path / name).read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize("name", ["x.svg", "x.SVG"])
def test_svg_is_a_picture(view: View, tmp_path: Path, name: str) -> None:
    assert Tree.fromstring(view.save(tmp_path / name).read_text(encoding="utf-8")).tag.endswith("svg")


@needs_browser
@pytest.mark.parametrize(("name", "magic"), [("x.png", b"\x89PNG"), ("x.pdf", b"%PDF")])
def test_png_and_pdf_are_printed(view: View, tmp_path: Path, name: str, magic: bytes) -> None:
    assert view.save(tmp_path / name).read_bytes().startswith(magic)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x.jpg", "x", "x.htm.txt", ".png", "x.", "x.md", "x.json", "html"])
def test_any_other_ending_is_refused(view: View, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"ending.*Expected \.html or \.svg or \.png or \.pdf; type '.*\.html'\.$"):
        view.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.svg", "x.pdf", "x"])
def test_a_page_of_sections_is_html_only(view: View, tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"Expected \.html; type '.*x\.html'\.$"):
        write_page(tmp_path / name, [("", view)], "A")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["x.png", "x.pdf"])
def test_without_a_browser_one_is_told_what_to_type(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("kgwb.see.printing.find_browser", lambda: None)
    with pytest.raises(RuntimeError, match=r"no Chromium, Chrome or Edge .* Type view\.save\('x\.svg'\)"):
        view.save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_browser_that_does_not_print_leaves_nothing(
    view: View, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.printing.find_browser", lambda: "no-such-browser")
    with pytest.raises(RuntimeError, match=r"did not print x\.png: .*Type view\.save\('x\.svg'\)\.$"):
        view.save(tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
