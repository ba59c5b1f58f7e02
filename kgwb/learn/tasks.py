"""What tuning tries to get right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.graph import Mention
from kgwb.learn.questions import MASK, Question, Questions, put_mask


@runtime_checkable
class Prepared(Protocol):
    """A task made ready for one model."""

    def __len__(self) -> int:
        """How many examples it has."""

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The mean loss of the given examples."""


@runtime_checkable
class Task(Protocol):
    """Something to learn."""

    def prepare(self, bert: Bert) -> Prepared:
        """The task as this model's tokenizer cuts it."""


@dataclass(frozen=True)
class MaskedAnswers:
    """Choose the masked answer among a question's candidates.

    The masked-language head gives a logit per word piece; a candidate's score is the mean over the pieces of its
    name, so that names of one piece score as in ordinary masked-language modelling. A door at the output adds its own
    score of each candidate, as an entity. The loss is the cross-entropy of the right candidate.

    Args:
        questions: what to answer.
    """

    questions: Questions

    def prepare(self, bert: Bert) -> EncodedQuestions:
        """Cut the questions and the candidates' names into word pieces, once."""
        return encode_questions(bert, self.questions)


@dataclass(frozen=True, eq=False)
class EncodedQuestions:
    """Questions as tensors.

    Attributes:
        encoding: the masked sentences.
        names: every name that is a candidate somewhere, sorted.
        name_pieces: word pieces of each name, [name, piece], 0 where shorter.
        name_weights: 1 / number of pieces, 0 where shorter, [name, piece].
        entities: the candidate that a name stands for in a question, −1 where it is none, [question, name].
        answers: the right name of each question, [question].
    """

    encoding: Encoding
    names: tuple[str, ...]
    name_pieces: Int[Tensor, "name piece"]
    name_weights: Float[Tensor, "name piece"]
    entities: Int[Tensor, "question name"]
    answers: Int[Tensor, " question"]

    def __len__(self) -> int:
        return len(self.answers)

    def scores(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, "row name"]:
        """Every name's score for the given questions, −inf where it is no candidate."""
        device = bert.device
        entities = self.entities[list(rows)].to(device)
        hidden = bert.read_mask(self.encoding.select(rows).to(device))
        # Of the whole vocabulary, only the pieces of the candidates' names are asked for.
        pieces, place = self.name_pieces.to(device).unique(return_inverse=True)
        logits = bert.answer_head(hidden, pieces).float()
        scores = (logits[:, place] * self.name_weights.to(device)).sum(-1)
        if bert.injector is not None and bert.injector.is_on:
            added = bert.injector.score_entities(hidden, entities)
            scores = scores if added is None else scores + added.float()
        return scores.masked_fill(entities < 0, float("-inf"))

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right candidate, averaged."""
        return cross_entropy(self.scores(bert, rows), self.answers[list(rows)].to(bert.device))


def encode_questions(bert: Bert, questions: Sequence[Question]) -> EncodedQuestions:
    """Cut questions and the names of their candidates into word pieces."""
    masked = [_with_mask(question, bert.tokenizer.mask_token) for question in questions]
    encoding = encode_sentences(bert, [text for text, _ in masked], mentions=[mentions for _, mentions in masked])
    names = sorted({name for question in questions for name in question.names})
    column = {name: i for i, name in enumerate(names)}
    cut = bert.tokenizer(names, add_special_tokens=False)["input_ids"]
    longest = max(map(len, cut))
    pieces = torch.tensor([row + [0] * (longest - len(row)) for row in cut])
    weights = torch.tensor([[1 / len(row)] * len(row) + [0.0] * (longest - len(row)) for row in cut])
    entities = torch.full((len(questions), len(names)), -1)
    answers = torch.tensor([column[q.names[q.candidates.index(q.answer)]] for q in questions])
    for row, question in enumerate(questions):
        # Where candidates share a name, it stands for the answer, or for the first of them.
        named = dict(zip(reversed(question.names), reversed(question.candidates), strict=True))
        named[names[answers[row]]] = question.answer
        entities[row, [column[name] for name in named]] = torch.tensor(list(named.values()))
    return EncodedQuestions(encoding, tuple(names), pieces, weights, entities, answers)


def _with_mask(question: Question, mask: str) -> tuple[str, tuple[Mention, ...]]:
    """The question with the tokenizer's own mask."""
    start = question.text.rindex(MASK)  # what was written before the sentence may hold anything
    placeholder = Mention(start, start + len(MASK), question.answer)
    return put_mask(question.text, question.mentions, placeholder, mask)
