"""For notebook 14: lists to be scored by hand, whom lists favour, what the graph added as a picture, and checks by hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from kgwb.lessons.checks import Verdict, check, list_elements
from kgwb.lessons.customers import PurchaseExam, Shop, hide_impossible, measure_lists
from kgwb.lessons.pictures import Picture
from kgwb.lessons.range_pictures import draw_ranges

Purchase = tuple[str, str, str]
_COUNTS = ("different items", "not in train", "no longer made")
_ROW = 26.0
_TITLES = {"next": "next purchase", "unseen": "hidden items", "new": "new items"}


def summarise_lists(guesses: Mapping[str, pd.DataFrame], shop: Shop, exam: PurchaseExam) -> pd.DataFrame:
    """What lists favour: a row for each way to recommend, and one for what was bought.

    Args:
        guesses: scores, user × item, by name.
        shop: items and customers.
        exam: the lists are as long as it says.

    Returns:
        Columns "most bought" (share of all places that the most bought tenth of the items takes), "different items",
        "not in train" (not bought in what may be learnt from) and "no longer made" (places).
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
            "not in train": sum(item in unsold for item in its),
            "no longer made": sum(item in gone for item in its),
        }
        for name, its in listed.items()
    }
    return pd.DataFrame(rows).T.astype(dict.fromkeys(_COUNTS, int))


def list_scored(scores: pd.DataFrame, shop: Shop, exam: PurchaseExam, users: Iterable[str]) -> dict[str, Any]:
    """For some customers the list, what they bought and its length as arguments, and scikit-learn's nDCG beside them."""
    left = hide_impossible(scores, shop, exam)
    cases, beside = {}, {}
    for user in users:
        asked = exam.asked[exam.asked["user"] == user]
        ranked = left.loc[user].sort_values(ascending=False, kind="stable").index[: exam.first].tolist()
        cases[user] = (ranked, set(asked["item"]), exam.first)
        beside[user] = measure_lists(scores, shop, replace(exam, asked=asked))["nDCG"]
    return {"cases": cases, "beside": beside}


def draw_found(results: pd.DataFrame, guesses: Iterable[str], *, ceiling: str = "the formula itself") -> Picture:
    """What each way to recommend finds in each exam, over seeds.

    Args:
        results: as `compare_guesses` gives them.
        guesses: which of them, from top to bottom.
        ceiling: drawn as a dashed line.
    """
    found = results.set_index(["exam", "guess", "seed"])["found"]
    return draw_ranges(
        found,
        guesses,
        title="What recommendations find",
        caption="Share of purchases found.",
        said="share found",
        marked="with the graph",
        ceiling=ceiling,
        titles=_TITLES,
    )


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
    return check(find_last, examples, hint=hint, through=_read_rows)


def _read_rows(find_last: Callable[[list[Purchase]], Any], purchases: list[Purchase]) -> Any:
    """What came, with rows as tuples, whatever they came in."""
    came = list_elements(find_last(purchases))
    return [tuple(row) if isinstance(row, list) else row for row in came] if isinstance(came, list) else came


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
