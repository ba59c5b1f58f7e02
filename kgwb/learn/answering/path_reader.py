"""From a question in words to a path of the graph, by the likeness of texts."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.bert import Bert, find_mentions
from kgwb.checks import expect_each, expect_flags, expect_kind
from kgwb.graph import KnowledgeGraph, Mention, find_paths, follow_path
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.answering.path_wordings import hide_names, list_types, word_paths
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.packages import load_package
from kgwb.words import quote_value, tell_language

NO_PATH = ""
_CALL = "kgwb.learn.PathReader(graph, questions, bert=kgwb.load_bert())"


class PathReader:
    """Reads which path of a graph a question asks for: that of the most alike text it knows.

    score(path) = max cos(q, text) over the texts of the path: questions whose path is known, and the path in the wordings
    of its relations. q and the texts are BERT's mean hidden states, with the types of entities in the place of their
    names. Nothing is trained. Only paths count that lead anywhere from the entity that the question names.

    Args:
        graph: of the answers, and of the wordings.
        questions: whose path is known: a frame with the columns question and relation, a path such as
            "treated_by/side_effect"; an empty one is a question that no path answers.
        bert: that reads the texts.
        by_words: compare words counted (TF-IDF of words and of parts of words) in place of hidden states: a floor.
        wordings: know the graph's wordings of its paths too.

    Attributes:
        texts: what it knows: a frame with the columns path, text and source ("question" or "wording").

    Raises:
        TypeError: for what is no graph, no BERT, or no frame.
        ValueError: the frame lacks a column, or nothing is known at all.

    Example:
        >>> import kgwb
        >>> facts = pd.DataFrame([("Ada", "born_in", "Kupen"), ("Bo", "lives_in", "Kupen")],
        ...     columns=["head", "relation", "tail"])
        >>> asked = pd.DataFrame({"question": ["Where was Ada born?"], "relation": ["born_in"]})
        >>> reader = PathReader(kgwb.KnowledgeGraph.from_pandas(facts), asked, bert=kgwb.load_bert())
        >>> reader.answer(["Where does Bo live?"])[["head", "path", "answers"]].values.tolist()
        [['Bo', 'lives_in', ('Kupen',)]]
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        questions: pd.DataFrame,
        *,
        bert: Bert,
        by_words: bool = False,
        wordings: bool = True,
    ) -> None:
        expect_graph(graph, "kgwb.learn.PathReader({}, questions, bert=kgwb.load_bert())")
        _expect_asked(questions)
        expect_kind(bert, Bert, "A BERT", call=_CALL)
        expect_flags(by_words=by_words, wordings=wordings)
        self.graph, self.bert, self._by_words = graph, bert, by_words
        self._read_before: dict[str, np.ndarray] = {}
        self._there: dict[int, frozenset[str]] = {}
        self._told = word_paths(graph).assign(source="wording")
        self._learn(questions, wordings)

    def _learn(self, questions: pd.DataFrame, wordings: bool) -> None:
        asked = expect_each(questions["question"].tolist(), str, "A question", call=_CALL)
        paths = expect_each(questions["relation"].tolist(), str, "A path", call=_CALL)
        masked = [text for text, _ in self._hide(asked)]
        known = pd.DataFrame({"path": paths, "text": masked, "source": "question"})
        self.texts = pd.concat([known, self._told] if wordings else [known], ignore_index=True)
        if not len(self.texts):
            raise ValueError(f"Nothing is known to compare with: no questions and no wordings came. Type {_CALL}.")
        self._words = _count_words(self.texts["text"]) if self._by_words else None
        self._vectors = self._read(self.texts["text"].tolist())

    def know(self, questions: pd.DataFrame, *, wordings: bool = True) -> PathReader:
        """A reader of the same graph that knows other questions; what was read before is not read again.

        Args:
            questions: whose path is known: a frame with the columns question and relation.
            wordings: know the graph's wordings of its paths too.

        Raises:
            TypeError: for what is no frame.
            ValueError: the frame lacks a column, or nothing is known at all.
        """
        _expect_asked(questions)
        expect_flags(wordings=wordings)
        other = copy.copy(self)
        other._learn(questions, wordings)
        return other

    def __repr__(self) -> str:
        counts = self.texts["source"].value_counts()
        by = "words counted" if self._words else repr(self.bert.name)
        return (
            f"PathReader of {self.graph.name!r} by {by}: {counts.get('question', 0):,} questions and "
            f"{counts.get('wording', 0):,} wordings of {self.texts['path'].nunique():,} paths"
        )

    def answer(
        self, texts: Sequence[str], *, graph: KnowledgeGraph | None = None, anywhere: bool = False
    ) -> pd.DataFrame:
        """The path that each question asks for, and where it leads.

        Args:
            texts: the questions.
            graph: whose facts answer, with the same entities and relations; by default the reader's own.
            anywhere: take the most alike path even if it leads nowhere from the entity.

        Returns:
            A row for each entity that a question may mean, several where several have the name, one (with an empty head)
            where none is found: `question` (its number), `text`, `head`, `path`, `score` (the cosine), `alike` (the text it is
            most alike to), `trust`, `answers` (names, empty where the graph does not say). trust = score + min(0, score − the
            best cosine of any other text): it is low where nothing is alike, and where the question is more like one that
            has another path, or none; −1 where no path is left.

        Raises:
            TypeError: for what is no list of texts, or no graph.
            ValueError: the graph has other entities or relations.
        """
        asked = expect_each(texts, str, "A question", call="reader.answer(['Which drugs treat asthma?'])")
        facts = self.graph if graph is None else graph
        expect_graph(facts, "reader.answer(texts, graph={})")
        if not _are_alike(facts, self.graph):
            raise ValueError(
                f"The reader is of {self.graph.name!r}, and {facts.name!r} has other entities or relations. Expected the same "
                "with other facts; type reader.answer(texts), or make a reader of that graph."
            )
        expect_flags(anywhere=anywhere)
        hidden = self._hide(asked)
        alike = self._read([text for text, _ in hidden]) @ self._vectors.T if asked else np.empty((0, 0))
        paths, columns = _group(self.texts["path"].tolist())
        there: dict[int, frozenset[str]] = self._there if facts is self.graph else {}
        rows = []
        for number, (text, (_, mentions)) in enumerate(zip(asked, hidden, strict=True)):
            best = np.array([alike[number, of].max() for of in columns])  # [path]
            allowed = {
                each: set(paths) if anywhere else _list_there(facts, _candidates(each), there) for each in mentions
            }
            rows += self._choose(number, text, allowed, paths, columns, alike[number], best, facts)
        return pd.DataFrame(rows, columns=["question", "text", "head", "path", "score", "alike", "trust", "answers"])

    def _choose(
        self,
        number: int,
        text: str,
        allowed: dict[Mention, set[str]],
        paths: list[str],
        columns: list[np.ndarray],
        alike: np.ndarray,
        best: np.ndarray,
        facts: KnowledgeGraph,
    ) -> list[tuple[object, ...]]:
        """The rows of one question: its best path at its best mention, for each entity of that name."""
        choices = [
            (best[place], place, mention)
            for mention, its in allowed.items()
            for place, path in enumerate(paths)
            if path != NO_PATH and path in its
        ]
        if not choices:
            return [(number, text, "", NO_PATH, float("nan"), "", -1.0, ())]
        score, place, mention = max(choices, key=lambda choice: (choice[0], -choice[1]))
        nearest = self.texts["text"].iloc[columns[place][alike[columns[place]].argmax()]]
        trust = float(score + min(0.0, score - best.max()))
        names = facts.entities["entity"].tolist()
        rows: list[tuple[object, ...]] = []
        for entity in _candidates(mention):
            ends = follow_path(facts, entity, paths[place]).ends
            answers = tuple(names[end] for end in ends)
            rows.append((number, text, names[entity], paths[place], float(score), nearest, trust, answers))
        return rows

    def _hide(self, texts: Sequence[str]) -> list[tuple[str, list[Mention]]]:
        found = find_mentions(list(texts), self.graph, self.bert.tokenizer) if len(texts) else []
        types = list_types(self.graph)
        return [
            (hide_names(text, mentions, types, language=tell_language(text)), mentions)
            for text, mentions in zip(texts, found, strict=True)
        ]

    def _read(self, texts: Sequence[str]) -> Float[np.ndarray, "text width"]:
        """Each text as a vector of length one."""
        if self._words is not None:
            counted: np.ndarray = self._words.transform(texts).toarray()
            return counted / np.maximum(np.linalg.norm(counted, axis=1, keepdims=True), 1e-9)
        new = [text for text in dict.fromkeys(texts) if text not in self._read_before]
        if new:
            self._read_before |= dict(zip(new, vectorise_texts(self.bert, new), strict=True))
        return np.stack([self._read_before[text] for text in texts])


