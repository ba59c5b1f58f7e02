"""A shop's messages: with the names found in them, and told apart by what they ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kgwb.axes import Float
from kgwb.bert import Bert, find_mentions
from kgwb.graph import KnowledgeGraph, Mention
from kgwb.learn import TextClasses, predict, tune
from kgwb.learn.text_vectors import vectorise_texts

OUTSIDE = "out_of_scope"
WORDINGS = 5  # of each intent; each is held out in turn
Vectors = Float[np.ndarray, "message dim"]


@dataclass(frozen=True, eq=False, repr=False)
class Messages:
    """Messages and the names in them.

    Attributes:
        frame: question, intent, entity, other, relation (the path that answers), answers, reason, and `exam`: the one, 0 to
            4, in which the message's wording is held out.
        mentions: of each message, by a graph's names.
        graph: whose names they are.
        language: of all of them.
    """

    frame: pd.DataFrame
    mentions: Sequence[Sequence[Mention]]
    graph: KnowledgeGraph
    language: str

    def __repr__(self) -> str:
        named = sum(map(bool, self.mentions))
        return f"Messages: {len(self.frame)} in {self.language!r}, {named} of them with a name that the graph has"

    @property
    def paths(self) -> dict[str, str]:
        """For each intent the path of relations that answers it, or the name of a number."""
        asked = self.frame[(self.frame["intent"] != OUTSIDE) & (self.frame["reason"] != "shared_name")]
        return dict(asked.groupby("intent")["relation"].first())


def read_messages(graph: KnowledgeGraph, bert: Bert, table: pd.DataFrame, language: str = "en") -> Messages:
    """The messages of one language, with the names that the graph has for its entities.

    Args:
        graph: the shop.
        bert: whose tokenizer says what a word is.
        table: `questions.tsv`.
        language: "en" or "zh".
    """
    frame = table[table["language"] == language].reset_index(drop=True)
    number = frame["wording"].astype(int)
    drawn = (number % 4).where(number % 4 < 3, WORDINGS - 1)  # out of scope: no wording comes twice
    frame["exam"] = number.where(frame["intent"] != OUTSIDE, drawn)
    return Messages(frame, find_mentions(frame["question"].tolist(), graph, bert.tokenizer), graph, language)


def count_linked(messages: Messages) -> pd.DataFrame:
    """By reason the messages, and the share in which exactly the names that are meant were found."""
    frame, names = messages.frame, messages.graph.entities["entity"]
    meant = [
        sorted(_sort_names(one) for one in (e, o) if one) for e, o in zip(frame["entity"], frame["other"], strict=True)
    ]
    found = [sorted(tuple(sorted(names[list(list_meant(m))])) for m in row) for row in messages.mentions]
    right = pd.Series([one == other for one, other in zip(meant, found, strict=True)])
    return right.groupby(frame["reason"].replace("", "answerable"), sort=False).agg(messages="size", linked="mean")


def _sort_names(cell: str) -> tuple[str, ...]:
    return tuple(sorted(cell.split("|")))


def list_meant(mention: Mention) -> tuple[int, ...]:
    """The entities that a name may mean."""
    return tuple(mention.candidates) or (mention.entity,)


def hide_slots(messages: Messages, word: str) -> list[str]:
    """The messages with one word in place of every name that was found."""
    hidden = []
    for text, row in zip(messages.frame["question"], messages.mentions, strict=True):
        for mention in sorted(row, key=lambda each: -each.start):
            text = text[: mention.start] + word + text[mention.end :]
        hidden.append(text)
    return hidden


def misspell_names(messages: Messages, bert: Bert, *, seed: int = 0) -> Messages:
    """The same messages with one character of each name missing, but not its first, and the names found anew."""
    draw, texts = np.random.default_rng(seed), []
    for text, row in zip(messages.frame["question"], messages.mentions, strict=True):
        for mention in sorted(row, key=lambda each: -each.start):
            place = int(draw.integers(mention.start + 1, mention.end))
            text = text[:place] + text[place + 1 :]
        texts.append(text)
    found = find_mentions(texts, messages.graph, bert.tokenizer)
    return replace(messages, frame=messages.frame.assign(question=texts), mentions=found)


def count_types(messages: Messages, *, shuffled: int | None = None) -> Vectors:
    """Of each message how many entities of each type it names, whether it names none, and whether several.

    Args:
        messages: with their mentions.
        shuffled: a seed, by which the types are shuffled over all entities: the control.
    """
    types = messages.graph.entities["type"].to_numpy(str)
    if shuffled is not None:
        types = np.random.default_rng(shuffled).permutation(types)
    kinds = {kind: place for place, kind in enumerate(np.unique(types))}
    counts = np.zeros((len(messages.mentions), len(kinds) + 2))
    for row, mentions in enumerate(messages.mentions):
        for mention in mentions:
            counts[row, kinds[types[mention.entity]]] += 1
        counts[row, -2:] = len(mentions) == 0, len(mentions) > 1
    return counts


@dataclass(frozen=True, eq=False)
class Way:
    """What a way to tell intents apart sees of each message.

    Attributes:
        vectors: numbers, [message, dim], or what is drawn anew for each exam, [exam, message, dim]; or None.
        texts: to be counted in pieces of one to three characters; or None.
    """

    vectors: np.ndarray | None = None
    texts: Sequence[str] | None = None

    def predict(self, intents: np.ndarray, train: np.ndarray, test: np.ndarray, exam: int = 0) -> pd.DataFrame:
        """Intent and confidence (its probability) of the test rows, by a logistic regression on the train rows.

        C = 30, as of the heads that kgwb puts on BERT; it was not chosen on these messages.
        """
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        seen, asked = [], []
        if self.vectors is not None:
            vectors = self.vectors if self.vectors.ndim == 2 else self.vectors[exam]
            seen, asked = [vectors[train]], [vectors[test]]
        if self.texts is not None:
            counted, texts = TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), np.array(self.texts, dtype=object)
            seen.append(counted.fit_transform(texts[train]))
            asked.append(counted.transform(texts[test]))
        model = LogisticRegression(C=30, max_iter=2000).fit(_join(seen), intents[train])
        chances = model.predict_proba(_join(asked))
        best, rows = model.classes_[chances.argmax(axis=1)], np.flatnonzero(test)
        return pd.DataFrame({"intent": best, "confidence": chances.max(axis=1)}, index=rows)


def _join(parts: Sequence[Any]) -> Any:
    """Numbers and counts side by side; counts are mostly zeros, so they stay sparse."""
    from scipy.sparse import hstack, issparse

    return hstack(parts, format="csr") if any(map(issparse, parts)) else np.hstack(parts)


def make_ways(messages: Messages, bert: Bert | None = None, *, word: str = "it") -> dict[str, Way]:
    """The ways to tell intents apart, by name: without the graph, with its names, with its types, with shuffled types.

    Args:
        messages: with their mentions.
        bert: left as it is; none for characters alone.
        word: in place of names, where they are hidden.
    """
    plain, hidden = messages.frame["question"].tolist(), hide_slots(messages, word)
    types = count_types(messages)
    shuffled = np.stack([count_types(messages, shuffled=exam) for exam in range(WORDINGS)])  # [exam, message, type]
    ways = {"characters": Way(texts=plain), "characters, types": Way(types, hidden)}
    ways["characters, shuffled types"] = Way(shuffled, hidden)
    if bert is not None:
        before, after = vectorise_texts(bert, plain), vectorise_texts(bert, hidden)
        ways |= {"BERT": Way(before), "BERT, names hidden": Way(after)}
        ways["BERT, types"] = Way(np.hstack([after, types]))
        ways["BERT, shuffled types"] = Way(np.stack([np.hstack([after, each]) for each in shuffled]))
    return ways


def choose_rows(messages: Messages, exam: int, wordings: int = WORDINGS - 1) -> tuple[np.ndarray, np.ndarray]:
    """The messages to learn from, of so many wordings drawn by the exam, and those whose wording the exam holds out."""
    placed = messages.frame["exam"].to_numpy()
    return np.isin(placed, _draw_wordings(exam, wordings)), placed == exam


def _draw_wordings(exam: int, count: int) -> list[int]:
    others = [other for other in range(WORDINGS) if other != exam]
    return np.random.default_rng(exam).permutation(others)[:count].tolist()


def compare_intents(
    messages: Messages, ways: Mapping[str, Way], *, wordings: Iterable[int] = (1, 2, 4), exams: int = WORDINGS
) -> pd.DataFrame:
    """A row for each way, number of wordings and exam: the share of right intents, and that of the majority.

    Args:
        messages: to learn from and to be asked.
        ways: as `make_ways` gives them.
        wordings: of each intent, to learn from.
        exams: how many of the five wordings are held out, in turn.
    """
    intents, rows, numbers = messages.frame["intent"].to_numpy(str), [], list(wordings)
    for exam in range(exams):
        for count in numbers:
            train, test = choose_rows(messages, exam, count)
            names, often = np.unique(intents[train], return_counts=True)
            right = {"majority": intents[test] == names[often.argmax()]}
            for name, way in ways.items():
                right[name] = way.predict(intents, train, test, exam)["intent"].to_numpy() == intents[test]
            rows += [{"way": n, "wordings": count, "exam": exam, "right": r.mean()} for n, r in right.items()]
    return pd.DataFrame(rows)


def score_tuned(messages: Messages, load: Callable[[], Bert], *, exams: int = WORDINGS, **options: Any) -> pd.DataFrame:
    """The same for a BERT that is tuned on the messages of four wordings; options are those of `tune`."""
    frame, rows = messages.frame.rename(columns={"question": "text", "intent": "label"}), []
    for exam in range(exams):
        train, test = choose_rows(messages, exam)
        bert, task = load(), TextClasses(frame[train])
        for _ in tune(bert, task, seed=exam, **options):
            pass
        task.fit_head(bert)
        right = predict(bert, frame[test])["given"].to_numpy() == frame.loc[test, "label"].to_numpy()
        rows.append({"way": "BERT tuned", "wordings": WORDINGS - 1, "exam": exam, "right": right.mean()})
    return pd.DataFrame(rows)


def guess_held_out(
    messages: Messages, way: Way, *, wordings: int = WORDINGS - 1, exams: int = WORDINGS
) -> pd.DataFrame:
    """The intent of every message whose wording is held out, learnt from others: columns intent, confidence, exam."""
    intents, parts = messages.frame["intent"].to_numpy(str), []
    for exam in range(exams):
        parts.append(way.predict(intents, *choose_rows(messages, exam, wordings), exam).assign(exam=exam))
    return pd.concat(parts).sort_index()


def guess_within(messages: Messages, way: Way, exam: int, *, wordings: int = WORDINGS - 1) -> pd.DataFrame:
    """The intent of every message that an exam may learn from, learnt from its wordings but the message's own."""
    intents, placed, parts = messages.frame["intent"].to_numpy(str), messages.frame["exam"].to_numpy(), []
    drawn = _draw_wordings(exam, wordings)
    for inner in drawn:
        train = np.isin(placed, [other for other in drawn if other != inner])
        parts.append(way.predict(intents, train, placed == inner, exam))
    return pd.concat(parts).sort_index()
