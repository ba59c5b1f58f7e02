"""A task of one's own, as CONTRIBUTING describes it: `prepare`, and a prepared task with a length and a loss."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
import torch
from torch.nn.functional import cross_entropy

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.graph import Sentence
from kgwb.learn import PreparedTask, Task


@dataclass(frozen=True)
class MentionTypes(Task):
    """Classify a mention by its first piece's hidden state: −log softmax of the right type.

    Args:
        sentences: with mentions.
        types: of each entity, as numbers from 0.
    """

    sentences: Sequence[Sentence]
    types: Sequence[int]

    def prepare(self, bert: Bert) -> MentionTypeExamples:
        return MentionTypeExamples(bert, self)


class MentionTypeExamples(torch.nn.Module):
    """Its classifier is trained with BERT, because it is a module."""

    def __init__(self, bert: Bert, task: MentionTypes) -> None:
        super().__init__()
        self.encoding = encode_sentences(bert, task.sentences)
        self.types = torch.tensor(task.types)  # [entity]
        self.head = torch.nn.Linear(bert.words.embedding_dim, max(task.types) + 1)

    def __len__(self) -> int:
        return len(self.encoding)

    def loss(self, bert: Bert, rows: Sequence[int]) -> torch.Tensor:
        encoding = self.encoding.select(rows).to(bert.device)
        hidden = bert(encoding).last_hidden_state  # [sentence, token, dim]
        first = encoding.first_pieces  # [sentence, token]
        return cross_entropy(self.head(hidden[first]), self.types[encoding.entities[first]])


@pytest.fixture
def task(town, sentences) -> MentionTypes:
    torch.manual_seed(0)
    return MentionTypes(tuple(sentences), tuple(int(label in ("Baker", "Miller")) for label in town.labels))


def test_it_is_a_task(task, small_bert):
    assert isinstance(task, Task) and isinstance(task.prepare(small_bert), PreparedTask)


def test_it_is_tuned_alone(task, small_bert):
    steps = list(
        kgwb.tune(copy.deepcopy(small_bert), task, epochs=6, batch=16, learning_rate=3e-4, precision="float32")
    )
    assert {step.task for step in steps} == {"MentionTypes"} and len(steps) == 6 * 5
    assert steps[-1].loss < 0.5 * steps[0].loss


def test_it_is_tuned_together_with_answers_through_a_door(task, small_bert, vectors, town, sentences):
    model = kgwb.inject(small_bert, vectors)
    tasks = [task, kgwb.MaskedAnswers(kgwb.make_questions(sentences, town))]
    steps = list(kgwb.tune(model, tasks, epochs=24, batch=8, learning_rate=2e-4, precision="float32"))
    for name, share in {"MentionTypes": 0.5, "MaskedAnswers": 0.7}.items():
        losses = [step.loss for step in steps if step.task == name]
        assert sum(losses[-10:]) < share * sum(losses[:10]), name


def test_what_it_brings_along_is_trained(task, small_bert):
    prepared = task.prepare(small_bert)
    before = prepared.head.weight.clone()

    class Ready:
        def prepare(self, bert: Bert) -> MentionTypeExamples:
            return prepared

    list(kgwb.tune(copy.deepcopy(small_bert), Ready(), epochs=1, batch=40, precision="float32"))
    assert not torch.equal(prepared.head.weight, before)


def test_runs_of_a_probe_are_tuned_on_it(task, small_bert, vectors, town, sentences, tmp_path):
    questions = kgwb.make_questions(sentences, town)
    options = {"controls": ("off",), "epochs": 1, "batch": 40, "precision": "float32"}
    runs = kgwb.plan_runs(small_bert, vectors, [task, kgwb.MaskedAnswers(questions)], **options)
    report = kgwb.probe(runs, questions, seeds=1, folder=tmp_path)
    assert list(report.frame.index) == ["plain", "entity", "entity/off"]
    # Its repr says all of it, so the same task in another session is recognised.
    again = kgwb.plan_runs(small_bert, vectors, [copy.deepcopy(task), kgwb.MaskedAnswers(questions)], **options)
    assert {name: run.fingerprint for name, run in again.items()} == {
        name: run.fingerprint for name, run in runs.items()
    }


def test_a_task_without_prepare_cannot_be_made():
    class Unfinished(Task):
        pass

    with pytest.raises(TypeError, match="abstract"):
        Unfinished()
