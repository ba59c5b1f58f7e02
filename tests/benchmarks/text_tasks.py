"""Classifying texts, tagging entities and classifying relations with heads on MiniLM, beside what is had without it.

Banking77 with all examples and with 10 of each class (over draws), BC5CDR's chemicals and diseases, FewRel's 16 relations
(half of the sentences to tune on). Beside each: always the commonest answer, TF-IDF of words (1-2) and characters (2-5) with a
linear support vector machine, and MiniLM as it is with a logistic regression, all in the same run.

With --validate, what is tuned is measured on training texts that are left out, the test set stays unread, and nothing is
written down: so options are chosen.

python tests/benchmarks/text_tasks.py --parts few        about 5 minutes on two cores
python tests/benchmarks/text_tasks.py --parts all bc5cdr fewrel
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from figures import begin, record
from listed_names import add_names, list_graph_names, list_training_names, mark_names, score_items

import kgwb
from kgwb.learn import EntityTags, FrameTask, RelationClasses, TaskScore, TextClasses, score_predictions

SAMPLES = Path(__file__).parents[2] / "sample_graphs"
log = logging.getLogger("bench")


def main() -> None:
    """Measure every part that is asked for, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=["few"])
    parser.add_argument("--draws", type=int, default=3, help="of 10 examples for each class")
    parser.add_argument("--seed", type=int, default=0, help="of bc5cdr")
    parser.add_argument("--epochs", type=int, help="instead of those that each part states")
    parser.add_argument("--learning-rate", type=float, help="instead of those that each part states")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    parser.add_argument("--validate", action="store_true", help="on training texts, with nothing written down")
    asked = parser.parse_args()
    data = begin("banking77", "bc5cdr", "fewrel", threads=asked.threads)
    if data is None:
        return
    for part in asked.parts:
        for row in PARTS[part](data, asked):
            log.info("%s", " | ".join(row))
            if asked.validate:
                continue
            record("text-tasks", {"part": part, "row": row}, row)


