"""Every family of BERT that loads: what Hugging Face computes, and each door in it, on English and Chinese sentences."""

from __future__ import annotations

import copy

import pytest
import torch
from family_folders import MAKERS, save_family

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.families import FAMILIES, mask_columns
from kgwb.bert.tokenizing import cut_names, follows_blank

MODES = ("entity", "relation", "graph", "tower", "memory", "pointer")
BESIDE = {"place": "beside"}
DOORS = {**{mode: (mode, {}) for mode in MODES}, "entity, beside": ("entity", BESIDE)}
TEXTS = ["Paris is the capital of France, says Quorrin Vath.", "北京是中国的首都。", "巴黎在哪里？Lyon!"]
WORDINGS = {
    "capital of": ["{head} is the capital of {tail}.", "{head}是{tail}的首都。"],
    "city in": "{head} is a city in {tail}.",
    "born in": "{head} was born in {tail}.",
    "twin of": "{head} is {tail}'s twin.",
}


@pytest.fixture(scope="module", params=list(MAKERS))
def family(request, tmp_path_factory) -> Bert:
    return kgwb.load_bert(save_family(request.param, tmp_path_factory.mktemp("family") / request.param))


@pytest.fixture(params=list(DOORS))
def fresh(request, family, vectors) -> Bert:
    mode, options = DOORS[request.param]
    return kgwb.inject(family, vectors, mode=mode, **options)


def mask_in(bert: Bert, text: str) -> str:
    return text.replace("[MASK]", bert.tokenizer.mask_token)


@pytest.fixture
def questions(vectors):
    said = kgwb.verbalise(vectors.graph, wordings=WORDINGS, language="en")
    # With choices named there are two mentions, between which the relation door acts.
    return kgwb.make_questions(said, vectors.graph, relations=["capital of", "city in"], choices=2)


def test_it_computes_what_hugging_face_computes(family):
    text = mask_in(family, "Paris is the capital of [MASK], 北京在中国。")
    cut = family.tokenizer(text, return_tensors="pt")
    given = {name: cut[name] for name in ("input_ids", "attention_mask")}
    with torch.no_grad():
        output = family.model(**given, output_attentions=True, output_hidden_states=True)
        logits = family.fill_mask(encode_sentences(family, [text]))
    reading = kgwb.read(family, text)
    assert not family.new_head and reading.tokens[0] == tuple(
        family.tokenizer.convert_ids_to_tokens(cut["input_ids"][0])
    )
    assert torch.equal(reading.attention[0], torch.cat(output.attentions))
    assert torch.equal(reading.hidden[0], torch.cat(output.hidden_states))
    torch.testing.assert_close(reading.attention.sum(-1), torch.ones(reading.attention.shape[:-1]))
    where = cut["input_ids"][0] == family.tokenizer.mask_token_id
    torch.testing.assert_close(logits, output.logits[0, where], atol=1e-6, rtol=0)
    hidden, pieces = torch.randn(3, family.words.embedding_dim), torch.tensor([5, 2, 9])
    with torch.no_grad():
        torch.testing.assert_close(family.answer_head(hidden, pieces), family.answer_head(hidden)[:, pieces])


def test_padding_changes_nothing(family):
    together = encode_sentences(family, TEXTS)
    with torch.no_grad():
        states = family(together).last_hidden_state
        for row, text in enumerate(TEXTS):
            alone = family(encode_sentences(family, [text])).last_hidden_state[0]
            torch.testing.assert_close(states[row, : len(alone)], alone, atol=1e-5, rtol=1e-4)


def test_names_are_found_and_cut_as_they_stand(family, vectors):
    found = kgwb.find_mentions(TEXTS, vectors.graph, family.tokenizer)
    assert [[m.text for m in each] for each in found] == [
        ["Paris", "France", "Quorrin Vath"],
        ["北京", "中国"],
        ["Lyon"],
    ]
    for text, mentions in zip(TEXTS, found, strict=True):
        ids = family.tokenizer(text)["input_ids"]
        for mention in mentions:
            pieces = ids[slice(*mention.pieces)]
            assert family.tokenizer.decode(pieces).strip().lower().replace(" ", "") == mention.text.lower().replace(
                " ", ""
            )
            cut = cut_names(family, [mention.text], after_blank=follows_blank(family, text, mention.start))[0]
            shared = min(len(cut), len(pieces))  # a piece that is a blank alone may belong to neither, or to one
            assert pieces[-shared:] == cut[-shared:] and abs(len(cut) - len(pieces)) <= 1


