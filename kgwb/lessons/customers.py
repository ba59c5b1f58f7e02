"""For notebook 14: a shop's purchases, some held back, and ways to recommend beside their floors and ceiling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import ndcg_score

from kgwb.embed import ComplEx, GraphEmbedding
from kgwb.graph import KnowledgeGraph, read_graph
from kgwb.lessons.seeing_a_space import shuffle_facts
from kgwb.lessons.training import train_vectors

BOUGHT = "bought"
FACETS = {"made_by": "brand", "in_category": "category", "made_of": "material", "suited_for": "activity"}
# The formula by which the shop's customers buy, from sample_graphs/shop/README.md.
WEIGHTS = {"brand": 1.3, "category": 1.0, "material": 1.0, "activity": 0.7, "style": 0.8, "appeal": 0.5}
_NEW_FROM = "2025-10-01"
_HIDDEN = 50  # items of the exam "unseen"
_AVERAGE = 20.0  # so many purchases of the average customer are added to a customer's own
GUESSES = (
    "chance",
    "popularity",
    "no graph",
    "with the graph",
    "shuffled facts",
    "facts counted",
    "the formula itself",
)


@dataclass(frozen=True, repr=False)
class Shop:
    """What is known about items and customers, and who bought what when.

    Attributes:
        graph: items, brands, customers, ..., without purchases.
        purchases: columns user, item, time.
        tastes: what only the formula of the shop knows.
    """

    graph: KnowledgeGraph
    purchases: pd.DataFrame
    tastes: pd.DataFrame

    @property
    def users(self) -> pd.Index:
        """The customers, by name."""
        return self._list("customer", "user")

    @property
    def items(self) -> pd.Index:
        """The items, by name."""
        return self._list("item", "item")

    def _list(self, kind: str, name: str) -> pd.Index:
        entities = self.graph.entities
        return pd.Index(entities.loc[entities["type"] == kind, "entity"], name=name)

    def __repr__(self) -> str:
        return f"Shop: {len(self.items)} items, {len(self.users)} customers, {len(self.purchases):,} purchases"


@dataclass(frozen=True, repr=False)
class PurchaseExam:
    """Purchases to learn from, and those that a list of recommendations should hold.

    Attributes:
        known: columns user, item, time.
        asked: the same columns.
        items: those that may be recommended.
        first: how long a list is.
    """

    known: pd.DataFrame
    asked: pd.DataFrame
    items: pd.Index
    first: int

    def __repr__(self) -> str:
        count = f"{len(self.known):,} purchases to learn from, {len(self.asked):,} asked for"
        return f"PurchaseExam: {count}, each list {self.first} of {len(self.items)} items"


def read_shop(folder: str | Path) -> Shop:
    """The sample graph `shop` with its purchases, which are no part of the graph."""
    folder = Path(folder)
    purchases = pd.read_csv(folder / "interactions.tsv", sep="\t", dtype=str)
    tastes = pd.read_csv(folder / "tastes.tsv", sep="\t", keep_default_na=False, dtype=str).set_index("entity")
    return Shop(read_graph(folder), purchases, tastes)


def make_exam(shop: Shop, kind: str, *, seed: int = 0, every: bool = False) -> PurchaseExam:
    """Hold purchases back.

    Args:
        shop: all purchases.
        kind: "next" for each customer's last purchase (of seed 1 the last but one, and so on), learnt from what the
            customer bought before; "unseen" for all purchases of fifty items drawn by the seed; "new" for those of the
            items launched since October 2025, learnt from what was bought before.
        seed: as above.
        every: in "next", whether items that are no longer made may be listed too.
    """
    sold = shop.purchases
    if kind == "next":
        back, gone = sold.groupby("user").cumcount(ascending=False), _list_replaced(shop.graph)
        return PurchaseExam(
            sold[back > seed], sold[back == seed], shop.items if every else shop.items.difference(gone), 10
        )
    if kind == "new":
        launched = shop.graph.entities.set_index("entity")["launched"].astype(str)[shop.items]
        fresh = shop.items[(launched >= _NEW_FROM).to_numpy()]
        late = sold["time"] >= _NEW_FROM
        return PurchaseExam(sold[~late], sold[late & sold["item"].isin(fresh)], fresh, 5)
    hidden = shop.items[np.random.default_rng(seed).permutation(len(shop.items)) < _HIDDEN]
    asked = sold["item"].isin(hidden)
    return PurchaseExam(sold[~asked], sold[asked], hidden, 5)


def _list_replaced(graph: KnowledgeGraph) -> list[str]:
    facts = graph.to_pandas()
    return list(facts.loc[facts["relation"] == "replaced_by", "head"])


def join_purchases(
    graph: KnowledgeGraph, purchases: pd.DataFrame, relations: Iterable[str] = (), *, shuffled: int | None = None
) -> KnowledgeGraph:
    """One graph of purchases and facts.

    Args:
        graph: the facts, and the names of all entities.
        purchases: columns user, item; each becomes a fact of the relation `bought`.
        relations: whose facts are joined; none for purchases alone.
        shuffled: a seed, by which every relation's facts get other tails: the control.
    """
    told = graph if shuffled is None else shuffle_facts(graph, seed=shuffled)
    facts = told.to_pandas()
    rows = pd.DataFrame({"head": purchases["user"], "relation": BOUGHT, "tail": purchases["item"]})
    table = pd.concat([rows, facts[facts["relation"].isin(list(relations))]], ignore_index=True)
    relation = pd.DataFrame({"relation": [BOUGHT], "label": [BOUGHT]})
    relations_told = pd.concat([relation, graph.relations], ignore_index=True)
    return KnowledgeGraph.from_pandas(
        table, graph.entities, relations=relations_told[relations_told["relation"].isin(table["relation"])]
    )


def score_items(vectors: GraphEmbedding, shop: Shop) -> pd.DataFrame:
    """User × item: the score of (user, bought, item)."""
    graph = vectors.graph
    place = {name: i for i, name in enumerate(graph.entities["entity"])}
    asked = np.array([[place[user], graph.relation_id(BOUGHT), 0] for user in shop.users])
    scores = vectors.score_tails(asked).detach().cpu().numpy()[:, [place[item] for item in shop.items]]  # [user, item]
    return pd.DataFrame(scores, shop.users, shop.items)


def score_popularity(shop: Shop, exam: PurchaseExam) -> pd.DataFrame:
    """User × item: the logarithm of how often the item was bought, alike for all users."""
    counts = exam.known["item"].value_counts().reindex(shop.items, fill_value=0).to_numpy()
    return pd.DataFrame(np.tile(np.log(counts + 0.5), (len(shop.users), 1)), shop.users, shop.items)


def score_facts(shop: Shop, exam: PurchaseExam, relations: Iterable[str] = tuple(FACETS)) -> pd.DataFrame:
    """User × item: popularity, and how much oftener than others the user buys of this brand, category, ...

    Args:
        shop: items and customers.
        exam: what may be learnt from.
        relations: whose facts are counted; those that say nothing of an item do not count.
    """
    scores, bought = score_popularity(shop, exam), mark_purchases(shop, exam.known)
    for relation in choose_facets(shop, relations):
        shares = share_values(shop.graph, relation, shop.items).to_numpy()  # [item, value]
        scores += compare_buying(shop, bought, relation).to_numpy() @ shares.T
    return scores


def choose_facets(shop: Shop, relations: Iterable[str]) -> list[str]:
    """Those of the relations that state facts about items."""
    facts = shop.graph.to_pandas()
    said = set(facts.loc[facts["head"].isin(shop.items), "relation"])
    return [relation for relation in relations if relation in said]


def compare_buying(shop: Shop, purchases: pd.DataFrame, relation: str) -> pd.DataFrame:
    """User × value: how many times as often as others the user bought it, as a logarithm.

    Args:
        shop: items and customers.
        purchases: user × item, as `mark_purchases` gives them.
        relation: whose values, such as brands, are compared.
    """
    table, bought = share_values(shop.graph, relation, shop.items), purchases.to_numpy(float)
    shares = table.to_numpy()  # [item, value]
    own, usual = bought @ shares, (bought.sum(axis=0) @ shares + 1) / (bought.sum() + shares.shape[1])
    often = (own + _AVERAGE * usual) / (own.sum(axis=1, keepdims=True) + _AVERAGE)  # [user, value]
    return pd.DataFrame(np.log(often / usual), shop.users, table.columns)


def score_formula(shop: Shop) -> pd.DataFrame:
    """User × item: what the customer wants of the item without the noise, which no recommender can know."""
    tastes = shop.tastes
    liked = {
        name: tastes[name].str.get_dummies("|").loc[shop.users] for name in ("brand", "category", "material", "style")
    }
    liked["activity"] = share_values(shop.graph, "interested_in", shop.users).gt(0).astype(float)
    total = WEIGHTS["appeal"] * np.tile(pd.to_numeric(tastes["appeal"])[shop.items], (len(shop.users), 1))
    shares = {facet: share_values(shop.graph, relation, shop.items) for relation, facet in FACETS.items()}
    shares["style"] = tastes["style"].str.get_dummies("|").loc[shop.items].astype(float)
    for facet, values in shares.items():
        likes = liked[facet].reindex(columns=values.columns, fill_value=0).to_numpy(float)
        total += WEIGHTS[facet] * likes @ values.to_numpy().T
    return pd.DataFrame(total, shop.users, shop.items)


def share_values(graph: KnowledgeGraph, relation: str, heads: pd.Index) -> pd.DataFrame:
    """Head × value: a share of 1 / n for each of its n values; zeros where it has none."""
    told = graph.to_pandas()
    told = told[told["relation"] == relation]
    table = pd.crosstab(told["head"], told["tail"]).reindex(heads, fill_value=0).astype(float)
    return table.div(table.sum(axis=1).clip(lower=1), axis=0)


def mark_purchases(shop: Shop, purchases: pd.DataFrame) -> pd.DataFrame:
    """User × item: whether the user bought the item."""
    marks = np.zeros((len(shop.users), len(shop.items)), bool)
    marks[shop.users.get_indexer(purchases["user"]), shop.items.get_indexer(purchases["item"])] = True
    return pd.DataFrame(marks, shop.users, shop.items)


def hide_impossible(scores: pd.DataFrame, shop: Shop, exam: PurchaseExam) -> pd.DataFrame:
    """The scores without what the customer owns and what is not to be recommended: −∞ there."""
    possible = ~mark_purchases(shop, exam.known).to_numpy() & shop.items.isin(exam.items)
    return scores.where(possible, -np.inf)


def rank_items(scores: pd.DataFrame) -> pd.DataFrame:
    """User × item: the place of the item in the user's list, 1 for the best; ties share the mean."""
    return scores.rank(axis=1, ascending=False)


