"""Words that have no place in kgwb's texts, with what the field says instead."""

from __future__ import annotations

import re

# Whoever searches for the usual word must find it.
QUAINT = {
    "slope": "gradient",
    "surprise": "loss",
    "loudness": "norm",
    "loud": "long",
    "pace": "learning-rate factor",
    "nought": "zero",
    "nobody": "none, no entity",
    "somebody": "someone, an entity",
    "hears": "receives",
    "dealt out": "permuted, shuffled",
    "deal out": "permute, shuffle",
}
# In the course, in code as well. "dealt" is also the name of a control: `dealt`, controls=["dealt"] and "memory/dealt" name it.
COURSE = QUAINT | {
    "dealt": "shuffled, given at random",
    "told once": "stated once",
    "stands in the book": "is in train",
    "handsome": "better than it is",
    "hears from": "receives from",
}
_NAMED = {"dealt": r"(?!(?<=[\"'`/])dealt[\"'`])"}


def spell(word: str, *, unless: str = "") -> re.Pattern[str]:
    """A pattern for a word or several, whatever the case and the space between them."""
    spelt = word.replace(" ", r"\s+")
    return re.compile(rf"{unless}(?<![A-Za-z]){spelt}(?![A-Za-z])", re.IGNORECASE)


def find_quaint(text: str) -> dict[str, str]:
    """The words of a course's text that the field does not use, with what it says instead."""
    return {word: said for word, said in COURSE.items() if spell(word, unless=_NAMED.get(word, "")).search(text)}
