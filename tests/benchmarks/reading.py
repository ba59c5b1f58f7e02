"""Seconds of reading a million facts and of a first and second query, beside pandas, pyoxigraph and rdflib.

python tests/benchmarks/reading.py --lines 1_000_000 --statements 200_000
"""

from __future__ import annotations

import argparse
import gc
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyoxigraph
import rdflib
from figures import record

import kgwb
from kgwb.graph import GraphStore

BUILD = Path(__file__).parents[2] / "build" / "reading"
# One line in the middle of a file that has no other like it.
ODD = {
    "clean": None,
    "a blank line": "",
    "a comment": "# a comment",
    "a quotation mark": 'entity_1\trelation_1\tthe "Heroes"',
    "a name in quotation marks": 'entity_1\trelation_1\t"Heroes"',
    "an empty cell": "entity_1\trelation_1\t",
    "a letter beyond ASCII": "entity_1\trelation_1\tCafé",
}
FORMATS = {".nt": pyoxigraph.RdfFormat.N_TRIPLES, ".ttl": pyoxigraph.RdfFormat.TURTLE}
PREFIXES = {
    "e": "http://example.org/entity/",
    "r": "http://example.org/relation/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
QUERY = "SELECT ?a ?c { ?a <http://example.org/relation/5> ?b . ?b <http://example.org/relation/6> ?c }"
Seconds = tuple[float, float]  # of the processor, and on the clock
log = logging.getLogger("bench")


def main() -> None:
    """Measure every file beside the others and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--statements", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=5, help="how often each is timed, in turn with the others")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    BUILD.mkdir(parents=True, exist_ok=True)
    for name, path in make_tables(asked.lines):
        write_down("reading-tables", f"{asked.lines:,} lines, {name}", measure(list_table_readers(path), asked.repeats))
    for path in make_rdf(asked.statements):
        what = f"{asked.statements:,} statements, {path.suffix}"
        write_down("reading-rdf", what, measure(list_rdf_readers(path), asked.repeats))
        if path.suffix == ".nt":
            write_down("reading-queries", "first", measure(list_first_queries(path), asked.repeats))
            write_down("reading-queries", "second", measure(list_second_queries(path), asked.repeats))


def make_tables(lines: int) -> Iterator[tuple[str, Path]]:
    """A table of facts, and the same with one odd line in its middle."""
    random, entities = np.random.default_rng(0), lines // 10
    heads, relations = random.integers(0, entities, lines), random.integers(0, 200, lines)
    tails = (random.random(lines) ** 2 * entities).astype(int)
    columns = (column.tolist() for column in (heads, relations, tails))
    facts = [f"entity_{h}\trelation_{r}\tentity_{t}" for h, r, t in zip(*columns, strict=True)]
    for name, odd in ODD.items():
        path = BUILD / f"{name.replace(' ', '-')}.tsv"
        further = [] if odd is None else [odd]
        half = ["head\trelation\ttail", *facts[: lines // 2], *further, *facts[lines // 2 :]]
        path.write_text("\n".join(half) + "\n", encoding="utf-8")
        yield name, path


def make_rdf(statements: int) -> Iterator[Path]:
    """Facts, and a label in one of two languages for each entity, as N-Triples and as Turtle."""
    random, entities = np.random.default_rng(0), statements // 10
    node, text = pyoxigraph.NamedNode, pyoxigraph.Literal
    quads = [
        pyoxigraph.Quad(node(PREFIXES["e"] + str(number)), node(PREFIXES["rdfs"] + "label"), text(name, language=tag))
        for number in range(entities)
        for name, tag in [(f"Entity {number}", "en") if number % 2 else (f"Wesen {number}", "de")]
    ]
    starts = (PREFIXES["e"], PREFIXES["r"], PREFIXES["e"])
    for head, relation, tail in random.integers(0, entities, (statements - entities, 3)).tolist():
        numbers = zip(starts, (head, relation % 200, tail), strict=True)
        quads.append(pyoxigraph.Quad(*(node(f"{start}{number}") for start, number in numbers)))
    for suffix, form in FORMATS.items():
        path = BUILD / f"facts{suffix}"
        ordered = sorted(quads, key=str)
        pyoxigraph.serialize(ordered, output=str(path), format=form, prefixes=PREFIXES if suffix == ".ttl" else None)
        yield path


def list_table_readers(path: Path) -> dict[str, Callable[[], object]]:
    """What reads a table: kgwb to the graph, pandas to cells, and pandas to numbers of names as kgwb."""

    def number() -> tuple[object, ...]:
        frame = pd.read_csv(path, sep="\t")
        entities = pd.concat([frame["head"], frame["tail"]])
        return pd.factorize(entities, sort=True), pd.factorize(frame["relation"], sort=True)

    return {
        "kgwb": lambda: kgwb.read_graph(path, on_error="skip"),
        "pandas, names numbered": number,
        "pandas, Python strings": lambda: pd.read_csv(path, sep="\t", dtype=object),
        "pandas, Arrow strings": lambda: pd.read_csv(path, sep="\t"),
        "pandas, engine pyarrow": lambda: pd.read_csv(path, sep="\t", engine="pyarrow"),
    }


def list_rdf_readers(path: Path) -> dict[str, Callable[[], object]]:
    """What reads RDF: kgwb to the graph, pyoxigraph to statements that nobody keeps or to its store, rdflib."""
    form = FORMATS[path.suffix]

    def load() -> object:
        store = pyoxigraph.Store()
        store.bulk_load(path=str(path), format=form)
        return store

    return {
        "kgwb": lambda: kgwb.read_graph(path),
        "pyoxigraph, bare stream": lambda: sum(1 for _ in pyoxigraph.parse(path=str(path), format=form)),
        "pyoxigraph, bulk_load": load,
        "rdflib": lambda: rdflib.Graph().parse(path),
    }


def list_first_queries(path: Path) -> dict[str, Callable[[], object]]:
    """A query to what was just read: kgwb and pyoxigraph fill a store for it, rdflib did so while reading."""
    graph, quads = kgwb.read_graph(path), path.read_bytes()
    described = rdflib.Graph().parse(path)

    def load() -> object:
        store = pyoxigraph.Store()
        store.load(quads, format=FORMATS[path.suffix])
        return list(store.query(QUERY))

    return {
        "kgwb": lambda: GraphStore(graph).query(QUERY),
        "pyoxigraph": load,
        "rdflib": lambda: list(described.query(QUERY)),
    }


def list_second_queries(path: Path) -> dict[str, Callable[[], object]]:
    """The same query again."""
    graph, store, described = kgwb.read_graph(path), pyoxigraph.Store(), rdflib.Graph().parse(path)
    store.load(path.read_bytes(), format=FORMATS[path.suffix])
    kgwb.query_graph(graph, QUERY)
    return {
        "kgwb": lambda: kgwb.query_graph(graph, QUERY),
        "pyoxigraph": lambda: list(store.query(QUERY)),
        "rdflib": lambda: list(described.query(QUERY)),
    }


def measure(readers: dict[str, Callable[[], object]], repeats: int) -> dict[str, Seconds | None]:
    """The best of several times each, taken in turn; None where a reader refuses the file. Slow rdflib is timed once."""
    best: dict[str, Seconds | None] = {}
    for number in range(repeats):
        for name, read in readers.items():
            if number and (name == "rdflib" or best[name] is None):
                continue
            taken = take_time(read)
            best[name] = taken if not number or taken is None else tuple(map(min, taken, best[name]))  # type: ignore[arg-type]
    return best


def take_time(read: Callable[[], object]) -> Seconds | None:
    """Seconds of the processor, in all threads, and on the clock."""
    gc.collect()
    processor, clock = time.process_time(), time.perf_counter()
    try:
        kept = read()
    except ValueError:  # pandas' errors of parsing are such
        return None
    taken = (time.process_time() - processor, time.perf_counter() - clock)
    del kept
    return taken


def write_down(table: str, what: str, best: dict[str, Seconds | None]) -> None:
    """A row of processor seconds, ours first, then each peer's and how often it fits into ours."""
    ours: Any = best["kgwb"]
    peers = (
        "refused" if seconds is None else f"{seconds[0]:.3f} s ({ours[0] / seconds[0]:.1f}×)"
        for name, seconds in best.items()
        if name != "kgwb"
    )
    row = [what, f"{ours[0]:.3f} s", *peers]
    log.info("%s\nwritten to %s", " | ".join(row), record(table, {what: best}, row))


if __name__ == "__main__":
    main()
