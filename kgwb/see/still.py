"""What a notebook shows of a picture that does not move."""

from __future__ import annotations

import base64
import html

from kgwb.see.notebook import in_notebook, mounts_views


def write_still(picture: str, title: str, mark: str | None = None) -> str:
    """A still picture as markup, which a notebook that trusts no script shows too, no wider than its column.

    Args:
        picture: an SVG document.
        title: for readers who do not see it.
        mark: of the live view that takes its place; None where there is none.
    """
    packed = base64.b64encode(picture.encode("utf-8", "replace")).decode("ascii")
    named = "kgwb-still" if mark is None else f"kgwb-still kgwb-still-{mark}"
    return (
        f'<figure class="{named}" style="margin:0"><img alt="{html.escape(title)}" '
        f'style="max-width:100%" src="data:image/svg+xml;base64,{packed}"></figure>'
    )


def bundle_still(text: str, picture: str, title: str) -> dict[str, str]:
    """A still picture for whoever asks: markup for Jupyter, which would cut a wide SVG at the cell's edge, SVG for others.

    Args:
        text: what it is in words.
        picture: an SVG document.
        title: for readers who do not see it.
    """
    if in_notebook() and mounts_views():
        return {"text/plain": text, "text/html": write_still(picture, title)}
    return {"text/plain": text, "image/svg+xml": picture}
