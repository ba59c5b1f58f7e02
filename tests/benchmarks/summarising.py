"""Summaries of news by words, by MiniLM and by a graph, and whether counting entities agrees with people (REALSumm).

100 articles of CNN/DailyMail, each with a reference and 25 systems' summaries that people judged. Each way chooses sentences
until it has as many words as the first three. Measured only; no text is copied or shown.

python tests/benchmarks/summarising.py              five seeds of chance and of the shuffled graph
python tests/benchmarks/summarising.py --trial      ten articles, one seed; nothing is recorded
"""

from __future__ import annotations

import argparse
import json
import logging
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from figures import begin, record
from rouge import measure_rouge
from scipy.stats import kendalltau

import kgwb
from kgwb.bert import encode_sentences
from kgwb.learn import choose_covering
from kgwb.learn.completion.entity_texts import pool_texts
from kgwb.lessons import summaries
from kgwb.lessons.seeing_a_space import shuffle_facts

ROUGE = ["ROUGE-1", "ROUGE-2", "ROUGE-L"]
SPLIT = re.compile(r"(?<= [.!?])\s+(?!''|'\s)|(?<= [.!?] '')\s+")  # after a full stop, and the quotation mark behind it
Pairs = Mapping[frozenset[int], Sequence[Hashable]]
log = logging.getLogger("bench")


class Article(NamedTuple):
    """An article, its reference, and the entities of each sentence of either."""

    sentences: list[str]
    reference: list[str]
    names: list[tuple[int, ...]]
    reference_names: frozenset[int]


def main() -> None:
    """Measure the ways, then the measures, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--part", choices=["ways", "people"], help="only one of the two tables")
    parser.add_argument("--samples", type=int, default=2000, help="of the bootstrap")
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("realsumm", "fb15k-237", threads=asked.threads)
    if folder is None:
        return
    if asked.trial:
        asked.seeds = 1
    graph, bert = read_published(folder / "fb15k-237"), kgwb.load_bert("minilm")
    articles = read_articles(folder / "realsumm", graph, bert)[: 10 if asked.trial else None]
    judged = read_judged(folder / "realsumm", len(articles))
    for name, measure in {"summarising": measure_ways, "summarising-people": measure_measures}.items():
        if asked.part is not None and (asked.part == "people") != (name == "summarising-people"):
            continue
        for row in measure(articles, judged, graph, bert, asked):
            log.info("%s", " | ".join(row))
            if not asked.trial:
                record(name, {"row": row}, row)


def read_published(folder: Path) -> kgwb.KnowledgeGraph:
    """FB15k-237 with labels and aliases."""
    table = pd.read_csv(folder / "entities.tsv", sep="\t", keep_default_na=False, quoting=3)
    files = [folder / f"{part}.txt" for part in ("train", "valid", "test")]
    facts = pd.concat(pd.read_csv(file, sep="\t", names=["head", "relation", "tail"]) for file in files)
    return kgwb.KnowledgeGraph.from_pandas(facts, table.rename(columns={"id": "entity"}).assign(type="thing"))


def read_articles(folder: Path, graph: kgwb.KnowledgeGraph, bert: kgwb.bert.Bert) -> list[Article]:
    """The articles, cut into sentences; everything in small letters, as the articles are."""
    sources, references = ((folder / f"{name}.txt").read_text("utf-8").splitlines() for name in ("src", "ref"))
    texts = [SPLIT.split(re.sub(r"</?t>", "", text).strip()) for text in sources]
    wanted = [cut_marked(text) for text in references]
    found = iter(
        find_names([each for pair in zip(texts, wanted, strict=True) for part in pair for each in part], graph, bert)
    )
    articles = []
    for sentences, reference in zip(texts, wanted, strict=True):
        names = [next(found) for _ in sentences]
        articles.append(Article(sentences, reference, names, frozenset().union(*(next(found) for _ in reference))))
    return articles


def read_judged(folder: Path, count: int) -> pd.DataFrame:
    """The systems' summaries of the first articles with what people and measures gave them."""
    lines = (folder / "systems.jsonl").read_text("utf-8").splitlines()
    table = pd.DataFrame([json.loads(line) for line in lines]).assign(
        name=lambda each: each["kind"] + " " + each["system"]
    )
    return table[table["doc"] < count].reset_index(drop=True)


def cut_marked(text: str) -> list[str]:
    """The sentences between <t> and </t>."""
    return [part.strip() for part in re.findall(r"<t>(.*?)</t>", text)]


