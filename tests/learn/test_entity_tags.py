"""Entity tags: a tag for each token, long sentences in windows, entities counted with their borders."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from framed_tasks import TAGGED, change, tune

from kgwb.learn import EntityTags, predict, score_predictions
from kgwb.learn.frames.entity_tags import _place_windows


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
