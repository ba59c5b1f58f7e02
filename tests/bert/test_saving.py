"""A door is kept without its BERT, and only goes back where it belongs."""

from __future__ import annotations

import copy
from dataclasses import replace

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert.injection import _DOORS, complete_options
from kgwb.bert.injector import InjectorFileError


def test_a_saved_door_comes_back_to_the_bit(every, closed, bert, tmp_path):
    folder = every.injector.save(tmp_path / "door")
    assert sorted(file.name for file in folder.iterdir()) == [".kgwb.json", "injector.json", "injector.safetensors"]
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
        r"has graph '\w+', this one '\w+'\. .* kgwb.inject\(bert, kgwb.load_embedding\(...\), mode='graph'\)": kgwb.inject(
            bert, stranger, mode="graph"
        ),
        r"was made with width=128, this one with width=64": kgwb.inject(bert, vectors, mode="graph", width=64),
    }
    for message, other in cases.items():
        with pytest.raises(InjectorFileError, match=message):
            other.injector.load(folder)
    with pytest.raises(InjectorFileError, match="holds no door"):
        model.injector.load(tmp_path)
    (folder / "injector.json").write_text("{")
    with pytest.raises(InjectorFileError, match="holds no door"):
        model.injector.load(folder)


# Another value for every option of every door; a new option without one fails the test below.
OTHERS = {
    "adaptive": True,
    "bases": 2,
    "depth": 2,
    "exchange": True,
    "heads": 2,
    "hops": 2,
    "how": "bias",
    "layer": 1,
    "layers": (0, 1, 2),
    "most": 1,
    "pieces": "first",
    "place": ("input", "output"),
    "reach": "all",
    "strength": 1.5,
    "width": 32,
}


@pytest.mark.parametrize("mode", list(_DOORS))
def test_every_option_of_every_door_is_compared(bert, vectors, tmp_path, mode):
    model = kgwb.inject(bert, vectors, mode=mode)
    folder = model.injector.save(tmp_path / "door")
    # What the seed drew is in the folder, and "tower" is graph with exchange.
    for name in complete_options(_DOORS[mode], {"adaptive": False}).keys() - {"seed", "exchange"}:
        other = kgwb.inject(bert, vectors, mode=mode, **{name: OTHERS[name]})
        with pytest.raises(InjectorFileError, match=rf"was made with {name}=.*, this one with {name}=.*{name}="):
            other.injector.load(folder)
        saved = other.injector.save(tmp_path / "other")
        with pytest.raises(InjectorFileError, match=rf"The {mode} door in .* was made with {name}="):
            model.injector.load(saved)
    chosen = {name: value for name, value in vars(model.injector.doors[0]).items() if name in ("layer", "layers")}
    kgwb.inject(bert, vectors, mode=mode, seed=3, **chosen).injector.load(folder)


def test_options_of_several_doors_and_attributes_changed_since(bert, vectors, tmp_path):
    model = kgwb.inject(bert, vectors, mode=("entity", "memory"), memory={"hops": 2})
    folder = model.injector.save(tmp_path / "door")
    with pytest.raises(
        InjectorFileError, match=r"made with hops=2, .* mode=\('entity', 'memory'\), memory=\{'hops': 2\}\)"
    ):
        kgwb.inject(bert, vectors, mode=("entity", "memory")).injector.load(folder)
    changed = kgwb.inject(bert, vectors, mode="memory")
    changed.injector.doors[0].most = 3
    with pytest.raises(InjectorFileError, match=r"made with most=3, this one with most=64"):
        kgwb.inject(bert, vectors, mode="memory").injector.load(changed.injector.save(tmp_path / "changed"))


def test_a_door_of_other_vectors_or_facts_is_refused(bert, vectors, tmp_path):
    folder = kgwb.inject(bert, vectors).injector.save(tmp_path / "door")
    other = kgwb.GraphEmbedding(vectors.graph, kgwb.ComplEx(), dim=16, seed=1)
    with pytest.raises(InjectorFileError, match=r"has vectors '\w+', this one '\w+'"):
        kgwb.inject(bert, other).injector.load(folder)
    part = copy.copy(vectors)
    part.graph = replace(vectors.graph, triples=vectors.graph.triples[1:])
    with pytest.raises(InjectorFileError, match=r"has facts '\w+', this one '\w+'"):
        kgwb.inject(bert, part).injector.load(folder)


def test_a_door_of_other_filled_entities_or_beside_another_configuration(bert, vectors, tmp_path, caplog):
    partly = copy.deepcopy(vectors)
    partly.trained_on[:] = True
    folder = kgwb.inject(bert, partly).injector.save(tmp_path / "door")
    partly.trained_on[2] = False
    with pytest.raises(InjectorFileError, match=r"has filled '\w+', this one '\w+'"):
        kgwb.inject(bert, partly).injector.load(folder)
    model = kgwb.inject(bert, vectors)
    model.model.config.num_attention_heads = 6
    model.injector.load(folder)
    assert "was saved beside a BERT of other configuration" in caplog.text


def test_what_a_door_leaves_out_is_said(bert, vectors, tmp_path, caplog):
    model = kgwb.inject(bert, vectors)
    model.injector.load(model.injector.save(tmp_path / "door"))
    assert "BERT's head and layers, which tuning changes too, are not in it: model.save(folder)" in caplog.text
    assert "other weights" not in caplog.text
    with torch.no_grad():
        model.model.cls.predictions.transform.dense.weight.add_(0.01)
    folder = model.injector.save(tmp_path / "door")
    kgwb.inject(bert, vectors).injector.load(folder)
    assert "was saved beside a BERT of other weights" in caplog.text


def test_other_files_of_a_folder_stay(bert, vectors, tmp_path):
    model, thesis = kgwb.inject(bert, vectors), tmp_path / "thesis.txt"
    thesis.write_text("years of work")
    for _ in range(2):
        model.injector.load(model.injector.save(tmp_path))
    assert thesis.read_text() == "years of work"
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "injector.json").write_text("mine")
    with pytest.raises(
        FileExistsError, match=r"injector\.json is no file of kgwb's.*a door needs its name\. Type another"
    ):
        model.injector.save(tmp_path / "taken")
    assert [file.read_text() for file in (tmp_path / "taken").iterdir()] == ["mine"]


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
