"""What every test shares: no network, few threads, and the benchmark data where there are any."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

os.environ["HF_HUB_OFFLINE"] = "1"  # a test that needs the hub is a mistake, and should fail at once
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
# Threads that wait should sleep: where the processor is shared, spinning makes training ten times slower.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# PyKEEN makes its folders when it is imported: not in the home of whoever runs the tests.
os.environ["PYSTOW_HOME"] = str(Path(__file__).parents[1] / "build" / "pystow")

import pytest
import torch
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]

# A test shows what is right, never how fast this machine happens to be. `make fuzz` looks at more examples.
_EXAMPLES = 200 if os.environ.get("KGWB_FUZZ") else 50
settings.register_profile("kgwb", deadline=None, max_examples=_EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kgwb")

# The tests' tensors are small: beyond two threads they wait for each other, and side by side beyond one.
torch.set_num_threads(1 if "PYTEST_XDIST_WORKER" in os.environ else min(2, os.cpu_count() or 1))
# Files that start kernels, browsers or processes take longest: begun last, one of them would be waited for alone. (Heeded with
# --no-loadscope-reorder only.)
LONGEST_FIRST = ("notebooks", "site", "browser", "lessons", "learn", "bert", "embed")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def benchmark_data() -> Path:
    """The folder of published benchmarks (fb15k-237, wn18rr, umls, ...), named by KGWB_DATA."""
    folder = os.environ.get("KGWB_DATA", "")
    if not folder:
        pytest.skip("needs published benchmarks: set KGWB_DATA to a folder that holds fb15k-237, wn18rr, ...")
    if not Path(folder).is_dir():
        pytest.fail(f"KGWB_DATA names {folder!r}, which is no folder.")
    return Path(folder)


@pytest.fixture(autouse=True)
def stay_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another machine: whoever tries is told so, at once."""
    connect = socket.socket.connect

    def connect_here(opened: socket.socket, address: Any) -> None:
        if opened.family != socket.AF_UNIX and str(address[0]) not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"A test reached for {address!r}. Tests need no network.")
        connect(opened, address)

    monkeypatch.setattr(socket.socket, "connect", connect_here)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; within a file the order stays."""

    def place(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONGEST_FIRST.index(folder) if folder in LONGEST_FIRST else len(LONGEST_FIRST)

    items.sort(key=place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