def cut_words(sentences: Sequence[str]) -> list[list[str]]:
    """Words as ROUGE has them: letters and digits."""
    return [re.findall(r"[a-z0-9]+", sentence.lower()) for sentence in sentences]


def find_names(sentences: Sequence[str], graph: kgwb.KnowledgeGraph, bert: kgwb.bert.Bert) -> list[tuple[int, ...]]:
    """The entities of each sentence."""
    lower = [re.sub(r" ([.,;:!?])", r"\1", sentence.lower()).replace(" 's", "'s") for sentence in sentences]
    found = kgwb.find_mentions(lower, graph, bert.tokenizer)
    return [tuple(dict.fromkeys(mention.entity for mention in its)) for its in found]


def measure_ways(
    articles: Sequence[Article],
    judged: pd.DataFrame,
    graph: kgwb.KnowledgeGraph,
    bert: kgwb.bert.Bert,
    asked: argparse.Namespace,
) -> Iterator[list[str]]:
    """A row for each way: ROUGE with an interval over the articles, and the gap to the first three sentences."""
    pairs = summaries.index_pairs(graph)
    shuffled = [summaries.index_pairs(shuffle_facts(graph, seed=seed)) for seed in range(asked.seeds)]
    scores: dict[str, list[list[np.ndarray]]] = {}
    for article in articles:
        costs = [len(words) for words in cut_words(article.sentences)]
        for way, choices in choose(article, costs, pairs, shuffled, bert).items():
            scores.setdefault(way, []).append([score(article, article.sentences, chosen) for chosen in choices])
    best = {"abs bart_out", "ext matchsumm_out", "abs presumm_out_abs"}
    for name, its in judged[judged["name"].isin(best)].groupby("name"):
        texts = its.sort_values("doc")["summary"].map(cut_marked)
        scores[f"published system: {name}"] = [
            [score(article, text, range(len(text)))] for article, text in zip(articles, texts, strict=True)
        ]
    first = np.array([its[0] for its in scores["first sentences"]])[:, :3]
    for way, each in scores.items():
        values = np.array(each)  # [article, seed, measure]
        drawn = values.mean(axis=(0,))[:, :3]  # [seed, measure]
        by_article = values.mean(axis=1)
        low, high = bootstrap(by_article[:, :3], asked.samples)
        gap_low, gap_high = bootstrap(by_article[:, :3] - first, asked.samples)
        spelt = [f"{100 * by_article[:, k].mean():.1f} ({100 * low[k]:.1f} to {100 * high[k]:.1f})" for k in range(3)]
        seeds = f"{100 * drawn[:, 0].min():.1f} to {100 * drawn[:, 0].max():.1f}" if len(drawn) > 1 else ""
        gap = f"{100 * (by_article[:, 0] - first[:, 0]).mean():+.1f} ({100 * gap_low[0]:+.1f} to {100 * gap_high[0]:+.1f})"
        yield [way, *spelt, seeds, gap, f"{by_article[:, 3].mean():.0f}", str(len(values))]


def choose(
    article: Article, costs: Sequence[int], pairs: Pairs, shuffled: Sequence[Pairs], bert: kgwb.bert.Bert
) -> dict[str, list[list[int]]]:
    """What each way chooses, once or for each seed, with as many words as the first three sentences."""
    sentences, names, budget = article.sentences, article.names, sum(costs[:3])
    costs = [max(1, cost) for cost in costs]
    with torch.no_grad():
        vectors = pool_texts(bert.in_mode(training=False), encode_sentences(bert, sentences)).cpu().numpy()
    words = [summaries.list_content_words(sentence) for sentence in sentences]
    likeness = share_things(words)
    draws = [np.random.default_rng(seed) for seed in range(len(shuffled))]
    orders = {
        "chance": [draw.permutation(len(costs)) for draw in draws],
        "first sentences": [np.arange(len(costs))],
        "TextRank": [rank(likeness)],
        "TextRank and facts": [rank(likeness + relate(names, pairs))],
        "TextRank and shuffled facts": [rank(likeness + relate(names, each)) for each in shuffled],
        "MiniLM, nearest to all": [np.array(summaries.order_by_relevance(vectors, 1.0))],
        "MiniLM, MMR": [np.array(summaries.order_by_relevance(vectors, summaries.SETTINGS["relevance"]))],
    }
    entities = weigh(names)
    early = [1 / (1 + place) for place in range(len(costs))]
    covers: dict[str, list[list[dict[Hashable, float]]]] = {
        "words": [weigh(words)],
        "entities": [entities],
        "entities and facts": [add_facts(entities, names, pairs)],
        "entities and shuffled facts": [add_facts(entities, names, each) for each in shuffled],
        "words, early first": [fade(weigh(words), early)],
        "entities and facts, early first": [fade(add_facts(entities, names, pairs), early)],
        "entities and shuffled facts, early first": [
            fade(add_facts(entities, names, each), early) for each in shuffled
        ],
    }
    chosen = {
        way: [summaries.take_within(order.tolist(), costs, budget) for order in its] for way, its in orders.items()
    }
    return chosen | {
        way: [choose_covering(cover, costs, budget=budget) for cover in its] for way, its in covers.items()
    }


