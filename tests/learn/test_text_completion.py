"""Completing a graph by its texts: the loss is the one that is written down, it falls, and no argument is changed."""

from __future__ import annotations

import copy
import logging
import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn import TextCompletion
from kgwb.learn.completion.entity_texts import cut_entity_texts, describe_relation, pool_texts

DEEDS = {"Baker": "bakes bread", "Miller": "grinds corn", "Smith": "forges iron"}


@pytest.fixture(scope="module")
def guild() -> KnowledgeGraph:
    """People whose trade can be told from their description alone."""
    names = [f"{first}{second}" for first in ("bren", "drav", "jut", "mal") for second in ("ap", "ek", "os")]
    trades = {name: list(DEEDS)[i % 3] for i, name in enumerate(names)}
    facts = [(name, "works_as", trade) for name, trade in trades.items()]
    facts += [(one, "knows", other) for one, other in pairwise(names)]
    about = [(name, f"one who {DEEDS[trade]}") for name, trade in trades.items()]
    about += [(trade, f"a trade: {deed}") for trade, deed in DEEDS.items()]
    return KnowledgeGraph.from_pandas(
        pd.DataFrame(facts, columns=["head", "relation", "tail"]),
        pd.DataFrame(about, columns=["entity", "description"]),
        name="guild",
    )


def read_alone(bert, text):
    """A text's vector by Hugging Face's own call, alone."""
    given = bert.tokenizer(text, return_tensors="pt")
    hidden = bert.model.base_model(given["input_ids"], attention_mask=given["attention_mask"]).last_hidden_state
    return torch.nn.functional.normalize(hidden[0].mean(0), dim=0)


def say_entity(graph, entity):
    label, description = graph.entities.loc[entity, ["label", "description"]]
    return f"{label}: {description}"


def say_query(graph, entity, relation, asks_tail):
    words = graph.relation_labels[relation].replace("_", " ")
    return f"{say_entity(graph, entity)} [SEP] {words if asks_tail else 'inverse of ' + words}"


def write_out_loss(bert, graph, batch, *, train, temperature, margin, queued=(), self_negative=True):
    """The loss of a batch, query by query, as its docstring has it."""
    facts = {tuple(fact) for fact in train.tolist()}
    asked = [(h, r, t, True) for h, r, t in batch] + [(t, r, h, False) for h, r, t in batch]
    in_batch = sorted({answer for _, _, answer, _ in asked})
    vectors = {answer: read_alone(bert, say_entity(graph, answer)) for answer in in_batch}
    losses = []
    for known, relation, right, asks_tail in asked:
        query = read_alone(bert, say_query(graph, known, relation, asks_tail))
        total = first = math.exp((float(query @ vectors[right]) - margin) / temperature)
        for other, vector in [*vectors.items(), *queued]:
            fact = (known, relation, other) if asks_tail else (other, relation, known)
            if other != right and fact not in facts and (self_negative or other != known):
                total += math.exp(float(query @ vector) / temperature)
        losses.append(-math.log(first / total))
    return sum(losses) / len(losses)


@torch.no_grad()
def test_the_loss_is_the_one_that_is_written_down(small_bert, guild):
    split = Split(guild, guild.triples, guild.triples[:0], guild.triples[:0])
    task = TextCompletion(split, temperature=0.2, margin=0.1).prepare(small_bert)
    rows = [0, 3, 12, 13, 14, 20]
    batch = task.triples[rows].tolist()
    expected = write_out_loss(small_bert, guild, batch, train=guild.triples, temperature=0.2, margin=0.1)
    assert float(task.loss(small_bert, rows)) == pytest.approx(expected, abs=1e-4)
    # Were other right answers counted as wrong, or the margin left out, it would be another.
    unmasked = write_out_loss(small_bert, guild, batch, train=guild.triples[:0], temperature=0.2, margin=0.1)
    no_margin = write_out_loss(small_bert, guild, batch, train=guild.triples, temperature=0.2, margin=0.0)
    assert min(abs(unmasked - expected), abs(no_margin - expected)) > 0.01


@torch.no_grad()
def test_a_querys_own_entity_may_be_left_out(small_bert, guild):
    task = TextCompletion(guild, temperature=0.2, margin=0.1, self_negative=False).prepare(small_bert)
    rows = [0, 3, 12, 13, 14, 20]
    options = {"train": guild.triples, "temperature": 0.2, "margin": 0.1}
    batch = task.triples[rows].tolist()
    expected = write_out_loss(small_bert, guild, batch, **options, self_negative=False)
    assert float(task.loss(small_bert, rows)) == pytest.approx(expected, abs=1e-4)
    assert abs(write_out_loss(small_bert, guild, batch, **options) - expected) > 0.01


