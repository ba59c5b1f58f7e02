"""What each kind of notebook is handed: a live view where it can stand, and a still picture wherever no kernel runs."""

from __future__ import annotations

import base64
import html
import re
import sys
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import kgwb
from kgwb.bert import Reading
from kgwb.embed import Epoch
from kgwb.see import LiveView
from kgwb.see.notebook import mounts_views

WIDGET = "application/vnd.jupyter.widget-view+json"
OTHERS = ("VSCODE_PID", "VSCODE_CWD", "VSCODE_IPC_HOOK_CLI")


@pytest.fixture(params=["attention", "training"])
def view(request: pytest.FixtureRequest, pair: tuple[Reading, Reading]) -> LiveView:
    if request.param == "attention":
        return kgwb.show_attention(*pair)
    return kgwb.show_training([Epoch(i, 3 / i, 0.1) for i in range(1, 4)])


@pytest.fixture
def jupyter(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if in JupyterLab or Notebook 7."""
    for module in ("live", "linking", "still", "view"):
        monkeypatch.setattr(f"kgwb.see.{module}.in_notebook", lambda: True)
    for name in OTHERS:
        monkeypatch.delenv(name, raising=False)
    for name in ("google.colab", "marimo"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def read_still(markup: str) -> str:
    """The still picture in the markup of an output."""
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', markup)
    assert found
    return base64.b64decode(found[1]).decode()


def test_jupyter_saves_the_still_picture_alone(view: LiveView, jupyter: None) -> None:
    assert mounts_views()
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert read_still(bundle["text/html"]) == view.picture
    assert f"kgwb-still-{view.widget.mark}" in bundle["text/html"]


@pytest.mark.parametrize("kind", [*OTHERS, "google.colab", "marimo"])
def test_where_a_model_is_made_with_its_output_the_widget_is_handed_over_beside_the_picture(
    view: LiveView, jupyter: None, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind in OTHERS:
        monkeypatch.setenv(kind, "1")
    else:
        monkeypatch.setitem(sys.modules, kind, SimpleNamespace())
    assert not mounts_views()
    data, _ = view._repr_mimebundle_()
    assert set(data) >= {WIDGET, "image/svg+xml", "text/plain"} and data["image/svg+xml"] == view.picture


def test_marimo_is_handed_the_widget(view: LiveView, monkeypatch: pytest.MonkeyPatch) -> None:
    assert view._display_() is view.widget
    monkeypatch.setitem(sys.modules, "marimo", SimpleNamespace(vstack=lambda items: ("one below the other", items)))
    linked = kgwb.link(view, kgwb.show_training([Epoch(1, 1.0, 0.1)]))
    assert linked._display_() == ("one below the other", [each.widget for each in linked.views])


def test_without_widgets_it_is_a_still_picture(view: LiveView, jupyter: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"} and read_still(bundle["text/html"]) == view.picture


def export(bundle: dict[str, Any]) -> str:
    """A notebook with this output, as nbconvert writes it for the web, where no kernel and no widget is."""
    output = nbformat.v4.new_output("execute_result", data=bundle, execution_count=1)
    cell = nbformat.v4.new_code_cell("view", outputs=[output], execution_count=1)
    markup, _ = HTMLExporter().from_notebook_node(nbformat.v4.new_notebook(cells=[cell]))
    return str(markup)


def test_nbconvert_shows_the_still_picture(view: LiveView, jupyter: None) -> None:
    markup = export(view._repr_mimebundle_())
    assert read_still(markup) == view.picture
    assert WIDGET not in markup


def test_nbconvert_shows_the_picture_of_a_view_that_was_saved_elsewhere(
    view: LiveView, jupyter: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VSCODE_PID", "1")
    data, _ = view._repr_mimebundle_()
    for bundle in (data, {name: value for name, value in data.items() if name != WIDGET}):
        assert read_still(export(bundle)).strip() == view.picture.strip()


def test_linked_views_are_saved_as_their_still_pictures(view: LiveView, jupyter: None) -> None:
    linked = kgwb.link(view, kgwb.show_training([Epoch(1, 1.0, 0.1)]))
    markup = linked._repr_mimebundle_()["text/html"]
    assert [markup.count(f"kgwb-still-{each.widget.mark}") for each in linked.views] == [1, 1]


def test_a_still_picture_says_what_it_shows_to_those_who_do_not_see_it(view: LiveView, jupyter: None) -> None:
    assert f'alt="{html.escape(view.title)}"' in view._repr_mimebundle_()["text/html"]
