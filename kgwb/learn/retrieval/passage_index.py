"""Passages as words, as vectors and as entities, and how well each fits a query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.bert import Bert
from kgwb.bert.linking import find_linked_mentions
from kgwb.checks import expect_each, expect_kind, expect_place
from kgwb.graph import KnowledgeGraph
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.retrieval.bm25 import score_bm25, weigh_terms
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.packages import load_package
from kgwb.words import count_things

_INDEX = "kgwb.learn.index_passages(['Paris is in France.'], graph, kgwb.load_bert())"
_WORD = r"(?u)\b\w+\b"


@dataclass(frozen=True, eq=False, repr=False)
class PassageIndex:
    """Passages, read once.

    Attributes:
        passages: the texts.
        graph: whose entities they may name.
        bert: reads passages and queries.
        counter: scikit-learn's `CountVectorizer`, with the words of the passages.
        words: how often each passage holds each word, [passage, word].
        vectors: each passage as a vector of length one, [passage, width].
        entities: how often each passage names each entity, [passage, entity].
    """

    passages: tuple[str, ...]
    graph: KnowledgeGraph
    bert: Bert
    counter: Any
    words: Float[np.ndarray, "passage word"]
    vectors: Float[np.ndarray, "passage width"]
    entities: Float[np.ndarray, "passage entity"]

    def score_words(self, queries: Sequence[str]) -> Float[np.ndarray, "query passage"]:
        """BM25 over words in lower case: how well each passage fits each query, [query, passage].

        Raises:
            TypeError: for what is no list of texts.
        """
        texts = _list_queries(queries, "score_words")
        return score_bm25(self.counter.transform(texts).toarray().astype(float), self.words)

    def score_meaning(self, queries: Sequence[str]) -> Float[np.ndarray, "query passage"]:
        """The cosine of query and passage, each the mean of BERT's last hidden states, [query, passage].

        Raises:
            TypeError: for what is no list of texts.
        """
        return vectorise_texts(self.bert, _list_queries(queries, "score_meaning")) @ self.vectors.T

    def score_entities(
        self, queries: Sequence[str], *, facts: KnowledgeGraph | None = None
    ) -> Float[np.ndarray, "query passage"]:
        """BM25 over entities in place of words, whatever name they go by, [query, passage].

        With `facts` a query holds the neighbours of its entities too: those one fact away, in either direction. Each neighbour
        of an entity with n neighbours counts 1 / √n, so that an entity with many does not outweigh one with few.

        Args:
            queries: the texts.
            facts: a graph of the same entities, whose facts are walked; by default none.

        Raises:
            TypeError: for what is no list of texts, or no graph.
            ValueError: the facts are of other entities.
        """
        texts = _list_queries(queries, "score_entities")
        named = _name_entities(texts, self.graph, self.bert)
        if facts is not None:
            met = np.flatnonzero(named.any(axis=0))  # [met]
            named = named + np.minimum(named[:, met], 1) @ self._weigh_steps(facts, met)
        return score_bm25(named, self.entities)

    def explain(self, query: str, passage: int, *, facts: KnowledgeGraph | None = None) -> pd.DataFrame:
        """What a passage's score by entities is made of; the parts add up to it.

        Args:
            query: a text.
            passage: its number.
            facts: as in `score_entities`.

        Returns:
            Columns named (label of the query's entity), fact (None where the passage names that entity itself), found (label
            of the passage's entity) and part, the largest first. Of several facts that join the two the first is given.

        Raises:
            TypeError: for what is no text, no number or no graph.
            IndexError: there is no such passage.
            ValueError: the facts are of other entities.
        """
        expect_kind(query, str, "A text", call="index.explain('heart attack', 0)")
        expect_place("passage", passage, len(self.passages))
        [named] = _name_entities([query], self.graph, self.bert)
        met, labels = np.flatnonzero(named), self.graph.labels
        weight = weigh_terms(self.entities)[passage]  # [entity]
        rows: list[tuple[str, str | None, str, float]]
        rows = [(labels[e], None, labels[e], named[e] * weight[e]) for e in met.tolist() if weight[e]]
        if facts is not None:
            for e, step in zip(met.tolist(), self._weigh_steps(facts, met) * weight, strict=True):
                for other in np.flatnonzero(step).tolist():
                    rows.append((labels[e], _spell_fact(facts, e, other), labels[other], step[other]))
        table = pd.DataFrame(rows, columns=["named", "fact", "found", "part"])
        return table.sort_values("part", ascending=False, kind="stable", ignore_index=True)

    def _weigh_steps(self, facts: KnowledgeGraph, met: Int[np.ndarray, " met"]) -> Float[np.ndarray, "met neighbour"]:
        """What each of some entities gives to each of its neighbours."""
        expect_graph(facts, "index.score_entities(queries, facts={})")
        if list(facts.entities["entity"]) != list(self.graph.entities["entity"]):
            raise ValueError(
                f"The facts are of {facts.name!r}, the passages of {self.graph.name!r}, and their entities differ. Give "
                "all of them: type KnowledgeGraph.from_pandas(facts, graph.entities)."
            )
        row = np.full(len(facts.entities), -1)
        row[met] = np.arange(len(met))
        near = np.zeros((len(met), len(facts.entities)))
        for one, other in (facts.triples[:, [0, 2]].T, facts.triples[:, [2, 0]].T):
            near[row[one[row[one] >= 0]], other[row[one] >= 0]] = 1
        near[np.arange(len(met)), met] = 0
        return near / np.sqrt(near.sum(axis=1, keepdims=True)).clip(1)

    def __repr__(self) -> str:
        words, named = self.words.shape[1], int((self.entities > 0).any(axis=0).sum())
        counts = f"{count_things(len(self.passages), 'passage')}, {count_things(words, 'word')}"
        return (
            f"PassageIndex: {counts}, {named:,} of {len(self.graph.entities):,} entities of {self.graph.name!r} named"
        )


def index_passages(passages: Sequence[str], graph: KnowledgeGraph, bert: Bert) -> PassageIndex:
    """Read passages once, so that queries can be put to them: by words, by meaning, and by the entities they name.

    Entities are found by `find_mentions`; of several with one name the one is taken that `link_mentions` prefers. What is
    longer than BERT's position table is cut at the end for the vector, and the log counts it.

    Args:
        passages: the texts.
        graph: whose entities they may name.
        bert: for the vectors, and for ambiguous names.

    Raises:
        TypeError: for what are no texts, no graph or no BERT.
        ValueError: no passage came, or none holds a word.
        ImportError: scikit-learn is not installed; gives the line that installs it.

    Example:
        >>> from kgwb import load_bert
        >>> facts = pd.DataFrame({"head": ["Ada"], "relation": ["sails on"], "tail": ["Heron"]})
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> index = index_passages(["The Heron lies in Ket.", "Rain in Sol."], graph, load_bert())
        >>> index.score_entities(["Where is Ada?"]).tolist()
        [[0.0, 0.0]]
        >>> index.score_entities(["Where is Ada?"], facts=graph).round(2).tolist()
        [[0.49, 0.0]]
    """
    texts = expect_each(passages, str, "A text", call=_INDEX)
    expect_graph(graph, "index_passages(passages, {}, bert)")
    expect_kind(bert, Bert, "A BERT", call=_INDEX)
    if not texts:
        raise ValueError(f"No passage came. Expected one at least; type {_INDEX}.")
    text_features = load_package("sklearn.feature_extraction.text", "Counting words", install="scikit-learn")
    counter = text_features.CountVectorizer(token_pattern=_WORD)
    try:
        words = counter.fit_transform(texts).toarray().astype(float)
    except ValueError:
        raise ValueError(f"No passage holds a word. Expected one at least; type {_INDEX}.") from None
    entities = _name_entities(texts, graph, bert)
    return PassageIndex(tuple(texts), graph, bert, counter, words, vectorise_texts(bert, texts), entities)


def _name_entities(texts: Sequence[str], graph: KnowledgeGraph, bert: Bert) -> Float[np.ndarray, "text entity"]:
    """How often each text names each entity."""
    counts = np.zeros((len(texts), len(graph.entities)))
    for row, mentions in enumerate(find_linked_mentions(texts, graph, bert)):
        np.add.at(counts[row], [mention.entity for mention in mentions], 1)
    return counts


def _spell_fact(facts: KnowledgeGraph, one: int, other: int) -> str:
    joined = [sorted((one, other)) == sorted((head, tail)) for head, _, tail in facts.triples.tolist()]
    head, relation, tail = facts.triples[joined.index(True)].tolist()
    return f"{facts.labels[head]} {facts.relation_labels[relation]} {facts.labels[tail]}"


def _list_queries(queries: object, method: str) -> list[str]:
    return expect_each(queries, str, "A text", call=f"index.{method}(['heart attack'])")
