"""How well a purchase is guessed from popularity, from other customers, from facts, and from the formula itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "shop"
FACETS = {"made_by": "brand", "in_category": "category", "made_of": "material", "suited_for": "activity"}
AVERAGE = 20.0  # so many purchases of the average customer are added to a customer's own
SEEDS = 5


@dataclass(frozen=True)
class Shop:
    """Customers, items, and the facts and purchases that join them."""

    users: pd.Index
    items: pd.Index
    triples: pd.DataFrame

    @classmethod
    def of(cls, entities: pd.DataFrame, triples: pd.DataFrame) -> Shop:
        kinds = entities["type"]
        return cls(entities.index[kinds == "customer"], entities.index[kinds == "item"], triples)

    def find_shares(self, relation: str) -> pd.DataFrame:
        """Item × value: the item's share of the relation's tails; zeros where it has none."""
        told = self.triples[self.triples["relation"] == relation]
        table = pd.crosstab(told["head"], told["tail"]).reindex(self.items, fill_value=0).astype(float)
        return table.div(table.sum(axis=1).clip(lower=1), axis=0)

    def mark(self, purchases: pd.DataFrame) -> np.ndarray:
        """User × item: 1 where the user has bought the item."""
        bought = np.zeros((len(self.users), len(self.items)))
        bought[self.users.get_indexer(purchases["user"]), self.items.get_indexer(purchases["item"])] = 1
        return bought

    def shuffle(self, generator: np.random.Generator) -> Shop:
        """As many facts, but every item has those of another."""
        other = dict(zip(self.items, generator.permutation(self.items), strict=True))
        heads, told = self.triples["head"], self.triples["relation"].isin(FACETS)
        return replace(self, triples=self.triples.assign(head=heads.mask(told, heads.map(other))))


def score_popularity(bought: np.ndarray) -> np.ndarray:
    """User × item: the logarithm of how often the item was bought, alike for all users."""
    return np.log(bought.sum(axis=0) + 0.5) + np.zeros((len(bought), 1))


def score_others(bought: np.ndarray, *, penalty: float = 100.0) -> np.ndarray:
    """User × item: what those buy who bought the same, by a ridge regression of each item on all others (EASE)."""
    precision = np.linalg.inv(bought.T @ bought + penalty * np.eye(bought.shape[1]))
    weights = precision / -np.diag(precision)
    np.fill_diagonal(weights, 0)
    return bought @ weights


def score_facts(shop: Shop, bought: np.ndarray, relations: tuple[str, ...] = tuple(FACETS)) -> np.ndarray:
    """User × item: how much oftener than others the user buys of this brand, material, ..., as a sum of logarithms."""
    scores = np.zeros_like(bought)
    for relation in relations:
        shares = shop.find_shares(relation).to_numpy()
        own, average = bought @ shares, (bought.sum(axis=0) @ shares + 1) / (bought.sum() + shares.shape[1])
        count = own.sum(axis=1, keepdims=True)
        scores += np.log((own + AVERAGE * average) / ((count + AVERAGE) * average)) @ shares.T
    return scores


def score_formula(shop: Shop, tastes: pd.DataFrame, weights: dict[str, float]) -> np.ndarray:
    """User × item: the utility without its noise, from what the graph tells and what it does not."""
    liked = {facet: tastes[facet].str.get_dummies("|").loc[shop.users] for facet in ("brand", "category", "material")}
    told = shop.triples[shop.triples["relation"] == "interested_in"]
    liked["activity"] = pd.crosstab(told["head"], told["tail"]).loc[shop.users]
    style = pd.get_dummies(tastes["style"], dtype=float)
    total = weights["style"] * style.loc[shop.users].to_numpy() @ style.loc[shop.items].to_numpy().T
    for relation, facet in FACETS.items():
        shares = shop.find_shares(relation)
        likes = liked[facet].reindex(columns=shares.columns, fill_value=0)
        total += weights[facet] * likes.to_numpy() @ shares.to_numpy().T
    return total + weights["appeal"] * pd.to_numeric(tastes["appeal"])[shop.items].to_numpy()


def share_found(scores: np.ndarray, tested: np.ndarray, possible: np.ndarray, first: int) -> float:
    """The share of the tested purchases that stand among the first so many of what is possible; a tie counts in part."""
    found = []
    for user, item in np.argwhere(tested):
        rivals = scores[user][possible[user] & (tested[user] == 0)]
        above, beside = (rivals > scores[user, item]).sum(), (rivals == scores[user, item]).sum()
        found.append(np.clip((first - above) / (beside + 1), 0, 1))
    return float(np.mean(found))


def guess(shop: Shop, formula: np.ndarray, bought: np.ndarray, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Every way of guessing, by name."""
    generator = np.random.default_rng(seed)
    shuffled, popular = shop.shuffle(generator), score_popularity(bought)
    yield "chance", generator.random(bought.shape)
    yield "popularity", popular
    yield "other customers", score_others(bought)
    yield "facts", popular + score_facts(shop, bought)
    yield "shuffled facts", popular + score_facts(shuffled, bought)
    yield "the formula itself", formula


def measure_next(shop: Shop, formula: np.ndarray, purchases: pd.DataFrame) -> pd.DataFrame:
    """Hits among ten: the last purchase of each customer from those before it; then the last but one, and so on."""
    rows, gone = [], set(shop.triples.loc[shop.triples["relation"] == "replaced_by", "head"])
    back = purchases.groupby("user").cumcount(ascending=False)
    for seed in range(SEEDS):
        bought, tested = shop.mark(purchases[back > seed]), shop.mark(purchases[back == seed])
        possible = (bought == 0) & ~shop.items.isin(gone)
        for name, scores in guess(shop, formula, bought, seed):
            rows.append((name, share_found(scores, tested, possible, 10)))
    return _sum_up(rows)


def measure_unseen(shop: Shop, formula: np.ndarray, purchases: pd.DataFrame) -> pd.DataFrame:
    """Hits among five: purchases of fifty items, drawn by each seed, of which no purchase was seen."""
    rows, everything = [], shop.mark(purchases)
    for seed in range(SEEDS):
        hidden = np.random.default_rng(seed).permutation(len(shop.items)) < 50
        possible = np.tile(hidden, (len(shop.users), 1))
        for name, scores in guess(shop, formula, everything * ~hidden, seed):
            rows.append((name, share_found(scores, everything * hidden, possible, 5)))
        for relation in FACETS:
            alone = score_facts(shop, everything * ~hidden, (relation,))
            rows.append((relation, share_found(alone, everything * hidden, possible, 5)))
    return _sum_up(rows)


def measure_new(
    shop: Shop, formula: np.ndarray, purchases: pd.DataFrame, launched: pd.Series, day: str
) -> pd.DataFrame:
    """Hits among five: purchases of the items launched from a day on, from all purchases before that day."""
    fresh, rows = launched[shop.items].to_numpy() >= day, []
    tested = shop.mark(purchases[purchases["time"] >= day]) * fresh
    bought, possible = shop.mark(purchases[purchases["time"] < day]), np.tile(fresh, (len(shop.users), 1))
    for seed in range(SEEDS):
        for name, scores in guess(shop, formula, bought, seed):
            rows.append((name, share_found(scores, tested, possible, 5)))
    return _sum_up(rows)


def _sum_up(rows: list[tuple[str, float]]) -> pd.DataFrame:
    """Mean and standard deviation over the seeds, for every way of guessing."""
    return pd.DataFrame(rows, columns=["guess", "found"]).groupby("guess", sort=False)["found"].agg(["mean", "std"])
