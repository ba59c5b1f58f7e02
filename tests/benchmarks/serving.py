"""Recognising what customers of a bank want, and saying "I do not know", with and without a graph of the intents (Banking77).

The graph: an intent has the words of its name (card_arrival: card, arrival), and shares a topic with the intents that have a
word of it too. What it says of an intent is a text ("card arrival"), which joins the examples; its weight is chosen on folds of
the training texts, 0 among the choices. The control gives each intent the text of another.

"known": all 77 intents, all examples or 10 of each. "unknown": 17 intents, drawn by the seed, are not learnt and come in the
test; refused is what is less sure than a threshold, chosen on training texts with 13 more intents left out. What is tuned, and
the published figure, stand in other tables: text_tasks.py and policies.py measure them.

python tests/benchmarks/serving.py             five seeds
python tests/benchmarks/serving.py --trial     one seed, 10 examples; nothing is recorded
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from figures import begin, record
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, precision_score, recall_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_union
from sklearn.svm import LinearSVC

import kgwb
from kgwb.learn.text_vectors import vectorise_texts

FEW, UNKNOWN, LEFT_OUT, FOLDS = 10, 17, 13, 3
WEIGHTS = (0.0, 1.0, 3.0)  # of the graph's text, beside an example's 1
WAYS = ("majority", "TF-IDF", "MiniLM", "with the graph", "shuffled graph")
log = logging.getLogger("bench")


@dataclass(frozen=True)
class Bank:
    """Texts, their intents, what MiniLM makes of them, and of the graph's text of each intent."""

    texts: tuple[np.ndarray, np.ndarray]  # train, test
    intents: tuple[np.ndarray, np.ndarray]
    vectors: tuple[np.ndarray, np.ndarray]
    names: np.ndarray
    told: np.ndarray  # [intent, dim]


def main() -> None:
    """Measure what is asked for, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--exams", nargs="+", choices=["known", "unknown"], default=["known", "unknown"])
    parser.add_argument("--examples", nargs="+", choices=["few", "all"], default=["few", "all"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("banking77", threads=asked.threads)
    if folder is None:
        return
    if asked.trial:
        asked.seeds, asked.examples = 1, ["few"]
    bank = read_bank(folder / "banking77")
    measure = {"known": measure_known, "unknown": measure_unknown}
    for exam in asked.exams:
        for examples in asked.examples:
            for row in measure[exam](bank, examples, asked.seeds):
                log.info("%s", " | ".join(row))
                if not asked.trial:
                    record("serving", {"exam": exam, "row": row}, row)


def read_bank(folder: Path) -> Bank:
    """The data set as it is published, read by MiniLM once."""
    train, test = (pd.read_csv(folder / f"{name}.csv") for name in ("train", "test"))
    bert, names = kgwb.load_bert("minilm"), np.array(sorted(train["category"].unique()))
    told = [" ".join(words) for words in list_words(make_graph(names), names)]
    return Bank(
        (train["text"].to_numpy(object), test["text"].to_numpy(object)),
        (np.searchsorted(names, train["category"]), np.searchsorted(names, test["category"])),
        (vectorise_texts(bert, train["text"].tolist()), vectorise_texts(bert, test["text"].tolist())),
        names,
        vectorise_texts(bert, told),
    )


def make_graph(names: np.ndarray) -> kgwb.KnowledgeGraph:
    """Intents, the words of their names in order, and which intents share a word."""
    words = {name: name.lower().replace("?", "").split("_") for name in names}
    rows = [(name, f"word_{place}", word) for name, its in words.items() for place, word in enumerate(its)]
    rows += [
        (one, "shares_topic", other)
        for one in names
        for other in names
        if one < other and {*words[one]} & {*words[other]}
    ]
    return kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"]))


def list_words(graph: kgwb.KnowledgeGraph, names: np.ndarray) -> list[list[str]]:
    """What the graph says of each intent, in the order of its words."""
    facts = graph.to_pandas()
    facts = facts[facts["relation"].str.startswith("word_")]
    ordered = facts.assign(place=facts["relation"].str.removeprefix("word_").astype(int)).sort_values("place")
    return [ordered.loc[ordered["head"] == name, "tail"].tolist() for name in names]


def measure_known(bank: Bank, examples: str, seeds: int) -> Iterator[list[str]]:
    """Accuracy of each way on all 77 intents."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    for seed in range(seeds):
        rows = choose_examples(bank, np.arange(len(bank.names)), examples, seed)
        for way in WAYS:
            if examples == "all" and seed and way != "shuffled graph":
                continue  # nothing is drawn
            scores, labels = score_intents(bank, way, rows, bank.intents[0][rows], 1, slice(None), seed)
            found[way].append(float((labels[scores.argmax(axis=1)] == bank.intents[1]).mean()))
            log.info("%s, seed %d, %s: %.4f", examples, seed, way, found[way][-1])
    for way, its in found.items():
        gains = [
            one - plain for one, plain in zip(its, found["MiniLM"] * (seeds if examples == "all" else 1), strict=False)
        ]
        over = spell(gains, sign="+") if way in WAYS[3:] else "–"
        yield [f"known, {examples}", way, str(len(its)), spell(its), over, "–", "–", "–"]


