"""For notebook 11: the questions parted by groups, ways to answer them, and how each answers and refuses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.bert import Bert, find_mentions
from kgwb.graph import KnowledgeGraph, follow_path
from kgwb.learn import PathReader
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.lessons.seeing_a_space import shuffle_facts

SHARE, FOLDS = 0.6, 4
ALONE = "BERT, no graph"
WAYS = (
    "usual path",
    ALONE,
    "words counted",
    "BERT",
    "BERT, paths of the graph",
    "words counted, with the graph",
    "BERT, with the graph",
    "tails shuffled",
    "wordings shuffled",
)


def read_asked(folder: Path) -> pd.DataFrame:
    """The questions of a sample graph, with `answers` as sets of names, empty where the graph has none."""
    table = pd.read_csv(folder / "questions.tsv", sep="\t", keep_default_na=False, dtype=str, quoting=3)
    answers = [frozenset(each.split("|")) - {""} for each in table["answers"]]
    return table.assign(answers=answers, group=table["group"].astype(int))


def part_groups(asked: pd.DataFrame, *, seed: int = 0, share: float = SHARE) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Questions to learn from and questions to be examined on; those that ask the same stay together."""
    groups = np.random.default_rng(seed).permutation(sorted(asked["group"].unique()))
    learnt = asked["group"].isin(groups[: round(share * len(groups))])
    return asked[learnt], asked[~learnt]


def join_answers(read: pd.DataFrame) -> pd.DataFrame:
    """One row for each question of `PathReader.answer`: the answers for all that its name may mean as one set, and the trust in
    it; −1, below all others, where there is no answer to trust."""
    rows = read.groupby("question")
    answers = rows["answers"].agg(lambda its: frozenset().union(*its))
    trust = rows["trust"].first().where(answers.map(len) > 0, -1.0)
    return pd.DataFrame({"path": rows["path"].first(), "trust": trust, "given": answers})


def guess_usual(reader: PathReader, learnt: pd.DataFrame, texts: Sequence[str]) -> pd.DataFrame:
    """The floor that does not read: the path most often asked for of entities of that type, in the questions learnt from."""
    table = reader.graph.entities.set_index("entity")["type"]
    known = learnt[learnt["head"].ne("") & learnt["relation"].ne("")]
    usual = known.groupby(known["head"].map(table))["relation"].agg(lambda its: its.value_counts().index[0])
    read = reader.answer(texts)
    paths = [usual.get(table.get(head, ""), "") for head in read["head"]]
    names = reader.graph.entities["entity"].to_numpy()
    walks = [
        follow_path(reader.graph, head, path).ends if path else ()
        for head, path in zip(read["head"], paths, strict=True)
    ]
    answers = [tuple(names[list(ends)]) for ends in walks]
    return read.assign(path=paths, answers=answers, trust=[1.0 if each else -1.0 for each in answers])


def guess_alike(bert: Bert, graph: KnowledgeGraph, texts: Sequence[str]) -> pd.DataFrame:
    """BERT without the graph's facts: the entity whose label and description are most alike to the question, cosine of mean
    hidden states; those that the question names are left out."""
    described = [f"{label}: {said}" for label, said in zip(graph.labels, graph.entities["description"], strict=True)]
    alike = vectorise_texts(bert, texts) @ vectorise_texts(bert, described).T
    for row, found in zip(alike, find_mentions(list(texts), graph, bert.tokenizer), strict=True):
        row[[entity for mention in found for entity in (mention.candidates or (mention.entity,))]] = -1
    best, names = alike.argmax(axis=1), graph.entities["entity"].tolist()
    return pd.DataFrame({"path": "", "trust": alike.max(axis=1), "given": [frozenset([names[each]]) for each in best]})


def shuffle_wordings(graph: KnowledgeGraph, *, seed: int = 0) -> KnowledgeGraph:
    """The same facts, whose relations have each other's labels and wordings; none keeps its own."""
    order = np.random.default_rng(seed).permutation(len(graph.relations))
    place = np.empty(len(order), dtype=int)
    place[order] = np.roll(order, 1)
    said = [column for column in graph.relations.columns if column != "relation"]
    relations = graph.relations.assign(**{column: graph.relations[column].to_numpy()[place] for column in said})
    return KnowledgeGraph(graph.triples, graph.entities, relations, graph.name, graph.notes)


