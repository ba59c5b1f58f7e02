"""Whoever can say how likely each candidate of a question is: a graph's vectors, its rules, a model, a function, an array."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_choice, expect_kind, expect_seed, is_function
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import PRECISIONS, Precision, choose_precision
from kgwb.embed.ranking.answers import ScoresAnswers, prepare_answers
from kgwb.embed.ranking.baseline import RuleBaseline
from kgwb.embed.ranking.counting import rows_at_once
from kgwb.graph import KnowledgeGraph
from kgwb.graph.conclusions import Conclusions
from kgwb.learn.candidate_scores import CandidateScores, gather_names, read_numbers
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import EncodedQuestions, encode_questions
from kgwb.words import describe_kind, quote_value

BATCH = 128
MEMORY = 0.5  # GiB of a ranker's scores at once
LEAST = 1e-6  # the share that rules leave to an answer for which nothing speaks
Teacher: TypeAlias = (
    GraphEmbedding
    | ScoresAnswers
    | Conclusions
    | Bert
    | CandidateScores
    | Callable[[Questions], Any]
    | Sequence[Any]
    | np.ndarray
    | Tensor
)
TeacherControl = Literal["shuffled"]
_CALL = "kgwb.learn.score_candidates(vectors, questions)"


def score_candidates(
    source: Teacher,
    questions: Questions,
    *,
    control: TeacherControl | None = None,
    seed: int = 0,
    batch: int = BATCH,
    precision: Precision = "float32",
) -> CandidateScores:
    """How likely each candidate of each question is, as logits, by a graph or by a model.

    Vectors score (head, relation, candidate). What rules conclude (`kgwb.graph.apply_rules`) scores log c, with c the PCA
    confidence of the most trusted rule that gives it, 1 for a fact that the graph holds, and 10⁻⁶ for what nothing speaks for;
    for `kgwb.embed.fit_baseline`, c is its score. A model gives the scores that `answer_questions` takes the softmax of.
    Candidates that share a name are one: the exp of their scores are added.

    Args:
        source: vectors, or whatever else can be ranked; conclusions of rules; a BERT, plain or injected; a function that is
            called with the questions and gives a list of numbers for each; such numbers themselves, in the order of
            `question.candidates`; or `CandidateScores`, which are only compared with the questions.
        questions: with a closed set of candidates each.
        control: "shuffled" asks a graph about another head that has the relation too, whose answer it gives instead.
        seed: for which other head.
        batch: questions at a time, for a BERT.
        precision: of a BERT's matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Raises:
        TypeError: for what scores nothing, or no questions.
        ValueError: if its candidates are others than those of the questions, its graph is another, a score is not finite,
            there is no question, or the control is asked of what knows no heads.

    Example:
        >>> import pandas as pd
        >>> from kgwb import ComplEx, make_questions, verbalise
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> questions = make_questions(verbalise(graph), graph)
        >>> score_candidates(GraphEmbedding(graph, ComplEx(), dim=8), questions).candidates
        (('Ket', 'Sol'), ('Ket', 'Sol'))
        >>> score_candidates([[2.0, 0.0], [0.0, 1.0]], questions)
        CandidateScores of 2 questions, 2 candidates each, accuracy 1.000
    """
    expect_kind(questions, Questions, "A set of questions", call=_CALL)
    if control is not None:
        expect_choice("control", control, get_args(TeacherControl))
    expect_choice("precision", precision, PRECISIONS)
    expect_at_least("batch", batch, 1, whole=True)
    seed = expect_seed(seed)
    if not len(questions):
        raise ValueError(f"No question came. Expected at least one; type {_CALL}.")
    asks_heads = isinstance(source, (GraphEmbedding, ScoresAnswers, Conclusions)) or is_function(source)
    if control is not None and not asks_heads:
        raise ValueError(
            f"control={control!r} came with {describe_kind(source)}, which is not asked about heads. Type {_CALL[:-1]}, "
            f"control={control!r})."
        )
    asked = questions if control is None else _ask_of_others(questions, seed)
    if isinstance(source, CandidateScores):
        _expect_same_candidates(source, questions)
        return source
    if isinstance(source, Bert):
        encoded = encode_questions(source, questions)
        return list_scores(questions, encoded, score_encoded(source, encoded, batch=int(batch), precision=precision))
    return _read_scores(_ask_teacher(source, asked), questions)


def _ask_teacher(source: Any, asked: Questions) -> Any:
    """What a graph or a function says of each candidate, or the numbers that came."""
    if isinstance(source, Conclusions):
        return _score_conclusions(source, asked)
    if isinstance(source, (GraphEmbedding, ScoresAnswers)):
        return _score_heads(source, asked)
    return source(asked) if is_function(source) else source


@torch.no_grad()
def score_encoded(
    bert: Bert, encoded: EncodedQuestions, *, batch: int = BATCH, precision: Precision
) -> Float[Tensor, "question name"]:
    """A model's scores of every name, −inf where it is no candidate, on the CPU."""
    bert = bert.in_mode(training=False)
    blocks = [range(start, min(start + batch, len(encoded))) for start in range(0, len(encoded), batch)]
    dtype = choose_precision(precision, bert.device, work=batch * bert.model.num_parameters())
    with torch.autocast(bert.device.type, dtype, enabled=dtype != torch.float32):
        return torch.cat([encoded.scores(bert, block).cpu() for block in blocks])


