"""Rules against brute force, what is true of the sample graphs, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kgwb.graph import KnowledgeGraph, Split, joins, read_graph, split_triples
from kgwb.graph.conclusions import apply_rules
from kgwb.graph.rules import KINDS, Rules, find_rules
from kgwb.graph.type_facts import add_types

ENTITIES, RELATIONS = 5, 3
STEPS = range(2 * RELATIONS)
ANY = {"min_support": 1, "min_head_coverage": 0, "min_confidence": 0, "min_pca_confidence": 0}
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    max_size=30,
)
Triple = tuple[int, int, int]
Rule = tuple[tuple[int, ...], int, int]


def _graph(triples: list[Triple]) -> KnowledgeGraph:
    names = [[f"e{i}" for i in range(ENTITIES)], [f"r{i}" for i in range(RELATIONS)]]
    frame = pd.DataFrame([(f"e{h}", f"r{r}", f"e{t}") for h, r, t in triples], columns=["head", "relation", "tail"])
    return KnowledgeGraph.from_pandas(
        frame, pd.DataFrame({"entity": names[0]}), relations=pd.DataFrame({"relation": names[1]})
    )


def _links(triples: list[Triple]) -> dict[int, set[tuple[int, int]]]:
    """The pairs of different entities that each step links."""
    straight = {triple for triple in triples if triple[0] != triple[2]}
    forward = {r: {(h, t) for h, other, t in straight if other == r} for r in range(RELATIONS)}
    return forward | {r + RELATIONS: {(y, x) for x, y in pairs} for r, pairs in forward.items()}


def _bodies(links: dict[int, set[tuple[int, int]]]) -> Iterator[tuple[tuple[int, ...], set[tuple[int, int]]]]:
    for one in STEPS:
        yield (one,), links[one]
        for other in STEPS:
            yield (
                (one, other),
                {(x, y) for x, z in links[one] for middle, y in links[other] if middle == z and x != y},
            )


def _find_by_hand(triples: list[Triple]) -> dict[Rule, tuple[int, float, float, float]]:
    """Support, head coverage, confidence and PCA confidence of every rule."""
    links = _links(triples)
    told_both_ways = {r + RELATIONS for r in range(RELATIONS) if links[r] == links[r + RELATIONS]}
    found: dict[Rule, tuple[int, float, float, float]] = {}
    for path, pairs in _bodies(links):
        for head in range(RELATIONS):
            if path == (head,) or (path != (head + RELATIONS,) and told_both_ways & set(path)):
                continue
            support = len(pairs & links[head])
            if support:
                heads, tails = ({pair[side] for pair in links[head]} for side in (0, 1))
                functional = len(heads) >= len(tails)
                partial = [pair for pair in pairs if (pair[0] in heads if functional else pair[1] in tails)]
                found[path, head, -1] = (
                    support,
                    support / len(links[head]),
                    support / len(pairs),
                    support / len(partial),
                )
    for step in STEPS:
        takers = {x for x, _ in links[step]}
        for head in range(RELATIONS):
            for constant in range(ENTITIES):
                right = {x for x, y in links[head] if y == constant}
                if step != head and takers & right:
                    support, partial = len(takers & right), takers & {x for x, _ in links[head]}
                    found[(step,), head, constant] = (
                        support,
                        support / len(right),
                        support / len(takers),
                        support / len(partial),
                    )
    return found


def _as_dict(rules: Rules) -> dict[Rule, tuple[int, float, float, float]]:
    columns = ["path", "implied", "constant", "support", "head_coverage", "confidence", "pca_confidence"]
    rows = rules.frame[columns].itertuples(index=False, name=None)
    return {tuple(row[:3]): tuple(row[3:]) for row in rows}


@contextmanager
def _in_blocks_of(rows: int) -> Iterator[None]:
    cut = joins.cut

    def cut_small(counts: np.ndarray, _: int = 0) -> Iterator[slice]:
        return cut(counts, rows)

    rooms = ("mining", "conclusions")
    patches = [mock.patch(f"kgwb.graph.{room}.cut", cut_small) for room in rooms]
    for patch in patches:
        patch.start()
    yield
    for patch in patches:
        patch.stop()


@given(triples=triples_of, rows=some.sampled_from([1, 3, 1000]))
def test_rules_equal_brute_force(triples: list[Triple], rows: int) -> None:
    with _in_blocks_of(rows):
        rules = find_rules(_graph(triples), **ANY)
    found, expected = _as_dict(rules), _find_by_hand(triples)
    assert found.keys() == expected.keys()
    for rule, figures in expected.items():
        assert found[rule] == pytest.approx(figures), rule
    assert rules.loops == len({triple for triple in triples if triple[0] == triple[2]})
    assert rules.frame["trust"].is_monotonic_decreasing


@given(
    triples=triples_of,
    support=some.integers(1, 4),
    shares=some.tuples(*[some.sampled_from([0, 0.3, 0.5, 1])] * 3),
    kinds=some.sets(some.sampled_from(KINDS), min_size=1),
)
def test_thresholds_leave_out_what_is_below_them(triples, support, shares, kinds) -> None:
    graph = _graph(triples)
    everything = find_rules(graph, **ANY).frame
    some_rules = find_rules(
        graph,
        kinds=sorted(kinds),
        min_support=support,
        min_head_coverage=shares[0],
        min_confidence=shares[1],
        min_pca_confidence=shares[2],
    ).frame
    columns = ["head_coverage", "confidence", "pca_confidence"]
    kept = (
        (everything["support"] >= support)
        & (everything[columns] >= np.array(shares)).all(axis=1)
        & everything.kind.isin(kinds)
    )
    pd.testing.assert_frame_equal(some_rules, everything[kept].reset_index(drop=True), check_dtype=False)


@given(triples=triples_of, rows=some.sampled_from([1, 1000]))
def test_conclusions_equal_brute_force(triples: list[Triple], rows: int) -> None:
    graph, links = _graph(triples), _links(triples)
    rules = find_rules(graph, **ANY)
    with _in_blocks_of(rows):
        conclusions = apply_rules(graph, rules)
    bodies = dict(_bodies(links))
    expected: dict[Triple, tuple[str, float]] = {}
    for row in rules.frame.itertuples():
        ends = {(x, y if row.constant < 0 else row.constant) for x, y in bodies[row.path]}
        for x, y in ends:
            if x != y and (x, row.implied, y) not in set(map(tuple, graph.triples.tolist())):
                expected.setdefault((x, row.implied, y), (row.rule, row.confidence))
    frame = conclusions.frame
    found = {tuple(ids): (rule, confidence) for *ids, rule, confidence in _rows(frame, "rule", "confidence")}
    assert found == expected and len(found) == len(frame)
    told = {f"{h} {r} {t}" for h, r, t in graph.to_pandas(labels=True).itertuples(index=False)}
    assert all(told >= set(because.split(", ")) for because in frame["because"])
    assert set(map(tuple, conclusions.to_graph().triples.tolist())) == {tuple(t) for t in graph.triples.tolist()} | set(
        found
    )


def _rows(frame: pd.DataFrame, *columns: str) -> Iterator[tuple]:
    return frame[["head", "relation", "tail", *columns]].itertuples(index=False, name=None)


def test_the_rules_of_the_archipelago(repository: Path) -> None:
    rules = find_rules(read_graph(repository / "sample_graphs" / "archipelago"))
    assert set(rules.frame["rule"]) == {
        "x born in z, z located on y ⇒ x islander of y",
        "z born in x, z islander of y ⇒ x located on y",
        "y knows x ⇒ x knows y",
        "y neighbour of x ⇒ x neighbour of y",
    }
    assert (rules.frame["confidence"] == 1).all()
    assert repr(rules).split("\n")[0] == "Rules of 'archipelago': 4 rules from 3,000 facts: 2 symmetric, 2 composition"


def test_from_a_capital_follow_a_city_and_a_country(repository: Path) -> None:
    world = read_graph(repository / "sample_graphs" / "world")
    told = world.entities.assign(
        type=world.entities["type"].where(~world.entities["label"].isin(["Berlin", "Germany"]), "")
    )
    silent = add_types(KnowledgeGraph.from_pandas(world.to_pandas(), told, relations=world.relations, name="world"))
    rules = find_rules(silent, kinds=["constant"])
    conclusions = apply_rules(silent, rules)
    said = conclusions.frame.set_index("head_label")
    assert said.loc["Berlin", ["relation_label", "tail_label", "because"]].tolist() == [
        "is a",
        "city",
        "Germany capital Berlin",
    ]
    assert said.loc["Germany", "tail_label"] == "country"
    assert "y capital x ⇒ x is a city" in set(rules.frame["rule"])


def test_a_split_teaches_by_its_train_only(repository: Path) -> None:
    split = split_triples(read_graph(repository / "sample_graphs" / "archipelago"))
    rules = find_rules(split)
    assert rules.facts == len(split.train)
    conclusions = apply_rules(split, rules)
    held_out = {tuple(triple) for part in (split.valid, split.test) for triple in part.tolist()}
    known = conclusions.frame["known"].to_numpy()
    assert known.any() and [tuple(triple) in held_out for triple in conclusions.triples.tolist()] == known.tolist()
    assert f"{known.sum():,} of them in valid or test" in repr(conclusions)


def test_some_rows_of_the_frame_are_rules_too(repository: Path) -> None:
    split = split_triples(read_graph(repository / "sample_graphs" / "archipelago"))
    rules = find_rules(split)
    symmetric = rules.frame.query("kind == 'symmetric'")
    assert set(apply_rules(split, symmetric).frame["relation_label"]) == {"knows", "neighbour of"}
    assert len(apply_rules(split, rules.frame.iloc[:0])) == 0


def test_the_limit_is_kept_and_what_is_left_is_counted(repository: Path) -> None:
    world = read_graph(repository / "sample_graphs" / "world")
    rules = find_rules(world)
    conclusions = apply_rules(world, rules, limit=3)
    assert len(conclusions) == 3 and conclusions.unused == 2
    assert repr(conclusions).endswith("  2 rules not applied: the limit was reached")
    assert apply_rules(world, rules).triples[:3].tolist() == conclusions.triples.tolist()


def test_loops_are_left_out_and_counted() -> None:
    rules = find_rules(_graph([(0, 0, 0), (0, 0, 1), (1, 0, 0)]), min_support=1)
    assert repr(rules).endswith("  left out: 1 fact from an entity to itself")


def test_labels_stay_on_one_line() -> None:
    facts = pd.DataFrame([("a\nb", "r\x1b[31m", "c"), ("c", "r\x1b[31m", "a\nb")], columns=["head", "relation", "tail"])
    graph = KnowledgeGraph.from_pandas(facts)
    rules = find_rules(graph, min_support=1, min_confidence=0, min_pca_confidence=0)
    assert "\x1b" not in repr(rules) and len(repr(rules).split("\n")) == 1 + len(rules)
    half = Split(graph, graph.triples[:1], graph.triples[1:], graph.triples[:0])
    assert "\x1b" not in repr(apply_rules(half, rules)) and "a b" in repr(apply_rules(half, rules))


def test_a_graph_without_facts_has_no_rules() -> None:
    graph = _graph([])
    rules = find_rules(graph)
    assert repr(rules) == "Rules of 'graph': 0 rules from 0 facts"
    assert len(apply_rules(graph, rules)) == 0


def test_nothing_given_is_changed() -> None:
    graph = _graph([(0, 0, 1), (1, 0, 2), (0, 1, 2)])
    before, rules = graph.triples.copy(), find_rules(graph, **ANY)
    frame = rules.frame.copy()
    apply_rules(graph, rules)
    assert (graph.triples == before).all()
    pd.testing.assert_frame_equal(rules.frame, frame)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kinds": ["symetric"]}, r"kinds came with 'symetric'\. Type some of \['symmetric', .*kinds=\['symmetric'\]"),
        ({"kinds": "symmetric"}, r"kinds came with 'symmetric'\. Type some of .*kinds=\['symmetric'\]"),
        ({"kinds": []}, r"kinds came with \[\]\. Type some of"),
        ({"min_support": 0}, r"min_support=0 came\. It must be at least 1; type min_support=1\."),
        (
            {"min_confidence": 50},
            r"min_confidence=50 came\. It must be a share from 0 to 1; type min_confidence=0\.5\.",
        ),
        ({"min_head_coverage": float("nan")}, r"min_head_coverage=nan came\."),
    ],
)
def test_arguments_that_make_no_sense(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find_rules(_graph([(0, 0, 1)]), **given)


def test_rules_that_cannot_be_applied(countries: KnowledgeGraph) -> None:
    rules = find_rules(_graph([(0, 0, 1), (1, 0, 0), (0, 2, 1)]), **ANY)
    with pytest.raises(ValueError, match=r"of another graph than 'countries', .*Type apply_rules\(graph, find_rules"):
        apply_rules(countries, rules)
    with pytest.raises(ValueError, match=r"of another graph than 'countries'"):
        apply_rules(countries, rules.frame)
    with pytest.raises(ValueError, match=r"The frame of rules has no column 'rule', 'confidence'.*rules\.frame\.query"):
        apply_rules(countries, countries.to_pandas())
    with pytest.raises(ValueError, match=r"limit=0 came\. It must be at least 1; type limit=1\."):
        apply_rules(countries, find_rules(countries), limit=0)


def test_types_become_facts(countries: KnowledgeGraph) -> None:
    typed = add_types(countries, relation="type")
    stated = typed.to_pandas(labels=True).query("relation == 'type'")
    assert sorted(stated[["head", "tail"]].itertuples(index=False, name=None)) == [
        ("Berlin", "city"),
        ("France", "country"),
        ("Germany", "country"),
    ]
    assert len(typed) == len(countries) + 3 and typed.relation_labels == ("borders", "is the capital of", "type")
    with pytest.raises(
        ValueError, match=r"No entity of 'graph' has a type\. .*KnowledgeGraph\.from_pandas\(facts, ent"
    ):
        add_types(_graph([(0, 0, 1)]))


def test_the_symmetric_relations_of_wordnet(benchmark_data: Path) -> None:
    from kgwb.graph import read_split

    rules = find_rules(read_split(benchmark_data / "wn18rr"), kinds=["symmetric"])
    assert rules.frame["support"].tolist() == [27_694, 1_060, 74, 828]