def weigh(things: Sequence[Sequence[Hashable]]) -> list[dict[Hashable, float]]:
    """What each sentence holds, each thing worth as much as there are sentences that hold it."""
    counts = Counter(thing for its in things for thing in set(its))
    return [{thing: float(counts[thing]) for thing in its} for its in things]


def add_facts(
    entities: Sequence[Mapping[Hashable, float]], names: Sequence[Sequence[int]], pairs: Pairs
) -> list[dict[Hashable, float]]:
    """Entities, and the pairs of them in a sentence between which the graph has a fact, worth as the rarer one."""
    covers = []
    for its, found in zip(entities, names, strict=True):
        known = [pair for pair in map(frozenset, combinations(found, 2)) if pair in pairs]
        covers.append({**its, **{pair: min(its[each] for each in pair) for pair in known}})
    return covers


def fade(covers: Sequence[Mapping[Hashable, float]], weights: Sequence[float]) -> list[dict[Hashable, float]]:
    """Each sentence's things times a weight of the sentence."""
    return [
        {thing: worth * weight for thing, worth in its.items()} for its, weight in zip(covers, weights, strict=True)
    ]


def share_things(words: Sequence[Sequence[str]]) -> np.ndarray:
    """How many words two sentences share, by their lengths as TextRank has it, [sentence, sentence]."""
    sets, likeness = list(map(set, words)), np.zeros((len(words), len(words)))
    for one, other in combinations(range(len(sets)), 2):
        size = np.log(max(2, len(sets[one]))) + np.log(max(2, len(sets[other])))
        likeness[one, other] = likeness[other, one] = len(sets[one] & sets[other]) / size
    return likeness


def relate(names: Sequence[Sequence[int]], pairs: Pairs) -> np.ndarray:
    """How many pairs of an entity of one sentence and another of a second one have a fact, divided as words are."""
    likeness = np.zeros((len(names), len(names)))
    for one, other in combinations(range(len(names)), 2):
        related = {pair for a in names[one] for b in names[other] if (pair := frozenset((a, b))) in pairs}
        size = np.log(max(2, len(names[one]))) + np.log(max(2, len(names[other])))
        likeness[one, other] = likeness[other, one] = len(related) / size
    return likeness


def rank(likeness: np.ndarray) -> np.ndarray:
    """Sentences by PageRank over their likeness, the highest first."""
    count, totals = len(likeness), likeness.sum(axis=1, keepdims=True)
    steps = np.divide(likeness, totals, out=np.full_like(likeness, 1 / count), where=totals > 0)
    ranks = np.linalg.solve(np.eye(count) - 0.85 * steps.T, np.full(count, 0.15 / count))
    return np.argsort(-ranks, kind="stable")


def score(article: Article, sentences: Sequence[str], chosen: Sequence[int]) -> np.ndarray:
    """ROUGE-1, -2 and -L of the chosen sentences, and their words."""
    words = cut_words([sentences[place] for place in sorted(chosen)])
    measured = measure_rouge(words, cut_words(article.reference))
    return np.array([*(measured[name] for name in ROUGE), sum(map(len, words))])