def answer_each_way(
    reader: PathReader, learnt: pd.DataFrame, texts: Sequence[str], *, seed: int = 0, ways: Sequence[str] = WAYS
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Name and answers, one row for each question, of each way.

    Args:
        reader: by BERT, of the true graph.
        learnt: the questions whose path may be known.
        texts: what is asked.
        seed: of what is shuffled.
        ways: which.
    """
    graph, words = reader.graph, None
    if any(way.startswith("words") for way in ways):
        words = PathReader(graph, learnt, bert=reader.bert, by_words=True)
    for way in ways:
        if way == ALONE:
            yield way, guess_alike(reader.bert, graph, texts)
            continue
        if way == "usual path":
            read = guess_usual(reader, learnt, texts)
        elif way in ("words counted", "BERT"):
            plain = (words if way == "words counted" and words else reader).know(learnt, wordings=False)
            read = plain.answer(texts, anywhere=True)
        elif way == "BERT, paths of the graph":
            read = reader.know(learnt, wordings=False).answer(texts)
        elif way == "words counted, with the graph" and words:
            read = words.answer(texts)
        elif way == "tails shuffled":
            read = reader.know(learnt).answer(texts, graph=shuffle_facts(graph, seed=seed))
        elif way == "wordings shuffled":
            read = PathReader(shuffle_wordings(graph, seed=seed), learnt, bert=reader.bert).answer(texts, graph=graph)
        else:
            read = reader.know(learnt).answer(texts)
        yield way, join_answers(read)


def answer_in_folds(
    reader: PathReader, learnt: pd.DataFrame, *, seed: int = 0, ways: Sequence[str] = WAYS
) -> dict[str, pd.DataFrame]:
    """For each way the answers to the questions learnt from, each by a reader that does not know its group."""
    groups = np.random.default_rng(seed).permutation(sorted(learnt["group"].unique()))
    fold = learnt["group"].map({group: place % FOLDS for place, group in enumerate(groups)})
    parts: dict[str, list[pd.DataFrame]] = {way: [] for way in ways}
    for number in range(FOLDS):
        asked = learnt[fold == number]
        for way, read in answer_each_way(
            reader, learnt[fold != number], asked["question"].tolist(), seed=seed, ways=ways
        ):
            parts[way].append(mark_given(read, asked))
    return {way: pd.concat(its) for way, its in parts.items()}


def mark_given(read: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """The answers beside the questions: `lacks` (the graph has no answer), `right` (the sets are equal), `one` (the chance
    that one of the given, drawn, is right)."""
    given, true = read["given"].tolist(), asked["answers"].tolist()
    one = [len(its & of) / len(its) if its else 0.0 for its, of in zip(given, true, strict=True)]
    right = [its == of for its, of in zip(given, true, strict=True)]
    columns = asked[["question", "head", "relation", "language", "group", "answers"]].reset_index(drop=True)
    return columns.join(read[["path", "trust", "given"]].reset_index(drop=True)).assign(
        lacks=[not of for of in true], right=right, one=one
    )


def measure_refusals(trust: Sequence[float], lacks: Sequence[bool], threshold: float) -> dict[str, float]:
    """Precision, recall and F1 of refusing whatever has less trust than the threshold."""
    refused, wanted = np.asarray(trust, float) < threshold, np.asarray(lacks, bool)
    both = float((refused & wanted).sum())
    precision = both / refused.sum() if refused.any() else 0.0
    recall = both / wanted.sum() if wanted.any() else 0.0
    return {
        "precision": precision,
        "recall": recall,
        "F1": 2 * both / (refused.sum() + wanted.sum()) if refused.any() or wanted.any() else 0.0,
    }


def find_refusal(trust: Sequence[float], lacks: Sequence[bool]) -> float:
    """The threshold, one of the values of trust, at which refusing what is below it has the best F1; the lowest of equals."""
    return max(sorted(set(trust)), key=lambda each: (measure_refusals(trust, lacks, each)["F1"], -each))


def compare_ways(
    graph: KnowledgeGraph, asked: pd.DataFrame, bert: Bert, *, seeds: int = 5, ways: Sequence[str] = WAYS
) -> pd.DataFrame:
    """Every way on the same questions, over seeds of the split: the threshold of refusal is chosen in the part learnt from.

    Returns:
        A row for each seed and way: `right` (share of the answerable questions whose answers are given, all and no other),
        `one`, `right, en`, `right, zh`, `precision` and `recall` of refusals, `handled` (answered right or rightly refused,
        of all), and how many there are: `n`, `n zh`, `n lacking`.
    """
    reader, rows = PathReader(graph, asked.iloc[:0], bert=bert), []
    tuned = [way for way in ways if "shuffled" not in way]
    for seed in range(seeds):
        learnt, exam = part_groups(asked, seed=seed)
        folds = answer_in_folds(reader, learnt, seed=seed, ways=tuned)
        for way, read in answer_each_way(reader, learnt, exam["question"].tolist(), seed=seed, ways=ways):
            its = mark_given(read, exam)
            chosen = folds.get(way, folds.get("BERT, with the graph"))
            threshold = find_refusal(chosen["trust"], chosen["lacks"]) if chosen is not None else 0.0
            rows.append({"seed": seed, "way": way, **summarise_way(its, threshold)})
    return pd.DataFrame(rows)


def summarise_way(its: pd.DataFrame, threshold: float) -> dict[str, float]:
    """The figures of one way and seed; what is refused counts as not answered in "handled" and "given right" alone."""
    able, refused = ~its["lacks"], its["trust"] < threshold
    chinese = its["language"] == "zh"
    found = measure_refusals(its["trust"].tolist(), its["lacks"].tolist(), threshold)
    return {
        "right": its.loc[able, "right"].mean(),
        "one": its.loc[able, "one"].mean(),
        "right, en": its.loc[able & ~chinese, "right"].mean(),
        "right, zh": its.loc[able & chinese, "right"].mean(),
        "precision": found["precision"],
        "recall": found["recall"],
        "handled": np.where(its["lacks"], refused, its["right"] & ~refused).mean(),
        "given right": (its["right"] & able)[~refused].mean(),
        "n": int(able.sum()),
        "n zh": int((able & chinese).sum()),
        "n lacking": int(its["lacks"].sum()),
    }
