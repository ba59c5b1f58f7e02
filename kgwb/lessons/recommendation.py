"""For notebook 14: why an item is recommended, whom lists favour, what the graph added as a picture, and checks by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from kgwb.embed import ComplEx
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.customers import (
    BOUGHT,
    FACETS,
    PurchaseExam,
    Shop,
    hide_impossible,
    join_purchases,
    mark_purchases,
    score_items,
    share_values,
)
from kgwb.lessons.pictures import WIDTH, Picture
from kgwb.lessons.training import train_vectors
from kgwb.see.drawing import Mark, draw_legend, draw_picture, draw_polyline, draw_shape, draw_text
from kgwb.see.palette import TYPE_COLOURS, TypeMark
from kgwb.see.panels import Panel

Purchase = tuple[str, str, str]
_COUNTS = ("different items", "never bought", "no longer made")
_ROW = 26.0
_SMOOTH = 20.0  # so many purchases of the average customer are added to a customer's own
_TITLES = {"next": "next purchase", "unseen": "hidden items", "new": "new items"}


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


def rank_items(scores: pd.DataFrame) -> pd.DataFrame:
    """User × item: the place of the item in the user's list, 1 for the best; ties share the mean."""
    return scores.rank(axis=1, ascending=False)


def name_reasons(shop: Shop, exam: PurchaseExam, hits: pd.DataFrame, *, seed: int = 0) -> dict[str, pd.DataFrame]:
    """For each hit one fact of the item to take away, as frames with head, relation, tail.

    Args:
        shop: items and customers.
        exam: what the customer bought before.
        hits: columns user, item.
        seed: of the draw.

    Returns:
        "the reason": the fact whose value the customer bought oftener than others do, compared with all facts of the
        item; "another fact": one of the others, drawn.
    """
    draw, bought = np.random.default_rng(seed), mark_purchases(shop, exam.known).astype(float)
    liking = {relation: _compare_buying(shop, bought, relation) for relation in FACETS}
    facts = shop.graph.to_pandas()
    told = dict(iter(facts[facts["relation"].isin(FACETS)].groupby("head")))
    reasons, others = [], []
    for each in hits.itertuples():
        its = told[each.item]
        often = np.array([liking[row.relation].loc[each.user, row.tail] for row in its.itertuples()])
        reasons.append(its.iloc[[often.argmax()]])
        others.append(its.drop(its.index[often.argmax()]).sample(1, random_state=draw))
    return {"the reason": pd.concat(reasons), "another fact": pd.concat(others)}


def _compare_buying(shop: Shop, bought: pd.DataFrame, relation: str) -> pd.DataFrame:
    """User × value: how much oftener than others the user bought it, as a logarithm."""
    shares = share_values(shop.graph, relation, shop.items)
    own = bought.to_numpy() @ shares.to_numpy()  # [user, value]
    usual = (own.sum(axis=0) + 1) / (own.sum() + shares.shape[1])
    often = (own + _SMOOTH * usual) / (own.sum(axis=1, keepdims=True) + _SMOOTH)
    return pd.DataFrame(np.log(often / usual), shop.users, shares.columns)


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
    full = join_purchases(shop.graph, exam.known, relations)
    tables = []
    for seed in range(seeds):
        before = score_items(train_vectors(full, ComplEx(), seed=seed, **options), shop)
        hits = choose_hits(before, shop, exam)
        taken = {"nothing": full.to_pandas().iloc[:0]} | name_reasons(shop, exam, hits, seed=seed)
        for name, facts in taken.items():
            vectors = train_vectors(remove_facts(full, facts), ComplEx(), seed=seed + 1000, **options)
            ranks = rank_items(hide_impossible(score_items(vectors, shop), shop, exam))
            hits[name] = [ranks.loc[user, item] for user, item in zip(hits["user"], hits["item"], strict=True)]
        tables.append(hits.assign(seed=seed))
    return pd.concat(tables, ignore_index=True)


