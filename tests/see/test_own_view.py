"""A view written in a notebook, as CONTRIBUTING says: it is displayed, saved, and put on pages without an edit in kgwb."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as Tree
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.see import View
from kgwb.see.drawing import draw_picture, draw_points
from kgwb.see.page import Fragment
from kgwb.see.palette import TYPE_COLOURS
from kgwb.see.panels import Panel, draw_axes, draw_labels, place_labels


@dataclass(eq=False, repr=False)
class DegreeView(View):
    """How many facts each entity stands in."""

    scene: pd.Series

    @property
    def frame(self) -> pd.DataFrame:
        return self.scene.to_frame("facts")

    @property
    def caption(self) -> str:
        return f"{len(self.scene)} entities; each dot is one, the higher the more facts."

    @property
    def picture(self) -> str:
        height, count = float(self.scene.max()), len(self.scene)
        panel = Panel(50.0, 40.0, 400.0, 200.0, (0.0, count + 1.0), (0.0, height))
        pixels = panel.place(np.arange(1.0, count + 1), self.scene.to_numpy(float))
        radii, texts = np.full(count, 4.0), [str(label) for label in self.scene.index]
        labels = place_labels(pixels, texts, radii=radii, order=range(count), bounds=(0.0, 0.0, 480.0, 280.0))
        parts = [draw_axes(panel, title="facts"), draw_points(pixels, radii, [TYPE_COLOURS[0]] * count)]
        return draw_picture([*parts, draw_labels(labels, texts)], 480, 280, title=self.title, caption=self.caption)


HOSTILE = "</title><script>window.hit=1</script>"


@pytest.fixture
def view() -> DegreeView:
    return DegreeView(pd.Series({"Berlin": 3, HOSTILE: 5, "Bern": 1}))


def test_it_shows_itself(view: DegreeView) -> None:
    assert view._repr_mimebundle_() == {"text/plain": repr(view), "image/svg+xml": view.picture}
    assert repr(view) == f"DegreeView: {view.caption}"
    text = " ".join(Tree.fromstring(view.picture).itertext())
    assert "Berlin" in text and "each dot is one" in text and "<script" not in view.picture


def test_it_shows_itself_in_a_notebook_too(view: DegreeView, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("still", "view"):
        monkeypatch.setattr(f"kgwb.see.{module}.in_notebook", lambda: True)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert "max-width:100%" in bundle["text/html"], "Jupyter cuts a wide SVG at the cell's edge"
    assert "<script" not in bundle["text/html"] and HOSTILE not in bundle["text/html"]


def test_it_is_data(view: DegreeView) -> None:
    assert view.frame["facts"].tolist() == [3, 5, 1]
    assert view.selection.equals(view.frame)


def test_it_is_saved_as_a_page_and_as_a_picture(view: DegreeView, tmp_path: Path) -> None:
    page = view.save(tmp_path / "deep" / "page.html").read_text(encoding="utf-8")
    assert "<title>Degree</title>" in page and view.picture in page and "<script" not in page
    assert "<title>Facts</title>" in view.save(tmp_path / "page.html", title="Facts").read_text(encoding="utf-8")
    assert view.save(tmp_path / "picture.svg").read_text(encoding="utf-8") == view.picture


def test_a_folder_is_no_picture_and_stays(view: DegreeView, tmp_path: Path) -> None:
    folder = tmp_path / "mine.svg"
    folder.mkdir()
    with pytest.raises(IsADirectoryError, match=r"is a folder; a picture is one file\. Type '.*picture\.svg'\."):
        view.save(folder)
    assert folder.is_dir()


def test_it_stands_beside_other_views_on_a_page(view: DegreeView, tmp_path: Path) -> None:
    sections = [("Degrees", view), ("In words", Fragment("<p>Two</p>"))]
    page = kgwb.see.write_page(tmp_path / "page.html", sections, "Both").read_text(encoding="utf-8")
    assert ">Degrees</h2>" in page and view.picture in page


def test_nothing_is_chosen_in_a_still_picture(view: DegreeView) -> None:
    with pytest.raises(
        TypeError, match=r"A DegreeView is a still picture: there is nothing to choose in it\. Read \.fra"
    ):
        view.observe(lambda change: None)


def test_a_view_without_a_picture_is_no_view() -> None:
    class Unfinished(View):
        frame, caption = pd.DataFrame(), "Nothing"

    with pytest.raises(TypeError, match="picture"):
        Unfinished()


def test_views_load_without_widgets() -> None:
    """What needs a missing package says so when it is used, not before."""
    missing = "anywidget", "ipywidgets", "traitlets", "plotly", "pyvis", "sklearn"
    code = f"import sys; sys.modules.update(dict.fromkeys({missing}))\nimport kgwb.see\nkgwb.see.show_attention"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_chosen_can_be_followed(pair: tuple[kgwb.bert.Reading, kgwb.bert.Reading]) -> None:
    view, seen = kgwb.show_attention(*pair), []
    view.observe(lambda change: seen.append(change["new"]), "layer")
    view.layer = 1 - view.layer
    assert seen == [view.layer]
