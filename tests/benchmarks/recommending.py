"""Recommending films by their ratings, with and without a graph, beside popularity and shuffled facts (ml-100k).

A rating of 4 or 5 is a like. "seen": a fifth of each user's likes is asked for; "hidden": all likes of a tenth of the films,
among these films. Vectors score (user, likes, film); what a user likes in training is left out of the list.

python tests/benchmarks/recommending.py             three seeds
python tests/benchmarks/recommending.py --trial     one seed, few epochs; nothing is recorded
"""

from __future__ import annotations

import argparse
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from figures import begin, record
from sklearn.metrics import ndcg_score

import kgwb
from kgwb.lessons import train_vectors
from kgwb.lessons.seeing_a_space import shuffle_facts

LIKES, FIRST = "likes", 10
LEAST = 5  # what fewer films share tells little, and every entity is a candidate of the loss
WAYS = ("chance", "popularity", "no graph", "with the graph", "shuffled facts")
COLUMNS = ["head", "relation", "tail"]
log = logging.getLogger("bench")


def main() -> None:
    """Measure both exams, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--exams", nargs="+", choices=["seen", "hidden"], default=["seen", "hidden"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--dropout", type=float, default=0.5)
    parser.add_argument("--regularisation", type=float, default=0.0)
    parser.add_argument("--precision", default="bfloat16", help="of all runs alike")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("ml-100k", threads=asked.threads)
    if folder is None:
        return
    if asked.trial:
        asked.seeds, asked.epochs = 1, 3
    likes, facts = read_likes(folder / "ml-100k"), read_facts(folder / "ml-100k")
    for exam in asked.exams:
        for row in measure_exam(exam, likes, facts, asked):
            log.info("%s", " | ".join(row))
            if not asked.trial:
                record("recommending", {"exam": exam, "row": row}, row)


def read_likes(folder: Path) -> pd.DataFrame:
    """Ratings of 4 and 5 as facts."""
    ratings = pd.read_csv(folder / "ml-100k.inter", sep="\t").set_axis(["user", "item", "rating", "time"], axis=1)
    ratings = ratings[ratings["rating"] >= 4].astype({"user": str, "item": str})
    rows = {"head": "user " + ratings["user"], "relation": LIKES, "tail": "film " + ratings["item"]}
    return pd.DataFrame(rows).reset_index(drop=True)


def read_facts(folder: Path) -> pd.DataFrame:
    """The graph's facts about films whose other end is in some facts at least, stated once, and genre and decade of each."""
    link = pd.read_csv(folder / "ml-100k.link", sep="\t").set_axis(["item", "entity"], axis=1)
    name = dict(zip(link["entity"], "film " + link["item"].astype(str), strict=True))
    told = pd.read_csv(folder / "ml-100k.kg", sep="\t").set_axis(COLUMNS, axis=1)
    told = told[told["head"].isin(name) | told["tail"].isin(name)]
    told = told.assign(head=told["head"].replace(name), tail=told["tail"].replace(name))
    turned = told["tail"].isin(name.values())
    told.loc[turned, ["head", "tail"]] = told.loc[turned, ["tail", "head"]].to_numpy()
    pairs = told.groupby("relation").apply(lambda rows: frozenset(zip(rows["head"], rows["tail"], strict=True)))
    told = told[~told["relation"].map(pairs.duplicated())]  # most relations are there in both directions
    often = told["tail"].value_counts()
    told = told[told["tail"].map(often) >= LEAST]
    films = pd.read_csv(folder / "ml-100k.item", sep="\t").set_axis(["item", "title", "year", "genres"], axis=1)
    films["head"] = "film " + films["item"].astype(str)
    genres = films.assign(tail=films["genres"].fillna("").str.split()).explode("tail").dropna(subset="tail")
    decades = films.assign(relation="decade", tail="decade " + films["year"].astype(str).str[:3])
    parts = [told, genres.assign(relation="genre", tail="genre " + genres["tail"]), decades]
    return pd.concat([part[COLUMNS] for part in parts]).drop_duplicates().reset_index(drop=True)