def list_scores(
    questions: Questions, encoded: EncodedQuestions, scores: Float[Tensor, "question name"]
) -> CandidateScores:
    """The scores of word pieces' columns by the names of each question."""
    names = [tuple(dict.fromkeys(question.names)) for question in questions]
    found = []
    for row, one, columns in zip(scores.double().numpy(), names, place_names(questions, encoded), strict=True):
        found.append(row[[columns[name] for name in one]])
    return CandidateScores(tuple(names), tuple(found), _find_right(questions, names))


def place_names(questions: Sequence[Any], encoded: EncodedQuestions) -> list[dict[str, int]]:
    """Of each question, which column each of its names has."""
    offered = encoded.entities >= 0
    return [{encoded.names[i]: i for i in row.nonzero()[:, 0].tolist()} for row in offered]


def _score_heads(source: GraphEmbedding | ScoresAnswers, questions: Questions) -> list[np.ndarray]:
    """A ranker's scores of each question's candidates; each (head, relation) is asked once."""
    _expect_own_graph(source.graph, questions)
    score_answers, device = prepare_answers(source)
    queries = sorted({(question.head, question.relation) for question in questions})
    size = rows_at_once(len(source.graph.entities), MEMORY, device)
    by_query: dict[tuple[int, int], list[int]] = {}
    for row, question in enumerate(questions):
        by_query.setdefault((question.head, question.relation), []).append(row)
    found: list[np.ndarray] = [np.empty(0)] * len(questions)
    for start in range(0, len(queries), size):
        block = queries[start : start + size]
        known, relation = torch.tensor(block, device=device).T
        scores = score_answers(known, relation, len(block)).double().cpu().numpy()  # [query, entity]
        if isinstance(source, RuleBaseline):
            scores = np.log(np.maximum(scores, LEAST))
        for query, row in zip(block, scores, strict=True):
            for place in by_query[query]:
                found[place] = row[list(questions[place].candidates)]
    return found


def _score_conclusions(source: Conclusions, questions: Questions) -> list[list[float]]:
    """log of how sure the rules are of each question's candidates."""
    _expect_own_graph(source.graph, questions)
    keys = source.frame[["head", "relation", "tail"]].itertuples(index=False, name=None)
    sure = dict(zip(keys, source.frame["pca_confidence"].tolist(), strict=True))
    sure |= dict.fromkeys(map(tuple, source.graph.triples.tolist()), 1.0)
    return [
        [math.log(max(LEAST, sure.get((each.head, each.relation, one), 0.0))) for one in each.candidates]
        for each in questions
    ]


