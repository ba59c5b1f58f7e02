"""Graph space beside word space: a map from one to the other, and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import signature
from math import isnan
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
import torch
from torch.nn import functional

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert.alignment.linear_maps import LinearMap, fit_contrastive, fit_procrustes, fit_ridge
from kgwb.bert.alignment.missing_vectors import expect_pairs, find_missing
from kgwb.bert.alignment.quality import (
    AlignmentQuality,
    Pairs,
    average_quality,
    draw_held_out,
    judge_map,
    make_pairs,
    shuffle_within,
)
from kgwb.bert.alignment.word_space import LabelWords, Vocabulary, read_labels, read_vocabulary
from kgwb.bert.knowledge import EntityVectors, expect_entity_vectors
from kgwb.bert.model import Bert
from kgwb.checks import expect_at_least, expect_choice, expect_kind, expect_seed
from kgwb.graph import KnowledgeGraph
from kgwb.words import quote_value

Method = Literal["least squares", "procrustes", "trained"]
_FEWEST = 4


@dataclass(frozen=True, eq=False, repr=False)
class Alignment:
    """A map from entity vectors to word space, fitted on some entities and judged on others.

    Attributes:
        method: how it was fitted.
        graph: whose entities were mapped.
        vectors: the entity vectors it was made from [entity, dim].
        mapping: the map itself, with its ridge where there is one.
        label_words: the label of each entity in word space.
        vocabulary: the word pieces that can be near an entity.
        fitted_on: the ids of the entities it was fitted on.
        held_out: the ids of the entities it was judged on; none has the label of one that it was fitted on.
        quality: on the held-out entities.
        controls: the same with the pairs taken apart before fitting, over several draws: "shuffled" gives every entity
            another's vector; "shuffled within types" one of its own type, so that types still say what they can.
        without_vector: the ids of the entities that had none and were left out.
        without_word: the ids of the entities that had a vector, but no known word piece in their label.
    """

    method: Method
    graph: KnowledgeGraph
    vectors: Float[Tensor, "entity dim"]
    mapping: LinearMap
    label_words: LabelWords
    vocabulary: Vocabulary
    fitted_on: Int[Tensor, " fitted"]
    held_out: Int[Tensor, " held_out"]
    quality: AlignmentQuality
    controls: Mapping[str, tuple[AlignmentQuality, ...]]
    without_vector: tuple[int, ...]
    without_word: tuple[int, ...]

    def map(self, vectors: Float[Tensor, "*entity dim"]) -> Float[Tensor, "*entity width"]:
        """Entity vectors of the same embedding, in word space.

        Raises:
            ValueError: they are of another width.
        """
        dim = len(self.mapping.centre)
        call = "alignment.map(vectors.entity_vectors())"
        expect_kind(vectors, Tensor, "A tensor of entity vectors", call=call)
        if not vectors.is_floating_point() or not vectors.ndim:
            raise ValueError(f"Vectors of type {vectors.dtype} and shape {tuple(vectors.shape)} came. Type {call}.")
        if vectors.shape[-1] != dim:
            raise ValueError(
                f"Vectors of {vectors.shape[-1]} numbers came; this alignment maps {dim}. Type "
                "alignment.map(vectors.entity_vectors()) with the vectors that it was made from."
            )
        return self.mapping(vectors).to(vectors)

    def nearest_pieces(self, entity: str | int | np.integer, k: int = 10) -> pd.DataFrame:
        """The word pieces nearest to a mapped entity.

        Args:
            entity: by name, label or id; `held_out` holds those that the map has not seen.
            k: how many.

        Returns:
            Nearest first: `piece`, `cosine` (between deviations from the mean word vector of the entities that the map
            was fitted on), `in_label` (whether the entity's own label holds the piece).

        Raises:
            ValueError: the entity has no vector.
        """
        expect_at_least("k", k, 1, whole=True)
        found = self.graph.entity_id(entity)
        if found in self.without_vector:
            raise ValueError(
                f"{self.graph.labels[found]!r} has no vector. Type "
                "kgwb.bert.align_vectors(bert, kgwb.bert.fill_missing_vectors(bert, vectors))."
            )
        words = self.vocabulary.embeddings - self.mapping.offset.to(self.vocabulary.embeddings)
        direction = functional.normalize(self.mapping(self.vectors[found]) - self.mapping.offset, dim=0).to(words)
        best = (functional.normalize(words, dim=1) @ direction).topk(min(k, len(words)))
        own = torch.isin(self.vocabulary.ids[best.indices], torch.tensor(self.label_words.pieces[found]))
        pieces = [self.vocabulary.names[i] for i in best.indices.tolist()]
        return pd.DataFrame({"piece": pieces, "cosine": best.values.numpy(), "in_label": own.numpy()})

    @property
    def summary(self) -> pd.DataFrame:
        """R², MRR, hits@1 and hubness on the held-out entities, beside the means of each control's draws."""
        rows = {"real pairs": average_quality([self.quality])}
        rows |= {name: average_quality(draws) for name, draws in self.controls.items()}
        return pd.DataFrame.from_dict(rows, orient="index")

    def __repr__(self) -> str:
        dim, width = self.mapping.weight.shape
        ridge = "" if isnan(self.mapping.ridge) else f", ridge {self.mapping.ridge:.3g}"
        hubs = ", ".join(f"{label} ({count})" for label, count in self.quality.hubs(3).itertuples(index=False))
        left = (len(self.without_vector), len(self.without_word))
        lines = [
            f"Alignment of {self.graph.name!r} by {self.method}{ridge}: {dim} numbers to {width}, fitted on "
            f"{len(self.fitted_on):,} entities, judged on {len(self.held_out):,} others",
            self.summary.to_string(float_format="{:.3f}".format),
            f"Words near to most of the {len(self.held_out):,}: {hubs}",
        ]
        lines += [f"Left out: {left[0]:,} without a vector, {left[1]:,} without a known word"] if any(left) else []
        return "\n".join(lines)


def align_vectors(
    bert: Bert,
    vectors: EntityVectors,
    *,
    method: Method = "least squares",
    held_out: float | int = 0.2,
    shuffles: int = 3,
    seed: int = 0,
    **options: Any,
) -> Alignment:
    """Map entity vectors into the space of BERT's word embeddings, and say how much of the map is real.

    An entity's place in word space is the mean word embedding of its label's pieces. E-BERT (Poerner et al., 2020)
    fits its map on words that have a vector on both sides; a graph holds no words, so labels stand in for them.

    Args:
        bert: whose word embeddings are the target; it is left as it is.
        vectors: entity vectors and their graph. Entities without a vector or a known word are left out, and counted.
        method: "least squares" (ridge, its penalty chosen on the fitted entities alone), "procrustes" (a rotation with
            one scale; the narrower space is padded with zeros), or "trained" (gradient descent on a contrastive loss
            of cosines).
        held_out: the share of labels to judge by; entities with the same label stay together.
        shuffles: draws of each control.
        seed: for the draw of the held-out labels, of the controls and of the batches.
        **options: of the fit: `ridge` of least squares; `steps`, `learning_rate`, `temperature` and `batch` of trained
            (see `fit_ridge` and `fit_contrastive`).

    Raises:
        TypeError: for an option that the method does not have.
        ValueError: for an unknown method, a share that leaves no entity on one side, or too few entities that have both a
            vector and a word.

    How far to trust it: on the sample graph `world` (ComplEx, 64 numbers) held-out R² is about .03 against −.01
    shuffled and .01 shuffled within types; on `archipelago`, whose names are invented, no method beats its controls.

    Example:
        >>> from kgwb import ComplEx, GraphEmbedding, load_bert, train_embedding
        >>> towns = ["Paris", "Rome", "Berlin", "Madrid", "Vienna", "Lisbon"]
        >>> facts = pd.DataFrame([[town, "in", "Europe"] for town in towns], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=4)
        >>> for epoch in train_embedding(vectors, vectors.graph, epochs=2): pass
        >>> alignment = align_vectors(load_bert(), vectors, held_out=0.4)
        >>> alignment.map(vectors.entity_vectors()).shape
        torch.Size([7, 384])
        >>> list(alignment.summary.columns)
        ['r2', 'mrr', 'hits@1', 'hubness']
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.bert.align_vectors(kgwb.load_bert(), vectors)")
    expect_entity_vectors(vectors, "kgwb.bert.align_vectors(bert, {})")
    seed = expect_seed(seed)
    fit = choose_fit(method, options, seed=seed)
    expect_at_least("shuffles", shuffles, 0, whole=True)
    table, missing = vectors.entity_vectors().cpu(), find_missing(vectors)
    words = read_labels(bert, vectors.graph.labels)
    pairs = make_pairs(vectors.graph, table, words, expect_pairs(vectors, missing, words, least=_FEWEST))
    out = draw_held_out(pairs, held_out, seed)
    mapping = pairs.fit(fit, ~out)
    return Alignment(
        method=method,
        graph=vectors.graph,
        vectors=table,
        mapping=mapping,
        label_words=words,
        vocabulary=read_vocabulary(bert),
        fitted_on=pairs.entities[~out],
        held_out=pairs.entities[out],
        quality=judge_map(mapping, pairs, out),
        controls=_judge_controls(fit, pairs, out, vectors.graph, shuffles, seed),
        without_vector=tuple(missing.nonzero()[:, 0].tolist()),
        without_word=tuple((~missing & ~words.found).nonzero()[:, 0].tolist()),
    )


def choose_fit(method: str, options: Mapping[str, Any], *, seed: int) -> Callable[..., LinearMap]:
    """The fit of that name with its options.

    Raises:
        TypeError: for an option that it does not have.
        ValueError: for a name that there is not.
    """
    expect_choice("method", method, get_args(Method))
    fits: dict[str, Callable[..., LinearMap]] = {
        "least squares": fit_ridge,
        "procrustes": fit_procrustes,
        "trained": partial(fit_contrastive, seed=seed),
    }
    fit = fits[method]
    known = [name for name in signature(fit).parameters if name not in ("inputs", "targets", "seed")]
    for name in options:
        if name not in known:
            takes = f"takes {', '.join(known)}" if known else "takes no options"
            came = f"{name}={quote_value(options[name])} came for method={method!r}, which {takes}"
            raise TypeError(f"{came}. Type kgwb.bert.align_vectors(bert, vectors, method={method!r}).")
    return partial(fit, **options)


def _judge_controls(
    fit: Callable[..., LinearMap],
    pairs: Pairs,
    out: Bool[Tensor, " pair"],
    graph: KnowledgeGraph,
    shuffles: int,
    seed: int,
) -> dict[str, tuple[AlignmentQuality, ...]]:
    types = torch.from_numpy(pd.factorize(graph.entities["type"].to_numpy()[pairs.entities.numpy()])[0])
    groups = {"shuffled": torch.zeros_like(types)}
    if len(types.unique()) > 1:
        groups["shuffled within types"] = types
    judged: dict[str, tuple[AlignmentQuality, ...]] = {}
    for name, group in groups.items() if shuffles else ():
        draws = (shuffle_within(pairs, group, seed * shuffles + draw) for draw in range(shuffles))
        judged[name] = tuple(judge_map(taken.fit(fit, ~out), taken, out) for taken in draws)
    return judged
