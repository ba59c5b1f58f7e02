"""The vectors that scores are read from, and the queries that are made of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.scorers.scorer import Scorer


@dataclass(frozen=True, eq=False)
class Vectors:
    """Entities and relations as an embedding sees them at one moment: its tables, or what its encoder makes of them.

    Attributes:
        scorer: the equation that compares them.
        entities: by id, [entity, dim].
        relations: by id, [relation, width].
        inverses: a second vector per relation, through which heads are asked for; None without reciprocal relations.
    """

    scorer: Scorer
    entities: Float[Tensor, "entity dim"]
    relations: Float[Tensor, "relation width"]
    inverses: Float[Tensor, "relation width"] | None

    def query(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query dim"]:
        """The vectors that all possible answers to some queries are compared with.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        return self.query_from(
            self.entities.index_select(0, known), self.relations_asked(relation, tails=tails), tails=tails
        )

    def query_from(
        self, given: Float[Tensor, "query dim"], between: Float[Tensor, "query width"], *, tails: int
    ) -> Float[Tensor, "query dim"]:
        """The same from the vectors of the entities given and of the relations asked."""
        ask_tail = self.scorer.query_tail(given[:tails], between[:tails])
        if self.inverses is None:
            ask_head = self.scorer.query_head(between[tails:], given[tails:])
        else:
            ask_head = self.scorer.query_tail(given[tails:], between[tails:])
        return torch.cat([ask_tail, ask_head])

    def relations_asked(self, relation: Int[Tensor, " query"], *, tails: int) -> Float[Tensor, "query width"]:
        """The relation's vector for each query as in `query`: of its inverse, where there is one, for heads."""
        backward = self.relations if self.inverses is None else self.inverses
        parts = [self.relations.index_select(0, relation[:tails]), backward.index_select(0, relation[tails:])]
        return torch.cat(parts)

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query, arguments as in `query`."""
        return self.scorer.compare(self.query(known, relation, tails=tails), self.entities)

    def score(
        self, head: Int[Tensor, " triple"], relation: Int[Tensor, " triple"], tail: Int[Tensor, " triple"]
    ) -> Float[Tensor, " triple"]:
        """The score of each triple."""
        return self.scorer.score(
            self.entities.index_select(0, head),
            self.relations.index_select(0, relation),
            self.entities.index_select(0, tail),
        )
