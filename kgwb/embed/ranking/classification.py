"""Triple classification: is this fact true or false? A threshold per relation, chosen on validation triples."""

from __future__ import annotations

import numpy as np

from kgwb.axes import Bool, Float, Int
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.ranking.classification_report import ClassificationReport
from kgwb.embed.ranking.labelled import Labelled, label_triples
from kgwb.graph.splitting import Split


def classify_triples(embedding: GraphEmbedding, split: Split, *, seed: int = 0) -> ClassificationReport:
    """Tell the test triples from false ones by their scores.

    Beside each valid and each test triple stands a false one: its head or tail (by a coin) is exchanged for an entity
    that the relation has at that end, so that no known triple comes out (Socher et al., 2013). A triple counts as true
    where its score reaches its relation's threshold: the one that tells most of the relation's valid triples right, or,
    where valid has none of that relation, the one that tells most of all valid triples right.

    Args:
        embedding: whose scores decide.
        split: thresholds come from valid, accuracy from test; no triple of train, valid or test counts as false.
        seed: of the false triples; the same ones for every embedding, so that all of them answer the same questions.

    Returns:
        Accuracy, its interval, and a table by relation.

    Raises:
        ValueError: no valid or test triples, a split of another graph, or scores that are not numbers.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.distmult import DistMult
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([[h, "r", t] for h in "ab" for t in "abcd"], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> split = Split(graph, graph.triples[:4], graph.triples[4:6], graph.triples[6:])
        >>> 0 <= classify_triples(GraphEmbedding(graph, DistMult(), dim=8), split).accuracy <= 1
        True
    """
    valid = label_triples(embedding, split, "valid", seed=seed)
    test = label_triples(embedding, split, "test", seed=seed)
    thresholds, own = choose_thresholds(valid, len(split.graph.relations))
    return ClassificationReport(graph=split.graph, labelled=test, thresholds=thresholds, own=own, seed=seed)


def choose_thresholds(
    valid: Labelled, relations: int
) -> tuple[Float[np.ndarray, " relation"], Bool[np.ndarray, " relation"]]:
    """The best threshold of each relation, and whether it has valid triples of its own to choose it on."""
    thresholds = np.full(relations, choose_threshold(valid.scores, valid.truth))
    order = np.argsort(valid.triples[:, 1], kind="stable")
    counts = np.bincount(valid.triples[:, 1], minlength=relations)
    for relation, rows in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        if len(rows):
            thresholds[relation] = choose_threshold(valid.scores[rows], valid.truth[rows])
    return thresholds, counts > 0


def choose_threshold(scores: Float[np.ndarray, " labelled"], truth: Bool[np.ndarray, " labelled"]) -> float:
    """Half-way between two scores so that calling true what lies above tells most triples right.

    Among several such places, the one that calls nearest to half of the triples true, because half of them are.

    Example:
        >>> choose_threshold(np.array([4.0, 3.0, 1.0]), np.array([True, True, False]))
        2.0
    """
    order = np.argsort(-scores, kind="stable")
    falling, true = scores[order], truth[order]
    edges = np.concatenate([[np.inf], falling, [-np.inf]])  # above the first, between two, below the last
    right = np.concatenate([[0], np.cumsum(true)]) + np.concatenate([np.cumsum(~true[::-1])[::-1], [0]])
    right[1:-1][falling[1:] == falling[:-1]] = -1  # no threshold lies between equal scores
    cuts: Int[np.ndarray, " cut"] = np.flatnonzero(right == right.max())
    cut = cuts[np.argmin(np.abs(2 * cuts - len(scores)))]
    return float(edges[cut : cut + 2].mean())
