"""Mined rules against brute force: what they are worth, what they answer, and that nothing else decides."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as some
from rules_by_hand import (
    ENTITIES,
    RELATIONS,
    add_by_hand,
    answer_by_hand,
    follow,
    holds,
    list_paths,
    make_split,
    reach,
    take_by_hand,
    triples_of,
)

import kgwb
from kgwb.embed import RuleRanker, mine_rules
from kgwb.embed.rules import candidates, judging
from kgwb.embed.rules.path_tree import plant_tree
from kgwb.embed.rules.promising import count_walks, rank_by_promise
from kgwb.embed.rules.walking import Walker
from kgwb.graph import Split
from kgwb.graph.joins import Steps

Triples = list[tuple[int, int, int]]
few = settings(deadline=None)


def _straight(triples: Triples) -> set[tuple[int, int, int]]:
    return {(h, r, t) for h, r, t in triples if h != t}


@few
@given(triples=triples_of, at_once=some.integers(1, 200))
def test_walks_end_where_brute_force_ends(triples: Triples, at_once: int) -> None:
    facts = _straight(triples)
    array = np.array(sorted(facts), dtype=np.int64).reshape(-1, 3)
    walker = Walker(Steps.of(array, entities=ENTITIES, relations=RELATIONS))
    paths = list_paths(3) + [p * 2 for p in itertools.product(range(2 * RELATIONS), repeat=2)]  # some of four steps
    padded = np.array([[*path, *[-1] * (4 - len(path))] for path in paths])
    tree, ends = plant_tree(np.zeros(len(paths), dtype=np.int64), padded, count=1)
    found: dict[tuple[int, int], list[int]] = {}
    zeros = np.zeros(ENTITIES, dtype=np.int64)
    for landing in walker.walk(tree, zeros, np.arange(ENTITIES), at_once=at_once):
        columns = (landing.query.tolist(), landing.node.tolist(), landing.entity.tolist())
        for query, node, entity in zip(*columns, strict=True):
            found.setdefault((query, node), []).append(entity)
    for path, node in zip(paths, ends.tolist(), strict=True):
        for start in range(ENTITIES):
            assert sorted(found.get((start, node), [])) == sorted(reach(facts, path, start))


@few
@given(triples=triples_of)
def test_support_and_cases_equal_brute_force_and_no_path_is_missing(triples: Triples) -> None:
    facts = _straight(triples)
    ranker = mine_rules(make_split(triples), longest=3, min_support=1, top=5)
    found = {}
    for row in ranker.frame.itertuples():
        if row.kind == "path":
            pairs = {(x, y) for x in range(ENTITIES) for y in reach(facts, row.path, x)}
            support = sum((x, row.implied, y) in facts for x, y in pairs)
            found[row.path, row.implied] = row.support
            assert (row.support, row.cases) == (support, len(pairs))
            assert row.trust == pytest.approx(support / (len(pairs) + 5))
        elif row.kind != "frequent":
            fulfil = [x for x in range(ENTITIES) if holds(row, facts, x)]
            support = sum(row.constant in follow(facts, row.implied, x) for x in fulfil)
            assert (row.support, row.cases) == (support, len(fulfil))
            assert row.trust == pytest.approx(support / (len(fulfil) + 5) * (0.01 if row.kind == "dangling" else 1))
        else:
            heads = [x for x in range(ENTITIES) if follow(facts, row.implied, x)]
            assert row.cases == len(heads)
            assert row.support == sum(row.constant in follow(facts, row.implied, x) for x in heads)
    expected = {}
    for path in list_paths(3):
        pairs = [(x, y) for x in range(ENTITIES) for y in reach(facts, path, x)]
        for relation in range(RELATIONS):
            support = sum((x, relation, y) in facts for x, y in pairs)
            if support and path != (relation,):
                expected[path, relation] = support
    assert found == expected


@few
@given(triples=triples_of, top=some.integers(1, 5), longest=some.sampled_from([1, 3]))
def test_scores_equal_the_noisy_or_of_the_best_rules_by_hand(triples: Triples, top: int, longest: int) -> None:
    split = make_split(triples)
    ranker = mine_rules(split, longest=longest, min_support=1, top=top)
    facts = _straight(triples)
    known = torch.arange(ENTITIES).repeat(2 * RELATIONS)
    relation = torch.arange(RELATIONS).repeat_interleave(ENTITIES).repeat(2)
    scores = ranker.score_answers(known, relation, tails=RELATIONS * ENTITIES).numpy()
    for query, (start, asked) in enumerate(zip(known.tolist(), relation.tolist(), strict=True)):
        step = asked if query < RELATIONS * ENTITIES else asked + RELATIONS
        for entity, trusts in answer_by_hand(ranker, facts, start, step).items():
            place = 1 if step < RELATIONS else 0
            last = 1e-11 * take_by_hand(facts, asked, place, entity) if trusts else 0  # what decides between equals
            assert scores[query, entity] == pytest.approx(add_by_hand(trusts, top) + last, rel=1e-12, abs=1e-15)


def _draw(seed: int, count: int = 90) -> Triples:
    rng = np.random.default_rng(seed)
    return [(int(h), int(r), int(t)) for h, r, t in zip(*(rng.integers(0, n, count) for n in (12, 3, 12)), strict=True)]


def _split(seed: int) -> Split:
    split = make_split(_draw(seed), 12, 3)
    order = np.random.default_rng(seed).permutation(len(split.train))
    train, valid, test = np.split(split.train[order], [len(order) - 20, len(order) - 10])
    return Split(split.graph, train, valid, test)


def test_ranks_equal_those_counted_one_by_one() -> None:
    split = _split(0)
    ranker = mine_rules(split)
    report = kgwb.rank_triples(ranker, split.test, known=split.known)
    known = set(map(tuple, split.known.tolist()))
    expected = []
    for side in ("head", "tail"):
        for h, r, t in split.test.tolist():
            start, answer = (t, h) if side == "head" else (h, t)
            tails = 0 if side == "head" else 1
            scores = ranker.score_answers(torch.tensor([start]), torch.tensor([r]), tails=tails)[0].tolist()
            others = [
                scores[e]
                for e in range(12)
                if e != answer and ((e, r, t) if side == "head" else (h, r, e)) not in known
            ]
            better, equal = (sum(f(s) for s in others) for f in (scores[answer].__lt__, scores[answer].__eq__))
            expected.append(1 + better + equal / 2)
    assert report.ranks.tolist() == expected
    assert report.unseen == 0 or report.unseen is not None


def test_the_order_of_triples_and_a_second_run_change_nothing() -> None:
    split = _split(1)
    other = Split(split.graph, split.train[::-1], split.valid[::-1], split.test)
    one, again, turned = mine_rules(split), mine_rules(split), mine_rules(other)
    known, relation = torch.arange(12), torch.zeros(12, dtype=torch.int64)
    scores = [each.score_answers(known, relation, tails=6) for each in (one, again, turned)]
    assert torch.equal(scores[0], scores[1]) and torch.equal(scores[0], scores[2])
    assert one.frame.equals(turned.frame)


def test_other_ids_give_the_same_scores() -> None:
    """Every entity and relation gets another id; rules and scores go along."""
    triples = _draw(2, 50)
    rng = np.random.default_rng(0)
    entity, relation = rng.permutation(12), rng.permutation(3)
    renamed = [(int(entity[h]), int(relation[r]), int(entity[t])) for h, r, t in triples]
    one, other = (mine_rules(make_split(each, 12, 3), min_support=1, top=5) for each in (triples, renamed))
    known, asked = torch.arange(12).repeat(3), torch.arange(3).repeat_interleave(12)
    scores = one.score_answers(known, asked, tails=20)
    moved = other.score_answers(torch.from_numpy(entity)[known], torch.from_numpy(relation)[asked], tails=20)
    assert torch.equal(scores, moved[:, torch.from_numpy(entity)])
    assert len(one) == len(other)


def test_what_there_was_no_time_for_is_said() -> None:
    ranker = mine_rules(_split(3), minutes=1e-9)
    assert len(ranker.rules.paths) == 0
    assert "triples between which there was no time to seek paths of 2 steps" in repr(ranker)
    assert ranker.chosen.startswith("by MRR of 10 valid triples")


def test_paths_begun_when_time_runs_out_are_left_out_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "PATHS_AT_ONCE", 3)
    ticks = itertools.count()
    monkeypatch.setattr(judging.time, "monotonic", lambda: next(ticks) if next(ticks) < 40 else 1e9)
    split = _split(4)
    steps = Steps.of(split.train[split.train[:, 0] != split.train[:, 2]], entities=12, relations=3)
    neighbours = candidates.Neighbours.of(steps)
    paths = np.array(list(itertools.product(range(6), repeat=2)))
    rules, done = judging.judge_paths(Walker(steps), neighbours, paths, np.ones(36), least=1, until=100)
    assert 0 < done < len(paths) and done % 3 == 0
    assert {tuple(path) for each in rules for path in each.paths.tolist()} <= set(map(tuple, paths[:done].tolist()))


@given(some.integers(0, 10**6), some.integers(1, 5))
@few
def test_walks_along_a_path_are_counted(seed: int, length: int) -> None:
    rng = np.random.default_rng(seed)
    facts = np.unique(rng.integers(0, [7, 2, 7], (20, 3)), axis=0)
    walker = Walker(Steps.of(facts[facts[:, 0] != facts[:, 2]], entities=7, relations=2))
    paths = rng.integers(0, 4, (15, length))
    leads = np.zeros((4, 7, 7))
    for head, relation, tail in facts[facts[:, 0] != facts[:, 2]]:
        leads[relation, head, tail] = leads[relation + 2, tail, head] = 1
    expected = [np.linalg.multi_dot([np.ones(7), *leads[path], np.ones(7)]) for path in paths]
    assert count_walks(walker, paths).tolist() == expected


def test_paths_that_promise_trusted_rules_are_judged_first() -> None:
    # "near" leads from everyone to everyone, "at" from each to one; both conclude "in" as often.
    facts = [(i, 0, j) for i in range(8) for j in range(8) if i != j] + [(i, 1, 8 + i) for i in range(8)]
    walker = Walker(Steps.of(np.array(facts), entities=16, relations=2))
    found = candidates.Candidates(np.array([[0], [1]]), np.array([8.0, 8.0]), 8, True, 0)
    paths, walks = rank_by_promise(walker, found)
    assert paths.tolist() == [[1], [0]] and walks.tolist() == [8.0, 56.0]


def test_what_there_is_time_for_is_not_judged_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    split = _split(4)
    steps = Steps.of(split.train[split.train[:, 0] != split.train[:, 2]], entities=12, relations=3)
    paths = np.array(list(itertools.product(range(6), repeat=2)))
    walks = count_walks(Walker(steps), paths)
    monkeypatch.setattr(judging, "WALKS_TOGETHER", int(walks.max()))
    ticks = itertools.count()
    monkeypatch.setattr(judging.time, "monotonic", lambda: next(ticks))
    neighbours = candidates.Neighbours.of(steps)
    rules, done = judging.judge_paths(Walker(steps), neighbours, paths, walks, least=1, until=10)
    assert 0 < done < len(paths) and len(rules) > 1


def test_rules_that_fire_too_often_are_left_out_the_least_trusted_first(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = mine_rules(_split(4)).rules.paths
    trust, size = paths.support / (paths.cases + 5), np.bincount(paths.relation)
    monkeypatch.setattr(judging, "MOST_FIRINGS", int(paths.cases.sum()) // 3)
    kept, dropped = judging.keep_trusted(paths)
    assert 0 < dropped == len(paths) - len(kept) and kept.cases.sum() <= paths.cases.sum() // 3
    for relation, least in enumerate([(kept.support / (kept.cases + 5))[kept.relation == r].min() for r in range(3)]):
        several = int((kept.relation == relation).sum())
        assert (trust[paths.relation == relation] > least).sum() < several <= size[relation]
    monkeypatch.setattr(judging, "MOST_FIRINGS", 0)
    assert np.bincount(judging.keep_trusted(paths)[0].relation).tolist() == [1, 1, 1]


def test_a_sample_finds_the_commonest_paths_first(monkeypatch: pytest.MonkeyPatch) -> None:
    split = _split(5)
    whole = mine_rules(split, longest=3)
    monkeypatch.setattr(candidates, "LOOKUPS", 400)
    monkeypatch.setattr(candidates, "WIDEST", 4)
    part = mine_rules(split, longest=3)
    assert 0 < len(part.rules.paths) < len(whole.rules.paths)
    assert "triples between which paths of 3 steps were not sought" in repr(part)
    paths = [each.frame[each.frame["kind"] == "path"] for each in (whole, part)]
    known = {(row.path, row.implied): (row.support, row.cases) for row in paths[0].itertuples()}
    for row in paths[1].itertuples():
        assert known[row.path, row.implied] == (row.support, row.cases)


def test_without_constants_only_paths_answer() -> None:
    ranker = mine_rules(_split(6), constants=False)
    assert set(ranker.frame["kind"]) == {"path"}
    assert set(mine_rules(_split(6)).frame["kind"]) == {"path", "constant", "dangling", "frequent"}


def test_a_graph_of_loops_alone_has_no_rules() -> None:
    split = make_split([(0, 0, 0), (1, 1, 1)])
    ranker = mine_rules(split)
    assert len(ranker) == 0 and "2 facts from an entity to itself left out" in repr(ranker)
    assert ranker.score_answers(torch.tensor([0]), torch.tensor([0]), tails=1).tolist() == [[0.0] * ENTITIES]


def test_top_is_chosen_on_valid_and_test_is_never_looked_at() -> None:
    split = _split(7)
    blind = Split(split.graph, split.train, split.valid, split.test[:0])
    one, other = mine_rules(split), mine_rules(blind)
    assert (one.top, one.chosen) == (other.top, other.chosen)
    known = np.concatenate([split.train, split.valid])
    found = {
        top: kgwb.rank_triples(dataclasses.replace(one, top=top), split.valid, known=known).mrr for top in (1, 2, 5, 10)
    }
    assert found[one.top] == max(found.values())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"minutes": 0}, r"minutes=0 came\. It must be a number above 0; type minutes=2\."),
        ({"longest": 6}, r"longest=6 came\. It must be a whole number from 1 to below 6; type longest=3\."),
        ({"min_support": 0}, r"min_support=0 came\. It must be at least 1; type min_support=1\."),
        ({"top": 0}, r"top=0 came\. It must be at least 1; type top=1\."),
    ],
)
def test_arguments_out_of_range_are_named(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mine_rules(_split(0), **options)


def test_a_citation_says_how_rules_were_mined() -> None:
    said = kgwb.cite(mine_rules(_split(8), top=3)).frame.set_index("part")["value"]
    assert "min_support=2" in said["settings"] and "top=3" in said["settings"]
    assert isinstance(mine_rules(_split(8)), RuleRanker)


@few
@given(triples=triples_of)
@example(triples=[(1, 0, 4), (1, 0, 5), (3, 0, 0), (3, 0, 2), (3, 1, 0), (4, 0, 0), (4, 1, 2), (5, 1, 0)])
def test_long_paths_are_judged_without_the_fact_they_conclude(triples: Triples) -> None:
    facts = _straight(triples)
    for row in mine_rules(make_split(triples), longest=5, min_support=1, top=5).frame.itertuples():
        if row.kind != "path" or len(row.path) < 4:
            continue
        pairs = {(x, y) for x in range(ENTITIES) for y in reach(facts, row.path, x)}
        held = {(x, y) for x, y in pairs if (x, row.implied, y) in facts}
        sound = {(x, y) for x, y in held if y in reach(facts - {(x, row.implied, y)}, row.path, x)}
        assert (row.support, row.cases) == (len(sound), len(pairs - held | sound))


def test_a_fact_does_not_prove_itself_by_a_walk_around_a_triangle() -> None:
    """Three heads of r0 lead into triangles of r1, which come back to where they began; one path alone leads elsewhere."""
    triangles = [(base, base + 1, base + 2) for base in (0, 4, 8)]
    around = [(one, 1, other) for a, b, c in triangles for one, other in ((a, b), (b, c), (c, a))]
    elsewhere = [(12, 0, 13), (13, 1, 14), (14, 1, 15), (15, 1, 16), (12, 0, 16)]
    triples = [*around, *((base + 3, 0, base) for base in (0, 4, 8)), *elsewhere]
    frame = mine_rules(make_split(triples, 17, 2), longest=4, min_support=1, top=5).frame
    rule = frame[(frame["kind"] == "path") & (frame["implied"] == 0) & frame["path"].map(((0, 1, 1, 1)).__eq__)]
    assert rule[["support", "cases"]].to_numpy().tolist() == [[1, 1]]


def test_a_fact_does_not_prove_itself_where_the_path_ends_as_it_begins() -> None:
    """r0, r1, r1, r0: forth through the answer and around, or around first and then by the very fact; neither is a proof."""
    forth = [(0, 0, 1), (1, 1, 2), (2, 1, 3), (3, 0, 1)]  # 0 → 1 → 2 → 3 → 1
    around = [(0, 0, 4), (4, 1, 5), (5, 1, 0)]  # 0 → 4 → 5 → 0 → 1
    elsewhere = [(6, 0, 7), (7, 1, 8), (8, 1, 9), (9, 0, 10), (6, 0, 10)]
    frame = mine_rules(make_split([*forth, *around, *elsewhere], 11, 2), longest=4, min_support=1, top=5).frame
    rule = frame[(frame["kind"] == "path") & (frame["implied"] == 0) & frame["path"].map(((0, 1, 1, 0)).__eq__)]
    assert rule["support"].tolist() == [1]
