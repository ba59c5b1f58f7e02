"""Arguments checked before anything is done: what came, what was expected, what to type."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard, cast

from kgwb.words import describe_kind, quote_value


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


def expect_each(values: object, kinds: type | tuple[type, ...], expected: str, *, call: str) -> list[Any]:
    """An argument of several things of one kind, as a list; a text is one thing, and so is a data frame.

    Args:
        values: what came: a list, a tuple, an array or column of one axis, a generator.
        kinds: the classes that each may have.
        expected: what one of them is called, with an article: "A text".
        call: the call that works.

    Raises:
        TypeError: it is no list, or one of them is of no such kind; the message holds the call.

    Example:
        >>> expect_each("Paris", str, "A text", call="find_mentions(['Paris.'], graph, tokenizer)")
        Traceback (most recent call last):
        TypeError: A list was expected, but the text 'Paris' came. Type find_mentions(['Paris.'], graph, tokenizer).
    """
    several = isinstance(values, (Sequence, Iterator)) or getattr(values, "ndim", None) == 1
    if not several or isinstance(values, (str, bytes)):
        raise TypeError(f"A list was expected, but {describe_kind(values)} came. Type {call}.")
    found = list(cast(Iterable[Any], values))
    for value in found:
        expect_kind(value, kinds, expected, call=call)
    return found


def is_function(value: object) -> TypeGuard[Callable[..., Any]]:
    """Whether it can be called with what one has: no class, which makes something else, and no module of torch."""
    return callable(value) and not isinstance(value, type) and not hasattr(value, "forward")


def expect_groups(groups: object, *, call: str) -> dict[str, list[str]]:
    """An argument of several lists of texts, each under a name.

    Raises:
        TypeError: it is no mapping, or one of them is no list of texts; the message holds the call.
    """
    expect_kind(groups, Mapping, "A mapping of names to lists of texts", call=call)
    given = cast(Mapping[str, object], groups)
    expect_each(list(given), str, "The name of a list", call=call)
    return {name: expect_each(texts, str, "A text", call=call) for name, texts in given.items()}


def expect_path(value: object, *, call: str) -> Path:
    """An argument that takes a path, as one, `~` being the home.

    Raises:
        TypeError: it is neither a text nor a Path; the message holds the call.
        ValueError: no system has such a path.

    Example:
        >>> expect_path(7, call="read_graph('graph.tsv')")
        Traceback (most recent call last):
        TypeError: A path, a text or a Path, was expected, but 7 came. Type read_graph('graph.tsv').
    """
    expect_kind(value, (str, Path), "A path, a text or a Path,", call=call)
    if "\0" in str(value):
        raise ValueError(f"The path {str(value)!r} came, and no path holds a zero byte. Type {call}.")
    return Path(str(value)).expanduser()


def expect_id_rows(argument: str, value: object, *, call: str) -> None:
    """An argument of triples as an array of ids, [triple, 3].

    Raises:
        TypeError: it is no such array; the message holds the call.
    """
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)  # the doctor runs without numpy
    if isinstance(shape, tuple) and len(shape) == 2 and shape[1] == 3 and getattr(dtype, "kind", " ") in "iu":
        return
    came = describe_kind(value) if dtype is None else f"of shape {shape} and type {dtype}"
    raise TypeError(f"{argument} must be an array of ids [triple, 3], but {came} came. Type {call}.")


def expect_flags(**given: object) -> None:
    """Arguments that are True or False, by their names; numpy's count.

    Raises:
        TypeError: one is not; the message says what to type.

    Example:
        >>> expect_flags(labels="no")
        Traceback (most recent call last):
        TypeError: labels='no' came. It must be True or False; type labels=True.
    """
    for argument, value in given.items():
        if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
            raise TypeError(f"{argument}={quote_value(value)} came. It must be True or False; type {argument}=True.")


def expect_text(argument: str, value: object, *, usual: str) -> None:
    """An argument that takes any text.

    Raises:
        TypeError: it is no text; the message says what to type.

    Example:
        >>> expect_text("language", 7, usual="en")
        Traceback (most recent call last):
        TypeError: language=7 came. It must be a text; type language='en'.
    """
    if not isinstance(value, str):
        raise TypeError(f"{argument}={quote_value(value)} came. It must be a text; type {argument}={usual!r}.")


def expect_choice(argument: str, value: object, choices: Collection[str]) -> None:
    """An argument that takes one of a few words.

    Raises:
        ValueError: `value` is none of them; the message holds them all.
    """
    if not isinstance(value, str) or value not in choices:
        raise ValueError(f"{argument}={quote_value(value)} came. Type one of {', '.join(map(repr, choices))}.")


def expect_choices(argument: str, values: object, choices: Collection[str]) -> None:
    """An argument that takes several of a few words.

    Raises:
        TypeError: it is no list.
        ValueError: one of the words is none of them; the message holds them all.
    """
    for value in expect_each(values, object, "A word", call=f"{argument}={[*choices][:1]!r}"):
        expect_choice(argument, value, choices)


def is_number(value: object, *, whole: bool = False) -> TypeGuard[float]:
    """Whether this is a number of 64 bits, or a whole one; numpy's count, True and False do not."""
    if isinstance(value, bool) or not isinstance(value, Integral if whole else Real):
        return False
    return not isinstance(value, Integral) or -(2**63) <= int(value) < 2**63


