"""Waiting for what a page shows a frame, a moment, or a round trip to a kernel after what caused it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

SECONDS = 120
# A view draws in the next frame, its details a moment later; both have been where two frames pass and nothing changed.
_TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def wait_until(page: Any, holds: Callable[[], bool], *, seconds: float = SECONDS, what: str = "") -> None:
    """Until it holds; what a page shows late is no failure, what it never shows is one."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what or f"after {seconds:g} s this does not hold yet"
        page.wait_for_timeout(20)


def pause(page: Any, milliseconds: float) -> None:
    """So long, and two frames more: on a busy machine none may have been drawn meanwhile."""
    page.wait_for_timeout(milliseconds)
    page.evaluate(_TWO_FRAMES)


def wait_for_change(shown: Any, look: str, seen: Any) -> Any:
    """What `look` finds at a locator as soon as that is no longer what was seen."""
    found = [shown.evaluate(look)]

    def changed() -> bool:
        found[0] = shown.evaluate(look)
        return bool(found[0] != seen)

    wait_until(shown.page, changed)
    return found[0]


def wait_for_saved(page: Any, file: Path, holds: Callable[[Any], bool]) -> Any:
    """JupyterLab's notebook, saved until it holds: a kernel sends its last picture after the view has its last words."""
    saved: list[Any] = []

    def is_saved() -> bool:
        page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        saved[:] = [nbformat.read(file, as_version=4)]
        return holds(saved[0])

    wait_until(page, is_saved, what=f"{file.name} never held it")
    return saved[0]


def wait_for_rest(shown: Any, look: str, *, rest: float = 200) -> Any:
    """What `look` finds at a locator once it stays the same for so many milliseconds, and two frames."""
    seen: list[Any] = [None]

    def rests() -> bool:
        before, seen[0] = seen[0], shown.evaluate(look)
        if before == seen[0]:
            return True
        pause(shown.page, rest)
        return False

    wait_until(shown.page, rests)
    return seen[0]


def photograph(shown: Any, path: Path | None = None) -> bytes:
    """A picture of a locator. A host may put an output anew while it is taken; then it is taken of the new one."""
    from playwright.sync_api import Error

    deadline = time.monotonic() + SECONDS
    while True:
        try:
            return bytes(shown.screenshot(path=path))
        except Error as problem:
            if "not attached" not in str(problem) or time.monotonic() > deadline:
                raise
