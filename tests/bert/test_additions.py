"""Laws of all additions: nothing changes before training, only what was added learns, and a sentence stands for itself."""

from __future__ import annotations

import copy
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from family_folders import save_family
from tried_additions import ADDITIONS, open_up

import kgwb
from kgwb.bert import Adapter, Addition, Bert, LoRA, count_parameters, encode_sentences, extend
from kgwb.bert.added import list_base_weights
from kgwb.bert.model import share_weights

TEXTS = ["Paris is the capital of [MASK].", "Quorrin Vath was born in New York, and not in [MASK].", "[MASK]!"]


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Bert:
    return kgwb.load_bert(save_family("bert-base-chinese", tmp_path_factory.mktemp("small") / "bert"))


@pytest.fixture(params=["minilm", "small"])
def plain(request, bert, small) -> Bert:
    return bert if request.param == "minilm" else small


@pytest.fixture(params=list(ADDITIONS))
def addition(request) -> Addition:
    return ADDITIONS[request.param]


def encode_masked(bert, texts=TEXTS):
    return encode_sentences(bert, texts)


def take_step(model: Bert, addition: Addition, optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """One step on the added weights alone, and their gradients."""
    own = addition.parameters_of(model)
    loss = model.fill_mask(encode_masked(model)).log_softmax(-1)[:, 7].neg().mean()
    gradients = torch.autograd.grad(loss, own)
    for parameter, gradient in zip(own, gradients, strict=True):
        parameter.grad = gradient
    optimizer.step()
    return list(gradients)


def test_a_fresh_one_changes_nothing_to_the_bit(plain, addition):
    model = extend(plain, addition)
    one, two = kgwb.read(plain, TEXTS), kgwb.read(model, TEXTS)
    assert two.hidden.equal(one.hidden) and two.attention.equal(one.attention)
    assert two.name == f"{plain.name}/{addition.name}"
    with torch.no_grad():
        assert model.fill_mask(encode_masked(model)).equal(plain.fill_mask(encode_masked(plain)))
    assert not plain.additions


@pytest.mark.parametrize(
    "closed",
    ["entity, everywhere", "relation", "graph", "a vector beside, and memory", "memory and pointer"],
    indirect=True,
)
def test_neither_does_it_behind_a_door(every, addition):
    model = extend(every, addition)
    one, two = kgwb.read(every, TEXTS), kgwb.read(model, TEXTS)
    assert two.hidden.equal(one.hidden) and two.attention.equal(one.attention)


def test_only_what_was_added_learns_and_all_of_it_does(plain, addition):
    model = extend(plain, addition)
    before = {name: tensor.clone() for name, tensor in list_base_weights(model.model, model.additions).items()}
    optimizer = torch.optim.SGD(addition.parameters_of(model), lr=0.5)
    first, second = (take_step(model, addition, optimizer) for _ in range(2))
    for name, one, two in zip(model.additions.state_dict(), first, second, strict=True):
        assert one.any() or two.any(), name
    assert not kgwb.read(model, TEXTS).hidden.equal(kgwb.read(plain, TEXTS).hidden)
    after = list_base_weights(model.model, model.additions)
    assert before.keys() == after.keys() == plain.model.state_dict().keys()
    for name, tensor in plain.model.state_dict().items():
        assert tensor.equal(after[name]) and tensor.equal(before[name]), name


def test_what_asked_for_a_gradient_still_does(small, addition):
    frozen = copy.deepcopy(small)
    frozen.words.weight.requires_grad_(False)
    model = extend(frozen, addition)
    asks = {name: p.requires_grad for name, p in frozen.model.named_parameters()}
    now = {name.replace(".base_layer.", "."): p.requires_grad for name, p in model.model.named_parameters()}
    assert {name: now[name] for name in asks} == asks and not all(asks.values())
    assert all(parameter.requires_grad for parameter in addition.parameters_of(model))


def test_few_weights_learn(bert, addition):
    model = extend(bert, addition)
    whole = sum(parameter.numel() for parameter in model.parameters())
    own = sum(parameter.numel() for parameter in addition.parameters_of(model))
    assert whole - own == sum(parameter.numel() for parameter in bert.parameters())
    assert 0 < own / whole < 0.05


def test_neither_padding_nor_batch_mates_change_a_result(plain, addition):
    model = open_up(extend(plain, addition))
    with torch.no_grad():
        together = model(encode_masked(model)).last_hidden_state
        for row, text in enumerate(TEXTS):
            alone = model(encode_masked(model, [text])).last_hidden_state[0]
            torch.testing.assert_close(together[row, : len(alone)], alone, atol=1e-5, rtol=1e-4)
    one, two = kgwb.read(model, TEXTS), kgwb.read(model, TEXTS[1])
    assert one.hidden[1, :, : two.hidden.shape[2]].equal(two.hidden[0])


def test_a_copy_is_a_model_of_its_own(small, addition):
    model = open_up(extend(small, addition))
    copied = copy.deepcopy(model)
    before = kgwb.read(copied, TEXTS).hidden
    assert before.equal(kgwb.read(model, TEXTS).hidden)
    with torch.no_grad():
        for parameter in addition.parameters_of(model):
            parameter.mul_(2)
    assert kgwb.read(copied, TEXTS).hidden.equal(before)
    assert not kgwb.read(model, TEXTS).hidden.equal(before)


def test_a_twin_in_training_mode_trains_the_same_weights(small, addition):
    model = open_up(extend(small, addition))
    assert all(not module.training for module in model.modules()) and model.in_mode(training=False) is model
    twin = model.in_mode(training=True)
    own, theirs = addition.parameters_of(model), addition.parameters_of(twin)
    assert all(one is other for one, other in zip(own, theirs, strict=True))
    gradients = torch.autograd.grad(twin.fill_mask(encode_masked(twin)).square().mean(), own)
    assert all(gradient.any() for gradient in gradients)
    # A call of the twin with other weights in their places must not find the model's own.
    names = {id(parameter): name for name, parameter in twin.named_parameters()}
    zeros = {names[id(parameter)]: torch.zeros_like(parameter) for parameter in theirs}
    calm = share_weights(model, training=False)
    with torch.no_grad():
        emptied = torch.func.functional_call(calm, zeros, (encode_masked(calm),), tie_weights=True)
        plain = small(encode_masked(small))
    assert emptied.last_hidden_state.equal(plain.last_hidden_state)


def test_eight_threads_give_what_one_gives_to_the_bit(small, addition):
    model = open_up(extend(small, addition))
    alone = [kgwb.read(model, TEXTS[turn % 3]).hidden for turn in range(8)]
    together = threading.Barrier(8)

    def work(turn: int) -> torch.Tensor:
        together.wait()
        return kgwb.read(model, TEXTS[turn % 3]).hidden

    with ThreadPoolExecutor(8) as pool:
        assert all(one.equal(other) for one, other in zip(pool.map(work, range(8)), alone, strict=True))


def test_gradients_are_those_of_differences(small, addition):
    model = open_up(extend(small, addition)).double()
    names = [name for name, _ in model.additions.named_parameters()]
    encoding = encode_masked(model, ["paris [MASK]", "[MASK]"])

    def compute(*weights: torch.Tensor) -> torch.Tensor:
        given = {f"additions.{name}": weight for name, weight in zip(names, weights, strict=True)}
        return torch.func.functional_call(model, given, (encoding,), tie_weights=True).last_hidden_state

    own = tuple(parameter.detach().clone().requires_grad_() for parameter in model.additions.parameters())
    assert all(weight.dtype == torch.float64 for weight in own)
    assert torch.autograd.gradcheck(compute, own, fast_mode=True)


def test_all_act_together_in_whatever_order(small):
    kinds = [ADDITIONS[name] for name in ("lora, everywhere", "adapter", "prefix", "experts")]
    models = []
    for order in (kinds, kinds[::-1]):
        model = small
        for each in order:
            model = extend(model, each)
        for each in kinds:
            with torch.no_grad():
                for i, parameter in enumerate(each.parameters_of(model)):
                    parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(i)))
        models.append(model)
    one, two = (kgwb.read(model, TEXTS) for model in models)
    assert one.hidden.equal(two.hidden) and not one.hidden.equal(kgwb.read(small, TEXTS).hidden)


def test_parts_are_counted_once(bert):
    model = extend(extend(bert, LoRA()), Adapter())
    counts = count_parameters(model).set_index("part")
    assert counts.parameters.sum() == sum(parameter.numel() for parameter in model.parameters())
    plain = count_parameters(bert).set_index("part")
    assert counts.parameters[:-2].equals(plain.parameters) and list(counts.index[-2:]) == ["lora", "adapter"]
    assert counts.parameters["words"] == 30522 * 384 and counts.parameters["adapter"] == 6 * 2 * 2 * 16 * 384
    assert counts.share.sum() == pytest.approx(1) and counts.learning.equals(counts.parameters)
    model.words.weight.requires_grad_(False)
    assert count_parameters(model).learning[0] == 0


def test_the_model_says_what_was_added(bert):
    model = extend(bert, Adapter(width=8))
    assert "additions=['adapter']" in repr(model) and "additions=" not in repr(bert)
    assert repr(model.additions["adapter"]) == "Adapter(width=8, seed=0), 73,728 parameters"


def test_peft_is_loaded_with_the_first_lora_only():
    code = "import sys, kgwb, kgwb.bert; assert 'peft' not in sys.modules; kgwb.bert.LoRA(); assert 'peft' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
