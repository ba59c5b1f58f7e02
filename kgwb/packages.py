"""What only some calls need, loaded when it is first used, and named with its install line when missing; versions.

Reports stand above the room that draws them, which they must not import. Their drawings are found as pandas finds its
plotting backends: each is an entry point of the group "kgwb.pictures", named after the report's class.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, entry_points, version
from types import ModuleType
from typing import Any


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


def load_drawing(report: str) -> Callable[..., Any]:
    """The function that draws a report; what it returns has a `picture`.

    Args:
        report: the name of the report's class.

    Raises:
        ImportError: with the line that installs what draws it.
    """
    for entry in entry_points(group="kgwb.pictures", name=report):
        return entry.load()
    raise ImportError(f"The picture of a {report} needs kgwb, which is not installed. Type: pip install -e .")


def find_version(package: str) -> str | None:
    """The version of an installed package, which is not imported for it."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