def test_a_fresh_door_changes_nothing(fresh, family):
    assert kgwb.read(fresh, TEXTS).hidden.equal(kgwb.read(family, TEXTS).hidden)
    one, other = (kgwb.read(model, TEXTS[0]).attention for model in (fresh, family))
    assert one.equal(other)


def test_a_door_is_tuned_saved_and_loaded_to_the_bit(fresh, family, questions, tmp_path):
    for _ in kgwb.tune(fresh, kgwb.MaskedAnswers(questions), epochs=6, batch=4, learning_rate=1e-3):
        pass
    asked = mask_in(fresh, "York is near New York, 北京是[MASK]的首都。")
    mentions = kgwb.find_mentions([asked], fresh.injector.graph, fresh.tokenizer)
    encoding = encode_sentences(fresh, [asked], mentions=mentions)
    scores = [kgwb.answer(fresh, "York is near New York, 北京是[MASK]的首都。")]
    assert fresh.injector.doors[0].gate > 0
    rows = kgwb.read(fresh, asked)
    sums = rows.attention.sum(-1) + (0 if rows.slots is None else rows.slots.sum(-1))
    torch.testing.assert_close(sums, torch.ones_like(sums))
    fresh.save(tmp_path / "model")
    loaded = kgwb.load_bert(tmp_path / "model")
    with torch.no_grad():
        assert torch.equal(fresh.fill_mask(encoding), loaded.fill_mask(encoding))
        with fresh.injector.off(), loaded.injector.off():
            assert torch.equal(fresh.fill_mask(encoding), loaded.fill_mask(encoding))
    scores.append(kgwb.answer(loaded, "York is near New York, 北京是[MASK]的首都。"))
    assert scores[0].equals(scores[1])


def test_every_family_is_tried_or_tried_elsewhere(family):
    assert family.model.config.model_type in FAMILIES
    assert {"bert", "distilbert", "roberta"} | {name for name in MAKERS if name != "bert-base-chinese"} == set(FAMILIES)


@pytest.mark.parametrize("name", ["modernbert"])
def test_a_window_is_measured_in_positions(name, tmp_path, vectors):
    """A vector beside a word behind a long sentence is as near to it as the word is."""
    bert = kgwb.load_bert(save_family(name, tmp_path / name))
    positions = torch.tensor([[0, 1, 2, 3, 4, 5, 6, 7, 8, 1]])  # the last column shares the place of the second
    masks = mask_columns(bert.model, torch.ones(1, 10, dtype=torch.bool), positions)
    assert (masks["full_attention"] == 0).all()
    near = masks["sliding_attention"][0, 0, -1] == 0
    assert near.tolist() == [*[True] * 6, *[False] * 3, True]
    model = kgwb.inject(bert, vectors, place="beside")
    opened = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in opened.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(0.5)
    text = "Paris is the capital" + " of the city" * 8 + "."
    near, far = (kgwb.read(each, text).hidden[0, 1] for each in (opened, model))
    assert not near[2].equal(far[2])


@pytest.mark.parametrize("name", list(MAKERS))
def test_half_precision_too_keeps_a_fresh_door_shut(name, tmp_path, vectors):
    bert = kgwb.load_bert(save_family(name, tmp_path / name)).to(torch.bfloat16)
    model = kgwb.inject(bert, vectors, mode="memory")
    encoding = encode_sentences(bert, TEXTS, mentions=kgwb.find_mentions(TEXTS, vectors.graph, bert.tokenizer))
    with torch.no_grad():
        assert torch.equal(bert(encoding).last_hidden_state, model(encoding).last_hidden_state)
