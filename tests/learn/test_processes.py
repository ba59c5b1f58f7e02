"""Several processes share a probe: the same answers, nothing lost when it is stopped, and nobody left behind."""

from __future__ import annotations

import copy
import logging
import os
import random
import signal
import threading
import time
from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.learn.probing import loop as probing
from kgwb.learn.probing import workers
from kgwb.learn.probing.loop import choose_processes
from kgwb.learn.probing.rows import plan_rows

pytestmark = [
    pytest.mark.skipif(bool(workers.why_not_fork()), reason=f"one process only: {workers.why_not_fork()}"),
    pytest.mark.usefixtures("nobody_is_left"),
]


@pytest.fixture
def interruptible():
    """What a shell starts in the background is deaf to Ctrl-C, and a test that waits for it would wait for ever."""
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, usual)


@pytest.fixture
def threads():
    """Sets torch's threads for one test."""
    usual = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(usual)


@pytest.fixture(scope="module")
def parts(town, sentences):
    return kgwb.split_questions(kgwb.make_questions(sentences, town, choices=2), 0.3)


@pytest.fixture(scope="module")
def runs(small_bert, vectors, parts):
    task = kgwb.MaskedAnswers(parts[0])
    options = {"epochs": 1, "batch": 16, "controls": ("shuffled", "off", "text"), "noise": (0.5,)}
    return kgwb.plan_runs(small_bert, vectors, task, **options)


def expect_same(one, two):
    pd.testing.assert_frame_equal(one.frame, two.frame, check_exact=True)
    pd.testing.assert_frame_equal(one.counts, two.counts, check_exact=True)
    pd.testing.assert_frame_equal(one.relations, two.relations, check_exact=True)
    assert one.kept == two.kept


def test_answers_are_the_same_to_the_bit(runs, parts, small_bert, tmp_path, threads):
    mixed = {"ready": small_bert, **runs}
    threads(1)
    alone = kgwb.probe(mixed, parts[1], seeds=2, folder=tmp_path / "1", processes=1)
    expect_same(kgwb.probe(mixed, parts[1], seeds=2, folder=tmp_path / "3", processes=3), alone)
    written = [{path.name: path.read_bytes() for path in (tmp_path / count).iterdir()} for count in "13"]
    assert written[0] == written[1] and len(written[0]) == 1 + 2 * len(runs)


def test_each_process_has_its_share_of_the_threads_and_tunes_a_model_once(small_bert, parts, tmp_path, threads):
    def say(seed):
        with (tmp_path / f"{seed}").open("a") as file:
            file.write(f"{os.getpid()} {torch.get_num_threads()}\n")
        torch.nn.functional.gelu(torch.ones(2000, 400) @ torch.ones(400, 500)).sum()  # more than one thread's work
        return small_bert

    threads(4)
    torch.ones(2000, 2000).cos().sum()  # this process's threads have begun
    kgwb.probe({"one": say, "again": say}, parts[1], seeds=2, processes=2)
    said = [(tmp_path / f"{seed}").read_text().split() for seed in (0, 1)]
    assert [each[1] for each in said] == ["2", "2"] and [len(each) for each in said] == [2, 2]
    assert {each[0] for each in said}.isdisjoint({str(os.getpid())}) and said[0][0] != said[1][0]
    assert torch.get_num_threads() == 4


def test_a_run_that_draws_without_a_seed_draws_anew_each_time(small_bert, parts, tmp_path):
    def draw(seed):
        (tmp_path / f"{seed}").write_text(f"{torch.rand(1).item()} {np.random.rand()} {random.random()}")
        return small_bert

    before = torch.get_rng_state()
    kgwb.probe({"own": draw}, parts[1], seeds=3, processes=2)
    drawn = [number for seed in range(3) for number in (tmp_path / f"{seed}").read_text().split()]
    assert len(set(drawn)) == 9 and torch.equal(torch.get_rng_state(), before)


