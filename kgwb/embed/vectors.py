"""The vectors that scores are read from, and the queries that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.twins import find_twins
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, quote

SHOWN = 3  # rows that an error names
FORMATS = (torch.float32, torch.float64)  # in which vectors are scored, trained and kept


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
        sides = [tails, len(given) - tails]  # split, whose gradient is one new matrix; that of a slice is one for each
        (head, tail), (forward, backward) = given.split(sides), between.split(sides)
        ask_tail = self.scorer.query_tail(head, forward)
        ask_head = (
            self.scorer.query_head(backward, tail) if self.inverses is None else self.scorer.query_tail(tail, backward)
        )
        return torch.cat([ask_tail, ask_head])

    def relations_asked(self, relation: Int[Tensor, " query"], *, tails: int) -> Float[Tensor, "query width"]:
        """The relation's vector for each query as in `query`: of its inverse, where there is one, for heads."""
        backward = self.relations if self.inverses is None else self.inverses
        parts = [self.relations.index_select(0, relation[:tails]), backward.index_select(0, relation[tails:])]
        return torch.cat(parts)

    def expect_finite(self, graph: KnowledgeGraph) -> None:
        """Numbers that can be compared.

        Args:
            graph: whose ids the rows are.

        Raises:
            ValueError: there is NaN or infinity among them; says in which rows, and what to type.
        """
        found = [
            _name_rows(table, kind, labels)
            for table, kind, labels in (
                (self.entities, "entity", graph.entities["label"]),
                (self.relations, "relation", graph.relations["label"]),
                (self.inverses, "inverse relation", graph.relations["label"]),
            )
            if table is not None and not table.isfinite().all()
        ]
        if found:
            raise ValueError(
                "The embedding holds numbers that are not finite. Train a fresh one with a lower learning_rate, or put "
                f"finite vectors in the place of {' and '.join(found)}."
            )

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query, arguments as in `query`."""
        return self._copy_twins(self.scorer.compare(self.query(known, relation, tails=tails), self.entities))

    def prepare_answers(self, *, block_by_block: bool = False) -> Callable[..., Float[Tensor, "query entity"]]:
        """A function like `score_answers` for many queries, without gradients: what depends on entities alone is done once.

        Args:
            block_by_block: whether each call may write over the scores of the one before: a matrix of this size, made anew,
                takes a third of the time.
        """
        compare = self.scorer.against(self.entities.detach())
        kept = self.entities.new_empty(0, len(self.entities))

        @torch.no_grad()
        def score_answers(known: Tensor, relation: Tensor, *, tails: int) -> Float[Tensor, "query entity"]:
            nonlocal kept
            query = self.query(known, relation, tails=tails)
            if not block_by_block:
                return self._copy_twins(compare(query))
            if len(kept) < len(known):
                kept = self.entities.new_empty(len(known), len(self.entities))
            return self._copy_twins(compare(query, kept[: len(known)]))

        return score_answers

    def _copy_twins(self, scores: Float[Tensor, "query entity"]) -> Float[Tensor, "query entity"]:
        """Those with the vector of an earlier entity get its score, to the bit."""
        if self.twins is None:
            return scores
        later, first = self.twins
        copy = scores.index_copy if scores.requires_grad else scores.index_copy_
        return copy(1, later, scores.index_select(1, first))

    @cached_property
    def twins(self) -> tuple[Int[Tensor, " later"], Int[Tensor, " later"]] | None:
        """Which entities have the vector of an earlier one, and of which: they score as equals, to the bit."""
        return find_twins(self.entities)

    def score(
        self, head: Int[Tensor, " triple"], relation: Int[Tensor, " triple"], tail: Int[Tensor, " triple"]
    ) -> Float[Tensor, " triple"]:
        """The score of each triple."""
        return self.scorer.score(
            self.entities.index_select(0, head),
            self.relations.index_select(0, relation),
            self.entities.index_select(0, tail),
        )


def widen_table(table: Float[Tensor, "row width"]) -> Float[Tensor, "row width"]:
    """A table of float16 or bfloat16 as float32, which holds it exactly: scores of fewer bits make ties that are none."""
    return table if table.dtype in FORMATS else table.float()


def _name_rows(table: Float[Tensor, "row width"], kind: str, labels: pd.Series) -> str:
    """How many rows are not finite, and the first few of them by id and label."""
    rows = (~table.isfinite().all(1)).nonzero()[:, 0].tolist()
    named = ", ".join(f"{row} ({quote(labels.iloc[row])})" for row in rows[:SHOWN])
    return f"{count_things(len(rows), kind)} of {len(table):,}, id {named}{', ...' if len(rows) > SHOWN else ''}"
