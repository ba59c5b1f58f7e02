"""Meta-learning: its gradients are those of the papers, and the model's own weights stay as they are."""

from __future__ import annotations

import copy
import re
import threading

import pandas as pd
import pytest
import torch
from test_episodes import WORDS, write_texts

import kgwb
from kgwb.bert import Bert
from kgwb.bert.recomputing import recompute_layers
from kgwb.learn import Episodes, MaskedWords, Meta, RelationClasses, TaskBatch, TextClasses
from kgwb.learn.few_shot.adaptation import adapt_to_episode, swap_weights
from kgwb.learn.few_shot.episodes import PreparedEpisodes, measure_loss
from kgwb.learn.policies.parts import find_parts

ROW = 1


@pytest.fixture
def exact(bert: Bert) -> Bert:
    """A model of float64, with weights large enough for steps to bend."""
    for parameter in bert.parameters():
        parameter.data.mul_(3)
    return bert.double()


@pytest.fixture
def episodes(exact: Bert) -> PreparedEpisodes:
    frame = write_texts(WORDS[:3], 6)
    return Episodes(TextClasses(frame), 3, shots=2, queries=3, count=4, scale=2.0).prepare(exact)


def free(bert: Bert) -> list[torch.nn.Parameter]:
    return find_parts(bert, ("top",), top_layers=1)


def measure_queries(bert: Bert, episodes: PreparedEpisodes, policy: Meta) -> torch.Tensor:
    """The queries' loss after the steps, from the weights as they are now."""
    adapted = adapt_to_episode(
        bert, episodes, ROW, trained=free(bert), steps=policy.inner_steps, rate=policy.inner_rate
    )
    return measure_loss(adapted.score(episodes, episodes.queries[ROW])).detach()


def measure_slopes(trained, gradients, measure, *, step: float = 1e-6) -> list[tuple[float, float]]:
    """Central difference and gradient, of some weights: in the gradient's direction, and at its largest entry."""
    pairs = []
    for parameter, gradient in list(zip(trained, gradients, strict=True))[::3]:
        largest = torch.zeros_like(gradient)
        largest.view(-1)[gradient.abs().argmax()] = 1
        for direction in (gradient / gradient.norm().clamp(min=1e-12), largest):
            kept = parameter.detach().clone()
            ends = []
            for way in (step, -step):
                parameter.data.copy_(kept + way * direction)
                ends.append(float(measure()))
            parameter.data.copy_(kept)
            pairs.append(((ends[0] - ends[1]) / (2 * step), float((gradient * direction).sum())))
    return pairs


def test_second_order_is_the_gradient_of_what_adapting_leads_to(exact, episodes):
    policy = Meta(inner_steps=3, inner_rate=0.3, second_order=True)
    trained = free(exact)
    loss, gradients = policy.differentiate(TaskBatch(episodes, [ROW], 0), exact, trained)

    def measure() -> torch.Tensor:
        return measure_queries(exact, episodes, policy)

    assert float(loss) == pytest.approx(float(measure()), rel=1e-12)
    for slope, gradient in measure_slopes(trained, gradients, measure):
        assert slope == pytest.approx(gradient, rel=1e-5, abs=1e-8)
    _, first = Meta(inner_steps=3, inner_rate=0.3).differentiate(TaskBatch(episodes, [ROW], 0), exact, trained)
    gap = max(
        float((one - other).norm() / other.norm())
        for one, other in zip(first, gradients, strict=True)
        if other.norm() > 1e-6
    )
    assert gap > 1e-3, "the second order would be worth nothing here"


def test_first_order_is_the_gradient_with_the_steps_held_constant(exact, episodes):
    policy = Meta(inner_steps=3, inner_rate=0.3)
    trained = free(exact)
    _, gradients = policy.differentiate(TaskBatch(episodes, [ROW], 0), exact, trained)
    adapted = adapt_to_episode(exact, episodes, ROW, trained=trained, steps=3, rate=0.3)
    begun = adapt_to_episode(exact, episodes, ROW, trained=trained, steps=0, rate=0.3)
    added = [(one - other).detach() for one, other in zip(adapted.weights, begun.weights, strict=True)]
    added_head = [(one - other).detach() for one, other in zip(adapted.head, begun.head, strict=True)]

    def measure() -> torch.Tensor:
        start = adapt_to_episode(exact, episodes, ROW, trained=trained, steps=0, rate=0.3)
        moved = swap_weights(exact, trained, [one + by for one, by in zip(trained, added, strict=True)])
        weight, bias = (one + by for one, by in zip(start.head, added_head, strict=True))
        states = episodes.look(moved, episodes.queries[ROW])
        return measure_loss(states @ weight.T + bias).detach()

    for slope, gradient in measure_slopes(trained, gradients, measure):
        assert slope == pytest.approx(gradient, rel=1e-5, abs=1e-8)


