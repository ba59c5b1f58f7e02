"""What holds for every door: closed it is not there, off it is not there, and neighbours in a batch do not matter."""

from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from torch import nn

import kgwb
from kgwb.bert import Bert, encode_sentences, find_mentions
from kgwb.bert.injection import _DOORS, Mode
from kgwb.bert.knowledge import Control

CONTROLS = get_args(Control)
SENTENCES = [
    "Paris is the capital of France.",
    "Quorrin Vath was born in New York, not in York.",
    "Nobody is named here.",
]


def read_plainly(bert: Bert, sentence: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention and hidden states from Hugging Face's own front door."""
    cut = bert.tokenizer(sentence, return_tensors="pt")
    with torch.no_grad():
        output = bert.model(**cut, output_attentions=True, output_hidden_states=True)
    return torch.cat(output.attentions), torch.cat(output.hidden_states)


def largest_difference(bert: Bert, model: Bert, sentence: str) -> float:
    attention, hidden = read_plainly(bert, sentence)
    reading = kgwb.read(model, sentence)
    return max(float((reading.attention[0] - attention).abs().max()), float((reading.hidden[0] - hidden).abs().max()))


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_fresh_door_leaves_bert_unchanged_to_the_bit(bert, closed, sentence):
    assert closed.injector.gate == 0
    assert largest_difference(bert, closed, sentence) == 0


def test_each_word_for_a_door_makes_the_door_of_that_name(bert, vectors):
    assert get_args(Mode) == tuple(_DOORS)
    assert all(kgwb.inject(bert, vectors, mode=mode).injector.mode == mode for mode in get_args(Mode))


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("mode", get_args(Mode))
def test_so_does_a_fresh_control_of_it(bert, vectors, mode, control):
    if (mode, control) == ("entity", "dealt"):
        pytest.skip("the entity door reads no facts that could be dealt")
    model = kgwb.inject(bert, vectors, mode=mode, control=control)
    assert model.name == f"minilm/{mode}/{control}"
    assert largest_difference(bert, model, SENTENCES[1]) == 0


def test_an_open_door_changes_what_bert_makes_of_linked_entities(bert, every, vectors, score_answers):
    # An output door acts on answers alone.
    changes = largest_difference(bert, every, SENTENCES[1]) > 1e-3
    scores = score_answers(every, torch.tensor([[vectors.graph.entity_id("France"), -1]]))
    assert changes or (scores[0, 0].abs() > 0 and scores[0, 1] == 0)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_off_is_plain_bert_to_the_bit_and_comes_back(bert, every, sentence):
    before = kgwb.read(every, sentence).hidden
    with every.injector.off():
        assert largest_difference(bert, every, sentence) == 0
        with every.injector.off():
            assert not every.injector.is_on
        assert not every.injector.is_on
    assert torch.equal(kgwb.read(every, sentence).hidden, before)


def test_rows_of_attention_sum_to_one_with_slots(every):
    reading = kgwb.read(every, SENTENCES)
    total = reading.attention.sum(-1) + (0 if reading.slots is None else reading.slots.sum(-1))
    for row, length in enumerate(reading.lengths):
        torch.testing.assert_close(total[row, :, :, :length], torch.ones(6, 12, length), atol=2e-6, rtol=0)
        assert total[row, :, :, length:].abs().sum() == 0


def test_off_ends_when_the_block_raises(opened):
    with pytest.raises(KeyError), opened.injector.off():
        raise KeyError
    assert opened.injector.is_on


def test_neither_padding_nor_batch_mates_change_a_reading(every):
    together = kgwb.read(every, SENTENCES)
    for i, sentence in enumerate(SENTENCES):
        alone = kgwb.read(every, sentence)
        length = together.lengths[i]
        assert torch.equal(together.attention[i, :, :, :length, :length], alone.attention[0])
        assert torch.equal(together.hidden[i, :, :length], alone.hidden[0])
        for door, gates in alone.gates.items():
            assert torch.equal(together.gates[door][i, :, :length], gates[0])


@torch.no_grad()
def test_neither_padding_nor_batch_mates_change_an_answer(every):
    # In double precision: what matmuls of another shape round differently must not hide a leak.
    model = copy.deepcopy(every).double()
    texts = [f"{sentence} [MASK]" for sentence in SENTENCES]
    together = encode_sentences(model, texts, mentions=find_mentions(texts, model.injector.graph, model.tokenizer))
    logits = model.fill_mask(together)
    for i in range(len(texts)):
        torch.testing.assert_close(model.fill_mask(together.select([i]))[0], logits[i], atol=1e-6, rtol=0)


def test_the_gradient_reaches_a_closed_door_through_exactly_one_factor(closed, vectors):
    texts = ["Paris is the capital of [MASK], and Lyon is a city in France, not in England."]
    encoding = encode_sentences(closed, texts, mentions=find_mentions(texts, vectors.graph, closed.tokenizer))
    scores = closed.fill_mask(encoding)[0, 2605]
    hidden, trace = closed.reach_mask(encoding)
    extra = closed.injector.score_entities(hidden, torch.tensor([[vectors.graph.entity_id("France")]]), trace)
    (scores if extra is None else scores + extra.sum()).backward()
    for name, parameter in closed.injector.named_parameters():
        if parameter.ndim == 0:
            assert parameter.grad is not None and parameter.grad.abs() > 0, name
        elif parameter.grad is not None:
            assert parameter.grad.abs().max() == 0, name


def test_a_first_step_opens_the_door_and_a_second_moves_what_lies_behind(closed, vectors, set_gates):
    texts = ["Paris is the capital of [MASK], and Lyon is a city in France, not in England."]
    encoding = encode_sentences(closed, texts, mentions=find_mentions(texts, vectors.graph, closed.tokenizer))
    model = copy.deepcopy(closed)
    set_gates(model, 0.1)
    hidden, trace = model.reach_mask(encoding)
    extra = model.injector.score_entities(hidden, torch.tensor([[vectors.graph.entity_id("France")]]), trace)
    (model.answer_head(hidden)[0, 2605] + (0 if extra is None else extra.sum())).backward()
    moved = [p.grad is not None and bool(p.grad.abs().max() > 0) for p in model.injector.parameters() if p.ndim > 1]
    assert sum(moved) >= len(moved) - 1  # the sentinel of a sentence without a choice may stay


def test_injecting_leaves_the_model_and_the_vectors_as_they_were(bert, vectors):
    weights = copy.deepcopy(bert.state_dict())
    table = vectors.entity_vectors().clone()
    model = kgwb.inject(bert, vectors, control="shuffled")
    nn.init.zeros_(model.model.get_input_embeddings().weight)
    assert bert.injector is None and model.name == "minilm/entity/shuffled"
    assert all(torch.equal(bert.state_dict()[name], weight) for name, weight in weights.items())
    assert torch.equal(vectors.entity_vectors(), table)


def test_one_seed_gives_one_door(bert, vectors):
    first, again = (kgwb.inject(bert, vectors, control="random", seed=3).injector for _ in range(2))
    other = kgwb.inject(bert, vectors, control="random", seed=4).injector
    assert all(
        one.equal(same) for one, same in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
    )
    assert not torch.equal(first.doors[0].table, other.doors[0].table)


def test_a_second_injector_is_refused_with_what_to_type(opened, vectors):
    with pytest.raises(ValueError, match=r"'minilm/entity' already has an injector.*kgwb.inject\(kgwb.load_bert"):
        kgwb.inject(opened, vectors)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": ()}, r"Expected one door or several different ones; type mode=\('entity', 'memory'\)"),
        ({"mode": ("entity", "entity")}, "Expected one door or several different ones"),
        (
            {"mode": ("entity", "memory"), "hops": 2},
            r"Expected a dict of options for each door; type memory=\{\.\.\.\}",
        ),
        ({"mode": "graph", "layers": (6,)}, r"layers=\(6,\) came; this BERT has layers 0 to 5\. .* Type layers=\(5,\)"),
        ({"mode": "graph", "hops": 0}, "hops"),
    ],
)
def test_wrong_options_say_what_to_type(bert, vectors, options, message):
    with pytest.raises((ValueError, TypeError), match=message):
        kgwb.inject(bert, vectors, **options)


