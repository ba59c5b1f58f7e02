"""Questions about films: in wordings never met, and over a graph that lost half of its facts (MetaQA).

wordings: trained on 1-hop dev questions in one of two wordings (vanilla, ntm), tested on test questions in the other.
half: half of the facts are removed; the path is read from the question by words counted, and walked over the half that is
left; where the walk leads nowhere, vectors trained on that half guess (products of probabilities along the path, summed).
A seed draws the half, the questions, and the start of the vectors.

python tests/benchmarks/answering_films.py             three seeds, 500 test questions per hop
python tests/benchmarks/answering_films.py --trial     one seed, few questions and epochs; nothing is recorded
"""

from __future__ import annotations

import argparse
import logging
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from figures import begin, record
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import kgwb
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.lessons import train_vectors
from kgwb.lessons.seeing_a_space import shuffle_facts

STEPS = {
    "actor": "starred_actors",
    "director": "directed_by",
    "writer": "written_by",
    "genre": "has_genre",
    "language": "in_language",
    "tags": "has_tags",
    "tag": "has_tags",
    "year": "release_year",
    "imdbrating": "has_imdb_rating",
    "imdbvotes": "has_imdb_votes",
}
LEARNT = (100, 1000)  # questions to learn from, in one wording
BEAM = 10  # entities that a walk by vectors goes on from
PUBLISHED = {1: ".839", 2: ".918", 3: ".703"}
Near = dict[tuple[str, str], list[str]]
log = logging.getLogger("bench")


