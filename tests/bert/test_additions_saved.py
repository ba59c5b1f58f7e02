"""A model is saved with its additions, in a folder that stays Hugging Face's, and comes back to the bit."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForMaskedLM
from tried_additions import ADDITIONS, open_up

import kgwb
from kgwb.bert import Adapter, Experts, LoRA, Prefix, TaskHead, extend
from kgwb.bert.model import BertLoadError, quiet_loading
from kgwb.learn.model_parts import describe_model
from kgwb.tensor_folders import write_record

TEXT = "Quorrin Vath was born in New York, not in York, and Lyon is far."


@pytest.fixture
def whole(bert, vectors, set_gates):
    """A BERT with everything: two doors, all additions, a head."""
    model = set_gates(kgwb.inject(bert, vectors, mode=("relation", "memory")), 0.5)
    for addition in (Prefix(3), LoRA(2, targets=["value", "down"], seed=5), Experts(2, 4), Adapter(4)):
        model = extend(model, addition)
    model.heads["mood"] = TaskHead("text classes", ["bad", "good"], 384)
    with torch.no_grad():
        model.heads["mood"].weight.fill_(0.3)
    return open_up(model)


def edit_record(folder: Path, edit) -> None:
    """A record that says of itself that it is whole."""
    record = json.loads((folder / "kgwb.json").read_text())
    edit(record)
    record.pop("digest")
    write_record(folder / "kgwb.json", record)


def test_doors_additions_and_heads_come_back_to_the_bit(whole, tmp_path):
    again = kgwb.load_bert(whole.save(tmp_path / "model"))
    one, two = kgwb.read(whole, TEXT), kgwb.read(again, TEXT)
    for name in ("hidden", "attention", "slots", "prefix", "experts"):
        assert getattr(one, name).equal(getattr(two, name)), name
    assert list(again.additions) == ["prefix", "lora", "experts", "adapter"]
    recipes = [[added.recipe for added in model.additions.values()] for model in (whole, again)]
    assert recipes[0] == recipes[1] and again.injector.recipe == whole.injector.recipe
    assert describe_model(again) == describe_model(whole)
    assert all(not module.training for module in again.modules())
    with torch.no_grad():
        states = torch.ones(1, 384)
        assert again.heads["mood"](states).equal(whole.heads["mood"](states))
    assert kgwb.read(kgwb.load_bert(again.save(tmp_path / "again")), TEXT).hidden.equal(one.hidden)


def test_the_folder_stays_hugging_faces(whole, bert, tmp_path):
    folder, plain = whole.save(tmp_path / "model"), bert.save(tmp_path / "plain")
    assert (folder / "model.safetensors").read_bytes() == (plain / "model.safetensors").read_bytes()
    assert (folder / "config.json").read_bytes() == (plain / "config.json").read_bytes()
    with quiet_loading():
        model, loading = AutoModelForMaskedLM.from_pretrained(folder, output_loading_info=True)
    assert not loading["unexpected_keys"]
    for name, tensor in bert.model.state_dict().items():
        assert tensor.equal(model.state_dict()[name]), name
    assert len(load_file(folder / "additions.safetensors")) == len(whole.additions.state_dict())


def test_a_plain_folder_says_nothing_of_additions(bert, tmp_path):
    """What an earlier kgwb wrote is such a folder."""
    folder = bert.save(tmp_path / "plain")
    assert "additions" not in json.loads((folder / "kgwb.json").read_text())
    assert not (folder / "additions.safetensors").exists()
    assert not kgwb.load_bert(folder).additions


def test_a_model_without_additions_replaces_one_with_them(bert, tmp_path):
    extend(bert, Adapter()).save(tmp_path / "model")
    again = kgwb.load_bert(bert.save(tmp_path / "model"))
    assert not again.additions and not (tmp_path / "model" / "additions.safetensors").exists()


@pytest.mark.parametrize("harm", ["changed", "missing", "cut"])
def test_a_damaged_folder_is_refused(bert, tmp_path, harm):
    folder = extend(bert, Prefix()).save(tmp_path / "model")
    file = folder / "additions.safetensors"
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: -1 if harm == "cut" else None] + b"x" * (harm == "changed"))
    with pytest.raises(
        BertLoadError, match=r"holds no whole model .*additions\.safetensors.*Save it anew: model\.save"
    ):
        kgwb.load_bert(folder)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seance": {}}, r"the addition 'seance' is none of lora, adapter, prefix, experts"),
        ({"adapter": {"width": 0}}, r"width=0 came\. It must be at least 1"),
        ({"adapter": {"wide": 3}}, r"unexpected keyword argument 'wide'"),
        ({"adapter": {"width": 3}}, r"size mismatch|Error\(s\) in loading"),
        ({"prefix": {}}, r"is on one side only"),
        ({"adapter": 7}, r"'adapter' is 7"),
        ([], r"'additions' is \[\]"),
    ],
)
def test_a_record_that_does_not_fit_is_refused(bert, tmp_path, options, said):
    folder = extend(bert, Adapter()).save(tmp_path / "model")
    edit_record(folder, lambda record: record.update(additions=options))
    with pytest.raises(BertLoadError, match=said):
        kgwb.load_bert(folder)


def test_tensors_that_are_not_there_are_named(bert, tmp_path):
    folder = extend(bert, Adapter()).save(tmp_path / "model")
    tensors = load_file(folder / "additions.safetensors")
    tensors.pop("adapter.layers.0.attention.up")
    save_file(tensors, folder / "additions.safetensors")
    edit_record(folder, lambda record: record["files"].pop("additions.safetensors"))
    with pytest.raises(BertLoadError, match=r"adapter\.layers\.0\.attention\.up is on one side only"):
        kgwb.load_bert(folder)


def test_models_with_other_additions_are_told_apart(bert):
    plain, models = describe_model(bert), [extend(bert, addition) for addition in ADDITIONS.values()]
    models += [extend(bert, Adapter(seed=1)), open_up(extend(bert, Adapter()))]
    described = [describe_model(model) for model in models]
    assert "additions" not in plain
    assert all({name: part for name, part in each.items() if name != "additions"} == plain for each in described)
    assert len({each["additions"] for each in described}) == len(models)
    assert describe_model(extend(bert, Adapter())) == described[2]


def test_a_door_is_saved_beside_additions_and_says_whose_it_was(bert, vectors, set_gates, tmp_path, caplog):
    model = set_gates(kgwb.inject(bert, vectors, mode="memory"), 0.5)
    extended = open_up(extend(model, LoRA()))
    assert {name for name, _ in extended.injector.named_parameters()} == {
        name for name, _ in model.injector.named_parameters()
    }
    extended.injector.save(tmp_path / "door")
    fresh = kgwb.inject(bert, vectors, mode="memory")
    with caplog.at_level(logging.WARNING):
        fresh.injector.load(tmp_path / "door")
    assert "was saved beside a BERT of other weights" in caplog.text
    assert kgwb.read(fresh, TEXT).hidden.equal(kgwb.read(model, TEXT).hidden)
    caplog.clear()
    same = open_up(extend(kgwb.inject(bert, vectors, mode="memory"), LoRA()))
    with caplog.at_level(logging.WARNING):
        same.injector.load(tmp_path / "door")
    assert not caplog.text and kgwb.read(same, TEXT).hidden.equal(kgwb.read(extended, TEXT).hidden)
