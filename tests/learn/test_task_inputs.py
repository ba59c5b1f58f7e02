"""What tasks on data frames are given: what is wrong is named with what to type, what is left out is said in the log."""

from __future__ import annotations

import copy

import pandas as pd
import pytest
import torch
from framed_tasks import FRAMED, WORDS
from torch import nn

import kgwb
from kgwb.bert import Bert, TaskHead
from kgwb.bert.tiny import train_tiny
from kgwb.graph import Mention, Sentence
from kgwb.learn import (
    ClozeClasses,
    EntityTags,
    EntityTypes,
    RelationClasses,
    TextClasses,
    predict,
    score_predictions,
)
from kgwb.learn.frames.entity_tags import _place_windows
from kgwb.learn.frames.texts import fit_texts

MOODS = FRAMED["TextClasses"].frame
TAGGED = FRAMED["EntityTags"].frame
STATED = FRAMED["RelationClasses"].frame
TYPED = FRAMED["EntityTypes"].frame


@pytest.fixture
def bert(small_bert) -> Bert:
    return copy.deepcopy(small_bert)


def change(frame: pd.DataFrame, column: str, value: object, row: int = 1) -> pd.DataFrame:
    cells = frame[column].tolist()
    cells[row] = value
    return frame.assign(**{column: pd.Series(cells, index=frame.index, dtype=object)})


def tune(bert: Bert, task: object, epochs: int = 1) -> None:
    for _ in kgwb.tune(bert, task, epochs=epochs, batch=8, policy="full", precision="float32"):
        pass


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


@pytest.mark.parametrize(
    "pattern", ["{text} It was great.", "[MASK] {text} [MASK]", "It was [MASK].", "{text} {text} [MASK]"]
)
def test_a_pattern_has_one_text_and_one_mask(pattern):
    with pytest.raises(
        ValueError, match=r"pattern='.*' came, with (\[MASK\]|{text}) [02] times\. Expected once; type Cloze"
    ):
        ClozeClasses(MOODS, pattern=pattern, words=WORDS)


@pytest.mark.parametrize(
    "words", [{}, {"good": "great"}, {"good": "great", "bad": " "}, {"good": "great", "bad": None}]
)
def test_there_is_a_word_for_each_of_two_labels_at_least(words):
    with pytest.raises(
        ValueError, match=r"words=.* came\. Expected a word for each label, and two labels .* type Cloze"
    ):
        ClozeClasses(MOODS, words=words)


def test_words_that_the_tokenizer_cannot_tell_apart(bert):
    with pytest.raises(ValueError, match=r"does not tell 'great' and 'Great' apart: .* Type another word"):
        ClozeClasses(MOODS, words={"good": "great", "bad": "Great"}).make_head(bert)
    with pytest.raises(ValueError, match=r"does not know the word '差'\. Type another"):
        ClozeClasses(MOODS, words={"good": "大", "bad": "差"}).prepare(bert)
    assert not bert.heads


def test_a_cloze_without_words_for_a_label_of_the_frame(bert):
    with pytest.raises(ValueError, match=r"The frame holds the label 'mixed', which is not among"):
        ClozeClasses(change(MOODS, "label", "mixed"), words=WORDS).prepare(bert)


def test_an_untrained_masked_language_head_is_said(bert, caplog):
    ClozeClasses(MOODS, words=WORDS).make_head(bert)
    assert "'small' has no trained masked-language head" in caplog.text


@pytest.mark.parametrize("texts", [("北京大学很好。", "这家店很差。"), ("the sea is good .", "the road is bad .")])
def test_a_cloze_answers_untuned(tmp_path, texts):
    good, bad = texts
    words = ("好", "差") if "好" in good else ("good", "bad")
    folder = train_tiny([good, bad] * 40, layers=1, width=64, vocabulary=200, steps=300, cache=tmp_path, progress=False)
    bert = kgwb.load_bert(folder)
    subjects = [text.partition(word)[0].strip() for text, word in zip(texts, words, strict=True)]
    frame = pd.DataFrame({"text": subjects, "label": [1, 0]})
    blank = "" if "好" in good else " "
    end = "。" if "好" in good else " ."
    task = ClozeClasses(frame, pattern=f"{{text}}{blank}[MASK]{end}", words={1: words[0], 0: words[1]})
    task.make_head(bert)
    score = score_predictions(bert, frame)
    assert score.accuracy == 1 and score.predictions["given"].tolist() == [1, 0]


def test_the_mask_of_a_text_is_not_the_patterns(bert):
    frame = change(MOODS, "text", "It was [MASK] and [MASK].")
    tune(bert, ClozeClasses(frame, pattern="[MASK]: {text}", words=WORDS))
    assert len(predict(bert, frame)) == len(frame)


