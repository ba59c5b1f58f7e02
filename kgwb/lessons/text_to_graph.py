"""For notebook 09: names that entities share, pairs of names with their relation, facts read from texts, checks by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.bert import Bert, find_mentions, link_mentions
from kgwb.bert.linking import Links
from kgwb.bert.shuffling import shuffle_tails
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn import pair_names
from kgwb.lessons.checks import Verdict, check

NONE = "none"
_EVIDENCE = ("prior", "context", "coherence")
Fact = tuple[int, int, int]


def share_last_words(graph: KnowledgeGraph, kind: str = "currency") -> KnowledgeGraph:
    """The same graph, whose entities of one type are called by their last word too, where several of them share it.

    Args:
        graph: with the columns label, type and aliases.
        kind: the type: "Kuwaiti dinar" and "Iraqi dinar" are both called "dinar".
    """
    table = graph.entities
    words = table["label"].str.split().str[-1]
    mine = table["type"] == kind
    shared = mine & words.where(mine).duplicated(keep=False)
    names = [
        (*known, word) if is_shared else known
        for known, word, is_shared in zip(table["aliases"], words, shared, strict=True)
    ]
    return KnowledgeGraph(graph.triples, table.assign(aliases=names), graph.relations, graph.name, graph.notes)


def write_last_words(sentences: Iterable[Sentence], graph: KnowledgeGraph) -> list[Sentence]:
    """The sentences whose last name in the text can be put shorter, by an alias that several entities share.

    Args:
        sentences: each with two mentions or more.
        graph: as `share_last_words` gives it.

    Returns:
        Sentences that say "dinar" and mean, as their mention tells, the Kuwaiti one.
    """
    meant = [graph.spellings(entity) for entity in range(len(graph.labels))]
    counts: dict[str, int] = {}
    for name in itertools.chain(*meant):
        counts[name] = counts.get(name, 0) + 1
    written = []
    for sentence in sentences:
        *before, last = sorted(sentence.mentions, key=lambda mention: mention.start)
        short = next((name for name in meant[last.entity] if counts[name] > 1), None)
        if short is not None:
            text = sentence.text[: last.start] + short + sentence.text[last.end :]
            mention = Mention(last.start, last.start + len(short), last.entity)
            written.append(Sentence(text, (*before, mention), sentence.triple, sentence.wording, sentence.language))
    return written


def measure_links(links: Links, sentences: Sequence[Sentence]) -> float:
    """The share of right links among the names that several entities share.

    Args:
        links: of the sentences' texts, in that order.
        sentences: with the entities that are meant.
    """
    right = []
    for found, sentence in zip(links.mentions, sentences, strict=True):
        meant = {(mention.start, mention.end): mention.entity for mention in sentence.mentions}
        right += [each.entity == meant.get((each.start, each.end)) for each in found if len(each.candidates) > 1]
    return float(np.mean(right)) if right else float("nan")


def compare_evidence(sentences: Sequence[Sentence], graphs: Mapping[str, KnowledgeGraph], bert: Bert) -> pd.DataFrame:
    """The share of right links by each kind of evidence alone and by all, a column for each graph that is asked.

    Args:
        sentences: with the entities that are meant, as `write_last_words` gives them.
        graphs: whose names are the same, by what they are called in the table.
        bert: that reads the context.
    """
    texts = [each.text for each in sentences]
    found = find_mentions(texts, next(iter(graphs.values())), bert.tokenizer)
    alone: dict[str, dict[str, Any]] = {
        part: {other: float(other == part) for other in _EVIDENCE} for part in _EVIDENCE
    }
    alone["all three"] = {}
    table = pd.DataFrame(index=list(alone), columns=list(graphs), dtype=float)
    for (name, weights), (column, graph) in itertools.product(alone.items(), graphs.items()):
        links = link_mentions(texts, found, graph, bert=bert, threshold=0, **weights)
        table.loc[name, column] = measure_links(links, sentences)
    return table


def part_by_wording(
    sentences: Iterable[Sentence], graph: KnowledgeGraph, *, most: int, seed: int = 0
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Pairs of names to tune on, in the first wording about two thirds of the heads, and exams about the others.

    Args:
        sentences: those that state no triple are left out.
        graph: whose relations they state.
        most: pairs of each label, in each part.
        seed: of the choice.

    Returns:
        Rows of `pair_names` to tune on, and those of the exams "wording seen" and "new wording".
    """
    stated = [each for each in sentences if each.triple]
    heads = pd.Series([each.triple[0] for each in stated if each.triple]).drop_duplicates()
    heads = heads.sample(frac=1, random_state=seed)
    kept = set(heads[: len(heads) * 2 // 3])

    def choose(wording: int, *, is_kept: bool) -> pd.DataFrame:
        part = [
            each for each in stated if each.triple and (each.triple[0] in kept) == is_kept and each.wording == wording
        ]
        return pair_names(part, graph).sample(frac=1, random_state=seed).groupby("label").head(most)

    exams = {"wording seen": choose(0, is_kept=False), "new wording": choose(1, is_kept=False)}
    return choose(0, is_kept=True), exams


def score_floors(train: pd.DataFrame, exam: pd.DataFrame, graph: KnowledgeGraph) -> dict[str, float]:
    """The share of right labels without a language model: the commonest, words counted, types alone."""
    label = exam["label"]
    return {
        "always the commonest": float((label == _find_commonest(train["label"])).mean()),
        "words counted": float((guess_by_words(train, exam) == label).mean()),
        "types alone": float((guess_by_types(train, exam, graph) == label).mean()),
    }


def guess_by_types(train: pd.DataFrame, pairs: pd.DataFrame, graph: KnowledgeGraph) -> pd.Series:
    """The commonest label of the two entities' types, whatever the text says: a floor that does not read."""
    types = graph.entities["type"].to_numpy()
    usual = train["label"].groupby([types[train["head_entity"]], types[train["tail_entity"]]]).agg(_find_commonest)
    ends = zip(types[pairs["head_entity"]], types[pairs["tail_entity"]], strict=True)
    return pd.Series([usual.get(each, NONE) for each in ends], index=pairs.index)


def guess_by_words(train: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """The label by the words around and between the names, counted (TF-IDF, linear support vector machine): a floor."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+"), LinearSVC())
    model.fit(_mark_ends(train), train["label"])
    return pd.Series(model.predict(_mark_ends(pairs)), index=pairs.index)


def gather_facts(pairs: pd.DataFrame, given: pd.Series, graph: KnowledgeGraph) -> list[Fact]:
    """What was read, as triples of ids, each once.

    Args:
        pairs: as `pair_names` gives them.
        given: a relation or "none" for each.
        graph: whose ids they are.
    """
    ends = zip(pairs["head_entity"], given, pairs["tail_entity"], strict=True)
    facts = [(int(head), graph.relation_id(name), int(tail)) for head, name, tail in ends if name != NONE]
    return list(dict.fromkeys(facts))


def shuffle_what_was_read(facts: Sequence[Fact], graph: KnowledgeGraph, *, seed: int = 0) -> list[Fact]:
    """The same facts with the tails of each relation shuffled, so that none is among them: the control of what was read."""
    types, _ = pd.factorize(graph.entities["type"].astype(str), sort=True)
    shuffled = shuffle_tails(np.array(facts), types, np.random.default_rng(seed))
    return [(head, relation, tail) for head, relation, tail in shuffled.tolist()]


def _mark_ends(pairs: pd.DataFrame) -> list[str]:
    """The texts with HEAD and TAIL in place of the names, so that no name is counted."""
    marked = []
    for text, head, tail in zip(pairs["text"], pairs["head"], pairs["tail"], strict=True):
        for (start, end), mark in sorted(
            [(head, "HEAD"), (tail, "TAIL")], reverse=True
        ):  # from the right, so that places stay
            text = text[:start] + mark + text[end:]
        marked.append(text)
    return marked


def _find_commonest(labels: pd.Series) -> str:
    return str(labels.value_counts().idxmax())


def check_weigh_evidence(weigh_evidence: Callable[[list[float | None], list[float]], float]) -> Verdict:
    """Is it the weighted mean of what there is?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.5, 1.0], [1.0, 1.0]), 0.75),
        (([0.5, None], [1.0, 1.0]), 0.5),
        (([0.2, None, 0.8], [0.1, 0.3, 0.6]), 5 / 7),
        (([None, 0.4, 0.0], [0.1, 0.3, 0.6]), 4 / 30),
    ]
    hint = "Leave out what is None, from the sum above the line and from the sum of weights below it."
    return check(weigh_evidence, examples, hint=hint)


