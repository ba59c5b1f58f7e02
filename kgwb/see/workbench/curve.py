"""A training drawn while it runs, inside a panel."""

from __future__ import annotations

import time
from typing import Any

from kgwb.see.output import REDRAW
from kgwb.see.training.view import TrainingView
from kgwb.see.workbench.controls import draw_view, make_column, make_text, set_text


class LiveCurve:
    """What the training view draws, drawn again with each record that is fed.

    Attributes:
        box: to be placed in a panel.
        view: the training view; None before the first training.
    """

    def __init__(self) -> None:
        self.progress = make_text(kind="progress")
        self._place = make_column()
        self.box = make_column(self.progress, self._place)
        self.view: TrainingView | None = None
        self._name = ""
        self._begun = self._drawn = 0.0

    def open(self, name: str, total: int | None, records: list[Any] | tuple[Any, ...] = ()) -> None:
        """Begin a training, or take one up with what it gave so far."""
        again = self.view is not None and self.view.runs == (name,) and bool(records)
        spent = self.view.elapsed[name][-1] if again and self.view is not None else 0.0
        if not again:
            self.view = TrainingView((name,), total, stoppable=False)
        assert self.view is not None
        self._name, self._begun = name, time.monotonic() - spent
        self.view.running, self.view.stopped = True, False
        self._place.children = ()
        self._draw()

    def feed(self, record: Any) -> None:
        """One epoch or step more."""
        assert self.view is not None
        self.view.records.setdefault(self._name, []).append(record)
        self.view.elapsed.setdefault(self._name, []).append(time.monotonic() - self._begun)
        if time.monotonic() - self._drawn >= REDRAW:
            self._draw()

    def close(self, *, stopped: bool) -> None:
        """No more for now."""
        if self.view is not None:
            self.view.running, self.view.stopped = False, stopped and bool(self.view.records)
            self._draw()

    def _draw(self) -> None:
        assert self.view is not None
        self._drawn = time.monotonic()
        begun = bool(self.view.records)  # from then on the view says how far it is
        set_text(self.progress, "" if begun else "starting …")
        if not begun:
            return
        self.view.renew()
        if not self._place.children or self.view.widget is None:
            self._place.children = draw_view(self.view)
