"""Triples that are true beside triples that are false, with their scores: what a decision is learnt and judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int
from kgwb.embed.graph_embedding import GraphEmbedding, expect_embedding
from kgwb.embed.ranking.answers import encode_once
from kgwb.embed.ranking.corruption import corrupt_triples
from kgwb.graph.splitting import Split, expect_split

AT_ONCE = 1 << 16  # triples whose vectors are gathered at a time


@dataclass(frozen=True, eq=False)
class Labelled:
    """True triples, then a false one for each where there is any.

    Attributes:
        triples: ids, [labelled, 3].
        truth: whether it is a true one, [labelled].
        pairs: which true triple it is or was made from, [labelled].
        scores: by the embedding, [labelled].
        notes: how many false triples could not be made by the rule.
    """

    triples: Int[np.ndarray, "labelled 3"]
    truth: Bool[np.ndarray, " labelled"]
    pairs: Int[np.ndarray, " labelled"]
    scores: Float[np.ndarray, " labelled"]
    notes: tuple[str, ...]


def label_triples(embedding: GraphEmbedding, split: Split, part: Literal["valid", "test"], *, seed: int) -> Labelled:
    """The true triples of one part of a split, a false one for each, and their scores.

    Raises:
        ValueError: the part is empty, nothing false can be made from it, the split is of another graph, or a score is not
            finite.
    """
    expect_embedding(embedding, "GraphEmbedding(split.graph, ComplEx()), train it, and ask again")
    expect_split(split, "split = {}")
    if split.graph.fingerprint != embedding.graph.fingerprint:
        message = f"The embedding is of the graph {embedding.graph.name!r}, but a split of {split.graph.name!r} came"
        raise ValueError(f"{message}, whose ids mean other things. Type GraphEmbedding(split.graph, ...).")
    true = split.valid if part == "valid" else split.test
    if not len(true):
        raise ValueError(f"There are no {part} triples. Type split_triples(graph, valid=0.1, test=0.1).")
    false = corrupt_triples(true, split.known, entities=len(split.graph.entities), seed=seed)
    if not false.possible.any():
        raise ValueError(
            f"No false triple can be made from the {len(true):,} {part} triples: whatever is exchanged, a known one comes out. "
            f"Give a split whose {part} part has entities with unknown answers."
        )
    triples = np.concatenate([true, false.triples[false.possible]])
    pairs = np.concatenate([np.arange(len(true)), np.flatnonzero(false.possible)])
    truth = np.arange(len(triples)) < len(true)
    return Labelled(triples, truth, pairs, score_triples(embedding, triples), tuple(false.describe()))


@torch.no_grad()
def score_triples(embedding: GraphEmbedding, triples: Int[np.ndarray, "labelled 3"]) -> Float[np.ndarray, " labelled"]:
    """The score of each triple in float64, so many at a time that memory stays small.

    Raises:
        ValueError: a score is not finite.
    """
    vectors, scores = encode_once(embedding), np.empty(len(triples))
    for start in range(0, len(triples), AT_ONCE):
        head, relation, tail = torch.from_numpy(triples[start : start + AT_ONCE]).to(embedding.device).T
        scores[start : start + AT_ONCE] = vectors.score(head, relation, tail).cpu().numpy()
    if not np.isfinite(scores).all():
        raise ValueError(
            "A score is not finite: the vectors are too large. Train a fresh embedding with a lower learning_rate."
        )
    return scores