def expect_at_least(argument: str, value: object, least: int | float, *, whole: bool = False) -> None:
    """An argument with a smallest value; numpy's numbers count, True and False do not.

    Raises:
        ValueError: `value` is smaller, no number, or not whole where it must be.

    Example:
        >>> expect_at_least("dim", 2.5, 1, whole=True)
        Traceback (most recent call last):
        ValueError: dim=2.5 came. It must be a whole number, at least 1; type dim=1.
    """
    _expect_wide(argument, value)
    if whole and not is_number(value, whole=True):
        raise ValueError(
            f"{argument}={quote_value(value)} came. It must be a whole number, at least {least}; type {argument}={least}."
        )
    if not is_number(value) or not math.inf > value >= least:
        raise ValueError(f"{argument}={quote_value(value)} came. It must be at least {least}; type {argument}={least}.")


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
    _expect_wide(argument, value)
    if is_number(value, whole=whole):
        high_enough = (least is None or value >= least) and (above is None or value > above)
        if high_enough and -math.inf < value < math.inf and (below is None or value < below):
            return
    kind = ("" if word is None else f'"{word}" or ') + ("a whole number" if whole else "a number")
    if above is not None:
        ends = f" above {above}" if below is None else f" between {above} and {below}"
    elif least is not None:
        ends = f", at least {least}" if below is None else f" from {least} to below {below}"
    else:
        ends = "" if below is None else f" below {below}"
    raise ValueError(f"{argument}={quote_value(value)} came. It must be {kind}{ends}; type {argument}={usual}.")


def _expect_wide(argument: str, value: Any) -> None:
    """Numbers of numpy's that are so short that what is computed with them runs over, in silence, are refused."""
    size = getattr(getattr(value, "dtype", None), "itemsize", 8)
    if isinstance(value, Real) and size < 4:
        raise ValueError(
            f"{argument}={quote_value(value)} came, and what is computed with numbers of {8 * size} bits runs over; "
            f"type {argument}={float(value):g}."
        )


def expect_place(argument: str, index: object, count: int) -> None:
    """A position in a sequence of so many, or a slice of it.

    Raises:
        TypeError: it is neither.
        IndexError: there is no such position.
    """
    if not isinstance(index, slice) and not is_number(index, whole=True):
        raise TypeError(
            f"{argument}[{quote_value(index)}] came. It must be a position or a slice; type {argument}[:1]."
        )
    if not isinstance(index, slice) and not -count <= index < count:
        raise IndexError(f"{argument}[{quote_value(index)}] came, and there are {count:,}. Type {argument}[:1].")


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
    if not is_number(value) or not 0 <= value <= 1:
        raise ValueError(
            f"{argument}={quote_value(value)} came. It must be a share from 0 to 1; type {argument}={usual}."
        )
