"""For notebook 10: what reading counted, a split's twin, the split a month later, and exercises with their cases."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.bert.shuffling import shuffle_tails
from kgwb.checks import expect_seed
from kgwb.embed import JoinedRanker, RuleRanker, mine_rules, rank_triples
from kgwb.embed.named_facts import is_known, read_named_facts
from kgwb.embed.rules.joined_ranker import prepare_both
from kgwb.graph import KnowledgeGraph, Split, compare_graphs, merge_alike_names, read_graph
from kgwb.lessons.checks import Verdict, check
from kgwb.lessons.examples import Fact
from kgwb.lessons.messy_files import write_messy_files as write_messy_files
from kgwb.lessons.table_of_facts import ErrorMessage, show_error

Tables = list[list[Fact]]


def show_reading_error(path: Path, **options: Any) -> ErrorMessage:
    """The error that reading a file raises, with the file's name in place of its whole path."""
    shown = show_error(read_graph, path, **options)
    return replace(shown, text=shown.text.replace(str(path), path.name))


def list_notes(graphs: Mapping[str, KnowledgeGraph]) -> pd.DataFrame:
    """What was counted while several files were read: one row per note, with its file and how it goes on.

    Example:
        >>> frame = pd.DataFrame([["a", "r", "b"], ["a", "r", "b"]], columns=["head", "relation", "tail"])
        >>> list_notes({"facts.csv": KnowledgeGraph.from_pandas(frame)})["count"].tolist()
        [1]
    """
    notes = [(name, count, what.partition(": ")) for name, graph in graphs.items() for what, count in graph.notes]
    rows = [(name, count, what, which.partition(" (")[0]) for name, count, (what, _, which) in notes]
    return pd.DataFrame(rows, columns=["file", "count", "what", "which"])


def find_odd_types(graph: KnowledgeGraph, *, most: int = 2) -> pd.DataFrame:
    """The facts that join types which their relation hardly ever joins: mistakes, or the first of their kind.

    Args:
        graph: with types.
        most: of how many such facts of a relation there may be at most.

    Returns:
        One row per fact: head, relation and tail by label, the types of both, and how many facts are like it.
    """
    facts, kinds = graph.to_pandas(labels=True), graph.entities["type"].fillna("").to_numpy()
    facts["types"] = [f"{kinds[head]} → {kinds[tail]}" for head, tail in graph.triples[:, [0, 2]]]
    facts["alike"] = facts.groupby(["relation", "types"])["head"].transform("size")
    return facts[facts["alike"] <= most].sort_values(["relation", "head"]).reset_index(drop=True)


def shuffle_train(split: Split, *, seed: int = 0, but: KnowledgeGraph | None = None) -> Split:
    """The twin of a split: the same relations with the same heads and tails, but who belongs to whom is drawn.

    Valid and test stay as they are, so that what is learnt from the twin can be asked the same.

    Args:
        split: train is shuffled; no fact of it stays where that is possible.
        seed: for the draw.
        but: an earlier graph, whose facts stay as they are: only what came since is shuffled.
    """
    alike = np.zeros(len(split.graph.entities), dtype=np.int64)
    drawn = np.ones(len(split.train), dtype=bool)
    if but is not None:
        came = read_named_facts(split.graph, compare_graphs(but, split.graph).added)
        drawn = is_known(came, split.train, len(alike))
    shuffled = shuffle_tails(split.train[drawn], alike, np.random.default_rng(expect_seed(seed)))
    facts = np.unique(np.concatenate([split.train[~drawn], shuffled]), axis=0)
    return Split(split.graph, facts, split.valid, split.test)


def part_month(
    split: Split, added: pd.DataFrame, removed: pd.DataFrame | None = None, *, share: float = 0.3, seed: int = 0
) -> Split:
    """A split a month later: facts that came and went, and a part of those that came is asked.

    Args:
        split: of the graph before.
        added: facts that came, with the columns head, relation, tail.
        removed: facts that turned out false; they leave every part.
        share: of the new facts are test triples; every new entity keeps facts in train where it has several.
        seed: for the draw.

    Returns:
        A split of the grown graph: train, valid and test as before, with the new facts in train and test.
    """
    before, graph = split.graph, split.graph.with_facts(added, removed)
    changes = compare_graphs(before, graph)
    later = [np.full(size, -1) for size in (len(before.entities), len(before.relations))]
    for places, its in zip((changes.entity_places, changes.relation_places), later, strict=True):
        its[places[places >= 0]] = np.flatnonzero(places >= 0)
    parts = []
    for part in (split.train, split.valid, split.test):
        carried = np.stack([later[0][part[:, 0]], later[1][part[:, 1]], later[0][part[:, 2]]], axis=1)
        parts.append(carried[is_known(graph.triples, carried, len(graph.entities))])
    new = graph.triples[~is_known(np.concatenate(parts), graph.triples, len(graph.entities))]
    asked = _draw_asked(new, changes.entity_places < 0, share, np.random.default_rng(expect_seed(seed)))
    train, valid, test = parts
    return Split(graph, np.concatenate([train, new[~asked]]), valid, np.concatenate([test, new[asked]]))


