"""Policies: what each lets learn, what it leaves as it is, and what gradient it takes."""

from __future__ import annotations

import copy

import pytest
import torch

import kgwb
from kgwb.bert import Adapter, Experts, LoRA, Prefix
from kgwb.bert.disturbing import disturb_words
from kgwb.learn import Adversarial, Extended, Full, MaskedWords, Partial, Policy, Staged, TaskBatch
from kgwb.learn.policies.noise import differentiate_noise, find_noise, measure_word
from kgwb.learn.policies.parts import PARTS, find_part, find_parts

POLICIES = [
    Full(),
    Partial(),
    Partial(("biases",)),
    Partial(("norms", "injector")),
    Partial(("layer 0", "words")),
    Staged([["injector"], ["head"], ["top"]]),
    Extended(LoRA(rank=2)),
    Extended(Adapter(width=4), parts=()),
    Extended(Prefix(length=3)),
    Extended(Experts(count=2, width=4)),
    Adversarial(size=0.3),
    Adversarial(size=0.3, steps=0),
    Adversarial(size=0.3, steps=3, weight=1.0, parts=("attention",)),
]


@pytest.fixture(scope="module")
def questions(town, sentences):
    return kgwb.make_questions(sentences, town)


@pytest.fixture
def model(small_bert, vectors):
    return kgwb.inject(small_bert, vectors, mode="memory")


def tune_with(policy, model, questions, **options):
    options = {"epochs": 1, "batch": 16, "precision": "float32", "learning_rate": 1e-3, "top_layers": 1} | options
    return list(kgwb.tune(model, kgwb.MaskedAnswers(questions), policy=policy, **options))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_what_is_free_moves_and_what_is_not_stays_to_the_bit(policy, model, questions):
    policy.attach(model, seed=0)
    before = copy.deepcopy(model)
    tune_with(policy, model, questions)
    free = {id(p) for p in find_parts(model, policy.list_parts(), top_layers=1)}
    pairs = zip(model.parameters(), before.parameters(), strict=True)
    moved = {id(p) for p, q in pairs if not torch.equal(p, q)}
    assert moved and moved <= free
    buffers = zip(model.named_buffers(), before.named_buffers(), strict=True)
    assert all(torch.equal(one, other) for (_, one), (_, other) in buffers)


def test_an_addition_is_made_once_and_goes_on_learning(model, questions):
    policy = Extended(Adapter(width=4), parts=())
    tune_with(policy, model, questions)
    after_one = [p.detach().clone() for p in policy.addition.parameters_of(model)]
    assert any(each.any() for each in after_one)
    tune_with(policy, model, questions)
    after_two = policy.addition.parameters_of(model)
    assert not all(torch.equal(p, q) for p, q in zip(after_one, after_two, strict=True))
    with pytest.raises(
        ValueError, match=r"has Adapter\(width=4, seed=0\) already, and policy=Extended\(.* came. Type policy="
    ):
        tune_with("adapter", model, questions)


@pytest.mark.parametrize("name", ["lora", "adapter", "prefix", "experts"])
def test_additions_by_name_are_less_than_a_twentieth_of_minilm(name):
    bert = kgwb.load_bert()
    steps = kgwb.tune(bert, MaskedWords(["The sea is wide.", "The sea is deep."]), policy=name, epochs=2)
    assert len(list(steps)) == 2
    added, whole = (sum(p.numel() for p in each.parameters()) for each in (bert.additions[name], bert))
    assert 0 < added < 0.05 * whole
    changes = kgwb.learn.compare_weights(kgwb.load_bert(), bert).groupby("kind")["changed"].sum()
    assert changes["added"] > 0 and changes.drop(["added", "other", "norms"]).sum() == 0, (
        "the head alone moves beside it"
    )


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_one_seed_gives_one_result(policy, small_bert, vectors, questions):
    models = [kgwb.inject(small_bert, vectors) for _ in range(2)]
    runs = [[step.loss for step in tune_with(policy, each, questions, dropout=True)] for each in models]
    assert runs[0] == runs[1]
    assert all(torch.equal(p, q) for p, q in zip(models[0].parameters(), models[1].parameters(), strict=True))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("mode", ["memory", "relation", "pointer", "tower"])
