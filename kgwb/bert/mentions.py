"""The names by which a graph knows its entities, and where a text spells them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kgwb.graph import KnowledgeGraph, Mention

# A name in Chinese, Japanese or Thai needs no space around it.
_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI")
# "us" and "in" are words, "US" and "IN" are names.
_SHORTEST_IN_ANY_CASE = 3
_APOSTROPHES = "\u2018\u2019\u02bc\uff07"


@dataclass(frozen=True)
class Folded:
    """A text as names are compared in it, and where each of its characters came from.

    Attributes:
        text: lower case, without accents, every run of white space one space.
        starts: per character of `text`, where in the original what it stands for begins.
        ends: the same, where it ends; characters that share a start stand for one letter with its marks.
    """

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def is_border(self, position: int) -> bool:
        """Whether a word may begin or end before the character at `position`."""
        if position in (0, len(self.text)):
            return True
        before, after = self.text[position - 1], self.text[position]
        if self.starts[position - 1] == self.starts[position]:
            return False
        return not (before.isalnum() and after.isalnum()) or _is_spaceless(before) or _is_spaceless(after)


@dataclass(frozen=True)
class Names:
    """Every name of a graph's entities.

    Attributes:
        entities: folded name to the entities it can name, best connected first.
        lengths: first character of a name to the lengths such names have, longest first.
        spellings: folded name to how it is spelt, where that matters: "IN" is Indiana, "in" is not.
    """

    entities: Mapping[str, tuple[int, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    spellings: Mapping[str, set[str]]

    def find_longest(self, folded: Folded, start: int) -> str | None:
        """The longest name that begins at a border and ends at one."""
        if not folded.is_border(start):
            return None
        for length in self.lengths.get(folded.text[start], ()):
            name = folded.text[start : start + length]
            if name in self.entities and len(name) == length and folded.is_border(start + length):
                return name
        return None


def collect_names(graph: KnowledgeGraph) -> Names:
    """All labels, in every language, and all aliases of a graph."""
    found: dict[str, set[int]] = {}
    exact: dict[str, set[str]] = {}
    for entity, name in _list_names(graph):
        folded = fold(name).text
        if folded.isascii() and not any(map(str.isalnum, folded)):
            continue  # nothing, or punctuation: a full stop names no one
        found.setdefault(folded, set()).add(entity)
        if folded.isascii() and len(folded) < _SHORTEST_IN_ANY_CASE:
            exact.setdefault(folded, set()).add(name)
    degrees = graph.degrees
    lengths: dict[str, set[int]] = {}
    for name in found:
        lengths.setdefault(name[0], set()).add(len(name))
    return Names(
        {name: tuple(sorted(ids, key=lambda i: (-degrees[i], i))) for name, ids in found.items()},
        {first: tuple(sorted(those, reverse=True)) for first, those in lengths.items()},
        exact,
    )


def _list_names(graph: KnowledgeGraph) -> Iterator[tuple[int, str]]:
    for column in graph.entities.columns:
        if column == "label" or column.startswith("label_"):
            labels = enumerate(graph.entities[column])
            yield from ((entity, label.strip()) for entity, label in labels if isinstance(label, str))
    for entity, aliases in enumerate(graph.entities["aliases"]):
        yield from ((entity, alias.strip()) for alias in aliases)


def match_names(text: str, names: Names) -> Iterator[Mention]:
    """The longest names from the left, without overlap."""
    folded = fold(text)
    position = 0
    while position < len(folded.text):
        name = names.find_longest(folded, position)
        stop = position + (len(name) if name else 1)
        start, end = folded.starts[position], folded.ends[stop - 1]
        position = stop
        if name and text[start:end] in names.spellings.get(name, {text[start:end]}):
            ids = names.entities[name]
            yield Mention(start, end, ids[0], text[start:end], candidates=ids)


def fold(text: str) -> Folded:
    """A text in lower case, without accents however they are written, and without line breaks.

    Example:
        >>> fold("Sa\u0303o  Tomé").text
        'sao tome'
    """
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _split_letters(text):
        folded = _fold_letter(text[start:end])
        # A line of Chinese may break within a word.
        around = (letters[-1][-1] if letters else "", text[end : end + 1])
        if folded == " " and "\n" in text[start:end] and all(map(_is_spaceless, around)):
            continue
        letters.append(folded)
        starts += [start] * len(folded)
        ends += [end] * len(folded)
    return Folded("".join(letters), tuple(starts), tuple(ends))


def _split_letters(text: str) -> Iterator[tuple[int, int]]:
    """Where each letter lies with the marks that follow it; white space stays together."""
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or not _continues(text[end - 1], text[end]):
            yield start, end
            start = end


def _continues(before: str, after: str) -> bool:
    if after.isascii():
        return after.isspace() and before.isspace()
    # Korean may come in parts too: the vowel and the last consonant of a syllable follow the first.
    return (before.isspace() and after.isspace()) or unicodedata.combining(after) > 0 or "\u1160" <= after <= "\u11ff"


def _fold_letter(letter: str) -> str:
    if letter.isascii():
        return " " if letter.isspace() else letter.lower()
    if letter.isspace():
        return " "
    if letter in _APOSTROPHES:
        return "'"
    lower = unicodedata.normalize("NFC", letter).lower()
    base = unicodedata.normalize("NFD", lower)[:1]
    # Elsewhere decomposition takes letters apart, not accents off: 한 into ᄒ, パ into ハ, й into и.
    return base if base.isascii() or "\u0370" <= base <= "\u03ff" else lower


def _is_spaceless(character: str) -> bool:
    return character > "\u0e00" and unicodedata.name(character, "").startswith(_SPACELESS)
