"""What notebook 01 lends its learners."""

from __future__ import annotations

from collections import Counter

import pytest

import kgwb
from kgwb.lessons import table_of_facts


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def test_an_error_is_shown_and_does_not_stop_anything() -> None:
    assert repr(table_of_facts.show_error(int, "seven")).startswith("ValueError: invalid literal")
    assert repr(table_of_facts.show_error(int, "11", base=2)) == "It went well: 3"


def test_counting_one_side_only_is_not_enough() -> None:
    verdict = table_of_facts.check_degree(lambda graph, label: sum(graph.triples[:, 0] == graph.entity_id(label)))
    assert "expected  4" in repr(verdict)


def test_a_leak_is_a_leak_in_either_direction() -> None:
    verdict = table_of_facts.check_share_leaked(lambda split: 0.0)
    assert not verdict.passed
    assert "expected  0.5" in repr(verdict)


def test_a_relation_that_is_turned_now_and_then() -> None:
    assert not table_of_facts.check_share_turned(lambda graph, relation: 1.0).passed


def test_what_rules_answer_is_counted_split_by_split() -> None:
    graph = kgwb.read_graph(kgwb.sample("archipelago"))
    table = table_of_facts.try_rules(graph, seeds=2)
    asked, found, drawn, shares = Counter[str](), Counter[str](), Counter[str](), []
    for seed in range(2):
        split = kgwb.split_triples(graph, seed=seed)
        frame = kgwb.graph.apply_rules(split, kgwb.find_rules(split)).frame
        tested = {tuple(fact) for fact in split.test.tolist()}
        hits = [row.relation for row in frame.itertuples() if (row.head, row.relation, row.tail) in tested]
        for count, relations in ((asked, split.test[:, 1]), (found, hits), (drawn, frame["relation"])):
            count.update(graph.relation_labels[relation] for relation in relations)
        island = graph.relation_labels.index("islander of")
        shares.append(hits.count(island) / (split.test[:, 1] == island).sum())
    for column, counts in {"asked": asked, "found": found, "conclusions": drawn}.items():
        assert {name: count for name, count in table[column].to_dict().items() if count} == dict(counts)
    assert table.loc["islander of", ["lowest", "highest"]].tolist() == [min(shares), max(shares)]
    assert max(shares) > 0.5  # two facts in a row lead there