def measure_few(data: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """Banking77 with 10 examples of each class."""
    train, test = (pd.read_csv(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    for seed in range(asked.draws):
        few = train.groupby("category").sample(10, random_state=seed)
        test = choose_test(train.drop(few.index), test, asked)
        task = TextClasses(few, "text", "category")
        yield measure_classes(
            f"Banking77, 10 a class, draw {seed}", task, test, asked, epochs=3, seed=seed, learning_rate=2e-4
        )


def measure_all(data: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """Banking77 with all examples."""
    train, test = (pd.read_csv(data / "banking77" / f"{name}.csv") for name in ("train", "test"))
    test = choose_test(train, test, asked)
    train = train.drop(test.index) if asked.validate else train
    yield measure_classes("Banking77, all", TextClasses(train, "text", "category"), test, asked, epochs=4)


def choose_test(left: pd.DataFrame, test: pd.DataFrame, asked: argparse.Namespace) -> pd.DataFrame:
    """The test texts; to choose options, 1,500 training texts that are not tuned on."""
    return left.sample(1500, random_state=0) if asked.validate else test


def measure_fewrel(data: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """FewRel's relations; the first half of each relation's sentences is tuned on."""
    stated = json.loads((data / "fewrel" / "val_wiki.json").read_text(encoding="utf-8"))
    rows = [
        place_mentions(each) | {"label": name, "half": i < len(found) // 2}
        for name, found in stated.items()
        for i, each in enumerate(found)
    ]
    frame = pd.DataFrame(rows)
    train, test = frame[frame["half"]], frame[~frame["half"]]
    yield measure_classes("FewRel, 16 relations", RelationClasses(train), test, asked, epochs=2)


def place_mentions(stated: dict[str, Any]) -> dict[str, Any]:
    """A sentence of FewRel as text, with head and tail in characters."""
    starts, at = [], 0
    for token in stated["tokens"]:
        starts.append(at)
        at += len(token) + 1
    found: dict[str, Any] = {"text": " ".join(stated["tokens"])}
    for name, (_, _, places) in (("head", stated["h"]), ("tail", stated["t"])):
        first, last = places[0][0], places[0][-1]
        found[name] = (starts[first], starts[last] + len(stated["tokens"][last]))
    return found


def measure_bc5cdr(data: Path, asked: argparse.Namespace) -> Iterator[list[str]]:
    """BC5CDR's chemicals and diseases, entities right with type and both borders; then with a graph's names added."""
    train, test = (read_tags(data / "bc5cdr" / f"{name}.tsv") for name in ("train", "test"))
    right = [EntityTags.split_answer(tags)[1] for tags in test["tags"]]
    graph = kgwb.read_graph(SAMPLES / "medicine")
    lists = {"a list of the training names": list_training_names(train)}
    lists |= {"of the graph's": list_graph_names(graph, train)}
    lists |= {"of the graph's, kinds dealt": list_graph_names(graph, train, shuffled=asked.seed)}
    named = {name: [mark_names(tokens, names) for tokens in test["tokens"]] for name, names in lists.items()}
    floors = "; ".join(f"{name}: {tell(score_items(zip(right, found, strict=True)))}" for name, found in named.items())
    seconds, score, start = tune_and_score(EntityTags(train), test, asked, epochs=3, seed=asked.seed)
    given = [EntityTags.split_answer(tags)[1] for tags in score.predictions["given"]]
    cells = [f"**{tell(score.frame['f1'])}**"]
    for name, found in list(named.items())[1:]:
        both = [add_names(*items) for items in zip(given, found, strict=True)]
        cells.append(f"and {name.removeprefix('of ')}: {tell(score_items(zip(right, both, strict=True)))}")
    yield [
        f"BC5CDR, entity F1, seed {asked.seed}",
        "0 (all O)",
        floors,
        tell(start.frame["f1"]),
        "; ".join(cells),
        f"{seconds:.0f}",
    ]


def tell(f1: Mapping[str, float] | pd.Series) -> str:
    """F1 of both kinds."""
    return f"chemical {f1.get('Chemical', 0):.3f}, disease {f1.get('Disease', 0):.3f}"


def read_tags(path: Path) -> pd.DataFrame:
    """A sentence in each row."""
    blocks = [block.splitlines() for block in path.read_text(encoding="utf-8").split("\n\n") if block.strip()]
    pairs = [[line.split("\t") for line in block] for block in blocks]
    return pd.DataFrame(
        {"tokens": [[a for a, _ in rows] for rows in pairs], "tags": [[b for _, b in rows] for rows in pairs]}
    )


def measure_classes(
    name: str,
    task: FrameTask,
    test: pd.DataFrame,
    asked: argparse.Namespace,
    *,
    epochs: int,
    seed: int = 0,
    learning_rate: float = 1e-4,
) -> list[str]:
    """Accuracy and macro F1 beside the floors."""
    column = task.settings["label"]
    tfidf = score_tfidf(task.frame["text"], task.frame[column], test["text"], test[column])
    options = {"epochs": epochs, "seed": seed, "learning_rate": learning_rate}
    seconds, score, start = tune_and_score(task, test, asked, **options)
    ours = f"**{score.accuracy:.4f}** (macro F1 {score.macro_f1:.4f})"
    return [name, f"{score.majority:.4f}", f"{tfidf:.4f}", f"{start.accuracy:.4f}", ours, f"{seconds:.0f}"]


def tune_and_score(
    task: FrameTask,
    test: pd.DataFrame,
    asked: argparse.Namespace,
    *,
    epochs: int,
    seed: int = 0,
    learning_rate: float = 1e-4,
) -> tuple[float, TaskScore, TaskScore]:
    """Processor seconds of tuning, how well it answers then, and how well the logistic regression on MiniLM as it is does."""
    bert = kgwb.load_bert("minilm")
    task.fit_head(bert)
    start = score_predictions(bert, test)
    log.info("before tuning: %r", start)
    bert = kgwb.load_bert("minilm")
    began = time.process_time()
    options = {"epochs": asked.epochs or epochs, "learning_rate": asked.learning_rate or learning_rate, "seed": seed}
    for step in kgwb.tune(bert, task, top_layers=bert.layers, **options):
        if step.number % 50 == 0:
            log.info("step %d of %d, loss %.3f, %.0f s", step.number, step.total, step.loss, step.seconds)
    task.fit_head(bert)
    seconds = time.process_time() - began
    return seconds, score_predictions(bert, test), start


def score_tfidf(texts: pd.Series, labels: pd.Series, test_texts: pd.Series, test_labels: pd.Series) -> float:
    """Accuracy of a linear support vector machine on words and characters."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return float(
        make_pipeline(make_union(words, characters), LinearSVC()).fit(texts, labels).score(test_texts, test_labels)
    )


Part = Callable[[Path, argparse.Namespace], Iterator[list[str]]]
PARTS: dict[str, Part] = {"few": measure_few, "all": measure_all, "bc5cdr": measure_bc5cdr, "fewrel": measure_fewrel}

if __name__ == "__main__":
    main()
