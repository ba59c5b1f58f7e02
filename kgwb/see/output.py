"""The output of a cell while what it shows is still being made."""

from __future__ import annotations

import math
import time
from functools import cache
from typing import Any

from kgwb.packages import load_package
from kgwb.see.notebook import in_notebook
from kgwb.see.page import read_asset
from kgwb.see.palette import style_variables
from kgwb.see.view import View

REDRAW = 0.3  # seconds between two pictures at least
OPENED, STOP = "opened", "stop"  # what the page says


class LiveOutput:
    """The output of a cell in which a view is drawn again and again while it runs; nothing outside a notebook.

    A button ends the run. A click reaches a kernel that is busy only where widgets have a thread of their own there:
    JupyterLab 4.4 with ipykernel 7 ("subshells"), and later. So the page asks first. When the kernel answers, the button
    ends the run after its epoch; when it does not, the button interrupts the kernel, or where it may not do that names the
    notebook's own way. At the end the widget goes and the picture stays.

    Attributes:
        view: what is drawn.
        unit: what the button finishes: "epoch" or "step".
        stop_asked: whether the button was pressed.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.unit = "round"
        self.handle: Any = None
        self.widget: Any = None
        self.last = -math.inf
        self.stop_asked = False
        self.live = in_notebook()

    def open(self) -> None:
        """Show the empty picture with its button, so that the first epoch can be ended too."""
        if self.live:
            self.widget = make_stop_widget(self)
            self.draw()

    def refresh(self, unit: str) -> None:
        """Draw again, unless that was just done."""
        self.unit = unit
        if self.live and time.monotonic() - self.last >= REDRAW:
            self.draw()

    def draw(self) -> None:
        """Draw the view as far as it is."""
        self.last = time.monotonic()
        bundle = {"text/plain": repr(self.view), "image/svg+xml": self.view.picture}
        if self.widget is not None:
            self.widget.unit, self.widget.picture = self.unit, bundle["image/svg+xml"]
        if self.handle is None or self.widget is None:
            self._show(bundle)

    def close(self) -> None:
        """Leave the picture, and nothing that needs a kernel."""
        if not self.live:
            return
        widget, self.widget = self.widget, None
        self.draw()
        if widget is not None:
            widget.close()

    def answer(self, _widget: object, message: Any, _buffers: object) -> None:
        """Answer the page. This runs beside the training, in a thread of the kernel's, so it touches nothing else."""
        word = message.get("kgwb") if isinstance(message, dict) else None
        if word == OPENED and self.widget is not None:
            self.widget.send({"kgwb": "answered"})
        if word == STOP:
            self.stop_asked = True

    def _show(self, bundle: dict[str, Any]) -> None:
        from IPython.display import display

        if self.handle is not None:
            self.handle.update(bundle, raw=True)
            return
        if self.widget is not None:
            bundle = {**self.widget._repr_mimebundle_()[0], **bundle}
        self.handle = display(bundle, raw=True, display_id=True)


def make_stop_widget(output: LiveOutput) -> Any:
    """A widget that shows the picture and sends the button's click; None where anywidget is not installed."""
    try:
        load_package("anywidget", "The stop button")
    except ImportError:
        return None
    widget = _define_stop_widget()(picture=output.view.picture)
    widget.on_msg(output.answer)
    # ipykernel 7.4 hands what a page says to the thread that spoke to it last, and that one is busy; without this the
    # thread is the one that JupyterLab asks for. Should a later version do otherwise, the button interrupts instead.
    widget.comm._reply_subshell_for = None
    return widget


@cache
def _define_stop_widget() -> Any:
    anywidget = load_package("anywidget", "The stop button")
    traitlets = load_package("traitlets", "The stop button")

    class StopWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = read_asset("training.js")
        _css = style_variables() + read_asset("training.css")
        picture = traitlets.Unicode().tag(sync=True)
        unit = traitlets.Unicode().tag(sync=True)

    return StopWidget
