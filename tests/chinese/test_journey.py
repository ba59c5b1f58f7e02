"""Chinese all the way, through every door: characters as pieces, names without blanks, masks before 。 and ？."""

from __future__ import annotations

import json
import re

import pytest
import torch

import kgwb
from kgwb.bert import Bert, encode_sentences, teach_wordings
from kgwb.graph import Sentence
from kgwb.graph.wording import learn_wordings
from kgwb.learn import Questions, answer_questions

MODES = ("entity", "relation", "graph", "tower", "memory", "pointer", ("entity", "memory"))
ASKED = ["based_in", "rated", "managed_by"]
# 朔笙置业 is a company, 朔笙 its short name; what stands around the mask is a sign, a character or nothing.
TEXTS = (
    "朔笙置业的总部位于[MASK]。",
    "请问，朔笙置业（简称“朔笙”）的总部位于[MASK]？",
    "[MASK]由朔笙置业发行",
    "S10481在哪里上市？[MASK]。",
    "天气很好，[MASK]！",
)
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def questions(told: list[Sentence], market: kgwb.KnowledgeGraph) -> tuple[Questions, Questions]:
    # With choices named there are two mentions, between which the relation door acts.
    return kgwb.split_questions(kgwb.make_questions(told, market, relations=ASKED, choices=3))


@pytest.fixture(scope="module", params=MODES, ids=lambda mode: "+".join(mode) if isinstance(mode, tuple) else mode)
def fresh(request, bert: Bert, vectors: kgwb.GraphEmbedding) -> Bert:
    return kgwb.inject(bert, vectors, mode=request.param)


@pytest.fixture(scope="module")
def tuned(fresh: Bert, bert: Bert, vectors: kgwb.GraphEmbedding, questions) -> Bert:
    model = kgwb.inject(bert, vectors, mode=tuple(door.name for door in fresh.injector.doors))
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions[0][:48]), epochs=5, batch=16, learning_rate=2e-3):
        pass
    return model


def test_each_character_is_a_piece_and_no_sign_is_unknown(bert, told):
    vocabulary = bert.tokenizer.get_vocab()
    for text in (*TEXTS, *(sentence.text for sentence in told[::10])):
        pieces = bert.tokenizer.tokenize(text)
        known = [character for character in CHINESE.findall(text) if character in vocabulary]
        assert [piece for piece in pieces if CHINESE.search(piece)] == known
        unknown = len(CHINESE.findall(text)) - len(known)  # of our own questions; the graph's sentences hold none
        assert pieces.count(bert.tokenizer.unk_token) == unknown and (text in TEXTS or not unknown)
    assert bert.tokenizer.tokenize("持有[MASK]？AA+") == ["持", "有", "[MASK]", "？", "aa", "+"]


def test_names_are_found_where_they_are_marked(bert, told, market):
    found = kgwb.find_mentions([sentence.text for sentence in told], market, bert.tokenizer)
    marked = [[(m.start, m.end, m.entity) for m in sentence.mentions] for sentence in told]
    seen = [[(m.start, m.end, m.entity) for m in mentions] for mentions in found]
    assert sum(one == other for one, other in zip(marked, seen, strict=True)) >= 0.99 * len(told)
    (company,), (one, other), *_ = kgwb.find_mentions(TEXTS, market, bert.tokenizer)
    assert company.pieces == (1, 5) and one.entity == other.entity == company.entity and other.text == "朔笙"


def test_chinese_needs_no_word_about_the_language(told, market):
    questions = kgwb.make_questions(told, market, relations=ASKED)
    assert len(questions) == 306 and all(map(CHINESE.search, questions[0].names))
    wordings = learn_wordings(told, market)
    assert "{head}的总部位于{tail}。" in wordings["based_in"]
    [said] = kgwb.verbalise(market, market.triples[:1], wordings=wordings)[:1]
    assert said.language == "zh" and CHINESE.search(said.mentions[0].text)


def test_asked_for_a_language_that_no_sentence_is_in(told, market):
    with pytest.raises(ValueError, match=r"0 state a wanted fact in 'en'.*; type kgwb\..*, language='zh'\)\."):
        kgwb.make_questions(told, market, language="en")
    spoken = [Sentence(s.text, s.mentions, s.triple, language=("zh", "ja")[i % 2]) for i, s in enumerate(told[:9])]
    with pytest.raises(ValueError, match=r"Sentences in 'ja', 'zh' came\. Expected one .*, graph, language='ja'\)"):
        kgwb.make_questions(spoken, market)


