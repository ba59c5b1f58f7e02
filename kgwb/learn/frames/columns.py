"""Columns of a task's data frame, checked: texts, labels, spans."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import pandas as pd

from kgwb.bert.task_head import Label
from kgwb.checks import expect_kind, is_number
from kgwb.graph import Sentence
from kgwb.learn.frames.texts import Span
from kgwb.words import quote_value


def expect_frame(frame: object, columns: Sequence[str], *, call: str) -> None:
    """A data frame that has these columns, and a row at least.

    Raises:
        TypeError: it is no data frame; the message holds the call.
        ValueError: it has no row, or lacks a column.
    """
    expect_kind(frame, pd.DataFrame, "A data frame", call=call)
    assert isinstance(frame, pd.DataFrame)
    for column in columns:
        if list(frame.columns).count(column) != 1:
            found = ", ".join(map(repr, frame.columns[:8])) or "none"
            problem = "has no column" if column not in frame.columns else "has more than one column"
            raise ValueError(f"The frame {problem} {column!r}; its columns are {found}. Rename yours, or type {call}.")
    if not len(frame):
        raise ValueError(f"The frame has no row. Expected one at least; type {call}.")


def read_texts(frame: pd.DataFrame, column: str) -> list[str | Sentence]:
    """The texts of a column; a `Sentence` brings its mentions, at which a door can act.

    Raises:
        ValueError: one is missing, or no text.
    """
    texts = frame[column].tolist()
    for row, text in enumerate(texts):
        if not isinstance(text, (str, Sentence)):
            raise ValueError(
                f"Row {row} holds {quote_value(text)} in the column {column!r}. Expected a text, or a kgwb.graph.Sentence; "
                f"type frame.dropna(subset=[{column!r}]) to leave out rows without one."
            )
    return texts


def read_label(value: Any, row: int, column: str) -> Label:
    """A label as JSON can hold it.

    Raises:
        ValueError: it is missing, or neither a text nor a whole number.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or type(value).__name__ == "bool_":
        return bool(value)
    if is_number(value, whole=True):
        return int(value)
    raise ValueError(
        f"Row {row} has the label {quote_value(value)} in the column {column!r}. Expected a text or a whole number; type "
        f"frame.dropna(subset=[{column!r}]) to leave out rows without one, or frame[{column!r}].astype(str)."
    )


def read_list(value: object, row: int, column: str, expected: str) -> list[Any]:
    """A cell that holds a list.

    Raises:
        ValueError: it holds something else.
    """
    if isinstance(value, (list, tuple)) or getattr(value, "ndim", None) == 1:
        return list(value)  # type: ignore[call-overload]
    raise ValueError(
        f"Row {row} holds {quote_value(value)} in the column {column!r}. Expected a list of {expected}; for example: "
        f"frame[{column!r}] = [['one', 'two'], ['three']]."
    )


def read_span(value: object, text: str, row: int, column: str) -> Span:
    """A cell that holds (start, end) of characters.

    Raises:
        ValueError: it does not, or the span lies outside the text or is empty.
    """
    ends = list(value) if isinstance(value, (list, tuple)) or getattr(value, "ndim", None) == 1 else []  # type: ignore[call-overload]
    if len(ends) == 2 and all(isinstance(end, Integral) for end in ends) and 0 <= ends[0] < ends[1] <= len(text):
        return int(ends[0]), int(ends[1])
    raise ValueError(
        f"Row {row} holds {quote_value(value)} in the column {column!r}, for a text of {len(text)} characters. Expected where "
        "the mention begins and where it ends, one past its last character; for example: (0, 5) for 'Paris' in 'Paris is old.'"
    )
