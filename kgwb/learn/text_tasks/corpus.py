"""Text to learn from: the sentences of a file, and checks of those that a task is given."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from numbers import Integral
from pathlib import Path
from typing import Literal, get_args

from kgwb.bert import Bert
from kgwb.bert.linking import find_linked_mentions
from kgwb.checks import expect_choice, expect_kind, expect_path, expect_place, expect_text
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.graph.files.text import read_text
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.words import count_things, describe_kind, spell_counts

Texts = Sequence[str | Sentence]
Unit = Literal["line", "sentence", "paragraph"]
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")


@dataclass(frozen=True, repr=False)
class Corpus(Sequence[Sentence]):
    """The sentences of a text, and why parts of it are not among them.

    Attributes:
        name: where they come from.
        items: the sentences, in order.
        stretches: for each, the number of the unbroken piece of text it is in; only within one does a sentence follow
            the one before.
        left_out: what is missing, with counts.
    """

    name: str
    items: tuple[Sentence, ...]
    stretches: tuple[int, ...]
    left_out: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        call = "read_corpus(path, bert)"
        expect_text("name", self.name, usual="diary")
        for part in (self.items, self.stretches, self.left_out):
            expect_kind(part, tuple, "A tuple of sentences and one of numbers", call=call)
        for each, stretch in zip_longest(self.items, self.stretches):
            expect_kind(each, Sentence, "A sentence", call=call)
            expect_kind(stretch, Integral, "The number of a stretch for each sentence", call=call)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """The sentence at a position, or the sentences of a slice."""
        expect_place("corpus", index, len(self))
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def __repr__(self) -> str:
        named = sum(len(sentence.mentions) for sentence in self.items)
        first = f"{self.name}: {count_things(len(self), 'sentence')}, {count_things(named, 'mention')}"
        return "\n".join([first, *(f"  left out: {count:,} {why}" for why, count in self.left_out)])


def read_corpus(
    path: str | Path, bert: Bert, *, graph: KnowledgeGraph | None = None, by: Unit = "line", language: str = "en"
) -> Corpus:
    """Read a text file, for `MaskedWords` and `NextSentences`.

    Args:
        path: a file in UTF-8; an empty line ends a stretch of text.
        bert: what is too long for its position table, or holds no word piece that it knows, is left out and counted.
        graph: mark the entities of this graph, so that a door can act; by default none are marked.
        by: what a sentence is: a "line", a "sentence" (a paragraph is cut after . ! ? and their Chinese signs, which also
            cuts after "Dr."), or a "paragraph".
        language: of the text.

    Raises:
        FileNotFoundError: there is no such file; names what lies near it.
        ValueError: if no sentence is left.

    Example:
        >>> from tempfile import mkdtemp
        >>> from kgwb import load_bert
        >>> path = Path(mkdtemp(), "diary.txt")
        >>> _ = path.write_text("It rained. We got wet." + " And wet" * 600 + ".", encoding="utf-8")
        >>> read_corpus(path, load_bert(), by="sentence")
        diary.txt: 2 sentences, 0 mentions
          left out: 1 longer than 512 word pieces
    """
    expect_kind(bert, Bert, "A BERT", call="read_corpus(path, kgwb.load_bert())")
    path = expect_path(path, call="read_corpus('diary.txt', bert)")
    expect_choice("by", by, get_args(Unit))
    expect_text("language", language, usual="en")
    if graph is not None:
        expect_graph(graph, "read_corpus(path, bert, graph={})")
    text = read_text(path, expected="text").replace("\r\n", "\n")
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    found = [(stretch, part) for stretch, block in enumerate(blocks) for part in _split_block(block, by)]
    if by == "paragraph":  # paragraphs follow one another
        found = [(0, part) for _, part in found]
    return _keep_readable(Path(path).name, found, bert, graph, language)


def _split_block(block: str, by: Unit) -> list[str]:
    whole = " ".join(block.split())
    parts = {"line": block.split("\n"), "sentence": _SENTENCE_ENDS.split(whole), "paragraph": [whole]}[by]
    return [part.strip() for part in parts if part.strip()]


def _keep_readable(
    name: str, found: Sequence[tuple[int, str]], bert: Bert, graph: KnowledgeGraph | None, language: str
) -> Corpus:
    tokenized = bert.tokenizer([text for _, text in found], verbose=False)["input_ids"] if found else []
    special = set(bert.tokenizer.all_special_ids)
    left_out: Counter[str] = Counter()
    kept: list[tuple[int, str]] = []
    stretch = 0
    for i, (pieces, (block, text)) in enumerate(zip(tokenized, found, strict=True)):
        stretch += i > 0 and block != found[i - 1][0]
        why = "of unknown pieces alone" if special.issuperset(pieces) else f"longer than {bert.longest} word pieces"
        if special.issuperset(pieces) or len(pieces) > bert.longest:
            left_out[why] += 1
            stretch += 1  # the sentence before it is not followed by the one after it
        else:
            kept.append((stretch, text))
    if not kept:
        raise ValueError(
            f"No sentence is left of {name} (left out: {spell_counts(left_out)}). Expected some of at most {bert.longest} word "
            "pieces; type read_corpus(path, bert, by='sentence')."
        )
    texts = [text for _, text in kept]
    mentions = find_linked_mentions(texts, graph, bert) if graph is not None else [[] for _ in texts]
    items = tuple(Sentence(text, tuple(m), language=language) for text, m in zip(texts, mentions, strict=True))
    return Corpus(name, items, tuple(stretch for stretch, _ in kept), tuple(sorted(left_out.items())))


def expect_texts(sentences: object, task: str) -> None:
    """At least one text, and not a single one by itself.

    Raises:
        TypeError: for what is no sequence of texts.
        ValueError: for none.
    """
    call = f"kgwb.learn.{task}(['A sentence.', ...])"
    expect_kind(sentences, Sequence, "A list of sentences", call=call)
    if isinstance(sentences, str):
        raise TypeError(f"A list of sentences was expected, but {describe_kind(sentences)} came. Type {call}.")
    assert isinstance(sentences, Sequence)
    if not len(sentences):
        raise ValueError(f"No sentence came. Expected at least one; type {call}.")
    for sentence in sentences:
        expect_kind(sentence, (str, Sentence), "A sentence", call=call)


def fingerprint_texts(sentences: Texts) -> str:
    """Short, and the same for the same sentences and mentions, so that tasks on other texts can be told apart."""
    return hashlib.sha256(repr(list(sentences)).encode()).hexdigest()[:12]