def _draw_asked(new: np.ndarray, is_newcomer: np.ndarray, share: float, random: np.random.Generator) -> np.ndarray:
    """Which of the new facts are asked: a newcomer keeps one at least to learn from."""
    left = np.bincount(new[:, [0, 2]].ravel(), minlength=len(is_newcomer))
    asked = np.zeros(len(new), dtype=bool)
    for place in random.permutation(len(new)):
        ends = new[place, [0, 2]]
        if asked.sum() < round(share * len(new)) and (left[ends] > 1)[is_newcomer[ends]].all():
            asked[place] = True
            left[ends] -= 1
    return asked


def name_asked(split: Split, before: KnowledgeGraph) -> list[str]:
    """For each test triple whether it is about a newcomer: an entity that the graph before did not have.

    Args:
        split: of the grown graph.
        before: the graph it grew from.
    """
    is_newcomer = ~split.graph.entities["entity"].isin(before.entities["entity"]).to_numpy()
    names = {True: "about newcomers", False: "about the others"}
    return [names[bool(new)] for new in is_newcomer[split.test[:, [0, 2]]].any(axis=1)]


def draw_large_graph(*, entities: int, triples: int, relations: int = 20, seed: int = 0) -> KnowledgeGraph:
    """A graph of facts that are drawn, to measure time with and nothing else.

    Args:
        entities: at most so many.
        triples: at most so many; what is drawn twice counts once.
        relations: at most so many.
        seed: for the draw.

    Example:
        >>> len(draw_large_graph(entities=50, triples=10)) <= 10
        True
    """
    random = np.random.default_rng(expect_seed(seed))
    drawn = {"head": entities, "relation": relations, "tail": entities}
    return KnowledgeGraph.from_pandas(
        pd.DataFrame({part: random.integers(size, size=triples) for part, size in drawn.items()}), name="drawn"
    )


def count_tables(graphs: Mapping[str, KnowledgeGraph]) -> dict[str, dict[str, Any]]:
    """The tables that were read, alone and all together, as exercise 1 takes them, and how many facts kgwb counts in them.

    Args:
        graphs: by name; accents are brought into one form, which the exercise is not about.

    Returns:
        What `use_answer` takes beside the answer.
    """
    tables = {
        name: [tuple(unicodedata.normalize("NFC", part) for part in row) for row in its.to_pandas().to_numpy()]
        for name, its in graphs.items()
    }
    cases = {name: ([rows],) for name, rows in tables.items()} | {"all together": (list(tables.values()),)}
    frames = [pd.DataFrame(row, columns=["head", "relation", "tail"]) for row in tables.values()]
    read = [merge_alike_names(KnowledgeGraph.from_pandas(each)) for each in (*frames, pd.concat(frames))]
    return {"cases": cases, "beside": dict(zip(cases, map(len, read), strict=True))}


def take_reason_away(
    rules: RuleRanker, split: Split, fact: Sequence[int] | np.ndarray, *, seed: int = 0
) -> pd.DataFrame:
    """Where a fact's tail stands when the facts that its rules hang on are gone from train, and when others are.

    Args:
        rules: mined from the split's train.
        split: rules are mined again from what is left of its train.
        fact: ids of head, relation and tail.
        seed: of mining, and for drawing the others.

    Returns:
        One row each for train as it is, without the reason, and without as many other facts: facts left out, rank.
    """
    triple = [int(each) for each in fact]
    named = [each for facts in rules.explain(*triple)["facts"].head(rules.top) for each in facts]
    reason = is_known(np.array(named).reshape(-1, 3), split.train, len(split.graph.entities))
    others = np.flatnonzero(~reason)
    drawn = np.random.default_rng(expect_seed(seed)).permutation(others)[: reason.sum()]
    left_out = {"as it is": drawn[:0], "without its reason": np.flatnonzero(reason), "without as many others": drawn}
    rows = {}
    for name, places in left_out.items():
        less = replace(split, train=np.delete(split.train, places, axis=0))
        ranks = rank_triples(mine_rules(less, seed=seed), np.array([triple]), known=split.known).ranks
        rows[name] = {"facts left out": len(places), "rank": float(ranks[-1])}  # the head is ranked first
    return pd.DataFrame(rows).T.astype({"facts left out": int})