def measure_unknown(bank: Bank, examples: str, seeds: int) -> Iterator[list[str]]:
    """How well each way tells the 17 intents that it did not learn from the 60 that it did."""
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS[1:]}
    for seed in range(seeds):
        drawn = np.random.default_rng(seed).permutation(len(bank.names))
        known, inner = drawn[UNKNOWN:], drawn[UNKNOWN + LEFT_OUT :]
        rows = choose_examples(bank, known, examples, seed)
        truth = ~np.isin(bank.intents[1], known)  # to be refused
        for way in WAYS[1:]:
            scores, labels = score_intents(bank, way, rows, bank.intents[0][rows], 1, slice(None), seed)
            sure, right = scores.max(axis=1), labels[scores.argmax(axis=1)] == bank.intents[1]
            refused = sure < choose_threshold(bank, way, rows, inner, seed)
            found[way].append(
                [
                    float(right[~truth].mean()),
                    float(roc_auc_score(truth, -sure)),
                    float(precision_score(truth, refused, zero_division=0.0)),
                    float(recall_score(truth, refused)),
                ]
            )
            log.info("%s, seed %d, %s: %s", examples, seed, way, np.round(found[way][-1], 4))
    for way, its in found.items():
        table = np.array(its)
        gains = table[:, 1] - np.array(found["MiniLM"])[:, 1]
        over = f"AUROC {spell(gains, sign='+')}" if way in WAYS[3:] else "–"
        yield [f"unknown, {examples}", way, str(len(its)), spell(table[:, 0]), over, *map(spell, table[:, 1:].T)]


def choose_examples(bank: Bank, known: np.ndarray, examples: str, seed: int) -> np.ndarray:
    """The training texts of some intents, all of them or ten of each."""
    its = pd.Series(bank.intents[0])
    its = its[its.isin(known)]
    return np.sort((its if examples == "all" else its.groupby(its).sample(FEW, random_state=seed)).index.to_numpy())


def choose_threshold(bank: Bank, way: str, rows: np.ndarray, inner: np.ndarray, seed: int) -> float:
    """Where refusals have the best F1, with more intents left out, and a third of the texts of the others."""
    intents = bank.intents[0][rows]
    others = rows[~np.isin(intents, inner)]
    kept = rows[np.isin(intents, inner)]
    train, held = next(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(kept, bank.intents[0][kept]))
    asked = np.concatenate([kept[held], others])
    scores, _ = score_intents(bank, way, kept[train], bank.intents[0][kept[train]], 0, asked, seed)
    sure, truth = scores.max(axis=1), ~np.isin(bank.intents[0][asked], inner)
    limits = np.quantile(sure, np.linspace(0.02, 0.98, 49))
    return float(limits[np.argmax([f1_score(truth, sure < limit) for limit in limits])])


def score_intents(
    bank: Bank, way: str, rows: np.ndarray, intents: np.ndarray, part: int, asked: np.ndarray | slice, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Scores of some texts of a part, [text, intent], and the intents that these are."""
    labels = np.unique(intents)
    if way == "majority":
        counts = np.array([(intents == label).sum() for label in labels], float)
        return np.tile(counts, (len(bank.texts[part][asked]), 1)), labels
    if way == "TF-IDF":
        words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
        counted = make_union(words, TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
        model = LinearSVC().fit(counted.fit_transform(bank.texts[0][rows]), intents)
        return model.decision_function(counted.transform(bank.texts[part][asked])), labels
    told = bank.told[labels]
    if way == "shuffled graph":
        told = told[np.random.default_rng(seed).permutation(len(labels))]
    weight = 0.0 if way == "MiniLM" else choose_weight(bank.vectors[0][rows], intents, told, seed)
    return fit(bank.vectors[0][rows], intents, told, weight).predict_proba(bank.vectors[part][asked]), labels


def choose_weight(vectors: np.ndarray, intents: np.ndarray, told: np.ndarray, seed: int) -> float:
    """The weight of the graph's texts with which training texts that are left out come out best."""
    folds = list(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(vectors, intents))
    folds = folds if len(vectors) <= FEW * 100 else folds[:1]
    right = [
        np.mean([fit(vectors[a], intents[a], told, weight).score(vectors[b], intents[b]) for a, b in folds])
        for weight in WEIGHTS
    ]
    return WEIGHTS[int(np.argmax(right))]


def fit(vectors: np.ndarray, intents: np.ndarray, told: np.ndarray, weight: float) -> LogisticRegression:
    """A logistic regression on examples and, where they weigh something, on the graph's texts of the intents."""
    model = LogisticRegression(C=30, max_iter=300, tol=1e-3)
    if not weight:
        return model.fit(vectors, intents)
    weights = np.concatenate([np.ones(len(intents)), np.full(len(told), weight)])
    return model.fit(np.vstack([vectors, told]), np.concatenate([intents, np.unique(intents)]), sample_weight=weights)


def spell(values: list[float] | np.ndarray, *, sign: str = "") -> str:
    """Mean and standard deviation over seeds."""
    spread = f" ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else ""
    return f"{np.mean(values):{sign}.3f}{spread}"


if __name__ == "__main__":
    main()
