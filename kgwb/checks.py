"""Arguments checked before anything is done: what came, what was expected, what to type."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real

from kgwb.words import describe_kind


def expect_kind(value: object, kinds: type | tuple[type, ...], expected: str, *, hint: str) -> None:
    """An argument of one kind or a few, such as a graph or a split.

    Args:
        value: what came.
        kinds: the classes it may have.
        expected: what they are in words: "A split or a graph".
        hint: what to type instead.

    Raises:
        TypeError: it has another class.

    Example:
        >>> expect_kind("umls", dict, "A mapping", hint="Type {'umls': split}.")
        Traceback (most recent call last):
        TypeError: A mapping was expected, but the text 'umls' came. Type {'umls': split}.
    """
    if not isinstance(value, kinds):
        raise TypeError(f"{expected} was expected, but {describe_kind(value)} came. {hint}")


def expect_choice(argument: str, value: object, choices: Sequence[str]) -> None:
    """An argument that takes one of a few words.

    Raises:
        ValueError: `value` is none of them; the message holds them all.
    """
    if value not in choices:
        raise ValueError(f"{argument}={value!r} came. Type one of {', '.join(map(repr, choices))}.")


def expect_at_least(argument: str, value: object, least: int | float, *, whole: bool = False) -> None:
    """An argument with a smallest value; numpy's numbers count, True and False do not.

    Raises:
        ValueError: `value` is smaller, no number, or not whole where it must be.

    Example:
        >>> expect_at_least("dim", 2.5, 1, whole=True)
        Traceback (most recent call last):
        ValueError: dim=2.5 came. It must be a whole number, at least 1; type dim=1.
    """
    if whole and (isinstance(value, bool) or not isinstance(value, Integral)):
        raise ValueError(
            f"{argument}={value!r} came. It must be a whole number, at least {least}; type {argument}={least}."
        )
    if isinstance(value, bool) or not isinstance(value, Real) or not float(value) >= least:
        raise ValueError(f"{argument}={value!r} came. It must be at least {least}; type {argument}={least}.")
