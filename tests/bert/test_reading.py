"""A reading is Hugging Face's own attention, whole, with mentions and injected pieces marked."""

from __future__ import annotations

import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import linking


def test_attention_is_hugging_faces_own_and_rows_sum_to_one(bert):
    sentences = ["Paris is the capital of France.", "No."]
    reading = kgwb.read(bert, sentences)
    assert reading.attention.shape == (2, 6, 12, 9, 9)
    assert reading.hidden.shape == (2, 7, 9, 384)
    assert reading.lengths == (9, 4)
    for i, sentence in enumerate(sentences):
        cut = bert.tokenizer(sentence, return_tensors="pt")
        with torch.no_grad():
            attention = torch.cat(bert.model(**cut, output_attentions=True).attentions)
        length = reading.lengths[i]
        assert torch.equal(reading.attention[i, :, :, :length, :length], attention)
        torch.testing.assert_close(attention.sum(-1), torch.ones(6, 12, length))
    assert reading.attention[1, :, :, 4:].abs().max() == 0


def test_a_reading_marks_mentions_and_where_vectors_entered(opened):
    reading = kgwb.read(opened, "Paris is big.")
    assert [mention.text for mention in reading.mentions[0]] == ["Paris"]
    assert reading.injected == ((False, True, False, False, False, False),)
    with opened.injector.off():
        closed = kgwb.read(opened, "Paris is big.")
    assert not any(closed.injected[0]) and closed.name == "minilm/entity/off"
    assert (
        repr(reading)
        == "Reading by 'minilm/entity': 1 sentences, 6 layers, 12 heads, up to 6 word pieces, 1 vectors injected"
    )


def test_given_mentions_are_taken_as_they_are(opened):
    mention = kgwb.graph.Mention(0, 5, entity=2)
    reading = kgwb.read(opened, ["Hello Paris."], mentions=[[mention]])
    assert [found.entity for found in reading.mentions[0]] == [2]
    sentence = kgwb.graph.Sentence("Hello Paris.", (mention,))
    assert kgwb.read(opened, [sentence]).mentions == kgwb.read(opened, sentence).mentions == reading.mentions


def test_plain_bert_reads_without_mentions(bert):
    assert kgwb.read(bert, "Paris is big.").mentions == ((),)


def test_reading_leaves_the_mode_of_the_model(bert):
    bert.train()
    first = kgwb.read(bert, "Paris is big.").hidden
    assert bert.training
    bert.eval()
    assert torch.equal(kgwb.read(bert, "Paris is big.").hidden, first)


def test_a_reading_is_frozen(bert):
    with pytest.raises(AttributeError):
        kgwb.read(bert, "Hi.").name = "other"


@pytest.fixture(scope="module")
def sky():
    facts = [
        ("mercury_planet", "orbits", "Sun"),
        ("Venus", "orbits", "Sun"),
        ("mercury_metal", "in", "thermometer"),
        ("mercury_metal", "in", "cinnabar"),
        ("mercury_metal", "in", "amalgam"),
    ]
    names = pd.DataFrame({"entity": ["mercury_planet", "mercury_metal"], "label": "Mercury"})
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), names)
    return kgwb.GraphEmbedding(graph, kgwb.DistMult(), dim=8, seed=0)


def test_a_text_is_read_with_the_entity_that_its_sentence_means(bert, sky):
    model = kgwb.inject(bert, sky)
    texts = ["Mercury orbits the Sun.", "Mercury in a thermometer.", "Venus orbits the Sun."]
    reading = kgwb.read(model, texts)
    named = [[sky.graph.entities["entity"][mention.entity] for mention in found] for found in reading.mentions]
    assert named == [["mercury_planet", "Sun"], ["mercury_metal", "thermometer"], ["Venus", "Sun"]]
    assert all(kgwb.read(model, text).mentions == (found,) for text, found in zip(texts, reading.mentions, strict=True))
    given = kgwb.graph.Sentence(texts[0], (kgwb.graph.Mention(0, 7, sky.graph.entity_id("mercury_metal")),))
    assert [m.entity for m in kgwb.read(model, given).mentions[0]] == [sky.graph.entity_id("mercury_metal")]


def test_only_texts_with_several_candidates_are_judged(bert, sky, monkeypatch):
    judged = []
    weigh = linking.weigh_context
    monkeypatch.setattr(
        linking, "weigh_context", lambda g, c, texts, b, **o: judged.extend(texts) or weigh(g, c, texts, b, **o)
    )
    kgwb.read(kgwb.inject(bert, sky), ["Venus orbits the Sun.", "Mercury"])
    assert judged == ["Mercury"]
