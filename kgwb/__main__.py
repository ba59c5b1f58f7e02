"""kgwb without a notebook: `python -m kgwb doctor`, `python -m kgwb tour`, `python -m kgwb train`."""

from __future__ import annotations

import argparse
import ast
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgwb.checks import expect_choice
from kgwb.environment import best_device, doctor
from kgwb.files import expect_folder, refuse_other_files

if TYPE_CHECKING:
    from kgwb.embed import Epoch, GraphEmbedding
    from kgwb.embed.training.sharding import Shard
    from kgwb.graph import Split

_OURS = ("embedding", "split", "shard")  # arguments of train_embedding that are not typed
_SET = "arguments of train_embedding, as in: --set learning_rate=0.3 negatives=1000"
_TRAIN = """fit vectors to a graph, rank what was held out, save them; under torchrun --nproc-per-node=2 -m kgwb train,
the processes divide the table of entities"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 when all is well, 1 with one line that says what is not."""
    options = _build_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, LookupError, ArithmeticError, OSError, ImportError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kgwb", description="A knowledge-graph × BERT workbench.")
    commands = parser.add_subparsers(required=True, dest="command")

    check = commands.add_parser("doctor", help="what this machine has, and how to mend what it lacks")
    check.set_defaults(run=_show_doctor)

    tour = commands.add_parser("tour", help="the whole path, from a graph to one offline page with all views")
    graph = "a folder with triples and sentences; the sample graph archipelago without"
    tour.add_argument("--graph", type=Path, help=graph)
    tour.add_argument("--out", type=Path, default=Path("tour"), help="the folder for the page, by default tour")
    tour.add_argument("--seeds", type=int, default=3, help="how often each run of the table is tuned")
    tour.set_defaults(run=_take_tour)

    train = commands.add_parser("train", help=_TRAIN, description=_TRAIN)
    train.add_argument("graph", type=Path, help="a file or folder of triples, or of train, valid and test triples")
    train.add_argument("--scorer", default="complex", help="any scorer of kgwb.embed, in lower case")
    train.add_argument("--out", type=Path, required=True, help="the folder for the vectors")
    train.add_argument("--test", type=float, default=0.1, help="the share to hold out of a graph that is not split")
    train.add_argument("--epochs", type=int, help="by default what the preset says")
    train.add_argument("--dim", type=int, help="real numbers per entity; by default what the preset says")
    train.add_argument("--preset", help='a data set, "small" or "default"; chosen by size without')
    train.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=_SET)
    train.add_argument("--checkpoint", type=Path, help="a folder that keeps the run; the same command goes on from it")
    train.set_defaults(run=_train)
    return parser


def _show_doctor(_options: argparse.Namespace) -> int:
    diagnosis = doctor()
    _say(repr(diagnosis))
    if not diagnosis.missing:
        return 0
    _say(f"\nMissing: {', '.join(finding.part for finding in diagnosis.missing)}. The lines above mend it.")
    return 1


def _take_tour(options: argparse.Namespace) -> int:
    from kgwb.graph import sample
    from kgwb.lessons.whole_journey import run_journey

    expect_folder(options.out.expanduser().absolute(), "the page")
    began = time.perf_counter()
    journey = run_journey(options.graph or sample("archipelago"), options.out, seeds=options.seeds)
    _say(f"\n{journey!r}\n\n{time.perf_counter() - began:.0f} seconds. Open {journey.page}")
    return 0


def _train(options: argparse.Namespace) -> int:
    import kgwb.embed as embed
    from kgwb.embed.embedding_files import WRITTEN
    from kgwb.embed.scorers import SCORERS
    from kgwb.embed.training.sharding import Shard, join_processes
    from kgwb.graph import find_leakage

    scorers = {name.lower(): scorer for name, scorer in SCORERS.items()}
    expect_choice("--scorer", options.scorer, tuple(scorers))
    out = options.out.expanduser().absolute()
    expect_folder(out, "the vectors")  # before hours of training, not after them
    refuse_other_files(out, WRITTEN, "an embedding")
    if options.checkpoint is not None:
        expect_folder(options.checkpoint.expanduser().absolute(), "a checkpoint")
    split = _read_or_split(options.graph, options.test)
    settings = _choose_settings(options, len(split.graph.entities))
    scorer, dim = scorers[options.scorer](), settings.pop("dim")
    with join_processes() as (rank, count):
        if rank == 0:
            _say(f"{split!r}\n{find_leakage(split).verdict}" if len(split.test) else repr(split.graph))
        shard = Shard(rank, count, len(split.graph.entities)) if count > 1 else None
        vectors = _start(lambda: embed.GraphEmbedding(split.graph, scorer, dim=dim), shard).to(best_device())
        _watch(embed.train_embedding(vectors, split, **settings, shard=shard), settings["epochs"], hidden=rank > 0)
        if shard is not None:
            shard.unite(vectors)
    if rank == 0:
        if len(split.test):
            _say(repr(embed.rank_triples(vectors, split.test, known=split.known)))
        _say(f"Saved. Type: kgwb.load_embedding({str(vectors.save(options.out))!r})")
    return 0


def _choose_settings(options: argparse.Namespace, entities: int) -> dict[str, Any]:
    """The preset's settings and, over them, what was typed."""
    import kgwb.embed as embed

    settings = embed.preset(options.scorer, options.preset or entities)
    known = [name for name in inspect.signature(embed.train_embedding).parameters if name not in _OURS]
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise ValueError(f"--set {text} came. Type --set name=value, with one of the names {', '.join(known)}.")
        settings[name] = _read_value(value)
    typed = {name: getattr(options, name) for name in ("epochs", "dim", "checkpoint")}
    settings |= {name: value for name, value in typed.items() if value is not None}  # 0 is a number that was typed
    return {"epochs": 30} | settings


def _read_value(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # a word, as in loss=margin


def _start(make: Callable[[], GraphEmbedding], shard: Shard | None) -> GraphEmbedding:
    return make() if shard is None else shard.start(make)


def _watch(training: Iterator[Epoch], total: int, *, hidden: bool) -> None:
    from tqdm.auto import tqdm

    with tqdm(training, total=total, unit="epoch", disable=hidden) as epochs:
        for epoch in epochs:
            epochs.set_postfix(loss=f"{epoch.loss:.3f}")


def _read_or_split(path: Path, test: float) -> Split:
    from kgwb.graph import GraphFileError, read_graph, read_split, split_triples

    if path.is_dir():
        try:
            return read_split(path)
        except GraphFileError:
            pass  # not split yet; what else may be wrong, read_graph says
    return split_triples(read_graph(path), valid=0.0, test=test)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