def _expect_own_graph(graph: KnowledgeGraph, questions: Questions) -> None:
    """A graph whose ids are those of the questions.

    Raises:
        ValueError: they mean something else.
    """
    if graph.fingerprint != questions.graph.fingerprint:
        raise ValueError(
            f"The teacher knows {graph.name!r}, whose ids mean other things than those of {questions.graph.name!r}. Expected a "
            "teacher of the questions' own graph; type kgwb.GraphEmbedding(questions.graph, kgwb.ComplEx())."
        )


def _ask_of_others(questions: Questions, seed: int) -> Questions:
    """The questions about another head each, of those that are asked about the same relation."""
    generator = np.random.default_rng(seed)
    others: dict[tuple[int, int], int] = {}
    for relation in sorted({question.relation for question in questions}):
        heads = sorted({question.head for question in questions if question.relation == relation})
        if len(heads) < 2:
            label = questions.graph.relation_labels[relation]
            raise ValueError(
                f"Only one head is asked about {label!r}, so that there is no other whose answer could be given. Expected two "
                "or more; type control=None."
            )
        order = generator.permutation(heads).tolist()
        others |= {
            (head, relation): other for head, other in zip(order, [*order[1:], order[0]], strict=True)
        }  # a circle: no head is its own other
    items = tuple(replace(question, head=others[question.head, question.relation]) for question in questions)
    return replace(questions, items=items)


def _read_scores(given: object, questions: Questions) -> CandidateScores:
    """One list of numbers for each question, one number for each of its candidates."""
    several = isinstance(given, Sequence) or getattr(given, "ndim", 0) in (1, 2)
    if not several or isinstance(given, (str, bytes)) or not hasattr(given, "__getitem__") or hasattr(given, "columns"):
        expected = "A teacher (vectors, conclusions, a BERT, a function, or a list of scores for each question)"
        raise TypeError(f"{expected} was expected, but {describe_kind(given)} came. Type {_CALL}.")
    rows: list[Any] = list(given)  # type: ignore[call-overload]
    if len(rows) != len(questions):
        raise ValueError(
            f"Scores of {len(rows)} questions came for {len(questions)} questions. Expected a list for each; type {_CALL}."
        )
    names, scores = [], []
    for row, (values, question) in enumerate(zip(rows, questions, strict=True)):
        numbers = read_numbers(values, row)
        if len(numbers) != len(question.candidates):
            raise ValueError(
                f"The teacher gave {len(numbers)} scores for question {row}, {quote_value(question.text)}, which has "
                f"{len(question.candidates)} candidates. Expected one for each, in the order of question.candidates; type "
                f"{_CALL}."
            )
        one, summed = gather_names(question.names, numbers)
        names.append(one)
        scores.append(summed)
    return CandidateScores(tuple(names), tuple(scores), _find_right(questions, names))


def _find_right(questions: Questions, names: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    return tuple(
        one.index(question.names[question.candidates.index(question.answer)])
        for question, one in zip(questions, names, strict=True)
    )


def _expect_same_candidates(scores: CandidateScores, questions: Questions) -> None:
    """Scores of these questions' own candidates.

    Raises:
        ValueError: they are of other candidates, or of more or fewer questions.
    """
    if len(scores) != len(questions):
        raise ValueError(
            f"Scores of {len(scores)} questions came for {len(questions)} questions. Expected a list for each; type {_CALL}."
        )
    for row, (given, question) in enumerate(zip(scores.candidates, questions, strict=True)):
        if given != tuple(dict.fromkeys(question.names)):
            strange = [name for name in given if name not in question.names]
            lacking = [name for name in question.names if name not in given]
            raise ValueError(
                f"The teacher scored other candidates than those of question {row}, {quote_value(question.text)}: "
                f"{quote_value(strange[:3])} are none of them, {quote_value(lacking[:3])} are missing. Expected scores of "
                f"these questions; type {_CALL}."
            )
