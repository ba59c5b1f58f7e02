"""What a GPU gives, within eight minutes: speed of every scorer, ComplEx of rank 1000, faster steps, two processes.

python tests/benchmarks/gpu.py

Every part has its share of the minutes and is stopped at it; one that fails is written down with its error, and the rest
goes on. Without a GPU all of it runs on the processor, `--tiny` within seconds on a graph that is made up.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from figures import SCORERS, begin, record
from gpu_step import measure_steps

import kgwb
from kgwb.embed.training.sharding import Shard, join_processes
from kgwb.environment import best_device

GIB = 2**30
TINY = {"dim": 16, "batch": 500}
log = logging.getLogger("bench")


class OutOfTime(BaseException):
    """A part has used up its share; no Exception, which a compiler in the middle of its work would take for one of its own."""


@dataclass
class Run:
    """What one part is given, and where it writes down what it has found so far.

    Attributes:
        split: the data.
        tiny: whether seconds must do.
        end: by the clock.
        figures: for JSON; a part that is stopped has written down what it had.
    """

    split: kgwb.graph.Split
    tiny: bool
    end: float
    figures: dict[str, Any] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.end - time.perf_counter()


def main() -> None:
    """Run the parts one after the other and write a row for each."""
    begun, asked = time.perf_counter(), read_arguments()
    if asked.process is not None:
        train_in_processes(asked)
        return
    data = begin("fb15k-237")
    if data is None and not asked.tiny:
        return
    split = read_data(asked.tiny, data)
    minutes = asked.minutes or (2.0 if asked.tiny else 8.0)
    end, found = begun + 60 * minutes, {}
    for name in asked.parts:
        share, work, describe = PARTS[name]
        start = time.perf_counter()
        run = Run(split, asked.tiny, min(end, start + 60 * minutes * share))
        found[name] = run.figures
        run_part(work, run)
        seconds, peak = time.perf_counter() - start, read_peak()
        run.figures |= {"seconds": seconds, "peak GiB": peak}
        row = [
            name,
            describe_part(run.figures, describe),
            "–" if peak is None else f"{peak:.2f} GiB",
            f"{seconds:.0f} s",
        ]
        log.info("%s", " | ".join(row))
        if not asked.tiny:
            record("gpu", {"parts": found, "minutes": minutes}, row)
    if asked.out is not None:
        asked.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def read_arguments() -> argparse.Namespace:
    """What to run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, help="for all parts together; 8 where nothing is said")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tiny", action="store_true", help="a made-up graph, seconds, nothing added to the README")
    parser.add_argument("--out", type=Path, help="a JSON file for all figures, beside those in build/bench")
    parser.add_argument("--process", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def read_data(tiny: bool, data: Path | None) -> kgwb.graph.Split:
    """FB15k-237, or a made-up graph of 200 entities."""
    if not tiny:
        return kgwb.read_split(Path(data or os.environ["KGWB_DATA"]) / "fb15k-237")
    head, relation, shift = np.random.default_rng(0).integers(0, [200, 5, 3], size=(2000, 3)).T
    names = {"head": head, "relation": relation, "tail": (head * (relation + 1) + shift) % 200}
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(names).astype(str).drop_duplicates(ignore_index=True))
    return kgwb.split_triples(graph)


def run_part(work: Callable[[Run], None], run: Run) -> None:
    """A part until its share is used up; what went wrong stands in its figures."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        with stopping(run.left):
            work(run)
    except OutOfTime:
        run.figures["stopped"] = "at the end of its share"
    except Exception as problem:  # whatever it is, the other parts go on
        log.warning("failed", exc_info=True)
        run.figures["error"] = f"{type(problem).__name__}: {problem}"


@contextmanager
def stopping(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block when the time is over, where the system has an alarm clock."""

    def stop(*_: object) -> None:
        raise OutOfTime

    if seconds <= 0:
        raise OutOfTime
    if not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def read_peak() -> float | None:
    """The most GPU memory that tensors held since the part began, in GiB."""
    return torch.cuda.max_memory_allocated() / GIB if torch.cuda.is_available() else None


def describe_part(figures: dict[str, Any], describe: Callable[[dict[str, Any]], str]) -> str:
    """The cell of a part: what it found, and how it ended where that was not as planned."""
    try:
        found = describe(figures)
    except KeyError as missing:
        found = f"no {missing.args[0]}"
    ended = [figures[name] for name in ("stopped", "error") if name in figures]
    return "; ".join([found, *(f"**{text.splitlines()[0][:100].replace('|', '/')}**" for text in ended)])


