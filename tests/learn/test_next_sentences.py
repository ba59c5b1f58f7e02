"""Learning from text: masked words, sentences that follow, and files that are read without losing anything in silence."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch

import kgwb
from kgwb.graph import Mention, Sentence
from kgwb.graph.wording import verbalise
from kgwb.learn import Corpus, MaskedWords, NextSentences, PreparedTask, Task, predict_masked_words, read_corpus
from kgwb.learn.corpus import expect_texts

LINES = ["vorap works as Baker.", "vorek works as Miller.", "malap speaks Run."]


def learn(model, tasks, **options):
    return list(kgwb.tune(model, tasks, batch=16, precision="float32", **options))


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


# Masked words


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
    with pytest.raises(ValueError, match=rf"No sentence came. Expected at least one: kgwb.learn.{name}"):
        task([])


def test_shares_and_sentences_that_cannot_be_masked(small_bert):
    with pytest.raises(ValueError, match=r"share=0 came. Expected a share of the word pieces, above 0 and up to 1"):
        MaskedWords(["A."], 0)
    with pytest.raises(ValueError, match=r"Sentence 1 holds no word piece that could be masked: '𐀀'. Expected words"):
        MaskedWords(["A.", "𐀀"]).prepare(small_bert)
    with pytest.raises(ValueError, match=r"Sentence 0 has 102 word pieces; this BERT has positions for 64. Split it"):
        MaskedWords(["long " * 100]).prepare(small_bert)


# Next sentences


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


# Text files


def test_a_file_is_read_by_lines_with_its_entities(small_bert, town, write):
    corpus = read_corpus(write("\r\n".join(LINES[:2]) + "\r\n\r\n" + LINES[2] + "\n"), small_bert, graph=town)
    assert [sentence.text for sentence in corpus] == LINES
    assert corpus.stretches == (0, 0, 1) and corpus.left_out == ()
    assert [town.labels[m.entity] for m in corpus[0].mentions] == ["vorap", "Baker"]
    assert repr(corpus) == "text.txt: 3 sentences, 6 mentions"
    assert corpus[1:] == corpus.items[1:] and len(corpus) == 3
    assert not any(sentence.mentions for sentence in read_corpus(write(LINES[0]), small_bert))


def test_a_file_is_read_by_sentences_or_paragraphs(small_bert, write):
    path = write("One is\nhere. Two? Three!\n \nFour. 五。六？")
    sentences = read_corpus(path, small_bert, by="sentence", language="zh")
    assert [s.text for s in sentences] == ["One is here.", "Two?", "Three!", "Four.", "五。", "六？"]
    assert sentences.stretches == (0, 0, 0, 1, 1, 1) and {s.language for s in sentences} == {"zh"}
    paragraphs = read_corpus(path, small_bert, by="paragraph")
    assert [s.text for s in paragraphs] == ["One is here. Two? Three!", "Four. 五。六？"]
    assert paragraphs.stretches == (0, 0)


def test_what_cannot_be_read_is_left_out_counted_and_breaks_the_text(small_bert, write):
    corpus = read_corpus(write("One.\n" + "long " * 100 + "\nTwo.\nThree.\n𐀀\nFour."), small_bert)
    assert [sentence.text for sentence in corpus] == ["One.", "Two.", "Three.", "Four."]
    assert corpus.stretches == (0, 1, 1, 2)
    assert corpus.left_out == (("longer than 64 word pieces", 1), ("of unknown pieces alone", 1))
    assert "left out: 1 longer than 64 word pieces" in repr(corpus)
    pairs = NextSentences(corpus).prepare(small_bert)
    assert [(first, second) for first, second, follows in pairs.pairs if follows] == [(1, 2)]


def test_a_file_of_which_nothing_is_left(small_bert, write):
    with pytest.raises(
        ValueError, match=r"No sentence is left of text.txt \(left out: \{'longer than 64 word pieces': 1"
    ):
        read_corpus(write("long " * 100), small_bert)
    with pytest.raises(
        ValueError, match=r"No sentence is left of text.txt \(left out: \{\}\). Expected some of at most"
    ):
        read_corpus(write(" \n "), small_bert)
    with pytest.raises(FileNotFoundError, match=r"There is no .*nowhere.txt"):
        read_corpus(write("x").with_name("nowhere.txt"), small_bert)


def test_a_mention_without_an_entity_joins_no_sentences(small_bert):
    nil = Sentence("Nobody speaks.", (Mention(0, 6, -1),))
    with pytest.raises(ValueError, match=r"sentences that none follows': 3"):
        NextSentences([nil, replace(nil, text="Nobody listens."), "Text."], follows="entity").prepare(small_bert)