def test_without_a_step_worth_the_name_maml_is_the_prototypical_network(exact, episodes):
    trained = free(exact)
    batch = TaskBatch(episodes, [0, 2], 0)
    loss, gradients = Meta(inner_steps=2, inner_rate=1e-13).differentiate(batch, exact, trained)
    plain = torch.autograd.grad(episodes.loss(exact, [0, 2]), trained)
    assert float(loss) == pytest.approx(float(episodes.loss(exact, [0, 2]).detach()))
    for one, other in zip(gradients, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-10)


def test_reptile_is_the_way_from_the_adapted_weights_back_a_step_at_a_time(exact, episodes):
    trained = free(exact)
    loss, gradients = Meta("reptile", inner_steps=1, inner_rate=0.1).differentiate(
        TaskBatch(episodes, [ROW], 0), exact, trained
    )
    begun = adapt_to_episode(exact, episodes, ROW, trained=trained, steps=0, rate=1.0)
    texts = torch.cat([episodes.supports[ROW], episodes.queries[ROW]], dim=1)
    weight, bias = (each.detach() for each in begun.head)
    own = measure_loss(episodes.look(exact, texts) @ weight.T + bias)
    assert float(loss) == pytest.approx(float(own.detach()))
    for one, other in zip(gradients, torch.autograd.grad(own, trained), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-10)
    _, far = Meta("reptile", inner_steps=4, inner_rate=0.1).differentiate(TaskBatch(episodes, [ROW], 0), exact, trained)
    assert any(not torch.allclose(one, other, rtol=1e-3) for one, other in zip(far, gradients, strict=True))


POLICIES = [Meta(inner_steps=2), Meta("reptile", inner_steps=2), Meta(inner_steps=2, second_order=True)]


@pytest.mark.parametrize("policy", POLICIES, ids=["maml", "reptile", "second order"])
def test_the_models_own_weights_are_written_by_nobody(bert, policy):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=3).prepare(bert)
    held = {name: (one, one._version) for name, one in bert.named_parameters()}
    modules = [(module, dict(module._parameters)) for module in bert.modules()]
    kept = copy.deepcopy(bert.state_dict())
    policy.differentiate(TaskBatch(prepared, [0, 1], 0), bert, find_parts(bert, ("all",)))
    assert all(one is held[name][0] and one._version == held[name][1] for name, one in bert.named_parameters())
    assert all(module._parameters == before for module, before in modules)
    assert all(torch.equal(value, kept[name]) for name, value in bert.state_dict().items())
    assert all(one.grad is None for one in bert.parameters())


def test_another_thread_reads_the_model_as_it_is(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=8).prepare(bert)
    encoding = kgwb.bert.encode_sentences(bert, ["old river stone"])
    with torch.no_grad():
        before = bert(encoding).last_hidden_state
    seen, done = [], threading.Event()

    def read() -> None:
        with torch.no_grad():
            while not done.is_set() or not seen:
                seen.append(torch.equal(bert(encoding).last_hidden_state, before))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        Meta(inner_steps=3, inner_rate=0.5).differentiate(
            TaskBatch(prepared, list(range(8)), 0), bert, find_parts(bert, ("all",))
        )
    finally:
        done.set()
        reader.join()
    assert len(seen) > 1 and all(seen)


def test_the_same_batch_gives_the_same_and_draws_nothing_from_outside(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=3).prepare(bert)
    for module in bert.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.3
    noisy, trained = bert.in_mode(True), free(bert)
    state = torch.random.get_rng_state()
    one, other, third = (
        Meta(inner_steps=2).differentiate(TaskBatch(prepared, [0, 1], seed), noisy, trained) for seed in (5, 5, 6)
    )
    assert torch.equal(torch.random.get_rng_state(), state)
    assert torch.equal(one[0], other[0]) and not torch.equal(one[0], third[0])
    assert all(torch.equal(a, b) for a, b in zip(one[1], other[1], strict=True))


def test_doors_adapt_with_the_model(bert, vectors, town, sentences):
    rows = [
        (one, *[(mention.start, mention.end) for mention in one.mentions], town.labels[one.triple[2]])
        for one in sentences
    ]
    frame = pd.DataFrame(rows, columns=["text", "head", "tail", "label"])
    model = kgwb.inject(bert, vectors, mode="entity")
    prepared = Episodes(RelationClasses(frame), 2, queries=3, count=2).prepare(model)
    trained = find_parts(model, ("injector",))
    _, gradients = Meta(inner_steps=2, inner_rate=1.0).differentiate(TaskBatch(prepared, [0, 1], 0), model, trained)
    assert any(each is not None and bool(each.any()) for each in gradients)


