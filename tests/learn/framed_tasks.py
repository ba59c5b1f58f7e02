"""Every task that takes a data frame, each on a few rows: what holds for one must hold for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kgwb.learn import FrameTask, TextClasses

GOOD = ("The soup was warm and good.", "A kind cook and a fine meal.", "We liked the bread.", "这家餐馆很好。")
BAD = ("The soup was cold and bad.", "A rude cook and a poor meal.", "We sent the bread back.", "这家餐馆很差。")


@dataclass(frozen=True)
class Framed:
    """A task as the contract sees it.

    Attributes:
        make: the task on a frame.
        frame: its rows, two kinds of answers among them.
        given: the kind of a given answer.
    """

    make: Callable[..., FrameTask]
    frame: pd.DataFrame
    given: type
    options: dict[str, Any]


def _moods() -> pd.DataFrame:
    rows = [(text, mood) for mood, texts in (("good", GOOD), ("bad", BAD)) for text in texts]
    return pd.DataFrame(rows, columns=["text", "label"], index=[f"row {i}" for i in range(len(rows))])


FRAMED = {
    "TextClasses": Framed(TextClasses, _moods(), str, {}),
}
