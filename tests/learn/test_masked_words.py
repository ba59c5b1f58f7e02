"""Masked words: a task that lowers its loss, drawn from its own seed, and predictions of masked pieces."""

from __future__ import annotations

import copy

import pytest
import torch

import kgwb
from kgwb.graph.wording import verbalise
from kgwb.learn import MaskedWords, NextSentences, PreparedTask, Task, predict_masked_words
from kgwb.learn.text_tasks.corpus import expect_texts


def learn(model, tasks, **options):
    return list(kgwb.tune(model, tasks, batch=16, precision="float32", **options))


def test_masked_words_are_a_task_that_lowers_its_loss(small_bert, town, sentences):
    task = MaskedWords([*sentences, *verbalise(town)], 0.3)
    assert isinstance(task, Task) and isinstance(task.prepare(small_bert), PreparedTask)
    model = copy.deepcopy(small_bert)
    before = predict_masked_words(model, task)
    steps = learn(model, task, epochs=6, policy="full", learning_rate=3e-4)
    after = predict_masked_words(model, task)
    assert {step.task for step in steps} == {"MaskedWords"} and len(steps) == 6 * 8
    assert after["correct"].mean() > before["correct"].mean() + 0.15
    assert after["probability"].mean() > before["probability"].mean()


def test_a_seed_says_what_is_masked_and_each_step_masks_others(small_bert, sentences):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    rows = [0, 1, 2, 3]
    one, same, other = (MaskedWords(sentences, seed=seed).prepare(small_bert) for seed in (3, 3, 4))
    drawn = [[prepared.mask(small_bert, rows).asked for _ in range(4)] for prepared in (one, same, other)]
    assert torch.equal(torch.rand(2), expected)
    assert all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[1], strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(drawn[0], drawn[2], strict=True))
    assert not all(torch.equal(drawn[0][0], later) for later in drawn[0][1:])


def test_a_door_opens_while_words_are_predicted(small_bert, vectors, sentences):
    model = kgwb.inject(small_bert, vectors)
    steps = learn(model, MaskedWords(sentences), epochs=2)
    assert steps[-1].gate > 0


def test_predictions_are_one_row_per_masked_piece(small_bert, sentences):
    task = MaskedWords(sentences[:10], 0.5, whole_mentions=False)
    predictions = predict_masked_words(small_bert, task, batch=4)
    assert list(predictions.columns) == ["sentence", "piece", "shown", "given", "probability", "correct"]
    assert set(predictions["sentence"]) == set(range(10))
    assert predictions["probability"].between(0, 1).all()
    assert predictions["correct"].tolist() == (predictions["piece"] == predictions["given"]).tolist()
    assert predict_masked_words(small_bert, task, batch=4).equals(predictions) and not small_bert.training


def test_tasks_are_told_apart_by_their_repr(sentences):
    texts = {repr(MaskedWords(sentences)), repr(MaskedWords(sentences, seed=1)), repr(MaskedWords(sentences[1:]))}
    texts |= {repr(NextSentences(sentences)), repr(NextSentences(sentences, follows="entity"))}
    assert len(texts) == 5 and max(map(len, texts)) < 120
    assert repr(MaskedWords(["A."])).startswith("MaskedWords(1 sentence ")


@pytest.mark.parametrize("task", [MaskedWords, NextSentences])
def test_what_is_no_text(task, small_bert):
    name = task.__name__
    with pytest.raises(
        TypeError, match=rf"A list of sentences was expected, but the text 'A sentence.' came. Type .*{name}\("
    ):
        task("A sentence.")
    with pytest.raises(TypeError, match=rf"A sentence was expected, but 3 came. Type kgwb.learn.{name}\("):
        expect_texts([3], name)
    with pytest.raises(ValueError, match=rf"No sentence came. Expected at least one; type kgwb.learn.{name}"):
        task([])


def test_shares_and_sentences_that_cannot_be_masked(small_bert):
    with pytest.raises(ValueError, match=r"share=0 came. Expected a share of the word pieces, above 0 and up to 1"):
        MaskedWords(["A."], 0)
    with pytest.raises(ValueError, match=r"Sentence 1 holds no word piece that could be masked: '𐀀'. Expected words"):
        MaskedWords(["A.", "𐀀"]).prepare(small_bert)
    with pytest.raises(ValueError, match=r"Sentence 0 has 102 word pieces; this BERT has positions for 64. Split it"):
        MaskedWords(["long " * 100]).prepare(small_bert)