def list_mixes(
    joined: JoinedRanker, split: Split, count: int = 4, *, seed: int = 0
) -> tuple[dict[str, tuple[list[float], list[float], float, int]], dict[str, float]]:
    """Questions of the exam with the scores of both rankers, as exercise 2 takes them, and what they come to joined.

    Args:
        joined: whatever way it scales, here it is by range, with one weight.
        split: questions after the tails of some of its test triples.
        count: how many.
        seed: for drawing them.

    Returns:
        By question (scores of one, scores of other, weight, place of the right answer); and by question the mixed score.
    """
    by_range = replace(joined, ways=("range", "range"), weights=None)
    drawn = np.random.default_rng(expect_seed(seed)).permutation(len(split.test))[:count]
    heads, relations, _tails = torch.from_numpy(split.test[np.sort(drawn)]).T
    one, other = prepare_both(joined.one, joined.other)(heads, relations, len(heads))
    mixed = by_range.score_answers(heads, relations, tails=len(heads))
    cases, beside = {}, {}
    for place, (head, relation, tail) in enumerate(split.test[np.sort(drawn)].tolist()):
        labels = split.graph.labels
        name = f"{labels[head]} {split.graph.relation_labels[relation]} {labels[tail]}"
        cases[name] = (one[place].tolist(), other[place].tolist(), by_range.weight, tail)
        beside[name] = float(mixed[place, tail])
    return cases, beside


def check_count_different(count_different: Callable[[Tables], int]) -> Verdict:
    """Does it count the different facts of several tables, where names differ in more than their blanks?"""
    ada, bo = ("Ada", "knows", "Bo"), ("Bo", "knows", "Ada")
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([[ada, bo]],), 2),
        (([[ada, ada], [bo]],), 2),
        (([[ada], [ada, bo]],), 2),
        (([[ada], [("Ada ", "knows", "Bo")]],), 1),
        (([[ada], [(" Ada", "knows ", "Bo")], []],), 1),
        (([[ada, ("Ada", "knows", "Bo B"), ("Ada", "knows", "BoB"), ("ada", "knows", "Bo")]],), 4),
        (([[], []],), 0),
    ]
    random = np.random.default_rng(0)
    for _ in range(8):
        names = [f"{name}{' ' * int(random.integers(0, 2))}" for name in random.choice(["Ada", "Bo", "Cem"], 24)]
        table = [(names[row], "knows", names[row + 12]) for row in range(12)]
        parted = [table[:5], table[5:9], table[9:]]
        examples.append(((parted,), len({(head.strip(), tail.strip()) for head, _, tail in table})))
    hint = "A set holds each fact once; put the facts of all tables into one, with name.strip() in place of each name."
    return check(count_different, examples, hint=hint)


def check_mixed_score(mixed_score: Callable[[list[float], list[float], float, int], float]) -> Verdict:
    """Does it bring the scores of both rankers between 0 and 1 before it mixes them?"""
    examples = [
        (([0.0, 1.0], [0.0, 1.0], 0.5, 1), 1.0),
        (([0.0, 10.0, 5.0], [0.0, 1.0, 0.0], 0.5, 2), 0.25),
        (([-8.0, -4.0, -6.0], [0.2, 0.0, 0.4], 0.25, 0), 0.125),
        (([3.0, 1.0, 2.0], [0.0, 4.0, 1.0], 0.0, 2), 0.5),
        (([3.0, 1.0, 2.0], [0.0, 4.0, 1.0], 1.0, 2), 0.25),
    ]
    random = np.random.default_rng(0)
    for _ in range(10):
        one, other = (random.permutation(9)[:5] * scale - 3.0 for scale in (4.0, 0.5))
        weight, answer = float(random.random()), int(random.integers(5))
        parts = [np.interp(each[answer], [each.min(), each.max()], [0, 1]) for each in (one, other)]
        examples.append(
            ((one.tolist(), other.tolist(), weight, answer), float(parts[0] + weight * (parts[1] - parts[0])))
        )
    hint = "(score − lowest) / (highest − lowest) of each list lies between 0 and 1; then (1 − weight) · one + weight · other."
    return check(mixed_score, examples, hint=hint)
