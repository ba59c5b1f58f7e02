"""Questions with one masked answer and a closed set of candidates."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import accumulate
from numbers import Integral
from typing import Literal, get_args

import numpy as np
import pandas as pd

from kgwb.checks import (
    expect_at_least,
    expect_choice,
    expect_each,
    expect_kind,
    expect_place,
    expect_seed,
    is_number,
)
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.graph.sentences import choose_language
from kgwb.learn.no_questions import FEWER, ONE, describe_none
from kgwb.words import quote_value

MASK = "[MASK]"
Range = Literal["relation", "all"]
# Between the choices, before the last of them, and after it.
_LISTS = {"en": (", ", " or ", "? "), "zh": ("、", "还是", "？")}

_CALL = "kgwb.make_questions(kgwb.read_sentences(folder, graph), graph)"


@dataclass(frozen=True)
class Question:
    """A sentence whose answer is masked.

    Attributes:
        text: the sentence, with [MASK] in place of the answer.
        mentions: the entities that the rest of the sentence names.
        head: the entity asked about.
        relation: the relation asked for.
        answer: the entity that was masked.
        candidates: the entities to choose from, the answer among them; other right answers are left out.
        names: the candidates' names in the question's language, in the same order.
        wording: which paraphrase of the relation it is.
    """

    text: str
    mentions: tuple[Mention, ...]
    head: int
    relation: int
    answer: int
    candidates: tuple[int, ...]
    names: tuple[str, ...]
    wording: int = 0

    def __post_init__(self) -> None:
        kinds = {"text": str, "mentions": tuple, "candidates": tuple, "names": tuple}
        kinds |= dict.fromkeys(("head", "relation", "answer", "wording"), Integral)
        for part, kind in kinds.items():
            value = getattr(self, part)
            if not isinstance(value, kind):
                raise TypeError(f"The {part} of a question came as {quote_value(value)}. Type {_CALL}.")


@dataclass(frozen=True, repr=False)
class Questions(Sequence[Question]):
    """Questions about one graph, and why other sentences gave none.

    Attributes:
        graph: the graph that knows the answers.
        items: the questions.
        left_out: why sentences became no question here, with counts.
    """

    graph: KnowledgeGraph
    items: tuple[Question, ...]
    left_out: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        expect_kind(self.graph, KnowledgeGraph, "A graph", call=_CALL)
        for part in (self.items, self.left_out):
            expect_kind(part, tuple, "A tuple of questions", call=_CALL)
        for question in self.items:
            expect_kind(question, Question, "A question", call=_CALL)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """The question at a position, or the questions of a slice."""
        expect_place("questions", index, len(self))
        return Questions(self.graph, self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def chance(self) -> float:
        """The accuracy of guessing evenly among the names of each question's candidates, as they are written.

        A tokenizer may tell fewer of them apart: `MaskedAnswers(questions).prepare(bert).chance` says how it is for one,
        and the table of `probe` goes by that.
        """
        return float(np.mean([1 / len(set(question.names)) for question in self.items]))

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the questions, their candidates and what the ids in them mean."""
        text = json.dumps([self.graph.fingerprint, *map(astuple, self.items)])
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def frame(self) -> pd.DataFrame:
        """One row per question, with labels."""
        labels, relations = self.graph.labels, self.graph.relation_labels
        columns = ["question", "head", "relation", "answer", "candidates"]
        rows = [
            (q.text, labels[q.head], relations[q.relation], labels[q.answer], len(q.candidates)) for q in self.items
        ]
        return pd.DataFrame(rows, columns=columns)

    def __repr__(self) -> str:
        heads = len({question.head for question in self.items})
        per_relation = Counter(self.graph.relation_labels[question.relation] for question in self.items)
        first = f"{len(self):,} questions about {heads:,} entities" + (
            f", chance {self.chance:.3f}" if len(self) else ""
        )
        asked = [f"  {count:,} × {relation}" for relation, count in sorted(per_relation.items())]
        left = [f"  left out: {count:,} {why}" for why, count in self.left_out]
        return "\n".join([first, *asked, *left])


