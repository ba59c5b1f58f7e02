"""The output of a cell while what it shows is still being made."""

from __future__ import annotations

import math
import time
from typing import Any

from kgwb.see.live import LiveView
from kgwb.see.notebook import has_widgets, in_notebook, mounts_views
from kgwb.see.view import View

REDRAW = 0.3  # seconds between two pictures at least
OPENED, STOP = "opened", "stop"  # what the page says


class LiveOutput:
    """The output of a cell in which a view is drawn again and again while it runs; nothing outside a notebook.

    A still view is a new picture each time; the notebook's own interrupt ends what it follows. A live one is sent what it
    shows, and a button ends the run. A click reaches a kernel that is busy only where widgets have a thread of their own
    there: JupyterLab 4.4 with ipykernel 7 ("subshells"), and later. So the page asks first. When the kernel answers, the
    button ends the run after its epoch; when it does not, the button interrupts the kernel, or where it may not do that
    names the notebook's own way. At the end the still picture is the output; where the notebook puts a live view in its
    place, it stays live.

    Attributes:
        view: what is drawn.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.handle: Any = None
        self.last = -math.inf
        self.live = in_notebook()
        self.moves = self.live and isinstance(view, LiveView) and has_widgets()

    def open(self) -> None:
        """Show the empty picture with its button, so that the first epoch can be ended too."""
        if not self.live:
            return
        if self.moves:
            answer_at_once(self.view.widget)
        self.draw()

    def refresh(self) -> None:
        """Draw again, unless that was just done."""
        if self.live and time.monotonic() - self.last >= REDRAW:
            self.draw()

    def draw(self) -> None:
        """Draw the view as far as it is."""
        self.last = time.monotonic()
        self._renew()
        if self.handle is None or not self.moves:
            self._show(make_bundle(self.view))

    def close(self) -> None:
        """Leave the picture, and nothing that needs a kernel."""
        if not self.live:
            return
        self._renew()
        if self.moves and not mounts_views():
            widget, self.view._widget = self.view.widget, None
            widget.close()
            self.moves = False
            self._show({"text/plain": repr(self.view), "image/svg+xml": self.view.picture})
        else:
            self._show(make_bundle(self.view))

    def _renew(self) -> None:
        if isinstance(self.view, LiveView):
            self.view.renew()

    def _show(self, bundle: dict[str, Any]) -> None:
        from IPython.display import display

        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)


def make_bundle(view: View) -> dict[str, Any]:
    """What a notebook shows of a view, and saves, without what only describes it."""
    bundle = view._repr_mimebundle_()
    return bundle[0] if isinstance(bundle, tuple) else bundle


def answer_at_once(widget: Any) -> None:
    """Let a widget answer while the cell that made it still runs.

    ipykernel 7.4 hands what a page says to the thread that spoke to it last, and that one is busy; without this the thread
    is the one that JupyterLab asks for. Should a later version do otherwise, the button interrupts instead.
    """
    widget.comm._reply_subshell_for = None
