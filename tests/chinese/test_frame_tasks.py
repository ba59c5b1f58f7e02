"""Every task on a data frame, on Chinese text: classes, cloze, tags of characters, relations, types."""

from __future__ import annotations

import copy

import pandas as pd
import pytest

import kgwb
from kgwb.bert import Bert
from kgwb.graph import Sentence
from kgwb.learn import (
    ClozeClasses,
    EntityTags,
    EntityTypes,
    FrameTask,
    RelationClasses,
    TextClasses,
    predict,
    score_predictions,
)

KINDS = ("TextClasses", "ClozeClasses", "EntityTags", "RelationClasses", "EntityTypes")
WANTED = ("based_in", "rated", "managed_by", "supplies")


@pytest.fixture(scope="module")
def stated(told: list[Sentence], market: kgwb.KnowledgeGraph) -> list[Sentence]:
    wanted = [market.relation_id(name) for name in WANTED]
    return [s for s in told if s.triple is not None and s.triple[1] in wanted][::5]


@pytest.fixture
def task(request, stated: list[Sentence], market: kgwb.KnowledgeGraph) -> FrameTask:
    names, types = market.relation_labels, market.entities["type"]
    frame = pd.DataFrame({"text": [s.text for s in stated], "label": [names[s.triple[1]] for s in stated]})
    if request.param == "TextClasses":
        return TextClasses(frame)
    if request.param == "ClozeClasses":
        words = {names[market.relation_id(name)]: word for name, word in zip(WANTED, "位级理货", strict=True)}
        return ClozeClasses(frame, pattern="{text}[MASK]。", words=words)
    if request.param == "EntityTags":
        return EntityTags(pd.DataFrame([_tag(s, types) for s in stated], columns=["tokens", "tags"]))
    spans = [
        [next((m.start, m.end) for m in s.mentions if m.entity == s.triple[end]) for s in stated] for end in (0, 2)
    ]
    if request.param == "RelationClasses":
        return RelationClasses(frame.assign(head=spans[0], tail=spans[1]))
    return EntityTypes(frame.assign(span=spans[1], types=[[types[s.triple[2]]] for s in stated]))


def _tag(sentence: Sentence, types: pd.Series) -> tuple[list[str], list[str]]:
    tags = ["O"] * len(sentence.text)
    for mention in sentence.mentions:
        tags[mention.start] = f"B-{types[mention.entity]}"
        tags[mention.start + 1 : mention.end] = [f"I-{types[mention.entity]}"] * (mention.end - mention.start - 1)
    return list(sentence.text), tags


@pytest.mark.parametrize("task", KINDS, indirect=True)
def test_a_task_is_learnt_predicted_and_kept(task: FrameTask, bert: Bert, tmp_path):
    model = copy.deepcopy(bert)
    for _ in kgwb.tune(model, task, epochs=8, batch=16, learning_rate=1e-3, top_layers=model.layers):
        pass
    score = score_predictions(model, task.frame)
    assert score.accuracy > max(0.9, score.majority)
    model.save(tmp_path / "model")
    assert predict(kgwb.load_bert(tmp_path / "model"), task.frame).equals(score.predictions)


def test_a_door_acts_at_the_mentions_of_a_classified_sentence(bert, vectors, stated):
    model = kgwb.inject(bert, vectors)
    frame = pd.DataFrame({"text": stated, "label": ["甲" if "总部" in s.text else "乙" for s in stated]})
    for _ in kgwb.tune(model, TextClasses(frame), epochs=2, batch=16, learning_rate=1e-3):
        pass
    assert model.injector.doors[0].gate > 0 and set(predict(model, frame)["given"]) == {"甲", "乙"}


def test_a_word_that_the_text_never_held_is_named(bert, stated):
    frame = pd.DataFrame({"text": [s.text for s in stated[:2]], "label": ["好", "坏"]})
    with pytest.raises(ValueError, match=r"does not know the word '妙'\. Type another in its place"):
        ClozeClasses(frame, pattern="{text}[MASK]。", words={"好": "妙", "坏": "差"}).make_head(bert)