def measure_scorers(run: Run) -> None:
    """Triples per second of training against all entities, and of filtered ranking of both sides, for every scorer."""
    run.figures["scorers"] = {}
    for count, (name, scorer) in enumerate(SCORERS.items()):
        end = time.perf_counter() + run.left / (len(SCORERS) - count)
        options = TINY if run.tiny else {"dim": 256, "batch": 1000}
        try:
            run.figures["scorers"][name] = measure_scorer(run.split, scorer, end, **options)
        except Exception as problem:  # the other scorers go on
            run.figures["scorers"][name] = {"error": f"{type(problem).__name__}: {problem}"}


def measure_scorer(
    split: kgwb.graph.Split, scorer: kgwb.embed.Scorer, end: float, *, dim: int, batch: int
) -> dict[str, float]:
    """The fastest of up to five epochs behind the first, then the faster of two rankings, if there is time for them."""
    embedding = kgwb.GraphEmbedding(split.graph, scorer, dim=dim).to(best_device())
    epochs = kgwb.train_embedding(embedding, split, epochs=6, batch=batch, reciprocal=True)
    begun, speeds = time.perf_counter(), []
    for epoch in epochs:
        speeds.append(epoch.metrics["triples per second"])
        if time.perf_counter() + epoch.seconds > begun + (end - begun) * 2 / 3:
            break
    ranking = []
    while len(ranking) < 2 and (not ranking or time.perf_counter() + ranking[0] < end):
        start = time.perf_counter()
        kgwb.rank_triples(embedding, split.test, known=split.known)
        ranking.append(time.perf_counter() - start)
    return {"training": max(speeds[1:] or speeds), "ranking": len(split.test) / min(ranking)}


def describe_scorers(figures: dict[str, Any]) -> str:
    """Thousands of triples per second, in training and in ranking."""
    cells = []
    for name, found in figures["scorers"].items():
        speeds = [f"{found[kind] / 1e3:,.0f}k" for kind in ("training", "ranking") if kind in found]
        cells.append(f"{name} {' / '.join(speeds) or 'failed'}")
    return "; ".join(cells) or "no scorer"


def train_guessing(run: Run) -> None:
    """ComplEx of rank 1000 with relation prediction; published, after 500 epochs: .388 (Chen et al., 2021)."""
    train_wide(run)


def train_plainly(run: Run) -> None:
    """The same without; published: .366 (Lacroix et al., 2018)."""
    train_wide(run, relation_weight=0.0)


def train_wide(run: Run, **changed: Any) -> None:
    """As many epochs of the preset as leave a fifth of the share for ranking the test."""
    options = kgwb.preset("complex", "fb15k-237-gpu") | changed | ({**TINY, "epochs": 3} if run.tiny else {})
    torch.manual_seed(0)
    embedding = kgwb.GraphEmbedding(run.split.graph, kgwb.ComplEx(), dim=options.pop("dim")).to(best_device())
    seconds, limit = 0.0, 0.8 * run.left
    for epoch in kgwb.train_embedding(embedding, run.split, **options):
        seconds += epoch.seconds
        run.figures |= {"epochs": epoch.number, "loss": epoch.loss, "training seconds": seconds}
        run.figures |= {"triples per second": len(run.split.train) * epoch.number / seconds}
        if seconds + 1.2 * epoch.seconds > limit:
            break
    report = kgwb.rank_triples(embedding, run.split.test, known=run.split.known)
    run.figures |= {"mrr": report.mrr, "hits": [report.hits(k) for k in (1, 3, 10)], "protocol": repr(report)}
    run.figures |= {"dim": embedding.dim, "options": options}


def describe_wide(figures: dict[str, Any]) -> str:
    """Epochs, speed and the test."""
    speed = f"{figures['epochs']} epochs in {figures['training seconds']:.0f} s, {figures['triples per second']:,.0f} triples/s"
    if "mrr" not in figures:
        return f"{speed}; test not ranked"
    return f"{speed}; test MRR **{figures['mrr']:.3f}** / {' / '.join(f'{share:.3f}' for share in figures['hits'])}"


def time_steps(run: Run) -> None:
    """Milliseconds of kgwb's own step of ComplEx, and of one whose shapes are fixed: as it is, compiled, captured."""
    options = TINY if run.tiny else {"dim": 1024, "batch": 1000}
    measure_steps(run.split, run.figures, seconds=run.left / 10, tiny=run.tiny, **options)


