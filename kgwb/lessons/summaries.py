"""For notebook 13: ways to choose sentences for a summary, by chance, by words, by MiniLM and by a graph."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from types import MappingProxyType

import numpy as np

from kgwb.bert import Bert
from kgwb.graph import KnowledgeGraph
from kgwb.learn import choose_covering
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.lessons.short_texts import Fact, ShortText, list_symmetric, turn_one_way

Cover = dict[Hashable, float]
WAYS = (
    "chance",
    "first sentences",
    "TextRank",
    "MiniLM, nearest to all",
    "MiniLM, MMR",
    "words",
    "rare words, topic first",
    "entities",
    "pairs, topic first",
    "shuffled facts, topic first",
    "half of the facts, topic first",
    "facts",
    "facts, topic first",
)
# Chosen on texts about other topics: `summary_exam.try_settings`.
SETTINGS = {"far": 0.05, "far words": 0.05, "unknown": 0.1, "relevance": 0.7}


def index_pairs(graph: KnowledgeGraph, hidden: Iterable[Fact] = ()) -> dict[frozenset[int], list[Fact]]:
    """The facts of a graph by their two ends, without hidden ones; of two directions of a symmetric relation one."""
    both, gone = list_symmetric(graph), set(hidden)
    facts = sorted({turn_one_way(fact, both) for fact in graph.triples.tolist()} - gone)
    found: dict[frozenset[int], list[Fact]] = {}
    for fact in facts:
        found.setdefault(frozenset(fact[::2]), []).append(fact)
    return found


def find_topic(names: Sequence[Sequence[int]]) -> int:
    """The entity that most sentences name; of several the one named first. -1 where none is named."""
    counts = Counter(entity for its in names for entity in its)
    return max(counts, key=lambda entity: counts[entity], default=-1)


def cover_facts(
    names: Sequence[Sequence[int]], facts: Mapping[frozenset[int], Sequence[Fact]], *, far: float, unknown: float
) -> list[Cover]:
    """What each sentence covers: facts that the graph has between two names, and pairs of names between which it has none.

    Args:
        names: of each sentence the entities it names.
        facts: as `index_pairs` gives them.
        far: how much a fact or pair without the topic counts; with the topic it counts 1.
        unknown: how much a pair counts between which the graph has no fact; 0 for not at all.
    """
    topic, covers = find_topic(names), []
    for its in names:
        cover: Cover = {}
        for pair in combinations(sorted(set(its)), 2):
            near = 1.0 if topic in pair else far
            known = facts.get(frozenset(pair), ())
            cover |= dict.fromkeys(known, near) if known else {frozenset(pair): near * unknown}
        covers.append({thing: worth for thing, worth in cover.items() if worth > 0})
    return covers


def list_content_words(sentence: str) -> list[str]:
    """The words of a sentence in small letters, without those that stand in every text."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return [word for word in re.findall(r"\w+", sentence.lower()) if word not in ENGLISH_STOP_WORDS]


def share_usual(texts: Sequence[ShortText]) -> dict[str, float]:
    """Of each word the share of some texts that have it, as if one more had each: what is usual, and tells little."""
    counts = Counter(
        word for text in texts for word in {word for each in text.sentences for word in list_content_words(each)}
    )
    return {word: count / (len(texts) + 1) for word, count in counts.items()}


def cover_words(sentences: Sequence[str], usual: Mapping[str, float] | None = None, *, far: float = 1.0) -> list[Cover]:
    """What each sentence covers: its words, each less where the sentence lacks the topic's word.

    With `usual` a word counts −log of the share of texts that have it (Spärck Jones, 1972). The topic's word is the one that
    counts most times the sentences that have it.

    Args:
        sentences: of one text.
        usual: as `share_usual` gives it; without it all words count the same.
        far: how much a word counts in a sentence without the topic's word.
    """
    words = [list_content_words(sentence) for sentence in sentences]
    counts = Counter(word for its in words for word in dict.fromkeys(its))  # in order, so that ties are the same
    worth = {word: -math.log(usual[word]) if usual else 1.0 for word in counts}
    topic = max(counts, key=lambda word: counts[word] * worth[word], default="")
    return [{word: worth[word] * (1.0 if topic in its else far) for word in its if worth[word] > 0} for its in words]


def rank_by_textrank(sentences: Sequence[str]) -> np.ndarray:
    """TextRank: PageRank over sentences, weighted by the words that two share.

    w_ij = shared words / (log |i| + log |j|), damping .85 (Mihalcea and Tarau, 2004).

    Returns:
        The rank of each sentence, [sentence]; they sum to one.
    """
    words = [set(list_content_words(sentence)) for sentence in sentences]
    count = len(words)
    weights = np.zeros((count, count))
    for one, other in combinations(range(count), 2):
        size = math.log(max(2, len(words[one]))) + math.log(max(2, len(words[other])))
        weights[one, other] = weights[other, one] = len(words[one] & words[other]) / size
    totals = weights.sum(axis=1, keepdims=True)
    steps = np.divide(weights, totals, out=np.full_like(weights, 1 / count), where=totals > 0)
    ranks: np.ndarray = np.linalg.solve(np.eye(count) - 0.85 * steps.T, np.full(count, 0.15 / count))
    return ranks


