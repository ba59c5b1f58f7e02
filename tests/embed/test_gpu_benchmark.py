"""The benchmark for a GPU runs to its end without one, on made-up data, and stops a part that takes too long or fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import gpu
import pytest


def _run(repository: Path, out: Path, *parts: str) -> dict[str, Any]:
    script = repository / "tests" / "benchmarks" / "gpu.py"
    command = [sys.executable, str(script), "--tiny", "--minutes", "30", "--out", str(out), "--parts", *parts]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "KGWB_DATA": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text(encoding="utf-8"))
    assert list(found) == list(parts) and not {"error", "stopped"} & {name for part in found.values() for name in part}
    return found


def test_every_part_in_one_process_has_figures(repository: Path, tmp_path: Path) -> None:
    readme = (repository / "tests" / "benchmarks" / "README.md").read_bytes()
    *alone, both = gpu.PARTS
    assert both == "two processes"
    found = _run(repository, tmp_path / "figures.json", *alone)
    assert found["speed"]["scorers"].keys() == gpu.SCORERS.keys()
    assert all(figures.keys() == {"training", "ranking"} for figures in found["speed"]["scorers"].values())
    assert found["rank 1000"]["options"]["relation_weight"] == 0
    assert found["rank 1000 with relation prediction"]["options"]["relation_weight"] == 4
    assert all(found[name]["epochs"] == 3 and 0 < found[name]["mrr"] < 1 for name in alone[1:3])
    fixed = found["steps"]["fixed"]
    assert fixed["eager"] > 0 and fixed["compiled"] > 0 and found["steps"]["own"] > 0
    assert fixed["captured"] == fixed["compiled and captured"] == "RuntimeError: CUDA graphs need a GPU"
    for name, (_, _, describe) in gpu.PARTS.items():
        if name != both:
            assert gpu.describe_part(found[name], describe)
    assert (repository / "tests" / "benchmarks" / "README.md").read_bytes() == readme


def test_two_processes_learn_what_one_learns(repository: Path, tmp_path: Path) -> None:
    found = _run(repository, tmp_path / "figures.json", "two processes")["two processes"]
    assert found["two"]["backend"] == "gloo" and found["largest difference of losses"] < 1e-4
    assert "by gloo; losses differ by" in gpu.describe_part(found, gpu.describe_processes)


def _make_run(seconds: float) -> Any:
    return gpu.Run(gpu.read_data(True, None), True, time.perf_counter() + seconds)


def test_a_part_is_stopped_at_its_share_and_keeps_what_it_had() -> None:
    def work(run: Any) -> None:
        run.figures["begun"] = True
        while True:
            time.sleep(0.01)

    run, start = _make_run(0.3), time.perf_counter()
    gpu.run_part(work, run)
    assert time.perf_counter() - start < 5
    assert run.figures == {"begun": True, "stopped": "at the end of its share"}
    cell = gpu.describe_part(run.figures, gpu.describe_wide)
    assert cell == "no epochs; **at the end of its share**"
    some = {"epochs": 2, "training seconds": 3.0, "triples per second": 4e3}
    assert gpu.describe_wide(some) == "2 epochs in 3 s, 4,000 triples/s; test not ranked"
    assert gpu.describe_scorers({"scorers": {"a": {"training": 2e3, "ranking": 1e4}, "b": {"error": "it"}}}) == (
        "a 2k / 10k; b failed"
    )
    late = _make_run(-1)
    gpu.run_part(work, late)
    assert late.figures == {"stopped": "at the end of its share"}


def test_a_part_that_fails_is_written_down_with_its_error() -> None:
    def work(run: Any) -> None:
        raise RuntimeError("CUDA error: no kernel | image\nand more")

    run = _make_run(5)
    gpu.run_part(work, run)
    assert gpu.describe_part(run.figures, gpu.describe_steps).endswith(
        "**RuntimeError: CUDA error: no kernel / image**"
    )


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started() -> None:
    start = time.perf_counter()
    with pytest.raises(gpu.OutOfTime):
        gpu.launch([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.5)
    assert time.perf_counter() - start < 30
    with pytest.raises(RuntimeError, match=r"ValueError: no such device"):
        gpu.launch([sys.executable, "-c", "raise ValueError('no such device')"], seconds=60)