@torch.no_grad()
def test_answers_of_earlier_batches_count_as_wrong_ones(small_bert, guild):
    task = TextCompletion(guild, temperature=0.2, margin=0.1, queue=3).prepare(small_bert)
    first, second = [0, 12], [5, 18]
    plain = write_out_loss(
        small_bert, guild, task.triples[first].tolist(), train=guild.triples, temperature=0.2, margin=0.1
    )
    assert float(task.loss(small_bert, first)) == pytest.approx(plain, abs=1e-4)
    kept = sorted({entity for h, _, t in task.triples[first].tolist() for entity in (h, t)})[:3]
    queued = [(entity, read_alone(small_bert, say_entity(guild, entity))) for entity in kept]
    expected = write_out_loss(
        *(small_bert, guild, task.triples[second].tolist()),
        train=guild.triples,
        temperature=0.2,
        margin=0.1,
        queued=queued,
    )
    assert float(task.loss(small_bert, second)) == pytest.approx(expected, abs=1e-4)


def test_the_loss_falls_and_the_temperature_is_learnt(small_bert, guild):
    model, ready = copy.deepcopy(small_bert), []

    class Ready:
        def prepare(self, bert):
            ready.append(TextCompletion(guild).prepare(bert))
            return ready[0]

    steps = list(kgwb.tune(model, Ready(), policy="full", epochs=40, batch=12, learning_rate=1e-3, precision="float32"))
    assert np.mean([step.loss for step in steps[-3:]]) < 0.5 * np.mean([step.loss for step in steps[:3]])
    assert ready[0].temperature != pytest.approx(0.05, rel=1e-3)
    assert f"temperature {ready[0].temperature:.3f}" in repr(ready[0])


def test_one_seed_gives_one_run(small_bert, guild):
    runs = []
    for seed in (0, 0, 1):
        task = TextCompletion(guild, examples=10, queue=8, seed=seed)
        options = {"policy": "full", "epochs": 2, "batch": 5, "precision": "float32"}
        runs.append([step.loss for step in kgwb.tune(copy.deepcopy(small_bert), task, **options)])
    assert runs[0] == runs[1] != runs[2]


def test_so_many_examples_are_drawn_as_are_asked_for(small_bert, guild):
    fewer = TextCompletion(guild, examples=7).prepare(small_bert)
    more = TextCompletion(guild, examples=2 * len(guild) + 1).prepare(small_bert)
    assert len(fewer) == len(np.unique(fewer.triples, axis=0)) == 7
    counts = np.unique(more.triples, axis=0, return_counts=True)[1]
    assert len(more) == 2 * len(guild) + 1 and sorted(set(counts)) == [2, 3] and len(counts) == len(guild)


def test_no_argument_is_changed(small_bert, guild):
    before = copy.deepcopy(small_bert.state_dict()), guild.triples.copy(), guild.entities.copy()
    task = TextCompletion(guild, queue=4)
    said = repr(task)
    task.prepare(small_bert).loss(small_bert, [0, 1])
    assert all(torch.equal(value, before[0][name]) for name, value in small_bert.state_dict().items())
    assert np.array_equal(guild.triples, before[1]) and guild.entities.equals(before[2]) and repr(task) == said


@torch.no_grad()
def test_a_vector_does_not_depend_on_its_batch_mates(small_bert, guild):
    texts = cut_entity_texts(small_bert, guild, longest=32)
    everyone = np.arange(len(guild.entities))
    together = pool_texts(small_bert, texts.encode_entities(everyone))
    for entity in everyone:
        alone = pool_texts(small_bert, texts.encode_entities(everyone[[entity]]))[0]
        assert torch.allclose(together[entity], alone, atol=1e-5)
        assert torch.allclose(alone, read_alone(small_bert, say_entity(guild, entity)), atol=1e-5)


@torch.no_grad()
def test_texts_are_read_in_blocks_of_like_length(small_bert, guild, monkeypatch):
    texts = cut_entity_texts(small_bert, guild, longest=32)
    encoding = texts.encode_entities(np.arange(len(guild.entities)))
    whole = pool_texts(small_bert, encoding)
    monkeypatch.setattr("kgwb.learn.completion.entity_texts.PIECES_AT_ONCE", 30)
    assert torch.allclose(pool_texts(small_bert, encoding), whole, atol=1e-5)


