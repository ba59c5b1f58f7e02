"""Rewriting sentences and questions: spans exchanged, mentions moved along, and what cannot stand counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from kgwb.checks import expect_each
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.questions import MASK, Question, Questions
from kgwb.learn.text_tasks.corpus import Corpus
from kgwb.words import count_things, spell_counts

Texts: TypeAlias = Sequence[Sentence] | Questions
# What one sentence becomes: other sentences, and in place of those that did not come about, a text that says why.
Rewriter: TypeAlias = Callable[[Sentence], Iterable[Sentence | str]]
Edit: TypeAlias = tuple[int, int, str]  # first character, one past the last, what stands there instead


def edit_text(sentence: Sentence, edits: Iterable[Edit], *, drop: Iterable[Mention] = ()) -> Sentence:
    """The sentence with some spans exchanged, and its mentions where they are then.

    A mention that is exactly such a span is called what now stands there; others must not touch one.

    Args:
        sentence: stays as it is.
        edits: which must not overlap.
        drop: mentions that the new sentence no longer has.

    Example:
        >>> sentence = Sentence("Ada speaks Ket.", (Mention(0, 3, 0, "Ada"), Mention(11, 14, 1, "Ket")))
        >>> edit_text(sentence, [(0, 3, "Ada Lane")])
        Sentence(text='Ada Lane speaks Ket.', mentions=(Mention(start=0, end=8, entity=0, text='Ada Lane', pieces=None, \
candidates=()), Mention(start=16, end=19, entity=1, text='Ket', pieces=None, candidates=())), triple=None, wording=0, \
language='en')
    """
    ordered, gone = sorted(edits), set(drop)
    parts, end = [], 0
    for start, stop, new in ordered:
        parts += [sentence.text[end:start], new]
        end = stop
    text = "".join([*parts, sentence.text[end:]])
    moved = []
    for mention in (each for each in sentence.mentions if each not in gone):
        before = sum(len(new) - (stop - start) for start, stop, new in ordered if stop <= mention.start)
        own = [new for start, stop, new in ordered if (start, stop) == (mention.start, mention.end)]
        start = mention.start + before
        stop = start + (len(own[0]) if own else mention.end - mention.start)
        moved.append(replace(mention, start=start, end=stop, text=text[start:stop], pieces=None))
    return replace(sentence, text=text, mentions=tuple(moved))


def rewrite_all(given: Texts, rewrite: Rewriter, *, name: str, call: str) -> Corpus | Questions:
    """The new sentences or questions, without the old ones; what did not come about is counted.

    Args:
        given: stay as they are.
        rewrite: what one becomes.
        name: of the way, for the result.
        call: what to type, for messages.

    Raises:
        TypeError: for what are no sentences.
        ValueError: if nothing new came about; says why.
    """
    sentences = list_sentences(given, call)
    answers = (
        [each.names[each.candidates.index(each.answer)] for each in given] if isinstance(given, Questions) else None
    )
    known = {sentence.text for sentence in sentences}
    left_out: Counter[str] = Counter()
    kept: list[tuple[int, Sentence]] = []
    for row, sentence in enumerate(sentences):
        for found in rewrite(sentence):
            answer = None if answers is None else answers[row]
            why = found if isinstance(found, str) else _refuse(sentence, found, known, answer)
            if why or isinstance(found, str):
                left_out[str(why)] += 1
            else:
                known.add(found.text)
                kept.append((row, found))
    if not kept:
        kind = "question" if isinstance(given, Questions) else "sentence"
        raise ValueError(
            f"Nothing new came of {count_things(len(sentences), kind)} ({name}; dropped: {spell_counts(left_out)}). "
            f"Expected one at least; type {call}."
        )
    told = tuple(sorted(left_out.items()))
    if isinstance(given, Questions):
        items = tuple(
            replace(given[row], text=new.text, mentions=new.mentions, wording=new.wording) for row, new in kept
        )
        return Questions(given.graph, items, told)
    return Corpus(name, tuple(new for _, new in kept), tuple(range(len(kept))), told)


def list_sentences(given: object, call: str) -> list[Sentence]:
    """Sentences, or questions as sentences whose answer is [MASK].

    Raises:
        TypeError: for anything else.
    """
    if isinstance(given, Questions):
        return [_as_sentence(question) for question in given]
    return expect_each(given, Sentence, "A sentence", call=call)


def find_own_graph(given: object, graph: object, call: str) -> KnowledgeGraph:
    """The graph that is given, or that of the questions.

    Raises:
        TypeError: there is none; the message holds the call.
    """
    if graph is None and isinstance(given, Questions):
        return given.graph
    expect_graph(graph, call)
    assert isinstance(graph, KnowledgeGraph)
    return graph


def _as_sentence(question: Question) -> Sentence:
    return Sentence(
        question.text, question.mentions, (question.head, question.relation, question.answer), question.wording
    )


def _refuse(old: Sentence, new: Sentence, known: set[str], answer: str | None) -> str:
    """Why a new sentence, or a question with this answer, cannot stand; empty where it can."""
    if new.text in known:
        return "the same as another"
    if any(new.text[each.start : each.end] != each.text or not each.text for each in new.mentions):
        return "a mention is not where it should be"
    if answer is None:
        return ""
    if new.text.count(MASK) != old.text.count(MASK):
        return "the blank is gone, or there are several"
    told = answer.casefold() in new.text.casefold() and answer.casefold() not in old.text.casefold()
    return "the answer stands in the text" if told else ""
