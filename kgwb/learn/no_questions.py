"""Why no question could be made of sentences, and what to type so that some can."""

from __future__ import annotations

from collections.abc import Mapping

from kgwb.words import count_things, spell_counts

ONE, FEWER = "only one candidate", "fewer than {} candidates"
_SAY = "kgwb.make_questions(kgwb.verbalise(graph), graph)"
_READ = "kgwb.make_questions(kgwb.read_sentences(folder, graph), graph)"


def describe_none(
    sentences: int, stated: int, language: str, left_out: Mapping[str, int], *, other: str | None, entities: int
) -> str:
    """The text of the error.

    Args:
        sentences: how many came.
        stated: how many of them state a fact that was asked for, in the language.
        language: of the questions.
        left_out: why the others gave no question, counted.
        other: another language that the sentences are in, or None.
        entities: how many there are to choose from where all are candidates; 0 where they are already.
    """
    if not sentences:
        return f"No sentences came. Expected some; to say the graph's own facts, type {_SAY}."
    states = "states" if stated == 1 else "state"
    counts = f"left out: {spell_counts(left_out)}"
    came = f"No question could be made from {count_things(sentences, 'sentence')} ({stated} {states} a wanted fact in "
    came += f"{language!r}; {counts}). "
    if other is not None:
        mend = f"Expected sentences with mentions and a triple; type {_READ[:-1]}, language={other!r})."
    elif left_out and set(left_out) == {ONE}:
        mend = "Expected facts of one relation with two tails or more; add such facts to the graph"
        mend += ', or type candidates="all" to choose among all entities.' if entities > 2 else "."
    elif any(why.startswith("fewer than") for why in left_out):
        mend = "Expected facts of one relation with as many tails; add such facts to the graph, or type choices=0."
    else:
        mend = f"Expected sentences with mentions and a triple; type {_READ}, or to say the graph's own facts, {_SAY}."
    return came + mend
