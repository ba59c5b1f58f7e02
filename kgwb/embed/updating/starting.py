"""Where the vector of something new begins: among those that stand where it stands, or where its text points to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import is_function
from kgwb.embed.row_sums import sum_rows
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import describe_kind

Start = Callable[[Sequence[str]], Any] | Float[np.ndarray, "entity width"] | Float[Tensor, "entity width"] | None
_WEIGHTS = np.logspace(-4, 4, 17)  # of the ridge, in units of the mean square of the texts' numbers


def average_takers(
    table: Float[Tensor, "entity dim"],
    triples: Int[np.ndarray, "fact 3"],
    fresh: Bool[np.ndarray, " entity"],
    relations: int,
) -> Float[Tensor, "entity dim"]:
    """For each fresh entity the mean vector of those that stand where it stands: on its side of its relations.

    Each of its facts weighs the same, and each entity that a side of a relation has weighs the same within that.

    Args:
        table: vectors of all entities; those of fresh ones are not looked at.
        triples: all facts.
        fresh: which entities are new.
        relations: how many relations there are.

    Returns:
        One row per entity; where nothing is known of a fresh one, as of one without facts, and for all others, the row of
        the table itself.
    """
    places = np.concatenate([triples[:, :2], triples[:, (2, 1)] + [0, relations]])  # [use, (entity, side and relation)]
    uses = torch.from_numpy(np.unique(places[~fresh[places[:, 0]]], axis=0)).to(table.device)
    sums = sum_rows(table, uses[:, 0], uses[:, 1], count=2 * relations)  # [side and relation, dim]
    counts = torch.bincount(uses[:, 1], minlength=2 * relations).to(table.dtype)  # [side and relation]
    asked = torch.from_numpy(places[fresh[places[:, 0]]]).to(table.device)
    asked = asked[counts[asked[:, 1]] > 0]
    means = sums / counts.clamp_min(1)[:, None]
    total = sum_rows(means, asked[:, 1], asked[:, 0], count=len(table))  # [entity, dim]
    facts = torch.bincount(asked[:, 0], minlength=len(table)).to(table.dtype)[:, None]  # [entity, 1]
    return torch.where(facts > 0, total / facts.clamp_min(1), table)


def map_texts(
    texts: Float[np.ndarray, "entity width"],
    table: Float[np.ndarray, "entity dim"],
    known: Bool[np.ndarray, " entity"],
) -> Float[np.ndarray, "entity dim"]:
    """Vectors that the texts point to, by the ridge that maps the texts of known entities to their vectors.

    e = m + W (x − x̄) with W = argmin Σ ‖e − m − W (x − x̄)‖² + λ‖W‖² (Hoerl & Kennard, 1970). λ is the one of 17 with the
    least squared error where each entity is left out in turn, which the singular values give without another fit.

    Args:
        texts: a vector for the text of each entity.
        table: vectors of all entities.
        known: which of them are to be learnt from.
    """
    given, wanted = texts[known].astype(np.float64), table[known].astype(np.float64)
    centre, mean = given.mean(0), wanted.mean(0)
    left, sizes, right = np.linalg.svd(given - centre, full_matrices=False)
    if not sizes.any():  # all texts say the same
        return np.repeat(mean[None], len(texts), 0).astype(table.dtype)
    onto = left.T @ (wanted - mean)  # [component, dim]
    errors = []
    for weight in _WEIGHTS * np.mean(sizes**2):
        kept = sizes**2 / (sizes**2 + weight)  # [component]
        reach = (left**2) @ kept + 1 / len(given)  # [known], how far each one's own vector draws its estimate
        residual = wanted - mean - left @ (kept[:, None] * onto)
        errors.append(float(np.mean((residual / np.maximum(1 - reach, 1e-6)[:, None]) ** 2)))
    weight = _WEIGHTS[int(np.argmin(errors))] * np.mean(sizes**2)
    onto = (sizes / (sizes**2 + weight))[:, None] * onto
    return (mean + (texts - centre) @ right.T @ onto).astype(table.dtype)


def read_text_vectors(start: object, graph: KnowledgeGraph) -> np.ndarray | None:
    """A vector for the text of each entity, [entity, width], or None."""
    if start is None:
        return None
    entities = graph.entities
    call = "start=lambda texts: vectorise_texts(bert, texts)"
    if is_function(start):
        texts = [
            f"{label}: {description}" if description else label
            for label, description in zip(entities["label"], entities["description"], strict=True)
        ]
        start = start(texts)
    if not isinstance(start, (np.ndarray, Tensor)):
        raise TypeError(f"{describe_kind(start)} came as start. Expected a vector for each entity's text; type {call}.")
    array = start.detach().cpu().numpy() if isinstance(start, Tensor) else start
    if array.ndim != 2 or len(array) != len(entities) or array.dtype.kind != "f" or not np.isfinite(array).all():
        raise ValueError(
            f"start came with shape {array.shape} of {array.dtype}. Expected {len(entities):,} rows of finite numbers, one "
            f"for each entity of {graph.name!r}; type {call}."
        )
    return array
