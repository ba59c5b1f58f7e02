"""A fresh embedding whose entities begin where other vectors stand: those of their texts, or of another program."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.importing import find_named_rows
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.updating.starting import Start, read_text_vectors
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import count_things, describe_kind

log = logging.getLogger(__name__)
_CALL = "start_embedding(graph, ComplEx(), {'Berlin': [0.1, 0.2], 'Paris': [0.3, 0.1]})"


def start_embedding(
    graph: KnowledgeGraph,
    scorer: Scorer,
    start: Mapping[str, Any] | pd.DataFrame | Start,
    *,
    dim: int = 128,
    seed: int = 0,
) -> GraphEmbedding:
    """An untrained embedding whose entity vectors begin at given ones, projected to its width.

    e = m + (σ / s) (x − x̄) V R: the leading principal components of the given vectors (at most `dim`), turned by a random
    rotation R, so that each number holds as much of them as the next (products of numbers are all that ComplEx or DistMult
    see), and scaled so that mean m and standard deviation σ are those of a random start. Distances between entities keep
    their proportions, as far as the components hold them. Relations, and entities without a vector, begin as usual.

    Args:
        graph: whose entities they are.
        scorer: the equation, for example `ComplEx()`.
        start: vectors by name or label, as a dict or as a data frame with the names as its index; or, as in `fold_in`, a row
            for each entity, or a function from a list of texts (label, and description where there is one) to such rows.
        dim: real numbers per entity.
        seed: of the random start, and of the rotation.

    Returns:
        The embedding; its `start_note` says what was projected, and how many entities had no vector; the log says so, too.

    Raises:
        TypeError: no vectors came.
        ValueError: none of the names is an entity of the graph, vectors of different widths, or all of them alike.

    Example:
        >>> from kgwb.embed.scorers.distmult import DistMult
        >>> facts = pd.DataFrame([["Rome", "in", "Italy"], ["Oslo", "in", "Norway"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> given = {"Rome": [1.0, 0.0], "Italy": [0.9, 0.1], "Oslo": [0.0, 1.0], "Norway": [0.0, 0.8]}
        >>> vectors = start_embedding(graph, DistMult(), given, dim=8)
        >>> vectors.nearest("Oslo", 1).label.item(), vectors.start_note
        ('Norway', '4 of 4 entities at given vectors, 2 wide, of whose variance PCA keeps 100.0 %')
    """
    expect_graph(graph, "start_embedding({}, ComplEx(), start)")
    embedding = GraphEmbedding(graph, scorer, dim=dim, seed=seed)
    further = 0
    if isinstance(start, (Mapping, pd.DataFrame)):
        given, has, further = _read_named(start, graph)
    else:
        rows = read_text_vectors(start, graph)
        if rows is None:
            raise TypeError(f"Vectors to start from were expected, but None came. Type {_CALL}.")
        given, has = rows.astype(np.float64), np.ones(len(rows), dtype=bool)
    projected, kept = project_rows(given, embedding.dim, seed=embedding.seed)
    table = embedding.entity_table
    with torch.no_grad():
        usual = table.double()
        begun = usual.mean() + usual.std() / projected.std() * torch.from_numpy(projected)
        table[torch.from_numpy(np.flatnonzero(has))] = begun.to(table)
    embedding.start_note = (
        f"{int(has.sum()):,} of {count_things(len(has), 'entity')} at given vectors, {given.shape[1]:,} wide, of whose "
        f"variance PCA keeps {kept:.1%}".replace("%", " %")
    )
    _warn_of_missing(int((~has).sum()), further)
    return embedding


def project_rows(
    rows: Float[np.ndarray, "row width"], dim: int, *, seed: int
) -> tuple[Float[np.ndarray, "row dim"], float]:
    """The leading principal components of some vectors, turned at random, and the share of the variance that they keep.

    Raises:
        ValueError: the vectors are all alike.

    Example:
        >>> rows, kept = project_rows(np.array([[0.0, 0.0], [3.0, 4.0]]), 6, seed=0)
        >>> rows.shape, round(float(np.linalg.norm(rows[0] - rows[1])), 3), round(kept, 3)
        ((2, 6), 5.0, 1.0)
    """
    centred = rows - rows.mean(axis=0)
    sizes, axes = np.linalg.eigh(centred.T @ centred)  # ascending
    total = float(np.clip(sizes, 0.0, None).sum())
    if total <= 1e-20 * max(1.0, float((rows**2).sum())):
        raise ValueError(f"The given vectors are all alike, so there is nothing to start from. Type {_CALL}.")
    leading = axes[:, ::-1][:, :dim]  # [width, component]
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(dim, dim)))
    kept = float(np.clip(sizes[::-1][:dim], 0.0, None).sum()) / total
    return centred @ leading @ rotation[: leading.shape[1]], kept


def _read_named(
    start: Mapping[str, Any] | pd.DataFrame, graph: KnowledgeGraph
) -> tuple[Float[np.ndarray, "found width"], Bool[np.ndarray, " entity"], int]:
    """The vectors of those entities that have one, which they are, and how many names the graph has not."""
    names = [str(name) for name in (start.index if isinstance(start, pd.DataFrame) else start)]
    values = start.to_numpy() if isinstance(start, pd.DataFrame) else list(start.values())
    try:
        vectors = np.array([np.asarray(value, dtype=np.float64) for value in values])
    except (TypeError, ValueError, RuntimeError, OverflowError) as problem:
        raise TypeError(
            f"Vectors of finite numbers, all of one width, were expected by name, but {describe_kind(start)} came that holds "
            f"others. Type {_CALL}."
        ) from problem
    if vectors.ndim != 2 or not vectors.size or not np.isfinite(vectors).all():
        raise ValueError(
            f"Vectors came with shape {vectors.shape}. Expected a vector of finite numbers for each name. Type {_CALL}."
        )
    place = find_named_rows(names, graph.entities, "entity")
    has = place >= 0
    if not has.any():
        raise ValueError(
            f"None of the {count_things(len(names), 'name')} is an entity of {graph.name!r}, whose first is called "
            f"{graph.labels[0]!r}. Type {_CALL}, with its names or labels."
        )
    return vectors[place[has]], has, len(names) - len(np.unique(place[has]))


def _warn_of_missing(missing: int, further: int) -> None:
    said = [f"{count_things(missing, 'entity')} had no vector and began at random"] if missing else []
    said += [f"{count_things(further, 'name')} named no entity of the graph"] if further else []
    if said:
        log.warning("start_embedding: %s.", "; ".join(said))