def make_questions(
    sentences: Sequence[Sentence],
    graph: KnowledgeGraph,
    *,
    relations: str | int | Sequence[str | int] | None = None,
    language: str | None = None,
    candidates: Range = "relation",
    choices: int = 0,
    seed: int = 0,
) -> Questions:
    """Mask the tail of every sentence that states a fact, and offer other entities beside it.

    Left out, and counted: sentences where head or tail is not marked exactly once, answers whose name stands in the
    head's name, texts that hold a mask already, and relations with a single candidate, or fewer than `choices`.

    Args:
        sentences: the graph's sentences, with mentions and triples.
        graph: for the candidates and their names.
        relations: the relation or relations to ask for, by name, label or id; by default all.
        language: ask only sentences in this language, with candidates' names in it where the graph has them; by default
            English or, where no sentence is, the one that all are in.
        candidates: "relation" offers all tails of the relation in the graph, which gives away what kind of answer it is;
            "all" offers every entity but the one asked about. Other right answers are left out of both.
        choices: name this many of the candidates in the text, the answer among them, each as a mention, and allow no
            other: "Kupen, Toru or Ajeth? Akish Dorne was born in [MASK]." What a door does between two mentions can
            help only so. 0 names none.
        seed: for the draw of the choices and their order; the same sentence is always given the same ones.

    Raises:
        TypeError: for what are no sentences, or no graph.
        UnknownNameError: for a relation that the graph does not have.
        ValueError: if no question remains, for a single choice, or for languages of which none was chosen.

    Example:
        >>> facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ruo")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> sentence = Sentence("Ada speaks Ket.", (Mention(0, 3, 0, "Ada"), Mention(11, 14, 3, "Ket")), (0, 0, 3))
        >>> make_questions([sentence], graph, choices=2)[0].text
        'Sol or Ket? Ada speaks [MASK].'
    """
    call = _CALL
    expect_kind(sentences, Sequence, "A list of sentences", call=call)
    expect_kind(graph, KnowledgeGraph, "A graph", call=call)
    for sentence in sentences:
        expect_kind(sentence, Sentence, "A sentence", call=call)
    expect_choice("candidates", candidates, get_args(Range))
    seed = expect_seed(seed)
    if not is_number(choices, whole=True) or choices:
        expect_at_least("choices", choices, 2, whole=True)
    asked = [relations] if isinstance(relations, (str, int, np.integer)) else relations
    wanted = set(range(len(graph.relations))) if asked is None else _find_relations(asked, graph)
    spoken = {s.language for s in sentences if s.triple is not None and s.triple[1] in wanted}
    language = choose_language(spoken, language, call=_CALL[:-1])
    stated = [s for s in sentences if s.triple is not None and s.triple[1] in wanted and s.language == language]
    column = f"label_{language}" if f"label_{language}" in graph.entities.columns else "label"
    names = [name or label for name, label in zip(graph.entities[column], graph.labels, strict=True)]
    known, tails = _list_tails(graph)
    everything = [entity for entity, name in enumerate(names) if name]
    questions: list[Question] = []
    left_out: Counter[str] = Counter()
    for sentence in stated:
        head, relation, tail = sentence.triple or (0, 0, 0)
        others = known.get((head, relation), set()) - {tail}
        others |= {head} if candidates == "all" else set()
        offered = everything if candidates == "all" else tails.get(relation, ())
        allowed = tuple(entity for entity in offered if entity not in others)
        why = _refuse_sentence(sentence, names, len({names[entity] for entity in allowed}), choices)
        if why:
            left_out[why] += 1
        elif choices:
            drawn = _draw_choices(sentence, allowed, names, choices, seed)
            questions.append(_list_choices(_mask_tail(sentence, drawn, names), language))
        else:
            questions.append(_mask_tail(sentence, allowed, names))
    if not questions:
        other = min(spoken - {language}, default=None)
        entities = len(everything) if candidates == "relation" else 0
        raise ValueError(describe_none(len(sentences), len(stated), language, left_out, other=other, entities=entities))
    return Questions(graph, tuple(questions), tuple(sorted(left_out.items())))


