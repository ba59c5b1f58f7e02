"""For notebook 14: why an item is recommended, and what a recommendation is without its reason."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from kgwb.embed import ComplEx
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.customers import (
    BOUGHT,
    FACETS,
    PurchaseExam,
    Shop,
    choose_facets,
    compare_buying,
    hide_impossible,
    join_purchases,
    mark_purchases,
    rank_items,
    score_items,
)
from kgwb.lessons.training import train_vectors


def list_paths(graph: KnowledgeGraph, user: str, item: str) -> pd.DataFrame:
    """Every way from a customer over a purchase and what it shares with an item to that item.

    Args:
        graph: purchases and facts in one.
        user: a customer, by name.
        item: what was recommended, by name.

    Returns:
        Columns bought, relation, value (names), those of the value that most purchases share first.
    """
    facts = graph.to_pandas()
    owned = facts.loc[(facts["head"] == user) & (facts["relation"] == BOUGHT), "tail"]
    its = facts[(facts["head"] == item) & (facts["relation"] != BOUGHT)]
    shared = facts[facts["head"].isin(owned)].merge(its[["relation", "tail"]], on=["relation", "tail"])
    shared = shared.rename(columns={"head": "bought", "tail": "value"})
    often = shared.groupby(["relation", "value"])["bought"].transform("count")
    order = shared.assign(often=often).sort_values(["often", "relation", "bought"], ascending=[False, True, True])
    return order[["bought", "relation", "value"]].reset_index(drop=True)


def weigh_paths(shop: Shop, exam: PurchaseExam, graph: KnowledgeGraph, user: str, item: str) -> pd.DataFrame:
    """What an item shares with a customer's purchases: a row for each value, those of most purchases first.

    Args:
        shop: items and customers.
        exam: what the customer bought before.
        graph: purchases and facts in one.
        user: a customer, by name.
        item: what was recommended, by name.

    Returns:
        Columns "earlier purchases" (how many), "one of them" (a label), "times as often as others": how much the customer
        favours the value, as `customers.score_facts` counts it.
    """
    bought, labels = mark_purchases(shop, exam.known), graph.entities.set_index("entity")["label"]
    often = {
        relation: compare_buying(shop, bought, relation)
        for relation in choose_facets(shop, graph.relations["relation"])
    }
    paths = list_paths(graph, user, item)
    table = paths.groupby(["relation", "value"], sort=False)["bought"].agg(["count", "first"])
    table["first"] = labels[table["first"]].to_numpy()
    table["times"] = [math.exp(often[relation].loc[user, value]) for relation, value in table.index]
    names = ["earlier purchases", "one of them", "times as often as others"]
    return table.set_axis(names, axis=1).rename_axis([f"{labels[item]}:", "as what was bought"])


def cut_paths(graph: KnowledgeGraph, user: str, item: str, relations: Iterable[str] = tuple(FACETS)) -> KnowledgeGraph:
    """Only the facts of the paths from a customer to an item, as a graph to be drawn.

    Args:
        graph: purchases and facts in one.
        user: a customer, by name.
        item: what was recommended, by name.
        relations: over which paths may lead.
    """
    paths = list_paths(graph, user, item)
    paths = paths[paths["relation"].isin(list(relations))]
    columns = ["head", "relation", "tail"]
    to_value = paths[["bought", "relation", "value"]].set_axis(columns, axis=1)
    table = pd.concat(
        [to_value.assign(head=item), to_value, to_value.assign(tail=to_value["head"], head=user, relation=BOUGHT)]
    )
    table = table.drop_duplicates()
    named = graph.entities["entity"].isin({*table["head"], *table["tail"]})
    used = graph.relations["relation"].isin(table["relation"])
    return KnowledgeGraph.from_pandas(table, graph.entities[named], relations=graph.relations[used], name="paths")


def choose_hits(scores: pd.DataFrame, shop: Shop, exam: PurchaseExam) -> pd.DataFrame:
    """For each item that a list rightly holds the customer whose list has it highest: columns user, item, rank."""
    ranks = rank_items(hide_impossible(scores, shop, exam))
    asked = mark_purchases(shop, exam.asked)
    best = ranks.where(asked).stack().dropna().rename("rank").reset_index()
    best = best[best["rank"] <= exam.first].sort_values(["rank", "user"], kind="stable")
    return best.groupby("item", sort=False).head(1).reset_index(drop=True)


def name_reasons(
    shop: Shop, exam: PurchaseExam, hits: pd.DataFrame, relations: Iterable[str] = tuple(FACETS), *, seed: int = 0
) -> dict[str, pd.DataFrame]:
    """For each hit one fact of the item to take away, as frames with head, relation, tail.

    Args:
        shop: items and customers.
        exam: what the customer bought before.
        hits: columns user, item.
        relations: whose facts may be taken.
        seed: of the draw.

    Returns:
        "the reason": the fact whose value the customer bought oftener than others do, compared with all facts of the
        item; "another fact": one of the others, drawn. An item with one fact has no other.
    """
    draw, bought = np.random.default_rng(seed), mark_purchases(shop, exam.known)
    liking = {relation: compare_buying(shop, bought, relation) for relation in choose_facets(shop, relations)}
    facts = shop.graph.to_pandas()
    told = facts[facts["relation"].isin(liking)]
    reasons, others = [told.iloc[:0]], [told.iloc[:0]]
    for user, item in zip(hits["user"], hits["item"], strict=True):
        its = told[told["head"] == item]
        if len(its):
            often = np.array([liking[row.relation].loc[user, row.tail] for row in its.itertuples()])
            best = often.round(9).argmax()  # of equal ones the first, however a machine rounds
            left = its.drop(its.index[best])
            reasons.append(its.iloc[[best]])
            others.append(left.sample(min(1, len(left)), random_state=draw))
    return {"the reason": pd.concat(reasons), "another fact": pd.concat(others)}


def remove_facts(graph: KnowledgeGraph, facts: pd.DataFrame) -> KnowledgeGraph:
    """The graph without some facts, given as names in the columns head, relation, tail."""
    table = graph.to_pandas()
    gone = set(facts[["head", "relation", "tail"]].itertuples(index=False, name=None))
    keep = [fact not in gone for fact in table.itertuples(index=False, name=None)]
    return KnowledgeGraph.from_pandas(table[keep], graph.entities, relations=graph.relations)


def compare_removals(
    shop: Shop, exam: PurchaseExam, relations: Iterable[str], *, seeds: int = 3, **options: Any
) -> pd.DataFrame:
    """The ranks of hits after training again without the reason, without another fact, and without nothing.

    Args:
        shop: items and customers.
        exam: what may be learnt from, and what is asked for.
        relations: whose facts the graph gives.
        seeds: how often all of it is done.
        options: of `train_vectors`.

    Returns:
        A row for each seed and hit: user, item, rank (before), "nothing" (trained with another seed), "the reason",
        "another fact".
    """
    told, tables = list(relations), []
    full = join_purchases(shop.graph, exam.known, told)
    for seed in range(seeds):
        before = score_items(train_vectors(full, ComplEx(), seed=seed, **options), shop)
        hits = choose_hits(before, shop, exam)
        taken = {"nothing": full.to_pandas().iloc[:0]} | name_reasons(shop, exam, hits, told, seed=seed)
        for name, facts in taken.items():
            vectors = train_vectors(remove_facts(full, facts), ComplEx(), seed=seed + 1000, **options)
            ranks = rank_items(hide_impossible(score_items(vectors, shop), shop, exam))
            hits[name] = [ranks.loc[user, item] for user, item in zip(hits["user"], hits["item"], strict=True)]
        tables.append(hits.assign(seed=seed))
    return pd.concat(tables, ignore_index=True)
