"""Texts as names are compared in them: folded by Unicode's rules, with every character's place in the original."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from typing import Any

from kgwb.packages import load_package

# One sign for all that typesetters choose between; the em dash parts phrases, not words.
_SAME = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201b\u02bb\u02bc\u00b4`\u2032\uff07", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\uff06\ufe60", "&")
)
# Letters with a stroke do not decompose into a letter and a mark.
_STROKES = str.maketrans("łøđħı", "lodhi")
# White space together, else a letter with its marks; Korean may come in parts too. For speed, Chinese and plain letters
# come by the run, but for the last one, to which marks may belong.
_LETTERS = r"[\s\x1c-\x1f]+|[\u4e00-\u9fff]+(?=[\u4e00-\u9fff])|[A-Za-z]+(?=[A-Za-z])|\X"
_INVISIBLE = r"\p{Default_Ignorable_Code_Point}+"
_PLAIN = r"(?:[!-%'-_a-~]+ ?)*"
_SPACELESS = r"[\p{Han}\p{Hiragana}\p{Bopomofo}\p{Yi}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_PARTICLES = (
    r"(?:에서|에게|에|으로|로|부터|까지|처럼|보다|만|이나|나|이랑|랑|하고|이며|며|이고|이다|입니다|이라는|라는|이란|란)?"
    r"(?:은|는|이|가|을|를|의|와|과|도|만)?(?![\p{L}\p{M}\p{N}])"
)


@dataclass(frozen=True)
class FoldedText:
    """A text as names are compared in it, and where each of its characters came from.

    Attributes:
        text: compatibility forms made plain, case folded, without accents and invisible characters, every run of white
            space one space.
        starts: per character of `text`, where in the original what it stands for begins.
        ends: the same, where it ends; characters that share a start stand for one letter with its marks.
        borders: whether a word may begin or end before the character, and after the last.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]
    borders: Sequence[bool]

    def is_end(self, position: int) -> bool:
        """Whether a name may end before the character at `position`: at a border, or before a Korean particle."""
        if self.borders[position]:
            return True
        if not "\uac00" <= self.text[position] <= "\ud7a3" or self.starts[position - 1] == self.starts[position]:
            return False
        return compile_pattern(_PARTICLES).match(self.text, pos=position) is not None


def fold_text(text: str) -> FoldedText:
    """A text by NFKC and casefold, without accents however they are written, invisible characters and line breaks.

    Unicode Standard Annexes 15 (normalization) and 29 (letters with their marks). All hyphens are one, all apostrophes
    too, and `&` is `and`.

    Example:
        >>> fold_text("Sa\u0303o  Tomé & Ｕ\u00adＳＡ").text
        'sao tome and usa'
    """
    if text.isascii() and compile_pattern(_PLAIN).fullmatch(text):
        words = [letter.isalnum() for letter in text]
        borders = [True, *(not (a and b) for a, b in pairwise(words)), True]
        return FoldedText(text.lower(), range(len(text)), range(1, len(text) + 1), borders if text else [True])
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    borders, before, parted = [], "", True
    for found in compile_pattern(_LETTERS).finditer(text):
        is_chinese = min(found[0]) >= "\u4e00" and max(found[0]) <= "\u9fff"
        folded = found[0] if is_chinese else _fold_letter(found[0])
        if not folded:
            parted = parted or "\u200b" in found[0]  # a blank without width
            continue
        following = text[found.end() : found.end() + 1]
        if folded == " " and "\n" in found[0] and _may_break(before) and _may_break(following):
            continue  # a line of Chinese may break within a word
        if folded == before == " ":
            ends[-1] = found.end()
            continue
        is_and = found[0] in "&\uff06\ufe60"
        first, last = found.span()
        borders += [parted or is_and or _is_border(before, folded[0]), *[is_chinese] * (len(folded) - 1)]
        letters.append(folded)
        is_run = last - first == len(folded) > 1 and (is_chinese or found[0].isascii())
        starts += range(first, last) if is_run else [first] * len(folded)
        ends += range(first + 1, last + 1) if is_run else [last] * len(folded)
        before, parted = folded[-1], is_and
    return FoldedText("".join(letters), starts, ends, [*borders, True])


@cache
def compile_pattern(pattern: str) -> Any:
    """A compiled pattern of the package `regex`, which knows Unicode's properties."""
    return load_package("regex", "find_mentions").compile(pattern)


def spell_plainly(text: str) -> str:
    """A spelling whose case and accents count, and no more than these: full-width letters are letters."""
    plain = unicodedata.normalize("NFKC", text.translate(_SAME))
    return " ".join(compile_pattern(_INVISIBLE).sub("", plain).split())


@lru_cache(4096)
def _fold_letter(letter: str) -> str:
    if letter.isspace():
        return " "
    if letter.isascii():
        return "and" if letter == "&" else "'" if letter == "`" else letter.lower()
    plain = unicodedata.normalize("NFKC", letter.translate(_SAME))
    plain = compile_pattern(_INVISIBLE).sub("", plain)
    folded = unicodedata.normalize("NFKC", plain.casefold()).translate(_STROKES)
    if folded == "&":
        return "and"
    base = unicodedata.normalize("NFD", folded)
    # Elsewhere decomposition takes letters apart, not accents off: 한 into ᄒ, パ into ハ, й into и.
    if base[:1].isascii() or "\u0370" <= base[:1] <= "\u03ff":
        return "".join(each for each in base if not unicodedata.category(each).startswith("M")) or folded
    return folded


def _is_border(before: str, after: str) -> bool:
    """Whether a word may end between two letters."""
    if not (_is_word(before) and _is_word(after)):
        return True
    if _is_katakana(before) or _is_katakana(after):
        return not (_is_katakana(before) and _is_katakana(after))
    return _is_spaceless(before) or _is_spaceless(after)


def _is_word(letter: str) -> bool:
    return letter.isalnum() if letter.isascii() else unicodedata.category(letter)[0] in "LMN"


def _is_katakana(letter: str) -> bool:
    return "\u30a1" <= letter <= "\u30ff" and letter != "\u30fb"


def _is_spaceless(letter: str) -> bool:
    """Whether names in its script need no space around them."""
    if letter < "\u0e00" or "\u4e00" <= letter <= "\u9fff":
        return letter >= "\u4e00"
    return compile_pattern(_SPACELESS).match(letter) is not None


def _may_break(letter: str) -> bool:
    return _is_katakana(letter) or _is_spaceless(letter)
