"""A graph that grows from sentences: facts taken away, proposed from held-out sentences, accepted, and asked for.

python tests/benchmarks/construction.py --seeds 3 --threads 1
"""

from __future__ import annotations

import argparse
import copy
import logging
import time
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from figures import record

import kgwb
from kgwb.graph import Sentence
from kgwb.learn import (
    RelationClasses,
    add_facts,
    answer_questions,
    calibrate_facts,
    find_threshold,
    grow_graph,
    pair_names,
    propose_facts,
)
from kgwb.lessons import growing_graph, text_to_graph
from kgwb.lessons.growing_graph import TakenAway
from kgwb.lessons.text_to_graph import Fact
from kgwb.words import count_things

FOLDER = Path(__file__).parents[2] / "sample_graphs" / "medicine"
SHARES = {"test": 0.3, "threshold": 0.1, "calibration": 0.1}  # of the facts, taken away
log = logging.getLogger("bench")


def main() -> None:
    """Measure both wordings with each seed, and write a row for each wording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wording", choices=["seen", "new", "both"], default="both")
    parser.add_argument("--reader", choices=["names", "types", "both"], default="both")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--precision", type=float, default=0.9)
    parser.add_argument("--most", type=int, default=300, help="questions that the door is tuned on")
    parser.add_argument("--sentences", type=int, default=0, help="of each part at most; 0 for all")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logging.getLogger("kgwb").setLevel(logging.WARNING)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    wordings = ("seen", "new") if asked.wording == "both" else (asked.wording,)
    readers = ("names", "types") if asked.reader == "both" else (asked.reader,)
    for wording, reader in product(wordings, readers):
        rows = []
        for seed in range(asked.seeds):
            began = time.process_time()
            rows.append(measure(wording, reader, seed, asked))
            log.info(
                "%s wording, %s, seed %d, %.0f s: %s", wording, reader, seed, time.process_time() - began, rows[-1]
            )
        frame = pd.DataFrame(rows)
        columns = ["joined", "text", "types", "words"]
        cells = [f"{tell(frame[f'{name} precision'])} / {tell(frame[f'{name} recall'])}" for name in columns]
        answers = [tell(frame[f"answers {name}"]) for name in ("before", "after", "shuffled", "all told")]
        reached = f"threshold in {frame['threshold'].notna().sum()} of {count_things(len(rows), 'seed')}"
        what = f"{wording} wording, {reader} read; {reached}: {tell(frame['threshold'])}"
        record("construction", {"wording": wording, "reader": reader, "rows": rows}, [what, *cells, *answers])


def divide(wording: str, seed: int, most: int) -> TakenAway:
    """Take facts away, a symmetric one both ways, and part the sentences by the fact that they state.

    Args:
        wording: "seen": held-out sentences have the wordings of the others; "new": those that the others never have.
        seed: of the choice.
        most: sentences of each part; 0 for all.
    """
    graph = kgwb.read_graph(FOLDER)
    english = [each for each in kgwb.read_sentences(FOLDER, graph) if each.language == "en"]
    taken = growing_graph.take_away(graph, english, SHARES, symmetric=["interacts with"], seed=seed)
    facts, sentences = dict(taken.facts), dict(taken.sentences)
    for name, told in taken.sentences.items():
        if wording == "new":
            told = [each for each in told if each.wording == (0 if name == "kept" else 1)]
        sentences[name] = told[:most] if most else told
        if name != "kept":  # what is told; who interacts with whom is told both ways at once
            stated = {each.triple for each in sentences[name] if each.triple}
            facts[name] = growing_graph.tell_both_ways(stated, [graph.relation_id("interacts with")])
    return TakenAway(graph, taken.lacking, facts, sentences)


def measure(wording: str, reader: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Precision and recall of what is accepted, beside its floors, and what the door answers before and after."""
    parts = divide(wording, seed, asked.sentences)
    lacking, right = parts.lacking, parts.facts["test"]
    train = pair_names(parts.sentences["kept"], lacking)
    bert = kgwb.load_bert("minilm")
    typed = reader == "types"
    RelationClasses(pair_names(parts.sentences["kept"], lacking, typed=typed)).fit_head(bert)
    vectors = kgwb.GraphEmbedding(lacking, kgwb.ComplEx(), dim=64, seed=seed)
    for _ in kgwb.train_embedding(vectors, lacking, epochs=60):
        pass
    rules = kgwb.find_rules(lacking)
    options = {"vectors": vectors, "rules": rules, "typed": typed}
    found = {
        name: propose_facts(bert, [each.text for each in parts.sentences[name]], lacking, **options) for name in SHARES
    }
    calibration = calibrate_facts(found["calibration"], parts.facts["calibration"])
    log.info("%s", calibration)
    row: dict[str, Any] = {}
    accepted = {}
    for name, weigh in (("text", lambda frame: frame), ("joined", calibration.apply)):
        threshold = find_threshold(weigh(found["threshold"]), parts.facts["threshold"], precision=asked.precision)
        log.info("%s: %s", name, threshold)
        frame = weigh(found["test"])
        accepted[name] = frame[(frame["probability"] >= threshold.value) & ~frame["known"]]
        row |= score(name, growing_graph.take_ids(accepted[name]), right)
    row["threshold"] = threshold.value if threshold.reached else np.nan
    pairs = pair_names(read_names(parts, bert), parts.graph)
    floors = {
        "types": text_to_graph.guess_by_types(train, pairs, lacking),
        "words": text_to_graph.guess_by_words(train, pairs),
    }
    held = parts.facts["kept"]
    for name, given in floors.items():
        row |= score(
            name, [fact for fact in text_to_graph.gather_facts(pairs, given, lacking) if fact not in held], right
        )
    return row | ask(parts, accepted["joined"], vectors, seed, asked)


