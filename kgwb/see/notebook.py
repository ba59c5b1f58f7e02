"""Whether a notebook shows what is made here, and which one."""

from __future__ import annotations

import os
import sys

from kgwb.packages import load_package


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


def mounts_views() -> bool:
    """Whether the notebook runs a widget's script where its model is made, as Jupyter does.

    There a view takes the place of its own still picture, so nothing that needs a kernel is saved. Colab keeps each output
    in a page of its own, VS Code and marimo make a model only where its output is, so they are handed the widget itself.
    """
    others = "google.colab" in sys.modules or "marimo" in sys.modules
    return not others and not any(name in os.environ for name in ("VSCODE_PID", "VSCODE_CWD", "VSCODE_IPC_HOOK_CLI"))


def has_widgets() -> bool:
    """Whether anywidget is installed, without which a view is a still picture."""
    try:
        load_package("anywidget", "An interactive view")
    except ImportError:
        return False
    return True
