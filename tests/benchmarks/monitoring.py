"""Sentiment of Chinese reviews with and without HowNet (ChnSentiCorp), and alarms on counts of tweets (NAB).

ChnSentiCorp: accuracy on test of always the commonest answer; TF-IDF of characters (1 to 3) with a linear support vector
machine; a BERT of characters that has read the training texts without their labels, as it is with a logistic regression, and
tuned for one epoch (no setting was chosen). TF-IDF and the BERT as it is again with HowNet: the sememes of the words of a text,
found by longest match, counted as TF-IDF; and with sememes shuffled over words. Each seed trains on nine tenths of train.

NAB: five series of tweets in five minutes. Each is standardised by the hour of the day, z = (ln (1 + x) − median) / MAD of the
first 15 %, and the notebook's CUSUM runs on w = z − 1. The height is the lowest with at most one alarm in those 15 %; alarms
within a day of the one before are one. Beside it a fixed height of the raw counts and one of z, chosen alike. Windows that
begin in the first 15 % are left out. These are counts of windows, not NAB's score.

python tests/benchmarks/monitoring.py --threads 1        about 15 minutes on one core
python tests/benchmarks/monitoring.py --trial            one seed, few texts; nothing is recorded
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from figures import begin, record
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

import kgwb
from kgwb.bert.tiny import train_tiny
from kgwb.learn import TextClasses, run_cusum, score_predictions
from kgwb.learn.text_vectors import vectorise_texts

LONGEST = 100  # characters of a text that are read; the BERT has 128 positions
SERIES = ("AAPL", "AMZN", "CRM", "CVS", "FB")
DAY = 288  # steps of five minutes
log = logging.getLogger("bench")


def main() -> None:
    """Measure both, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=["chnsenticorp", "nab"], default=["nab", "chnsenticorp"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tuned", type=int, default=1, help="of the seeds, how many tune the BERT: minutes each")
    parser.add_argument("--steps", type=int, default=600, help="of training the BERT, 64 texts each")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("chnsenticorp", "nab", threads=asked.threads)
    if folder is None:
        return
    logging.getLogger("kgwb").setLevel(logging.ERROR)
    if asked.trial:
        asked.seeds, asked.steps = 1, 2
    for part in asked.parts:
        name, rows = {
            "nab": ("monitoring-alarms", measure_alarms),
            "chnsenticorp": ("monitoring", measure_sentiment),
        }[part]
        for row in rows(folder, asked):
            log.info("%s", " | ".join(row))
            if not asked.trial:
                record(name, {"row": row}, row)


def measure_sentiment(folder: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each way to tell good from bad, over seeds."""
    train, test = (
        pd.read_csv(folder / "chnsenticorp" / f"{name}.tsv", sep="\t", quoting=3) for name in ("train", "test")
    )
    if asked.trial:
        train, test = train.sample(400, random_state=0), test.sample(200, random_state=0)
    sememes = pd.read_csv(folder / "chnsenticorp" / "hownet.spo", sep="\t", header=None, quoting=3, dtype=str)
    began = time.process_time()
    bert = kgwb.load_bert(train_tiny([text[:LONGEST] for text in train["text_a"]], vocabulary=6000, steps=asked.steps))
    log.info("BERT ready after %.1f minutes of processor time", (time.process_time() - began) / 60)
    found: dict[str, list[float]] = {}
    texts = pd.concat([train["text_a"], test["text_a"]])
    states = vectorise_texts(bert, [text[:LONGEST] for text in texts])
    true = count_sememes(texts, sememes[0], sememes[2])
    for seed in range(asked.seeds):
        some = train.sample(frac=0.9, random_state=seed)
        rows, late = train.index.get_indexer(some.index), np.arange(len(train), len(texts))
        mixed = count_sememes(texts, sememes[0], sememes[2].sample(frac=1, random_state=seed))
        found.setdefault("always the commonest", []).append((test["label"] == some["label"].mode()[0]).mean())
        characters = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True).fit(some["text_a"])
        counted = characters.transform(texts)
        bases = {
            "TF-IDF of characters": (counted, LinearSVC()),
            "BERT as it is": (states, LogisticRegression(C=30, max_iter=3000)),
        }
        for name, (features, model) in bases.items():
            for more, its in (("", None), (" and HowNet", true), (" and HowNet, shuffled", mixed)):
                both = features if its is None else sparse.hstack([features, its]).tocsr()
                score = copy.deepcopy(model).fit(both[rows], some["label"]).score(both[late], test["label"])
                found.setdefault(name + more, []).append(score)
                log.info("seed %d, %s%s: %.3f", seed, name, more, score)
        if seed < asked.tuned:
            found.setdefault("BERT tuned, one epoch", []).append(tune(bert, some, test, seed))
    for name, values in found.items():
        yield [f"{len(train):,} and {len(test):,} texts, {len(values)} seeds", name, tell(values)]


def count_sememes(texts: pd.Series, words: pd.Series, sememes: pd.Series) -> sparse.csr_matrix:
    """TF-IDF of the sememes of the words that longest match finds: [text, sememe]."""
    meant: dict[str, list[str]] = {}
    for word, sememe in zip(words, sememes, strict=True):
        meant.setdefault(str(word), []).append(str(sememe))
    longest = 4

    def list_sememes(text: str) -> list[str]:
        at, listed = 0, []
        while at < len(text):
            size = next((size for size in range(longest, 0, -1) if text[at : at + size] in meant), 0)
            listed += meant.get(text[at : at + size], [])
            at += max(size, 1)
        return listed

    return TfidfVectorizer(analyzer=list_sememes, sublinear_tf=True).fit_transform(texts).tocsr()


def tune(bert: kgwb.Bert, train: pd.DataFrame, test: pd.DataFrame, seed: int) -> float:
    """Accuracy of the whole BERT tuned for one epoch."""
    model, short = copy.deepcopy(bert), [frame.assign(text=frame["text_a"].str[:LONGEST]) for frame in (train, test)]
    task = TextClasses(short[0], "text", "label")
    for _ in kgwb.tune(model, task, top_layers=model.layers, epochs=1, learning_rate=3e-4, seed=seed):
        pass
    score = score_predictions(model, short[1]).accuracy
    log.info("seed %d, tuned: %.3f", seed, score)
    return score


def tell(values: list[float]) -> str:
    """Mean, and the range over the seeds."""
    return f"{np.mean(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def measure_alarms(folder: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each alarm: windows found, false alarms a week, days of delay; all series together, then each."""
    windows = json.loads((folder / "nab" / "combined_windows.json").read_text(encoding="utf-8"))
    rows = []
    for name in SERIES:
        frame = pd.read_csv(folder / "nab" / f"Twitter_volume_{name}.csv", parse_dates=["timestamp"])
        its = pd.DataFrame(windows[f"realTweets/Twitter_volume_{name}.csv"], dtype="datetime64[ns]").set_axis(
            ["first", "last"], axis=1
        )
        first = int(0.15 * len(frame))
        for alarm, heights in list_heights(frame, first).items():
            rows.append(
                {
                    "series": name,
                    "alarm": alarm,
                    **judge(frame["timestamp"], heights, its, first, restart=alarm == "CUSUM"),
                }
            )
    table = pd.DataFrame(rows)
    for alarm, its in table.groupby("alarm", sort=False):
        each = ", ".join(f"{row.series} {row.found}/{row.windows}" for row in its.itertuples())
        delay = f"{np.median(np.concatenate(list(its['delays']))):.1f}" if its["found"].sum() else "–"
        weekly = its["false"].sum() / its["weeks"].sum()
        yield [str(alarm), f"{its['found'].sum()} of {its['windows'].sum()}", each, f"{weekly:.2f}", delay]


def list_heights(frame: pd.DataFrame, first: int) -> dict[str, np.ndarray]:
    """What each alarm compares with its height: raw counts, z by hour of the day, and the weights of the CUSUM."""
    value, hour = np.log1p(frame["value"].to_numpy(float)), frame["timestamp"].dt.hour.to_numpy()
    early = pd.Series(value[:first]).groupby(hour[:first])
    median, spread = early.median(), early.apply(lambda its: 1.4826 * (its - its.median()).abs().median())
    z = (value - median[hour].to_numpy()) / spread.clip(lower=0.1)[hour].to_numpy()
    return {"raw counts, fixed": frame["value"].to_numpy(float), "median and MAD by hour": z, "CUSUM": z - 1.0}


def judge(
    times: pd.Series, values: np.ndarray, windows: pd.DataFrame, first: int, *, restart: bool
) -> dict[str, object]:
    """Windows found after the first rows, false alarms outside all windows, and the delays in hours."""

    def list_alarms(height: float, part: np.ndarray) -> np.ndarray:
        over = np.flatnonzero((run_cusum(part, alarm_at=height) if restart else part) >= height)
        kept: list[int] = []
        for at in over:
            if not kept or at - kept[-1] >= DAY:
                kept.append(int(at))
        return np.array(kept, int)

    tried = np.unique(np.quantile(run_cusum(values[:first]) if restart else values[:first], np.linspace(0.5, 1, 400)))
    tried = np.append(tried[tried > 0], tried.max() * 1.001)
    height = next(each for each in tried if len(list_alarms(each, values[:first])) <= 1)
    alarms = times.iloc[first + list_alarms(height, values[first:])]
    asked = windows[windows["first"] >= times.iloc[first]]
    inside = np.array([((windows["first"] <= time) & (time <= windows["last"])).any() for time in alarms], bool)
    hits = [alarms[(alarms >= row.first) & (alarms <= row.last)] for row in asked.itertuples()]
    delays = [
        (its.iloc[0] - row.first).total_seconds() / 3600
        for its, row in zip(hits, asked.itertuples(), strict=True)
        if len(its)
    ]
    weeks = (len(values) - first) / (7 * DAY) - (asked["last"] - asked["first"]).sum() / pd.Timedelta(weeks=1)
    return {
        "found": len(delays),
        "windows": len(asked),
        "false": int((~inside).sum()),
        "weeks": weeks,
        "delays": np.array(delays),
    }


if __name__ == "__main__":
    main()