def read_names(parts: TakenAway, bert: kgwb.bert.Bert) -> list[Sentence]:
    """The held-out sentences with the names that are found in them, which floors are given as well."""
    held_out = parts.sentences["test"]
    found = kgwb.find_mentions([each.text for each in held_out], parts.lacking, bert.tokenizer)
    return [replace(each, mentions=tuple(names)) for each, names in zip(held_out, found, strict=True)]


def score(name: str, facts: list[Fact], right: set[Fact]) -> dict[str, float]:
    """Precision, NaN of nothing, and recall."""
    both = len(set(facts) & right)
    return {f"{name} precision": both / len(facts) if facts else np.nan, f"{name} recall": both / len(right)}


def ask(
    parts: TakenAway, accepted: pd.DataFrame, vectors: kgwb.GraphEmbedding, seed: int, asked: argparse.Namespace
) -> dict[str, float]:
    """The share of right answers to questions about facts that were taken away: before, after, and with what is not so."""
    grown = grow_graph(parts.lacking, accepted)
    assert len(grown) == len(parts.lacking) + len(accepted), "a candidate was lost or known"
    known, silent = (kgwb.make_questions(parts.sentences[name], parts.graph)[: asked.most] for name in ("kept", "test"))
    model = kgwb.inject(kgwb.load_bert("minilm"), vectors, mode="pointer", seed=seed)
    for _ in kgwb.tune(model, kgwb.MaskedAnswers(known), seed=seed):
        pass
    shuffled = (
        text_to_graph.shuffle_what_was_read(growing_graph.take_ids(accepted), parts.graph, seed=seed)
        if len(accepted)
        else []
    )
    told = {"shuffled": shuffled, "all told": sorted(parts.facts["test"])}
    row = {"answers before": share_right(model, silent)}
    after = copy.deepcopy(model)
    add_facts(after, accepted)
    row["answers after"] = share_right(after, silent)
    for name, facts in told.items():
        other = copy.deepcopy(model)
        assert other.injector is not None
        other.injector.add([fact for fact in facts if fact not in parts.facts["kept"]])
        row[f"answers {name}"] = share_right(other, silent)
    return row


def share_right(model: kgwb.bert.Bert, questions: kgwb.learn.Questions) -> float:
    """The share of right answers."""
    return float(answer_questions(model, questions)["correct"].mean())


def tell(figures: pd.Series) -> str:
    """Mean and standard deviation over the seeds that have a figure."""
    there = figures.dropna()
    if there.empty:
        return "–"
    return f"{there.mean():.2f} ± {there.std():.2f}" if len(there) > 1 else f"{there.mean():.2f}"


if __name__ == "__main__":
    main()
