"""What all views share: a picture, the same as data, a page, and what a notebook shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.checks import expect_choice, expect_each, expect_path, expect_text, is_function
from kgwb.see.drawing import Number
from kgwb.see.notebook import in_notebook
from kgwb.see.page import Fragment, expect_file, write_document, write_page
from kgwb.see.printing import expect_browser, expect_width, print_picture, size_picture
from kgwb.see.still import bundle_still
from kgwb.words import describe_kind


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
        """Everything that is drawn, as data; `view.frame.to_latex()` is a table for a paper, and needs jinja2 with pandas."""

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

    def save(self, path: str | Path, *, title: str = "", width: Number | None = None) -> Path:
        """Write the view as its path's ending says, and return its path.

        Args:
            path: .html is one offline page, .svg the picture alone, .png and .pdf the picture as an installed browser
                prints it.
            title: of the page.
            width: of the picture in mm, for print: .svg and .pdf are that wide, .png has 300 dots an inch. By default .png
                has two dots for each pixel of the picture.

        Raises:
            IsADirectoryError: the path is a folder.
            ValueError: it ends in anything else, or the width is none that a picture can have.
            RuntimeError: for .png and .pdf, no browser is installed, or it does not print.
        """
        path = expect_path(path, call="view.save('page.html')")
        expect_text("title", title, usual="My page")
        ending = path.suffix.lower()
        name = f"picture{ending}" if ending in (".svg", ".png", ".pdf") else "page.html"
        place = expect_file(path, (".html", ".svg", ".png", ".pdf"), name=name)
        if width is not None:
            expect_width(width, place)
        if ending == ".html":
            return write_page(place, [("", self)], title or self.title)
        picture = self.picture if width is None else size_picture(self.picture, width)
        if ending == ".svg":
            return write_document(place, picture, name="picture.svg")
        browser = expect_browser(place)
        print_picture(place, picture, browser)
        return place

    def observe(self, handler: Callable[[Any], Any], names: Any = None) -> None:
        """Call `handler` at each change of what is chosen in the notebook, as traitlets do.

        Args:
            handler: takes the change.
            names: of the traits to watch; by default all.

        Raises:
            TypeError: the view is a still picture.
        """
        if not is_function(handler):
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
        widget = self.widget if in_notebook() else self._widget
        if widget is None:
            return bundle_still(repr(self), self.picture, self.title)
        data, metadata = widget._repr_mimebundle_() or ({}, {})
        return {**data, "text/plain": repr(self), "image/svg+xml": self.picture}, metadata

    def __repr__(self) -> str:
        return f"{type(self).__name__}: {self.caption}"