def _expect_asked(questions: object) -> None:
    expect_kind(questions, pd.DataFrame, "A frame", call=_CALL)
    lacking = [column for column in ("question", "relation") if column not in questions]  # type: ignore[operator]
    if lacking:
        raise ValueError(f"The questions lack the column {quote_value(lacking[0])}. Type {_CALL}.")


def _count_words(texts: pd.Series) -> Any:
    text = load_package("sklearn.feature_extraction.text", "Counting words", install="scikit-learn")
    pipeline = load_package("sklearn.pipeline", "Counting words", install="scikit-learn")
    words = text.TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"[a-zA-Z]+", sublinear_tf=True)
    parts = text.TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    return pipeline.make_union(words, parts).fit(texts)


def _are_alike(graph: KnowledgeGraph, other: KnowledgeGraph) -> bool:
    """Whether ids mean the same in both."""
    return graph.entities["entity"].equals(other.entities["entity"]) and graph.relations["relation"].equals(
        other.relations["relation"]
    )


def _group(labels: list[str]) -> tuple[list[str], list[np.ndarray]]:
    """Every label once, and where it stands."""
    paths = sorted(set(labels))
    column = np.array(labels, dtype=object)
    return paths, [np.flatnonzero(column == path) for path in paths]


def _candidates(mention: Mention) -> tuple[int, ...]:
    return mention.candidates or (mention.entity,)


def _list_there(graph: KnowledgeGraph, entities: tuple[int, ...], known: dict[int, frozenset[str]]) -> set[str]:
    """The paths that lead anywhere from one of some entities."""
    for entity in entities:
        if entity not in known:
            known[entity] = frozenset(find_paths(graph, entity)["path"])
    return set().union(*(known[entity] for entity in entities))