def test_the_query_of_an_inverse_relation_says_so(small_bert, guild):
    texts = cut_entity_texts(small_bert, guild, longest=32)
    baker, works_as = guild.entity_id("Baker"), guild.relation_id("works_as")
    steps = np.array([works_as, works_as + len(guild.relations)])
    encoding = texts.encode_queries(np.array([baker, baker]), steps)
    shown = [
        small_bert.tokenizer.decode(pieces[there])
        for pieces, there in zip(encoding.pieces, encoding.is_token, strict=True)
    ]
    start = "[CLS] baker : a trade : bakes bread [SEP]"
    assert [text.replace(" :", ":") for text in shown] == [
        f"{start} works as [SEP]".replace(" :", ":"),
        f"{start} inverse of works as [SEP]".replace(" :", ":"),
    ]


def test_what_is_longer_than_asked_is_cut_and_counted(small_bert, guild, caplog):
    with caplog.at_level(logging.INFO, logger="kgwb.learn"):
        texts = cut_entity_texts(small_bert, guild, longest=6)
    assert texts.cut > 0 and texts.lengths.max() == 6
    assert f"{texts.cut} of 15 texts: cut to the first 6 word pieces" in caplog.text
    assert f"{texts.cut} texts cut" in repr(TextCompletion(guild, longest=6).prepare(small_bert))


def test_what_is_longer_than_the_model_is_cut_and_counted(small_bert, caplog):
    facts = pd.DataFrame([["anna", "knows", "bert"]], columns=["head", "relation", "tail"])
    about = pd.DataFrame({"entity": ["anna"], "description": ["a word " * 100]})
    graph = KnowledgeGraph.from_pandas(facts, about)
    with caplog.at_level(logging.INFO, logger="kgwb.learn"):
        texts = cut_entity_texts(small_bert, graph, longest=500)
    room = small_bert.longest - 3 - 3  # marks, "inverse of knows"
    assert texts.lengths.max() == room and f"1 of 2 texts: cut to the first {room} word pieces" in caplog.text
    assert TextCompletion(graph, longest=500).prepare(small_bert).loss(small_bert, [0]).isfinite()


def test_a_relation_that_leaves_no_room(small_bert):
    facts = pd.DataFrame([["anna", "very " * 80, "bert"]], columns=["head", "relation", "tail"])
    message = r"The relation 'very very .*' fills all 64 positions of 'small'\. Give it a shorter label: Know"
    with pytest.raises(ValueError, match=message):
        TextCompletion(KnowledgeGraph.from_pandas(facts)).prepare(small_bert)


@pytest.mark.parametrize("names", [("00260881", "00260622"), ("/m/06rf7", "/m/0c1d0"), ("Q64", "Q183")])
def test_a_graph_without_labels(small_bert, names):
    facts = pd.DataFrame([[names[0], "_hypernym", names[1]]], columns=["head", "relation", "tail"])
    message = (
        r"'graph' has entities without a label that could be read \('.*'\)\. Give them labels and descriptions: Know"
    )
    with pytest.raises(ValueError, match=message):
        TextCompletion(KnowledgeGraph.from_pandas(facts)).prepare(small_bert)
    labelled = pd.DataFrame({"entity": names, "label": ["sea", "water"]})
    assert len(TextCompletion(KnowledgeGraph.from_pandas(facts, labelled)).prepare(small_bert)) == 1


def test_no_triples(guild):
    empty = Split(guild, guild.triples[:0], guild.triples, guild.triples[:0])
    with pytest.raises(ValueError, match=r"'guild' has no triples to learn from\. Type kgwb\.learn\.TextCompletion\("):
        TextCompletion(empty)


@pytest.mark.parametrize(
    ("name", "value"),
    [("longest", 0), ("temperature", 0), ("margin", -1), ("queue", -1), ("examples", 0), ("seed", -1)],
)
def test_numbers_that_cannot_be(guild, name, value):
    with pytest.raises(ValueError, match=rf"{name}={value} came\. It must be .*; type {name}="):
        TextCompletion(guild, **{name: value})


def test_the_repr_says_all_of_it(guild):
    task = TextCompletion(guild, queue=5)
    assert repr(task) == repr(TextCompletion(guild, queue=5)) != repr(TextCompletion(guild))
    assert "TextCompletion(23 triples" in repr(task) and "queue=5" in repr(task)
    other = KnowledgeGraph.from_pandas(guild.to_pandas(), name="guild")  # without descriptions
    assert repr(TextCompletion(other, queue=5)) != repr(task)


def test_signs_between_words_become_blanks():
    assert describe_relation("/people/person/place_of_birth") == "people person place of birth"
