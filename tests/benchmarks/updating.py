"""A graph that changes: vectors that follow it beside vectors trained anew, vectors left as they are, and frequency.

python tests/benchmarks/updating.py --parts later months unseen --threads 1

`later`: a share of the facts and of the entities arrives later. `months`: ICEWS14, month after month. `unseen`: entities that
training never met, over seeds. Seconds are those that the processor spent (`time.process_time`), on a machine that others use.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import SCORERS, begin, log, record

import kgwb
from kgwb.embed import GraphEmbedding, fit_baseline, fold_in, update_embedding
from kgwb.graph import KnowledgeGraph, Split

COLUMNS = ["head", "relation", "tail"]


@dataclass(frozen=True)
class Arrival:
    """A graph as it was, as it is, and what is asked of it.

    Attributes:
        early, later: the graph before and after.
        asked: test triples about entities that are "new" and about "others", and the facts that came "late", by id.
        known: all that is true.
    """

    early: KnowledgeGraph
    later: KnowledgeGraph
    asked: dict[str, np.ndarray]
    known: np.ndarray


def main() -> None:
    """Run the parts asked for and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--parts", nargs="+", choices=("later", "months", "unseen"), default=["later", "months", "unseen"]
    )
    parser.add_argument("--graph", default="fb15k-237")
    parser.add_argument("--entities", type=int, default=0, help="a cut of so many entities, drawn by degree; 0 for all")
    parser.add_argument("--scorer", choices=SCORERS, default="complex")
    parser.add_argument("--dim", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=20, help="of training anew")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--regularisation", type=float, default=0.05)
    parser.add_argument("--near", type=int, default=2, help="epochs of an update")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--texts", action="store_true", help="also begin at the labels' vectors of MiniLM")
    parser.add_argument("--first", type=int, default=9, help="the months of ICEWS14 that are trained at first")
    parser.add_argument("--threads", type=int, default=0)
    asked = parser.parse_args()
    data = begin("fb15k-237", "icews14", threads=asked.threads)
    if data is None:
        return
    if "later" in asked.parts:
        measure_later(asked)
    if "months" in asked.parts:
        measure_months(asked, data / "icews14")
    if "unseen" in asked.parts:
        measure_unseen(asked)


def train(graph: KnowledgeGraph, asked: argparse.Namespace) -> tuple[GraphEmbedding, float]:
    """Vectors trained anew, and the seconds of it."""
    vectors = GraphEmbedding(graph, SCORERS[asked.scorer], dim=asked.dim)
    options: dict[str, Any] = {"epochs": asked.epochs, "batch": asked.batch, "regularisation": asked.regularisation}
    return vectors, clock(lambda: [*kgwb.train_embedding(vectors, graph, reciprocal=True, **options)])[1]


def clock(run: Callable[[], Any]) -> tuple[Any, float]:
    """What comes of it, and the processor's seconds."""
    start = time.process_time()
    return run(), time.process_time() - start


def name_facts(split: Split, triples: np.ndarray) -> pd.DataFrame:
    """Triples by name."""
    entities, relations = split.graph.entities["entity"].to_numpy(), split.graph.relations["relation"].to_numpy()
    return pd.DataFrame(
        {"head": entities[triples[:, 0]], "relation": relations[triples[:, 1]], "tail": entities[triples[:, 2]]}
    )


def number_facts(graph: KnowledgeGraph, facts: pd.DataFrame) -> np.ndarray:
    """Facts in the ids of a graph; those of names that it does not have are left out, and the log counts them."""
    indices = (pd.Index(graph.entities["entity"]), pd.Index(graph.relations["relation"]))
    ids = np.stack([indices[place % 2].get_indexer(facts[column]) for place, column in enumerate(COLUMNS)], axis=1)
    there = (ids >= 0).all(axis=1)
    log.info("%d of %d triples are about names that the graph has", there.sum(), len(there))
    return ids[there].astype(np.int64)


def divide(split: Split, seed: int, *, entities: int, facts: float = 0.05, new: float = 0.02) -> Arrival:
    """A graph of which a share of the facts, and all facts of a share of the entities, arrive later."""
    rng = np.random.default_rng(seed)
    count = len(split.graph.entities)
    degree = np.bincount(split.train[:, (0, 2)].ravel(), minlength=count)
    keep = np.ones(count, dtype=bool)
    if entities:
        keep = np.isin(np.arange(count), rng.choice(count, entities, replace=False, p=degree / degree.sum()))
    train, test, valid = (
        name_facts(split, part[keep[part[:, 0]] & keep[part[:, 2]]]) for part in (split.train, split.test, split.valid)
    )
    names = pd.unique(pd.concat([train["head"], train["tail"]]))
    chosen = set(rng.choice(np.sort(names), int(new * len(names)), replace=False))

    def is_new(each: pd.DataFrame) -> pd.Series:
        return each["head"].isin(chosen) | each["tail"].isin(chosen)

    late = is_new(train) | (rng.random(len(train)) < facts)
    early = KnowledgeGraph.from_pandas(train[~late], name=split.graph.name)
    later = early.with_facts(train[late])
    numbers = {
        "new": number_facts(later, test[is_new(test)]),
        "others": number_facts(later, test[~is_new(test)]),
        "late": number_facts(later, train[late]),
    }
    known = np.concatenate([later.triples, *(number_facts(later, part) for part in (valid, test))])
    return Arrival(early, later, numbers, known)


