"""One model, many threads: a pass is its own, so is off(), and nothing sets the mode of the model."""

from __future__ import annotations

import asyncio
import copy
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

import kgwb
from kgwb.bert.passing import LayerHook

SENTENCES = ["Paris is the capital of France.", "Quorrin Vath was born in Paris, not in New York.", "No."]
THREADS = 8


@pytest.fixture(scope="module")
def questions(vectors):
    return kgwb.make_questions(kgwb.verbalise(vectors.graph), vectors.graph, choices=3)


def observe(model, questions, turn):
    """A reading or answers, with the door on or off, as one tensor."""
    with model.injector.off() if turn % 3 == 2 else torch.no_grad():
        if turn % 2:
            reading = kgwb.read(model, SENTENCES[turn % 3])
            return reading.hidden, reading.attention
        frame = kgwb.learn.answer_questions(model, questions[: 1 + turn % 3])
        return (torch.tensor(frame["probability"].tolist()),)


def test_eight_threads_give_what_one_gives_to_the_bit(every, questions):
    turns = range(2 * THREADS)
    alone = [observe(every, questions, turn) for turn in turns]
    together = threading.Barrier(THREADS)

    def work(first: int) -> list[tuple[torch.Tensor, ...]]:
        together.wait()
        return [observe(every, questions, turn) for turn in range(first, len(turns), THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(work, range(THREADS)))
    for turn in turns:
        for one, other in zip(alone[turn], found[turn % THREADS][turn // THREADS], strict=True):
            assert torch.equal(one, other)
    assert every.injector.is_on and not every.training


def test_off_holds_for_its_own_thread_and_task(opened):
    with opened.injector.off(), ThreadPoolExecutor(1) as pool:
        assert not opened.injector.is_on
        assert pool.submit(lambda: opened.injector.is_on).result()
        assert copy.deepcopy(opened).injector.is_on  # a copy is a model of its own

    async def ask(closed: bool) -> bool:
        if not closed:
            await asyncio.sleep(0)
            return opened.injector.is_on
        with opened.injector.off():
            await asyncio.sleep(0.01)
            return await asyncio.to_thread(lambda: opened.injector.is_on)

    async def ask_both() -> list[bool]:
        return await asyncio.gather(ask(True), ask(False))

    # in a thread of its own: a browser that another test opened keeps a loop running in this one
    with ThreadPoolExecutor(1) as alone:
        assert alone.submit(lambda: asyncio.run(ask_both())).result() == [False, True]


def test_a_model_in_training_mode_is_read_without_dropout_and_stays_so(opened, questions):
    before = kgwb.read(opened, SENTENCES).hidden
    answers = kgwb.learn.answer_questions(opened, questions)
    opened.train()
    opened.model.base_model.embeddings.eval()  # a mode of one's own choosing is kept too
    modes = [module.training for module in opened.modules()]
    seen = []
    hooks = [
        layer.register_forward_hook(lambda layer, given, output: seen.append([m.training for m in opened.modules()]))
        for layer in opened.stack
    ]
    assert torch.equal(kgwb.read(opened, SENTENCES).hidden, before)
    assert kgwb.learn.answer_questions(opened, questions).equals(answers)
    for hook in hooks:
        hook.remove()
    assert seen and all(mode == modes for mode in seen)
    assert [module.training for module in opened.modules()] == modes


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_reading_leaves_the_mode(opened, questions, interrupt, training):
    def stop(*_):
        raise interrupt

    opened.train(training)
    opened.stack[2].register_forward_hook(stop)
    for call in (
        lambda: kgwb.read(opened, SENTENCES),
        lambda: kgwb.learn.answer_questions(opened, questions),
        lambda: next(kgwb.tune(opened, kgwb.MaskedAnswers(questions), dropout=not training)),
    ):
        with pytest.raises(interrupt):
            call()
        assert all(module.training == training for module in opened.modules())


def test_layers_are_watched_once_and_hugging_faces_own_call_is_untouched(bert, opened):
    again = kgwb.bert.Bert(copy.deepcopy(opened).model, opened.tokenizer)
    for layer in again.stack:
        assert sum(isinstance(hook, LayerHook) for hook in layer._forward_hooks.values()) == 1
    cut = bert.tokenizer(SENTENCES[0], return_tensors="pt")
    with torch.no_grad():
        one, other = (model.model.base_model(**cut).last_hidden_state for model in (bert, opened))
    assert torch.equal(one, other)
