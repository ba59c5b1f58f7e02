"""Next sentences: which pairs are drawn, and that a head learns to distinguish them."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

import kgwb
from kgwb.graph import Mention, Sentence
from kgwb.graph.wording import verbalise
from kgwb.learn import Corpus, NextSentences


def learn(model, tasks, **options):
    return list(kgwb.tune(model, tasks, batch=16, precision="float32", **options))


def test_each_sentence_has_one_that_follows_and_one_that_does_not(small_bert):
    texts = [f"Sentence {number}." for number in range(9)]
    pairs = NextSentences(texts).prepare(small_bert)
    assert len(pairs) == 16 and [pair[0] for pair in pairs.pairs[::2]] == list(range(8))
    assert all(second == first + 1 for first, second, follows in pairs.pairs if follows)
    assert all(second not in (first, first + 1) for first, second, follows in pairs.pairs if not follows)
    assert pairs.left_out == (("sentences that none follows", 1),)
    assert "16 pairs, left out: 1 sentences that none follows" in repr(pairs)
    shown = small_bert.tokenizer.decode(pairs.encoding.pieces[0][pairs.encoding.is_token[0]])
    assert shown == "[CLS] sentence 0. [SEP] sentence 1. [SEP]"


def test_verbalised_triples_follow_where_they_share_an_entity(small_bert, town):
    said = verbalise(town)
    pairs = NextSentences(said, follows="entity").prepare(small_bert)
    named = [{mention.entity for mention in sentence.mentions} for sentence in said]
    for row, (first, second, follows) in enumerate(pairs.pairs):
        assert bool(named[first] & named[second]) == follows and first != second
        marked = [mention.entity for mention in pairs.encoding.mentions[row]]
        assert marked == [m.entity for s in (said[first], said[second]) for m in s.mentions]
        spans = [pairs.encoding.pieces[row, slice(*mention.pieces)] for mention in pairs.encoding.mentions[row]]
        assert [small_bert.tokenizer.decode(span) for span in spans] == [town.labels[e].lower() for e in marked]
    assert pairs.encoding.entities.max() >= 0


def write_letters(names):
    """Each letter is a stretch of two sentences, and all end alike."""
    items = [Sentence(text) for name in names for text in (f"Dear {name}.", "Yours.")]
    return Corpus("letters", tuple(items), tuple(i // 2 for i in range(len(items))))


def test_what_follows_can_be_learnt_and_asked_of_held_out_sentences(small_bert, town):
    model = copy.deepcopy(small_bert)
    pairs = NextSentences(write_letters(town.labels[:30])).prepare(model)
    steps = learn(model, pairs, epochs=15, policy="full", learning_rate=1e-3)
    assert steps[-1].loss < 0.3 and steps[0].task == "SentencePairs"
    asked = NextSentences(write_letters(town.labels[30:]), head=pairs.head).prepare(model)
    predictions = asked.predict(model, batch=3)
    assert list(predictions.columns) == ["first", "second", "follows", "probability", "correct"]
    assert len(predictions) == len(asked) == 2 * len(town.labels[30:]) and predictions["follows"].mean() == 0.5
    assert predictions["correct"].mean() > 0.9


def test_one_seed_gives_one_set_of_pairs_and_one_head(small_bert, sentences):
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    one, same, other = (NextSentences(sentences, seed=seed).prepare(small_bert) for seed in (0, 0, 1))
    assert torch.equal(torch.rand(2), expected)
    assert one.pairs == same.pairs != other.pairs
    assert torch.equal(one.head[0].weight, same.head[0].weight)
    assert not torch.equal(one.head[0].weight, other.head[0].weight)


def test_pairs_that_are_too_long_are_counted(small_bert):
    texts = ["word " * 20, "word " * 30, "word " * 50, "short", "other"]
    pairs = NextSentences(texts).prepare(small_bert)
    assert ("pairs longer than 64 word pieces", 8 - len(pairs)) in pairs.left_out and 0 < len(pairs) < 8


def test_no_pair(small_bert):
    with pytest.raises(
        ValueError, match=r"No pair could be made of 2 sentences \(left out: .*Expected sentences of which"
    ):
        NextSentences(["One.", "Two."]).prepare(small_bert)


def test_a_mention_without_an_entity_joins_no_sentences(small_bert):
    nil = Sentence("Nobody speaks.", (Mention(0, 6, -1),))
    with pytest.raises(ValueError, match=r"3 sentences that none follows"):
        NextSentences([nil, replace(nil, text="Nobody listens."), "Text."], follows="entity").prepare(small_bert)