def rank(vectors: Any, arrival: Arrival, *names: str) -> list[str]:
    """The filtered MRR of each kind of triple."""
    return [f"{kgwb.rank_triples(vectors, arrival.asked[name], known=arrival.known).mrr:.4f}" for name in names]


def measure_later(asked: argparse.Namespace) -> None:
    """Carried over, folded in, updated, and trained anew: MRR, and seconds beside those of training anew."""
    arrival = divide(kgwb.graph.load_dataset(asked.graph), 0, entities=asked.entities)
    log.info("%r", kgwb.graph.compare_graphs(arrival.early, arrival.later))
    early, _ = train(arrival.early, asked)
    anew, whole = train(arrival.later, asked)
    ways: dict[str, Callable[[], GraphEmbedding]] = {
        "mean of those in its place": lambda: fold_in(early, arrival.later, epochs=0),
        "folded in": lambda: fold_in(early, arrival.later),
        "updated": lambda: update_embedding(early, arrival.later, epochs=asked.near).finish(),
    }
    found = [("trained anew", anew, whole)]
    for way, run in ways.items():
        vectors, seconds = clock(run)
        found.append((way, vectors, seconds))
    for way, vectors, seconds in found:
        row = [spell_graph(arrival.later), way, *rank(vectors, arrival, "new", "others", "late")]
        record(
            "updating", {"part": "later", **vars(asked), "row": row}, [*row, f"{seconds:.1f} s, {seconds / whole:.3f}"]
        )
        log.info("%s %.1f s", row, seconds)


def spell_graph(graph: KnowledgeGraph) -> str:
    """Its name and sizes."""
    return f"{graph.name}, {len(graph.entities):,} entities, {len(graph):,} facts"


def measure_months(asked: argparse.Namespace, folder: Path) -> None:
    """Each month's facts that were never stated before, asked of the vectors of the month before."""
    columns = [*COLUMNS, "hour"]
    parts = [
        pd.read_csv(folder / f"{part}.txt", sep="\t", header=None).iloc[:, :4] for part in ("train", "valid", "test")
    ]
    facts = pd.concat([part.set_axis(columns, axis="columns") for part in parts], ignore_index=True)
    month = np.minimum(facts["hour"] // 24 * 12 // 365, 11)
    facts = (
        facts.assign(month=month)
        .sort_values("month", kind="stable")
        .drop_duplicates(COLUMNS)
        .astype(dict.fromkeys(COLUMNS, str))
    )
    upto = facts[facts["month"] < asked.first]
    graph = KnowledgeGraph.from_pandas(upto[COLUMNS], name="icews14")
    left = train(graph, asked)[0]
    updated = anew = left
    spent = {"updated": 0.0, "trained anew": 0.0}
    for number in range(asked.first, 12):
        coming = facts[facts["month"] == number][COLUMNS]
        test = number_facts(graph, coming)
        known = np.concatenate([graph.triples, test])
        ways = {"left as it was": fold_in(left, graph, epochs=0), "updated": updated, "trained anew": anew}
        mrr = {way: kgwb.rank_triples(vectors, test, known=known).mrr for way, vectors in ways.items()}
        row = [f"month {number + 1}", f"{len(test):,}", *(f"{mrr[way]:.4f}" for way in ways)]
        record("updating-months", {**vars(asked), "row": row}, [*row, *(f"{spent[way]:.1f} s" for way in spent)])
        log.info("%s %s", row, spent)
        if number == 11:
            return
        graph = graph.with_facts(coming)
        updated, spent["updated"] = clock(lambda: update_embedding(updated, graph, epochs=asked.near).finish())  # noqa: B023
        anew, spent["trained anew"] = train(graph, asked)


def measure_unseen(asked: argparse.Namespace) -> None:
    """Entities never seen in training, by each way to a vector: mean and range over seeds."""
    figures: dict[str, list[float]] = {}
    for seed in range(asked.seeds):
        arrival = divide(kgwb.graph.load_dataset(asked.graph), seed, entities=asked.entities, facts=0)
        early, _ = train(arrival.early, asked)
        whole = Split(arrival.later, arrival.later.triples, arrival.asked["new"][:0], arrival.asked["new"])
        ways: dict[str, Any] = {
            "frequency": fit_baseline(whole, kinds=()),
            "mean of those in its place": fold_in(early, arrival.later, epochs=0),
            "folded in": fold_in(early, arrival.later, seed=seed),
        }
        if asked.texts:
            from kgwb.learn.text_vectors import vectorise_texts

            texts = vectorise_texts(kgwb.load_bert("minilm"), list(arrival.later.labels))
            ways["where its label points to"] = fold_in(early, arrival.later, epochs=0, start=texts)
            ways["folded in from its label"] = fold_in(early, arrival.later, start=texts, seed=seed)
        ways["trained anew"] = train(arrival.later, asked)[0]
        for way, vectors in ways.items():
            mrr = kgwb.rank_triples(vectors, arrival.asked["new"], known=arrival.known).mrr
            figures.setdefault(way, []).append(mrr)
            log.info("seed %d, %s: %.4f", seed, way, mrr)
    for way, mrrs in figures.items():
        row = [f"{asked.graph}, {asked.seeds} seeds", way, f"{np.mean(mrrs):.4f} ({min(mrrs):.4f} to {max(mrrs):.4f})"]
        record("updating-unseen", {**vars(asked), "mrr": mrrs}, row)


if __name__ == "__main__":
    main()
