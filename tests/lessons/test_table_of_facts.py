"""What notebook 01 lends its learners."""

from __future__ import annotations

import pytest

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
