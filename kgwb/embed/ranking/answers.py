"""What can be ranked: an embedding, or anything else that scores every entity as the answer to a query."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_kind
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once
from kgwb.embed.queries import count_facts_among
from kgwb.graph.knowledge_graph import KnowledgeGraph

AnswerScores = Callable[[Int[Tensor, " query"], Int[Tensor, " query"], int], Float[Tensor, "query entity"]]


@runtime_checkable
class ScoresAnswers(Protocol):
    """Whatever scores all answers to a query can be ranked: rules, a text model, the mean of several embeddings.

    Where it has a `device`, it is asked with tensors there, else on the CPU; where it has `trained_on`, bool [entity],
    entities unseen in training are counted; where it has `trained_facts`, ids [fact, 3], ranked triples among them are.
    Where it has `prepare_answers()`, that is called once for all blocks of queries and gives what `score_answers` is.
    """

    @property
    def graph(self) -> KnowledgeGraph:
        """Whose entities and relations these are."""
        ...

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query; higher is better.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        ...


@runtime_checkable
class _PreparesAnswers(Protocol):
    def prepare_answers(self) -> Callable[..., Float[Tensor, "query entity"]]: ...


Ranker = GraphEmbedding | ScoresAnswers


def expect_ranker(ranker: object, call: str) -> None:
    """Something that `rank_triples` takes, and no class of it.

    Raises:
        TypeError: there are no scores to be had; says what to type.
    """
    expected = "A ranker, something with .graph and .score_answers(known, relation, *, tails),"
    expect_kind(ranker, (GraphEmbedding, ScoresAnswers), expected, call=call)
    if isinstance(ranker, type):
        raise TypeError(f"A ranker was expected, but the class {ranker.__name__} came. Type {call}.")


def prepare_answers(scored: object, *, block_by_block: bool = False) -> tuple[AnswerScores, torch.device]:
    """A function of (known, relation, tails) that gives scores [query, entity] to write on, and the device it works on.

    Args:
        scored: an embedding, or anything else that scores every entity.
        block_by_block: whether each call may write over the scores of the one before.

    Raises:
        TypeError: there are no scores to be had.
    """
    if isinstance(scored, GraphEmbedding):
        vectors = encode_once(scored)  # an encoder passes its messages once, not once per block
        ask = vectors.prepare_answers(block_by_block=block_by_block)
        return lambda known, relation, tails: _ask(scored, ask, known, relation, tails), scored.device
    expected = "A GraphEmbedding, or something with .graph and .score_answers(known, relation, *, tails),"
    expect_kind(scored, ScoresAnswers, expected, call="rank_triples(embedding, split.test, known=split.known)")
    assert isinstance(scored, ScoresAnswers)  # so mypy knows it too
    device = getattr(scored, "device", torch.device("cpu"))
    own = scored.prepare_answers() if isinstance(scored, _PreparesAnswers) else scored.score_answers
    # Known answers are struck out in the scores, and they may be a table that the model keeps: hence the copy.
    return lambda known, relation, tails: _ask(scored, own, known, relation, tails).clone(), device


def _ask(
    scored: GraphEmbedding | ScoresAnswers,
    score_answers: Callable[..., Tensor],
    known: Int[Tensor, " query"],
    relation: Int[Tensor, " query"],
    tails: int,
) -> Float[Tensor, "query entity"]:
    scores = score_answers(known, relation, tails=tails).detach()
    shape, expected = tuple(scores.shape), (len(known), len(scored.graph.entities))
    if shape != expected or scores.dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"The scores of {type(scored).__name__} came as {scores.dtype} of shape {shape}. Expected torch.float32 of "
            f"shape {expected}, queries by entities; fewer bits make ties that are none. Type .float()."
        )
    return scores


def find_asked_steps(relation: Int[Tensor, " query"], tails: int, relations: int) -> Int[np.ndarray, " query"]:
    """Relations as steps: those of the first `tails` queries as they are, the others turned.

    Example:
        >>> find_asked_steps(torch.tensor([0, 1]), 1, 5)
        array([0, 6])
    """
    asked = relation.cpu().numpy()
    return np.where(np.arange(len(asked)) < tails, asked, asked + relations)


def find_trained_facts(ranker: Ranker) -> Int[np.ndarray, "fact 3"]:
    """The triples that a ranker was trained on; none where it does not say."""
    facts = getattr(ranker, "trained_facts", None)
    return np.empty((0, 3), dtype=np.int64) if facts is None else np.asarray(facts, dtype=np.int64)


def count_trained(scored: object, graph: KnowledgeGraph, triples: Int[np.ndarray, "triple 3"]) -> int | None:
    """How many of the triples it was trained on; None where that is not known.

    Args:
        scored: an embedding, or anything else that is ranked.
        graph: whose ids these are.
        triples: what is ranked.
    """
    facts, trained_on = getattr(scored, "trained_facts", None), getattr(scored, "trained_on", None)
    if facts is None or (not len(facts) and trained_on is not None and bool(trained_on.any())):
        return None
    return count_facts_among(triples, facts, len(graph.entities))
