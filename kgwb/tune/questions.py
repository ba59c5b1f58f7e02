"""Questions with one masked answer and a closed set of candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, Mention, Sentence

MASK = "[MASK]"


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


@dataclass(frozen=True, repr=False)
class Questions(Sequence[Question]):
    """Questions about one graph, and why others were not asked.

    Attributes:
        graph: the graph that knows the answers.
        items: the questions.
        left_out: why sentences became no question here, with counts.
    """

    graph: KnowledgeGraph
    items: tuple[Question, ...]
    left_out: tuple[tuple[str, int], ...] = ()

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """The question at a position, or the questions of a slice."""
        return Questions(self.graph, self.items[index]) if isinstance(index, slice) else self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def chance(self) -> float:
        """The accuracy of guessing evenly among the names of each question's candidates."""
        return float(np.mean([1 / len(set(question.names)) for question in self.items]))

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


def ask_questions(
    sentences: Sequence[Sentence],
    graph: KnowledgeGraph,
    *,
    relations: Sequence[str | int] | None = None,
    language: str = "en",
) -> Questions:
    """Mask the tail of every sentence that states a fact; the candidates are all tails of that relation in the graph.

    Left out, and counted: sentences where head or tail is not marked exactly once, answers whose name stands in the
    head's name, texts that hold a mask already, and relations with a single candidate.

    Args:
        sentences: the graph's sentences, with mentions and triples.
        graph: for the candidates and their names.
        relations: the relations to ask for, by name, label or id; by default all.
        language: ask only sentences in this language, with candidates' names in it where the graph has them.

    Raises:
        UnknownNameError: for a relation that the graph does not have.
        ValueError: if no question remains.
    """
    wanted = set(range(len(graph.relations))) if relations is None else {graph.relation_id(r) for r in relations}
    stated = [s for s in sentences if s.triple is not None and s.triple[1] in wanted and s.language == language]
    column = f"label_{language}" if f"label_{language}" in graph.entities.columns else "label"
    names = [name or label for name, label in zip(graph.entities[column], graph.labels, strict=True)]
    known, tails = _true_tails(graph)
    questions: list[Question] = []
    left_out: Counter[str] = Counter()
    for sentence in stated:
        head, relation, tail = sentence.triple or (0, 0, 0)
        others = known.get((head, relation), set()) - {tail}
        candidates = tuple(entity for entity in tails.get(relation, ()) if entity not in others)
        why = _why_not(sentence, names, len({names[entity] for entity in candidates}))
        if why:
            left_out[why] += 1
        else:
            questions.append(_mask_tail(sentence, candidates, names))
    if not questions:
        raise ValueError(
            f"No question could be made from {len(sentences)} sentences ({len(stated)} state a wanted fact in {language!r}; "
            f"left out: {dict(left_out)}). Expected sentences with mentions and a triple: kgwb.read_sentences(folder, graph)."
        )
    return Questions(graph, tuple(questions), tuple(sorted(left_out.items())))


def _true_tails(graph: KnowledgeGraph) -> tuple[dict[tuple[int, int], set[int]], dict[int, list[int]]]:
    """The tails of each (head, relation), and of each relation, sorted."""
    of_query: dict[tuple[int, int], set[int]] = {}
    of_relation: dict[int, set[int]] = {}
    for head, relation, tail in graph.triples.tolist():
        of_query.setdefault((head, relation), set()).add(tail)
        of_relation.setdefault(relation, set()).add(tail)
    return of_query, {relation: sorted(found) for relation, found in of_relation.items()}


def _why_not(sentence: Sentence, names: Sequence[str], candidates: int) -> str | None:
    head, _, tail = sentence.triple or (0, 0, 0)
    marked = Counter(mention.entity for mention in sentence.mentions)
    if marked[head] != 1 or marked[tail] != 1 or head == tail:
        return "head or tail not marked exactly once"
    if MASK in sentence.text:
        return "text holds a mask already"
    if names[tail].casefold() in names[head].casefold():
        return "answer stands in the head's name"
    return "only one candidate" if candidates < 2 else None


def _mask_tail(sentence: Sentence, candidates: tuple[int, ...], names: Sequence[str]) -> Question:
    head, relation, tail = sentence.triple or (0, 0, 0)
    answer = next(mention for mention in sentence.mentions if mention.entity == tail)
    text, mentions = put_mask(sentence.text, sentence.mentions, answer, MASK)
    labels = tuple(names[entity] for entity in candidates)
    return Question(text, mentions, head, relation, tail, candidates, labels, sentence.wording)


def put_mask(text: str, mentions: Sequence[Mention], answer: Mention, mask: str) -> tuple[str, tuple[Mention, ...]]:
    """The text with `mask` over the answer, and the other mentions where they are then."""
    shift = len(mask) - (answer.end - answer.start)
    moved = [
        replace(m, start=m.start + shift, end=m.end + shift, pieces=None) if m.start >= answer.end else m
        for m in mentions
        if m != answer
    ]
    return text[: answer.start] + mask + text[answer.end :], tuple(moved)


def hold_out(
    questions: Questions, share: float = 0.3, *, seed: int = 0, wording: int | None = None
) -> tuple[Questions, Questions]:
    """Part questions into those to tune on and those about entities that tuning never sees.

    Args:
        questions: all of them.
        share: of the heads, how many to hold out, between 0 and 1.
        seed: for the draw.
        wording: keep this paraphrase for the held-out questions alone; None uses all paraphrases on both sides.

    Returns:
        (seen, unseen): no held-out head is mentioned in any seen question. What that removed is counted.

    Raises:
        ValueError: if either side would be empty.
    """
    heads = sorted({question.head for question in questions})
    chosen = np.random.default_rng(seed).permutation(heads)[: round(share * len(heads))]
    held = set(chosen.tolist())
    unseen = [q for q in questions if q.head in held and wording in (None, q.wording)]
    rest = [q for q in questions if q.head not in held and (wording is None or q.wording != wording)]
    seen = [q for q in rest if held.isdisjoint(_entities_of(q))]
    if not seen or not unseen:
        raise ValueError(
            f"Holding out {share:.0%} of {len(heads)} heads leaves {len(seen)} questions to tune on and {len(unseen)} to "
            "probe. Expected some of both: hold_out(questions, share=0.3)."
        )
    dropped = (("naming a held-out entity", len(rest) - len(seen)),) if len(rest) > len(seen) else ()
    return Questions(questions.graph, tuple(seen), dropped), Questions(questions.graph, tuple(unseen))


def _entities_of(question: Question) -> Iterator[int]:
    yield question.answer
    yield from (mention.entity for mention in question.mentions)