def test_what_adapting_leads_to_gets_better(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS, 8)), 5, queries=3, count=3).prepare(bert)
    for policy in (Meta(inner_steps=2, inner_rate=0.05), Meta("reptile", inner_steps=2, inner_rate=0.05)):
        model = copy.deepcopy(bert)
        trained = find_parts(model, ("all",))
        optimizer = torch.optim.AdamW(trained, lr=3e-3)
        losses = []
        for step in range(9):
            batch = TaskBatch(prepared, [0, 1, 2], step)
            loss, gradients = policy.differentiate(batch, model, trained)
            for parameter, gradient in zip(trained, gradients, strict=True):
                parameter.grad = gradient
            optimizer.step()
            losses.append(float(loss))
        assert losses[-1] < 0.7 * losses[0], policy


def test_a_task_without_episodes_is_refused_with_what_to_type(bert):
    prepared = MaskedWords(["The sea is wide."]).prepare(bert)
    said = "policy='maml' learns from episodes, and a "
    with pytest.raises(TypeError, match=re.escape(said)) as problem:
        Meta().differentiate(TaskBatch(prepared, [0], 0), bert, free(bert))
    assert "kgwb.tune(model, kgwb.learn.Episodes(kgwb.learn.TextClasses(frame), 5), policy=kgwb.learn.Meta())" in str(
        problem.value
    )


def test_what_the_loss_does_not_depend_on_has_no_gradient(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=2).prepare(bert)
    trained = find_parts(bert, ("top", "head"), top_layers=1)
    unused = {id(one) for one in find_parts(bert, ("head",))}
    for policy in (Meta(inner_steps=1), Meta("reptile", inner_steps=1)):
        _, gradients = policy.differentiate(TaskBatch(prepared, [0, 1], 0), bert, trained)
        assert {id(one) for one, gradient in zip(trained, gradients, strict=True) if gradient is None} == unused


def test_a_layer_that_would_go_on_with_its_old_weights_is_refused(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=2).prepare(bert)
    vars(bert.stack[0])["forward"] = bert.stack[0].forward
    said = (
        "A BertLayer of 'small' has a forward of its own, which would go on with the weights that it began with. Type "
    )
    with pytest.raises(ValueError, match=re.escape(said + "kgwb.tune(..., recompute=False), or del layer.forward.")):
        Meta().differentiate(TaskBatch(prepared, [0], 0), bert, free(bert))


@pytest.mark.parametrize("policy", [Meta(), Meta("reptile"), Meta(second_order=True)], ids=repr)
def test_layers_that_are_computed_twice_adapt_as_others_do(bert, policy):
    batch = TaskBatch(Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=2).prepare(bert), [0, 1], 0)
    trained = free(bert)
    found = [policy.differentiate(batch, each, trained) for each in (bert, recompute_layers(bert))]
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        assert (one is None and other is None) or torch.equal(one, other)


def test_attention_that_has_no_second_derivative_is_refused(bert):
    prepared = Episodes(TextClasses(write_texts(WORDS[:3], 6)), 3, count=2).prepare(bert)
    bert.model.set_attn_implementation("sdpa")
    said = "second_order=True came, and the attention of 'small' is 'sdpa', which cannot be differentiated twice. Type "
    with pytest.raises(ValueError, match=re.escape(said + "bert.model.set_attn_implementation('eager').")):
        Meta(second_order=True).differentiate(TaskBatch(prepared, [0], 0), bert, free(bert))
    Meta().differentiate(TaskBatch(prepared, [0], 0), bert, free(bert))


WRONG = {
    "inner_steps": ((), {"inner_steps": 0}, "inner_steps=0 came. It must be at least 1; type inner_steps=1."),
    "inner_rate": ((), {"inner_rate": 0.0}, "inner_rate=0.0 came. It must be a number above 0; type inner_rate=0.01."),
    "parts": ((), {"parts": ()}, "parts=() came, so nothing would learn. Type policy=kgwb.learn.Meta(parts=('top',))."),
    "order": (
        ("reptile",),
        {"second_order": True},
        "second_order=True came with method='reptile', which takes no gradient through its steps. Type "
        "policy=kgwb.learn.Meta('maml', second_order=True).",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_refused(wrong):
    given, options, said = WRONG[wrong]
    with pytest.raises(ValueError, match=re.escape(said)):
        Meta(*given, **options)
    assert Meta(parts=["top"]).parts == ("top",)
