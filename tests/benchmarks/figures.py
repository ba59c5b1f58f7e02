"""How a benchmark keeps its figures: a JSON file with everything, and a row in the README beside it."""

from __future__ import annotations

import json
import logging
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

import kgwb

SCORERS = {
    "transe": kgwb.TransE(),
    "distmult": kgwb.DistMult(),
    "complex": kgwb.ComplEx(),
    "rotate": kgwb.RotatE(),
    "rescal": kgwb.embed.RESCAL(),
    "house": kgwb.embed.HousE(),
    "quate": kgwb.embed.QuatE(),
}
log = logging.getLogger("bench")
README = Path(__file__).with_name("README.md")
OUT = Path(__file__).parents[2] / "build" / "bench"


def describe_device() -> str:
    """The processor (or GPU) and how many threads torch uses."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    model = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    except OSError:
        pass  # not Linux: the platform's own word will do
    return f"{model}, {torch.get_num_threads()} of {os.cpu_count()} cores"


def record(name: str, figures: dict[str, Any], row: list[str]) -> Path:
    """Write the figures to build/bench and add the row to the table of that name in the README.

    Args:
        name: of the benchmark; the README marks the end of its table with `<!-- name -->`.
        figures: anything that JSON holds.
        row: the cells after date and device.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    today, device = datetime.now(UTC).date().isoformat(), describe_device()
    path = OUT / f"{name}-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps({"date": today, "device": device, **figures}, indent=2) + "\n", encoding="utf-8")
    mark, text = f"<!-- {name} -->", README.read_text(encoding="utf-8")
    line = "| " + " | ".join([today, device, *row]) + " |\n"
    if line not in text:
        README.write_text(text.replace(mark, line + mark), encoding="utf-8")
    return path


def begin(*data_sets: str, threads: int = 0) -> Path | None:
    """What every benchmark starts with: a log of its lines, the threads asked for, and where its data lie.

    Args:
        data_sets: the folders of KGWB_DATA that it reads.
        threads: 0 for as many as torch likes.

    Returns:
        The folder that KGWB_DATA names; None where there is none, which the log then says.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    if threads:
        torch.set_num_threads(threads)
    folder = os.environ.get("KGWB_DATA", "")
    if folder and Path(folder).is_dir():
        return Path(folder)
    log.warning("not measured: set KGWB_DATA to a folder that holds %s", ", ".join(data_sets))
    return None