def measure_measures(
    articles: Sequence[Article],
    judged: pd.DataFrame,
    graph: kgwb.KnowledgeGraph,
    bert: kgwb.bert.Bert,
    asked: argparse.Namespace,
) -> Iterator[list[str]]:
    """A row for each measure: how its order of systems agrees with people's, on each article, and over all."""
    texts = judged["summary"].map(cut_marked)
    found = iter(find_names([sentence for text in texts for sentence in text], graph, bert))
    names = [frozenset().union(*(next(found) for _ in text)) for text in texts]
    pairs = summaries.index_pairs(graph)
    wrong = [summaries.index_pairs(shuffle_facts(graph, seed=seed)) for seed in range(asked.seeds)]
    rows = []
    for doc, text, its in zip(judged["doc"], texts, names, strict=True):
        article = articles[doc]
        ours = measure_rouge(cut_words(text), cut_words(article.reference))
        row = {"ROUGE-1 recall": ours["recall"], "entities kept": share(its, article.reference_names)}
        said = frozenset(word for sentence in cut_words(text) for word in sentence)
        row["capitalised words kept"] = share(said, list_capitals(article.reference))
        row["facts kept"] = share(list_pairs(its, pairs), list_pairs(article.reference_names, pairs))
        for seed, each in enumerate(wrong):
            row[f"shuffled facts kept {seed}"] = share(list_pairs(its, each), list_pairs(article.reference_names, each))
        rows.append(row | {f"our {name}": ours[name] for name in ROUGE})
    table = pd.concat([judged, pd.DataFrame(rows)], axis=1)
    given = dict(zip(ROUGE, ("rouge1_f", "rouge2_f", "rougel_f"), strict=True)) | {"BERTScore": "bert_f"}
    gaps = {name: (table[f"our {name}"] - table[given[name]]).mean() for name in ROUGE}
    log.info("ours less the ROUGE given, mean over %d summaries: %s", len(table), gaps)
    measures = {f"{name}, as given": column for name, column in given.items()}
    measures |= {name: name for name in ("ROUGE-1 recall", "capitalised words kept", "entities kept", "facts kept")}
    measures |= {f"shuffled facts kept, seed {seed}": f"shuffled facts kept {seed}" for seed in range(asked.seeds)}
    for name, column in measures.items():
        yield [name, *compare_orders(table, column, asked.samples)]
    table["both"] = table.groupby("doc")["ROUGE-1 recall"].rank() + table.groupby("doc")["entities kept"].rank()
    yield ["ROUGE-1 recall and entities kept, ranks added", *compare_orders(table, "both", asked.samples)]


def list_capitals(sentences: Sequence[str]) -> frozenset[str]:
    """The words that begin with a capital, but for the first of each sentence: names, without a list of them."""
    words = [re.findall(r"[A-Za-z0-9]+", sentence)[1:] for sentence in sentences]
    return frozenset(word.lower() for its in words for word in its if word[0].isupper())


def share(kept: frozenset, wanted: frozenset) -> float:
    """How many of those wanted are kept; not a number where none is wanted."""
    return len(kept & wanted) / len(wanted) if wanted else float("nan")


def list_pairs(names: frozenset[int], pairs: Pairs) -> frozenset:
    """The pairs of entities between which the graph has a fact."""
    return frozenset(pair for pair in map(frozenset, combinations(sorted(names), 2)) if pair in pairs)


def compare_orders(table: pd.DataFrame, column: str, samples: int) -> list[str]:
    """Kendall's τ with people's scores: the mean over articles, and over systems' means; articles are drawn anew."""
    wide = {
        name: table.pivot(index="doc", columns="name", values=name_of)
        for name, name_of in {"people": "human", "measure": column}.items()
    }
    told = wide["measure"].notna().all(axis=1)
    people, measure = (wide[name][told].to_numpy() for name in ("people", "measure"))
    each = np.nan_to_num(
        [kendalltau(a, b).statistic for a, b in zip(people, measure, strict=True)]
    )  # all alike: no order
    random, drawn = np.random.default_rng(0), []
    for _ in range(samples):
        rows = random.integers(0, len(people), len(people))
        over = kendalltau(people[rows].mean(axis=0), measure[rows].mean(axis=0)).statistic
        drawn.append((each[rows].mean(), np.nan_to_num(over)))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    over = kendalltau(people.mean(axis=0), measure.mean(axis=0)).statistic
    return [
        f"{each.mean():.2f} ({low[0]:.2f} to {high[0]:.2f})",
        f"{over:.2f} ({low[1]:.2f} to {high[1]:.2f})",
        f"{told.sum()}",
    ]


def bootstrap(values: np.ndarray, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """The 95 percent interval of the mean over articles, [measure] each."""
    from kgwb.embed.ranking.bootstrap import resample_means

    low, high = np.quantile(resample_means(values, samples=samples, seed=0), [0.025, 0.975], axis=0)
    return low, high


if __name__ == "__main__":
    main()
