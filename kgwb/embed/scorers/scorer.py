"""What every scorer answers: vectors in, scores out, without knowing any entity."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_kind
from kgwb.embed.scorers.measure import PRODUCT, Comparison, Measure

Entities = Float[Tensor, "*rows dim"]
Relations = Float[Tensor, "*rows width"]
Keys = Float[Tensor, "*rows key"]


@dataclass(frozen=True)
class Scorer(ABC):
    """The equation of an embedding: how well head, relation and tail fit together; higher is more plausible.

    A scorer turns what is known of a triple into a query vector and compares it with candidates, so that all
    answers to a query cost one matmul. The three ways agree: the score of a triple is its entry in the row
    of all tails and its entry in the row of all heads.

    To add one, subclass this or any other scorer and write `query_tail` and `query_head`; the rest has defaults. One of
    your own, outside the package, trains and ranks like these, is saved by its name and its dataclass fields, and comes
    back with `load_embedding(folder, scorer=Mine())`.
    """

    measure: ClassVar[Measure] = PRODUCT

    @abstractmethod
    def query_tail(self, head: Entities, relation: Relations) -> Entities:
        """The vector that the tails are compared with."""

    @abstractmethod
    def query_head(self, relation: Relations, tail: Entities) -> Entities:
        """The vector that the heads are compared with."""

    def query_relation(self, head: Entities, tail: Entities) -> Keys:
        """The vector that `relation_keys` are compared with, in the order of the scores; optional.

        Raises:
            NotImplementedError: this scorer does not compare all relations by one matmul.
        """
        name = type(self).__name__
        raise NotImplementedError(f"{name} cannot ask for relations all at once. Type relation_weight=0.")

    def relation_keys(self, relation: Relations) -> Keys:
        """What stands for each relation when relations are asked for."""
        return relation

    def score(self, head: Entities, relation: Relations, tail: Entities) -> Float[Tensor, "*rows"]:
        """The score of each triple."""
        return self.measure.match(self.query_tail(head, relation), tail)

    def compare(
        self, query: Float[Tensor, "query dim"], candidates: Float[Tensor, "candidate dim"]
    ) -> Float[Tensor, "query candidate"]:
        """The score of every candidate for every query, by one matmul and what that leaves inexact."""
        return self.measure.against(candidates)(query)

    def against(self, candidates: Float[Tensor, "candidate dim"]) -> Comparison:
        """What compares any queries with these candidates: what depends on them alone is done once."""
        if type(self).compare is not Scorer.compare:  # a scorer's own way of comparing holds here, too
            return lambda query, out=None: self.compare(query, candidates)
        return self.measure.against(candidates)

    def relation_width(self, dim: int) -> int:
        """How many real numbers a relation takes beside entities of `dim`.

        Raises:
            ValueError: this scorer has no entities of that width.
        """
        return dim

    def magnitudes(self, vectors: Entities) -> Float[Tensor, "*rows part"]:
        """The sizes that regularisation keeps small: of each real number, or of each complex one."""
        return vectors.abs()

    def relation_magnitudes(self, relation: Relations) -> Float[Tensor, "*rows part"]:
        """The same for relations."""
        return self.magnitudes(relation)

    def start_entities(self, count: int, dim: int, generator: torch.Generator) -> Float[Tensor, "entity dim"]:
        """Untrained entities: small, because Adagrad grows from small vectors what the facts ask for."""
        return 1e-3 * torch.randn(count, dim, generator=generator)

    def start_relations(self, count: int, dim: int, generator: torch.Generator) -> Float[Tensor, "relation width"]:
        """Untrained relations."""
        return 1e-3 * torch.randn(count, self.relation_width(dim), generator=generator)


def expect_even(scorer: str, dim: int) -> None:
    """Vectors with two halves, such as real and imaginary parts, hold an even count of numbers.

    Raises:
        ValueError: `dim` is odd; the message holds the call that works.
    """
    if dim % 2:
        message = f"{scorer} needs an even dim, for its vectors have two halves, but dim={dim} came."
        raise ValueError(f"{message} Type dim={dim + 1}.")


def expect_multiple(scorer: str, dim: int, of: int) -> None:
    """Vectors that are made of parts, such as quaternions of 4 numbers, hold whole ones.

    Raises:
        ValueError: `dim` is no multiple of the numbers of a part; the message holds the call that works.
    """
    if dim % of:
        message = f"{scorer} needs a dim that is a multiple of {of}, for its vectors have parts of {of} numbers"
        raise ValueError(f"{message}, but dim={dim} came. Type dim={dim + -dim % of}.")


def expect_scorer(scorer: object, call: str = "GraphEmbedding(graph, {})") -> None:
    """An instance of a scorer.

    Args:
        scorer: what came.
        call: what to type, with {} in the scorer's place.

    Raises:
        TypeError: a class came, or something else.
    """
    name = scorer.__name__ if isinstance(scorer, type) and issubclass(scorer, Scorer) else "ComplEx"
    expect_kind(scorer, Scorer, "A scorer", call=call.format(f"{name}()"))
