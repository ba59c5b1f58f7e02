"""How often link_mentions picks the entity that an ambiguous name means, and notices one that the graph lacks.

python tests/benchmarks/linking.py
"""

from __future__ import annotations

import argparse
import inspect
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
from kgwb.bert.linking import link_mentions
from kgwb.bert.mentions import fold_text, index_names

EVIDENCE = ["prior", "context", "coherence"]
DEFAULTS = np.array([inspect.signature(link_mentions).parameters[kind].default for kind in EVIDENCE])
THRESHOLD = inspect.signature(link_mentions).parameters["threshold"].default
SETTINGS = {"prior": (1, 0, 0), "+ context": (1, 1, 0), "+ coherence": (1, 0, 1), "all": (1, 1, 1)}
SETS = ("archipelago", "archipelago, a fifth of the facts hidden", "world", "wikipedia")
log = logging.getLogger("bench")


def main() -> None:
    """Link every set, and write down what its test half says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--choose", action="store_true", help="look for better weights on the other half")
    parser.add_argument("--vectors", nargs="*", choices=SETS, default=list(SETS[:3]), help="train vectors for these")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("fb15k-237", "fewrel", threads=asked.threads)
    bert, scored = kgwb.load_bert("minilm"), {}
    for name in asked.sets:
        if name == "wikipedia" and data is None:
            continue
        named = read_wikipedia(data) if name == "wikipedia" and data else read_sample(name)
        scored[name], speed = link_set(named, bert, vectors=name in asked.vectors)
        figures = describe_set(scored[name]["test"]) | {"sentences per second": speed}
        row = [name, *(spell(value) for value in figures.values())]
        log.info("%s\nwritten to %s", " | ".join(row), record("linking", {name: figures}, row))
    if asked.choose:
        tables = [parts["choice"] for parts in scored.values()]
        log.info("%s\n%s", choose_weights(tables).to_string(), try_thresholds(tables).to_string())


def spell(value: float | str) -> str:
    """A figure for the table."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value > 1 else f"{value:.3f}".lstrip("0")


def read_sample(name: str) -> NamedTexts:
    """One of the sample graphs' sets."""
    if name == "world":
        return read_world()
    return hide_facts(read_archipelago(), 0.2) if "hidden" in name else read_archipelago()


def link_set(named: NamedTexts, bert: Any, *, vectors: bool) -> tuple[dict[str, pd.DataFrame], float]:
    """Every candidate's evidence, for the half that weights may be chosen on and the half that counts; and the speed."""
    whole, speed = score_set(named, bert, vectors=vectors)
    if not whole["lacking"].any():  # no name means what the graph lacks: a third of the ambiguous entities go
        shared = set(list_ambiguous(named, index_names(named.graph).entities))
        fewer, _ = score_set(remove_entities(named, shared, 1 / 3), bert, vectors=vectors)
        whole = pd.concat([whole.assign(counts="linking"), fewer.assign(counts="nil")])
    else:
        whole = whole.assign(counts="both")
    half = whole["text"].map(lambda text: zlib.crc32(fold_text(text).text.encode()) % 2)
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


def describe_set(table: pd.DataFrame) -> dict[str, float | str]:
    """Accuracy on ambiguous names by what counts, then precision and recall of NIL."""
    several = pick_ambiguous(table[table["counts"] != "nil"])
    names = several["text"].map(lambda text: fold_text(text).text).nunique()
    figures: dict[str, float | str] = {"names": f"{several.groupby(['sentence', 'mention']).ngroups:,} of {names}"}
    figures |= {name: accuracy(several, DEFAULTS * on) for name, on in SETTINGS.items()}
    figures["with vectors"] = "–"
    if "coherence by vectors" in several:
        figures["with vectors"] = accuracy(several.assign(coherence=several["coherence by vectors"]), DEFAULTS)
    return figures | judge_nil(table[table["counts"] != "linking"], DEFAULTS, THRESHOLD)


def pick_ambiguous(table: pd.DataFrame) -> pd.DataFrame:
    """The candidates of mentions that have several, one of which is right."""
    mentions = table.groupby(["sentence", "mention"])["right"]
    return table[(mentions.transform("size") > 1) & mentions.transform("any")]


def weigh(table: pd.DataFrame, weights: np.ndarray) -> pd.Series:
    """The score of each candidate, as link_mentions has it."""
    counted = (table[EVIDENCE].notna() * weights).sum(axis=1)
    return (table[EVIDENCE].fillna(0) * weights).sum(axis=1) / counted.where(counted > 0, 1)


def accuracy(table: pd.DataFrame, weights: np.ndarray) -> float:
    """How often the best candidate is right, every name counting once however often it is mentioned.

    Of several equally good candidates each counts its part.
    """
    scored = table.assign(
        score=weigh(table, weights).round(9), name=table["text"].map(lambda text: fold_text(text).text)
    )
    best = scored[scored["score"] == scored.groupby(["sentence", "mention"])["score"].transform("max")]
    mentions = best.groupby(["name", "sentence", "mention"])["right"].mean()
    return float(mentions.groupby("name").mean().mean())


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
    """The ten best weights by accuracy, the mean over the sets."""
    several = [pick_ambiguous(table[table["counts"] != "nil"]) for table in tables]
    tried = []
    for prior, context in product((0, 0.05, 0.1, 0.15, 0.2, 0.3), (0.1, 0.2, 0.3, 0.4, 0.5)):
        weights = np.array([prior, context, 1 - prior - context])
        tried.append((*weights, np.mean([accuracy(table, weights) for table in several])))
    table = pd.DataFrame(tried, columns=[*EVIDENCE, "accuracy"])
    return table.sort_values("accuracy", ascending=False).head(10)


def try_thresholds(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """What each threshold does in each set: NIL recall, and the share kept of what the graph has."""
    nil = [table[table["counts"] != "linking"] for table in tables]
    tried = {
        threshold: [
            f"{told['NIL recall']:.2f} / {told['kept']:.2f}"
            for told in (judge_nil(t, DEFAULTS, threshold) for t in nil)
        ]
        for threshold in np.arange(0.1, 0.32, 0.02).round(2)
    }
    return pd.DataFrame.from_dict(tried, orient="index")


if __name__ == "__main__":
    main()
