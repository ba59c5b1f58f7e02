"""How often link_mentions picks the entity that an ambiguous name means, and notices one that the graph lacks.

python tests/benchmarks/linking.py
"""

from __future__ import annotations

import argparse
import logging
import time
import zlib
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from ambiguous_names import (
    NamedTexts,
    hide_facts,
    list_ambiguous,
    read_archipelago,
    read_wikipedia,
    read_world,
    remove_entities,
)
from figures import begin, record

import kgwb
from kgwb.inject.linking import link_mentions
from kgwb.inject.names import collect_names, fold

EVIDENCE = ["prior", "context", "coherence"]
DEFAULTS = np.array([link_mentions.__kwdefaults__[kind] for kind in EVIDENCE])
THRESHOLD = link_mentions.__kwdefaults__["threshold"]
SETTINGS = {"prior": (1, 0, 0), "+ context": (1, 1, 0), "+ coherence": (1, 0, 1), "all": (1, 1, 1)}
SETS = ("archipelago", "archipelago, a fifth of the facts hidden", "world", "wikipedia")
log = logging.getLogger("bench")


def main() -> None:
    """Link every set, and write down what its test half says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--choose", action="store_true", help="look for better weights on the other half")
    parser.add_argument("--vectors", action="store_true", help="train vectors of each graph too (minutes)")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("fb15k-237", "fewrel", threads=asked.threads)
    bert, scored = kgwb.load_bert("minilm"), {}
    for name in asked.sets:
        if name == "wikipedia" and data is None:
            continue
        named = read_wikipedia(data) if name == "wikipedia" and data else read_sample(name)
        scored[name], speed = link_set(named, bert, vectors=asked.vectors)
        figures = describe_set(scored[name]["test"]) | {"sentences per second": speed}
        row = [name, *(f"{value:,.0f}" if value > 1 else f"{value:.3f}" for value in figures.values())]
        log.info("%s\nwritten to %s", " | ".join(row), record("linking", {name: figures}, row))
    if asked.choose:
        log.info("%s", choose_weights([parts["choice"] for parts in scored.values()]).to_string())


def read_sample(name: str) -> NamedTexts:
    """One of the sample graphs' sets."""
    if name == "world":
        return read_world()
    return hide_facts(read_archipelago(), 0.2) if "hidden" in name else read_archipelago()


def link_set(named: NamedTexts, bert: Any, *, vectors: bool) -> tuple[dict[str, pd.DataFrame], float]:
    """Every candidate's evidence, for the half that weights may be chosen on and the half that counts; and the speed."""
    whole, speed = score_set(named, bert, vectors=vectors)
    if not whole["lacking"].any():  # no name means what the graph lacks: a third of the ambiguous entities go
        shared = set(list_ambiguous(named, collect_names(named.graph).entities))
        fewer, _ = score_set(remove_entities(named, shared, 1 / 3), bert, vectors=vectors)
        whole = pd.concat([whole.assign(counts="linking"), fewer.assign(counts="nil")])
    else:
        whole = whole.assign(counts="both")
    half = whole["text"].map(lambda text: zlib.crc32(fold(text).text.encode()) % 2)
    return {"choice": whole[half == 0], "test": whole[half == 1]}, speed


def score_set(named: NamedTexts, bert: Any, *, vectors: bool) -> tuple[pd.DataFrame, float]:
    """One row per candidate of a mention of which it is known what it means."""
    found = kgwb.find_mentions(named.texts, named.graph, bert.tokenizer)
    marked = [i for i, ms in enumerate(found) if any((m.start, m.end) in named.gold[i] for m in ms)]
    texts, mentions = [named.texts[i] for i in marked], [found[i] for i in marked]
    start = time.perf_counter()
    table = link_mentions(texts, mentions, named.graph, bert=bert).scores
    speed = len(texts) / (time.perf_counter() - start)
    if vectors:
        more = link_mentions(texts, mentions, named.graph, vectors=train(named.graph)).scores
        keys = ["sentence", "mention", "entity"]
        table = table.merge(more[[*keys, "coherence"]], on=keys, suffixes=("", " by vectors"))
    means = {
        (row, number): named.gold[i].get((mention.start, mention.end), "unmarked")
        for row, i in enumerate(marked)
        for number, mention in enumerate(found[i])
    }
    meant = [means[key] for key in zip(table["sentence"], table["mention"], strict=True)]
    named_as = named.graph.entities["entity"].to_numpy()[table["entity"]]
    lacking = [name is None for name in meant]
    table = table.assign(right=[a == b for a, b in zip(named_as, meant, strict=True)], lacking=lacking)
    return table[[name != "unmarked" for name in meant]], speed


