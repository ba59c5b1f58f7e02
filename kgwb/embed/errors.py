"""What the embedding room says when something is wrong: what came, what was expected, what to type."""

from __future__ import annotations

from collections.abc import Sequence


class EmbeddingFileError(ValueError):
    """A folder cannot be loaded as an embedding of this graph."""


class TrainingError(ArithmeticError):
    """Training has left the numbers behind."""


def expect_choice(argument: str, value: object, choices: Sequence[str]) -> None:
    """An argument that takes one of a few words.

    Raises:
        ValueError: `value` is none of them; the message holds them all.
    """
    if value not in choices:
        raise ValueError(f"{argument}={value!r} came. Type one of {', '.join(map(repr, choices))}.")


def expect_at_least(argument: str, value: int | float, least: int | float) -> None:
    """An argument with a smallest value.

    Raises:
        ValueError: `value` is smaller, or no number.
    """
    if not value >= least:
        raise ValueError(f"{argument}={value!r} came. It must be at least {least}; type {argument}={least}.")
