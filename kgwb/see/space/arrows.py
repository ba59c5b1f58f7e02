"""Where a relation moves its heads, how far from their tails they come to stand, and at which rank the tails are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.see.space.cloud import Cloud
from kgwb.words import count_things

MOST_ARROWS = 60  # more would hide one another


@dataclass(frozen=True, eq=False)
class Arrows:
    """The facts of a relation, and what its scorer makes of their heads.

    Attributes:
        relation: its label.
        scorer: the scorer's name.
        heads, tails: positions in the cloud, by fact.
        moved: the moved heads: what the scorer compares with the tails, in all dimensions, by fact.
        residuals: ‖moved head - tail‖₂, by fact.
        ranks: of the tail among all entities that do not also answer, by fact; 1 is the best.
        scaled: whether only the direction of a moved head counts, so that it is drawn as long as its tail.
        total: how many facts the relation has among the points shown.
    """

    relation: str
    scorer: str
    heads: Int[np.ndarray, " fact"]
    tails: Int[np.ndarray, " fact"]
    moved: Float[np.ndarray, "fact dim"]
    residuals: Float[np.ndarray, " fact"]
    ranks: Float[np.ndarray, " fact"]
    scaled: bool
    total: int

    def describe(self) -> str:
        """What is drawn, for the caption."""
        shown = count_things(len(self.heads), "fact")
        sample = "" if len(self.heads) == self.total else f"a random sample of {shown} of {self.total:,}, "
        many = sample or f"{shown}, "
        length = "; the moved head is drawn as long as its tail, for only its direction counts" if self.scaled else ""
        return (
            f"Arrows: where {self.scorer} moves the heads of “{self.relation}” ({many}dashed from there to the tail). "
            f"Median residual {np.median(self.residuals):.3g}, median rank of the tail {np.median(self.ranks):g}{length}"
        )


def find_arrows(cloud: Cloud, vectors: Any, relation: str | int, *, seed: int) -> Arrows:
    """The facts of a relation between the entities shown.

    Raises:
        TypeError: the vectors are none that a scorer compares.
        UnknownNameError: there is no such relation.
        ValueError: none of its facts lies among the points shown.
    """
    if not (hasattr(vectors, "scorer") and hasattr(vectors, "score_tails")):
        raise TypeError(
            f"relation={relation!r} came with {type(vectors).__name__}, which has no scorer. Expected a GraphEmbedding; type "
            "show_space(vectors, relation='capital of')."
        )
    import torch

    graph = vectors.graph
    number = graph.relation_id(relation)
    facts = graph.triples[graph.triples[:, 1] == number]
    here = np.isin(facts[:, 0], cloud.ids[cloud.layers == 0]) & np.isin(facts[:, 2], cloud.ids[cloud.layers == 0])
    facts = facts[here]
    if not len(facts):
        raise ValueError(
            f"The relation {graph.relation_labels[number]!r} has no fact between the points shown. Type show_space(vectors, "
            "relation=...) with one that has."
        )
    drawn = facts[np.sort(np.random.default_rng(seed).permutation(len(facts))[:MOST_ARROWS])]
    with torch.no_grad():
        heads = vectors.entity_vectors().double()
        row = vectors.relation_vectors().double()[number].expand(len(drawn), -1)
        moved = vectors.scorer.query_tail(heads[drawn[:, 0]], row).numpy()
        scores = vectors.score_tails(drawn).double().numpy()  # [fact, entity]
    tails = heads.numpy()[drawn[:, 2]]
    scaled = vectors.scorer.measure.matmul == "product"
    if scaled:
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        moved = moved * np.linalg.norm(tails, axis=1, keepdims=True) / np.where(lengths, lengths, 1)
    return Arrows(
        graph.relation_labels[number],
        type(vectors.scorer).__name__,
        np.array(cloud.locate(drawn[:, 0].tolist())),
        np.array(cloud.locate(drawn[:, 2].tolist())),
        moved,
        np.linalg.norm(moved - tails, axis=1),
        _rank_tails(scores, drawn, graph.triples),
        scaled,
        len(facts),
    )


def _rank_tails(
    scores: Float[np.ndarray, "fact entity"], facts: Int[np.ndarray, "fact 3"], known: Int[np.ndarray, "known 3"]
) -> Float[np.ndarray, " fact"]:
    """Filtered: other right answers do not count; equals share the mean of their ranks."""
    same = known[known[:, 1] == facts[0, 1]]
    answers = pd.Series(same[:, 2]).groupby(same[:, 0]).agg(list)
    ranks = np.empty(len(facts))
    for i, (head, _, tail) in enumerate(facts.tolist()):
        row = scores[i].copy()
        right = row[tail]
        row[answers[head]] = -np.inf
        ranks[i] = 1 + (row > right).sum() + (row == right).sum() / 2
    return ranks


def list_arrows(arrows: Arrows, cloud: Cloud) -> pd.DataFrame:
    """The facts as data: head, tail, residual, rank; the largest residual first."""
    table = pd.DataFrame(
        {
            "head": [cloud.labels[i] for i in arrows.heads],
            "tail": [cloud.labels[i] for i in arrows.tails],
            "residual": arrows.residuals,
            "rank": arrows.ranks,
        }
    )
    return table.sort_values("residual", ascending=False, kind="stable", ignore_index=True)
