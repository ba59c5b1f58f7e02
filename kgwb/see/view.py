"""What all views share: a picture, the same as data, a page, and what a notebook shows.

A widget's state is not saved with the notebook, so the page it shows, with its 0.5 MB of script, is not either; the still
picture is.
"""

from __future__ import annotations

import math
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.checks import expect_choice, expect_each, expect_path, expect_text
from kgwb.packages import load_package
from kgwb.see.page import Fragment, expect_file, read_asset, write_document, write_frame, write_page
from kgwb.see.palette import style_variables
from kgwb.see.printing import expect_browser, print_picture
from kgwb.words import describe_kind

REDRAW = 0.3  # seconds between two pictures at least
OPENED, STOP = "opened", "stop"  # what the page says


class View(ABC):
    """Something to look at.

    A view of one's own says what its `picture`, `caption` and `frame` are, and is then displayed, saved and put on pages
    like any other.

    Attributes:
        scene: what is shown, as frozen data.

    Example:
        >>> from kgwb.see.drawing import draw_picture, draw_text
        >>> class SizeView(View):
        ...     def __init__(self, sizes):
        ...         self.scene = sizes
        ...
        ...     frame = property(lambda self: self.scene.to_frame("facts"))
        ...     caption = property(lambda self: f"The largest holds {self.scene.max()} facts.")
        ...
        ...     @property
        ...     def picture(self):
        ...         texts = [draw_text(f"{n}: {size}", 12, 24 + 18 * i) for i, (n, size) in enumerate(self.scene.items())]
        ...         return draw_picture(texts, 200, 60, title=self.title, caption=self.caption)
        >>> SizeView(pd.Series({"world": 2_000, "medicine": 700}))
        SizeView: The largest holds 2000 facts.
    """

    scene: Any
    _widget: Any = None

    @property
    @abstractmethod
    def frame(self) -> pd.DataFrame:
        """Everything that is drawn, as data."""

    @property
    @abstractmethod
    def picture(self) -> str:
        """The view as a static SVG, its caption in it."""

    @property
    def caption(self) -> str:
        """One line: what is seen and how far to trust it; by default as its scene says."""
        return str(self.scene.caption)

    @property
    def selection(self) -> pd.DataFrame:
        """What is chosen, as data; all of `frame` where nothing can be chosen."""
        return self.frame

    @property
    def title(self) -> str:
        """What a page of it is called; by default as its scene says, or the class."""
        return str(getattr(self.scene, "title", None) or type(self).__name__.removesuffix("View"))

    @property
    def widget(self) -> Any:
        """The live view, as ipywidgets takes it; None where the view is a still picture."""
        if self._widget is None:
            self._widget = self._make_widget()
        return self._widget

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""
        return Fragment(self.picture)

    def save(self, path: str | Path, *, title: str = "") -> Path:
        """Write the view as its path's ending says, and return its path.

        Args:
            path: .html is one offline page, .svg the picture alone, .png and .pdf the picture as an installed browser
                prints it.
            title: of the page.

        Raises:
            IsADirectoryError: the path is a folder.
            ValueError: it ends in anything else.
            RuntimeError: for .png and .pdf, no browser is installed, or it does not print.
        """
        path = expect_path(path, call="view.save('page.html')")
        expect_text("title", title, usual="My page")
        ending = path.suffix.lower()
        name = f"picture{ending}" if ending in (".svg", ".png", ".pdf") else "page.html"
        place = expect_file(path, (".html", ".svg", ".png", ".pdf"), name=name)
        if ending == ".html":
            return write_page(place, [("", self)], title or self.title)
        if ending == ".svg":
            return write_document(place, self.picture, name="picture.svg")
        browser = expect_browser(place)
        print_picture(place, self.picture, browser)
        return place

    def observe(self, handler: Callable[[Any], Any], names: Any = None) -> None:
        """Call `handler` at each change of what is chosen in the notebook, as traitlets do.

        Args:
            handler: takes the change.
            names: of the traits to watch; by default all.

        Raises:
            TypeError: the view is a still picture.
        """
        if not callable(handler):
            raise TypeError(f"A function was expected, but {describe_kind(handler)} came. Type view.observe(print).")
        if self.widget is None:
            raise TypeError(
                f"A {type(self).__name__} is a still picture: there is nothing to choose in it. Read .frame."
            )
        known = self.widget.trait_names()
        watched = known if names is None else [names] if isinstance(names, str) else names
        for name in expect_each(watched, str, "A trait", call="view.observe(print, names='selected')"):
            expect_choice("names", name, known)
        self.widget.observe(handler, *([] if names is None else [watched]))

    def _make_widget(self) -> Any:
        """What `widget` gives, made when it is first asked for."""
        return None

    def _repr_mimebundle_(self, **_options: object) -> Any:
        """What a notebook shows, and saves: the still picture, the caption for readers without one, the widget beside."""
        bundle = {"text/plain": repr(self), "image/svg+xml": self.picture}
        widget = self.widget if in_notebook() else self._widget
        if widget is None:
            return bundle
        data, metadata = widget._repr_mimebundle_() or ({}, {})
        return {**data, **bundle}, metadata

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption}"


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


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code."""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def current_cell() -> object:
    """A mark that is the same within one run of one cell; None outside a notebook."""
    if not in_notebook():
        return None
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "execution_count", None)


def make_frame(fragment: Fragment, *, title: str) -> Any:
    """A widget that shows a fragment in a closed frame; its trait `selected` holds the ids of the entities chosen."""
    return _define_frame()(page=write_frame(fragment), title=title)


@cache
def _define_frame() -> Any:
    anywidget = load_package("anywidget", "An interactive view")
    traitlets = load_package("traitlets", "An interactive view")

    class FrameWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = read_asset("frame.js")
        page = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        selected = traitlets.List(traitlets.Int()).tag(sync=True)
        touched = traitlets.Bool(False).tag(sync=True)

    return FrameWidget


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
