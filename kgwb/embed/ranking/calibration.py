"""From scores to probabilities that mean what they say: Platt scaling, fitted on validation triples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.axes import Bool, Float, Int
from kgwb.checks import expect_at_least
from kgwb.embed.queries import Triples, expect_ids, read_ids
from kgwb.embed.ranking.answers import Ranker
from kgwb.embed.ranking.labelled import Labelled, label_triples, score_triples
from kgwb.graph.splitting import Split
from kgwb.words import count_things

BINS = 10
STEPS = 100  # of Newton's method, which needs about ten
USUAL = 5  # a relation's centre counts so many triples with the common centre beside its own


@dataclass(frozen=True, eq=False, repr=False)
class Calibration:
    """How likely a triple is true, given its score and relation.

    probability = 1 / (1 + exp(−coefficient · (score − centre[relation]) − offset)), Platt scaling (Platt, 1999,
    "Probabilistic outputs for support vector machines") of scores that are first made comparable between relations.
    It holds where half of the triples asked about are true, as in the fit. Where fewer are, say one in a hundred of
    the candidates that a model proposes, the odds shrink in proportion: here, by 99.

    Attributes:
        embedding: whose scores these are; trained further, it needs a new calibration.
        coefficient: how fast the logarithm of the odds rises with the score.
        offset: the logarithm of the odds at the centre.
        centres: the mean score of each relation's true and false valid triples, drawn towards that of all, [relation].
        test: triples that the fit never saw, half of them false, and their scores.
        seed: which false triples.
    """

    embedding: Ranker
    coefficient: float
    offset: float
    centres: Float[np.ndarray, " relation"]
    test: Labelled
    seed: int

    def probability(self, triples: Triples) -> Float[np.ndarray, " triple"]:
        """How likely each triple is true, from 0 to 1.

        Args:
            triples: ids, as an array, a tensor or a list.

        Raises:
            ValueError: ids that the graph does not have.
        """
        ids = read_ids(triples)
        expect_ids(self.embedding.graph, "triples", ids)
        return self._squash(score_triples(self.embedding, ids), ids[:, 1])

    def reliability(self, bins: int = BINS) -> pd.DataFrame:
        """Whether probabilities hold on test: of the triples given about 0.7, are 70 % true?

        Args:
            bins: into how many parts of equal width the way from 0 to 1 is divided; empty ones have no row.

        Returns:
            One row per bin: low, high, triples, their mean probability, and the share that is true.
        """
        expect_at_least("bins", bins, 1, whole=True)
        probability = self.test_probability
        place = np.minimum((probability * bins).astype(int), bins - 1)
        table = pd.DataFrame({"triples": 1, "probability": probability, "true": self.test.truth.astype(float)})
        grouped = table.groupby(place)
        rows = grouped.mean().assign(triples=grouped.size())
        rows.insert(0, "low", rows.index / bins)
        rows.insert(1, "high", (rows.index + 1) / bins)
        return rows.reset_index(drop=True)

    @property
    def expected_calibration_error(self) -> float:
        """How far probability and share of true triples lie apart on test, on average over ten bins (Guo et al., 2017)."""
        rows = self.reliability()
        return float(((rows["probability"] - rows["true"]).abs() * rows["triples"]).sum() / rows["triples"].sum())

    @cached_property
    def test_probability(self) -> Float[np.ndarray, " labelled"]:
        """The probability of each triple in `test`, true ones first."""
        return self._squash(self.test.scores, self.test.triples[:, 1])

    def _squash(
        self, scores: Float[np.ndarray, " triple"], relation: Int[np.ndarray, " triple"]
    ) -> Float[np.ndarray, " triple"]:
        return logistic(self.coefficient * (scores - self.centres[relation]) + self.offset)

    def __repr__(self) -> str:
        equation = f"coefficient {self.coefficient:.3g}, offset {self.offset:.3g}"
        error = f"expected calibration error {self.expected_calibration_error:.3f}"
        warning = ["  the coefficient is not positive: these scores do not separate true from false"] * (
            self.coefficient <= 0
        )
        return "\n".join(
            [
                f"Calibration: {error} on {count_things(len(self.test.truth), 'test triple')}, half of them false",
                f"  Platt scaling ({equation}) of scores relative to their relation's mean, fitted on valid, seed {self.seed}",
                "  a probability holds where half of the triples asked about are true; where fewer are, it is too high",
                *warning,
                *(f"  {note}" for note in self.test.notes),
            ]
        )


def calibrate_scores(embedding: Ranker, split: Split, *, seed: int = 0) -> Calibration:
    """Fit probabilities to the scores of valid triples, true and false; test then shows how far to trust them.

    False triples are made as in `classify_triples`. Scores of different relations are not comparable (a softmax leaves
    each query a zero of its own), so each is taken relative to its relation's mean first.

    Args:
        embedding: a trained one, or whatever else `rank_triples` takes.
        split: valid is fitted to, test is only looked at to judge the fit.
        seed: of the false triples.

    Returns:
        Probabilities for any triple, and how well they hold on test.

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
        >>> calibration = calibrate_scores(GraphEmbedding(graph, DistMult(), dim=8), split)
        >>> ((calibration.probability(split.test) > 0) & (calibration.probability(split.test) < 1)).all()
        np.True_
    """
    valid = label_triples(embedding, split, "valid", seed=seed)
    test = label_triples(embedding, split, "test", seed=seed)
    relation, relations = valid.triples[:, 1], len(split.graph.relations)
    sums, counts = np.bincount(relation, valid.scores, relations), np.bincount(relation, minlength=relations)
    centres = (sums + USUAL * valid.scores.mean()) / (counts + USUAL)
    coefficient, offset = fit_platt(valid.scores - centres[relation], valid.truth)
    return Calibration(embedding, coefficient, offset, centres, test, seed)


def fit_platt(scores: Float[np.ndarray, " labelled"], truth: Bool[np.ndarray, " labelled"]) -> tuple[float, float]:
    """Coefficient and offset of the logistic curve under which the labels are likeliest (Platt, 1999).

    Labels are drawn in a little, as if one more triple of each kind had been seen, so that scores that part true from
    false without a mistake still give no certainty. Newton's method with halved steps (Lin, Lin & Weng, 2007).

    Example:
        >>> coefficient, offset = fit_platt(np.array([-1.0, 1.0]), np.array([False, True]))
        >>> logistic(np.array([coefficient + offset])).round(3)
        array([0.667])
    """
    true = int(truth.sum())
    target = np.where(truth, (true + 1) / (true + 2), 1 / (len(truth) - true + 2))
    middle, scale = float(scores.mean()), float(scores.std()) or 1.0  # far from zero the two columns would be one
    columns = np.stack([(scores - middle) / scale, np.ones_like(scores)], axis=1)  # [labelled, 2]
    line = np.array([0.0, np.log((true + 1) / (len(truth) - true + 1))])
    loss = _loss(columns @ line, target)
    for _ in range(STEPS):
        probability = logistic(columns @ line)
        gradient = columns.T @ (probability - target)  # [2]
        hessian = (columns.T * (probability * (1 - probability))) @ columns + 1e-9 * np.eye(2)  # never singular
        step, size = np.linalg.solve(hessian, gradient), 1.0
        while _loss(columns @ (line - size * step), target) > loss and size > 1e-10:
            size /= 2
        line = line - size * step
        before, loss = loss, _loss(columns @ line, target)
        if before - loss <= 1e-12 * abs(before):
            break
    coefficient = float(line[0] / scale)
    return coefficient, float(line[1]) - coefficient * middle


def logistic(odds: Float[np.ndarray, " triple"]) -> Float[np.ndarray, " triple"]:
    """The probability that belongs to the logarithm of odds."""
    return np.exp(-np.logaddexp(0.0, -odds))  # no overflow at either end


def _loss(odds: Float[np.ndarray, " labelled"], target: Float[np.ndarray, " labelled"]) -> float:
    return float((np.logaddexp(0.0, odds) - target * odds).sum())
