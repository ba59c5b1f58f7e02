"""kgwb without a notebook: `python -m kgwb doctor`, `python -m kgwb tour`, `python -m kgwb train`."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgwb.checks import expect_choice
from kgwb.environment import best_device, doctor
from kgwb.files import expect_folder, refuse_other_files

if TYPE_CHECKING:
    from kgwb.embed import Epoch, GraphEmbedding, Scorer
    from kgwb.embed.training.sharding import Shard
    from kgwb.graph import Split

_OURS = ("embedding", "split", "shard", "weights")  # arguments of train_embedding that are not typed
_READING = ("columns", "delimiter", "relation", "header", "encoding", "on_error")
_SET = "arguments of train_embedding, as in: --set learning_rate=0.3 negatives=1000"
_MINUTES = "search for settings so long, then train with them; the test triples are not looked at before the ranking"
_TRAIN = """fit vectors to a graph, rank what was held out, save them; under torchrun --nproc-per-node=2 -m kgwb train,
the processes divide the table of entities"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 when all is well, 1 with one line that says what is not."""
    options = _build_parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ValueError, LookupError, ArithmeticError, OSError, ImportError) as error:
        sys.stderr.write(f"{_spell_options(str(error)) if 'graph' in options else error}\n")
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
    _add_reading(tour)
    tour.set_defaults(run=_take_tour)

    train = commands.add_parser("train", help=_TRAIN, description=_TRAIN)
    train.add_argument("graph", type=Path, help="a file or folder of triples, or of train, valid and test triples")
    scorer = "any scorer of kgwb.embed, in lower case; by default complex, and with --minutes several are tried"
    train.add_argument("--scorer", help=scorer)
    train.add_argument("--minutes", type=float, help=_MINUTES)
    train.add_argument("--out", type=Path, required=True, help="the folder for the vectors")
    train.add_argument("--test", type=float, default=0.1, help="the share to hold out of a graph that is not split")
    train.add_argument("--epochs", type=int, help="by default what the preset says")
    train.add_argument("--dim", type=int, help="real numbers per entity; by default what the preset says")
    train.add_argument("--preset", help='a data set, "small" or "default"; chosen by size without')
    train.add_argument("--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help=_SET)
    train.add_argument("--checkpoint", type=Path, help="a folder that keeps the run; the same command goes on from it")
    _add_reading(train)
    train.set_defaults(run=_train)
    return parser


def _add_reading(command: argparse.ArgumentParser) -> None:
    """The arguments of read_graph, for files that do not say by themselves how they are to be read."""
    reading = command.add_argument_group("how the graph's file is read, where it does not show")
    columns = "its columns, by name, or by position counted from 0"
    reading.add_argument("--columns", nargs=3, metavar=("HEAD", "RELATION", "TAIL"), help=columns)
    reading.add_argument("--delimiter", help="the sign between columns")
    reading.add_argument("--relation", help="that of all facts, where the file has heads and tails only")
    header = "whether the first line names the columns"
    reading.add_argument("--header", action=argparse.BooleanOptionalAction, help=header)
    reading.add_argument("--encoding", help="where it is not UTF-8, such as cp1252 or gb18030")
    reading.add_argument("--on-error", choices=("raise", "skip"), help="skip leaves broken lines out and counts them")


def _choose_reading(options: argparse.Namespace) -> dict[str, Any]:
    """What was typed of how the graph is read."""
    typed = {name: getattr(options, name) for name in _READING if getattr(options, name) is not None}
    if "columns" in typed:
        numbered = all(column.isdecimal() for column in typed["columns"])
        typed["columns"] = tuple(map(int, typed["columns"]) if numbered else typed["columns"])
    return typed


def _spell_options(message: str) -> str:
    """A message with the options of the command line in the place of Python's arguments."""

    def spell(found: re.Match[str]) -> str:
        try:
            value = ast.literal_eval(found[2])
        except (ValueError, SyntaxError):
            return found[0]
        option = found[1].replace("_", "-")
        if isinstance(value, bool):
            return f"--{option}" if value else f"--no-{option}"
        return f"--{option} {shlex.join(map(str, value)) if isinstance(value, tuple) else shlex.quote(str(value))}"

    spelt = re.sub(rf"\b({'|'.join(_READING)})=(\([^()]*\)|\"[^\"]*\"|'[^']*'|True|False)", spell, message)
    return re.sub(r"(--[\w-]+ [^,;]*?|--[\w-]+), (?=--)", r"\1 ", spelt)


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
    graph = options.graph or sample("archipelago")
    journey = run_journey(graph, options.out, seeds=options.seeds, reading=_choose_reading(options))
    _say(f"\n{journey!r}\n\n{time.perf_counter() - began:.0f} seconds. Open {journey.page}")
    return 0


def _train(options: argparse.Namespace) -> int:
    import kgwb.embed as embed
    from kgwb.embed.embedding_files import WRITTEN
    from kgwb.embed.scorers import SCORERS
    from kgwb.embed.training.sharding import Shard, join_processes
    from kgwb.graph import find_leakage

    scorers = {name.lower(): scorer for name, scorer in SCORERS.items()}
    expect_choice("--scorer", options.scorer or "complex", tuple(scorers))
    out = options.out.expanduser().absolute()
    expect_folder(out, "the vectors")  # before hours of training, not after them
    refuse_other_files(out, WRITTEN, "an embedding")
    if options.checkpoint is not None:
        expect_folder(options.checkpoint.expanduser().absolute(), "a checkpoint")
    split = _read_or_split(
        options.graph, options.test, _choose_reading(options), valid=0.0 if options.minutes is None else 0.1
    )
    if not len(split.train):
        raise ValueError(
            f"{options.graph} holds no facts to train on. Expected triples, one per line, below the header line."
        )
    if options.minutes is None:
        scorer, settings = scorers[options.scorer or "complex"](), _choose_settings(options, len(split.graph.entities))
    else:
        scorer, settings = _search_settings(options, split, [scorers[options.scorer]()] if options.scorer else None)
    dim = settings.pop("dim")
    with join_processes() as (rank, count):
        if rank == 0:
            judged = find_leakage(split).verdict if len(split.test) else _say_not_held(split, options.test)
            _say(f"{split if len(split.test) else split.graph!r}\n{judged}")
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

    settings = embed.preset(options.scorer or "complex", options.preset or entities) | _read_set(options)
    typed = {name: getattr(options, name) for name in ("epochs", "dim", "checkpoint")}
    settings |= {name: value for name, value in typed.items() if value is not None}  # 0 is a number that was typed
    return {"epochs": 30} | settings


def _read_set(options: argparse.Namespace) -> dict[str, Any]:
    """What was typed behind --set."""
    import kgwb.embed as embed

    settings, parameters = {}, inspect.signature(embed.train_embedding).parameters
    known = [name for name in parameters if name not in _OURS]
    for text in options.set:
        name, equals, value = text.partition("=")
        if not equals or name not in known:
            raise ValueError(f"--set {text} came. Type --set name=value, with one of the names {', '.join(known)}.")
        settings[name] = _read_value(value)
    return settings


def _search_settings(
    options: argparse.Namespace, split: Split, scorers: list[Scorer] | None
) -> tuple[Scorer, dict[str, Any]]:
    """The scorer and the settings that a search finds in the minutes typed."""
    import kgwb.embed as embed

    for name in ("epochs", "preset"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} came with --minutes, which finds that itself. Type one of the two.")
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ValueError("--minutes came with several processes. Type python -m kgwb train, without torchrun.")
    if not len(split.valid):
        raise ValueError(
            f"--minutes needs valid triples, and {options.graph} has none. Add some, or leave --minutes out."
        )
    fixed = _read_set(options) | ({} if options.dim is None else {"dim": options.dim})
    given: dict[str, Any] = {"minutes": options.minutes, "fixed": fixed} | ({"scorers": scorers} if scorers else {})
    if options.checkpoint is not None:
        given["folder"] = options.checkpoint / "search"
    search = embed.find_settings(split, **given)
    _say(f"Searching for {options.minutes:g} minutes")
    for trial in search:
        _say(repr(trial))
    _say(repr(search))
    kept = {} if options.checkpoint is None else {"checkpoint": options.checkpoint}
    return search.best_scorer, search.best | kept


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


def _read_or_split(path: Path, test: float, reading: dict[str, Any], *, valid: float) -> Split:
    from kgwb.graph import GraphFileError, read_graph, read_split, split_triples

    if path.is_dir():
        try:
            return read_split(path, **{name: value for name, value in reading.items() if name != "relation"})
        except GraphFileError:
            pass  # not split yet; what else may be wrong, read_graph says
    return split_triples(read_graph(path, **reading), valid=valid, test=test)


def _say_not_held(split: Split, test: float) -> str:
    """Why nothing will be ranked, and what to type so that something is."""
    count, none = len(split.graph.triples), "Nothing is held out, so nothing will be ranked"
    if len(split.valid) or split.seed is None:
        return f"{none}: the folder has no test triples."
    if not test:
        return f"{none}: --test 0 came. Type --test 0.1 to hold out a tenth."
    if not round(test * count) and count > 1:
        return (
            f"{none}: --test {test:g} of {count:,} triples is less than one. Type --test {(50 // count + 1) / 100:g}."
        )
    return f"{none}: every triple is the only one of an entity or a relation. Expected more facts about them."


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
