"""What a model can be tuned on: tasks, of which choosing a masked answer is one."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert import Bert, Encoding, encode_sentences
from kgwb.bert.tokenizing import cut_names, follows_blank
from kgwb.bert.trace import Trace
from kgwb.bert.wordings import teach_encoded
from kgwb.checks import expect_kind
from kgwb.embed.precision import widen_numbers
from kgwb.graph import Mention
from kgwb.learn.questions import MASK, Question, Questions, mask_mention


@runtime_checkable
class PreparedTask(Protocol):
    """A task made ready for one model: numbered examples, and the loss of some of them.

    Where it is an `nn.Module`, its parameters are trained with the model's.
    """

    @abstractmethod
    def __len__(self) -> int:
        """How many examples it has."""

    @abstractmethod
    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """The mean loss of the given examples, to be differentiated."""


@runtime_checkable
class Task(Protocol):
    """Something that `tune` can train a model on.

    An own task needs one method, `prepare`, which cuts its texts into word pieces once, and a `PreparedTask` for it to
    return, which has two: `__len__` and `loss`. `bert(encoding)` gives hidden states; `encode_sentences` makes encodings, whose
    `select(rows)` takes some of their sentences. A task that is a dataclass, or says all of itself in its `repr`, is
    recognised by `probe(..., folder=...)`, which compares it.

    Example:
        >>> import kgwb
        >>> class EvenLength:  # has the sentence an even number of word pieces?
        ...     def __init__(self, sentences):
        ...         self.sentences = sentences
        ...     def prepare(self, bert):
        ...         return EvenLengthExamples(bert, self.sentences)
        >>> class EvenLengthExamples(torch.nn.Module):
        ...     def __init__(self, bert, sentences):
        ...         super().__init__()
        ...         self.encoding = kgwb.bert.encode_sentences(bert, sentences)
        ...         self.odd = self.encoding.is_token.sum(1) % 2
        ...         self.head = torch.nn.Linear(bert.words.embedding_dim, 2)
        ...     def __len__(self):
        ...         return len(self.odd)
        ...     def loss(self, bert, rows):
        ...         hidden = bert(self.encoding.select(rows).to(bert.device)).last_hidden_state
        ...         return cross_entropy(self.head(hidden[:, 0]), self.odd[rows])
        >>> [step.task for step in kgwb.tune(kgwb.load_bert(), EvenLength(["The sea.", "A wide sea."]), epochs=2)]
        ['EvenLength', 'EvenLength']
    """

    @abstractmethod
    def prepare(self, bert: Bert) -> PreparedTask:
        """The task as this model's tokenizer cuts it."""


@dataclass(frozen=True)
class MaskedAnswers(Task):
    """Choose the masked answer among a question's candidates.

    The masked-language head gives a logit per word piece; a candidate's score is the mean over the pieces of its
    name, so that names of one piece score as in ordinary masked-language modelling. A door at the output adds its own
    score of each candidate, as an entity. The loss is the cross-entropy of the right candidate.

    Args:
        questions: what to answer.
    """

    questions: Questions

    def __post_init__(self) -> None:
        expect_kind(self.questions, Questions, "A set of questions", call="kgwb.MaskedAnswers(questions)")

    def prepare(self, bert: Bert) -> EncodedQuestions:
        """Cut the questions and the candidates' names into word pieces, once."""
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        return encode_questions(bert, self.questions)


