"""A triple with one part missing, and the best answers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_each
from kgwb.embed.candidates import Among, choose_candidates
from kgwb.embed.queries import Side, name_query
from kgwb.embed.vectors import Vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph

COLUMN_OF = {"head": 0, "relation": 1, "tail": 2}
Part = str | int | np.integer | None


@dataclass(frozen=True, eq=False)
class PartialTriple:
    """Two parts of a triple, and which one is asked for.

    Attributes:
        graph: whose ids these are.
        triple: the ids, with any id in the place of the missing part, [3].
        missing: "head", "relation" or "tail".
    """

    graph: KnowledgeGraph
    triple: Int[np.ndarray, " part"]
    missing: str

    @classmethod
    def from_names(
        cls, graph: KnowledgeGraph, given: Mapping[str, Part], *, receiver: str = "vectors"
    ) -> PartialTriple:
        """From head, relation and tail by name, label or id, one of them None.

        Args:
            graph: whose names these are.
            given: each part by its name.
            receiver: what is asked, for the call that an error proposes.

        Raises:
            ValueError: not exactly two are given; says what to type.
            UnknownNameError: names the three nearest labels.
        """
        missing = [part for part, value in given.items() if value is None]
        if len(missing) != 1:
            came = ", ".join(part for part, value in given.items() if value is not None) or "none"
            example = f"{receiver}.predict({name_query(graph)})"
            raise ValueError(f"predict needs exactly two of head, relation and tail; {came} came. Type {example}.")
        find = {"head": graph.entity_id, "relation": graph.relation_id, "tail": graph.entity_id}
        ids = {
            part: 0 if (value := given[part]) is None else find[part](value) for part in ("head", "tail", "relation")
        }
        return cls(graph, np.array([ids[part] for part in COLUMN_OF]), missing[0])

    def score(self, vectors: Vectors) -> Float[Tensor, " candidate"]:
        """The score of every entity, or of every relation, in the place of the missing part."""
        device = vectors.entities.device
        head, relation, tail = (torch.tensor([part], device=device) for part in self.triple.tolist())
        if self.missing == "relation":
            relations = torch.arange(len(self.graph.relations), device=device)
            return vectors.score(head.expand_as(relations), relations, tail.expand_as(relations))
        asked, tails = (head, 1) if self.missing == "tail" else (tail, 0)
        return vectors.score_answers(asked, relation, tails=tails)[0]

    def find_known(self) -> Int[np.ndarray, " answer"]:
        """The answers that the graph holds already."""
        asked = COLUMN_OF[self.missing]
        given = [column for column in COLUMN_OF.values() if column != asked]
        matching = (self.graph.triples[:, given] == self.triple[given]).all(1)  # [triple]
        return self.graph.triples[matching, asked]

    def choose(self, among: Among, facts: Int[np.ndarray, "fact 3"]) -> Int[np.ndarray, " candidate"] | None:
        """The ids of what may answer, ascending; None for all.

        Raises:
            ValueError: a word that chooses entities came, and the relation is asked for.
        """
        if self.missing != "relation":
            found = choose_candidates(self.graph, among, facts=facts)
            side: Side = "head" if self.missing == "head" else "tail"
            return None if found is None else found.find(int(self.triple[1]), side)
        if among is None:
            return None
        call = f"among={list(self.graph.relation_labels[:2])!r}"
        if isinstance(among, str):
            raise ValueError(
                f"among={among!r} came, which chooses entities, and the relation is asked for. Type {call}."
            )
        names = expect_each(among, (str, int, np.integer), "A list of relations", call=call)
        return np.unique(np.array([self.graph.relation_id(name) for name in names], dtype=np.int64))

    def list_best(
        self,
        scores: Float[Tensor, " candidate"],
        *,
        k: int,
        known: bool,
        candidates: Int[np.ndarray, " chosen"] | None,
    ) -> pd.DataFrame:
        """The k candidates with the highest scores, and whether the graph holds each already.

        Args:
            scores: of all entities, or of all relations.
            k: how many.
            known: whether answers that the graph holds are among them.
            candidates: the ids that may be; None for all.
        """
        answers = self.find_known()
        if not known:
            candidates = np.setdiff1d(np.arange(len(scores)) if candidates is None else candidates, answers)
        if candidates is not None:
            scores = scores[torch.from_numpy(candidates).to(scores.device)]
        place = scores.topk(min(k, len(scores))).indices.cpu().numpy()  # [k]
        best = place if candidates is None else candidates[place]
        kind, names = (
            ("relation", self.graph.relations) if self.missing == "relation" else ("entity", self.graph.entities)
        )
        return pd.DataFrame(
            {
                kind: names[kind].to_numpy()[best],
                "label": names["label"].to_numpy()[best],
                "score": scores.detach().cpu().numpy()[place],
                "known": np.isin(best, answers),
            }
        )
