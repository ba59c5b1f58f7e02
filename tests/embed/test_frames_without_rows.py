"""A frame without a row has the kinds of columns that it has with rows, so that ids stay ids when frames are joined."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from kgwb.embed import PathNetwork, find_settings, mine_rules
from kgwb.embed.path_networks.explaining import explain_answer
from kgwb.graph import KnowledgeGraph, Split

Pair = tuple[pd.DataFrame, pd.DataFrame]


def _explain(split: Split) -> Pair:
    """A fact that is frequent, and one that no rule gives."""
    rules, bare = mine_rules(split, top=5), mine_rules(split, longest=1, constants=False, top=5)
    return rules.explain(*split.train[0].tolist()), bare.explain(*split.train[0].tolist())


def _search(split: Split) -> Pair:
    search = find_settings(split, passes=6, fixed={"dim": 8, "precision": "float32"})
    before = search.trials
    for _ in search:
        pass
    return search.trials, before


def _search_effects(split: Split) -> Pair:
    search = find_settings(split, passes=6, fixed={"dim": 8, "precision": "float32"})
    before = search.effects()
    for _ in search:
        pass
    return search.effects(), before


def _walk_paths(split: Split) -> Pair:
    """A triple whose ends are linked, and one whose ends are not."""
    facts = pd.DataFrame([["a", "r", "b"], ["b", "r", "c"], ["d", "r", "e"]], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    network = PathNetwork(graph, dim=8, layers=2)
    return explain_answer(network, "a", "r", "c"), explain_answer(network, "a", "r", "e")


@pytest.mark.parametrize("make", [_explain, _search, _search_effects, _walk_paths])
def test_columns_are_of_one_kind_with_and_without_rows(split: Split, make: Callable[[Split], Pair]) -> None:
    full, empty = make(split)
    assert len(full) and not len(empty)
    numbers = [name for name in empty.columns if full[name].dtype.kind in "iufb"]
    assert numbers
    assert empty[numbers].dtypes.equals(full[numbers].dtypes)
    assert pd.concat([empty, full])[numbers].dtypes.equals(full[numbers].dtypes)
