"""Distillation: a student learns what a teacher thinks of every candidate, also where no one has told the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.bert.wordings import teach_encoded
from kgwb.checks import expect_each, expect_kind, expect_number, expect_seed, expect_share, is_number
from kgwb.fingerprints import fingerprint
from kgwb.learn.candidate_scores import CandidateScores
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import EncodedQuestions, Task, encode_questions
from kgwb.learn.teachers import Teacher, place_names, score_candidates
from kgwb.words import count_things

_CALL = "kgwb.learn.DistilledAnswers(questions, vectors)"


@dataclass(frozen=True, eq=False, repr=False)
class DistilledAnswers(Task):
    """Choose the masked answer as a teacher would, and as the labels say where there are some.

    With teacher's logits t and student's logits s over the candidates of a question, temperature T and weight w, its
    loss is

        (1 − w) · −log softmax(s)[answer] + w · T² · KL(softmax(t / T) ‖ softmax(s / T))

    (Hinton, Vinyals and Dean, 2015, "Distilling the knowledge in a neural network"); the first part is 0 for a question
    without a label, and a batch's loss is the mean over its questions. The student is BERT as `MaskedAnswers` tunes it,
    plain or with a door; T² keeps the gradient's size whatever the temperature. Questions that have no label cost
    nothing but text: sentences with a blank, whose answer the graph's vectors or rules guess.

    Doors learn how all questions say their relations; what they learn beside answers, they learn from labels alone,
    and only those answers count as met (`kgwb.answer`).

    Args:
        questions: what to answer.
        teacher: what `score_candidates` takes: vectors, conclusions of rules, another BERT, a function, scores. It is asked
            once, here.
        temperature: above 0; the higher, the more the teacher's order of the wrong answers counts.
        weight: of the teacher, from 0 (labels alone) to 1 (the teacher alone).
        labelled: which questions have labels: all of them by default, or a share of the facts asked for, drawn, or True
            or False for each question. A fact is labelled in all of its wordings or in none.
        seed: for the draw.

    Raises:
        TypeError: for what are no questions, or no teacher.
        ValueError: if the teacher's candidates are not the questions', for numbers that cannot be, or where neither labels nor
            the teacher have a say.

    Example:
        >>> import pandas as pd
        >>> import kgwb
        >>> facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Sol")]
        >>> graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
        >>> task = DistilledAnswers(questions, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=8), labelled=0.3)
        >>> len(task.labelled_questions), len(task.teacher)
        (1, 3)
        >>> [step.task for step in kgwb.tune(kgwb.load_bert(), task, epochs=1)]
        ['DistilledAnswers']
    """

    questions: Questions
    teacher: Teacher
    temperature: int | float = field(default=2.0, kw_only=True)
    weight: int | float = field(default=0.5, kw_only=True)
    labelled: int | float | Sequence[bool] | None = field(default=None, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        expect_kind(self.questions, Questions, "A set of questions", call=_CALL)
        expect_number("temperature", self.temperature, usual=2.0, above=0)
        expect_share("weight", self.weight, usual=0.5)
        object.__setattr__(self, "seed", expect_seed(self.seed))
        object.__setattr__(self, "labelled", _choose_labelled(self.questions, self.labelled, self.seed))
        if self.weight == 0 and not any(self.is_labelled):
            raise ValueError(
                "weight=0 came without a labelled question, so that there is nothing to learn from. Type weight=0.5, or "
                "labelled=0.1."
            )
        object.__setattr__(self, "teacher", score_candidates(self.teacher, self.questions))

    @property
    def is_labelled(self) -> tuple[bool, ...]:
        """Of each question, whether its label is learnt from."""
        assert isinstance(self.labelled, tuple)
        return self.labelled

    @property
    def labelled_questions(self) -> Questions:
        """The questions with labels: what a student without a teacher is tuned on, to be compared with."""
        kept = zip(self.questions, self.is_labelled, strict=True)
        return replace(self.questions, items=tuple(question for question, is_labelled in kept if is_labelled))

    def prepare(self, bert: Bert) -> DistilledQuestions:
        """Cut the questions into word pieces, once, and let the doors know how they say their relations."""
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        assert isinstance(self.teacher, CandidateScores)
        # Where there is no label the answer does not enter at all: its first candidate stands in its place.
        kept = zip(self.questions, self.is_labelled, strict=True)
        items = tuple(each if told else replace(each, answer=each.candidates[0]) for each, told in kept)
        encoded = encode_questions(bert, replace(self.questions, items=items), answered=all(self.is_labelled))
        beliefs = spread_beliefs(self.teacher.soften(self.temperature), self.questions, encoded)
        prepared = DistilledQuestions(
            encoded, beliefs, torch.tensor(self.is_labelled), float(self.temperature), float(self.weight)
        )
        prepared.begin(bert)
        return prepared

    def __repr__(self) -> str:
        told = f"{count_things(len(self.questions), 'question')} {self.questions.fingerprint[:12]}"
        labels = f"{sum(self.is_labelled):,} labelled {fingerprint(self.is_labelled)[:12]}"
        teacher = f"teacher {fingerprint(self.teacher)[:12]}"
        options = f"temperature={self.temperature}, weight={self.weight}"
        return f"DistilledAnswers({told}, {labels}, {teacher}, {options})"


@dataclass(frozen=True, eq=False)
class DistilledQuestions:
    """Questions as tensors, with what a teacher believes.

    Attributes:
        encoded: the questions.
        beliefs: the teacher's probabilities at the temperature, 0 where a name is no candidate, [question, name].
        labelled: whether the label is learnt from, [question].
        temperature: T.
        weight: of the teacher.
    """

    encoded: EncodedQuestions
    beliefs: Float[Tensor, "question name"]
    labelled: Bool[Tensor, " question"]
    temperature: float
    weight: float

    def __len__(self) -> int:
        return len(self.encoded)

    def begin(self, bert: Bert) -> None:
        """Let the doors know how the questions say their relations, and the model what it will have met."""
        answers = self.answers_of(range(len(self)))
        bert.met = bert.met.note(self.encoded.encoding, answers[self.labelled].tolist())
        if bert.injector is not None:
            teach_encoded(bert, self.encoded.encoding, self.encoded.relations)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The mean of (1 − w) cross-entropy and w T² KL over the given questions, and what the doors want to learn beside."""
        rows = list(rows)
        scores, trace = self.encoded.score_traced(bert, rows)
        labelled, right = self.labelled[rows].to(bert.device), self.encoded.answers[rows].to(bert.device)
        beliefs = self.beliefs[rows].to(scores)
        loss = distil(scores, beliefs, right.where(labelled, -1), temperature=self.temperature, weight=self.weight)
        if bert.injector is None or not bert.injector.is_on or not bool(labelled.any()):
            return loss
        answers = self.answers_of(rows).to(bert.device).where(labelled, -1)
        beside = bert.injector.loss_at_mask(answers, trace)
        return loss if beside is None else loss + beside

    def answers_of(self, rows: Sequence[int]) -> Int[Tensor, " row"]:
        """The right entities of some questions."""
        chosen = list(rows)
        return self.encoded.entities[chosen].gather(1, self.encoded.answers[chosen][:, None])[:, 0]