def check_compare_facts(compare_facts: Callable[[set[str], set[str]], tuple[float, float]]) -> Verdict:
    """Is it precision and recall?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (({"a", "b"}, {"a", "b"}), (1.0, 1.0)),
        (({"a", "b"}, {"b"}), (0.5, 1.0)),
        (({"a"}, {"a", "b", "c", "d"}), (1.0, 0.25)),
        (({"a", "b", "c"}, {"c", "d"}), (1 / 3, 0.5)),
        (({"a"}, {"b"}), (0.0, 0.0)),
    ]
    hint = "What is in both, divided once by how many were read, once by how many the texts state; in that order."
    return check(compare_facts, examples, hint=hint, ordered=True)


def check_score_refusals(score_refusals: Callable[[list[float], list[bool]], tuple[float, float]]) -> Verdict:
    """Is a refusal counted from one half on, and is it precision and recall of what the graph lacks?"""
    examples: list[tuple[tuple[Any, ...], Any]] = [
        (([0.9, 0.1], [True, False]), (1.0, 1.0)),
        (([0.9, 0.7, 0.1], [True, False, False]), (0.5, 1.0)),
        (([0.9, 0.2, 0.3], [True, True, False]), (1.0, 0.5)),
        (([0.5, 0.6, 0.4, 0.1], [False, True, True, True]), (0.5, 1 / 3)),
    ]
    hint = (
        "Refused: a share of 0.5 or more. Right refusals by all refusals, then right refusals by all questions that the "
        "graph cannot answer."
    )
    return check(score_refusals, examples, hint=hint, ordered=True)