@dataclass(frozen=True, eq=False)
class EncodedQuestions:
    """Questions as tensors; a task that is prepared already.

    Attributes:
        encoding: the masked sentences.
        names: every name that is a candidate somewhere, sorted.
        name_pieces: word pieces of each name, [name, piece], 0 where shorter.
        name_weights: 1 / number of pieces, 0 where shorter, [name, piece].
        entities: the candidate that a name stands for in a question, −1 where it is none, [question, name].
        answers: the right name of each question, [question].
        distinct: how many candidates of each question differ in their word pieces, [question].
        indistinct: whether the answer has the pieces of another candidate, or none but unknown ones, [question].
        relations: the relation that each question asks for, [question].
    """

    encoding: Encoding
    names: tuple[str, ...]
    name_pieces: Int[Tensor, "name piece"]
    name_weights: Float[Tensor, "name piece"]
    entities: Int[Tensor, "question name"]
    answers: Int[Tensor, " question"]
    distinct: Int[Tensor, " question"]
    indistinct: Bool[Tensor, " question"]
    relations: Int[Tensor, " question"]

    def __len__(self) -> int:
        return len(self.answers)

    @property
    def chance(self) -> float:
        """The accuracy of guessing evenly among the candidates of each question that the tokenizer tells apart."""
        return float((1 / self.distinct.double()).mean())

    def prepare(self, bert: Bert) -> EncodedQuestions:
        """Itself, so that models that share a tokenizer can share the word pieces."""
        return self

    def begin(self, bert: Bert) -> None:
        """Let the doors know how the questions say their relations, and the model what it will have met."""
        bert.met = bert.met.note(self.encoding, self.entities.gather(1, self.answers[:, None])[:, 0].tolist())
        if bert.injector is not None:
            teach_encoded(bert, self.encoding, self.relations)

    def scores(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, "row name"]:
        """Every name's score for the given questions, −inf where it is no candidate."""
        return self.score_traced(bert, rows)[0]

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right candidate, averaged, and what the doors want to learn beside."""
        scores, trace = self.score_traced(bert, rows)
        answers = self.answers[list(rows)].to(bert.device)
        loss = cross_entropy(scores, answers)
        if bert.injector is None or not bert.injector.is_on:
            return loss
        entities = self.entities[list(rows)].to(bert.device).gather(1, answers[:, None])[:, 0]
        beside = bert.injector.loss_at_mask(entities, trace)
        return loss if beside is None else loss + beside

    def score_traced(self, bert: Bert, rows: Sequence[int]) -> tuple[Float[Tensor, "row name"], Trace]:
        """`scores`, and the pass that gave them."""
        device = bert.device
        entities = self.entities[list(rows)].to(device)
        hidden, trace = bert.reach_mask(self.encoding.select(rows).to(device))  # [row, dim]
        # Only the logits of the candidates' pieces are computed, not those of the whole vocabulary.
        pieces, place = self.name_pieces.to(device).unique(return_inverse=True)
        logits = widen_numbers(bert.answer_head(hidden, pieces))  # [row, distinct piece]
        scores = (logits[:, place] * self.name_weights.to(device)).sum(-1)  # [row, name, piece] -> [row, name]
        if bert.injector is not None and bert.injector.is_on:
            added = bert.injector.score_entities(hidden, entities, trace)
            scores = scores if added is None else scores + added.to(scores)
        return scores.masked_fill(entities < 0, float("-inf")), trace


def encode_questions(bert: Bert, questions: Sequence[Question], *, answered: bool = True) -> EncodedQuestions:
    """Cut questions and the names of their candidates into word pieces.

    Args:
        bert: whose tokenizer cuts.
        questions: what to cut.
        answered: whether their answers are known, and refused where the tokenizer cannot tell them from others.
    """
    masked = [_with_mask(question, bert.tokenizer.mask_token) for question in questions]
    encoding = encode_sentences(bert, [text for text, _ in masked], mentions=[mentions for _, mentions in masked])
    # In RoBERTa's pieces a name after a blank is another word than at the start of a text: it has a column for each.
    spaced = [follows_blank(bert, text, text.rindex(bert.tokenizer.mask_token)) for text, _ in masked]
    wanted = sorted({(name, blank) for q, blank in zip(questions, spaced, strict=True) for name in q.names})
    cut = _cut_columns(bert, wanted)
    if all(cut[name, blank] == cut.get((name, not blank), cut[name, blank]) for name, blank in wanted):
        spaced, wanted = [True] * len(spaced), sorted({(name, True) for name, _ in wanted})
        cut = {(name, True): cut[name, True] if (name, True) in cut else cut[name, False] for name, _ in wanted}
    names, rows = [name for name, _ in wanted], [cut[key] for key in wanted]
    column = {key: i for i, key in enumerate(wanted)}
    longest = max(map(len, rows))
    pieces = torch.tensor([row + [0] * (longest - len(row)) for row in rows])  # [name, piece]
    weights = torch.tensor([[1 / max(1, len(row))] * len(row) + [0.0] * (longest - len(row)) for row in rows])
    entities = torch.full((len(questions), len(names)), -1)  # [question, name]
    answers = torch.tensor(
        [column[q.names[q.candidates.index(q.answer)], blank] for q, blank in zip(questions, spaced, strict=True)]
    )
    counted = [_count_distinct(question, blank, cut, bert) for question, blank in zip(questions, spaced, strict=True)]
    if answered:
        _refuse_indistinct(questions, counted, bert)
    for row, (question, blank) in enumerate(zip(questions, spaced, strict=True)):
        # Where candidates share a name, it stands for the answer, or for the first of them.
        named = dict(zip(reversed(question.names), reversed(question.candidates), strict=True))
        named[names[answers[row]]] = question.answer
        entities[row, [column[name, blank] for name in named]] = torch.tensor(list(named.values()))
    distinct, indistinct = [count for count, _ in counted], [alike for _, alike in counted]
    relations = torch.tensor([question.relation for question in questions])
    return EncodedQuestions(
        *(encoding, tuple(names), pieces, weights, entities, answers, torch.tensor(distinct), torch.tensor(indistinct)),
        relations=relations,
    )


def _cut_columns(bert: Bert, wanted: Sequence[tuple[str, bool]]) -> dict[tuple[str, bool], list[int]]:
    """The pieces of each name, with or without a blank before it."""
    cut: dict[tuple[str, bool], list[int]] = {}
    for blank in (True, False):
        names = [name for name, is_spaced in wanted if is_spaced == blank]
        found = cut_names(bert, names, after_blank=blank) if names else []
        cut |= {(name, blank): pieces for name, pieces in zip(names, found, strict=True)}
    return cut


def _count_distinct(
    question: Question, blank: bool, cut: Mapping[tuple[str, bool], list[int]], bert: Bert
) -> tuple[int, bool]:
    """How many candidates differ in their pieces, and whether the answer is one that cannot be told from others."""
    alike = Counter(tuple(cut[name, blank]) for name in set(question.names))
    own = tuple(cut[question.names[question.candidates.index(question.answer)], blank])
    return len(alike), alike[own] > 1 or set(own) <= {bert.tokenizer.unk_token_id}


def _refuse_indistinct(questions: Sequence[Question], counted: Sequence[tuple[int, bool]], bert: Bert) -> None:
    """Where most answers look like others to a tokenizer, nothing could be learnt from accuracy."""
    alike = [question for question, (_, is_alike) in zip(questions, counted, strict=True) if is_alike]
    if 2 * len(alike) > len(questions):
        names = sorted({question.names[question.candidates.index(question.answer)] for question in alike})
        raise ValueError(
            f"{len(alike)} of {len(questions)} answers cannot be told from other candidates by the tokenizer of "
            f"{bert.name!r}: their word pieces are the same, or unknown ({', '.join(map(repr, names[:3]))}). Type another "
            "BERT, which knows their writing: kgwb.load_bert('bert-base-chinese')."
        )


def _with_mask(question: Question, mask: str) -> tuple[str, tuple[Mention, ...]]:
    """The question with the tokenizer's own mask."""
    start = question.text.rindex(MASK)  # what was written before the sentence may hold anything
    placeholder = Mention(start, start + len(MASK), question.answer)
    return mask_mention(question.text, question.mentions, placeholder, mask)