def order_by_relevance(vectors: np.ndarray, relevance: float) -> list[int]:
    """Maximal marginal relevance: next comes what is like the whole and unlike what came before.

    λ cos(s, mean) − (1 − λ) max cos(s, chosen) (Carbonell and Goldstein, 1998). With λ = 1 the order of nearness to all.

    Args:
        vectors: of length one, [sentence, dim].
        relevance: λ.
    """
    whole = vectors.mean(axis=0)
    like, between = vectors @ (whole / np.linalg.norm(whole)), vectors @ vectors.T
    order: list[int] = []
    for _ in range(len(vectors)):
        again = between[:, order].max(axis=1) if order else np.zeros(len(vectors))
        score = relevance * like - (1 - relevance) * again
        score[order] = -np.inf
        order.append(int(score.argmax()))
    return order


def take_within(order: Iterable[int], costs: Sequence[int], budget: int | float) -> list[int]:
    """From the first on each that can still be paid."""
    chosen: list[int] = []
    for place in order:
        if sum(costs[each] for each in chosen) + costs[place] <= budget:
            chosen.append(int(place))
    return chosen


def read_sentence_vectors(texts: Sequence[ShortText], bert: Bert) -> dict[str, np.ndarray]:
    """MiniLM's vector of each sentence, of length one: the mean of its hidden states."""
    every = list(dict.fromkeys(sentence for text in texts for sentence in text.sentences))
    return dict(zip(every, vectorise_texts(bert, every), strict=True))


def choose_summaries(
    text: ShortText,
    known: Mapping[frozenset[int], Sequence[Fact]],
    vectors: Mapping[str, np.ndarray],
    *,
    usual: Mapping[str, float],
    share: float,
    shuffled: Mapping[frozenset[int], Sequence[Fact]] = MappingProxyType({}),
    seed: int = 0,
    settings: Mapping[str, float] = SETTINGS,
) -> dict[str, list[int]]:
    """The sentences that each way chooses, as places, in the order of the choice.

    Args:
        text: to be shortened.
        known: the facts of the graph, as `index_pairs` gives them.
        vectors: of the sentences, as `read_sentence_vectors` gives them.
        usual: how usual each word is, as `share_usual` gives it.
        share: how much of the text's words a summary may have.
        shuffled: the facts of the control's graph.
        seed: of chance, and of the facts that are hidden.
        settings: of the ways.
    """
    budget = share * sum(text.costs)
    orders = order_sentences(text, vectors, seed=seed, settings=settings)
    chosen = {way: take_within(order, text.costs, budget) for way, order in orders.items()}
    covers = cover_sentences(text, known, usual, shuffled, seed=seed, settings=settings)
    return chosen | {way: choose_covering(its, text.costs, budget=budget) for way, its in covers.items()}


def order_sentences(
    text: ShortText, vectors: Mapping[str, np.ndarray], *, seed: int, settings: Mapping[str, float] = SETTINGS
) -> dict[str, Sequence[int]]:
    """The ways that order sentences: by chance, place, TextRank, and by MiniLM's vectors."""
    draw, ours = np.random.default_rng([seed, text.topic, 1]), np.stack([vectors[each] for each in text.sentences])
    return {
        "chance": draw.permutation(len(ours)).tolist(),
        "first sentences": range(len(ours)),
        "TextRank": (-rank_by_textrank(text.sentences)).argsort(kind="stable").tolist(),
        "MiniLM, nearest to all": order_by_relevance(ours, 1.0),
        "MiniLM, MMR": order_by_relevance(ours, settings["relevance"]),
    }


def cover_sentences(
    text: ShortText,
    known: Mapping[frozenset[int], Sequence[Fact]],
    usual: Mapping[str, float],
    shuffled: Mapping[frozenset[int], Sequence[Fact]],
    *,
    seed: int,
    settings: Mapping[str, float] = SETTINGS,
) -> dict[str, list[Cover]]:
    """The ways that cover: what each sentence covers, of words, entities, pairs of them, or facts."""
    draw, stated = np.random.default_rng([seed, text.topic, 2]), sorted(text.facts)
    hidden = {stated[place] for place in draw.permutation(len(stated))[: len(stated) // 2]}
    half = {pair: left for pair, facts in known.items() if (left := [fact for fact in facts if fact not in hidden])}
    near = {"far": settings["far"], "unknown": settings["unknown"]}
    return {
        "words": cover_words(text.sentences),
        "rare words, topic first": cover_words(text.sentences, usual, far=settings["far words"]),
        "entities": [dict.fromkeys(its, 1.0) for its in text.names],
        "pairs, topic first": cover_facts(text.names, {}, **near | {"unknown": 1.0}),
        "shuffled facts, topic first": cover_facts(text.names, shuffled, **near),
        "half of the facts, topic first": cover_facts(text.names, half, **near),
        "facts": cover_facts(text.names, known, **near | {"far": 1.0}),
        "facts, topic first": cover_facts(text.names, known, **near),
    }
