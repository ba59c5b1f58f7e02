"""A name's ending is a promise: the file is what it says, or nothing is written and an error says what to type."""

from __future__ import annotations

import math
import re
import struct
import xml.etree.ElementTree as Tree
import zlib
from pathlib import Path

import pandas as pd
import pytest

import kgwb
from kgwb.embed import Epoch
from kgwb.environment import find_browser
from kgwb.see import View, write_page
from kgwb.see.palette import DARK, LIGHT

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


def read_lengths(path: Path) -> tuple[float, float]:
    """How wide and high a file says it is, in mm."""
    data = path.read_bytes()
    if path.suffix == ".svg":
        root = Tree.fromstring(data)
        return float(root.get("width").removesuffix("mm")), float(root.get("height").removesuffix("mm"))  # type: ignore[union-attr]
    if path.suffix == ".pdf":
        (box,) = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", data)  # of the only page, in points
        return float(box[0]) / 72 * 25.4, float(box[1]) / 72 * 25.4
    at = data.index(b"pHYs") + 4
    dots, _, unit = struct.unpack(">IIB", data[at : at + 9])
    assert unit == 1 and struct.unpack(">I", data[at + 9 : at + 13])[0] == zlib.crc32(data[at - 4 : at + 9])
    assert round(dots * 0.0254) == 300
    return tuple(1000 * count / dots for count in struct.unpack(">II", data[16:24]))  # type: ignore[return-value]


@needs_browser
@pytest.mark.parametrize("width", [85, 160.5])
@pytest.mark.parametrize("ending", ["svg", "pdf", "png"])
def test_a_picture_for_print_is_as_wide_as_stated(view: View, tmp_path: Path, ending: str, width: float) -> None:
    wide, high = read_lengths(view.save(tmp_path / f"x.{ending}", width=width))
    drawn = [float(number) for number in re.findall(r'\s(?:width|height)="([\d.]+)"', view.picture)[:2]]
    assert wide == pytest.approx(width, abs=0.3) and high == pytest.approx(width * drawn[1] / drawn[0], abs=0.3)


@needs_browser
def test_a_printed_page_holds_lines_and_letters_and_no_image_of_them(view: View, tmp_path: Path) -> None:
    data = view.save(tmp_path / "x.pdf", width=160).read_bytes()
    assert b"/Subtype /Image" not in data and b"/Subtype /Type0" in data


@needs_browser
def test_by_default_a_png_has_twice_the_pixels(view: View, tmp_path: Path) -> None:
    drawn = [float(number) for number in re.findall(r'\s(?:width|height)="([\d.]+)"', view.picture)[:2]]
    data = view.save(tmp_path / "x.png").read_bytes()
    assert struct.unpack(">II", data[16:24]) == tuple(2 * math.ceil(length) for length in drawn)


def test_a_picture_for_print_is_on_light_paper_whatever_the_screen_is(view: View, tmp_path: Path) -> None:
    assert "prefers-color-scheme" in view.picture
    text = view.save(tmp_path / "x.svg", width=160).read_text(encoding="utf-8")
    assert "prefers-color-scheme" not in text and DARK["paper"] not in text and LIGHT["paper"] in text
    assert "".join(Tree.fromstring(text).itertext()).count(view.caption[:20]) == 1


@pytest.mark.parametrize("width", [0, -3, float("nan"), float("inf")])
def test_a_width_that_is_none_is_refused(view: View, tmp_path: Path, width: float) -> None:
    with pytest.raises(ValueError, match=r"width=.* came\. It must be a number above 0; type width=160\.$"):
        view.save(tmp_path / "x.svg", width=width)
    assert not list(tmp_path.iterdir())


def test_a_width_in_pixels_or_of_a_page_is_refused(view: View, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"width=1920 came, which is in mm, and at most 1,016 mm .* Type width=160"):
        view.save(tmp_path / "x.png", width=1920)
    with pytest.raises(
        ValueError, match=r"width=160 came, and a page is as wide as its window\. Type view\.save\('x\.pdf'"
    ):
        view.save(tmp_path / "x.html", width=160)
    assert not list(tmp_path.iterdir())


def test_what_is_behind_a_view_is_a_table_for_a_paper(view: View) -> None:
    text = view.frame.to_latex(index=False)
    assert text.startswith("\\begin{tabular}") and all(f" {label} " in text for label in "rbc")


def test_linked_views_are_one_picture_for_print(tmp_path: Path) -> None:
    rows = {name: [Epoch(i, 3 / i, 0.1) for i in range(1, 4)] for name in "ab"}
    linked = kgwb.link(kgwb.show_training(rows), kgwb.show_training(rows))
    text = linked.save(tmp_path / "x.svg", width=170).read_text(encoding="utf-8")
    root = Tree.fromstring(text)
    inner = [each for each in root if each.tag.endswith("svg")]
    assert root.get("width") == "170mm" and len(inner) == 2
    assert inner[0].get("width") == "960" and float(inner[1].get("y", 0)) > 300


def test_linked_views_are_a_page_with_texts_of_ones_own_around_them(tmp_path: Path) -> None:
    rows = {name: [Epoch(i, 3 / i, 0.1) for i in range(1, 4)] for name in "ab"}
    linked = kgwb.link(kgwb.show_training(rows), kgwb.show_training(rows))
    page = linked.save(tmp_path / "x.html", title="Two", text=["First <b>.", "Second.", "Last.\n\nEnd."])
    text = page.read_text(encoding="utf-8")
    order = [text.index(each) for each in ("First &lt;b&gt;.", "Second.", "Last.", "End.")]
    views = [match.start() for match in re.finditer(r"kgwb_training\.show\(", text)]
    assert sorted([*order, *views]) == [order[0], views[0], order[1], views[1], order[2], order[3]]
    assert text.count("var kgwb_training=") == 1  # each script is carried once


@pytest.mark.skipif(not issubclass(kgwb.see.GraphView, kgwb.see.LiveView), reason="the graph is still drawn by pyvis")
def test_three_linked_views_of_the_sample_graph_stay_within_five_megabytes(repository: Path, tmp_path: Path) -> None:
    graph = kgwb.read_graph(repository / "sample_graphs" / "archipelago")
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8)
    reading = kgwb.read(kgwb.load_bert(), [str(sentence) for sentence in graph.labels[:3]])
    views = (kgwb.show_graph(graph), kgwb.show_space(vectors, method="pca"), kgwb.show_attention(reading, graph=graph))
    page = kgwb.link(*views).save(tmp_path / "page.html", text=["Three views of one graph."])
    assert page.stat().st_size <= 5_000_000
