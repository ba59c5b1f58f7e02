"""A tuned model is kept whole: weights, head, tokenizer, doors with their facts, in a folder that a fresh process reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

import kgwb
from kgwb.bert import saving
from kgwb.bert.doors.door import Door
from kgwb.bert.doors.gate import Gate
from kgwb.bert.model import BertLoadError
from kgwb.bert.saving import ModelFileError

TEXT = "Quorrin Vath was born in New York, not in York, and Lyon is far."
READ = """
import sys, kgwb
reading = kgwb.read(kgwb.load_bert(sys.argv[1]), sys.argv[2])
sys.stdout.buffer.write(reading.hidden.numpy().tobytes() + reading.attention.numpy().tobytes())
"""


def tune_by_hand(model: kgwb.bert.Bert) -> kgwb.bert.Bert:
    """Every weight a little elsewhere, as after tuning all of them."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.01)
    return model


def fill(model: kgwb.bert.Bert) -> torch.Tensor:
    with torch.no_grad():
        return model.fill_mask(kgwb.bert.encode_sentences(model, ["Lyon is a city in [MASK]."]))


def test_every_model_comes_back_to_the_bit(every, score_answers, tmp_path):
    model = tune_by_hand(every)
    if any(door.reads_facts for door in model.injector.doors):
        model.injector.withdraw([model.injector.facts[0].tolist()])
        model.injector.add([[0, 0, 1]])
    again = kgwb.load_bert(model.save(tmp_path / "model"))
    one, two = kgwb.read(model, TEXT), kgwb.read(again, TEXT)
    assert two.hidden.equal(one.hidden) and two.attention.equal(one.attention)
    assert fill(again).equal(fill(model))
    assert again.name == model.name and repr(again.injector) == repr(model.injector)
    assert again.injector.facts.equal(model.injector.facts) and again.injector.recipe == model.injector.recipe
    scores = [score_answers(each, torch.arange(5)[None]) for each in (model, again)]
    assert scores == [None, None] or scores[0].equal(scores[1])
    with model.injector.off(), again.injector.off():
        assert kgwb.read(again, TEXT).hidden.equal(kgwb.read(model, TEXT).hidden)


@pytest.mark.parametrize("control", ["shuffled", "random", "matched", "dealt"])
def test_controls_come_back_as_they_were_drawn(bert, vectors, set_gates, tmp_path, control):
    model = set_gates(kgwb.inject(bert, vectors, mode=("relation", "memory", "pointer"), control=control, seed=4), 0.5)
    again = kgwb.load_bert(model.save(tmp_path / "model"))
    assert again.injector.control == control and again.injector.doors[1].made_with["seed"] == 4
    assert kgwb.read(again, TEXT).hidden.equal(kgwb.read(model, TEXT).hidden)
    resaved = kgwb.load_bert(again.save(tmp_path / "again"))
    assert kgwb.read(resaved, TEXT).hidden.equal(kgwb.read(model, TEXT).hidden)


def test_a_fresh_process_gives_the_same_bits(bert, vectors, tmp_path):
    model = tune_by_hand(kgwb.inject(bert, vectors, mode=("entity", "memory"), memory={"hops": 2}))
    folder = model.save(tmp_path / "model")
    call = [sys.executable, "-c", READ, str(folder), TEXT]
    env = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    found = subprocess.run(call, capture_output=True, check=True, env=env).stdout
    reading = kgwb.read(model, TEXT)
    assert found == reading.hidden.numpy().tobytes() + reading.attention.numpy().tobytes()


def test_a_plain_tuned_bert_and_graph_facts_come_back(bert, vectors, tmp_path):
    plain = tune_by_hand(kgwb.load_bert())
    again = kgwb.load_bert(plain.save(tmp_path / "plain"))
    assert again.injector is None and (again.name, again.new_head) == (plain.name, plain.new_head)
    assert fill(again).equal(fill(plain))
    model = kgwb.load_bert(kgwb.inject(bert, vectors, mode="memory").save(tmp_path / "model"))
    graph = model.injector.graph
    assert (graph.labels, graph.name) == (vectors.graph.labels, vectors.graph.name)
    assert graph.triples.tolist() == vectors.graph.triples.tolist()
    assert graph.entities["aliases"].tolist() == vectors.graph.entities["aliases"].tolist()
    assert not list((tmp_path / "model").rglob("*.bin")) and not list((tmp_path / "model").rglob("*.p*kl*"))


def with_head(model: kgwb.bert.Bert) -> kgwb.bert.Bert:
    settings = {"text": "text", "words": ["a", "b"]}
    model.heads["mood"] = kgwb.bert.TaskHead("text classes", ["bad", 1, "很好"], 4, settings).eval()
    with torch.no_grad():
        for parameter in model.heads["mood"].parameters():
            parameter.fill_(0.7)
    return model


def test_heads_come_back_to_the_bit(bert, vectors, tmp_path):
    model = tune_by_hand(with_head(kgwb.inject(bert, vectors)))
    again = kgwb.load_bert(model.save(tmp_path / "model"))
    one, two = model.heads["mood"], again.heads["mood"]
    assert (two.kind, two.labels, two.settings) == (one.kind, one.labels, one.settings)
    assert two.weight.equal(one.weight) and two.bias.equal(one.bias) and two.weight.requires_grad
    assert not two.training and again.injector is not None


