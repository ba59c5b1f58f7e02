"""What additions compute is what their equations say, and what a reading shows of them is what was computed."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.nn.functional import gelu
from tried_additions import open_up

import kgwb
from kgwb.bert import Adapter, Experts, LoRA, Prefix, extend, measure_heads, roll_out
from kgwb.bert.columns import Column, join_columns, list_columns
from kgwb.bert.prefix_attention import PrefixAttention

TEXTS = ["Quorrin Vath was born in New York, not in York, and Lyon is far.", "Paris."]


def compute_parts(model, module, text=TEXTS[0]):
    """What a module of a model took and gave."""
    seen = []
    handle = module.register_forward_hook(lambda module, given, output: seen.append((given[0], output)))
    kgwb.read(model, text)
    handle.remove()
    return seen[0]


def test_lora_adds_a_product_of_low_rank(bert):
    model = open_up(extend(bert, LoRA(4, 6, targets=["key"])))
    pair, adapted = model.additions["lora"].layers[2]["key"], model.stack[2].attention.self.key
    given, output = compute_parts(model, adapted)
    change = given @ pair["A"].weight.T @ pair["B"].weight.T
    plain = bert.stack[2].attention.self.key
    torch.testing.assert_close(output, given @ plain.weight.T + plain.bias + 6 / 4 * change)
    assert change.abs().max() > 0.01 and type(model.stack[2].attention.self.query) is torch.nn.Linear


@pytest.mark.parametrize(("part", "place"), [("attention", "attention.output"), ("feed_forward", "output")])
def test_an_adapter_stands_before_the_residual_is_added(bert, part, place):
    model = open_up(extend(bert, Adapter(5)))
    own, output = model.additions["adapter"].layers[1][part], model.stack[1].get_submodule(place)
    given, passed = compute_parts(model, output.dropout)
    torch.testing.assert_close(passed, given + gelu(given @ own.down.T) @ own.up.T)
    assert (passed - given).abs().max() > 0.01
    seen = []
    handle = output.register_forward_hook(lambda module, given, output: seen.append((given[1], output)))
    kgwb.read(model, TEXTS[0])
    handle.remove()
    (residual, left), norm = seen[0], output.LayerNorm
    torch.testing.assert_close(left, norm(passed + residual))


def test_a_prefix_and_words_share_one_softmax():
    draw = torch.Generator().manual_seed(0)
    prefix = PrefixAttention(0, 3, 2, 4, draw).double()
    with torch.no_grad():
        prefix.alpha += torch.tensor([0.7, -1.4])
    query, values = torch.randn(2, 5, 2, 7, 4, generator=draw, dtype=torch.float64)[:, 0].unflatten(0, (2, 1))
    scores = 3 * torch.randn(1, 2, 7, 7, generator=draw, dtype=torch.float64)
    found = prefix.read(query, scores, scores.softmax(-1) @ values)
    own = torch.tanh(prefix.alpha.abs())[:, None, None] * (query @ prefix.keys.transpose(1, 2) / 2).exp()
    both = torch.cat([scores.exp(), own], -1)
    both = both / both.sum(-1, keepdim=True)
    torch.testing.assert_close(scores.softmax(-1) * found.kept, both[..., :7])
    torch.testing.assert_close(found.weights, both[..., 7:])
    torch.testing.assert_close(found.output, both[..., :7] @ values + both[..., 7:] @ prefix.values)
    whole = scores.exp().sum(-1) + own.sum(-1)
    torch.testing.assert_close(found.scores.exp().sum(-1), whole)
    torch.testing.assert_close(found.scores.softmax(-1), scores.softmax(-1))


def test_a_prefix_that_takes_all_or_nothing_has_finite_gradients():
    prefix = PrefixAttention(0, 3, 2, 4, torch.Generator().manual_seed(0))
    with torch.no_grad():
        prefix.alpha += 20
    query = torch.ones(1, 2, 1, 4)
    for score in (-1e4, 1e4):
        scores = torch.full((1, 2, 1, 5), score)
        found = prefix.read(query, scores, torch.ones(1, 2, 1, 4))
        total = found.output.sum() + found.scores.sum() + found.weights.sum()
        assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(total, prefix.parameters()))


def test_rows_sum_to_one_with_every_door(every):
    model = open_up(extend(every, Prefix(length=3)))
    reading = kgwb.read(model, TEXTS)
    assert reading.prefix.shape == (2, 6, 12, max(reading.lengths), 3)
    for sentence, length in enumerate(reading.lengths):
        columns, joined = list_columns(reading, sentence), join_columns(reading, sentence)
        torch.testing.assert_close(torch.from_numpy(joined.sum(-1)), torch.ones(6, 12, length), atol=1e-5, rtol=0)
        assert Column("prefix") in columns and Column("rest") not in columns
        shown = torch.from_numpy(joined[..., length + columns.index(Column("prefix"))])
        torch.testing.assert_close(shown, reading.prefix[sentence, :, :, :length].sum(-1))
        assert (shown.mean((1, 2)) > 1e-3).all()
    assert not reading.prefix[1, :, :, reading.lengths[1] :].any()


def test_a_memory_and_a_prefix_take_from_words_alike(bert, vectors, set_gates):
    """In one softmax the ratio of two shares does not depend on a third."""
    door = set_gates(kgwb.inject(bert, vectors, mode="memory", layers=(0,)), 0.5)
    both = open_up(extend(door, Prefix()))
    ratios = []
    for model in (door, both):
        reading = kgwb.read(model, TEXTS[0])
        ratios.append(reading.slots[0, 0].sum(-1) / reading.attention[0, 0].sum(-1))
    torch.testing.assert_close(ratios[0], ratios[1])
    with both.injector.off():
        alone = kgwb.read(both, TEXTS[0])
    beside = kgwb.read(both, TEXTS[0])
    one, two = (each.prefix[0, 0].sum(-1) / each.attention[0, 0].sum(-1) for each in (alone, beside))
    torch.testing.assert_close(one, two)
    assert (alone.prefix[0, 0] >= beside.prefix[0, 0]).all() and alone.prefix[0, 0].sum() > beside.prefix[0, 0].sum()


def test_heads_are_measured_with_the_prefix_in_their_rows(bert):
    model = open_up(extend(bert, Prefix()))
    reading, habits = kgwb.read(model, TEXTS[0]), measure_heads(model, TEXTS[:1])
    rows = torch.cat([reading.attention[0], reading.prefix[0]], -1)[:, :, 1:-1]  # of words that are not special
    bits = -(rows * rows.log2()).sum(-1).mean(-1)
    frame = habits.frame
    torch.testing.assert_close(torch.tensor(frame["entropy"].tolist()).reshape(6, 12), bits)
    assert (frame["injected"] == 0).all() and bits.mean() > 0.5
    rolled = roll_out(reading)
    assert rolled.shape[-1] == reading.lengths[0] + 1
    assert abs(rolled.sum(-1) - 1).max() < 1e-6 and rolled[-1, :, -1].min() > 0.01


def test_the_caption_of_a_view_names_the_prefix(bert):
    model = open_up(extend(bert, Prefix()))
    view = kgwb.show_attention(kgwb.read(bert, TEXTS[1]), kgwb.read(model, TEXTS[1]))
    assert "to the learned prefix" in view.picture and "minilm/prefix goes to the learned prefix" in view.caption


def test_the_sentence_chooses_its_experts(bert):
    fresh = extend(bert, Experts(count=3))
    third = torch.full((2, 6, 3), 1 / 3)
    torch.testing.assert_close(kgwb.read(fresh, TEXTS).experts, third)
    assert kgwb.read(bert, TEXTS).experts is None and kgwb.read(bert, TEXTS).prefix is None
    model = open_up(copy.deepcopy(fresh))
    reading = kgwb.read(model, TEXTS)
    for sentence, length in enumerate(reading.lengths):
        for layer, added in enumerate(model.additions["experts"].layers):
            mean = reading.hidden[sentence, layer, :length].mean(0)
            torch.testing.assert_close(reading.experts[sentence, layer], (added.gate @ mean / 384**0.5).softmax(-1))
    assert not torch.allclose(reading.experts[0], reading.experts[1], atol=1e-3)


def test_experts_are_adapters_in_their_shares(bert):
    model = open_up(extend(bert, Experts(count=2, width=3)))
    reading, own = kgwb.read(model, TEXTS[0]), model.additions["experts"].layers[5]
    given, left = compute_parts(model, model.stack[5])
    gates = reading.experts[0, 5]
    plain = bert.stack[5](given)
    plain = plain[0] if isinstance(plain, tuple) else plain
    parts = [gate * gelu(plain @ down.T) @ up.T for gate, down, up in zip(gates, own.down, own.up, strict=True)]
    torch.testing.assert_close(left[0] if isinstance(left, tuple) else left, plain + sum(parts), atol=1e-4, rtol=1e-4)
