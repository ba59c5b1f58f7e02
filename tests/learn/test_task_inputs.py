"""What tasks on data frames are given: what is wrong is named with what to type, what is left out is said in the log."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, MOODS, STATED, TYPED, WORDS, change, tune
from torch import nn

import kgwb
from kgwb.bert import TaskHead
from kgwb.graph import Mention, Sentence
from kgwb.learn import (
    ClozeClasses,
    EntityTypes,
    RelationClasses,
    TextClasses,
    predict,
    score_predictions,
)
from kgwb.learn.frames.texts import fit_texts


@pytest.mark.parametrize("each", FRAMED)
def test_a_frame_without_a_column_or_without_rows(each):
    framed = FRAMED[each]
    name = framed.make.__name__
    column = framed.frame.columns[0]
    with pytest.raises(ValueError, match=rf"The frame has no column '{column}'; .* type kgwb\.learn\.{name}\(frame"):
        framed.make(framed.frame.drop(columns=column), **framed.options)
    with pytest.raises(ValueError, match=rf"The frame has no row\. .* type kgwb\.learn\.{name}\(frame"):
        framed.make(framed.frame[:0], **framed.options)
    doubled = pd.concat([framed.frame, framed.frame[[column]]], axis=1)
    with pytest.raises(ValueError, match=rf"has more than one column '{column}'"):
        framed.make(doubled, **framed.options)


@pytest.mark.parametrize("each", FRAMED)
def test_a_frame_without_right_answers(each, bert):
    framed = FRAMED[each]
    task = framed.make(framed.frame, **framed.options)
    column = task.settings[task.answers]
    bare = framed.make(framed.frame.drop(columns=column), **framed.options)
    with pytest.raises(ValueError, match=rf"The frame has no column '{column}'"):
        tune(bert, bare)
    with pytest.raises(ValueError, match=rf"Row 1 .*'{column}'\. Expected"):
        tune(bert, framed.make(change(framed.frame, column, framed.wrong), **framed.options))
    assert not bert.heads
    task.prepare(bert)
    for given in (framed.frame.drop(columns=column), framed.frame[:0]):
        with pytest.raises(ValueError, match=r"The frame has no (column|row)"):
            score_predictions(bert, given)
    with pytest.raises(ValueError, match=r"The frame has no row"):
        predict(bert, framed.frame[:0])


@pytest.mark.parametrize("value", [None, float("nan"), 7, b"bytes"])
def test_what_is_no_text(bert, value):
    with pytest.raises(ValueError, match=r"Row 1 holds .* in the column 'text'\. Expected a text.*dropna\(subset="):
        TextClasses(change(MOODS, "text", value)).prepare(bert)


def test_labels_are_texts_or_whole_numbers(bert):
    with pytest.raises(ValueError, match=r"Row 1 has the label 1\.5 in the column 'label'.*astype\(str\)"):
        TextClasses(change(MOODS, "label", 1.5)).prepare(bert)


def test_a_label_with_a_single_example_is_said(bert, caplog):
    TextClasses(change(MOODS, "label", "mixed")).prepare(bert)
    assert "1 of 3 labels have a single example: mixed" in caplog.text


def test_declared_labels_without_an_example_are_said(bert, caplog):
    TextClasses(MOODS, labels=("bad", "good", "mixed")).prepare(bert)
    assert "1 of 3 labels have no example: mixed" in caplog.text
    with pytest.raises(ValueError, match=r"holds the label 'good', which is not among .* labels=None"):
        TextClasses(MOODS, labels=("bad",), name="other").prepare(bert)


def test_a_label_that_training_does_not_know_counts_as_wrong_and_is_said(bert, caplog):
    tune(bert, TextClasses(MOODS))
    score = score_predictions(bert, change(MOODS, "label", "mixed"))
    assert score.unseen == ("mixed",) and "not known to the head: mixed" in repr(score)
    assert score.frame.loc["mixed"].tolist() == [0, 0, 0, 1, 0] and score.accuracy <= 7 / 8
    assert "1 label of these rows the head does not know, and cannot give: mixed" in caplog.text


def test_a_label_set_that_differs_from_the_heads_is_refused(bert):
    tune(bert, TextClasses(MOODS))
    weight = bert.heads["text_classes"].weight.clone()
    with pytest.raises(ValueError, match=r"does not know \['mixed'\], and lacks \[\].*Type name='another'"):
        TextClasses(change(MOODS, "label", "mixed")).prepare(bert)
    with pytest.raises(ValueError, match=r"lacks \['bad'\].*type labels=model\.heads\['text_classes'\]\.labels"):
        TextClasses(MOODS[:4]).prepare(bert)
    TextClasses(MOODS[:4], labels=bert.heads["text_classes"].labels).prepare(bert)
    assert bert.heads["text_classes"].weight.equal(weight)  # it goes on from there


def test_a_head_of_another_kind_or_with_other_settings_is_refused(bert):
    TextClasses(MOODS).prepare(bert)
    with pytest.raises(ValueError, match=r"is 'text classes' with .*, not 'cloze classes' with .*name='another'"):
        ClozeClasses(MOODS, words=WORDS, name="text_classes").prepare(bert)
    with pytest.raises(ValueError, match=r"is 'text classes' with {'text': 'text'.*, not .*'said'"):
        TextClasses(MOODS.rename(columns={"text": "said"}), text="said").prepare(bert)


@pytest.mark.parametrize("name", ["", "two words", "keys", "type", "a.b"])
def test_names_that_no_head_can_have(name):
    with pytest.raises(ValueError, match=r"name=.* came\. It must be a word .* type name='mood'"):
        TextClasses(MOODS, name=name)


def test_which_head_is_asked(bert):
    with pytest.raises(ValueError, match=r"'small' has no head\. Tune it on a task .* type task\.prepare\(model\)"):
        predict(bert, MOODS)
    TextClasses(MOODS).prepare(bert)
    with pytest.raises(ValueError, match=r"head='mood' came; 'small' has text_classes\. Type head='text_classes'"):
        predict(bert, MOODS, head="mood")
    bert.heads["own"] = TaskHead("parity", ["odd", "even"], 4)
    with pytest.raises(ValueError, match=r"The head is 'parity', which is no task of kgwb's.*tasks=\[Mine\]"):
        predict(bert, MOODS, head="own")


def test_only_heads_that_can_be_saved_are(bert, tmp_path):
    bert.heads["plain"] = nn.Linear(2, 2)
    with pytest.raises(TypeError, match=r"The head 'plain' as a TaskHead was expected, but a Linear came"):
        bert.save(tmp_path / "model")


def test_long_texts_are_read_from_the_beginning_and_counted(bert, caplog):
    long = change(MOODS, "text", "good " * 70 + "bad " * 5)
    tune(bert, TextClasses(long))
    assert "1 text of more than 62 word pieces, of which no more are read (the first in row 1)" in caplog.text
    cut = change(MOODS, "text", "good " * 62)
    assert predict(bert, long)["probability"].tolist() == predict(bert, cut)["probability"].tolist()


def test_of_long_texts_what_stands_around_the_spans_is_read(bert, caplog):
    text = "word " * 100 + "Ada lives in Rome" + " word" * 40
    at = text.index("Ada")
    rows = change(change(change(STATED, "text", text), "head", (at, at + 3)), "tail", (at + 13, at + 17))
    examples = RelationClasses.read(bert, rows, RelationClasses(rows).settings)
    assert "1 text of more than 62 word pieces" in caplog.text
    pieces = examples.encoding.pieces[1]
    assert int(examples.encoding.is_token[1].sum()) == bert.longest
    names = [bert.tokenizer.decode(pieces[start:end]) for start, end in examples.units[1][0][:2]]
    assert names == ["ada", "rome"]
    far = change(rows, "head", (0, 4))
    with pytest.raises(
        ValueError, match=r"The spans of row 1 lie \d+ word pieces apart; this BERT has room for 62\..*drop"
    ):
        RelationClasses(far).prepare(bert)


@pytest.mark.parametrize("keep", [0, 30, 60, 89])
def test_whole_words_are_kept_around_a_span_wherever_it_lies(bert, keep):
    words = [f"unbelievably{i}" for i in range(90)]
    starts = [sum(len(word) + 1 for word in words[:i]) for i in range(90)]
    span = (starts[keep], starts[keep] + len(words[keep]))
    mention = Mention(*span, 3, words[keep])
    ((fitting,), ((kept,),)) = fit_texts(bert, [Sentence(" ".join(words), (mention,))], [[span]])
    assert (
        fitting.text[kept[0] : kept[1]] == words[keep] and (fitting.mentions[0].start, fitting.mentions[0].end) == kept
    )
    assert set(fitting.text.split()) <= set(words) and len(fitting.text.split()) > 8


@pytest.mark.parametrize("span", [None, (3, 3), (0, 400), (-1, 2), "text", (0, 1, 2), (0.0, 2.0)])
def test_spans_lie_within_their_text(bert, span):
    for task in (RelationClasses(change(STATED, "head", span)), EntityTypes(change(TYPED, "span", span))):
        with pytest.raises(
            ValueError, match=r"Row 1 holds .* in the column '(head|span)', for a text of .*for example: \(0, 5\)"
        ):
            task.prepare(bert)


def test_types_from_one_half_on_or_the_most_probable_one():
    labels = ["artist", "person", "place"]
    assert EntityTypes.answer(labels, torch.tensor([[1.0, 2.0, -1.0]]))[0] == ["person", "artist"]
    assert EntityTypes.answer(labels, torch.tensor([[-3.0, -2.0, -4.0]]))[0] == ["person"]


def test_scores_are_those_of_scikit_learn(bert):
    from sklearn.metrics import accuracy_score, f1_score

    frame = pd.concat([MOODS, MOODS.assign(label="good")], ignore_index=True)
    TextClasses(frame).prepare(bert)
    score = score_predictions(bert, frame)
    right, given = frame["label"], score.predictions["given"]
    assert score.accuracy == pytest.approx(accuracy_score(right, given)) and score.majority == 0.75
    assert score.macro_f1 == pytest.approx(f1_score(right, given, average="macro"))
    assert score.micro_f1 == pytest.approx(f1_score(right, given, average="micro"))


def test_a_door_acts_at_the_mentions_of_sentences(bert, vectors, town):
    model = kgwb.inject(bert, vectors)
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:  # the gates
                parameter.fill_(0.5)
    person = town.entity_id("brenap")
    named = [
        Sentence(f"{word} brenap.", (Mention(len(word) + 1, len(word) + 7, person, "brenap"),))
        for word in ("good", "bad")
    ]
    frame = pd.DataFrame({"text": named, "label": ["good", "bad"]})
    for task in (TextClasses(frame), ClozeClasses(frame, words=WORDS, pattern="It was [MASK]: {text}")):
        prepared = task.prepare(model)
        assert [found[0].entity for found in prepared.examples.encoding.mentions] == [person, person]
        with torch.no_grad():
            opened = task.score(model, prepared.head, prepared.examples, [0, 1])
            with model.injector.off():
                assert not opened.equal(task.score(model, prepared.head, prepared.examples, [0, 1]))


def test_a_task_of_ones_own_is_predicted_from_its_class(bert, tmp_path):
    class Shouting(TextClasses):
        kind = "shouting"

    Shouting(MOODS, name="shouting").prepare(bert)
    again = kgwb.load_bert(bert.save(tmp_path / "model"))
    assert predict(again, MOODS, tasks=[Shouting]).equals(predict(bert, MOODS, tasks=[Shouting]))