def measure_lists(scores: pd.DataFrame, shop: Shop, exam: PurchaseExam) -> dict[str, float]:
    """The share of the purchases asked for that the lists hold, and the mean nDCG of the lists; ties count in parts."""
    left = hide_impossible(scores, shop, exam).to_numpy()
    asked = mark_purchases(shop, exam.asked).to_numpy() & np.isfinite(left)
    found = []
    for user, item in np.argwhere(asked):
        rivals = left[user][~asked[user]]
        above, beside = (rivals > left[user, item]).sum(), (rivals == left[user, item]).sum()
        found.append(np.clip((exam.first - above) / (beside + 1), 0, 1))
    rows = asked.any(axis=1)
    lowest = left[np.isfinite(left)].min() - 1  # scikit-learn takes no infinity
    ndcg = ndcg_score(asked[rows], np.where(np.isfinite(left), left, lowest)[rows], k=exam.first)
    return {"found": float(np.mean(found)), "nDCG": float(ndcg)}


def guess_items(
    shop: Shop, exam: PurchaseExam, relations: Iterable[str], *, seed: int = 0, **options: Any
) -> dict[str, pd.DataFrame]:
    """The scores of every way to recommend, by the names of `GUESSES`.

    Args:
        shop: items and customers.
        exam: what may be learnt from.
        relations: whose facts the graph gives, and are counted.
        seed: of vectors, shuffle and chance.
        options: of `train_vectors`.
    """
    draw, told = np.random.default_rng(seed), list(relations)
    graphs = {
        "no graph": join_purchases(shop.graph, exam.known),
        "with the graph": join_purchases(shop.graph, exam.known, told),
        "shuffled facts": join_purchases(shop.graph, exam.known, told, shuffled=seed),
    }
    chance = draw.random((len(shop.users), len(shop.items)))
    scores = {"chance": pd.DataFrame(chance, shop.users, shop.items), "popularity": score_popularity(shop, exam)}
    for name, graph in graphs.items():
        scores[name] = score_items(train_vectors(graph, ComplEx(), seed=seed, **options), shop)
    return scores | {"facts counted": score_facts(shop, exam, told), "the formula itself": score_formula(shop)}


def compare_guesses(
    shop: Shop, kinds: Iterable[str], relations: Iterable[str], *, seeds: int = 5, **options: Any
) -> pd.DataFrame:
    """A row for each exam, seed and way to recommend, with what `measure_lists` gives."""
    rows, told = [], list(relations)
    for kind in kinds:
        for seed in range(seeds):
            exam = make_exam(shop, kind, seed=seed)
            for guess, scores in guess_items(shop, exam, told, seed=seed, **options).items():
                rows.append({"exam": kind, "guess": guess, "seed": seed} | measure_lists(scores, shop, exam))
    return pd.DataFrame(rows)
