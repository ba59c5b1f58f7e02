"""An interactive view in a notebook: the offline page in a closed frame, and the entities chosen there as data.

A widget's state is not saved with the notebook, so the page, with its 0.5 MB of script, is not either.
"""

from __future__ import annotations

import html
from typing import Any

from kgwb.packages import load_package
from kgwb.see.page import CONTENT_POLICY, Fragment, read_asset
from kgwb.see.palette import style_variables

_FRAME_STYLE = (
    ":root{color-scheme:light dark}body{margin:0;padding:2px;background:var(--kgwb-paper);color:var(--kgwb-ink);"
    "font:14px/1.45 var(--kgwb-font)}figure{margin:0}"
    "figcaption{color:var(--kgwb-muted);font-size:13px;margin-top:.5rem}"
)


def make_widget(fragment: Fragment, *, title: str) -> Any:
    """A widget that shows the fragment in a frame of that title; its trait `selected` holds the ids of the entities chosen."""
    anywidget = load_package("anywidget", "An interactive view")
    traitlets = load_package("traitlets", "An interactive view")

    class FrameWidget(anywidget.AnyWidget):  # type: ignore[name-defined]
        _esm = read_asset("frame.js")
        page = traitlets.Unicode().tag(sync=True)
        title = traitlets.Unicode().tag(sync=True)
        selected = traitlets.List(traitlets.Int()).tag(sync=True)
        touched = traitlets.Bool(False).tag(sync=True)

    return FrameWidget(page=write_frame(fragment), title=title)


def write_frame(fragment: Fragment) -> str:
    """A fragment as a document for an `<iframe srcdoc>`, under the content policy of exported pages."""
    scripts = "".join(
        f"<script>{code.replace('</script', '<' + chr(92) + '/script')}</script>"
        for code in fragment.libraries.values()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{CONTENT_POLICY}">'
        f"<style>{style_variables()}{_FRAME_STYLE}</style>{scripts}</head><body><figure>{fragment.html}"
        f"<figcaption>{html.escape(fragment.caption)}</figcaption></figure></body></html>"
    )
