"""A query and its candidates: score, place, known or new, and what speaks for each."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.checks import expect_at_least
from kgwb.embed import GraphEmbedding
from kgwb.embed.queries import name_query
from kgwb.graph import KnowledgeGraph, Split, find_rules
from kgwb.graph.rules import Rules
from kgwb.see.workbench.reasons import find_reasons

NOTHING = "no rule: the vectors alone"


class RankedQueries:
    """Queries to one embedding, with the rules of the facts that it was trained on.

    Args:
        vectors: what ranks.
        split: the facts that rules may use; a split's train, or all of the graph.
    """

    def __init__(self, vectors: GraphEmbedding, split: Split | None = None) -> None:
        self.vectors = vectors
        self.graph: KnowledgeGraph = vectors.graph
        self.facts = self.graph.triples if split is None else split.train
        self.source: KnowledgeGraph | Split = self.graph if split is None else split

    @cached_property
    def rules(self) -> Rules:
        """The rules that hold often enough, found when they are first asked for."""
        return find_rules(self.source, min_support=2)

    def rank(
        self, *, relation: str | int, head: str | int | None = None, tail: str | int | None = None, k: int = 10
    ) -> pd.DataFrame:
        """The k best candidates.

        Args:
            relation: by label, name or id.
            head, tail: the one that is known, by label, name or id; the other is asked for.
            k: how many candidates.

        Returns:
            Best first, indexed by entity id: `place` (from 1), `label`, `score`, `known` (the graph holds the fact), `new
            place` (the place among those it does not hold), `reasons` (rules and their facts, in words).

        Raises:
            ValueError: head and tail came both, or neither.
            UnknownNameError: names the three nearest labels.
        """
        expect_at_least("k", k, 1, whole=True)
        if (head is None) == (tail is None):
            came = "Neither head nor tail" if head is None else "Both head and tail"
            raise ValueError(f"{came} came, and one of them is asked for. Type rank({name_query(self.graph)}).")
        found = self.vectors.predict(head=head, relation=relation, tail=tail, k=k)
        ids = [self._ids[name] for name in found["entity"]]
        asked, known = self.graph.relation_id(relation), self.graph.entity_id(head if head is not None else tail)  # type: ignore[arg-type]
        triples = [(known, asked, entity) if head is not None else (entity, asked, known) for entity in ids]
        reasons = find_reasons(self.rules, self.facts, triples)
        new = ~found["known"].to_numpy(bool)
        return pd.DataFrame(
            {
                "place": np.arange(1, len(found) + 1),
                "label": found["label"].to_numpy(),
                "score": found["score"].to_numpy(),
                "known": ~new,
                "new place": np.where(new, np.cumsum(new), 0),
                "reasons": [" · ".join(map(str, each)) or NOTHING for each in reasons],
            },
            index=pd.Index(ids, name="id"),
        )

    @cached_property
    def _ids(self) -> dict[str, int]:
        """Entities by their own names, which no label of another shadows."""
        return {name: i for i, name in enumerate(self.graph.entities["entity"])}
