"""Guessing the relation from head and tail: a second task that makes the vectors say more about relations."""

from __future__ import annotations

from torch.nn.functional import cross_entropy

from kgwb.axes import Float, Int, Tensor
from kgwb.embed.training.batches import Batch
from kgwb.embed.vectors import Vectors


def relation_loss(
    vectors: Vectors,
    rows: Float[Tensor, "touched dim"],
    known: Int[Tensor, " query"],
    answers: Int[Tensor, " answer"],
    batch: Batch,
) -> Float[Tensor, ""]:
    """Cross-entropy of each triple's relation among all relations, summed over the answers that are tails.

    −Σ log P(r | h, t) (Chen et al., 2021, "Relation prediction as an auxiliary training objective"). Every triple is a
    question about its tail once per epoch, so every triple's relation is asked for once.

    Args:
        vectors: the relations, and the scorer that compares them.
        rows: the vectors of the entities that the batch holds.
        known: the row of each question's entity.
        answers: the row of each answer.
        batch: which relation each question names.
    """
    asks_tail = batch.rows < batch.tails
    question = batch.rows[asks_tail]
    head, tail = rows.index_select(0, known[question]), rows.index_select(0, answers[asks_tail])
    scorer = vectors.scorer
    scores = scorer.measure.compare(scorer.query_relation(head, tail), scorer.relation_keys(vectors.relations))
    return cross_entropy(scores, batch.relation[question], reduction="sum")
