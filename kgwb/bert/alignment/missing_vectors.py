"""Vectors for entities that have none, from their labels."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import torch

from kgwb.axes import Bool, Float, Tensor
from kgwb.bert.alignment.linear_maps import fit_ridge
from kgwb.bert.alignment.word_space import LabelWords, read_labels
from kgwb.bert.knowledge import EntityVectors, expect_entity_vectors, gather_knowledge
from kgwb.bert.model import Bert
from kgwb.checks import expect_kind
from kgwb.graph import KnowledgeGraph
from kgwb.words import count_things


@dataclass(frozen=True, eq=False, repr=False)
class FilledVectors:
    """Entity vectors without gaps; every door takes them in place of the embedding that they came from.

    Attributes:
        graph: whose entities have the vectors.
        table: one vector per entity [entity, dim].
        relations: one vector per relation as the doors would read it from the embedding [relation, width].
        filled: the ids of the entities that had no vector.
        unlabelled: those of them whose label has no known word piece; they got the mean vector.
        r2: how much of the vectors a label foretells: R² over the entities that had one, each predicted by a map
            fitted without it. About 0: the fallback is hardly more than the mean vector. NaN if nothing was filled.
    """

    graph: KnowledgeGraph
    table: Float[Tensor, "entity dim"]
    relations: Float[Tensor, "relation width"]
    filled: tuple[int, ...]
    unlabelled: tuple[int, ...]
    r2: float

    def entity_vectors(self) -> Float[Tensor, "entity dim"]:
        """A copy of the vectors, by id."""
        return self.table.clone()

    def relation_vectors(self) -> Float[Tensor, "relation width"]:
        """A copy of the relation vectors, by id."""
        return self.relations.clone()

    def __repr__(self) -> str:
        entities, dim = self.table.shape
        counts = f"{count_things(entities, 'entity')} of {self.graph.name!r}, {dim} numbers each"
        if not self.filled:
            return f"FilledVectors: {counts}; nothing was missing"
        names = ", ".join(self.graph.labels[entity] or "(no label)" for entity in self.filled[:3])
        names += ", ..." if len(self.filled) > 3 else ""
        return (
            f"FilledVectors: {counts}; {len(self.filled):,} had no vector and got one from the label ({names}), "
            f"{len(self.unlabelled):,} of them the mean for want of a known word; R² of labels {self.r2:.2f}"
        )


def find_missing(vectors: EntityVectors) -> Bool[Tensor, " entity"]:
    """Which entities have no vector: never trained, all zeros, or not finite.

    Raises:
        ValueError: if there is not one vector for each entity.
    """
    table = gather_knowledge(vectors).entities
    missing = ~table.isfinite().all(1) | (table == 0).all(1)
    trained_on = getattr(vectors, "trained_on", None)
    if trained_on is not None:
        missing |= ~torch.as_tensor(trained_on).to(missing)
    return missing


def list_gaps(vectors: EntityVectors) -> tuple[int, ...]:
    """The entities that `inject` gives a vector from their label: those without one, where others have one."""
    missing = find_missing(vectors)
    return () if bool(missing.all()) else _ids(missing)


def fill_missing_vectors(bert: Bert, vectors: EntityVectors) -> FilledVectors:
    """Give every entity without a vector one from its label.

    An entity has none if it stood in no triple that was trained on, or its vector is all zeros or not finite. Its
    label's word vector (the mean word embedding of its pieces) is mapped into the space of the entities by ridge
    regression, fitted on the entities that have both; λ as in `fit_ridge`. A label without a
    known word piece gets the mean of the vectors that there are.

    Args:
        bert: whose word embeddings are read; it is left as it is.
        vectors: a `GraphEmbedding` or anything with a graph and `entity_vectors()`; left as it is.

    Returns:
        The vectors with the gaps filled, and which those were. Where nothing is missing, the same table to the bit.

    Raises:
        ValueError: if fewer than two entities have both a vector and a word, or there is not one vector for each entity.

    Example:
        >>> import pandas as pd
        >>> from kgwb import ComplEx, GraphEmbedding, load_bert, train_embedding
        >>> facts = pd.DataFrame([["Paris", "in", "France"], ["Rome", "in", "Italy"]], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=8)
        >>> for epoch in train_embedding(vectors, vectors.graph, epochs=2): pass
        >>> fill_missing_vectors(load_bert(), vectors)
        FilledVectors: 4 entities of 'graph', 8 numbers each; nothing was missing
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.bert.fill_missing_vectors(kgwb.load_bert(), vectors)")
    expect_entity_vectors(vectors, "kgwb.bert.fill_missing_vectors(bert, {})")
    missing = find_missing(vectors)
    table = vectors.entity_vectors()
    table = table if table.is_floating_point() else table.float()  # a vector from a label is no whole numbers
    relations = gather_knowledge(vectors).relations
    if not bool(missing.any()):
        return FilledVectors(vectors.graph, table, relations, (), (), nan)
    words = read_labels(bert, vectors.graph.labels)
    both = expect_pairs(vectors, missing, words, least=2)
    inverse = fit_ridge(words.vectors[both], table.cpu()[both].double())
    mean = table.cpu()[~missing].double().mean(0)
    guesses = torch.where(words.found[:, None], inverse(words.vectors), mean)
    filled = torch.where(missing.to(table.device)[:, None], guesses.to(table), table)
    unlabelled = missing & ~words.found
    return FilledVectors(vectors.graph, filled, relations, _ids(missing), _ids(unlabelled), inverse.r2)


def expect_pairs(
    vectors: EntityVectors, missing: Bool[Tensor, " entity"], words: LabelWords, *, least: int
) -> Bool[Tensor, " entity"]:
    """The entities that have both a vector and a word, if there are enough of them.

    Raises:
        ValueError: fewer than `least`; says which of the two is wanting and what to type.
    """
    both = ~missing & words.found
    if int(both.sum()) >= least:
        return both
    remedy = (
        "Train the vectors first: for epoch in kgwb.train_embedding(vectors, split): ..."
        if int((~missing).sum()) < least
        else "Give the entities labels in a language of this BERT, or load another: kgwb.load_bert(...)."
    )
    raise ValueError(
        f"Of the {count_things(len(missing), 'entity')} of {vectors.graph.name!r} {int((~missing).sum())} have a vector "
        f"and {int(both.sum())} of these a label that BERT knows a piece of. Expected at least {least}. {remedy}"
    )


def _ids(marks: Bool[Tensor, " entity"]) -> tuple[int, ...]:
    return tuple(marks.nonzero()[:, 0].tolist())
