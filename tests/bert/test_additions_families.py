"""Additions fit every family of BERT that loads: none changes anything before it is trained, and all of each can learn."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from family_folders import MAKERS, save_family
from transformers import DistilBertConfig, DistilBertForMaskedLM, RobertaConfig, RobertaForMaskedLM
from tried_additions import ADDITIONS, open_up

import kgwb
from kgwb.bert import Addition, Bert, LoRA, Prefix, encode_sentences, extend
from kgwb.bert.families import FAMILIES, MAPS, find_layer_parts

TEXTS = ["Paris is the capital of France, says [MASK].", "北京是[MASK]。", "[MASK]!"]
BUILT = {
    "distilbert": lambda pieces: DistilBertForMaskedLM(
        DistilBertConfig(vocab_size=pieces, dim=32, n_layers=3, n_heads=2, hidden_dim=64)
    ),
    "roberta": lambda pieces: RobertaForMaskedLM(
        RobertaConfig(
            vocab_size=pieces,
            hidden_size=32,
            num_hidden_layers=3,
            num_attention_heads=2,
            intermediate_size=64,
            pad_token_id=0,
        )
    ),
}


def make_family(name: str, folder: Path, bert: Bert) -> Bert:
    if name in MAKERS:
        return kgwb.load_bert(save_family(name, folder))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BUILT[name](len(bert.tokenizer)).save_pretrained(folder)
    bert.tokenizer.save_pretrained(folder)
    return kgwb.load_bert(folder)


@pytest.fixture(scope="module", params=[*MAKERS, *BUILT])
def family(request, tmp_path_factory, bert) -> Bert:
    return make_family(request.param, tmp_path_factory.mktemp("family") / request.param, bert)


@pytest.fixture(params=list(ADDITIONS))
def addition(request) -> Addition:
    return ADDITIONS[request.param]


def encode_masked(bert: Bert, texts=TEXTS):
    return encode_sentences(bert, [text.replace("[MASK]", bert.tokenizer.mask_token) for text in texts])


def test_a_fresh_one_changes_nothing_and_all_of_it_learns(family, addition):
    model = extend(family, addition)
    one, two = kgwb.read(family, TEXTS), kgwb.read(model, TEXTS)
    assert two.hidden.equal(one.hidden) and two.attention.equal(one.attention)
    own = addition.parameters_of(model)
    optimizer, seen = torch.optim.SGD(own, lr=1.0), [torch.zeros(())] * len(own)
    for _ in range(2):
        loss = model.fill_mask(encode_masked(model)).log_softmax(-1)[:, 7].neg().mean()
        gradients = torch.autograd.grad(loss, own)
        for i, gradient in enumerate(gradients):
            own[i].grad, seen[i] = gradient, seen[i] + gradient.abs().max()
        optimizer.step()
    assert all(most > 0 for most in seen)


def test_padding_changes_nothing(family, addition):
    model = open_up(extend(family, addition))
    with torch.no_grad():
        together = model(encode_masked(model)).last_hidden_state
        for row, text in enumerate(TEXTS):
            alone = model(encode_masked(model, [text])).last_hidden_state[0]
            torch.testing.assert_close(together[row, : len(alone)], alone, atol=1e-5, rtol=1e-4)


def test_it_comes_back_to_the_bit_with_a_door(family, addition, vectors, tmp_path):
    model = open_up(extend(kgwb.inject(family, vectors, mode="relation"), addition))
    again = kgwb.load_bert(model.save(tmp_path / "model"))
    one, two = kgwb.read(model, TEXTS), kgwb.read(again, TEXTS)
    assert two.hidden.equal(one.hidden) and two.attention.equal(one.attention)
    assert not one.hidden.equal(kgwb.read(family, TEXTS).hidden)


def test_half_precision_too_keeps_a_fresh_one_shut(family, addition, tmp_path):
    half = kgwb.load_bert(family.save(tmp_path / "half")).to(torch.bfloat16)
    model = extend(half, addition)
    assert {parameter.dtype for parameter in model.additions.parameters()} == {torch.bfloat16}
    with torch.no_grad():
        plain = half(encode_masked(half)).last_hidden_state
        assert model(encode_masked(model)).last_hidden_state.equal(plain)
        assert not open_up(model)(encode_masked(model)).last_hidden_state.equal(plain)


def test_rows_sum_to_one_with_a_prefix(family):
    reading = kgwb.read(open_up(extend(family, Prefix())), TEXTS[0])
    sums = reading.attention.sum(-1) + reading.prefix.sum(-1)
    torch.testing.assert_close(sums, torch.ones_like(sums))
    assert reading.prefix.mean() > 1e-3


def test_every_map_is_a_linear_map_of_its_own_but_where_three_are_one(family):
    found = [family.stack[0].get_submodule(place) for place in find_layer_parts(family.model).maps.values()]
    assert all(isinstance(each, torch.nn.Linear) for each in found) and len(found) == len(MAPS)
    fused = family.model.config.model_type == "modernbert"
    assert len(set(found)) == (4 if fused else 6)
    pairs = extend(family, LoRA(2)).additions["lora"].layers[0]
    assert list(pairs) == (["query"] if fused else ["query", "value"])


def test_every_family_is_tried():
    assert {"bert", *BUILT} | {name for name in MAKERS if name != "bert-base-chinese"} == set(FAMILIES)
