"""The yields: from an entity's own numbers, from those of its neighbours, and from chance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from math import log10
from random import Random
from statistics import fmean

from chance import noise
from entities import Entity, Groups
from facts import Fact

# yield = constant + Σ weight · (feature − centre) + noise: feature: (weight, centre)
CONSTANT = {"stock": 8.0, "bond": 4.5, "fund": 0.0}
TERMS: dict[str, dict[str, tuple[float, float]]] = {
    "stock": {
        "volatility": (0.2, 30.0),
        "log_size": (-0.8, 2.5),
        "industry_growth": (0.5, 7.0),
        "supplier_volatility": (0.35, 12.0),
    },
    "bond": {
        "coupon": (0.6, 4.0),
        "term": (0.12, 5.0),
        "rating_spread": (0.8, 1.5),
        "guaranteed": (-0.9, 0.0),
        "issuer_volatility": (0.08, 12.0),
    },
    "fund": {"fee": (-1.0, 0.0), "holdings_yield": (1.0, 0.0), "manager_experience": (0.12, 12.0)},
}
NOISE = {"stock": 1.0, "bond": 0.4, "fund": 0.4}
CALMER = 0.7  # a fund or an index fluctuates less than what it holds

Neighbours = Callable[[str, str], list[Entity]]


def add_yields(groups: Groups, facts: Iterable[Fact], random: Random) -> None:
    """Give every stock, bond and fund its yield, in this order, for a fund earns what it holds."""
    tails, heads = _index(groups, facts)
    for index in groups["index"]:
        index.numbers["volatility"] = _calm(heads(index.name, "constituent_of"))
    for kind in ("stock", "bond", "fund"):
        for entity in groups[kind]:
            if kind == "fund":
                entity.numbers["volatility"] = _calm(tails(entity.name, "holds"))
            found = _features(entity, tails, heads)
            expected = CONSTANT[kind] + sum(
                weight * (found[feature] - centre) for feature, (weight, centre) in TERMS[kind].items()
            )
            entity.numbers["yield"] = round(expected + NOISE[kind] * noise(random), 2)


def _index(groups: Groups, facts: Iterable[Fact]) -> tuple[Neighbours, Neighbours]:
    """What stands behind a name by a relation, and what stands before it."""
    entities = {entity.name: entity for group in groups.values() for entity in group}
    tails: dict[tuple[str, str], list[Entity]] = defaultdict(list)
    heads: dict[tuple[str, str], list[Entity]] = defaultdict(list)
    for head, relation, tail in facts:
        tails[head, relation].append(entities[tail])
        heads[tail, relation].append(entities[head])
    return lambda name, relation: tails[name, relation], lambda name, relation: heads[name, relation]


def _features(entity: Entity, tails: Neighbours, heads: Neighbours) -> Mapping[str, float]:
    own = entity.numbers
    if entity.type == "fund":
        (manager,) = tails(entity.name, "managed_by")
        return {
            "fee": own["fee"],
            "holdings_yield": _mean(tails(entity.name, "holds"), "yield"),
            "manager_experience": manager.numbers["experience"],
        }
    (issuer,) = heads(entity.name, "issues")
    if entity.type == "stock":
        (industry,) = tails(issuer.name, "in_industry")
        return {
            "volatility": own["volatility"],
            "log_size": log10(own["size"]),
            "industry_growth": industry.numbers["growth"],
            "supplier_volatility": _mean(heads(issuer.name, "supplies"), "volatility"),
        }
    (rating,) = tails(entity.name, "rated")
    return {
        "coupon": own["coupon"],
        "term": own["term"],
        "rating_spread": rating.numbers["spread"],
        "guaranteed": float(bool(tails(entity.name, "guaranteed_by"))),
        "issuer_volatility": issuer.numbers["volatility"],
    }


def _mean(entities: Iterable[Entity], number: str) -> float:
    return fmean(entity.numbers[number] for entity in entities)


def _calm(entities: Iterable[Entity]) -> float:
    return round(CALMER * _mean(entities, "volatility"), 1)
