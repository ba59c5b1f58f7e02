"""Finding the entities that a text names, by the names that a graph has for them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kgwb.bert.encoding import place_mention
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.graph.knowledge_graph import expect_graph

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

# A name in Chinese, Japanese or Thai needs no space around it.
_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI")
# "us" and "in" are words, "US" and "IN" are names.
_SHORTEST_IN_ANY_CASE = 3
_APOSTROPHES = "\u2018\u2019\u02bc\uff07"


def find_mentions(
    sentences: Sequence[str], graph: KnowledgeGraph, tokenizer: PreTrainedTokenizerBase
) -> list[list[Mention]]:
    """Find where sentences name entities of a graph: the longest match over labels and aliases, from the left.

    Case, the accents of Latin and Greek letters, and line breaks or further spaces within a name are ignored; but a
    name of one or two Latin letters is found to the letter only (US, not us), and punctuation alone never. A name
    begins and ends where a word does, except in scripts that write no spaces. Of several entities with one name the
    best connected is taken; all are kept in `candidates`, among which `link_mentions` chooses by the sentence.

    Args:
        sentences: the texts.
        graph: whose labels and aliases (all columns named `label...`, and `aliases`) are looked for.
        tokenizer: a fast tokenizer; it says which word pieces each mention covers.

    Returns:
        For each sentence its mentions, in order, without overlap.

    Raises:
        TypeError: for a single text, or what is no graph.

    Example:
        >>> import pandas as pd
        >>> from kgwb import load_bert
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame([["New York", "in", "USA"]], columns=["head", "relation", "tail"]))
        >>> [[found]] = find_mentions(["new york is big."], graph, load_bert().tokenizer)
        >>> found.text, found.pieces
        ('new york', (1, 3))
    """
    if isinstance(sentences, str):
        raise TypeError(
            f"One text came: {sentences[:40]!r}. Expected a list of texts; type find_mentions([text], ...)."
        )
    expect_graph(graph, "find_mentions(sentences, {}, bert.tokenizer)")
    names = index_names(graph)
    return [list(_attach_pieces(text, match_names(text, names), tokenizer)) for text in sentences]


def _attach_pieces(text: str, found: Iterator[Mention], tokenizer: PreTrainedTokenizerBase) -> Iterator[Mention]:
    cut = tokenizer(text, return_offsets_mapping=True, verbose=False)
    marks = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
    for mention in found:
        placed = place_mention(mention, text, cut["offset_mapping"])
        # "[MASK]" names no entity called Mask.
        if placed.pieces and marks.isdisjoint(cut["input_ids"][slice(*placed.pieces)]):
            yield placed


@dataclass(frozen=True)
class FoldedText:
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
class NameIndex:
    """Every name of a graph's entities.

    Attributes:
        entities: folded name to the entities it can name, best connected first.
        lengths: first character of a name to the lengths such names have, longest first.
        spellings: folded name to how it is spelt, where that matters: "IN" is Indiana, "in" is not.
    """

    entities: Mapping[str, tuple[int, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    spellings: Mapping[str, set[str]]

    def find_longest(self, folded: FoldedText, start: int) -> str | None:
        """The longest name that begins at a border and ends at one."""
        if not folded.is_border(start):
            return None
        for length in self.lengths.get(folded.text[start], ()):
            name = folded.text[start : start + length]
            if name in self.entities and len(name) == length and folded.is_border(start + length):
                return name
        return None


def index_names(graph: KnowledgeGraph) -> NameIndex:
    """All labels, in every language, and all aliases of a graph."""
    found: dict[str, set[int]] = {}
    exact: dict[str, set[str]] = {}
    for entity, name in _list_names(graph):
        folded = fold_text(name).text
        if folded.isascii() and not any(map(str.isalnum, folded)):
            continue  # nothing, or punctuation: a full stop names no entity
        found.setdefault(folded, set()).add(entity)
        if folded.isascii() and len(folded) < _SHORTEST_IN_ANY_CASE:
            exact.setdefault(folded, set()).add(name)
    degrees = graph.degrees
    lengths: dict[str, set[int]] = {}
    for name in found:
        lengths.setdefault(name[0], set()).add(len(name))
    return NameIndex(
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


def match_names(text: str, names: NameIndex) -> Iterator[Mention]:
    """The longest names from the left, without overlap."""
    folded = fold_text(text)
    position = 0
    while position < len(folded.text):
        name = names.find_longest(folded, position)
        stop = position + (len(name) if name else 1)
        start, end = folded.starts[position], folded.ends[stop - 1]
        position = stop
        if name and text[start:end] in names.spellings.get(name, {text[start:end]}):
            ids = names.entities[name]
            yield Mention(start, end, ids[0], text[start:end], candidates=ids)


def fold_text(text: str) -> FoldedText:
    """A text in lower case, without accents however they are written, and without line breaks.

    Example:
        >>> fold_text("Sa\u0303o  Tomé").text
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
    return FoldedText("".join(letters), tuple(starts), tuple(ends))


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
