"""A door is kept without its BERT, and only goes back where it belongs."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import kgwb
from kgwb.bert.injector import InjectorFileError


def test_a_saved_door_comes_back_to_the_bit(every, closed, bert, tmp_path):
    folder = every.injector.save(tmp_path / "door")
    assert sorted(file.name for file in folder.iterdir()) == ["injector.json", "injector.safetensors"]
    text = "Quorrin Vath was born in New York, not in York."
    before = kgwb.read(every, text).hidden
    for parameter in closed.injector.parameters():  # the same object as `every`: wipe it, then load
        parameter.data.zero_()
    closed.injector.load(folder)
    assert kgwb.read(closed, text).hidden.equal(before)


def test_edited_facts_are_saved_too(bert, vectors, tmp_path):
    model, other = (kgwb.inject(bert, vectors, mode=("relation", "memory")) for _ in range(2))
    model.injector.withdraw([vectors.graph.triples[0].tolist()])
    model.injector.add([[0, 0, 1], [1, 1, 2]])
    other.injector.load(model.injector.save(tmp_path / "door"))
    assert other.injector.facts.tolist() == model.injector.facts.tolist()
    assert other.injector.doors[0].links.equal(model.injector.doors[0].links)


def test_a_door_that_does_not_fit_says_why(bert, vectors, tmp_path):
    model = kgwb.inject(bert, vectors, mode="graph")
    folder = model.injector.save(tmp_path / "door")
    facts = pd.DataFrame([("Paris", "in", "France")], columns=["head", "relation", "tail"])
    stranger = kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(facts), kgwb.ComplEx(), dim=16)
    cases = {
        r"has mode 'graph', this one 'tower'": kgwb.inject(bert, vectors, mode="tower"),
        r"has control None, this one 'random'": kgwb.inject(bert, vectors, mode="graph", control="random"),
        r"has graph '\w+', this one '\w+'": kgwb.inject(bert, stranger, mode="graph"),
        r"has other measures than this one \(": kgwb.inject(bert, vectors, mode="graph", width=64),
    }
    for message, other in cases.items():
        with pytest.raises(InjectorFileError, match=message):
            other.injector.load(folder)
    with pytest.raises(InjectorFileError, match="holds no door"):
        model.injector.load(tmp_path)
    (folder / "injector.json").write_text("{")
    with pytest.raises(InjectorFileError, match="holds no door"):
        model.injector.load(folder)


def test_a_folder_with_other_files_is_not_replaced(bert, vectors, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match=r"holds 'thesis.txt', which is no part of a door"):
        kgwb.inject(bert, vectors).injector.save(tmp_path)
    assert json.dumps([file.name for file in tmp_path.iterdir()]) == '["thesis.txt"]'


def test_entities_that_were_never_trained_get_a_vector_from_their_label(bert, vectors, caplog):
    import copy
    import logging

    partly = copy.deepcopy(vectors)
    partly.trained_on[:] = True
    partly.trained_on[2] = False
    with caplog.at_level(logging.INFO):
        model = kgwb.inject(bert, partly)
    assert model.injector.filled == (2,) and "1 of 10 entities had no vector" in caplog.text
    assert kgwb.inject(bert, vectors).injector.filled == ()
