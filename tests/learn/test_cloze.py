"""Cloze classes: what a pattern and its words must be, and what a BERT answers untuned."""

from __future__ import annotations

import pandas as pd
import pytest
from framed_tasks import MOODS, WORDS, change, tune

import kgwb
from kgwb.bert.tiny import train_tiny
from kgwb.learn import ClozeClasses, predict, score_predictions


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
    folder = train_tiny([good, bad] * 40, layers=1, width=64, vocabulary=200, steps=150, cache=tmp_path, progress=False)
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
