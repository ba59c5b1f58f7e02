"""Splits leave nothing unseen in train, are the same for the same seed, and published ones stay as they are."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.graph import (
    KnowledgeGraph,
    Split,
    find_leakage,
    read_graph,
    read_split,
    select_neighbourhood,
    split_triples,
)
from kgwb.graph.files.writing import write_split

SMALL = st.integers(0, 6)
read_published = functools.cache(read_split)  # each is looked at by several tests


def build(rows: list[tuple[int, int, int]]) -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"], dtype=object))


@given(
    st.lists(st.tuples(SMALL, st.integers(0, 2), SMALL), max_size=40),
    st.floats(0, 0.6),
    st.floats(0, 0.39),
    st.integers(0, 99),
)
def test_nothing_is_unseen_in_train(rows: list[tuple[int, int, int]], valid: float, test: float, seed: int) -> None:
    graph = build(rows)
    split = split_triples(graph, valid, test, seed=seed)
    assert len(split.unseen_entities) == len(split.unseen_relations) == 0
    together = split.known[np.lexsort(split.known.T[::-1])]
    np.testing.assert_array_equal(together, graph.triples)
    missing = round(valid * len(graph)) + round(test * len(graph)) - len(split.valid) - len(split.test)
    assert missing == sum(count for what, count in split.notes if "could not be taken" in what)
    if missing:  # then no train triple can be spared
        for row in range(len(split.train)):
            rest = np.delete(split.train, row, axis=0)
            gone = set(np.unique(split.train[:, (0, 2)])) - set(np.unique(rest[:, (0, 2)]))
            assert gone or set(split.train[:, 1]) - set(rest[:, 1])


def test_the_seed_decides() -> None:
    graph = build([(head, 0, tail) for head in range(12) for tail in range(12)])
    one, same, other = (split_triples(graph, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.test, same.test)
    assert one.test.tolist() != other.test.tolist()
    assert (len(one.train), len(one.valid), len(one.test)) == (116, 14, 14)
    assert not one.train.flags.writeable


def test_shares_that_cannot_be_met_are_said() -> None:
    split = split_triples(build([(0, 0, 1), (2, 0, 3), (4, 0, 5), (4, 1, 5)]), valid=0.25, test=0.5)
    assert (len(split.train), len(split.valid), len(split.test)) == (3, 0, 1)
    assert repr(split).split("\n") == [
        "Split of 'graph': 3 train, 0 valid, 1 test triples",
        "  1 of the 1 valid triples asked for could not be taken: every triple left in train is the only one of an entity or "
        "a relation",
        "  1 of the 2 test triples asked for could not be taken: every triple left in train is the only one of an entity or "
        "a relation",
    ]


@pytest.mark.parametrize("count", [2, 3, 4])
def test_a_share_that_is_no_triple_is_said_with_one_that_is(count: int) -> None:
    graph = build([(0, 0, 1), (1, 0, 0), (0, 0, 0), (1, 0, 1)][:count])
    split = split_triples(graph)
    assert len(split.test) == 0
    (note,) = split.notes
    shares = {2: 0.26, 3: 0.17, 4: 0.13}
    assert note == (
        "triples are too few for valid=0.1 and test=0.1, which hold out none; "
        f"type test={shares[count]}, or give it more facts",
        count,
    )
    assert len(split_triples(graph, test=shares[count]).test) == 1  # what is printed to type works
    assert split_triples(graph, valid=0, test=0).notes == ()


def test_one_fact_cannot_be_split() -> None:
    what = "triple is too few for valid=0.1 and test=0.1, which hold out none; give it more facts"
    assert split_triples(build([(0, 0, 1)])).notes == ((what, 1),)


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (-0.1, 0.1), (0.1, float("nan")), (10, 10)])
def test_shares_that_make_no_sense(valid: float, test: float) -> None:
    with pytest.raises(
        ValueError, match=r"Expected shares from 0 to 1, together less than 1, for example split_triples"
    ):
        split_triples(build([(0, 0, 1)]), valid, test)


def test_leakage_by_hand(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a\tr\tb\nc\tr\td\ne\ts\tf\n")
    (tmp_path / "test.txt").write_text("b\tr\ta\nc\ts\td\nf\tr\te\nx\tr\ty\na\tr\tb\n")
    report = find_leakage(read_split(tmp_path))
    assert report.frame.columns.tolist() == ["leak", "count", "share"]
    assert report.frame["count"].tolist() == [4, 2, 1, 1]
    assert report.frame["share"].tolist() == [0.8, 0.4, 0.2, 0.2]
    assert "train links 80.0% of the test pairs" in report.verdict
    assert "1 test triple in train word for word" in report.verdict
    assert "\n" not in report.verdict
    assert repr(report).startswith(report.verdict)


def test_leakage_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("a\tr\tb\n")
    assert find_leakage(read_split(tmp_path)).verdict.endswith("no test triples, so nothing can leak.")


LINKED = {"wn18rr": 0.350, "fb15k-237": 0.000, "kinship": 0.815, "umls": 0.637, "nations": 1.0}


@pytest.mark.parametrize("name", LINKED)
def test_leakage_of_published_splits(name: str, benchmark_data: Path) -> None:
    """Shares counted over the published files, either direction."""
    shares = find_leakage(read_published(benchmark_data / name)).frame["share"]
    assert round(shares[0], 3) == LINKED[name]
    if name == "wn18rr":
        assert round(shares[2], 3) == 0.347


@pytest.mark.parametrize(
    ("name", "sizes", "entities", "relations", "unseen"),
    [
        ("fb15k-237", (272_115, 17_535, 20_466), 14_541, 237, 28),
        ("wn18rr", (86_835, 3_034, 3_134), 40_943, 11, 210),
        ("umls", (5_216, 652, 661), 135, 46, 0),
        ("nations", (1_592, 199, 201), 14, 55, 0),
        ("kinship", (8_544, 1_068, 1_074), 104, 25, 0),
        ("countries/S1", (1_111, 24, 24), 271, 2, 0),
    ],
)
def test_published_splits_stay_as_they_are(
    name: str, sizes: tuple[int, int, int], entities: int, relations: int, unseen: int, benchmark_data: Path
) -> None:
    split = read_published(benchmark_data / name)
    assert (len(split.train), len(split.valid), len(split.test)) == sizes
    assert (len(split.graph.entities), len(split.graph.relations)) == (entities, relations)
    assert np.isin(split.test[:, (0, 2)], split.unseen_entities).any(axis=1).sum() == unseen
    assert read_graph(benchmark_data / name).fingerprint == split.graph.fingerprint


def test_published_labels(benchmark_data: Path) -> None:
    films = read_published(benchmark_data / "fb15k-237").graph
    assert films.labels[films.entity_id("/m/010016")] == "Denton"
    assert films.relation_labels[films.relation_id("/music/artist/origin")] == "music artist origin"
    words = read_published(benchmark_data / "wn18rr").graph
    row = words.entities.iloc[words.entity_id("14854262")]
    assert (row["label"], row["description"]) == ("stool", "solid excretory product evacuated from the bowels")


# Neighbourhoods


@given(st.lists(st.tuples(SMALL, st.integers(0, 1), SMALL), min_size=1, max_size=15), st.integers(0, 4))
def test_a_neighbourhood_is_what_walking_finds(rows: list[tuple[int, int, int]], hops: int) -> None:
    graph = build(rows)
    reached, passed = {0}, set()
    for _ in range(hops):
        found = {tuple(triple) for triple in graph.triples.tolist() if {triple[0], triple[2]} & reached}
        passed |= found
        reached |= {entity for triple in found for entity in (triple[0], triple[2])}
    assert [tuple(triple) for triple in select_neighbourhood(graph, 0, hops).tolist()] == sorted(passed)


def test_a_neighbourhood_of_several(countries: KnowledgeGraph) -> None:
    assert len(select_neighbourhood(countries, ["Berlin", "paris"])) == 2
    assert len(select_neighbourhood(countries, "Berlin", hops=2)) == 2
    assert len(select_neighbourhood(countries, "atlantis", hops=9)) == 0
    assert len(select_neighbourhood(countries, [])) == 0
    with pytest.raises(ValueError, match=r"hops=-1 came\. It must be at least 0"):
        select_neighbourhood(countries, "Berlin", hops=-1)


def test_a_split_shows_what_was_skipped_and_what_could_not_be_done(tmp_path: Path) -> None:
    table = "head\trelation\ttail\n" + "".join(f"e{i}\tr\te{i + 1}\n" for i in range(9)) + "e0\tr\te1\nhalf\n"
    (tmp_path / "facts.tsv").write_text(table)
    split = split_triples(read_graph(tmp_path / "facts.tsv", on_error="skip"), valid=0.1, test=0.3)
    for what, count in (*split.notes, *split.graph.notes):
        assert f"  {count:,} {what}" in repr(split) or f"while reading: {count:,} {what}" in repr(split)
    assert {what.split(":")[0] for what, _ in split.graph.notes} == {"broken lines", "duplicate triples"}
    assert "test triples asked for could not be taken" in repr(split)


def test_what_was_written_comes_back_without_a_doubt_about_its_first_lines(tmp_path: Path) -> None:
    facts = [(f"e{i}", "knows", f"e{(i + step) % 40}") for i in range(40) for step in (1, 2, 3)]
    graph = build([("a rare one", "owns", "e0"), *facts, ("e1", "owns", "a rare one"), ("e2", "owns", "e9")])  # type: ignore[list-item]
    rare = np.array([[graph.entity_id("a rare one"), graph.relation_id("owns"), graph.entity_id("e0")]])
    rest = graph.triples[(graph.triples != rare).any(axis=1)]
    split = Split(graph, rest[20:], np.concatenate([rare, rest[:20]]), rest[:0])
    again = read_split(write_split(split, tmp_path / "split"))
    assert again.graph.notes == ()
    (tmp_path / "odd").mkdir()
    for part in ("train", "valid"):  # a header line that nobody knows is still doubted
        text = (tmp_path / "split" / f"{part}.tsv").read_text()
        (tmp_path / "odd" / f"{part}.tsv").write_text("Dienst\tArt\tZiel\n" + text)
    assert [count for what, count in read_split(tmp_path / "odd").graph.notes if "kept as a fact" in what] == [2]