def test_a_fresh_door_changes_nothing(fresh, bert):
    for text in TEXTS:
        assert kgwb.read(fresh, text).hidden.equal(kgwb.read(bert, text).hidden)


def test_a_tuned_door_is_open_and_can_be_switched_off(tuned, questions):
    assert all(door.gate > 0 for door in tuned.injector.doors)
    some = questions[1][:4]
    on = encode_sentences(tuned, [q.text for q in some], mentions=[q.mentions for q in some])
    with torch.no_grad():
        open_, _ = tuned.reach_mask(on)
        with tuned.injector.off():
            closed, _ = tuned.reach_mask(on)
    pointing = "pointer" in tuned.injector.mode
    assert torch.equal(open_, closed) == pointing  # a pointer scores answers and leaves states as they are


def test_attention_sums_to_one(tuned):
    reading = kgwb.read(tuned, TEXTS)
    rows = reading.attention.sum(-1) + (0 if reading.slots is None else reading.slots.sum(-1))
    for row, length in enumerate(reading.lengths):
        torch.testing.assert_close(rows[row, ..., :length], torch.ones_like(rows[row, ..., :length]))
    assert reading.tokens[0][1:5] == ("朔", "笙", "置", "业")


def test_answers_are_chinese_names(tuned, market):
    found = kgwb.answer(tuned, TEXTS)
    names = set(market.labels) | {"the graph does not say"}
    assert set(found["answer"]) <= names and not found["answer"].str.contains("City").any()
    assert found["names"].drop_duplicates().tolist() == ["朔笙置业", "朔笙股份", ""]


def test_saved_and_loaded_it_says_the_same_to_the_bit(tuned, tmp_path, questions):
    tuned.save(tmp_path / "model")
    loaded = kgwb.load_bert(tmp_path / "model")
    one, other = (answer_questions(model, questions[1][:20]) for model in (tuned, loaded))
    assert one.equals(other)
    assert kgwb.read(tuned, TEXTS[1]).hidden.equal(kgwb.read(loaded, TEXTS[1]).hidden)


def test_a_probe_has_its_row(tuned, questions):
    report = kgwb.probe({"door": tuned}, questions[1][:20], seeds=1)
    assert report.frame.loc["door", "chance"] == pytest.approx(1 / 3) and 0 <= report.frame.loc["door", "accuracy"] <= 1


@pytest.fixture(scope="module")
def pointer(bert, vectors, told, market):
    model = kgwb.inject(bert, vectors, mode="pointer")
    asked = kgwb.make_questions(told, market, relations=ASKED, candidates="all")
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(kgwb.split_questions(asked)[0]), epochs=10):
        pass
    return model


def test_a_pointer_answers_from_the_facts_and_refuses(pointer):
    best = kgwb.answer(pointer, TEXTS, most=1)
    assert best["answer"].tolist()[0] == "璟祁市" and "朔笙置业 | 总部位于 | 璟祁市" in best["facts"][0]
    assert best["answer"].tolist()[4] == "the graph does not say"
    graph = pointer.injector.graph
    fact = (graph.entity_id("朔笙置业"), graph.relation_id("总部位于"), graph.entity_id("璟祁市"))
    with pointer.injector.without_facts([fact]):
        assert kgwb.answer(pointer, TEXTS[0], most=1)["answer"].tolist() == ["the graph does not say"]


def test_a_pointer_is_taught_how_another_relation_is_said(pointer, told, market):
    relation = market.relation_id("in_industry")
    taught = teach_wordings(pointer, [s for s in told if s.triple and s.triple[1] == relation][:30])
    assert taught >= 3
    [best] = kgwb.answer(pointer, "按行业分类，朔笙置业归入[MASK]。", most=1)["answer"]
    assert best == "房地产"


def test_attention_shows_characters(pointer, tmp_path):
    view = kgwb.show_attention(kgwb.read(pointer, TEXTS[:1]))
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(sign in page or json.dumps(sign).strip('"') in page for sign in "朔笙置业。")
