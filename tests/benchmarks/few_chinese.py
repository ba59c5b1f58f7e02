"""Few examples in Chinese (EPRSTMT, 32 to learn from): a cloze beside fine-tuning, on a BERT of characters trained here.

The BERT is trained by masked words on Chinese reviews without their labels (ChnSentiCorp's training texts, EPRSTMT's
unlabelled and few training texts; nothing of test_public), then tuned on each of the five draws of 32 examples: once with a
head on the mean state (TextClasses), once as a cloze (ClozeClasses, good or bad in one character). The learning rate is
chosen for each draw and way by the draw's own 32 dev examples. Beside them, all on test_public: always the commonest
answer, TF-IDF of characters with a linear support vector machine, the same BERT as it is with a logistic regression, the
cloze before tuning, and both ways on a BERT that read nothing.

python tests/benchmarks/few_chinese.py --threads 1         about 20 minutes on one core
python tests/benchmarks/few_chinese.py --bert FOLDER       another BERT instead of the one trained here
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import torch
from figures import begin, record

import kgwb
from kgwb.bert import Bert
from kgwb.bert.tiny import train_tiny
from kgwb.learn import ClozeClasses, FrameTask, TextClasses, score_predictions

PATTERN = "{text}总之，很[MASK]。"
WORDS = {"Positive": "好", "Negative": "差"}
RATES = (1e-4, 3e-4, 1e-3)
LONGEST = 100  # characters of a stretch to train on; the BERT has 128 positions
log = logging.getLogger("bench")


def main() -> None:
    """Train the BERT, measure every draw, and write a row of means and spreads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bert", help="a folder or a hub id, instead of the BERT trained here")
    parser.add_argument("--steps", type=int, default=2000, help="of training the BERT, 64 stretches each")
    parser.add_argument("--epochs", type=int, default=12, help="of tuning on 32 examples")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    data = begin("eprstmt", "chnsenticorp", threads=asked.threads)
    if data is None:
        return
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    began = time.process_time()
    bert = kgwb.load_bert(asked.bert) if asked.bert else read_reviews(data, asked.steps)
    minutes = (time.process_time() - began) / 60
    log.info("%s ready after %.1f minutes of processor time", bert.name, minutes)
    table: dict[str, list[float]] = {}
    for draw in range(5):
        for name, value in measure_draw(data, bert, draw, asked):
            table.setdefault(name, []).append(value)
            log.info("draw %d, %-34s %.3f", draw, name, value)
    for name, values in table.items():
        log.info("%-40s %s", name, tell(values))
    gains = [one - other for one, other in zip(table["cloze"], table["fine-tuned"], strict=True)]
    row = [bert.name if asked.bert else f"characters, {asked.steps:,} steps", *(tell(each) for each in table.values())]
    row += [tell(gains), f"{(time.process_time() - began) / 60:.0f}"]
    record("few-chinese", {"table": table, "minutes of training": minutes}, row)


def tell(values: list[float]) -> str:
    """Mean and spread over the draws."""
    return f"{statistics.mean(values):.3f} ± {statistics.stdev(values):.3f}"


def read_reviews(data: Path, steps: int) -> Bert:
    """A BERT that has read reviews, and none of their labels."""
    frame = pd.read_csv(data / "chnsenticorp" / "train.tsv", sep="\t", quoting=3)
    texts = frame["text_a"].tolist()
    for name in ("test", "train_few_all", "dev_few_all"):
        texts += read_frame(data / "eprstmt" / f"{name}.json")["text"].tolist()
    stretches = [stretch for text in texts for stretch in cut(str(text))]
    return kgwb.load_bert(train_tiny(stretches, vocabulary=6000, steps=steps))


def read_frame(path: Path) -> pd.DataFrame:
    """Texts, and labels where there are any."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return pd.DataFrame(rows).rename(columns={"sentence": "text"})


def cut(text: str) -> Iterator[str]:
    """Stretches of whole clauses, as long as there is room."""
    held = ""
    for clause in re.findall(r"[^，。！？；,.!?;\s]{0,80}[，。！？；,.!?;\s]*", text):
        if held and len(held) + len(clause) > LONGEST:
            yield held
            held = ""
        held += clause[:LONGEST]
    if len(held.strip()) > 1:
        yield held


def measure_draw(data: Path, bert: Bert, draw: int, asked: argparse.Namespace) -> Iterator[tuple[str, float]]:
    """Accuracy on test_public of every way to learn from one draw."""
    train, dev = (read_frame(data / "eprstmt" / f"{name}_{draw}.json") for name in ("train", "dev"))
    test = read_frame(data / "eprstmt" / "test_public.json")
    yield "commonest", float((test["label"] == train["label"].mode()[0]).mean())
    yield "TF-IDF", score_tfidf(train, test)
    still = copy.deepcopy(bert)
    TextClasses(train).fit_head(still)
    yield "as it is", score_predictions(still, test).accuracy
    still = copy.deepcopy(bert)
    ClozeClasses(train, pattern=PATTERN, words=WORDS).make_head(still)
    yield "cloze before tuning", score_predictions(still, test).accuracy
    ways: dict[str, FrameTask] = {
        "fine-tuned": TextClasses(train),
        "cloze": ClozeClasses(train, pattern=PATTERN, words=WORDS),
    }
    for name, task in ways.items():
        yield name, choose_and_score(bert, task, dev, test, draw, asked.epochs)
    if not asked.bert:
        empty = forget(bert)
        for name, task in ways.items():
            yield f"{name}, read nothing", choose_and_score(empty, task, dev, test, draw, asked.epochs)


def forget(bert: Bert) -> Bert:
    """The same BERT as it was before it read anything."""
    empty = copy.deepcopy(bert)
    torch.manual_seed(0)
    empty.model.apply(empty.model._init_weights)
    return empty


def choose_and_score(
    bert: Bert, task: FrameTask, dev: pd.DataFrame, test: pd.DataFrame, seed: int, epochs: int
) -> float:
    """Accuracy with the learning rate that does best on the dev examples, the lowest of equals."""
    tuned = [tune(bert, task, rate, seed, epochs) for rate in RATES]
    scores = [score_predictions(model, dev).accuracy for model in tuned]
    return score_predictions(tuned[scores.index(max(scores))], test).accuracy


def tune(bert: Bert, task: FrameTask, rate: float, seed: int, epochs: int) -> Bert:
    """A copy tuned in all layers; a head of its own is fitted once more afterwards."""
    model = copy.deepcopy(bert)
    for _ in kgwb.tune(model, task, epochs=epochs, batch=16, learning_rate=rate, top_layers=model.layers, seed=seed):
        pass
    if task.stretches:
        task.fit_head(model)
    return model


def score_tfidf(train: pd.DataFrame, test: pd.DataFrame) -> float:
    """Accuracy of a linear support vector machine on characters, one to three."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True)
    model = make_pipeline(characters, LinearSVC()).fit(train["text"], train["label"])
    return float(model.score(test["text"], test["label"]))


if __name__ == "__main__":
    main()