def summarise_lists(guesses: Mapping[str, pd.DataFrame], shop: Shop, exam: PurchaseExam) -> pd.DataFrame:
    """What lists favour: a row for each way to recommend, and one for what was bought.

    Args:
        guesses: scores, user × item, by name.
        shop: items and customers.
        exam: the lists are as long as it says.

    Returns:
        Columns "most bought" (share of all places that the most bought tenth of the items takes), "different items",
        "never bought" and "no longer made" (places).
    """
    sold = exam.known["item"].value_counts().reindex(shop.items, fill_value=0)
    top = set(sold.sort_values(ascending=False, kind="stable").index[: len(sold) // 10])
    unsold, facts = set(shop.items[sold == 0]), shop.graph.to_pandas()
    gone = set(facts.loc[facts["relation"] == "replaced_by", "head"])
    listed = {"what was bought": list(exam.asked["item"])}
    for name, scores in guesses.items():
        ranks = hide_impossible(scores, shop, exam).rank(axis=1, ascending=False, method="first")
        listed[name] = list((ranks <= exam.first).stack().loc[lambda mark: mark].index.get_level_values(1))
    rows = {
        name: {
            "most bought": sum(item in top for item in its) / len(its),
            "different items": len(set(its)),
            "never bought": sum(item in unsold for item in its),
            "no longer made": sum(item in gone for item in its),
        }
        for name, its in listed.items()
    }
    return pd.DataFrame(rows).T.astype(dict.fromkeys(_COUNTS, int))


def draw_found(results: pd.DataFrame, guesses: Iterable[str], *, ceiling: str = "the formula itself") -> Picture:
    """What each way to recommend finds in each exam: a dot at the mean over the seeds, a line over their range.

    Args:
        results: as `compare_guesses` gives them.
        guesses: which of them, from top to bottom.
        ceiling: drawn as a dashed line.
    """
    names, parts, said, left = list(guesses), [], [], 124.0
    kinds = list(dict.fromkeys(results["exam"]))
    width = (WIDTH - left - 20 - 26 * (len(kinds) - 1)) / len(kinds)
    for place, kind in enumerate(kinds):
        its = results[results["exam"] == kind].groupby("guess")["found"].agg(["mean", "min", "max"])
        panel = Panel(left + place * (width + 26), 34, width, _ROW * len(names), (0.0, 1.0), (0.0, len(names)))
        parts.append(_draw_share_axis(panel, _TITLES.get(kind, kind), its.loc[ceiling, "mean"]))
        for row, name in enumerate(names):
            y, found = panel.top + _ROW * (row + 0.5), its.loc[name]
            colour = TYPE_COLOURS[0] if name == "with the graph" else TYPE_COLOURS[7]
            ends, dot = (
                panel.left + panel.width * found[["min", "max"]].to_numpy(float),
                panel.left + width * found["mean"],
            )
            parts.append(draw_polyline(np.stack([ends, np.full(2, y)], axis=-1), colour=colour, width=3))
            parts.append(draw_shape(TypeMark(colour, "circle"), dot, y, 5))
            parts.append(draw_text(f"{found['mean']:.2f}", max(ends[1], dot + 5) + 5, y + 4, role="ink halo"))
            parts += [] if place else [draw_text(name, left - 12, y + 4, anchor="end")]
        said.append(f"{kind}: " + ", ".join(f"{name} {its.loc[name, 'mean']:.2f}" for name in names))
    top = 34 + _ROW * len(names) + 46
    legend, taken = draw_legend([Mark(ceiling, "muted", "dashed")], left, top, WIDTH - left)
    caption = "Share of purchases found. Dots: mean over the seeds; lines: from the lowest seed to the highest."
    svg = draw_picture([*parts, legend], WIDTH, top + taken, title="What recommendations find", caption=caption)
    return Picture(svg, f"share found. {'; '.join(said)}.")


def _draw_share_axis(panel: Panel, title: str, ceiling: float) -> str:
    parts = [draw_text(title, panel.left, panel.top - 12, size=13, weight=600)]
    for share in (0.0, 0.5, 1.0):
        x = panel.left + panel.width * share
        parts.append(f'<path d="M{x:.1f} {panel.top:.1f}V{panel.bottom:.1f}" class="line-rule"/>')
        parts.append(draw_text(f"{share:g}", x, panel.bottom + 17, role="muted", size=11, anchor="middle"))
    line = np.array([[panel.left + panel.width * ceiling, y] for y in (panel.top, panel.bottom)])
    return "".join([*parts, draw_polyline(line, role="line-muted", dashed=True)])


def check_find_last(find_last: Callable[[list[Purchase]], list[Purchase]]) -> Verdict:
    """Is it the last purchase of each customer by its day, whatever the order of the rows?"""
    first, second, third = ("c1", "kettle", "2025-01-03"), ("c2", "lamp", "2025-02-01"), ("c1", "tent", "2025-04-09")
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([first],), [first]),
        (([first, second, third],), [second, third]),
        (([third, second, first],), [second, third]),
        (([("c1", "pan", "2024-12-31"), ("c1", "hat", "2025-01-01"), second],), [("c1", "hat", "2025-01-01"), second]),
    ]
    draw = np.random.default_rng(0)
    for _ in range(4):
        rows = [(f"c{draw.integers(3)}", f"item {i}", f"2025-{i + 1:02}-01") for i in range(9)]
        last = {user: (user, item, day) for user, item, day in rows}
        examples.append((([rows[i] for i in draw.permutation(9)],), list(last.values())))
    hint = "Go through the rows and keep for each customer the one with the latest day so far; days compare as texts."
    return check(find_last, examples, hint=hint)


def check_list_popular(list_popular: Callable[[list[tuple[str, str]], str, int], list[str]]) -> Verdict:
    """Are they the most bought that the customer does not own, ties by name?"""
    rows = [("a", "tent"), ("b", "tent"), ("c", "tent"), ("a", "lamp"), ("b", "lamp"), ("c", "pan"), ("b", "hat")]
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((rows, "d", 2), ["tent", "lamp"]),
        ((rows, "d", 4), ["tent", "lamp", "hat", "pan"]),
        ((rows, "c", 2), ["lamp", "hat"]),
        ((rows, "b", 3), ["pan"]),
    ]
    hint = "Count how often each item was bought, leave out what the customer owns, and sort by count, downwards, then by name."
    return check(list_popular, examples, hint=hint, ordered=True)


def check_score_list(score_list: Callable[[list[str], set[str], int], float]) -> Verdict:
    """Is it the discounted gain of the first k places, divided by the best that could be had?"""
    third = 1 / math.log2(4)
    examples: list[tuple[tuple[Any, ...], Any]] = [
        ((["tent", "lamp", "pan"], {"tent"}, 3), 1.0),
        ((["tent", "lamp", "pan"], {"pan"}, 3), third),
        ((["tent", "lamp", "pan"], {"pan"}, 2), 0.0),
        ((["tent", "lamp", "pan"], {"tent", "pan"}, 3), (1 + third) / (1 + 1 / math.log2(3))),
        ((["tent", "lamp", "pan", "hat"], {"tent", "hat", "pan"}, 2), 1 / (1 + 1 / math.log2(3))),
        ((["tent", "lamp"], {"tent", "bowl"}, 2), 1 / (1 + 1 / math.log2(3))),
    ]
    hint = (
        "A hit at place p, counted from 1, gains 1 / log2(p + 1). The best list has its hits first, at most k of them."
    )
    return check(score_list, examples, hint=hint)
