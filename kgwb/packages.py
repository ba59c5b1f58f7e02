"""Packages that only some calls need: loaded when they are first used, and named with their install line when missing."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def load_package(module: str, needed_by: str, *, install: str | None = None) -> ModuleType:
    """Import a module, or say what to type.

    Args:
        module: the module's full name, such as "plotly.graph_objects".
        needed_by: what asks for it: "Reading .parquet".
        install: the name that pip knows, where it is not the first part of the module's.

    Raises:
        ImportError: with the line that installs the package.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = install or module.split(".")[0]
        raise ImportError(
            f"{needed_by} needs {package}, which is not installed. Type: pip install {package}"
        ) from error