def measure_exam(exam: str, likes: pd.DataFrame, facts: pd.DataFrame, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each way to recommend, over seeds."""
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for seed in range(asked.seeds):
        train, test, films = split_likes(exam, likes, seed)
        for way in WAYS:
            began = time.process_time()
            scores = score_films(way, train, facts, sorted(test["head"].unique()), films, asked, seed)
            found[way].append(measure_lists(scores, train, test) | {"seconds": time.process_time() - began})
            log.info("%s, seed %d, %s: %s", exam, seed, way, found[way][-1])
    what = f"{exam}: {len(train):,} + {len(test):,} likes, {len(films):,} films, {asked.epochs} epochs, {asked.seeds} seeds"
    for way, its in found.items():
        table = pd.DataFrame(its)
        spelt = [f"{table[name].mean():.3f} ± {table[name].std():.3f}" for name in ("ndcg", "found")]
        yield [what, way, *spelt, f"{table['seconds'].mean():.0f}"]


def split_likes(exam: str, likes: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Likes to learn from, those that are asked for, and the films that may be listed."""
    random = np.random.default_rng(seed)
    films = sorted(likes["tail"].unique())
    if exam == "hidden":
        films = sorted(random.permutation(films)[: len(films) // 10].tolist())
        hidden = likes["tail"].isin(films)
        return likes[~hidden], likes[hidden & likes["head"].isin(likes.loc[~hidden, "head"])], films
    drawn = likes.iloc[random.permutation(len(likes))]
    users = drawn.groupby("head")["tail"]
    late = users.cumcount() / users.transform("size") >= 0.8
    return drawn[~late], drawn[late], films


def score_films(
    way: str,
    train: pd.DataFrame,
    facts: pd.DataFrame,
    users: list[str],
    films: list[str],
    asked: argparse.Namespace,
    seed: int,
) -> pd.DataFrame:
    """User × film: the score of one way to recommend."""
    shape = (len(users), len(films))
    if way == "chance":
        return pd.DataFrame(np.random.default_rng(seed).random(shape), users, films)
    if way == "popularity":
        counts = train["tail"].value_counts().reindex(films, fill_value=0).to_numpy(float)
        return pd.DataFrame(np.tile(counts, (len(users), 1)), users, films)
    told = {"no graph": facts.iloc[:0], "with the graph": facts}.get(way)
    if told is None:
        told = shuffle_facts(make_graph(facts, films, users), seed=seed).to_pandas()
    graph = make_graph(pd.concat([train, told]), films, users)
    options = {name: getattr(asked, name) for name in ("epochs", "dropout", "regularisation", "precision")}
    vectors = train_vectors(graph, kgwb.DistMult(), dim=asked.dim, seed=seed, batch=500, reciprocal=True, **options)
    place = {name: number for number, name in enumerate(graph.entities["entity"])}
    queries = np.array([[place[user], graph.relation_id(LIKES), 0] for user in users])
    scores = vectors.score_tails(queries).detach().cpu().numpy()[:, [place[film] for film in films]]
    return pd.DataFrame(scores, users, films)


def make_graph(table: pd.DataFrame, *named: list[str]) -> kgwb.KnowledgeGraph:
    """A graph with every name that may be asked for, typed by the first word of its name."""
    names = sorted({*table["head"], *table["tail"]}.union(*named))
    entities = pd.DataFrame({"entity": names, "type": [name.split()[0].split(".")[0] for name in names]})
    return kgwb.KnowledgeGraph.from_pandas(table, entities)


def measure_lists(scores: pd.DataFrame, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, float]:
    """The mean nDCG of the first ten, and the share of the likes asked for that they hold."""
    known, asked = (mark(scores, rows) for rows in (train, test))
    values = np.where(known, scores.to_numpy().min() - 1, scores.to_numpy())
    rows = asked.any(axis=1)
    first, last = (
        pd.DataFrame(values).rank(axis=1, ascending=False, method=side).to_numpy() for side in ("min", "max")
    )
    found = np.clip((FIRST + 1 - first) / (last - first + 1), 0, 1)[asked]  # a tie counts in parts
    return {"ndcg": float(ndcg_score(asked[rows], values[rows], k=FIRST)), "found": float(found.mean())}


def mark(scores: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """User × film: whether the rows hold it."""
    marks = np.zeros(scores.shape, bool)
    users, films = scores.index.get_indexer(rows["head"]), scores.columns.get_indexer(rows["tail"])
    there = (users >= 0) & (films >= 0)
    marks[users[there], films[there]] = True
    return marks


if __name__ == "__main__":
    main()
