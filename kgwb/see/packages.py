"""Packages that only a view needs: loaded when it is drawn, and named with their install line when missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def load_package(module: str, install: str, needed_by: str) -> ModuleType:
    """Import a module, or say what to type.

    Args:
        module: the module's full name, such as "plotly.graph_objects".
        install: the name that pip knows.
        needed_by: who asks.

    Raises:
        ImportError: with the line that installs the package.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{needed_by} needs {install}, which is not installed. Type: pip install {install}"
        ) from error
