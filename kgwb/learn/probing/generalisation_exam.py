"""One exam for all that may be new in a question: its text, its facts, its entity, its relation, its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_seed, expect_share
from kgwb.graph import KnowledgeGraph, Sentence, find_rules
from kgwb.learn.controls import remove_answers
from kgwb.learn.questions import Question, Questions, make_questions
from kgwb.learn.unseen_questions import By, keep_seen

GROUPS = ("seen in text", "graph only", "derivable", "unseen entities", "unseen relations", "unseen answers")
# A relation follows from others where one of its rules is at least so often right.
_DERIVABLE = 0.9
_CALL = "kgwb.learn.plan_generalisation(graph, sentences)"


@dataclass(frozen=True, eq=False, repr=False)
class GeneralisationExam:
    """What is tuned on, what is asked, and what vectors may know.

    Attributes:
        tuned: questions to tune on.
        asked: group -> questions, none of which was tuned on; a group without questions is missing.
        graph: what may be learned of the graph: without the facts of unseen entities, and without derivable ones.
        derivable: relations whose facts about people of the exam were taken from the graph; its rules still give them.
        unseen_relations: relations that tuning never asks for.
    """

    tuned: Questions
    asked: dict[str, Questions]
    graph: KnowledgeGraph
    derivable: tuple[str, ...]
    unseen_relations: tuple[str, ...]

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {len(questions):,}" for name, questions in self.asked.items())
        return f"{len(self.tuned):,} questions to tune on, and to ask: {counts}"


def plan_generalisation(
    graph: KnowledgeGraph,
    sentences: Sequence[Sentence],
    *,
    relations: Sequence[str] | None = None,
    derivable: Sequence[str] | None = None,
    unseen_relations: Sequence[str] | None = None,
    wording: int | None = None,
    share: float = 0.3,
    seed: int = 0,
) -> GeneralisationExam:
    """Split a graph's sentences so that each kind of newness is asked for by itself.

    Of the entities asked about, a share is never named in tuning, and a third of that share is not in the graph that vectors
    learn from either. Of each relation's answers a share is never right in tuning, nor a candidate.

    - "seen in text": what tuning states, in another wording where one is kept for the exam.
    - "graph only": entities that no text of tuning names; the fact stands in the graph.
    - "derivable": the same, with the fact taken from the graph; rules still give it.
    - "unseen entities": the graph has no fact about them.
    - "unseen relations": no question of tuning asks for the relation; the fact stands in the graph.
    - "unseen answers": the answer was never right in tuning; entity and relation as in "graph only".

    Args:
        graph: the whole graph.
        sentences: that state its facts.
        relations: those to ask for, by name, label or id; by default all of which there are questions.
        derivable: by default those that a rule of `kgwb.find_rules` gives in nine of ten cases, as many as half of them.
        unseen_relations: by default the least asked one of the others, of those asked a quarter as often as the most asked.
        wording: the paraphrase that is kept for the exam; by default the last one.
        share: of entities and answers, between 0 and 1.
        seed: for the draws.

    Raises:
        TypeError: for what is no graph, or no sentences.
        ValueError: if nothing is left to tune on, or nothing to ask.
    """
    expect_kind(graph, KnowledgeGraph, "A graph", call=_CALL)
    expect_share("share", share, usual=0.3)
    generator = np.random.default_rng(expect_seed(seed))
    questions = make_questions(sentences, graph, relations=relations)
    names = graph.relation_labels
    asked_for = Counter(names[q.relation] for q in questions)
    follows = _find_derivable(graph, asked_for) if derivable is None else _read_labels(graph, derivable)
    others = [name for name in asked_for if name not in follows]
    new = _choose_unseen(asked_for, others) if unseen_relations is None else _read_labels(graph, unseen_relations)
    if wording is None:
        wording = max(q.wording for q in questions)
    expect_at_least("wording", wording, 0, whole=True)
    heads = _draw(sorted({q.head for q in questions}), share, generator)
    unknown = set(sorted(heads)[::3])  # of the exam's entities, a third
    answers = {
        answer
        for name in asked_for
        if name not in new and name not in follows
        for answer in _draw(sorted({q.answer for q in questions if names[q.relation] == name}), share, generator)
    }
    held_out: dict[By, set[int]] = {"head": heads, "answer": answers}
    # A relation that is said in one way only is asked for in that.
    wordings = Counter(relation for relation, _ in {(q.relation, q.wording) for q in questions})
    reworded = {relation for relation, count in wordings.items() if count > 1}
    tuned = [
        kept
        for q in questions
        if names[q.relation] not in new
        and (kept := keep_seen(q, held_out, wording if q.relation in reworded else None)[1])
    ]
    told = {(q.head, q.relation, q.answer) for q in tuned}
    groups: dict[str, list[Question]] = {name: [] for name in GROUPS}
    for question in questions:
        if question.wording == wording or question.relation not in reworded:
            name = names[question.relation]
            group = _place(question, name, heads, unknown, answers, follows, new, told)
            if group is not None:
                groups[group].append(question)
    if not tuned or not any(groups.values()):
        raise ValueError(
            f"share={share} leaves {len(tuned)} questions to tune on, and {sum(map(len, groups.values()))} to ask. Expected "
            f"some of both; type share=0.3, or more sentences."
        )
    asked = {name: Questions(graph, tuple(each)) for name, each in groups.items() if each}
    known = remove_answers(graph, asked["derivable"]) if "derivable" in asked else graph
    about = np.isin(known.triples[:, [0, 2]], sorted(unknown)).any(1)
    triples = known.triples[~about]
    notes = (*known.notes, ("facts of unseen entities removed", int(about.sum())))
    kept_graph = KnowledgeGraph(triples, graph.entities, graph.relations, graph.name, notes)
    return GeneralisationExam(Questions(graph, tuple(tuned)), asked, kept_graph, tuple(follows), tuple(new))


def _place(
    question: Question,
    name: str,
    heads: set[int],
    unknown: set[int],
    answers: set[int],
    derivable: Sequence[str],
    new: Sequence[str],
    told: set[tuple[int, int, int]],
) -> str | None:
    """The group of a question; None for one in which two things are new at once."""
    if question.head not in heads:
        return "seen in text" if (question.head, question.relation, question.answer) in told else None
    if question.head in unknown:
        return (
            "unseen entities" if name not in new and name not in derivable and question.answer not in answers else None
        )
    if name in new:
        return "unseen relations"
    if name in derivable:
        return "derivable"
    return "unseen answers" if question.answer in answers else "graph only"


def _find_derivable(graph: KnowledgeGraph, asked: Counter[str]) -> list[str]:
    """The relations that rules give nearly always, at most half of those asked for."""
    rules = find_rules(graph).frame
    rules = rules[(rules["kind"] != "constant") & (rules["confidence"] >= _DERIVABLE)]
    found = {graph.relation_labels[int(relation)] for relation in rules["implied"] % len(graph.relations)}
    return [name for name, _ in asked.most_common() if name in found][: len(asked) // 2]


def _choose_unseen(asked: Counter[str], others: Sequence[str]) -> list[str]:
    """The least asked relation of those asked often enough to measure, where two are left beside it."""
    often = [name for name in others if 4 * asked[name] >= max(asked.values())]
    return [min(often, key=lambda name: (asked[name], name))] if len(often) > 2 else []


def _read_labels(graph: KnowledgeGraph, relations: Sequence[str]) -> list[str]:
    names = expect_each(relations, (str, int), "A relation", call=f"{_CALL[:-1]}, derivable=['speaks'])")
    return [graph.relation_labels[graph.relation_id(name)] for name in names]


def _draw(values: Sequence[int], share: float, generator: np.random.Generator) -> set[int]:
    return set(generator.permutation(values)[: round(share * len(values))].tolist())
