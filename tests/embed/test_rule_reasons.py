"""Why a rule gives an answer: without the facts it names it gives it no more, and without others it still does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rules_by_hand import make_split, reach, walk

from kgwb.embed import RuleRanker, mine_rules
from kgwb.embed.rules.constants import skip_fans
from kgwb.embed.rules.explaining import explain_triple
from kgwb.embed.rules.walking import Walker
from kgwb.graph import Split
from kgwb.graph.errors import UnknownNameError
from kgwb.graph.joins import Steps

SIZE, KINDS = 14, 3
Fact = tuple[int, int, int]


@pytest.fixture(scope="module")
def split() -> Split:
    rng = np.random.default_rng(0)
    columns = [rng.integers(0, limit, 70).tolist() for limit in (SIZE, KINDS, SIZE)]
    return make_split(sorted(set(zip(*columns, strict=True))), SIZE, KINDS)


@pytest.fixture(scope="module")
def ranker(split: Split) -> RuleRanker:
    return mine_rules(split, min_support=1, top=5)


def _forget(ranker: RuleRanker, facts: set[Fact]) -> RuleRanker:
    """The same path rules, trusted as before, over fewer facts."""
    left = [fact for fact in ranker.trained_facts.tolist() if tuple(fact) not in facts and fact[0] != fact[2]]
    walker = Walker(Steps.of(np.array(left), entities=SIZE, relations=KINDS))
    rules = replace(ranker.rules, walker=walker, constants=skip_fans(walker), frequent=False)
    return replace(ranker, rules=rules)


def _fires(ranker: RuleRanker, triple: Fact, path: tuple[int, ...]) -> bool:
    found = explain_triple(ranker.graph, ranker.rules, triple)
    return any(each == path for each in found["path"])


def test_named_facts_are_all_that_fire_a_rule_and_others_near_by_are_not(ranker: RuleRanker) -> None:
    facts = {tuple(fact) for fact in ranker.trained_facts.tolist()}
    gone = kept = 0
    rng = np.random.default_rng(0)
    for triple in sorted(facts)[:12]:
        if triple[0] == triple[2]:
            continue
        why = ranker.explain(*triple)
        for row in why[why["kind"] == "path"].head(4).itertuples():
            named = set(row.facts)
            near = sorted(f for f in facts - named if {f[0], f[2]} & {e for n in named for e in (n[0], n[2])})
            others = {near[i] for i in rng.permutation(len(near))[: len(named)]}
            assert not _fires(_forget(ranker, named), triple, row.path)
            assert _fires(_forget(ranker, others), triple, row.path)
            assert triple[2] not in reach(facts - named, row.path, triple[0], KINDS)
            gone, kept = gone + len(named), kept + len(others)
    assert gone > 40 and kept > 0.9 * gone  # both arms removed something, and about as much


def test_explanations_hold_every_rule_that_fires_and_nothing_else(split: Split, ranker: RuleRanker) -> None:
    facts = {tuple(fact) for fact in ranker.trained_facts.tolist()}
    for triple in split.train[:10].tolist():
        head, relation, tail = triple
        why = ranker.explain(*triple)
        expected = {}
        for row in ranker.frame[ranker.frame["kind"] == "path"].itertuples():
            walks = [each for each in walk(facts, row.path, head, KINDS) if each[-1] == tail]
            if row.implied == relation and walks and head != tail:
                expected[row.path] = len(walks)
        paths = why[why["kind"] == "path"]
        assert dict(zip(paths["path"], paths["ways"], strict=True)) == expected
        assert why["trust"].is_monotonic_decreasing
        for row in why[why["kind"] == "constant"].itertuples():
            assert len(row.facts) == 1 and set(row.facts) <= facts
            assert {head, tail} & {row.facts[0][0], row.facts[0][2]}
            assert row.given in (row.facts[0][0], row.facts[0][2])


def test_a_score_is_the_noisy_or_of_the_rules_that_explain_it(split: Split, ranker: RuleRanker) -> None:
    found = ranker.predict(head=0, relation=1, k=4, why=True)
    for row in found.itertuples():
        why = ranker.explain(0, 1, row.entity)
        expected = 1 - np.prod(1 - why["trust"].to_numpy()[:5])
        assert row.probability == pytest.approx(expected, abs=1e-5)
        assert list(row.rules) == why["rule"].tolist()[:5] and len(row.facts) == len(row.rules)
        assert list(row.because) == why["because"].tolist()[:5]
    assert found["score"].is_monotonic_decreasing


def test_each_part_of_a_triple_can_be_asked_for(split: Split, ranker: RuleRanker) -> None:
    assert len(ranker.predict(tail=0, relation=1)) == 10
    relations = ranker.predict(head=0, tail=1, why=True)
    assert relations["relation"].tolist() and len(relations) == KINDS
    with pytest.raises(ValueError, match=r"predict needs exactly two .*; head came\. Type rules\.predict\(head='e"):
        ranker.predict(head=0)
    with pytest.raises(UnknownNameError, match="nobody"):
        ranker.explain("nobody", 0, 1)


def test_rules_read_as_sentences(ranker: RuleRanker) -> None:
    kinds = ranker.frame.drop_duplicates("kind").set_index("kind")
    paths = ranker.frame[ranker.frame["path"].map(len) == 2]
    assert paths["body"].iloc[0].count(",") == 1 and " ⇒ " in paths["rule"].iloc[0]
    assert "anything" in kinds.loc["dangling", "body"] and "e" in kinds.loc["constant", "head"]
    assert repr(ranker).startswith("RuleRanker of 'graph': ")
    assert "5 rules most trusted of an answer are added up, as asked" in repr(ranker)
