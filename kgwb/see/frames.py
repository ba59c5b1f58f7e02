"""A page in a frame, as long as graph and film are drawn by another library."""

from __future__ import annotations

from functools import cache
from typing import Any

from kgwb.packages import load_package
from kgwb.see.page import Fragment, read_asset, write_frame


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