def _find_relations(asked: object, graph: KnowledgeGraph) -> set[int]:
    call = "kgwb.make_questions(sentences, graph, relations=['speaks'])"
    return {graph.relation_id(each) for each in expect_each(asked, (str, int, np.integer), "A relation", call=call)}


def _list_tails(graph: KnowledgeGraph) -> tuple[dict[tuple[int, int], set[int]], dict[int, list[int]]]:
    """The tails of each (head, relation), and of each relation, sorted."""
    of_query: dict[tuple[int, int], set[int]] = {}
    of_relation: dict[int, set[int]] = {}
    for head, relation, tail in graph.triples.tolist():
        of_query.setdefault((head, relation), set()).add(tail)
        of_relation.setdefault(relation, set()).add(tail)
    return of_query, {relation: sorted(found) for relation, found in of_relation.items()}


def _refuse_sentence(sentence: Sentence, names: Sequence[str], candidates: int, choices: int) -> str | None:
    """Why a sentence gives no question; None where it does."""
    head, _, tail = sentence.triple or (0, 0, 0)
    mentioned = Counter(mention.entity for mention in sentence.mentions)
    if mentioned[head] != 1 or mentioned[tail] != 1 or head == tail:
        return "head or tail not marked exactly once"
    if MASK in sentence.text:
        return "text holds a mask already"
    if names[tail].casefold() in names[head].casefold():
        return "answer stands in the head's name"
    if candidates < 2:
        return ONE
    return FEWER.format(choices) if candidates < choices else None


def _draw_choices(
    sentence: Sentence, candidates: Sequence[int], names: Sequence[str], choices: int, seed: int
) -> tuple[int, ...]:
    """The answer among as many candidates as wanted, no two of one name, in random order."""
    _, _, tail = sentence.triple or (0, 0, 0)
    generator = np.random.default_rng([seed, zlib.crc32(sentence.text.encode())])
    by_name = {names[entity]: entity for entity in generator.permutation(candidates).tolist()}
    others = [entity for name, entity in by_name.items() if name != names[tail]]
    return tuple(generator.permutation([tail, *others[: choices - 1]]).tolist())


def _list_choices(question: Question, language: str) -> Question:
    """The question with its candidates named before it."""
    between, before_last, after = _LISTS.get(language, _LISTS["en"])
    gaps = [between] * (len(question.names) - 2) + [before_last, after]
    starts = accumulate((len(name + gap) for name, gap in zip(question.names, gaps, strict=True)), initial=0)
    listed = zip(question.candidates, question.names, starts, strict=False)
    choices = [Mention(start, start + len(name), entity, name) for entity, name, start in listed]
    prefix = "".join(name + gap for name, gap in zip(question.names, gaps, strict=True))
    moved = [shift_mention(mention, len(prefix)) for mention in question.mentions]
    return replace(question, text=prefix + question.text, mentions=(*choices, *moved))


def shift_mention(mention: Mention, by: int) -> Mention:
    """The mention, as many characters further on."""
    return replace(mention, start=mention.start + by, end=mention.end + by, pieces=None)


def _mask_tail(sentence: Sentence, candidates: tuple[int, ...], names: Sequence[str]) -> Question:
    head, relation, tail = sentence.triple or (0, 0, 0)
    answer = next(mention for mention in sentence.mentions if mention.entity == tail)
    text, mentions = mask_mention(sentence.text, sentence.mentions, answer, MASK)
    labels = tuple(names[entity] for entity in candidates)
    return Question(text, mentions, head, relation, tail, candidates, labels, sentence.wording)


def mask_mention(text: str, mentions: Sequence[Mention], answer: Mention, mask: str) -> tuple[str, tuple[Mention, ...]]:
    """The text with `mask` in place of one mention, and the other mentions where they are then."""
    shift = len(mask) - (answer.end - answer.start)
    moved = [shift_mention(m, shift) if m.start >= answer.end else m for m in mentions if m != answer]
    return text[: answer.start] + mask + text[answer.end :], tuple(moved)


def list_entities(question: Question) -> Iterator[int]:
    """The entities that a question asks for or names."""
    yield question.answer
    yield from (mention.entity for mention in question.mentions)