def test_in_16_bits_and_with_layers_computed_twice_it_learns_the_same(policy, mode, small_bert, vectors, questions):
    """Numbers of two formats meet in the attention of doors and additions; a twin of a twin has its own weights."""
    runs = []
    for recompute in (False, True):
        model = kgwb.inject(small_bert, vectors, mode=mode)
        runs.append(tune_with(policy, model, questions, precision="bfloat16", recompute=recompute))
    assert [step.loss for step in runs[0]] == [step.loss for step in runs[1]]


def test_a_policy_of_ones_own(model, questions):
    class OnlyWords(Policy):
        def list_parts(self):
            return ("words",)

    before = copy.deepcopy(model)
    tune_with(OnlyWords(), model, questions)
    assert not torch.equal(model.words.weight, before.words.weight)
    assert torch.equal(model.stack[0].output.dense.weight, before.stack[0].output.dense.weight)


def test_a_schedule_thaws_part_after_part(model, questions):
    policy = Staged([["injector"], ["head"], ["layer 1"]], starts=[1, 3, 5])
    parts = {name: find_part(model, name) for name in ("injector", "head", "layer 1", "layer 0")}
    seen = {name: [p.detach().clone() for p in params] for name, params in parts.items()}
    moved = []
    options = {"epochs": 2, "batch": 16, "precision": "float32", "learning_rate": 1e-3}
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(questions), policy=policy, **options):
        same = {name: all(map(torch.equal, params, seen[name])) for name, params in parts.items()}
        moved.append({name for name in parts if not same[name]})
    assert moved[:2] == [{"injector"}] * 2 and moved[2:4] == [{"injector", "head"}] * 2
    assert all(each == {"injector", "head", "layer 1"} for each in moved[4:])