def describe_steps(figures: dict[str, Any]) -> str:
    """Milliseconds per step, and the gain over the step with fixed shapes as it is."""
    cells = [f"kgwb's step {figures['own']:.2f} ms"]
    for name, found in figures["fixed"].items():
        gain = "" if isinstance(found, str) or name == "eager" else f" ({figures['fixed']['eager'] / found:.2f}×)"
        cells.append(f"{name} failed" if isinstance(found, str) else f"{name} {found:.2f} ms{gain}")
    return ", ".join(cells)


def run_two_processes(run: Run) -> None:
    """Two processes that divide the table, under torchrun; they share the GPU where there is one. One process beside them."""
    start, device = time.perf_counter(), best_device()
    options = choose_shared(run.tiny)
    embedding = kgwb.GraphEmbedding(run.split.graph, kgwb.ComplEx(), dim=options.pop("dim")).to(device)
    epochs = list(kgwb.train_embedding(embedding, run.split, **options))
    run.figures["one"] = summarise(epochs) | {"from start": time.perf_counter() - start}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", __file__]
        start = time.perf_counter()
        launch([*command, "--process", str(out), *(["--tiny"] if run.tiny else [])], seconds=run.left - 1)
        run.figures["two"] = json.loads(out.read_text(encoding="utf-8")) | {"from start": time.perf_counter() - start}
    losses = (np.array(run.figures[name]["losses"]) for name in ("one", "two"))
    run.figures["largest difference of losses"] = float(np.abs(np.subtract(*losses)).max())


def choose_shared(tiny: bool) -> dict[str, Any]:
    """What one process and two are told, so that their losses can be compared."""
    sizes = TINY if tiny else {"dim": 256, "batch": 1000}
    return {**sizes, "epochs": 3, "reciprocal": True, "precision": "float32", "memory": 1}


def summarise(epochs: list[kgwb.embed.Epoch]) -> dict[str, Any]:
    """Losses, and the speed of the fastest epoch."""
    return {
        "losses": [epoch.loss for epoch in epochs],
        "triples per second": max(epoch.metrics["triples per second"] for epoch in epochs),
    }


def launch(command: list[str], *, seconds: float) -> None:
    """A command and all that it starts, ended when the time is over.

    Raises:
        RuntimeError: it failed; holds the last of what it said.
    """
    environment = os.environ | {"OMP_NUM_THREADS": str(max(1, torch.get_num_threads() // 2))}
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, env=environment, start_new_session=True, **pipes) as child:
        try:
            said, _ = child.communicate(timeout=max(1, seconds))
        except BaseException as problem:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            if isinstance(problem, subprocess.TimeoutExpired):
                raise OutOfTime from problem
            raise
    if child.returncode:
        wrong = [line for line in said.splitlines() if "Error" in line]
        raise RuntimeError(f"{wrong[0].strip() if wrong else 'it failed'}\n{said[-3000:]}")


def train_in_processes(asked: argparse.Namespace) -> None:
    """What each of the two processes does; the first one writes the figures."""
    split = read_data(asked.tiny, None)
    options = choose_shared(asked.tiny)
    embedding = kgwb.GraphEmbedding(split.graph, kgwb.ComplEx(), dim=options.pop("dim"))
    with join_processes() as (rank, count):
        shard = Shard(rank, count, len(split.graph.entities))
        vectors = shard.divide(embedding).to(best_device())
        epochs = list(kgwb.train_embedding(vectors, split, **options, shard=shard))
        figures = summarise(epochs) | {"device": str(vectors.device), "backend": torch.distributed.get_backend()}
        peak = read_peak()
        shard.unite(vectors)
        if rank == 0:
            ranked = kgwb.rank_triples(vectors.to(best_device()), split.valid, known=split.known)
            text = json.dumps(figures | {"valid mrr": ranked.mrr, "peak GiB of one": peak})
            asked.process.write_text(text, encoding="utf-8")


def describe_processes(figures: dict[str, Any]) -> str:
    """Speed of one and of two, and whether they learnt the same."""
    one, two = figures["one"], figures["two"]
    speeds = f"one {one['triples per second']:,.0f} triples/s, two {two['triples per second']:,.0f} by {two['backend']}"
    return f"{speeds}; losses differ by {figures['largest difference of losses']:.0e}"


# Of each its share of the minutes, what it does, and what is said of it.
PARTS: dict[str, tuple[float, Callable[[Run], None], Callable[[dict[str, Any]], str]]] = {
    "speed": (0.2, measure_scorers, describe_scorers),
    "rank 1000 with relation prediction": (0.28, train_guessing, describe_wide),
    "rank 1000": (0.26, train_plainly, describe_wide),
    "steps": (0.12, time_steps, describe_steps),
    "two processes": (0.12, run_two_processes, describe_processes),
}

if __name__ == "__main__":
    main()
