"""A ranking says how many of its triples were trained on."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from safetensors.torch import load_file, save_file

from kgwb.embed import (
    DistMult,
    GraphEmbedding,
    calibrate_scores,
    classify_triples,
    estimate_cost,
    fit_baseline,
    load_embedding,
    rank_triples,
    read_vectors,
    train_embedding,
    write_vectors,
)
from kgwb.embed.embedding_files import digest_facts
from kgwb.embed.queries import count_facts_among
from kgwb.files import hash_file
from kgwb.graph import KnowledgeGraph, Split

Train = Callable[..., GraphEmbedding]
SAID = r"\n  20 of 20 ranked triples were trained on: their ranks show memory; train on split, not on graph"


def test_a_ranking_of_what_was_trained_on_says_so(train: Train, graph: KnowledgeGraph, split: Split) -> None:
    embedding = train(graph, graph, DistMult(), epochs=1)
    report = rank_triples(embedding, split.test[:20], known=split.known)
    assert report.trained == 20
    assert SAID.replace("\\n", "\n") in repr(report)
    assert report.with_ties("worst").trained == 20
    for judged in (classify_triples(embedding, split), calibrate_scores(embedding, split)):
        assert f"{len(split.test)} of {len(split.test)} true test triples were trained on; train on split" in repr(
            judged
        )


def test_a_ranking_of_what_was_held_out_says_nothing(train: Train, graph: KnowledgeGraph, split: Split) -> None:
    embedding = train(graph, split, DistMult(), epochs=1)
    report = rank_triples(embedding, split.test, known=split.known)
    assert report.trained == 0
    for judged in (report, classify_triples(embedding, split), calibrate_scores(embedding, split)):
        assert "trained on" not in repr(judged)
    mixed = rank_triples(embedding, np.concatenate([split.test[:3], split.train[:1]]), known=split.known)
    assert mixed.trained == 1
    assert "1 of 4 ranked triples was trained on" in repr(mixed)


def test_every_training_adds_to_what_is_remembered(graph: KnowledgeGraph, split: Split) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    assert rank_triples(embedding, split.test, known=None).trained == 0
    train_embedding(embedding, split)  # never begun
    estimate_cost(embedding, split, epochs=1)
    assert not len(embedding.trained_facts)
    next(iter(train_embedding(embedding, split)))
    assert len(embedding.trained_facts) == len(split.train)
    next(iter(train_embedding(embedding, Split(graph, split.valid, split.valid, split.test))))
    assert len(embedding.trained_facts) == len(split.train) + len(split.valid)
    next(iter(train_embedding(embedding, graph)))
    assert rank_triples(embedding, split.known, known=None).trained == len(graph)


def test_rules_remember_as_well(split: Split) -> None:
    assert rank_triples(fit_baseline(split), split.test, known=split.known).trained == 0
    assert rank_triples(fit_baseline(split), split.train, known=split.known).trained == len(split.train)


def test_where_it_is_not_known_the_ranking_says_that(
    train: Train, graph: KnowledgeGraph, split: Split, tmp_path: Path
) -> None:
    loaded = load_embedding(train(graph, graph, DistMult(), epochs=1).save(tmp_path / "saved"))
    loaded.trained_facts = np.empty((0, 3), dtype=np.int64)
    report = rank_triples(loaded, split.test[:20], known=split.known)
    assert report.trained is None
    assert "\n  whether any of 20 ranked triples was trained on is not known" in repr(report)


def test_the_facts_are_the_embeddings_own(graph: KnowledgeGraph, split: Split) -> None:
    mine = Split(graph, split.train.copy(), split.valid, split.test)
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    next(iter(train_embedding(embedding, mine)))
    mine.train[:] = 0
    assert (embedding.trained_facts == split.train).all()


triples = some.lists(some.tuples(some.integers(0, 2), some.integers(0, 1), some.integers(0, 2)), max_size=12)


@given(asked=triples, facts=triples)
def test_counting_is_membership(asked: list[tuple], facts: list[tuple]) -> None:
    arrays = (np.array(rows, dtype=np.int64).reshape(-1, 3) for rows in (asked, facts))
    assert count_facts_among(*arrays, 3) == sum(triple in facts for triple in asked)


@pytest.mark.parametrize("epochs", [0, 1])
def test_what_no_epoch_met_is_not_remembered(graph: KnowledgeGraph, split: Split, tmp_path: Path, epochs: int) -> None:
    for _ in range(2):  # the second run finds its work done
        embedding = GraphEmbedding(graph, DistMult(), dim=4)
        for _ in train_embedding(embedding, split, epochs=epochs, checkpoint=tmp_path / "run"):
            pass
        assert len(embedding.trained_facts) == epochs * len(split.train)
        assert bool(embedding.trained_on.any()) is bool(epochs)


def _count(embedding: GraphEmbedding, split: Split) -> list[int | None]:
    return [rank_triples(embedding, part, known=None).trained for part in (split.train, split.valid, split.test)]


def _begin(embedding: GraphEmbedding, data: object, **options: object) -> GraphEmbedding:
    next(iter(train_embedding(embedding, data, precision="float32", **{"epochs": 2} | options)))
    return embedding


@pytest.mark.parametrize("trained_on", ["nothing", "train", "train, then valid"])
def test_copies_and_files_say_the_same(graph: KnowledgeGraph, split: Split, tmp_path: Path, trained_on: str) -> None:
    embedding = GraphEmbedding(graph, DistMult(), dim=4)
    if trained_on != "nothing":
        _begin(embedding, split)
    if trained_on == "train, then valid":
        _begin(embedding, Split(graph, split.valid, split.valid, split.test))
    folder, expected = embedding.save(tmp_path / "saved"), _count(embedding, split)
    again = load_embedding(load_embedding(folder).save(tmp_path / "again"), graph)
    for each in (load_embedding(folder), again, copy.deepcopy(embedding), copy.copy(embedding)):
        assert _count(each, split) == expected
        assert repr(rank_triples(each, split.test, known=None)) == repr(rank_triples(embedding, split.test, known=None))
        assert _count(_begin(each, graph), split) == [len(split.train), len(split.valid), len(split.test)]


def test_a_folder_of_an_earlier_kgwb_says_that_it_does_not_know(split: Split, tmp_path: Path) -> None:
    folder = _begin(GraphEmbedding(split.graph, DistMult(), dim=4), split).save(tmp_path / "saved")
    tensors = load_file(folder / "vectors.safetensors")
    del tensors["trained_facts"]
    save_file(tensors, folder / "vectors.safetensors")
    facts = json.loads((folder / "embedding.json").read_text("utf-8"))
    del facts["trained_facts"], facts["sha256"]
    facts["files"]["vectors.safetensors"] = hash_file(folder / "vectors.safetensors")
    (folder / "embedding.json").write_text(json.dumps(facts | {"sha256": digest_facts(facts)}), "utf-8")
    loaded = load_embedding(folder)
    assert _count(loaded, split) == [None] * 3
    assert _count(_begin(loaded, split), split) == [None] * 3  # what it saw before is still not known


def test_what_imported_vectors_have_seen_is_not_known_after_training_either(split: Split, tmp_path: Path) -> None:
    path = write_vectors(_begin(GraphEmbedding(split.graph, DistMult(), dim=4), split), tmp_path / "v.npz")
    imported = read_vectors(path, split.graph, scorer=DistMult())
    assert _count(imported, split) == _count(_begin(imported, split), split) == [None] * 3


def test_a_run_that_goes_on_remembers_what_was_learnt_before_it(split: Split, tmp_path: Path) -> None:
    def prepare() -> GraphEmbedding:
        return _begin(
            GraphEmbedding(split.graph, DistMult(), dim=4), Split(split.graph, split.valid, split.valid, split.test)
        )

    _begin(prepare(), split, checkpoint=tmp_path)
    again = _begin(prepare(), split, checkpoint=tmp_path)
    assert _count(again, split) == [len(split.train), len(split.valid), 0]
    fresh = GraphEmbedding(split.graph, DistMult(), dim=4)
    message = r"of an embedding trained before on 20 facts, of \d+ entities, but one not trained before came\. Give the"
    with pytest.raises(ValueError, match=message):
        _begin(fresh, split, checkpoint=tmp_path)
    again = _begin(again, split, checkpoint=tmp_path, epochs=3)  # the same embedding goes on
    assert _count(load_embedding(again.save(tmp_path / "saved")), split) == [len(split.train), len(split.valid), 0]
