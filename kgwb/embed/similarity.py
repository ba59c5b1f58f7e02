"""How near two entities lie: by the cosine of their vectors, or by the distance that the scorer itself goes by."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_choice
from kgwb.embed.candidates import Among, choose_candidates
from kgwb.embed.scorers.measure import CITY_DISTANCE, DISTANCE
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.vectors import Vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph

Similarity = Literal["auto", "cosine", "distance"]
SIMILARITIES: tuple[Similarity, ...] = ("auto", "cosine", "distance")


def has_distance(scorer: Scorer) -> bool:
    """Whether a scorer compares by a distance between vectors, as TransE and RotatE do."""
    return scorer.measure.matmul == "distance" or scorer.measure is CITY_DISTANCE


def choose_similarity(scorer: Scorer, measure: str) -> str:
    """ "cosine" or "distance": what was asked for, and for "auto" the scorer's own distance where it has one.

    Raises:
        ValueError: `measure` is no such word.
    """
    expect_choice("measure", measure, SIMILARITIES)
    if measure == "auto":
        return "distance" if has_distance(scorer) else "cosine"
    return measure


def compare_vector(vectors: Vectors, point: Float[Tensor, " dim"], measure: str) -> Float[Tensor, " entity"]:
    """How near each entity lies to a point: the cosine, or minus the distance; higher is nearer, zero vectors have cosine 0.

    The distance is the scorer's own, or the Euclidean one where the scorer goes by products.
    """
    entities = vectors.entities
    if measure == "distance":
        own = vectors.scorer.measure if has_distance(vectors.scorer) else DISTANCE
        return own.against(entities)(point[None])[0]
    lengths = entities.square().sum(-1).sqrt() * point.square().sum().sqrt()  # no second table is made
    cosine = torch.where(lengths > 0, (entities @ point) / lengths.clamp_min(torch.finfo(lengths.dtype).tiny), 0.0)
    return cosine.clamp(-1, 1)


def sort_nearest(
    similarity: Float[np.ndarray, " entity"], candidates: Int[np.ndarray, " candidate"], k: int
) -> Int[np.ndarray, " k"]:
    """The k candidates that lie nearest, nearest first; of two as near, the one with the smaller id."""
    return candidates[np.argsort(-similarity[candidates], kind="stable")[:k]]


def list_candidates(graph: KnowledgeGraph, among: Among, *, without: list[int]) -> Int[np.ndarray, " candidate"]:
    """The ids of all entities, of a type or of a list, but for a few.

    Raises:
        ValueError: "relation" or "type" came, and no relation is asked about.
    """
    if isinstance(among, str) and among in ("relation", "type"):
        raise ValueError(
            f'among={among!r} came, and no relation is asked about here. Type a type, among="city", or a list of entities.'
        )
    chosen = choose_candidates(graph, among, facts=None)
    every = np.arange(len(graph.entities)) if chosen is None else chosen.members
    return every[~np.isin(every, without)]


def list_neighbours(
    graph: KnowledgeGraph, vectors: Vectors, entity: int, *, k: int, among: Among, measure: str
) -> pd.DataFrame:
    """The k entities nearest to one, nearest first: entity, label, similarity, measure."""
    measure = choose_similarity(vectors.scorer, measure)
    candidates = list_candidates(graph, among, without=[entity])
    similarity = compare_vector(vectors, vectors.entities[entity], measure).cpu().numpy()  # [entity]
    best = sort_nearest(similarity, candidates, k)
    return pd.DataFrame(
        {
            "entity": graph.entities["entity"].to_numpy()[best],
            "label": graph.entities["label"].to_numpy()[best],
            "similarity": similarity[best],
            "measure": name_similarity(measure),
        }
    )


def name_similarity(measure: str) -> str:
    """What a similarity is, in words for a table."""
    return "cosine" if measure == "cosine" else "minus distance"
