"""Thousands of inputs, each in a child that may neither crash, hang, nor ask for gigabytes; what it raises must be kgwb's."""

from __future__ import annotations

import json
import linecache
import os
import random
import resource
import signal
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import jaxtyping
import pytest
import torch
from mutation import mutate

INPUTS = int(os.environ.get("KGWB_FUZZ", "250"))  # over all kinds
SEED = os.environ.get("KGWB_FUZZ_SEED", "0")
MEMORY, SECONDS = 3 << 30, 20  # beyond what is held already; of the processor, for one input
Case = Callable[[random.Random, Path], object]


@pytest.fixture
def withstand(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Case, float], None]:
    """Try a case on its share of all inputs; each finding is an input's number and what came of it."""

    def try_all(case: Case, share: float) -> None:
        count, name = max(3, round(INPUTS * share)), request.node.name
        log, at = tmp_path / "findings", 0
        log.touch()
        while at < count:
            at = _run_child(case, name, at, count, tmp_path)
        found = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        _note(name, count, found)
        assert not found, "\n".join(f"input {number} of {name}: {what}" for number, what in found[:20])

    return try_all


def _run_child(case: Case, name: str, first: int, count: int, folder: Path) -> int:
    """Run cases in a fork until one kills it; the number of the next."""
    child = os.fork()
    if not child:
        try:
            _try_cases(case, name, first, count, folder)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if ended == 0:
        return count
    at = int((folder / "at").read_text() or first)
    how = {-signal.SIGPROF: "hung", -signal.SIGSEGV: "crashed"}.get(ended, f"ended with {ended}")
    _tell(folder, at, how)
    return at + 1


def _try_cases(case: Case, name: str, first: int, count: int, folder: Path) -> None:
    torch.set_num_threads(1)
    jaxtyping.config.update("jaxtyping_disable", True)  # what people meet: annotations are not checked
    warnings.simplefilter("ignore")
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for number in range(first, count):
        (folder / "at").write_text(str(number))
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        room = folder / f"{number % 4}"
        room.mkdir(exist_ok=True)
        try:
            case(random.Random(f"{name} {SEED} {number}"), room)
        except Exception as problem:
            if (what := find_fault(problem)) is not None:
                _tell(folder, number, what)
    signal.setitimer(signal.ITIMER_PROF, 0)


def find_fault(problem: BaseException) -> str | None:
    """What is wrong with an error: it was raised by no line of kgwb's, or says nothing."""
    frame = traceback.extract_tb(problem.__traceback__)[-1]
    notes = " ".join(getattr(problem, "__notes__", ()))
    said = f"{type(problem).__name__}: {str(problem)[:300]!r} {notes} at {frame.filename}:{frame.lineno}"
    package = str(Path(sys.modules["kgwb"].__file__ or "").parent)
    line = linecache.getline(frame.filename, frame.lineno or 0).strip()
    if not frame.filename.startswith(package) or not line.startswith("raise"):
        return said + "".join(
            f" < {Path(f.filename).name}:{f.lineno}" for f in traceback.extract_tb(problem.__traceback__)[-2:-7:-1]
        )
    return said if not 20 < len(str(problem)) < 6000 else None


def _tell(folder: Path, number: int, what: str) -> None:
    with (folder / "findings").open("a", encoding="utf-8") as log:
        log.write(json.dumps([number, what]) + "\n")


def _note(name: str, count: int, found: list[tuple[int, str]]) -> None:
    """Into the file that KGWB_FUZZ_LOG names: what was tried, and what was found."""
    if place := os.environ.get("KGWB_FUZZ_LOG"):
        with Path(place).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"test": name, "inputs": count, "found": found}) + "\n")


@pytest.fixture(name="mutate")
def mutate_fixture() -> Callable[[bytes, random.Random], bytes]:
    """`mutate`, for the tests."""
    return mutate
