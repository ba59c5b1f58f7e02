"""Training seen in a notebook while it runs: the button, the picture that moves, and what stays in the output."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from epoch_records import Record, run_epochs

from kgwb.see import live
from kgwb.see import output as see_output
from kgwb.see import view as see_view
from kgwb.see.training import view as training
from kgwb.see.training.view import show_training


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """As if in a notebook; gives what is displayed there."""
    drawn: list[Any] = []

    class Handle:
        def update(self, bundle: Any, raw: bool) -> None:
            drawn.append(bundle)

    def display(bundle: Any, raw: bool = False, display_id: bool = False) -> Handle:
        drawn.append(bundle)
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(see_output, "in_notebook", lambda: True)
    monkeypatch.setattr(training, "current_cell", lambda: 7)
    monkeypatch.setattr(live, "in_notebook", lambda: True)
    monkeypatch.setattr(live, "mounts_views", lambda: True)
    monkeypatch.setattr(see_output, "mounts_views", lambda: True)
    monkeypatch.setattr(see_output, "REDRAW", 0.0)
    return drawn


@pytest.fixture
def elsewhere(notebook: list[Any], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """As if in a notebook that makes a widget's model only where its output is."""
    monkeypatch.setattr(live, "mounts_views", lambda: False)
    monkeypatch.setattr(see_output, "mounts_views", lambda: False)
    monkeypatch.setattr(see_view, "in_notebook", lambda: True)
    return notebook


def test_the_button_ends_the_run_after_its_epoch(notebook: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    views, closed, said, sent = [], [], [], []
    monkeypatch.setattr(see_output, "answer_at_once", said.append)

    def click_at_three() -> Iterator[Record]:
        try:
            for record in run_epochs(9):
                if record.number == 3:
                    widget = said[0]
                    widget.send = lambda message, _buffers: sent.append(message)
                    widget._handle_custom_msg({"kgwb": "opened"}, [])
                    assert sent == [{"asked": None, "kgwb": "answered"}]
                    widget._handle_custom_msg({"kgwb": "stop"}, [])
                yield record
        finally:
            closed.append(True)

    views.append(show_training(click_at_three()))
    assert views[0].stopped and len(views[0].frame) == 3 and closed == [True]
    state = said[0].state
    assert not state["running"] and "epoch 3" in state["progress"] and "Stopped by hand" in state["caption"]


def test_the_picture_moves_by_its_state_alone(notebook: list[Any]) -> None:
    seen = []

    def watched() -> Iterator[Record]:
        for record in run_epochs(4):
            yield record
            seen.append((len(notebook), len(view_of[0].widget.state["panels"][0]["lines"])))

    view_of: list[Any] = []
    made = training.TrainingView.__init__

    def keep(self: Any, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        view_of.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.TrainingView, "__init__", keep)
        show_training(watched())
    assert [count for count, _ in seen] == [1] * 4  # the output itself is written at the start and at the end
    assert seen[-1][1] == 1
    assert len(notebook) == 2


def test_what_is_saved_is_a_still_picture_at_its_end(notebook: list[Any]) -> None:
    view = show_training(run_epochs(3))
    assert [set(bundle) for bundle in notebook] == [{"text/plain", "text/html"}] * 2
    still = notebook[-1]["text/html"]
    assert f"kgwb-still-{view.widget.mark}" in still and notebook[0]["text/html"] != still
    packed = re.search(r"base64,([^\"]+)", still)[1]  # type: ignore[index]
    assert base64.b64decode(packed).decode() == view.picture


def test_elsewhere_the_widget_goes_and_the_picture_stays(elsewhere: list[Any]) -> None:
    view = show_training(run_epochs(3))
    assert set(elsewhere[0]) == {"application/vnd.jupyter.widget-view+json", "text/plain", "image/svg+xml"}
    assert len(elsewhere) == 2 and elsewhere[-1] == {"text/plain": repr(view), "image/svg+xml": view.picture}


def test_the_button_goes_when_training_fails(notebook: list[Any], elsewhere: list[Any]) -> None:
    with pytest.raises(ValueError, match="gave no epoch"):
        show_training(iter(()))
    assert set(elsewhere[-1]) == {"text/plain", "image/svg+xml"}


@pytest.mark.parametrize("message", [{"kgwb": "else"}, {}, {"kgwb": "opened"}])
def test_a_message_that_is_not_ours_or_too_late_does_nothing(message: dict[str, str]) -> None:
    view = training.TrainingView(("a",))
    assert view.answer(message) is None and not view.stop_asked


def test_the_widget_answers_in_the_thread_that_it_is_asked_in(notebook: list[Any]) -> None:
    view = training.TrainingView(("a",))
    see_output.LiveOutput(view).open()
    assert view.widget.comm._reply_subshell_for is None
    view.widget.close()


def test_without_widgets_one_output_is_drawn_again_and_again(
    notebook: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    view = show_training(run_epochs(3))
    assert len(notebook) == 5 and all(set(bundle) == {"text/plain", "image/svg+xml"} for bundle in notebook)
    view._ipython_display_()
    assert len(notebook) == 5  # the cell that ran it shows it already
    monkeypatch.setattr(training, "current_cell", lambda: 8)
    view._ipython_display_()
    assert len(notebook) == 6
