"""What notebook 10 lends its learners."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.lessons import train_vectors, use_answer, your_own_graph

NEWCOMERS = ["asthma", "measles", "migraine"]
COLUMNS: dict[str, tuple[str, ...] | tuple[int, ...]] = {
    "clinic.csv": ("disease", "property", "value"),
    "pharmacy.jsonl.gz": ("subject", "verb", "object"),
    "laboratory.tsv": (2, 1, 0),
}


@pytest.fixture(scope="module")
def medicine() -> kgwb.KnowledgeGraph:
    return kgwb.read_graph(kgwb.sample("medicine"))


@pytest.fixture(scope="module")
def files(medicine: kgwb.KnowledgeGraph, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return your_own_graph.write_messy_files(medicine, tmp_path_factory.mktemp("offices") / "files", NEWCOMERS)


@pytest.fixture(scope="module")
def read(files: dict[str, Path]) -> dict[str, kgwb.KnowledgeGraph]:
    options = {"clinic.csv": {"encoding": "cp1252", "on_error": "skip"}}
    return {name: kgwb.read_graph(files[name], its, **options.get(name, {})) for name, its in COLUMNS.items()}


@pytest.fixture(scope="module")
def graph(files: dict[str, Path], read: dict[str, kgwb.KnowledgeGraph]) -> kgwb.KnowledgeGraph:
    facts = pd.concat([its.to_pandas() for its in read.values()])
    rough = kgwb.KnowledgeGraph.from_pandas(facts, pd.read_csv(files["things.csv"]))
    return kgwb.graph.merge_alike_names(rough)


def _name_facts(graph: kgwb.KnowledgeGraph) -> set[tuple[str, ...]]:
    return set(graph.to_pandas(labels=True).itertuples(index=False, name=None))


def test_the_files_together_hold_the_graph_but_for_newcomers_and_mistakes(
    medicine: kgwb.KnowledgeGraph, files: dict[str, Path], graph: kgwb.KnowledgeGraph
) -> None:
    later, false = (
        set(pd.read_csv(files[f]).itertuples(index=False, name=None)) for f in ("next_month.csv", "withdrawn.csv")
    )
    assert len(false) == 20 and not false & _name_facts(medicine)
    assert {name for head, _, tail in later for name in (head, tail)} >= set(NEWCOMERS)
    assert _name_facts(graph) == (_name_facts(medicine) - later) | false
    kinds = dict(zip(medicine.labels, medicine.entities["type"], strict=True))
    assert graph.entities["type"].tolist() == [kinds[label] for label in graph.labels]


def test_what_is_wrong_with_the_files_is_counted(files: dict[str, Path], read: dict[str, kgwb.KnowledgeGraph]) -> None:
    notes = your_own_graph.list_notes(read)
    assert dict(zip(notes["what"], notes["count"], strict=True))["broken lines"] == 4
    assert {"duplicate triples", "names differ only by blanks or Unicode form"} <= set(notes["what"])
    said = your_own_graph.show_reading_error(files["clinic.csv"], columns=COLUMNS["clinic.csv"]).text
    assert said.startswith("GraphFileError: clinic.csv is not in UTF-8") and str(files["clinic.csv"].parent) not in said


def test_odd_types_are_half_of_the_mistakes(files: dict[str, Path], graph: kgwb.KnowledgeGraph) -> None:
    odd = your_own_graph.find_odd_types(graph)
    false = set(pd.read_csv(files["withdrawn.csv"]).itertuples(index=False, name=None))
    found = set(odd[["head", "relation", "tail"]].itertuples(index=False, name=None))
    assert found <= false and len(found) == 10


def test_a_twin_has_the_ends_of_each_relation_and_none_of_its_facts(graph: kgwb.KnowledgeGraph) -> None:
    split = kgwb.split_triples(graph, seed=0)
    twin = your_own_graph.shuffle_train(split)
    facts, drawn = (set(map(tuple, each.train.tolist())) for each in (split, twin))
    assert len(facts & drawn) < 0.05 * len(facts)
    for relation in range(len(graph.relations)):
        heads = [sorted({h for h, r, _ in each if r == relation}) for each in (facts, drawn)]
        assert heads[0] == heads[1]
    assert np.array_equal(twin.test, split.test)


def test_a_month_later_nothing_is_lost_but_what_was_withdrawn(
    files: dict[str, Path], graph: kgwb.KnowledgeGraph
) -> None:
    split = kgwb.split_triples(graph, seed=0)
    added, removed = (kgwb.read_graph(files[name]).to_pandas() for name in ("next_month.csv", "withdrawn.csv"))
    month = your_own_graph.part_month(split, added, removed, share=0.4)
    assert len(month.known) == len(month.graph.triples) == len(graph) + len(added) - len(removed)
    assert set(map(tuple, month.known.tolist())) == set(map(tuple, month.graph.triples.tolist()))
    asked = your_own_graph.name_asked(month, graph)
    assert asked.count("about newcomers") == round(0.4 * len(added))
    learnt = {month.graph.labels[entity] for entity in np.unique(month.train[:, [0, 2]])}
    assert set(NEWCOMERS) <= learnt
    twin = your_own_graph.shuffle_train(month, but=graph)
    kept = _name(month, month.train) & _name(twin, twin.train)
    assert _name(split, split.train) - set(removed.itertuples(index=False, name=None)) <= kept
    assert len(kept) < len(month.train) - 10


def _name(split: kgwb.graph.Split, facts: np.ndarray) -> set[tuple[str, str, str]]:
    labels, relations = split.graph.labels, split.graph.relation_labels
    return {(labels[head], relations[relation], labels[tail]) for head, relation, tail in facts.tolist()}


def test_a_mixed_score_is_the_joined_rankers_own(graph: kgwb.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGWB_STRICT", "1")

    def mix(one: list[float], other: list[float], weight: float, answer: int) -> float:
        first, second = ((each[answer] - min(each)) / (max(each) - min(each)) for each in (one, other))
        return (1 - weight) * first + weight * second

    split = kgwb.split_triples(graph, seed=0)
    rules = kgwb.mine_rules(split, longest=2)
    joined = kgwb.join_rankers(train_vectors(split, kgwb.DistMult(), dim=8, epochs=2), rules, split)
    cases, beside = your_own_graph.list_mixes(joined, split, 5)
    assert len(use_answer(mix, cases, beside=beside)) == 5


def test_a_fact_falls_without_its_only_reason_and_stays_without_others() -> None:
    beside = [(f"house {i}", "beside", f"house {(i + step) % 9}") for i in range(9) for step in (1, 8)]
    homes = [(f"cat {i}", "lives in", f"house {i}") for i in range(9)]
    frame = pd.DataFrame(beside + homes, columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(frame)
    fact = graph.triples[[graph.relation_labels[relation] == "beside" for relation in graph.triples[:, 1]]][:1]
    rest = graph.triples[~(graph.triples == fact).all(axis=1)]
    split = kgwb.graph.Split(graph, rest, rest[:0], fact)
    tried = your_own_graph.take_reason_away(kgwb.mine_rules(split, longest=1, top=1, constants=False), split, fact[0])
    assert tried["facts left out"].tolist() == [0, 1, 1]
    assert tried.loc["as it is", "rank"] == 1 < tried.loc["without its reason", "rank"]


def test_tables_are_those_that_were_read(read: dict[str, kgwb.KnowledgeGraph], graph: kgwb.KnowledgeGraph) -> None:
    tables = your_own_graph.count_tables(read)
    assert tables["beside"]["all together"] == len(graph)
    assert [len(rows) for (rows,) in tables["cases"].values()][:3] == [1, 1, 1]
