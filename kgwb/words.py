"""Words for messages and labels: counts with their noun, one line of a long text, what kind of thing came."""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterable, Mapping
from numbers import Number

LONGEST_QUOTE = 160
LONGEST_LIST = 12
# What a message repeats as it came.
_TYPED = (str, bytes, Number, type(None))
# Signs that steer a terminal, and those that turn the direction of writing round.
_HALF = re.compile("[\ud800-\udfff]")
CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def is_whole(text: str) -> bool:
    """Whether the text holds no half of a surrogate pair, which no file can hold: bytes decoded in a wrong way do.

    Example:
        >>> is_whole("a\\ud800b")
        False
    """
    return text.isascii() or _HALF.search(text) is None


def mend_text(text: str) -> str:
    """The text without halves of surrogate pairs, which no file and no tokenizer can hold; each becomes \ufffd.

    Example:
        >>> mend_text("a\\ud800b")
        'a�b'
    """
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def tell_language(text: str) -> str:
    """ "zh" for a text with Chinese characters, "en" for any other.

    Example:
        >>> tell_language("她住在北京。"), tell_language("Paris is old.")
        ('zh', 'en')
    """
    return "zh" if not text.isascii() and CHINESE.search(text) else "en"


def count_things(count: int, kind: str) -> str:
    """A count with its noun in the right number.

    Example:
        >>> count_things(1, "triple"), count_things(2000, "entity"), count_things(2, "way")
        ('1 triple', '2,000 entities', '2 ways')
    """
    plural = kind[:-1] + "ies" if kind.endswith("y") and kind[-2:-1] not in "aeiou" else kind + "s"
    return f"{count:,} {kind if count == 1 else plural}"


def spell_counts(counts: Mapping[str, int]) -> str:
    """How often each reason came up, for a message.

    Example:
        >>> spell_counts({"only one candidate": 1, "too long": 2000}), spell_counts({})
        ('1 only one candidate, 2,000 too long', 'none')
    """
    return ", ".join(f"{count:,} {why}" for why, count in sorted(counts.items())) or "none"


def shorten(text: str, length: int = 28) -> str:
    """The text on one line, cut with an ellipsis where it is longer than `length` characters.

    Signs that steer a terminal or turn the direction of writing round are shown as �.

    Example:
        >>> shorten("a long  name", 8)
        'a long…'
    """
    line = _STEERING.sub("�", " ".join(text.split()))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def quote(text: object) -> str:
    """The text in quotation marks, on one line, cut where it is very long."""
    plain = str(text)
    return repr(plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 1] + "…")


def quote_value(value: object) -> str:
    """A value as it would be typed, cut where it is long; what cannot be typed is named by its kind.

    Example:
        >>> quote_value("umls"), quote_value([0.8, 0.1]), quote_value(object())
        ("'umls'", '[0.8, 0.1]', 'an object')
    """
    if isinstance(value, (list, tuple, set, dict)) and len(value) <= LONGEST_LIST:
        parts = (*value, *value.values()) if isinstance(value, dict) else value
        typed = all(isinstance(part, _TYPED) for part in parts)
    else:
        typed = isinstance(value, _TYPED)
    return shorten(repr(value), LONGEST_QUOTE) if typed else describe_kind(value)


def describe_kind(value: object) -> str:
    """What came, where something else was expected.

    Example:
        >>> describe_kind("umls"), describe_kind(dict), describe_kind(None)
        ("the text 'umls'", 'the class dict', 'None')
    """
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return f"the text {quote(value)}"
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} {name}"


def find_nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The labels spelt most like a name, nearest first.

    Args:
        name: what was typed.
        known: the labels there are.
        count: how many to give.

    Returns:
        At most `count` labels; fewer only where there are fewer.

    Example:
        >>> find_nearest("Berlni", ["Berlin", "Bern", "Paris"], count=2)
        ['Berlin', 'Bern']
    """
    wanted = name[:LONGEST_QUOTE].casefold()
    folded: dict[str, str] = {}
    for label in known:
        folded.setdefault(label[:LONGEST_QUOTE].casefold(), label)
    # Comparing letter by letter is slow, so only the labels that share most letter pairs are compared.
    likely = heapq.nlargest(100, folded, key=lambda label: _shared_pairs(wanted, label))
    return [folded[match] for match in difflib.get_close_matches(wanted, likely, n=count, cutoff=0.0)]


def _shared_pairs(one: str, other: str) -> float:
    pairs, others = ({text[i : i + 2] for i in range(max(1, len(text) - 1))} for text in (one, other))
    return len(pairs & others) / (len(pairs) + len(others))
