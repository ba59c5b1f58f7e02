"""Triple classification: is this fact true or false? A threshold per relation, chosen on validation triples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.embed.ranking.answers import Ranker
from kgwb.embed.ranking.bootstrap import bootstrap_intervals
from kgwb.embed.ranking.labelled import Labelled, label_triples
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split
from kgwb.words import count_things


@dataclass(frozen=True, eq=False, repr=False)
class ClassificationReport:
    """True and false triples, classified by a threshold per relation.

    Attributes:
        graph: whose ids the triples hold.
        labelled: the test triples, a false one for each, and their scores.
        thresholds: from which score on a relation's triple counts as true, [relation].
        own: whether the threshold was chosen on valid triples of that very relation, [relation].
        seed: which false triples.
    """

    graph: KnowledgeGraph
    labelled: Labelled
    thresholds: Float[np.ndarray, " relation"]
    own: Bool[np.ndarray, " relation"]
    seed: int

    @cached_property
    def right(self) -> Bool[np.ndarray, " labelled"]:
        """Whether each triple was classified correctly, true or false."""
        return (self.labelled.scores >= self.thresholds[self.labelled.triples[:, 1]]) == self.labelled.truth

    @property
    def accuracy(self) -> float:
        """The share of triples classified correctly; guessing gives a half."""
        return float(self.right.mean())

    def interval(self, level: int | float = 0.95, *, samples: int = 1000, seed: int = 0) -> pd.DataFrame:
        """How far the accuracy would move had other test triples been drawn: value, low and high.

        Percentile bootstrap over true triples, of which each brings its false one (Efron, 1979). It says nothing about
        other false triples or other seeds of training.

        Args:
            level: the share of resampled accuracies between low and high.
            samples: how often the triples are drawn anew, with replacement.
            seed: of the draws.
        """
        right, pairs = np.bincount(self.labelled.pairs, self.right), int(self.labelled.truth.sum())
        each = right * (pairs / len(self.right))  # their mean is the accuracy, even where a false triple is missing
        return bootstrap_intervals(each[:, None], ["accuracy"], level=level, samples=samples, seed=seed)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per triple: ids, labels, whether it is true, its score, the threshold, and whether it was right."""
        head, relation, tail = self.labelled.triples.T
        labels, relation_labels = self.graph.entities["label"].array, self.graph.relations["label"].array
        return pd.DataFrame(
            {
                "head": head,
                "relation": relation,
                "tail": tail,
                "true": self.labelled.truth,
                "score": self.labelled.scores,
                "threshold": self.thresholds[relation],
                "right": self.right,
                "head_label": labels.take(head),
                "relation_label": relation_labels.take(relation),
                "tail_label": labels.take(tail),
            }
        )

    def by_relation(self) -> pd.DataFrame:
        """Accuracy of each relation, overall, on true and on false triples, and its threshold; most frequent first."""
        relation, truth = self.labelled.triples[:, 1], self.labelled.truth
        right = pd.Series(self.right.astype(float))
        grouped = right.groupby(relation)
        table = pd.DataFrame(
            {
                "triples": grouped.size(),
                "accuracy": grouped.mean(),
                "on_true": right[truth].groupby(relation[truth]).mean(),
                "on_false": right[~truth].groupby(relation[~truth]).mean(),
            }
        )
        ids = table.index.to_numpy()
        table.insert(0, "label", self.graph.relations["label"].array.take(ids))
        table = table.assign(threshold=self.thresholds[ids], own_threshold=self.own[ids])
        return table.rename_axis("relation").sort_values("triples", ascending=False, kind="stable")

    @cached_property
    def _usual_interval(self) -> pd.DataFrame:
        return self.interval()

    def __repr__(self) -> str:
        truth = self.labelled.truth
        low, high = self._usual_interval.loc["accuracy", ["low", "high"]]
        common = self.by_relation().query("~own_threshold")
        borrowed = f"{count_things(len(common), 'relation')} ({count_things(int(common.triples.sum()), 'triple')})"
        return "\n".join(
            [
                f"ClassificationReport: accuracy {self.accuracy:.3f} ({low:.3f} to {high:.3f}, 95 % bootstrap over triples)",
                f"  of {int(truth.sum()):,} true triples {self.right[truth].mean():.1%} classified correctly, "
                f"of {int((~truth).sum()):,} false ones {self.right[~truth].mean():.1%}; guessing gives 50 %",
                "  false: head or tail exchanged for another that the relation has there, never a known triple, "
                f"seed {self.seed}",
                f"  a threshold per relation, chosen on valid; {borrowed} without valid triples take the common one",
                *(f"  {note}" for note in self.labelled.notes),
            ]
        )


def classify_triples(embedding: Ranker, split: Split, *, seed: int = 0) -> ClassificationReport:
    """Classify the test triples, and a false one beside each, by their scores.

    Beside each valid and each test triple stands a false one: its head or tail (by a coin) is exchanged for an entity
    that the relation has at that end, so that no known triple comes out (Socher et al., 2013). A triple counts as true
    where its score reaches its relation's threshold: the one that classifies most of the relation's valid triples
    correctly, or, where valid has none of that relation, most of all valid triples.

    Args:
        embedding: whose scores decide; whatever `rank_triples` takes.
        split: thresholds come from valid, accuracy from test; no triple of train, valid or test counts as false.
        seed: of the false triples; the same ones for every embedding, so that all of them answer the same questions.

    Returns:
        Accuracy, its interval, and a table by relation.

    Raises:
        ValueError: no valid or test triples, a split of another graph, or scores that are not numbers.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.graph_embedding import GraphEmbedding
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
    """Half-way between two scores so that calling true what lies above is right most often.

    Among several such places, the one that calls nearest to half of the triples true, because half of them are.

    Example:
        >>> choose_threshold(np.array([4.0, 3.0, 1.0]), np.array([True, True, False]))
        2.0
    """
    order = np.argsort(-scores, kind="stable")
    falling, true = scores[order], truth[order]
    edges = np.concatenate([[np.inf], falling, [-np.inf]])  # above the first, between two, below the last
    # How many are right for each cut: true ones above it, false ones below it, [labelled + 1].
    right = np.concatenate([[0], np.cumsum(true)]) + np.concatenate([np.cumsum(~true[::-1])[::-1], [0]])
    right[1:-1][falling[1:] == falling[:-1]] = -1  # no threshold lies between equal scores
    cuts: Int[np.ndarray, " cut"] = np.flatnonzero(right == right.max())
    cut = cuts[np.argmin(np.abs(2 * cuts - len(scores)))]
    above, below = edges[cut : cut + 2]
    middle = above / 2 + below / 2
    return float(above if middle == below > -np.inf else middle)  # two may have no number between them
