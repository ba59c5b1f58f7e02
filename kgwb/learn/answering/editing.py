"""Editing the facts of a door, and whether only their answers change."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_kind, expect_seed
from kgwb.learn.answering.answers import answer_questions
from kgwb.learn.questions import Question, Questions


@dataclass(frozen=True, eq=False)
class EditReport:
    """How answers changed with edited facts.

    Attributes:
        frame: one row per question: `question`, `before`, `after`, `wanted` (the new answer, or the old one where
            nothing was edited), `role` ("edited", "reworded", "other", or "without it" for a question about an edited
            fact that does not offer the new answer, which no measure counts) and `as_wanted`.
        facts: the edits: `head`, `relation`, `old` and `new` tail, as labels.
    """

    frame: pd.DataFrame
    facts: pd.DataFrame

    @property
    def efficacy(self) -> float:
        """The share of edited questions that get the new answer."""
        return self._share("edited")

    @property
    def generality(self) -> float:
        """The same for other wordings of those questions; NaN where there are none."""
        return self._share("reworded")

    @property
    def locality(self) -> float:
        """The share of all other questions whose answer, right or wrong, is what it was."""
        return self._share("other")

    def _share(self, role: str) -> float:
        return float(self.frame.loc[self.frame["role"] == role, "as_wanted"].mean())

    def __repr__(self) -> str:
        counts = self.frame["role"].value_counts()
        return (
            f"{len(self.facts)} facts edited: efficacy {self.efficacy:.3f}, generality {self.generality:.3f} "
            f"({counts.get('reworded', 0)} reworded questions), locality {self.locality:.3f} ({counts.get('other', 0)} others)"
            + (f", {counts['without it']} do not offer the new answer" if "without it" in counts else "")
        )


def measure_edits(model: Bert, questions: Questions, *, edits: int = 50, seed: int = 0) -> EditReport:
    """Replace facts that a door looks up, and answer again; nothing is trained.

    Each edit gives the head of a question another of the question's candidates as its tail. All are made at once.
    The measures follow Meng et al., 2022 ("Locating and editing factual associations in GPT").

    Args:
        model: a BERT whose door looks facts up: "memory", "graph", "tower" or "relation". It is left as it is.
        questions: about facts that the door has.
        edits: how many facts to edit.
        seed: for the choice of facts and of new tails.

    Raises:
        ValueError: if fewer questions ask for a fact that the door has, or BERT has no door.
        TypeError: if the door looks no facts up.
    """
    expect_kind(model, Bert, "A BERT", call="measure_edits(model, questions)")
    expect_kind(questions, Questions, "A set of questions", call="measure_edits(model, questions)")
    expect_at_least("edits", edits, 1, whole=True)
    seed = expect_seed(seed)
    if model.injector is None:
        raise ValueError(f"{model.name!r} has no door. Type kgwb.inject(bert, vectors, mode='memory').")
    model.injector.expect_facts()
    chosen = _choose(model, questions, edits, seed)
    old = np.array(list(chosen))
    new = old.copy()
    new[:, 2] = list(chosen.values())
    edited = copy.deepcopy(model)
    assert edited.injector is not None
    edited.injector.replace(old, new)
    before, after = (answer_questions(one, questions)["given"] for one in (model, edited))
    frame = pd.DataFrame(_list_outcomes(questions, chosen, before.tolist(), after.tolist()))
    labels, relations = questions.graph.labels, questions.graph.relation_labels
    facts = [(labels[h], relations[r], labels[t], labels[chosen[h, r, t]]) for h, r, t in chosen]
    return EditReport(frame, pd.DataFrame(facts, columns=["head", "relation", "old", "new"]))


def _choose(model: Bert, questions: Questions, edits: int, seed: int) -> dict[tuple[int, int, int], int]:
    """Triple -> its new tail, for as many triples as are to be edited."""
    injector = model.injector
    assert injector is not None
    known = set(map(tuple, injector.facts.tolist()))
    draw = np.random.default_rng(seed)
    offered: dict[tuple[int, int, int], tuple[int, ...]] = {}
    for question in questions:  # what every question about a fact offers in the place of its answer
        triple, others = (
            _triple(question),
            [c for c in question.candidates if c not in (question.answer, question.head)],
        )
        offered[triple] = tuple(c for c in others if c in offered.get(triple, others))
    for question in questions:  # where they have nothing in common, what one of them offers
        others = [c for c in question.candidates if c not in (question.answer, question.head)]
        offered[_triple(question)] = offered[_triple(question)] or tuple(others)
    order = [questions[int(i)] for i in draw.permutation(len(questions))]
    by_head = {q.head: q for q in order if _triple(q) in known and offered[_triple(q)]}
    if len(by_head) < edits:
        raise ValueError(
            f"{len(by_head)} heads with a question about a fact of the {injector.mode} door were found, and edits={edits} "
            f"came. Type edits={len(by_head)}, or make more questions."
        )
    chosen = {}
    for question in list(by_head.values())[:edits]:
        chosen[_triple(question)] = int(draw.choice(offered[_triple(question)]))
    return chosen


def _triple(question: Question) -> tuple[int, int, int]:
    return (question.head, question.relation, question.answer)


def _list_outcomes(
    questions: Questions, chosen: dict[tuple[int, int, int], int], before: list[str], after: list[str]
) -> Iterator[dict[str, object]]:
    """Rows of the frame: the first question about an edited fact is "edited", later ones are "reworded"."""
    edited: set[tuple[int, int, int]] = set()
    for question, was, now in zip(questions, before, after, strict=True):
        triple = _triple(question)
        wanted, role = was, "other"
        if triple in chosen:
            names = dict(zip(question.candidates, question.names, strict=True))
            role = "without it" if chosen[triple] not in names else "reworded" if triple in edited else "edited"
            wanted = names.get(chosen[triple], questions.graph.labels[chosen[triple]])
            edited |= {triple} if chosen[triple] in names else set()
        yield {
            "question": question.text,
            "before": was,
            "after": now,
            "wanted": wanted,
            "role": role,
            "as_wanted": now == wanted,
        }
