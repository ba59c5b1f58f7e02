"""What a search tries: settings that are known to work somewhere, and others near them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from kgwb.embed.presets import preset
from kgwb.embed.scorers.scorer import Scorer

# The values that a setting moves along. A move goes to a neighbour, so what a setting does shows value by value.
LEVELS: dict[str, tuple[Any, ...]] = {
    "dim": (32, 64, 128, 256, 512, 1024),
    "batch": (50, 100, 200, 500, 1000, 2000, 4000),
    "learning_rate": (0.03, 0.1, 0.2, 0.5, 1.0),
    "regularisation": (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0),
    "weight_decay": (0.0, 0.001, 0.01),
    "dropout": (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    "relation_weight": (0.0, 0.05, 0.25, 1.0, 4.0),
    "reciprocal": (True, False),
}
# How far a setting moves for a number drawn from 0 to 1: mostly not at all. Of two settings like weight_decay and
# reciprocal that rarely help, fewer moves are spent.
_RARE = ("weight_decay", "reciprocal")
_DENSE = 1_000  # entities, below which all pairs of them are nearly known, and little but noise keeps vectors from that
_MOST_TO_COMPARE = 50_000  # entities, above which `preset` samples negatives
_STEPS = 12  # an epoch has at least so many, or Adagrad hardly begins

# Recipes, best guess first; what one leaves open is as in _PLAIN. Those for few entities are what UMLS, Kinship and Nations
# were found to need, those for many come from the published ones for FB15k-237 and WN18RR (Lacroix et al., 2018; Ruffinelli
# et al., 2020; Chen et al., 2021).
_PLAIN = {"dim": 256, "batch": 500, "learning_rate": 0.1}
_SAFE = {"dim": 128, "learning_rate": 0.5, "dropout": 0.4}
_CUBED = {"regularisation": 0.05}
_GUESSING = {"regularisation": 0.05, "relation_weight": 1.0}
_BOTH = {"learning_rate": 0.2, "regularisation": 0.02, "dropout": 0.3}
_STRICT = {"batch": 1000, "regularisation": 0.1}
_WIDE = {"dim": 1024, "batch": 200, "regularisation": 0.01, "dropout": 0.2}
_NOISY = {"dim": 512, "batch": 200, "dropout": 0.7, "relation_weight": 4.0}
_DROPPING = {"batch": 200, "dropout": 0.7}
_HALVED = {"batch": 200, "learning_rate": 0.2, "dropout": 0.5}
_FEW: dict[str, tuple[dict[str, Any], ...]] = {
    "complex": (_WIDE, _NOISY, _DROPPING, _HALVED, _SAFE, _BOTH),
    "distmult": (_DROPPING, {"batch": 200, "regularisation": 0.01, "dropout": 0.4}),
}
_MANY: dict[str, tuple[dict[str, Any], ...]] = {
    "complex": (_SAFE, _CUBED, _BOTH, _GUESSING, _STRICT, _DROPPING),
    "distmult": (_SAFE, _CUBED),
    "rescal": ({"dim": 64, "regularisation": 0.05}, {"dim": 64, "regularisation": 0.01, "dropout": 0.3}),
    "rotate": ({"dropout": 0.2, "regularisation": 0.5}, {"learning_rate": 0.2, "dropout": 0.4}),
    "transe": ({"dropout": 0.3}, {"learning_rate": 0.2, "dropout": 0.1}),
}


@dataclass(frozen=True)
class Candidate:
    """Settings that can be tried.

    Attributes:
        scorer: the equation.
        settings: `dim`, and arguments of `train_embedding` but for the epochs.
    """

    scorer: Scorer
    settings: Mapping[str, Any]

    @property
    def key(self) -> str:
        """Alike for what trains alike."""
        return f"{self.scorer!r} {sorted(self.settings.items())!r}"


@dataclass(frozen=True)
class SettingsSpace:
    """Start points and the moves around them, as a graph's size allows.

    Attributes:
        scorers: the equations.
        entities: how many the graph has.
        relations: how many it has.
        queries: distinct ones of both sides.
        fixed: settings that do not move.
        seed: of the draws.
    """

    scorers: Sequence[Scorer]
    entities: int
    relations: int
    queries: int
    fixed: Mapping[str, Any]
    seed: int

    def starts(self) -> list[Candidate]:
        """Recipes known to work, two of the first scorer for one of each other."""
        columns = [[self._complete(scorer, recipe) for recipe in self._recipes(scorer)] for scorer in self.scorers]
        first, others = iter(columns[0]), [list(column) for column in columns[1:]]
        mixed: list[Candidate] = []
        while any(others):
            mixed += [each for _, each in zip(range(2), first, strict=False)]
            mixed += [column.pop(0) for column in others if column]
        return list({each.key: each for each in [*mixed, *first]}.values())

    def draw(self, number: int, around: Sequence[Candidate]) -> Candidate:
        """The candidate of this number near one of some others; each number has one draw (Sobol, 1967).

        Args:
            number: from 0 on.
            around: best first; earlier ones are drawn around more often.
        """
        engine = torch.quasirandom.SobolEngine(len(LEVELS) + 1, scramble=True, seed=self.seed)
        where, *moves = engine.fast_forward(number + 1).draw(1, dtype=torch.float64)[0].tolist()
        centre = around[min(int(where**2 * len(around)), len(around) - 1)]
        settings = dict(centre.settings)
        for name, move in zip(LEVELS, moves, strict=True):
            settings[name] = self._move(centre, name, move)
        return self._complete(centre.scorer, settings)

    def _recipes(self, scorer: Scorer) -> Iterator[Mapping[str, Any]]:
        name = type(scorer).__name__.lower()
        few, many = _FEW.get(name, ()), _MANY.get(name, ({}, {"dropout": 0.4, "learning_rate": 0.2}))
        yield from (*few, *many) if self.entities < _DENSE else (*many, *few)

    def _complete(self, scorer: Scorer, recipe: Mapping[str, Any]) -> Candidate:
        """A recipe with all that it leaves open, as far as the scorer and the graph admit it."""
        settings = {name: levels[0] for name, levels in LEVELS.items()} | _PLAIN | dict(recipe)
        if self.entities > _MOST_TO_COMPARE:  # with all of which no answer is compared
            large = preset("distmult", self.entities)
            settings |= {name: large[name] for name in ("batch", "negatives")}
        settings |= self.fixed
        for name in LEVELS:
            if name not in self.fixed:
                settings[name] = _find_nearest(settings[name], self._levels(scorer, name))
        return Candidate(scorer, settings)

    def _move(self, centre: Candidate, name: str, move: int | float) -> Any:
        levels = self._levels(centre.scorer, name)
        if name in self.fixed or len(levels) < 2:
            return centre.settings[name]
        place = levels.index(_find_nearest(centre.settings[name], levels))
        edge = 0.1 if name in _RARE else 0.25
        step = (move > 1 - edge) - (move < edge)
        step *= 2 if min(move, 1 - move) < edge / 4 else 1
        if name in _RARE:
            step = abs(step)
        return levels[int(np.clip(place + step, 0, len(levels) - 1))]

    def _levels(self, scorer: Scorer, name: str) -> tuple[Any, ...]:
        """The values that a setting may take here."""
        levels = LEVELS[name]
        if name == "dim":
            most = 128 if scorer.relation_width(64) > 4 * 64 else 1024 if self.entities <= _MOST_TO_COMPARE else 256
            return tuple(level for level in levels if level <= most)
        if name == "batch" and self.entities <= _MOST_TO_COMPARE:
            return tuple(level for level in levels if level <= max(levels[0], self.queries / _STEPS))
        if name == "relation_weight" and (self.relations < 2 or not _guesses_relations(scorer)):
            return levels[:1]
        return levels


def _find_nearest(value: Any, levels: Sequence[Any]) -> Any:
    return min(levels, key=lambda level: abs(level - value))


def _guesses_relations(scorer: Scorer) -> bool:
    vectors = torch.zeros(1, 64)
    try:
        scorer.query_relation(vectors, vectors)
    except NotImplementedError:
        return False
    return True