def distil(
    scores: Float[Tensor, "row candidate"],
    beliefs: Float[Tensor, "row candidate"],
    right: Int[Tensor, " row"],
    *,
    temperature: int | float,
    weight: int | float,
) -> Float[Tensor, ""]:
    """The mean over rows of (1 − w) · −log softmax(s)[right] + w · T² · KL(beliefs ‖ softmax(s / T)).

    Args:
        scores: the student's logits, −inf where there is no candidate.
        beliefs: the teacher's probabilities at the temperature, 0 there.
        right: the right candidate, −1 where it is not known.
        temperature: T.
        weight: w.

    Example:
        >>> scores = torch.tensor([[0.0, 1.0, float("-inf")]])
        >>> distil(scores, (scores / 2).softmax(-1), torch.tensor([-1]), temperature=2.0, weight=1.0).item() < 1e-6
        True
    """
    told = cross_entropy(scores, right, ignore_index=-1, reduction="sum")
    ruled_out = scores == -torch.inf
    softened = (scores / temperature).log_softmax(-1).masked_fill(ruled_out, 0.0)  # 0 · −inf would be no number
    believed = torch.xlogy(beliefs, beliefs) - beliefs * softened
    return ((1 - weight) * told + weight * temperature**2 * believed.sum()) / len(scores)


def spread_beliefs(
    scores: CandidateScores, questions: Questions, encoded: EncodedQuestions
) -> Float[Tensor, "question name"]:
    """The probabilities of candidates, each at its name's column."""
    beliefs = torch.zeros(encoded.entities.shape)
    columns = place_names(questions, encoded)
    for row, (names, chances, places) in enumerate(zip(scores.candidates, scores.probabilities, columns, strict=True)):
        beliefs[row, [places[str(name)] for name in names]] = torch.from_numpy(chances).float()
    return beliefs


def _choose_labelled(questions: Questions, labelled: object, seed: int) -> tuple[bool, ...]:
    """Of each question, whether it has a label."""
    if labelled is None:
        return (True,) * len(questions)
    if is_number(labelled):
        expect_share("labelled", labelled, usual=0.1)
        facts = sorted({(question.relation, question.head, question.answer) for question in questions})
        order = np.random.default_rng(seed).permutation(len(facts))
        drawn = {facts[i] for i in order[: round(float(labelled) * len(facts))].tolist()}
        return tuple((question.relation, question.head, question.answer) in drawn for question in questions)
    call = f"{_CALL[:-1]}, labelled=0.1)"
    found = expect_each(labelled, (bool, np.bool_), "True or False for each question", call=call)
    if len(found) != len(questions):
        raise ValueError(
            f"labelled came with {len(found)} for {len(questions)} questions. Expected True or False for each; type {call}."
        )
    return tuple(map(bool, found))
