"""ROUGE-1, ROUGE-2 and ROUGE-L as F (Lin, 2004), in small letters, without a stemmer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Words = Sequence[str]


def measure_rouge(summary: Sequence[Words], reference: Sequence[Words]) -> dict[str, float]:
    """The three measures of a summary, given as sentences of words, and the recall of ROUGE-1.

    Example:
        >>> measure_rouge([["the", "cat", "sat"]], [["the", "cat"], ["it", "sat"]])
        {'ROUGE-1': 0.857..., 'ROUGE-2': 0.4, 'ROUGE-L': 0.857..., 'recall': 0.75}
    """
    ones, twos = ([_count_runs(text, length) for text in (summary, reference)] for length in (1, 2))
    left, common = Counter(word for sentence in summary for word in sentence), 0
    for sentence in reference:
        for word in _share_words(sentence, summary):  # a word of the summary is found once
            common += left[word] > 0
            left[word] -= 1
    sizes = [sum(map(len, text)) for text in (summary, reference)]
    overlap = (ones[0] & ones[1]).total()
    return {
        "ROUGE-1": _find_f(overlap, ones[0].total(), ones[1].total()),
        "ROUGE-2": _find_f((twos[0] & twos[1]).total(), twos[0].total(), twos[1].total()),
        "ROUGE-L": _find_f(common, *sizes),
        "recall": overlap / max(1, ones[1].total()),
    }


def _count_runs(text: Sequence[Words], length: int) -> Counter[tuple[str, ...]]:
    words = [word for sentence in text for word in sentence]
    return Counter(zip(*(words[start:] for start in range(length)), strict=False))


def _find_f(common: int, given: int, wanted: int) -> float:
    return 2 * common / (given + wanted) if given + wanted else 0.0


def _share_words(reference: Words, summary: Sequence[Words]) -> list[str]:
    """The words of a reference's sentence in a longest common subsequence with any of the summary's sentences: their union."""
    places = set().union(*(_follow_longest(reference, sentence) for sentence in summary))
    return [reference[place] for place in sorted(places)]


def _follow_longest(one: Words, other: Words) -> set[int]:
    """The places in `one` of a longest common subsequence with `other`."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, word in enumerate(one, 1):
        for j, beside in enumerate(other, 1):
            table[i][j] = table[i - 1][j - 1] + 1 if word == beside else max(table[i - 1][j], table[i][j - 1])
    places, i, j = set(), len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            places.add(i - 1)
            i, j = i - 1, j - 1
        elif table[i - 1][j] >= table[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return places
