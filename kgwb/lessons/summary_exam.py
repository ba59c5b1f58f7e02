"""For notebook 13: what summaries keep of a text whose facts are known, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from kgwb.bert import Bert
from kgwb.embed.ranking.bootstrap import resample_means
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.learn import choose_covering
from kgwb.lessons.seeing_a_space import shuffle_facts
from kgwb.lessons.short_texts import Fact, ShortText, write_texts
from kgwb.lessons.summaries import (
    SETTINGS,
    choose_summaries,
    cover_facts,
    cover_sentences,
    index_pairs,
    order_sentences,
    read_sentence_vectors,
    share_usual,
    take_within,
)

MEASURES = ("main facts kept", "facts kept", "said again", "words")
_GRID = {
    "MiniLM, MMR": [{"relevance": each} for each in (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)],
    "rare words, topic first": [{"far words": each} for each in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)],
    "pairs, topic first": [{"far": each} for each in (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)],
    "half of the facts, topic first": [{"unknown": each} for each in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)],
    "facts, topic first": [{"unknown": each} for each in (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)],
}


def measure_summary(text: ShortText, chosen: Sequence[int]) -> dict[str, float]:
    """How much of what a text states is kept, and how much is said again.

    Args:
        text: that was shortened.
        chosen: the places of the sentences kept.

    Returns:
        "main facts kept" and "facts kept": shares of the distinct facts, about the topic and all; "said again": of the facts
        that the summary's sentences state, counted as often as they do, how many stood there before; "words": how many.
    """
    kept: frozenset[Fact] = frozenset().union(*(text.stated[place] for place in chosen))
    told = sum(len(text.stated[place]) for place in chosen)
    return {
        "main facts kept": len(kept & text.main) / len(text.main),
        "facts kept": len(kept) / len(text.facts),
        "said again": 1 - len(kept) / told if told else 0.0,
        "words": float(sum(text.costs[place] for place in chosen)),
    }


def cover_best(text: ShortText, wanted: Collection[Fact], budget: int | float) -> float:
    """The most that any choice within the budget covers of some of the stated facts, found exactly, as a share of them.

    Integer programming: x_i whether sentence i is chosen, y_f ≤ Σ x_i over those that state f, Σ cost_i x_i ≤ budget.

    Args:
        text: to be shortened.
        wanted: the facts that count.
        budget: words.
    """
    from scipy.optimize import LinearConstraint, milp

    facts, count = sorted(text.facts), len(text.sentences)
    worths = np.array([float(fact in wanted) for fact in facts])
    states = np.array([[fact in its for its in text.stated] for fact in facts], float)  # [fact, sentence]
    rows = np.hstack([-states, np.eye(len(facts))])
    costs = np.concatenate([text.costs, np.zeros(len(facts))])
    found = milp(
        np.concatenate([np.zeros(count), -worths]),
        integrality=np.ones(count + len(facts)),
        bounds=(0, 1),
        constraints=[LinearConstraint(rows, -np.inf, 0), LinearConstraint(costs, -np.inf, budget)],
    )
    return float(-found.fun / worths.sum())


def compare_summaries(
    graph: KnowledgeGraph,
    sentences: Sequence[Sentence],
    topics: Sequence[int],
    bert: Bert,
    *,
    share: float,
    seeds: Iterable[int],
    settings: Mapping[str, float] = SETTINGS,
) -> pd.DataFrame:
    """What every way keeps of a text about each topic, for each seed.

    Args:
        graph: whose facts are stated, and known.
        sentences: how each fact is worded.
        topics: to write about.
        bert: that reads sentences.
        share: how much of a text's words a summary may have.
        seeds: of texts, chance, hidden facts and the shuffled graph.
        settings: of the ways.

    Returns:
        A row for each seed, topic and way with the columns of `measure_summary`; of the way "the best possible" each share is
        the best by itself.
    """
    rows, known = [], index_pairs(graph)
    for seed in seeds:
        texts = write_texts(graph, sentences, topics, bert, seed=seed)
        vectors, shuffled = read_sentence_vectors(texts, bert), index_pairs(shuffle_facts(graph, seed=seed))
        usual = share_usual(texts)
        for text in texts:
            its = choose_summaries(
                text, known, vectors, usual=usual, share=share, shuffled=shuffled, seed=seed, settings=settings
            )
            at = {"seed": seed, "topic": graph.labels[text.topic]}
            rows += [at | {"way": way} | measure_summary(text, chosen) for way, chosen in its.items()]
            budget = share * sum(text.costs)
            best = {
                measure: cover_best(text, facts, budget)
                for measure, facts in {"main facts kept": text.main, "facts kept": text.facts}.items()
            }
            rows.append(at | {"way": "the best possible"} | best)
    return pd.DataFrame(rows)


def compare_paired(
    results: pd.DataFrame, way: str, others: Sequence[str], measure: str = "main facts kept", *, samples: int = 2000
) -> pd.DataFrame:
    """How much more one way keeps than others, with an interval: topics are drawn anew, each with its texts of all seeds.

    Args:
        results: as `compare_summaries` gives them.
        way: that is compared.
        others: what it is compared with.
        measure: a column.
        samples: of the bootstrap (Efron, 1979).

    Returns:
        A row for each other way: "more" (the mean difference), "low" and "high" (95 percent), "lowest seed" and "highest seed"
        (the mean difference of the texts of one seed), "topics".
    """
    table = results.pivot(index=["seed", "topic"], columns="way", values=measure)
    gaps = table[list(others)].rsub(table[way], axis=0)
    by_topic, by_seed = gaps.groupby("topic").mean(), gaps.groupby("seed").mean()
    low, high = np.quantile(resample_means(by_topic.to_numpy(), samples=samples, seed=0), [0.025, 0.975], axis=0)
    columns = {
        "more": by_topic.mean(),
        "low": low,
        "high": high,
        "lowest seed": by_seed.min(),
        "highest seed": by_seed.max(),
    }
    return pd.DataFrame(columns).assign(topics=len(by_topic))


def measure_reading(texts: Sequence[ShortText], known: Mapping[frozenset[int], Sequence[Fact]]) -> pd.DataFrame:
    """How well two names in a sentence tell what it states: of pairs of names, and of facts that a graph has between two.

    Args:
        texts: with what each sentence states.
        known: the facts of a graph, as `index_pairs` gives them.

    Returns:
        For "pairs of names" and "facts between names": "found" (per sentence, counted over all), "stated" (how many of them
        the sentence states), "precision", and "recall" of what is stated.
    """
    rows = {}
    for name, facts in {"pairs of names": {}, "facts between names": known}.items():
        found = stated = told = 0
        for text in texts:
            for names, its in zip(text.names, text.stated, strict=True):
                ends = {frozenset(fact[::2]) for fact in its}
                seen = cover_facts([names], facts, far=1.0, unknown=0.0 if facts else 1.0)[0]
                hits = its & seen.keys() if facts else ends & seen.keys()
                found, stated, told = found + len(seen), stated + len(hits), told + len(its if facts else ends)
        rows[name] = {"found": found, "stated": stated, "precision": stated / found, "recall": stated / told}
    return pd.DataFrame(rows).T.astype({"found": int, "stated": int})


def compare_greedy(texts: Sequence[ShortText], *, share: float) -> pd.Series:
    """What the greedy choice covers of the stated facts, as a share of the most that any choice covers, for each text.

    Args:
        texts: whose stated facts are covered, as if they were known.
        share: how much of a text's words may be chosen.
    """
    shares = []
    for text in texts:
        budget = share * sum(text.costs)
        chosen = choose_covering([dict.fromkeys(its, 1.0) for its in text.stated], text.costs, budget=budget)
        kept = len(frozenset().union(*(text.stated[place] for place in chosen))) / len(text.facts)
        shares.append(kept / cover_best(text, text.facts, budget))
    return pd.Series(shares)


def try_settings(
    graph: KnowledgeGraph,
    sentences: Sequence[Sentence],
    topics: Sequence[int],
    bert: Bert,
    *,
    share: float,
    seeds: Iterable[int],
) -> pd.DataFrame:
    """What each way that has a setting keeps with each value of it, over texts about topics that no exam asks for.

    Args:
        graph: whose facts are stated, and known.
        sentences: how each fact is worded.
        topics: to write about.
        bert: that reads sentences.
        share: how much of a text's words a summary may have.
        seeds: of the texts.

    Returns:
        A row for each way, setting and value: the mean of "main facts kept" and "facts kept", and "texts".
    """
    rows, known = [], index_pairs(graph)
    for seed in seeds:
        texts = write_texts(graph, sentences, topics, bert, seed=seed)
        vectors, usual = read_sentence_vectors(texts, bert), share_usual(texts)
        for text in texts:
            budget = share * sum(text.costs)
            for way, grid in _GRID.items():
                for one in grid:
                    with_it = SETTINGS | one
                    if "relevance" in one:
                        order = order_sentences(text, vectors, seed=seed, settings=with_it)[way]
                        chosen = take_within(order, text.costs, budget)
                    else:
                        cover = cover_sentences(text, known, usual, {}, seed=seed, settings=with_it)[way]
                        chosen = choose_covering(cover, text.costs, budget=budget)
                    [(setting, value)] = one.items()
                    rows.append({"way": way, "setting": setting, "value": value} | measure_summary(text, chosen))
    grouped = pd.DataFrame(rows).groupby(["way", "setting", "value"], sort=False)
    return grouped[list(MEASURES[:2])].mean().assign(texts=grouped.size())