def test_a_fork_trains_on_several_threads_after_this_process_did(small_bert, vectors, parts, threads):
    run = kgwb.plan_runs(small_bert, vectors, kgwb.MaskedAnswers(parts[0]), epochs=1, controls=())["entity"]
    threads(2)
    run(0)
    alone = kgwb.probe({"entity": run}, parts[1], seeds=2, processes=1)
    threads(4)
    run(0)
    expect_same(kgwb.probe({"entity": run}, parts[1], seeds=2, processes=2), alone)


def test_a_number_is_chosen_by_cores_models_and_memory(runs, parts, small_bert, monkeypatch, caplog):
    def choose(runs, wanted=None, seeds=1):
        models = {(id(row.source), row.seed): row for row in plan_rows(runs, parts[1], range(seeds))}
        return choose_processes(list(models.values()), wanted)

    monkeypatch.setattr(probing, "count_cores", lambda: 4)
    doors = {name: runs[name] for name in ("plain", "entity", "entity/off")}
    assert (choose(doors), choose(doors, seeds=2), choose(doors, seeds=9)) == (2, 4, 4)  # off is the door's own model
    assert choose({"one": small_bert, "two": copy.deepcopy(small_bert)}) == 1  # nothing to tune
    assert (choose(doors, 1), choose(doors, 2), choose(doors, 16), choose(doors, 16, seeds=9)) == (1, 2, 2, 16)
    own = {"own": lambda seed: small_bert, **doors}
    with caplog.at_level(logging.INFO, "kgwb.learn.probing.loop"):
        assert (choose(own, seeds=2), choose(own, 3, seeds=2)) == (1, 3)
    assert choose(doors | {"entity": partial(lambda run, seed: run(seed), runs["entity"])}, seeds=2) == 1
    assert choose(doors | {"entity": partial(kgwb.inject, small_bert)}, seeds=2) == 4  # a function of kgwb's
    assert "functions of one's own may leave something behind here; type processes=2 to share them" in caplog.text
    for free, count in ((0, 1), (3 * probing._BESIDE, 2), (1 << 40, 4), (None, 4)):
        monkeypatch.setattr(probing, "find_free_memory", lambda free=free: free)
        assert choose(doors, seeds=2) == count
    monkeypatch.setattr(probing, "why_not_fork", lambda: "this system does not fork processes safely")
    assert choose(doors, 2) == 1
    assert caplog.records[-1].levelno == logging.WARNING and "does not fork processes safely" in caplog.text


def test_a_number_of_processes_that_cannot_be(small_bert, parts):
    with pytest.raises(ValueError, match=r"processes=0 came. It must be at least 1; type processes=1"):
        kgwb.probe({"plain": small_bert}, parts[1], processes=0)


def test_a_probe_may_be_asked_for_by_any_thread(small_bert, parts):
    found = []
    own = {"own": lambda seed: small_bert}
    thread = threading.Thread(target=lambda: found.append(kgwb.probe(own, parts[1], seeds=2, processes=2)))
    thread.start()
    thread.join()
    expect_same(found[0], kgwb.probe(own, parts[1], seeds=2))


def test_there_is_no_fork_beside_a_gpu_or_in_one_of_several_processes(monkeypatch):
    assert workers.why_not_fork() == ""
    monkeypatch.setattr(workers, "best_device", lambda: torch.device("cuda"))
    assert workers.why_not_fork() == "what ran beside a GPU cannot be forked"
    monkeypatch.setattr(workers.sys, "platform", "darwin")
    assert workers.why_not_fork() == "this system does not fork processes safely"


def test_a_probe_within_a_process_of_a_probe_is_done_by_that_process(small_bert, runs, parts, tmp_path):
    def probe_inside(seed):
        inner = {name: runs[name] for name in ("plain", "entity")}
        kgwb.probe(inner, parts[1], seeds=1, processes=2, folder=tmp_path / f"{seed}")
        return small_bert

    kgwb.probe({"outer": probe_inside}, parts[1], seeds=2, processes=2)
    assert [len(list((tmp_path / f"{seed}").iterdir())) for seed in (0, 1)] == [2, 2]


class OwnError(Exception):
    """An error with a signature of its own."""

    def __init__(self, seed, *, told):
        super().__init__(f"seed {seed} {told}")

    def __reduce__(self):
        return (_make_own, (str(self),), self.__dict__)


