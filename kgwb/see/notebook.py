"""What every view tells a notebook."""

from __future__ import annotations

import sys


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code."""
    if "IPython" not in sys.modules:
        return False
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


def describe_view(view: object, picture: str) -> dict[str, str]:
    """What a notebook saves: the still picture, and the caption for readers without one."""
    return {"text/plain": repr(view), "image/svg+xml": picture}


def current_cell() -> object:
    """A mark that is the same within one run of one cell; None outside a notebook."""
    if not in_notebook():
        return None
    from IPython.core.getipython import get_ipython

    return getattr(get_ipython(), "execution_count", None)