def test_a_shuffled_door_gives_another_entity_its_vector(every, score_answers):
    """A door that reads who is named past `entities_at` would be its own control."""
    shuffled = copy.deepcopy(every)
    for door in shuffled.injector.doors:
        door.identity = door.identity.roll(1)
    readings = [kgwb.read(model, SENTENCES).hidden for model in (every, shuffled)]
    if torch.equal(*readings):  # an output door acts on answers alone
        everyone = torch.arange(len(every.injector.graph.labels))[None]
        real, exchanged = (score_answers(model, everyone) for model in (every, shuffled))
        assert real is not None and not torch.equal(real, exchanged)


def test_a_door_notes_how_far_it_stood_open(every):
    gates = kgwb.read(every, SENTENCES).gates
    acting = {door.name for door in every.injector.doors if door.touched_layers or door.touched_attention}
    assert acting <= gates.keys() <= {door.name for door in every.injector.doors}
    assert all(gates[name].max() > 0 for name in acting)


def test_a_memory_of_all_facts_counts_what_its_shuffled_control_still_states(bert, vectors):
    model = kgwb.inject(bert, vectors, mode="memory", reach="all", control="shuffled")
    [door] = model.injector.doors
    facts = vectors.graph.triples
    keyed = door.identity.argsort()[torch.from_numpy(facts[:, 0].copy())].tolist()
    stated = {(head, *fact[1:]) for head, fact in zip(keyed, facts.tolist(), strict=True)}
    assert len(stated & set(map(tuple, facts.tolist()))) <= model.injector.kept
