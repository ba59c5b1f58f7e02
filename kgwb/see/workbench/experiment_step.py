"""One step of the path from facts to a page, and which must be made before which."""

from __future__ import annotations

from dataclasses import dataclass

STEPS = ("facts", "vectors", "ranking", "space", "door", "attention", "page")
NEEDED = {
    "vectors": ("facts", "There are no facts yet. Drop a file into step 1."),
    "ranking": ("vectors", "There are no vectors yet. Press Start in step 2."),
    "door": ("vectors", "There are no vectors yet. Press Start in step 2."),
    "attention": ("door", "No door is tuned yet. Press Tune in step 4."),
    "page": ("attention", "There is no attention to show yet. Press Tune in step 4."),
}


@dataclass(frozen=True)
class ExperimentStep:
    """One step that was made.

    Attributes:
        name: of `STEPS`.
        title: what was done, in words.
        code: the Python that does it again, in a cell behind those of the steps before it.
        summary: what came out, in one line.
    """

    name: str
    title: str
    code: str
    summary: str