def test_a_plain_bert_is_saved_as_before_and_what_was_saved_before_is_read(bert, tmp_path):
    folder = bert.save(tmp_path / "plain")
    record = json.loads((folder / "kgwb.json").read_text())
    assert "heads" not in record and not (folder / "heads.safetensors").exists()
    assert not kgwb.load_bert(folder).heads
    with_head(kgwb.load_bert()).save(folder)
    assert list(kgwb.load_bert(folder).heads) == ["mood"]
    bert.save(folder)  # over one with a head
    assert not (folder / "heads.safetensors").exists() and not kgwb.load_bert(folder).heads


@pytest.mark.parametrize(
    "change",
    [
        {"mood": {"kind": "text classes", "labels": ["bad"], "width": 4, "settings": {}}},
        {"mood": {"kind": "text classes", "labels": [], "width": 4, "settings": {}}},
        {"mood": {"kind": 7, "labels": ["bad", 1, "good"], "width": 4, "settings": {}}},
        {"keys": {"kind": "text classes", "labels": ["bad", 1, "good"], "width": 4, "settings": {}}},
        {"mood": "text classes"},
        {"other": {"kind": "text classes", "labels": ["bad", 1, "good"], "width": 4, "settings": {}}},
        [],
    ],
)
def test_heads_that_do_not_fit_their_file_are_noticed(tmp_path, change):
    folder = with_head(kgwb.load_bert()).save(tmp_path / "model")
    record = json.loads((folder / "kgwb.json").read_text())
    del record["digest"]
    saving.write_record(folder / "kgwb.json", {**record, "heads": change})
    with pytest.raises(BertLoadError, match=r"holds no whole model|No BERT could be loaded"):
        kgwb.load_bert(folder)


class Nudge(Door):
    """A door of one's own, with a table that is no buffer."""

    name = "nudge"

    def __init__(self, knowledge, shape, *, layer=2, size=1.0, adaptive=False, seed=0):
        super().__init__(knowledge)
        self.layer, self.size = layer, size
        self.openness = Gate(shape.width, adaptive=adaptive)
        self.map = nn.Linear(knowledge.entities.shape[1], shape.width, bias=False)
        self.lengths = knowledge.entities.norm(dim=1)

    @property
    def touched_layers(self):
        return (self.layer,)

    def enters_at(self, encoding):
        return encoding.entities >= 0

    def after_layer(self, layer, hidden, trace):
        here = self.enters_at(trace.encoding)
        length = self.lengths[self.entities_at(trace.encoding)[here]][:, None]
        change = torch.zeros_like(hidden)
        change[here] = self.openness.factor * length * self.size * self.map.weight[:, 0]
        return hidden + change


def test_doors_of_ones_own_are_given_as_classes(bert, vectors, set_gates, tmp_path):
    model = set_gates(kgwb.inject(bert, vectors, mode=(Nudge, "memory"), nudge={"layer": 4, "size": 0.5}), 0.5)
    folder = model.save(tmp_path / "model")
    with pytest.raises(BertLoadError, match=r"a door of your own, Nudge\. .* kgwb.load_bert\('.*', doors=\[Nudge\]\)"):
        kgwb.load_bert(folder)
    again = kgwb.load_bert(folder, doors=[Nudge])
    assert kgwb.read(again, TEXT).hidden.equal(kgwb.read(model, TEXT).hidden)
    with pytest.raises(BertLoadError, match=r"has no such door\. Type kgwb\.load_bert"):
        kgwb.load_bert("minilm", doors=[Nudge])
    tensor = kgwb.inject(bert, vectors, mode=Nudge, size=torch.ones(1))
    with pytest.raises(ModelFileError, match=r"option size of the nudge door is a Tensor, which JSON cannot hold"):
        tensor.save(tmp_path / "tensor")


def test_whatever_is_changed_in_the_folder_is_noticed(bert, vectors, tmp_path):
    folder = with_head(kgwb.inject(bert, vectors)).save(tmp_path / "model")
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != ".kgwb.json"):
        before = path.read_bytes()
        for damaged in (before[: len(before) // 2], before[:-9] + b"\x00" + before[-8:], b""):
            path.write_bytes(damaged)
            with pytest.raises(
                BertLoadError, match=r"holds no whole model \(.*\)\. Save it anew: model.save\(folder\)"
            ):
                kgwb.load_bert(folder)
        path.unlink()
        if path.name != "kgwb.json":  # without it, this is a folder of Hugging Face's
            with pytest.raises(BertLoadError, match="holds no whole model"):
                kgwb.load_bert(folder)
        path.write_bytes(before)
    assert kgwb.load_bert(folder).injector is not None


def test_only_a_model_of_ours_is_replaced(bert, vectors, tmp_path):
    model = kgwb.inject(bert, vectors, mode="memory")
    folder = model.save(tmp_path / "model")
    assert model.save(folder) == folder == Path(kgwb.load_bert().save(folder))
    assert not [path for path in folder.rglob("graph/*") if path.is_file()]
    assert json.loads((folder / "kgwb.json").read_text())["injector"] is None
    (folder / "notes.txt").write_text("mine")
    model.save(folder)
    assert (folder / "notes.txt").read_text() == "mine"
    theirs = tmp_path / "theirs"
    bert.model.save_pretrained(theirs)
    before = sorted(path.name for path in theirs.iterdir())
    with pytest.raises(FileExistsError, match=r"config\.json is no file of kgwb's.*a model of kgwb's needs its name"):
        model.save(theirs)
    assert sorted(path.name for path in theirs.iterdir()) == before
