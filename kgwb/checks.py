"""Arguments checked before anything is done: what came, what was expected, what to type."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from kgwb.words import describe_kind


def expect_kind(value: object, kinds: type | tuple[type, ...], expected: str, *, call: str) -> None:
    """An argument of one kind, or of one of a few.

    Args:
        value: what came.
        kinds: the classes that will do.
        expected: what they are called, with an article: "A graph".
        call: the call that works.

    Raises:
        TypeError: it is of no such kind; the message holds the call.

    Example:
        >>> expect_kind("umls", dict, "A dict", call="dict(name='umls')")
        Traceback (most recent call last):
        TypeError: A dict was expected, but the text 'umls' came. Type dict(name='umls').
    """
    if not isinstance(value, kinds):
        raise TypeError(f"{expected} was expected, but {describe_kind(value)} came. Type {call}.")


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
    if isinstance(value, bool) or not isinstance(value, Real) or not math.inf > _as_float(value) >= least:
        raise ValueError(f"{argument}={value!r} came. It must be at least {least}; type {argument}={least}.")


def expect_number(
    argument: str,
    value: object,
    *,
    usual: int | float,
    least: int | float | None = None,
    above: int | float | None = None,
    below: int | float | None = None,
    whole: bool = False,
    word: str | None = None,
) -> None:
    """An argument that takes the finite numbers of a range; numpy's numbers count, True and False do not.

    Args:
        argument: its name.
        value: what came.
        usual: a value to type.
        least: the smallest there may be.
        above: what it must be larger than.
        below: what it must be smaller than.
        whole: whether only whole numbers will do.
        word: what may stand in the number's place.

    Raises:
        ValueError: the value is outside the range; the message says what to type.

    Example:
        >>> expect_number("dropout", 1.5, usual=0.3, least=0, below=1)
        Traceback (most recent call last):
        ValueError: dropout=1.5 came. It must be a number from 0 to below 1; type dropout=0.3.
    """
    if isinstance(value, str) and value == word:
        return
    if not isinstance(value, bool) and isinstance(value, Integral if whole else Real):
        number = _as_float(value)
        high_enough = (least is None or number >= least) and (above is None or number > above)
        if high_enough and math.isfinite(number) and (below is None or number < below):
            return
    kind = ("" if word is None else f'"{word}" or ') + ("a whole number" if whole else "a number")
    if above is not None:
        ends = f" above {above}" if below is None else f" between {above} and {below}"
    elif least is not None:
        ends = f", at least {least}" if below is None else f" from {least} to below {below}"
    else:
        ends = "" if below is None else f" below {below}"
    raise ValueError(f"{argument}={value!r} came. It must be {kind}{ends}; type {argument}={usual}.")


def expect_seed(value: object) -> int:
    """A seed, as the int that every generator takes; numpy's whole numbers count.

    Raises:
        ValueError: it is no whole number from 0 to below 2⁶³; the message says what to type.

    Example:
        >>> expect_seed(-1)
        Traceback (most recent call last):
        ValueError: seed=-1 came. It must be a whole number from 0 to below 9223372036854775808; type seed=0.
    """
    expect_number("seed", value, usual=0, least=0, below=2**63, whole=True)
    assert isinstance(value, Integral)  # so mypy knows it too
    return int(value)


def expect_share(argument: str, value: object, *, usual: float) -> None:
    """An argument that takes a share of something, from 0 to 1.

    Raises:
        ValueError: `value` is none; the message says what to type.

    Example:
        >>> expect_share("min_confidence", 50, usual=0.5)
        Traceback (most recent call last):
        ValueError: min_confidence=50 came. It must be a share from 0 to 1; type min_confidence=0.5.
    """
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= _as_float(value) <= 1:
        raise ValueError(f"{argument}={value!r} came. It must be a share from 0 to 1; type {argument}={usual}.")


def _as_float(value: Any) -> float:
    """The number; one beyond all floats is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
