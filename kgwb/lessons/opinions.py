"""For notebook 16: the reviews of the shop, whom they name, and ways to tell their topic and sentiment."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_union

from kgwb.bert import Bert, find_mentions, link_mentions
from kgwb.graph import KnowledgeGraph, roll_up
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.lessons.seeing_a_space import shuffle_facts

RELATIONS = ("made_by", "supplied_by", "in_category", "made_of")
KINDS = ("topic", "sentiment")
LABELLED_UNTIL, QUIET_UNTIL = "2025-04-01", "2025-07-01"  # labelled by hand; nothing is planted before
Features: TypeAlias = np.ndarray | sparse.csr_matrix


def read_reviews(folder: Path) -> pd.DataFrame:
    """The reviews of the shop, put together from their purchases and wordings, in order of time.

    Args:
        folder: `kgwb.sample("shop")`.

    Returns:
        Columns time, user, item, language, text; what was meant: topic, sentiment ("good" or "bad"); where the wording is
        from: cell (its language, topic and sentiment), wording (its number there) and held_out.
    """
    table = pd.read_csv(folder / "review_wordings.csv")
    words = table.assign(text=table["wordings"].str.split("|")).explode("text")
    words["wording"] = words.groupby(["language", "topic", "sentiment"]).cumcount()
    words["held_out"] = words["wording"] == words.groupby(["language", "topic", "sentiment"])["wording"].transform(
        "max"
    )
    words = words.drop(columns="wordings").reset_index(drop=True)
    rows = pd.read_csv(folder / "reviews.tsv", sep="\t").rename(columns={"wording": "number"})
    rows = rows.join(pd.read_csv(folder / "interactions.tsv", sep="\t", parse_dates=["time"]), on="purchase")
    rows = rows.join(words, on="number")
    names, openings = _list_names(folder), words.loc[rows["opening"], ["text", "sentiment"]].itertuples(index=False)
    asked = zip(openings, rows["item"], rows["language"], strict=True)
    begun = [text.format(name=names[kind, language][item]) for (text, kind), item, language in asked]
    rows = rows.assign(
        text=[start + rest for start, rest in zip(begun, rows["text"], strict=True)],
        time=rows["time"] + pd.to_timedelta(rows["days"], unit="D"),
        cell=rows["language"] + " " + rows["topic"] + " " + rows["sentiment"],
    )
    columns = ["time", "user", "item", "language", "text", "topic", "sentiment", "cell", "wording", "held_out"]
    return rows.sort_values(["time", "purchase"])[columns].reset_index(drop=True)


def _list_names(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """What an item is called in an opening of each kind and language."""
    entities = pd.read_csv(folder / "entities.tsv", sep="\t", dtype=str).set_index("entity")
    facts = pd.read_csv(folder / "triples.tsv", sep="\t")
    items = entities.index[entities["type"] == "item"]
    named: dict[tuple[str, str], dict[str, str]] = {}
    for language, column in (("en", "label"), ("zh", "label_zh")):
        named["label", language] = entities.loc[items, column].to_dict()
        named["number", language] = dict(zip(items, items, strict=True))
        for kind, relation in (("brand", "made_by"), ("category", "in_category")):
            told = facts[facts["relation"] == relation]
            named[kind, language] = dict(zip(told["head"], entities.loc[told["tail"], column], strict=True))
    return named


def read_events(folder: Path) -> pd.DataFrame:
    """What was planted: event, entity, topic, first, last, share; the campaign concerns no entity."""
    return pd.read_csv(folder / "events.tsv", sep="\t", parse_dates=["first", "last"]).set_index("event")


def link_reviews(reviews: pd.DataFrame, graph: KnowledgeGraph, bert: Bert) -> pd.Series:
    """The entity that each review names, by its name in the graph; empty where none is found.

    The first mention that `find_mentions` and `link_mentions` agree on; two items of one label are told apart by chance.
    """
    texts = reviews["text"].tolist()
    links = link_mentions(texts, find_mentions(texts, graph, bert.tokenizer), graph, threshold=0)
    names = graph.entities["entity"].to_numpy()
    found = [names[mentions[0].entity] if mentions else "" for mentions in links.mentions]
    return pd.Series(found, reviews.index, name="names")


def tell_facts(named: pd.Series, graph: KnowledgeGraph) -> np.ndarray:
    """What the graph knows of whom each review names: 1 for each entity that it counts for, [review, entity]."""
    pairs = roll_up(graph, RELATIONS)
    pairs = pairs[pairs["steps"] > 0]
    known = pd.crosstab(pairs["entity"], pairs["counts_for"])
    return known.reindex(named, fill_value=0).to_numpy(float)


def compare_readers(
    reviews: pd.DataFrame, named: pd.Series, graph: KnowledgeGraph, bert: Bert, *, seeds: int = 5
) -> pd.DataFrame:
    """How well topic and sentiment of wordings are told that no training text had.

    Args:
        reviews: as `read_reviews` gives them.
        named: the entity that each names.
        graph: whose facts are tried as features.
        bert: read as it is.
        seeds: in each another wording of every topic, sentiment and language is held back.

    Returns:
        A row for each seed, way and language: accuracy of "topic", "sentiment", "both", and n.
    """
    states, words = vectorise_texts(bert, reviews["text"].tolist()), _count_words(reviews["text"])
    both, rows = np.hstack([states, words.toarray()]), []
    for seed in range(seeds):
        tested = (reviews["wording"] == seed % reviews.groupby("cell")["wording"].transform("nunique")).to_numpy()
        facts = {name: tell_facts(named, told) for name, told in _shuffle(graph, seed).items()}
        features = {
            "majority": np.zeros((len(reviews), 1)),
            "TF-IDF": words,
            "MiniLM": states,
            "MiniLM and TF-IDF": both,
            "MiniLM and facts": np.hstack([states, facts["true"]]),
            "MiniLM and shuffled facts": np.hstack([states, facts["shuffled"]]),
        }
        for way, its in features.items():
            given = {kind: fit_reader(its[~tested], reviews.loc[~tested, kind], its[tested]) for kind in KINDS}
            right = pd.DataFrame({kind: given[kind] == reviews.loc[tested, kind].to_numpy() for kind in KINDS})
            right["both"] = right.all(axis=1)
            for language, its_rows in right.groupby(reviews.loc[tested, "language"].to_numpy()):
                rows.append({"seed": seed, "way": way, "language": language, **its_rows.mean(), "n": len(its_rows)})
    return pd.DataFrame(rows)


def _shuffle(graph: KnowledgeGraph, seed: int) -> dict[str, KnowledgeGraph]:
    return {"true": graph, "shuffled": shuffle_facts(graph, seed=seed)}


def _count_words(texts: pd.Series) -> sparse.csr_matrix:
    """TF-IDF of words (1 to 2) and characters (1 to 3), as floors go in these notebooks."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    return make_union(words, characters).fit_transform(texts).tocsr()


def fit_reader(features: Features, answers: pd.Series, asked: Features) -> np.ndarray:
    """What a logistic regression says of other texts (C = 30, as kgwb's heads start)."""
    return LogisticRegression(C=30, max_iter=2000).fit(features, answers).predict(asked)


def read_stream(reviews: pd.DataFrame, bert: Bert) -> pd.DataFrame:
    """Topic and sentiment as a model tells them that learnt from the first months, without the wordings held out.

    Returns:
        Columns topic, sentiment, one row for each review.
    """
    states = np.hstack([vectorise_texts(bert, reviews["text"].tolist()), _count_words(reviews["text"]).toarray()])
    learnt = ((reviews["time"] < LABELLED_UNTIL) & ~reviews["held_out"]).to_numpy()
    given = {kind: fit_reader(states[learnt], reviews.loc[learnt, kind], states) for kind in KINDS}
    return pd.DataFrame(given, index=reviews.index)
