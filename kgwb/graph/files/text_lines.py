"""A text as lines and cells that are positions in it, so that only what is looked at becomes text of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np

from kgwb.packages import load_package

LINE, RETURN = ord("\n"), ord("\r")
_BLOCK = 2**18  # what stays in the processor's cache


@dataclass(frozen=True, eq=False)
class TextLines(Sequence[str]):
    """The lines of a text, cut out when they are asked for.

    Attributes:
        text: the text, with line ends of one sign or two.
    """

    text: str

    @cached_property
    def data(self) -> bytes:
        """The text in UTF-8, with a line end behind the last line; halves of characters are let through."""
        text = self.text if self.text.endswith("\n") else self.text + "\n"
        return text.encode("utf-8", "surrogatepass")

    @cached_property
    def signs(self) -> np.ndarray:
        """The same as numbers, uint8 [sign]."""
        return np.frombuffer(self.data, dtype=np.uint8)

    @cached_property
    def ends(self) -> np.ndarray:
        """Where each line ends, int64 [line]."""
        return find_signs(self.signs, LINE)

    @cached_property
    def starts(self) -> np.ndarray:
        """Where each line begins, int64 [line]."""
        return np.concatenate([[0], self.ends[:-1] + 1])

    @cached_property
    def places(self) -> np.ndarray:
        """The same, counted in characters, as regular expressions count."""
        if self.data.isascii():
            return self.starts
        characters = (self.signs & 0xC0) != 0x80  # every other sign goes on with the character before it
        return np.concatenate([[0], np.cumsum(np.add.reduceat(characters, self.starts, dtype=np.int64))[:-1]])

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> list[str]: ...
    def __getitem__(self, number: int | slice) -> str | list[str]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        line = self.data[self.starts[number] : self.ends[number]]
        return line.decode("utf-8", "surrogatepass").removesuffix("\r")


def find_signs(signs: np.ndarray, *wanted: int) -> np.ndarray:
    """Where any of these signs stand, int64 [place]."""
    found = [np.empty(0, dtype=np.int64)]
    for start in range(0, len(signs), _BLOCK):
        block = signs[start : start + _BLOCK]
        fits = block == wanted[0]
        for other in wanted[1:]:
            fits |= block == other
        found.append(np.flatnonzero(fits) + start)
    return np.concatenate(found)


def can_number_cells() -> bool:
    """Whether `number_cells` has what it needs."""
    try:
        load_package("pyarrow", "Reading fast")
    except ImportError:
        return False
    return True


def number_cells(
    lines: TextLines, columns: Iterable[tuple[np.ndarray, np.ndarray]]
) -> tuple[list[np.ndarray], list[str]]:
    """For each column, which of all different cells each of its cells is, int32 [row]; and those as text.

    Args:
        lines: the text.
        columns: where the cells of each begin and end, one behind the other.

    Raises:
        ImportError: pyarrow is not installed; gives the line that installs it.
    """
    arrow = load_package("pyarrow", "Reading fast")
    data, taken = arrow.py_buffer(lines.data), []
    for starts, ends in columns:
        places = np.empty(2 * len(starts) + 1, dtype=np.int64)
        places[:-1:2], places[1::2], places[-1] = starts, ends, len(lines.data)
        between = arrow.Array.from_buffers(
            arrow.large_string(), 2 * len(starts), [None, arrow.py_buffer(places), data]
        )  # cells in turn with what lies between them
        taken.append(between.take(arrow.array(np.arange(0, 2 * len(starts), 2))))
    chunks = arrow.chunked_array(taken).dictionary_encode().chunks
    return [chunk.indices.to_numpy() for chunk in chunks], chunks[0].dictionary.to_pylist()