def main() -> None:
    """Measure both parts, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--parts", nargs="+", choices=["wordings", "half"], default=["wordings", "half"])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--questions", type=int, default=500, help="of the test, for each hop")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("metaqa", threads=asked.threads)
    if folder is None:
        return
    if asked.trial:
        asked.seeds, asked.questions, asked.epochs = 1, 100, 1
    facts = pd.read_csv(
        folder / "metaqa" / "kb.txt",
        sep="|",
        names=["head", "relation", "tail"],
        dtype=str,
        keep_default_na=False,
        quoting=3,
    )
    for part, measure in (("wordings", measure_wordings), ("half", measure_half)):
        if part in asked.parts:
            for row in measure(folder / "metaqa", facts, asked):
                log.info("%s", " | ".join(row))
                if not asked.trial:
                    record("answering_films", {"row": row, "options": vars(asked)}, row)


def read_questions(folder: Path, hop: int, part: str, *, ntm: bool = False) -> pd.DataFrame:
    """Columns text (the entity as "it"), start, answers, path."""
    place = folder / f"{hop}-hop"
    lines = (place / "ntm" / f"qa_{part}.txt" if ntm else place / f"{part}.txt").read_text("utf-8").splitlines()
    kinds = (place / f"qa_{part}_qtype.txt").read_text("utf-8").split()
    rows = []
    for line, kind in zip(lines, kinds, strict=True):
        text, _, answers = line.partition("\t")
        found = re.search(r"\[(.+?)\]", text)
        if found:  # a few paraphrases lost their brackets
            said = text.replace(found[0], "it").lower()
            rows.append((said, found[1], frozenset(answers.split("|")), read_kind(kind)))
    return pd.DataFrame(rows, columns=["text", "start", "answers", "path"])


def read_kind(kind: str) -> str:
    """movie_to_actor_to_movie → starred_actors/^starred_actors."""
    names = kind.split("_to_")
    return "/".join(STEPS[end] if start == "movie" else f"^{STEPS[start]}" for start, end in pairwise(names))


def list_near(facts: pd.DataFrame) -> Near:
    """Where each step leads from each entity."""
    near: Near = defaultdict(list)
    for head, relation, tail in facts[["head", "relation", "tail"]].itertuples(index=False):
        near[head, relation].append(tail)
        near[tail, f"^{relation}"].append(head)
    return near


def walk(near: Near, start: str, path: str) -> Counter[str]:
    """What a path reaches, never back to the start, with the number of ways."""
    reached = Counter({start: 1})
    for step in path.split("/"):
        ahead: Counter[str] = Counter()
        for entity, ways in reached.items():
            for end in near.get((entity, step), ()):
                if end != start:
                    ahead[end] += ways
        reached = ahead
    return reached


def classify(train: pd.DataFrame, test: pd.DataFrame, bert: kgwb.bert.Bert | None) -> tuple[list[str], np.ndarray]:
    """The paths, and their probability for each test question: logistic regression on words counted or on sentence vectors."""
    told, first = np.unique(test["text"], return_inverse=True)
    if bert is None:
        words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+", sublinear_tf=True).fit(train["text"])
        known, asked = words.transform(train["text"]), words.transform(told)
    else:
        texts, place = np.unique(train["text"], return_inverse=True)
        known, asked = vectorise_texts(bert, texts.tolist())[place], vectorise_texts(bert, told.tolist())
    model = LogisticRegression(C=10, max_iter=300).fit(known, train["path"])
    return list(model.classes_), model.predict_proba(asked)[first]


def measure_wordings(folder: Path, facts: pd.DataFrame, asked: argparse.Namespace) -> Iterator[list[str]]:
    """Rows for each direction, over seeds of the questions."""
    bert, near = kgwb.load_bert("minilm"), list_near(facts)
    for ntm, size in product((False, True), LEARNT):
        found: dict[str, list[float]] = defaultdict(list)
        seconds = time.process_time()
        for seed in range(asked.seeds):
            train = read_questions(folder, 1, "dev", ntm=ntm).sample(size, random_state=seed)
            test = read_questions(folder, 1, "test", ntm=not ntm).sample(asked.questions, random_state=seed)
            graph = kgwb.KnowledgeGraph.from_pandas(facts)
            untrue = list_near(shuffle_facts(graph, seed=seed).to_pandas())
            usual = train["path"].value_counts(normalize=True)
            always = choose_paths(test, usual.index.tolist(), np.tile(usual.to_numpy(), (len(test), 1)), near)
            right = [answers_right(near, row, path) for row, path in zip(test.itertuples(), always, strict=True)]
            found["usual path there (floor)"].append(float(np.mean(right)))
            for way, reader in (("words counted", None), ("MiniLM", bert)):
                paths, shares = classify(train, test, reader)
                for name, among, where in (
                    (way, None, near),
                    (f"{way}, paths of the graph", near, near),
                    (f"{way}, paths of the graph, tails shuffled", near, untrue),
                ):
                    chosen = choose_paths(test, paths, shares, among)
                    right = [
                        answers_right(where, row, path) for row, path in zip(test.itertuples(), chosen, strict=True)
                    ]
                    found[name].append(float(np.mean(right)))
        seconds = (time.process_time() - seconds) / asked.seeds
        known, new = ("ntm", "vanilla") if ntm else ("vanilla", "ntm")
        what = f"wordings: {known} → {new}, {size:,} → {asked.questions:,} questions, {asked.seeds} seeds"
        for way, shares in found.items():
            yield [what, way, spell(shares), "", "", f"{seconds:.0f}"]


def choose_paths(test: pd.DataFrame, paths: list[str], shares: np.ndarray, near: Near | None) -> list[str]:
    """The most probable path, among those that lead anywhere from the start where a graph is given."""
    chosen = []
    for start, row in zip(test["start"], shares, strict=True):
        order = [paths[place] for place in np.argsort(-row)]
        there = [path for path in order if near is None or near.get((start, path))]
        chosen.append((there or order)[0])
    return chosen


def answers_right(near: Near, row: Any, path: str) -> bool:
    """Whether the end that most ways of a path lead to is an answer."""
    reached = walk(near, row.start, path)
    return bool(reached) and name_first(reached) in row.answers


def name_first(reached: Counter[str]) -> str:
    """The end that most ways lead to."""
    return max(reached, key=lambda end: (reached[end], end))


def measure_half(folder: Path, facts: pd.DataFrame, asked: argparse.Namespace) -> Iterator[list[str]]:
    """A row for each way, Hits@1 for 1, 2 and 3 hops, over seeds of the half that is left."""
    found: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    read = {}
    for hop in (1, 2, 3):
        train, test = (read_questions(folder, hop, part) for part in ("dev", "test"))
        paths, shares = classify(train.sample(min(len(train), 3000), random_state=0), test, None)
        read[hop] = test.assign(read=[paths[place] for place in shares.argmax(1)])
    began = time.process_time()
    for seed in range(asked.seeds):
        left = facts.sample(frac=0.5, random_state=seed)
        names = sorted({*facts["head"], *facts["tail"]})
        graph = kgwb.KnowledgeGraph.from_pandas(left, pd.DataFrame({"entity": names}))
        near, end = list_near(left), left.groupby("relation")
        common = {relation: its["tail"].mode().iloc[0] for relation, its in end}
        common |= {f"^{relation}": its["head"].mode().iloc[0] for relation, its in end}
        options = {"dim": asked.dim, "epochs": asked.epochs, "batch": 1000, "negatives": 2000, "reciprocal": True}
        vectors = {
            "walk, then vectors": train_vectors(graph, kgwb.ComplEx(), seed=seed, regularisation=0.02, **options),
            "walk, then vectors of a shuffled graph": train_vectors(
                shuffle_facts(graph, seed=seed), kgwb.ComplEx(), seed=seed, regularisation=0.02, **options
            ),
        }
        log.info("seed %d: trained, %.0f s", seed, time.process_time() - began)
        for hop, questions in read.items():
            test = questions.sample(asked.questions, random_state=seed)
            reached = [walk(near, row.start, row.read) for row in test.itertuples()]
            first = [name_first(its) if its else None for its in reached]
            whole = list_near(facts)
            full = [walk(whole, row.start, row.read) for row in test.itertuples()]
            best = [name_first(its) if its else None for its in full]
            answers = test["answers"].tolist()
            found["walk over the whole graph (ceiling)"][hop].append(share_right(best, answers))
            found["walk over half (floor)"][hop].append(share_right(first, answers))
            usual = [one or common[row.read.split("/")[-1]] for one, row in zip(first, test.itertuples(), strict=True)]
            found["walk, then the commonest"][hop].append(share_right(usual, answers))
            empty = [number for number, one in enumerate(first) if one is None]
            for way, its in vectors.items():
                guessed = guess_ends(its, near, test.iloc[empty])
                filled = list(first)
                for number, guess in zip(empty, guessed, strict=True):
                    filled[number] = guess
                found[way][hop].append(share_right(filled, answers))
            found["share whose walk leads nowhere"][hop].append(len(empty) / len(test))
            log.info("seed %d, %d hops: %s", seed, hop, {way: round(its[hop][-1], 3) for way, its in found.items()})
    seconds = (time.process_time() - began) / asked.seeds
    what = f"half the facts: {asked.questions:,} questions a hop, {asked.epochs} epochs, {asked.seeds} seeds"
    for way, by_hop in found.items():
        yield [what, way, *(spell(by_hop[hop]) for hop in (1, 2, 3)), f"{seconds:.0f}"]
    yield [what, "published: EmbedKGQA (Saxena et al., 2020)", *PUBLISHED.values(), ""]


@torch.no_grad()
def guess_ends(vectors: kgwb.GraphEmbedding, near: Near, test: pd.DataFrame) -> list[str]:
    """The best end of each path: P(step) is 1 for a fact and else softmax of the scores; products are summed over ways."""
    names, place = vectors.graph.entities["entity"].to_numpy(), {}
    place = {name: number for number, name in enumerate(names)}
    ends = []
    for row in test.itertuples():
        here, weights = np.array([place[row.start]]), np.ones(1)
        for step in row.read.split("/"):
            shares = score_step(vectors, here, step)
            for number, entity in enumerate(here):
                shares[number, [place[end] for end in near.get((names[entity], step), ())]] = 1.0
            ahead = weights @ shares
            ahead[place[row.start]] = 0
            here = np.argpartition(-ahead, BEAM)[:BEAM]
            weights = ahead[here]
        ends.append(names[here[weights.argmax()]])
    return ends


def score_step(vectors: kgwb.GraphEmbedding, entities: np.ndarray, step: str) -> np.ndarray:
    """Softmax over all entities of one step from each of some: [entity, end]."""
    relation = vectors.graph.relation_id(step.removeprefix("^"))
    ids = np.stack([entities, np.full(len(entities), relation), entities], axis=1)
    scores = vectors.score_heads(ids) if step.startswith("^") else vectors.score_tails(ids)
    return scores.softmax(-1).cpu().numpy().astype(float)


def share_right(given: Sequence[str | None], answers: Sequence[frozenset[str]]) -> float:
    """Hits@1."""
    return float(np.mean([one in of for one, of in zip(given, answers, strict=True)]))


def spell(shares: Sequence[float]) -> str:
    """Mean and standard deviation over the seeds."""
    return f"{np.mean(shares):.3f} ± {np.std(shares, ddof=1) if len(shares) > 1 else 0:.3f}"


if __name__ == "__main__":
    main()
