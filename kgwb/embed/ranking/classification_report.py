"""How many facts were told right from wrong, overall and by relation, and how the wrong ones were made."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float
from kgwb.embed.ranking.bootstrap import find_intervals
from kgwb.embed.ranking.labelled import Labelled
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things


@dataclass(frozen=True, eq=False, repr=False)
class ClassificationReport:
    """True and false triples, told apart by a threshold per relation.

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
        """Whether each triple was told right, true or false."""
        return (self.labelled.scores >= self.thresholds[self.labelled.triples[:, 1]]) == self.labelled.truth

    @property
    def accuracy(self) -> float:
        """The share of triples told right; guessing gives a half."""
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
        return find_intervals(each[:, None], ["accuracy"], level=level, samples=samples, seed=seed)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row per triple: ids, labels, whether it is true, its score, the threshold, and whether it was told right."""
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
                f"  of {int(truth.sum()):,} true triples {self.right[truth].mean():.1%} told right, "
                f"of {int((~truth).sum()):,} false ones {self.right[~truth].mean():.1%}; guessing gives 50 %",
                "  false: head or tail exchanged for another that the relation has there, never a known triple, "
                f"seed {self.seed}",
                f"  a threshold per relation, chosen on valid; {borrowed} without valid triples take the common one",
                *(f"  {note}" for note in self.labelled.notes),
            ]
        )