def test_a_long_text_leaves_room_for_the_pattern(bert, caplog):
    frame = change(MOODS, "text", "good " * 100)
    for pattern in ("It was [MASK], they said of this: {text}", "{text} All in all it was [MASK]."):
        examples = ClozeClasses.read(bert, frame, {"text": "text", "pattern": pattern})
        assert int(examples.encoding.is_token[1].sum()) == bert.longest and "1 text of more than" in caplog.text
        masks = [examples.encoding.pieces[row, unit[0][0]] for row, (unit,) in enumerate(examples.units)]
        assert set(map(int, masks)) == {bert.tokenizer.mask_token_id}


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("tags", ["O"], r"Row 1 has 1 tags for 7 tokens, .* Expected a tag for each token; for example"),
        (
            "tags",
            ["person", *"OOOOOO"],
            r"Row 1 has the tag 'person'\. Expected O, or B- or I- with a type; for example",
        ),
        ("tags", "O O O", r"Row 1 holds 'O O O' in the column 'tags'\. Expected a list of tags; for example"),
        ("tokens", "Bo left", r"Row 1 holds 'Bo left' in the column 'tokens'\. Expected a list of tokens; for example"),
        ("tokens", [], r"Row 1 holds no token in the column 'tokens'"),
        ("tokens", ["Bo", None], r"Row 1 holds None in the column 'tokens'"),
        ("tokens", ["xq" * 49] * 7, r"Token 0 of row 1 has \d+ word pieces alone; this BERT has room for 62"),
    ],
)
def test_tags_that_do_not_fit_the_tokens(bert, column, value, message):
    with pytest.raises(ValueError, match=message):
        EntityTags(change(TAGGED, column, value)).prepare(bert)


def test_tokens_that_the_tokenizer_drops_have_a_tag_all_the_same(bert):
    frame = pd.DataFrame({"tokens": [["Ada", "\u200b\x00", "", "sings"]], "tags": [["B-person", "O", "O", "O"]]})
    tune(bert, EntityTags(frame))
    assert len(predict(bert, frame)["given"][0]) == 4


def test_a_long_sentence_is_read_in_windows_that_overlap(bert, caplog):
    frame = change(change(TAGGED, "tokens", ["Ada", "sings"] * 90), "tags", ["B-person", "O"] * 90)
    prepared = EntityTags(frame).prepare(bert)
    assert "1 sentence of more than 62 word pieces, read in windows" in caplog.text
    judged = sum(
        len(units) for row, units in zip(prepared.examples.rows, prepared.examples.units, strict=True) if row == 1
    )
    assert len(prepared) > len(frame) and judged == 180
    tune(bert, EntityTags(frame), epochs=20)
    assert [len(given) for given in predict(bert, frame)["given"]] == [len(tokens) for tokens in frame["tokens"]]


def test_each_token_is_judged_in_the_window_in_whose_middle_it_stands():
    assert _place_windows([1] * 4, 10, 0) == [((0, 4), (0, 4))]
    assert _place_windows([1] * 12, 8, 0) == [((0, 8), (0, 6)), ((4, 12), (6, 12))]
    for counts in ([3, 1, 5] * 9, [8] * 4, [1] * 7 + [8] + [2] * 9):
        windows = _place_windows(counts, 8, 0)
        assert all(
            sum(counts[first:last]) <= 8 and first <= begin <= end <= last for (first, last), (begin, end) in windows
        )
        assert [token for _, (begin, end) in windows for token in range(begin, end)] == list(range(len(counts)))


def test_tags_that_are_given_follow_one_another():
    labels = ["B-a", "B-b", "I-a", "I-b", "O"]
    logits = torch.tensor([[0.0, 0, 2, 0, 0.5], [0.0, 0, 0, 2, 0.5], [0.0, 0, 0, 2, 0.5]])
    given, probabilities = EntityTags.answer(labels, logits)
    assert given == ["B-b", "I-b", "I-b"]
    assert probabilities == pytest.approx(logits.softmax(-1)[torch.arange(3), [1, 3, 3]].tolist())
    assert EntityTags.answer(["I-a", "O"], torch.tensor([[2.0, 0], [2.0, 0]]))[0] == ["I-a", "I-a"]


def test_entities_are_counted_with_type_and_borders(bert):
    tune(bert, EntityTags(TAGGED))
    _, items = EntityTags.split_answer(["B-a", "I-a", "O", "I-b", "I-a", "B-a"])
    assert items == {("a", (0, 2)), ("b", (3, 4)), ("a", (4, 5)), ("a", (5, 6))}
    score = score_predictions(bert, TAGGED)
    assert set(score.frame.index) <= {"person", "place"} and score.majority == pytest.approx(11 / 26, abs=0.08)


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
