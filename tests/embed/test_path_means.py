"""Numbers along paths: the different ends of a walk that have the number, never the start itself."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import kgwb
from kgwb.embed import average_along
from kgwb.graph import KnowledgeGraph
from kgwb.graph.errors import UnknownNameError

FACTS = [("c1", "issues", "s1"), ("c1", "issues", "b1"), ("c2", "issues", "s2"), ("c2", "supplies", "c1")]
NUMBERS = {"c1": 1.0, "c2": 5.0, "s1": 20.0, "b1": 3.0}


@pytest.fixture(scope="module")
def market() -> KnowledgeGraph:
    entities = pd.DataFrame(
        {"entity": ["c1", "c2", "s1", "s2", "b1"], "type": ["company"] * 2 + ["stock"] * 2 + ["bond"]}
    )
    entities["size"] = entities["entity"].map(NUMBERS)
    return KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]), entities)


def test_a_path_leads_back_and_forth_to_what_has_a_number(market: KnowledgeGraph) -> None:
    found = average_along(market, of="stock", paths=["^issues", ("^issues", "^supplies"), ("^issues", "issues")])
    assert found.index.tolist() == ["s1", "s2"]
    assert found["^issues: size"].tolist() == [1.0, 5.0]
    np.testing.assert_array_equal(found["^issues / ^supplies: size"], [5.0, np.nan])
    np.testing.assert_array_equal(found["^issues / issues: size"], [3.0, np.nan])  # s1 is at the end of its own path
    assert found["^issues / issues: count"].tolist() == [1.0, 0.0] and "^issues: count" not in found


def test_only_the_values_that_are_given_are_read(market: KnowledgeGraph) -> None:
    told = pd.DataFrame({"entity": ["b1"], "attribute": ["yield"], "value": [4.0]})
    found = average_along(market, told, paths=[("^issues", "issues")])["^issues / issues: yield"]
    assert found.dropna().to_dict() == {"s1": 4.0}


@settings(max_examples=25, deadline=None)
@given(seed=some.integers(0, 999))
def test_all_paths_are_those_of_a_walk_by_hand(seed: int) -> None:
    random = np.random.default_rng(seed)
    triples = np.unique(random.integers(0, [6, 2, 6], (9, 3)), axis=0)
    facts = pd.DataFrame(triples.astype(str), columns=["head", "relation", "tail"])
    values = pd.Series(np.where(random.random(6) < 0.7, random.normal(size=6), np.nan), map(str, range(6)))
    if values.isna().all():
        return
    table = pd.DataFrame({"entity": values.index, "x": values.to_numpy()})
    graph = KnowledgeGraph.from_pandas(facts, table)
    found = average_along(graph, steps=2)
    steps = {name: (facts[facts["relation"] == name], "head", "tail") for name in set(facts["relation"])}
    steps |= {f"^{name}": (told, "tail", "head") for name, (told, _, _) in list(steps.items())}
    names = [(one,) for one in steps] + [(one, other) for one in steps for other in steps]
    wanted: dict[str, dict[str, float]] = {}
    for path in names:
        for start in values.index:
            ends = {start}
            for step in path:
                told, source, target = steps[step]
                ends = set(told.loc[told[source].isin(ends), target])
            known = [values[end] for end in ends - {start} if not np.isnan(values[end])]
            if known:
                wanted.setdefault(f"{' / '.join(path)}: x", {})[start] = float(np.mean(known))
    means = found[[column for column in found if column.endswith(": x")]]
    assert {column: means[column].dropna().to_dict() for column in means} == {
        column: pytest.approx(each) for column, each in wanted.items()
    }
    given = average_along(graph, paths=names)
    pd.testing.assert_frame_equal(given[found.columns], found)


def test_it_finds_what_made_the_yields_of_the_market() -> None:
    graph = kgwb.read_graph(kgwb.sample("finance_zh"))
    found = average_along(graph, ["growth", "spread"], of="bond", steps=1)
    spread = graph.entities.set_index("entity")["spread"]
    rated = graph.to_pandas().query("relation == 'rated'").set_index("head")["tail"]
    assert found["rated: spread"].to_dict() == rated[found.index].map(spread).to_dict()
    assert found["guaranteed_by: count"].sum() == 20


def test_errors_say_what_to_type(market: KnowledgeGraph) -> None:
    with pytest.raises(ValueError, match=re.escape("the graph's types are 'bond', 'company', 'stock'")):
        average_along(market, of="fund")
    with pytest.raises(ValueError, match="Expected relations, one at least"):
        average_along(market, paths=[()])
    with pytest.raises(TypeError, match="Expected a list of paths"):
        average_along(market, paths="issues")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="issues"):
        average_along(market, paths=["issued"])
    with pytest.raises(ValueError, match="steps"):
        average_along(market, steps=0)