def _make_own(text):
    error = OwnError(0, told="")
    error.args = (text,)
    return error


def test_what_a_run_raises_is_raised_here(small_bert, parts, tmp_path):
    class LocalError(Exception):
        pass

    def fail(problem):
        def run(seed):
            if seed == 1:
                raise problem
            return small_bert

        return run

    cases = [
        (ValueError("half a door"), ValueError, "half a door"),
        (OwnError(1, told="is odd"), OwnError, "seed 1 is odd"),
        (KeyError("Ruo"), KeyError, "'Ruo'"),
        (LocalError("not to be sent"), RuntimeError, "LocalError: not to be sent"),
        (SystemExit(3), SystemExit, "3"),
    ]
    for problem, kind, said in cases:
        with pytest.raises(kind) as raised:
            kgwb.probe({"own": fail(problem)}, parts[1], seeds=2, processes=2)
        assert type(raised.value) is kind and str(raised.value) == said
        [note] = raised.value.__notes__
        assert "raised in a process of its own, over the run 'own', seed 1:" in note and "in run" in note


def test_a_process_that_dies_is_named_with_what_to_type(small_bert, parts, tmp_path):
    def end(how):
        def run(seed):
            if seed:
                while not list(tmp_path.glob("own, seed 0*")):
                    time.sleep(0.01)
                how()
            return small_bert

        return {"own": run}

    killed = end(lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ChildProcessError) as raised:
        kgwb.probe(killed, parts[1], seeds=2, processes=2, folder=tmp_path)
    assert str(raised.value) == (
        "A process was ended by SIGKILL, as happens where memory runs out, over the run 'own', seed 1. What was answered "
        f"is kept: type kgwb.probe(runs, questions, folder={str(tmp_path)!r}, processes=1)."
    )
    with pytest.raises(ChildProcessError) as raised:
        kgwb.probe(end(lambda: os._exit(7)), parts[1], seeds=2, processes=2)
    assert str(raised.value) == (
        "A process ended with exit code 7 over the run 'own', seed 1. Its answers so far are not kept: type "
        "kgwb.probe(runs, questions, folder='probe', processes=1)."
    )


def test_ctrl_c_keeps_what_is_done_and_leaves_nobody(small_bert, parts, tmp_path, interruptible):
    def wait_for_ever(seed):
        (tmp_path / f"began {seed}").touch()
        if seed:
            time.sleep(600)
        return small_bert

    def interrupt():
        while not (list(folder.glob("own, seed 0*")) and (tmp_path / "began 1").exists()):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    folder = tmp_path / "answers"
    thread = threading.Thread(target=interrupt)
    thread.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        kgwb.probe({"own": wait_for_ever}, parts[1], seeds=3, processes=2, folder=folder)
    thread.join()
    assert time.monotonic() - began < 60
    assert "own, seed 0.jsonl" in {path.name for path in folder.iterdir()}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_is_being_kept_is_kept_whole(tmp_path):
    """A process that is told to stop writes to the end what it has begun to write."""

    def keep(number, result):
        if number == 0:
            (tmp_path / "half").touch()
            time.sleep(0.5)
            (tmp_path / "whole").touch()

    def do(number):
        while number and not (tmp_path / "half").exists():
            time.sleep(0.01)
        return number

    work = workers.Work(do, keep, str, "")
    results = workers.share_work([[0], [1]], work, processes=2, tick=lambda: None)
    assert next(results) == (1, 1)
    results.close()
    assert (tmp_path / "whole").exists()


def test_the_bar_counts_the_runs_of_all_processes(runs, parts, tmp_path, capsys):
    some = {name: runs[name] for name in ("plain", "entity", "entity/off")}
    kgwb.probe({"plain": runs["plain"]}, parts[1], seeds=2, folder=tmp_path)
    capsys.readouterr()
    kgwb.probe(some, parts[1], seeds=2, folder=tmp_path, processes=2, progress=True)
    said = capsys.readouterr().err
    assert " 2/6 [" in said and " 6/6 [" in said and "run" in said
