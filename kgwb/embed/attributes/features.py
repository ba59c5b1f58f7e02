"""What the graph says of each entity that may tell an attribute: vectors, neighbours, its other attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kgwb.axes import Float, Int
from kgwb.embed.attributes.neighbour_values import Neighbourhood

NEAREST = (1, 3, 8, 20, 50)
FEW = 20  # attributes with fewer values are no evidence for others, and get no model of their own
_COMPONENTS = 32  # a tree looks at one number at a time: principal components say more in each
_LEAST = 8  # a feature that fewer known entities have is left out
_STEPS = 40
_AT_ONCE = 1 << 22  # numbers in one block: 32 MB


@dataclass(frozen=True, eq=False)
class Evidence:
    """Whatever is known of entities.

    Attributes:
        neighbourhood: the graph's facts.
        vectors: of entities, each of length one.
        components: the vectors' principal components.
        texts: the principal components of text vectors; without any, of no width.
        known: each attribute's values on its own scale, by entity, not a number where unknown.
    """

    neighbourhood: Neighbourhood
    vectors: Float[np.ndarray, "entity dim"]
    components: Float[np.ndarray, "entity component"]
    texts: Float[np.ndarray, "entity text"]
    known: Mapping[str, Float[np.ndarray, " entity"]]

    def describe_fixed(
        self, name: str, rows: Int[np.ndarray, " row"], known: Int[np.ndarray, " known"]
    ) -> Float[np.ndarray, "row feature"]:
        """What does not depend on the attribute itself: components, counts of neighbours, other attributes.

        Args:
            name: the attribute.
            rows: the entities to describe.
            known: those that have the attribute; what few of them have is left out.
        """
        counts = self.neighbourhood.counts
        steps = counts.choose_steps(known, least=max(_LEAST, 0.03 * len(known)), most=_STEPS)
        parts = [self.components[rows], self.texts[rows]]
        parts += [np.log1p(counts.over_all()[rows, 1:]), np.log1p(counts.total(steps)[rows])]
        for other, overall in self._neighbour_means.items():
            values = self.known[other]
            if other == name:
                continue
            if np.isfinite(values[known]).sum() >= _LEAST:
                parts.append(values[rows, None])
            if np.isfinite(overall[known]).sum() >= max(_LEAST, 0.05 * len(known)):
                means = self.neighbourhood.average_neighbours(values)
                steps = means.choose_steps(known, least=max(_LEAST, 0.1 * len(known)), most=5)
                parts += [overall[rows, None], means.along(steps)[rows]]
        return np.concatenate(parts, axis=1)

    def describe_known(
        self, values: Float[np.ndarray, " entity"], rows: Int[np.ndarray, " row"]
    ) -> Float[np.ndarray, "row feature"]:
        """What nearest entities, neighbours and siblings have for the attribute itself; never an entity's own value.

        First come the medians of the nearest, then the means over all neighbours and over all siblings, each with what
        it rests on, then both along single steps.

        Args:
            values: the attribute's values that may be looked at, by entity, not a number elsewhere.
            rows: the entities to describe.
        """
        known = np.flatnonzero(np.isfinite(values))
        overall, along = [find_nearest_medians(self.vectors, values, rows)], []
        for means in (self.neighbourhood.average_neighbours(values), self.neighbourhood.average_siblings(values)):
            steps = means.choose_steps(known, least=max(_LEAST, 0.03 * len(known)), most=_STEPS)
            overall.append(means.over_all()[rows])
            along.append(means.along(steps)[rows])
        return np.concatenate([*overall, *along], axis=1)

    @cached_property
    def _neighbour_means(self) -> dict[str, Float[np.ndarray, " entity"]]:
        """The mean over all neighbours, of each attribute that is no rarity."""
        return {
            name: self.neighbourhood.average_neighbours(values).over_all()[:, 0]
            for name, values in self.known.items()
            if np.isfinite(values).sum() >= FEW
        }


def find_nearest_medians(
    vectors: Float[np.ndarray, "entity dim"], values: Float[np.ndarray, " entity"], rows: Int[np.ndarray, " row"]
) -> Float[np.ndarray, "row nearest"]:
    """The median of the 1, 3, 8, 20 and 50 other entities with a value whose vectors have the nearest direction."""
    known = np.flatnonzero(np.isfinite(values))
    most, block = min(max(NEAREST), max(len(known) - 1, 1)), max(1, _AT_ONCE // len(known))
    medians = np.empty((len(rows), len(NEAREST)))
    for begin in range(0, len(rows), block):
        part = rows[begin : begin + block]
        cosine = vectors[part] @ vectors[known].T  # [block, known]
        cosine[part[:, None] == known] = -np.inf  # its own value is what is asked
        nearest = np.argsort(-cosine, axis=1, kind="stable")[:, :most]
        for place, count in enumerate(NEAREST):
            medians[begin : begin + block, place] = np.median(values[known][nearest[:, :count]], axis=1)
    return medians


def find_components(
    vectors: Float[np.ndarray, "entity dim"], count: int = _COMPONENTS
) -> Float[np.ndarray, "entity component"]:
    """The first principal components; of a component's two signs that which makes its largest number positive."""
    centred = vectors - vectors.mean(0)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    found = centred @ directions[:, np.argsort(-variances, kind="stable")[:count]]
    return found * np.where(found.max(0) >= -found.min(0), 1.0, -1.0)


def normalise_rows(vectors: Float[np.ndarray, "entity dim"]) -> Float[np.ndarray, "entity dim"]:
    """Each row with length one; a row of zeros stays."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(lengths > 0, lengths, 1.0)