@pytest.mark.parametrize("total", [3, 7, 100])
def test_stages_without_starts_take_equally_long(total):
    starts = Staged().list_starts(total)
    assert starts == tuple(1 + i * total // 3 for i in range(3))


def test_a_schedule_longer_than_the_training(model, questions):
    said = r"schedule of 2 stages is longer than the training: it begins its last stage with step 40, and there are 5"
    with pytest.raises(ValueError, match=said):
        tune_with(Staged([["head"], ["all"]], starts=[1, 40]), model, questions)
    with pytest.raises(ValueError, match=r"schedule of 3 stages is longer than the training"):
        Staged().expect_steps(2)


def test_what_staged_asks_for():
    with pytest.raises(
        ValueError, match=r"starts=\[2, 5, 9\] came for 3 stages. Expected a step for each, the first 1"
    ):
        Staged(starts=[2, 5, 9])
    with pytest.raises(ValueError, match=r"of which one thaws nothing"):
        Staged([["head"], []])


def test_a_policy_that_leaves_nothing_to_learn(small_bert, questions):
    with pytest.raises(ValueError, match=r"parts=\(\) came, so nothing would learn"):
        Partial(())
    with pytest.raises(
        ValueError, match=r"policy=Partial\(parts=\('injector',\)\) leaves nothing to learn: this model has no"
    ):
        tune_with(Partial(("injector",)), copy.deepcopy(small_bert), questions)


def test_a_part_there_is_not(model, questions):
    with pytest.raises(
        ValueError, match=r"The part 'layer 7' came. This BERT has 'all', .* and 'layer 0' to 'layer 1'; type policy="
    ):
        tune_with(Partial(("layer 7",)), model, questions)


def test_the_parts_of_the_layers_are_all_of_them(small_bert):
    blocks = [id(p) for part in ("attention", "feed-forward") for p in find_part(small_bert, part)]
    assert sorted(blocks) == sorted(id(p) for p in small_bert.stack.parameters())
    whole = {id(p) for part in ("head", "embeddings", "layer 0", "layer 1") for p in find_part(small_bert, part)}
    assert whole == {id(p) for p in find_part(small_bert, "all")}
    assert all(find_part(small_bert, part) for part in PARTS if part != "injector")


def test_numbers_an_adversary_cannot_have():
    for options, text in (
        ({"size": 0}, "size=0 came. It must be a number above 0; type size=0.2"),
        ({"steps": -1}, "steps=-1 came"),
        ({"weight": 2}, "weight=2 came. It must be a share from 0 to 1"),
    ):
        with pytest.raises(ValueError, match=text):
            Adversarial(**options)


@pytest.fixture
def batch(small_bert, questions):
    exact = copy.deepcopy(small_bert).double()
    return exact, TaskBatch(kgwb.MaskedAnswers(questions).prepare(exact), range(6), seed=1)


def test_the_gradient_for_the_noise_is_that_of_finite_differences(batch):
    exact, given = batch
    _, _, noise, gradients = differentiate_noise(given.loss, exact, None)
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(noise.added[0].shape, generator=generator, dtype=torch.float64)
    either = [
        given.loss(disturb_words(exact, lambda words, _, move=move: words + move * direction)).item()
        for move in (1e-5, -1e-5)
    ]
    assert (gradients[0] * direction).sum().item() == pytest.approx((either[0] - either[1]) / 2e-5, rel=1e-6)


@pytest.mark.parametrize("policy", [Adversarial(size=0.3), Adversarial(size=0.3, steps=3, weight=0.7)], ids=repr)
def test_the_gradient_of_an_adversarial_step_is_that_of_its_formula(policy, batch):
    exact, given = batch
    weight = exact.stack[1].output.dense.weight
    _, [found] = policy.differentiate(given, exact, [weight])
    noise = find_noise(given.loss, exact, size=policy.size, steps=policy.steps, rate=policy.step)

    def loss():
        disturbed = given.loss(disturb_words(exact, lambda words, _: words + noise[0]))
        return ((1 - policy.weight) * given.loss(exact) + policy.weight * disturbed).item()

    direction = torch.randn(weight.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    either = []
    for sign in (1, -1):
        with torch.no_grad():
            weight += sign * 1e-5 * direction
        either.append(loss())
        with torch.no_grad():
            weight -= sign * 1e-5 * direction
    assert (found * direction).sum().item() == pytest.approx((either[0] - either[1]) / 2e-5, rel=1e-5)


@pytest.mark.parametrize("steps", [1, 3])
def test_noise_stays_in_its_ball_and_off_the_padding_and_hurts_more_than_drawn_noise(small_bert, sentences, steps):
    task = MaskedWords([*sentences[:6], "vorap works as Baker and malap as Miller, so they say."]).prepare(small_bert)
    given = TaskBatch(task, range(7), seed=1)
    size = 0.4
    [noise] = find_noise(given.loss, small_bert, size=size, steps=steps, rate=1.0 if steps == 1 else 0.5)
    lengths = noise.norm(dim=-1)
    assert lengths.max() <= size * measure_word(small_bert) * (1 + 1e-5)
    assert not lengths[~task.encoding.is_token].any() and lengths[task.encoding.is_token].min() > 0
    drawn = torch.randn(noise.shape, generator=torch.Generator().manual_seed(0))
    drawn = drawn * (lengths[..., None] / drawn.norm(dim=-1, keepdim=True))

    def measure(added):
        return given.loss(disturb_words(small_bert, lambda words, _: words + added)).item()

    assert measure(noise) > measure(torch.zeros_like(noise)) and measure(noise) > measure(drawn)


def test_a_batch_asked_twice_draws_the_same_and_goes_on_afterwards(small_bert, sentences):
    task = MaskedWords(sentences[:8]).prepare(small_bert)
    first, second = (TaskBatch(task, range(8), seed=2) for _ in range(2))
    assert first.loss(small_bert) == first.loss(small_bert)
    assert second.loss(small_bert) != first.loss(small_bert)
