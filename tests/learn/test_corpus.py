"""Text files: sentences are read, and nothing is lost in silence."""

from __future__ import annotations

import pytest

from kgwb.learn import NextSentences, read_corpus

LINES = ["vorap works as Baker.", "vorek works as Miller.", "malap speaks Run."]


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / "text.txt"
        path.write_text(text, encoding="utf-8")
        return path

    return write_text


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
    with pytest.raises(ValueError, match=r"No sentence is left of text.txt \(left out: 1 longer than 64 word pieces"):
        read_corpus(write("long " * 100), small_bert)
    with pytest.raises(
        ValueError, match=r"No sentence is left of text.txt \(left out: none\). Expected some of at most"
    ):
        read_corpus(write(" \n "), small_bert)
    with pytest.raises(FileNotFoundError, match=r"There is no .*nowhere.txt"):
        read_corpus(write("x").with_name("nowhere.txt"), small_bert)
