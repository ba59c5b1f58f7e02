"""Names for an invented world: made of syllables, far from one another, and whole in no English vocabulary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from chance import pick

VOWELS = "aeiou"
SYLLABLES = {
    "": "阿埃伊奥乌",
    "b": "巴贝比博布",
    "d": "达德迪多杜",
    "f": "法费菲福富",
    "g": "加格吉戈古",
    "h": "哈赫希霍胡",
    "j": "贾杰季乔朱",
    "k": "卡凯基科库",
    "l": "拉莱利洛卢",
    "m": "马梅米莫穆",
    "n": "纳内尼诺努",
    "p": "帕佩皮波普",
    "r": "腊雷里罗鲁",
    "s": "萨塞西索苏",
    "t": "塔特蒂托图",
    "v": "瓦韦维沃武",
    "z": "扎泽齐佐祖",
}
CODAS = {"n": "恩", "r": "尔", "l": "勒", "s": "斯", "k": "克", "m": "姆", "t": "忒", "sh": "什", "th": "思"}
MIDDLE_CODAS = ("n", "r", "l", "s")
LAST_CODAS = ("n", "r", "l", "k", "m", "t", "sh", "th")  # no "s": it would read as a plural
LONGEST_OPENING = 3  # letters; a longer first piece is mostly an English word with an ending
# Words that came up and are names or words somewhere in the world we know.
REFUSED = frozenset(
    """
    armel aski banon boner dakot denki derra dobar donum enti espen febe fenne fuken futin galil gerdi hansa
    hatura hilam hubit jaren jonath kalon kelli koli konde kukot lazan ledum lijun lurona majur manrove maven
    mendi miko mohe mosa moza mozan mundi nager natur onsen opolo osha oslen palami perso poner porgi rudar
    salar salo salomi satun servil sezar sida sonin sosta sulat supura susu taman tamim tarik tokala tolik
    viril volnova zoro zubin zuni
    """.split()
)


@dataclass(frozen=True)
class Word:
    """An invented word, its Chinese transliteration and the word pieces BERT cuts it into."""

    text: str
    chinese: str
    pieces: tuple[str, ...]


def split_word(word: str, vocabulary: frozenset[str]) -> tuple[str, ...]:
    """Cut a lower-case word as BERT does: the longest piece the vocabulary holds, again and again.

    Greedy longest match (WordPiece, Wu et al., 2016). Empty when some rest is not in the vocabulary.
    """
    pieces: list[str] = []
    start = 0
    while start < len(word):
        prefix = "##" if start else ""
        ends = (end for end in range(len(word), start, -1) if prefix + word[start:end] in vocabulary)
        end = next(ends, None)
        if end is None:
            return ()
        pieces.append(prefix + word[start:end])
        start = end
    return tuple(pieces)


def far_apart(first: str, second: str) -> bool:
    """Whether neither word holds the other and it takes two edits or more to get from one to the other."""
    if first in second or second in first:
        return False
    short, long = sorted((first, second), key=len)
    if len(long) - len(short) > 1:
        return True
    same = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[same + (len(short) == len(long)) :] != long[same + 1 :]


class NameMaker:
    """Makes words that none of the words it made before resembles."""

    def __init__(self, vocabulary: frozenset[str], random: Random) -> None:
        self._vocabulary = vocabulary
        self._random = random
        self._made: list[Word] = []

    def make(
        self, count: int, *, letters: range, syllables: tuple[int, int], pieces: int, openings: bool
    ) -> list[Word]:
        """Make some words.

        Args:
            count: how many.
            letters: the lengths allowed.
            syllables: least and most syllables.
            pieces: into how many word pieces BERT cuts each; with two or more, no word is whole in the vocabulary.
            openings: whether all their first word pieces must differ.
        """
        made: list[Word] = []
        for word in self._draw(letters, syllables):
            fits = len(word.pieces) == pieces and len(word.pieces[0]) <= LONGEST_OPENING and word.text not in REFUSED
            new = fits and not (openings and word.pieces[0] in {other.pieces[0] for other in made})
            if new and all(self._differ(word, other) for other in self._made):
                made.append(word)
                self._made.append(word)
            if len(made) == count:
                break
        return made

    def _draw(self, letters: range, syllables: tuple[int, int]) -> Iterator[Word]:
        least, most = syllables
        while True:
            text, chinese = self._spell(least + int(self._random.random() * (most - least + 1)))
            if len(text) in letters:
                yield Word(text, chinese, split_word(text, self._vocabulary))

    def _spell(self, syllables: int) -> tuple[str, str]:
        text = chinese = ""
        for position in range(syllables):
            last = position == syllables - 1
            onset = pick(self._random, tuple(SYLLABLES)[bool(position) :])
            vowel = pick(self._random, tuple(VOWELS))
            text += onset + vowel
            chinese += SYLLABLES[onset][VOWELS.index(vowel)]
            if self._random.random() < (0.5 if last else 0.3):
                coda = pick(self._random, LAST_CODAS if last else MIDDLE_CODAS)
                text += coda
                chinese += CODAS[coda]
        return text, chinese

    @staticmethod
    def _differ(word: Word, other: Word) -> bool:
        apart = word.chinese not in other.chinese and other.chinese not in word.chinese
        return apart and far_apart(word.text, other.text)
