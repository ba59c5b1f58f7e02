"""Entities in clusters of near vectors, and whether there are any clusters to be found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Int
from kgwb.checks import expect_number, expect_seed
from kgwb.embed.candidates import Among
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once, expect_embedding
from kgwb.embed.similarity import Similarity, choose_similarity, list_candidates
from kgwb.packages import load_package
from kgwb.words import count_things

_JUDGED = 2000  # entities whose silhouette is taken: it compares all pairs
_STARTS = 10  # of k-means; the best one counts


@dataclass(frozen=True, eq=False, repr=False)
class EntityClusters:
    """Entities in clusters, and how clearly these stand apart.

    Attributes:
        frame: one row per entity: entity, label, cluster (0 is the largest).
        silhouette: from −1 to 1, how much nearer an entity lies to its own cluster than to the next (Rousseeuw, 1987).
        shuffled: the same of vectors whose columns were shuffled, each on its own: what no structure gives.
        measure: "cosine", where vectors were brought to length one, or "distance".
        judged: how many entities the silhouettes were taken over.
        seed: of the starts, the shuffling and who is judged.
    """

    frame: pd.DataFrame
    silhouette: float
    shuffled: float
    measure: str
    judged: int
    seed: int

    def __repr__(self) -> str:
        sizes = self.frame["cluster"].value_counts()
        over = f"over {count_things(self.judged, 'entity')}" + (
            " drawn at random" if self.judged < len(self.frame) else ""
        )
        lengths = "vectors of length one (cosine)" if self.measure == "cosine" else "vectors as they are (distance)"
        return "\n".join(
            [
                f"EntityClusters: {count_things(len(self.frame), 'entity')} in {count_things(len(sizes), 'cluster')} of "
                f"{int(sizes.min()):,} to {int(sizes.max()):,}",
                f"  silhouette {self.silhouette:.3f}, of shuffled vectors {self.shuffled:.3f}, {over}",
                f"  k-means, the best of {_STARTS} starts, seed {self.seed}, {lengths}",
            ]
        )


@torch.no_grad()
def cluster_entities(
    vectors: GraphEmbedding,
    count: int = 8,
    *,
    among: Among = None,
    measure: Similarity = "auto",
    seed: int = 0,
) -> EntityClusters:
    """Divide entities into clusters of near vectors by k-means; scikit-learn does it.

    K-means finds clusters in anything. The silhouette of vectors whose columns were shuffled, so that nothing but each
    column's own numbers is left, says how much of it that is.

    Args:
        vectors: an embedding.
        count: how many clusters.
        among: only entities of this type, or of this list.
        measure: "cosine", "distance", or "auto", as in `GraphEmbedding.nearest`; k-means itself goes by Euclidean
            distances, for the cosine between vectors of length one.
        seed: of the starts and the shuffling.

    Raises:
        ValueError: fewer different vectors than clusters, or a number out of its range.
        ImportError: scikit-learn is not installed; holds the line that installs it.

    Example:
        >>> from kgwb.embed.scorers.transe import TransE
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([[f"e{i}", "r", f"e{i + 1}"] for i in range(9)], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=4)
        >>> cluster_entities(vectors, 2).frame.columns.tolist()
        ['entity', 'label', 'cluster']
    """
    expect_embedding(vectors, "cluster_entities(GraphEmbedding(graph, ComplEx()))")
    expect_number("count", count, usual=8, least=2, whole=True)
    seed = expect_seed(seed)
    measure = choose_similarity(vectors.scorer, measure)  # type: ignore[assignment]
    ids = list_candidates(vectors.graph, among, without=[])
    rows = encode_once(vectors).entities.cpu().numpy()[ids].astype(np.float64)
    if measure == "cosine":
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    different = len(np.unique(rows, axis=0))
    if different <= count:
        raise ValueError(
            f"count={count} came, and {count_things(len(ids), 'entity')} with {count_things(different, 'different vector')}: "
            f"there must be more vectors than clusters. Type count={max(2, different // 2)}, or among=None."
        )
    random = np.random.default_rng(seed)
    mixed = np.stack([random.permutation(column) for column in rows.T], axis=1)
    judged = np.sort(random.permutation(len(rows))[:_JUDGED])
    place, silhouette = _divide(rows, int(count), judged, seed)
    order = np.argsort(-np.bincount(place), kind="stable")
    names = vectors.graph.entities
    frame = pd.DataFrame(
        {
            "entity": names["entity"].to_numpy()[ids],
            "label": names["label"].to_numpy()[ids],
            "cluster": np.argsort(order)[place],
        }
    )
    return EntityClusters(frame, silhouette, _divide(mixed, int(count), judged, seed)[1], measure, len(judged), seed)


def _divide(
    rows: Float[np.ndarray, "entity dim"], count: int, judged: Int[np.ndarray, " judged"], seed: int
) -> tuple[Int[np.ndarray, " entity"], float]:
    """The cluster of each row, and the mean silhouette of the judged ones; NaN where these are all in one cluster."""
    cluster = load_package("sklearn.cluster", "Finding clusters", install="scikit-learn")
    metrics = load_package("sklearn.metrics", "Judging clusters", install="scikit-learn")
    place = cluster.KMeans(count, n_init=_STARTS, random_state=seed % 2**32).fit(rows).labels_.astype(np.int64)
    within = len(np.unique(place[judged]))
    told = metrics.silhouette_score(rows[judged], place[judged]) if 1 < within < len(judged) else np.nan
    return place, float(told)
