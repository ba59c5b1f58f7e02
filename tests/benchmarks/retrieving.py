"""Finding abstracts for a query by words, meaning, entities and facts, beside shuffled facts (Cranfield).

The graphs: "terms" are words and pairs of words that stand in several abstracts, a fact joins two that often stand in the same;
"WordNet" has the lemmas of WN18RR that the abstracts hold, and its relations between them. Weights of a sum are chosen
by nDCG@10 on four fifths of the queries and used on the last fifth; folds and shuffles differ by seed.

python tests/benchmarks/retrieving.py             three seeds
python tests/benchmarks/retrieving.py --trial     one seed, 300 abstracts; nothing is recorded
"""

from __future__ import annotations

import argparse
import logging
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from figures import begin, record
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

import kgwb
from kgwb.embed.ranking.bootstrap import bootstrap_intervals
from kgwb.learn import add_standardised, choose_weights, index_passages, score_rankings
from kgwb.lessons.seeing_a_space import shuffle_facts

COLUMNS, FOLDS = ["head", "relation", "tail"], 5
FEWEST, MOST, PARTNERS = 5, 0.1, 10  # abstracts with a term, the largest share of them, facts of each term
log = logging.getLogger("bench")


def main() -> None:
    """Measure every way, and write down what came."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trial", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="0 for as many as torch likes")
    asked = parser.parse_args()
    folder = begin("cranfield", "wn18rr", threads=asked.threads)
    if folder is None:
        return
    abstracts, queries, relevant = read_cranfield(folder / "cranfield")
    if asked.trial:
        asked.seeds, abstracts, relevant = 1, abstracts[:300], relevant[:, :300]
        queries, relevant = (
            [q for q, any_ in zip(queries, relevant.any(1), strict=True) if any_],
            relevant[relevant.any(1)],
        )
    began = time.process_time()
    graphs = {"terms": link_terms(abstracts), "WordNet": link_lemmas(folder / "wn18rr", abstracts)}
    for row in measure_ways(abstracts, queries, relevant, graphs, asked.seeds):
        log.info("%s", " | ".join(row))
        if not asked.trial:
            record("retrieving", {"row": row}, row)
    log.info("%.0f s of processor time", time.process_time() - began)


def read_cranfield(folder: Path) -> tuple[list[str], list[str], np.ndarray]:
    """Abstracts, queries, and whether an abstract was judged relevant, [query, abstract]; queries count by their place."""
    abstracts, queries = (
        [" ".join(part.split("\n.W\n", 1)[1].split()) for part in re.split(r"^\.I .*$", text, flags=re.MULTILINE)[1:]]
        for text in ((folder / name).read_text(encoding="latin-1") for name in ("cran.all.1400", "cran.qry"))
    )
    relevant = np.zeros((len(queries), len(abstracts)))
    for line in (folder / "cranqrel").read_text(encoding="utf-8").splitlines():
        query, abstract, code = map(int, line.split())
        relevant[query - 1, abstract - 1] = code >= 1
    return abstracts, queries, relevant


def link_terms(abstracts: Sequence[str]) -> kgwb.KnowledgeGraph:
    """Words and pairs of words; each is joined with those ten that stand in the same abstracts most, by normalised PMI."""
    pattern, stop = r"(?u)\b[a-z][a-z]+\b", sorted(ENGLISH_STOP_WORDS)
    counter = CountVectorizer(
        ngram_range=(1, 2), token_pattern=pattern, stop_words=stop, min_df=FEWEST, max_df=MOST, binary=True
    )
    held = counter.fit_transform(abstracts).astype(float)  # [abstract, term]
    terms, share = counter.get_feature_names_out(), np.asarray(held.mean(0)).ravel()
    together = (held.T @ held).tocoo()
    one, other, joint = together.row, together.col, together.data / len(abstracts)
    fits = np.log(joint / (share[one] * share[other])) / -np.log(joint)
    apart = [not {*terms[i].split()} & {*terms[j].split()} for i, j in zip(one, other, strict=True)]
    often = np.array(apart) & (together.data >= FEWEST)
    pairs = pd.DataFrame({"head": terms[one], "tail": terms[other], "fits": fits})[often]
    pairs = pairs.sort_values(["fits", "tail"], ascending=[False, True]).groupby("head").head(PARTNERS)
    pairs = pairs.assign(relation="stands with")[COLUMNS]
    return kgwb.KnowledgeGraph.from_pandas(pairs, pd.DataFrame({"entity": terms}), name="terms")


def link_lemmas(folder: Path, abstracts: Sequence[str]) -> kgwb.KnowledgeGraph:
    """The lemmas that abstracts hold; a fact joins two lemmas if it joins any of their senses."""
    told = pd.read_csv(folder / "entity2text.txt", sep="\t", header=None, names=["sense", "text"], dtype=str).dropna()
    lemma = dict(zip(told["sense"], told["text"].str.split(", ").str[0].str.replace("_", " ").str.lower(), strict=True))
    counter = CountVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", max_df=0.5).fit(abstracts)
    held = {*counter.get_feature_names_out()} - ENGLISH_STOP_WORDS
    parts = [
        pd.read_csv(folder / f"{part}.txt", sep="\t", header=None, names=COLUMNS, dtype=str)
        for part in ("train", "valid", "test")
    ]
    facts = pd.concat(parts)
    facts = facts.assign(head=facts["head"].map(lemma), tail=facts["tail"].map(lemma))
    facts = facts[
        facts["head"].isin(held) & facts["tail"].isin(held) & facts["head"].ne(facts["tail"])
    ].drop_duplicates()
    return kgwb.KnowledgeGraph.from_pandas(facts, name="WordNet")


def measure_ways(
    abstracts: list[str],
    queries: list[str],
    relevant: np.ndarray,
    graphs: Mapping[str, kgwb.KnowledgeGraph],
    seeds: int,
) -> Iterator[list[str]]:
    """A row for each way: nDCG@10 over seeds, and its gain over another with the interval of a bootstrap over queries."""
    for name, graph in graphs.items():
        log.info("%s: %r", name, graph)
    index = index_passages(abstracts, next(iter(graphs.values())), kgwb.load_bert())
    words, meaning = index.score_words(queries), index.score_meaning(queries)
    both = {"words": words, "meaning": meaning}
    found: dict[str, np.ndarray] = {"BM25": measure(words, relevant), "MiniLM": measure(meaning, relevant)}
    chance = [measure(np.random.default_rng(seed).random(words.shape), relevant) for seed in range(seeds)]
    found = {"chance": np.stack(chance), **{way: each[None] for way, each in found.items()}}  # [seed, query]
    found["sum, equal weights"] = measure(add_standardised(both), relevant)[None]
    found["sum"] = np.stack([measure_sum(both, relevant, seed) for seed in range(seeds)])
    against = {"BM25": "chance", "MiniLM": "BM25", "sum, equal weights": "MiniLM", "sum": "MiniLM"}
    for name, graph in graphs.items():
        linked = index_passages(abstracts, graph, kgwb.load_bert("tiny"))  # no name is ambiguous, so BERT reads nothing
        named, step = linked.score_entities(queries), linked.score_entities(queries, facts=graph)
        found[f"entities ({name})"], found[f"one step ({name})"] = (
            measure(each, relevant)[None] for each in (named, step)
        )
        entities, facts, shuffled = (
            f"sum + {what} ({name})" for what in ("entities", "entities + step", "entities + shuffled")
        )
        runs: dict[str, list[np.ndarray]] = {entities: [], facts: [], shuffled: []}
        for seed in range(seeds):
            drawn = linked.score_entities(queries, facts=shuffle_facts(graph, seed=seed))
            parts = both | {"entities": named}
            for way, more in ((entities, {}), (facts, {"step": step}), (shuffled, {"step": drawn})):
                runs[way].append(measure_sum(parts | more, relevant, seed))
        found |= {way: np.stack(each) for way, each in runs.items()}
        against |= {f"one step ({name})": f"entities ({name})", entities: "sum", facts: shuffled, shuffled: entities}
    for way, each in found.items():
        yield describe(way, each, against.get(way), found)


def measure(scores: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """The nDCG@10 of each query."""
    return score_rankings(scores, relevant)["nDCG"].to_numpy()


def measure_sum(scores: Mapping[str, np.ndarray], relevant: np.ndarray, seed: int) -> np.ndarray:
    """The nDCG@10 of each query by the weighted sum, with the weights that were best on the other folds."""
    fold = np.random.default_rng(seed).permutation(len(relevant)) % FOLDS
    summed = np.empty(relevant.shape)
    for number in range(FOLDS):
        here = fold == number
        weights = choose_weights({name: each[~here] for name, each in scores.items()}, relevant[~here])
        log.info("seed %d, fold %d: %s", seed, number, weights)
        summed[here] = add_standardised({name: each[here] for name, each in scores.items()}, weights)
    return measure(summed, relevant)


def describe(way: str, each: np.ndarray, other: str | None, found: Mapping[str, np.ndarray]) -> list[str]:
    """A row: the way, its nDCG over seeds, whom it is compared with, and the gain with its interval."""
    over_seeds = each.mean(1)
    spread = f" ± {over_seeds.std(ddof=1):.3f}" if len(over_seeds) > 1 else ""
    row = [way, f"**{over_seeds.mean():.3f}**{spread}"]
    if other is None:
        return [*row, "", ""]
    gap = each.mean(0) - found[other].mean(0)
    its = bootstrap_intervals(gap[:, None], ["gain"], level=0.95, samples=5000, seed=0).loc["gain"]
    return [*row, other, f"{its['value']:+.3f} ({its['low']:+.3f} to {its['high']:+.3f})"]


if __name__ == "__main__":
    main()
