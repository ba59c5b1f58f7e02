"""What customers buy, and when: their tastes, the appeal of the items, and chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from random import Random

from chance import between, deal, noise, shuffle
from entities import DAYS, OPENED, STYLES, Entity, Groups

# utility = Σ weight · share of the item's values that the customer likes + weight · appeal + noise
WEIGHTS = {"brand": 1.3, "category": 1.0, "material": 1.0, "activity": 0.7, "style": 0.8, "appeal": 0.5}
NOISE = 1.0
LIKED = {"brand": 3, "category": 3, "material": 2, "activity": 2, "style": 1}  # how many a customer likes
LEAST, MOST = 12, 28  # purchases of a customer

Purchase = tuple[str, str, str]


def give_tastes(groups: Groups, random: Random) -> None:
    """Give every customer what is liked, each value to equally many customers or nearly so."""
    customers = [customer.name for customer in groups["customer"]]
    for facet, count in LIKED.items():
        values = list(STYLES) if facet == "style" else [entity.name for entity in groups[facet]]
        rounds: list[dict[str, str]] = []
        while len(rounds) < count:
            rounds.append(deal(random, customers, values))
        for customer in groups["customer"]:
            liked = list(dict.fromkeys(dealt[customer.name] for dealt in rounds))
            liked += [value for value in shuffle(random, values) if value not in liked][: count - len(liked)]
            customer.parts[facet] = " ".join(sorted(liked))


def list_values(item: Entity, facet: str) -> list[str]:
    """The item's values of a facet: its one brand, its one or two materials."""
    return item.parts[{"material": "materials", "activity": "activities"}.get(facet, facet)].split()


def find_utility(customer: Entity, item: Entity) -> float:
    """How much the customer wants the item, without chance."""
    total = WEIGHTS["appeal"] * float(item.parts["appeal"])
    for facet in LIKED:
        values, liked = list_values(item, facet), customer.parts[facet].split()
        total += WEIGHTS[facet] * sum(value in liked for value in values) / max(len(values), 1)
    return total


def make_purchases(groups: Groups, random: Random) -> Iterator[Purchase]:
    """Each customer's purchases, one a day at most, never one item twice, each the most wanted on sale that day."""
    for customer in groups["customer"]:
        wanted = {item.name: find_utility(customer, item) for item in groups["item"]}
        days = sorted(shuffle(random, range(DAYS))[: int(between(random, LEAST, MOST + 1))])
        for day in (str(OPENED + timedelta(day)) for day in days):
            on_sale = [item.name for item in groups["item"] if _is_sold(item, day) and item.name in wanted]
            drawn = {name: wanted[name] + NOISE * blur(random) for name in on_sale}
            bought = max(drawn, key=drawn.__getitem__)
            del wanted[bought]
            yield customer.name, bought, day


def blur(random: Random) -> float:
    """Mean 0, standard deviation 1: twice the sum of three even numbers, less 3. Quicker than `noise`."""
    return 2 * (random.random() + random.random() + random.random()) - 3


def _is_sold(item: Entity, day: str) -> bool:
    return item.numbers["launched"] <= day < item.parts.get("ended", "9999")


def rate(groups: Groups, purchases: list[Purchase], random: Random) -> None:
    """Stars for every item that was bought: more for what appeals, blurred."""
    bought = {item for _, item, _ in purchases}
    for item in groups["item"]:
        stars = 4 + 0.3 * float(item.parts["appeal"]) + 0.2 * noise(random)
        item.numbers["rating"] = f"{min(max(stars, 1.0), 5.0):.1f}" if item.name in bought else ""