def train(graph: kgwb.KnowledgeGraph) -> kgwb.GraphEmbedding:
    """ComplEx by its preset; a large graph for eight epochs only."""
    options = kgwb.preset("complex", len(graph.entities))
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=options.pop("dim"))
    options["epochs"] = min(options["epochs"], 8 if len(graph) > 100_000 else 100)
    for _ in kgwb.train_embedding(embedding, kgwb.split_triples(graph, valid=0.02, test=0.02), **options):
        pass
    return embedding


def describe_set(table: pd.DataFrame) -> dict[str, float]:
    """Accuracy on ambiguous names by what counts, then precision and recall of NIL."""
    linking = table[table["counts"] != "nil"]
    several = linking[pick_ambiguous(linking)]
    figures = {"mentions": float(len(several.drop_duplicates(["sentence", "mention"])))}
    figures |= {name: accuracy(several, DEFAULTS * on) for name, on in SETTINGS.items()}
    if "coherence by vectors" in table:
        figures["all, with vectors"] = accuracy(several.assign(coherence=several["coherence by vectors"]), DEFAULTS)
    return figures | judge_nil(table[table["counts"] != "linking"], DEFAULTS, THRESHOLD)


def pick_ambiguous(table: pd.DataFrame) -> pd.Series:
    """The rows of mentions with several candidates, one of which is right."""
    mentions = table.groupby(["sentence", "mention"])["right"]
    return (mentions.transform("size") > 1) & mentions.transform("any")


def weigh(table: pd.DataFrame, weights: np.ndarray) -> pd.Series:
    """The score of each candidate, as link_mentions has it."""
    counted = (table[EVIDENCE].notna() * weights).sum(axis=1)
    return (table[EVIDENCE].fillna(0) * weights).sum(axis=1) / counted.where(counted > 0, 1)


def accuracy(table: pd.DataFrame, weights: np.ndarray) -> float:
    """How often the best candidate is right; of several equally good ones each counts its part."""
    scored = table.assign(score=weigh(table, weights).round(9))
    best = scored[scored["score"] == scored.groupby(["sentence", "mention"])["score"].transform("max")]
    return float(best.groupby(["sentence", "mention"])["right"].mean().mean())


def judge_nil(table: pd.DataFrame, weights: np.ndarray, threshold: float) -> dict[str, float]:
    """Of the mentions below the threshold, how many the graph lacks; of those it lacks, how many are below."""
    lacking = table.groupby(["sentence", "mention"])["lacking"].first()
    best = table.assign(score=weigh(table, weights)).groupby(["sentence", "mention"])["score"].max()
    below = best < threshold
    hits = float((below & lacking).sum())
    return {
        "lacking": float(lacking.mean()),
        "NIL precision": hits / max(below.sum(), 1),
        "NIL recall": hits / max(lacking.sum(), 1),
        "kept": float((~below)[~lacking].mean()),
    }


def choose_weights(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The ten best settings by the mean over all sets of accuracy and F1 of NIL."""
    tried = []
    for prior, context, threshold in product(
        (0, 0.05, 0.1, 0.15, 0.2, 0.3), (0.2, 0.3, 0.4, 0.5), np.arange(0.15, 0.6, 0.05)
    ):
        weights, marks = np.array([prior, context, 1 - prior - context]), []
        for table in tables:
            linking = table[table["counts"] != "nil"]
            nil = judge_nil(table[table["counts"] != "linking"], weights, threshold)
            precision, recall = nil["NIL precision"], nil["NIL recall"]
            f1 = 2 * precision * recall / max(precision + recall, 1e-9)
            marks.append((accuracy(linking[pick_ambiguous(linking)], weights), f1))
        tried.append((*weights, threshold, *np.mean(marks, axis=0), np.mean(marks)))
    columns = [*EVIDENCE, "threshold", "accuracy", "F1 of NIL", "mean"]
    return pd.DataFrame(tried, columns=columns).sort_values("mean", ascending=False).head(10)


if __name__ == "__main__":
    main()
