"""Answers to a shop's messages: facts found by a path and put into a sentence, or a refusal that says why; how often right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.bert import Bert, find_mentions
from kgwb.graph import KnowledgeGraph, Mention, verbalise
from kgwb.learn import trace_risk
from kgwb.learn.text_vectors import vectorise_texts
from kgwb.lessons.message_facts import FoundFacts, find_message_facts
from kgwb.lessons.messages import (
    OUTSIDE,
    WORDINGS,
    Messages,
    Vectors,
    Way,
    choose_rows,
    count_types,
    guess_held_out,
    guess_within,
    hide_slots,
    list_meant,
)
from kgwb.lessons.seeing_a_space import exchange_within

# What is given, why it was refused, and the facts of the answer.
_Answer = tuple[tuple[str, ...], str, tuple[tuple[str, str, str], ...]]

NOT_UNDERSTOOD, NO_NAME, NO_FACT, WHICH = "not understood", "no such name", "no such fact", "which one"
OUTCOMES = ["right", "wrong", "refused", "rightly refused"]
_SAID = {
    NOT_UNDERSTOOD: ("I do not know what is asked.", "我不明白您问的是什么。"),
    NO_NAME: ("I know no such name.", "我这里没有这个名称。"),
    NO_FACT: ("I do not know: the shop's graph does not say.", "我不知道：图谱里没有记录。"),
    WHICH: ("Which one do you mean: {}?", "您指的是哪一个：{}？"),
}
_NUMBERS = {
    "price": ("The price of the {} is {} yuan.", "{}的价格是{}元。"),
    "weight": ("The weight of the {} is {} grams.", "{}的重量是{}克。"),
    "stock": ("Of the {} there are {} in stock.", "{}的库存是{}件。"),
    "warranty": ("The warranty of the {} is {} months.", "{}的保修期是{}个月。"),
}
_NOT_LISTED = (
    "No: the list of what fits is complete, and {} with {} is not on it.",
    "不能：适配表是完整的，其中没有{}配{}。",
)
_SHOWN = 3  # facts of an answer; the others are counted


def answer_messages(
    messages: Messages,
    guessed: pd.DataFrame,
    *,
    identity: Int[np.ndarray, " entity"] | None = None,
    threshold: float = 0.0,
) -> pd.DataFrame:
    """What the graph answers to each message, or why it is refused.

    Args:
        messages: with their mentions.
        guessed: the columns intent and confidence, by the row of the message.
        identity: whose facts each entity is given; by default its own.
        threshold: below which confidence an intent counts as not understood.

    Returns:
        `guessed` with `given` (a tuple of names, or a number; empty where refused), `refusal` ("" where answered) and
        `facts` (of the answer).
    """
    rows: list[_Answer] = []
    for row, intent, confidence in zip(guessed.index, guessed["intent"], guessed["confidence"], strict=True):
        if intent == OUTSIDE or confidence < threshold:
            rows.append(((), NOT_UNDERSTOOD, ()))
        else:
            rows.append(_answer(messages.graph, messages.mentions[row], messages.paths[intent], identity))
    return guessed.assign(**dict(zip(("given", "refusal", "facts"), map(list, zip(*rows, strict=True)), strict=True)))


def _answer(
    graph: KnowledgeGraph, mentions: Sequence[Mention], path: str, identity: Int[np.ndarray, " entity"] | None
) -> _Answer:
    types, starts = graph.entities["type"], find_starts(graph, path)
    named = [list_meant(mention) for mention in mentions]
    fitting = [each for each in named if any(types[entity] in starts for entity in each)]
    if len(fitting) < (2 if path == "fits" else 1):
        return (), NO_NAME, ()
    own = [[entity if identity is None else int(identity[entity]) for entity in each] for each in fitting]
    if path == "fits":
        return _compare(graph, own[0][0], own[1][0])
    found = [_follow(graph, entity, path) for entity in own[0]]
    if len({each.ends for each in found}) > 1:
        return (), WHICH, ()
    return (found[0].ends, "", found[0].facts) if found[0].ends else ((), NO_FACT, ())


def _compare(graph: KnowledgeGraph, one: int, other: int) -> tuple[tuple[str], str, tuple[tuple[str, str, str], ...]]:
    """Whether one of two items fits the other; the list of what fits is complete, so what is not on it does not fit."""
    names = graph.entities["entity"]
    for head, tail in ((one, other), (other, one)):
        if names[tail] in _follow(graph, head, "fits").ends:
            return ("yes",), "", ((names[head], "fits", names[tail]),)
    return ("no",), "", ()


@lru_cache(maxsize=65536)
def _follow(graph: KnowledgeGraph, start: int, path: str) -> FoundFacts:
    return find_message_facts(graph, start, path)


@lru_cache(maxsize=1024)
def find_starts(graph: KnowledgeGraph, path: str) -> frozenset[str]:
    """The types of the entities at which a path begins somewhere in the graph."""
    types = graph.entities["type"].to_numpy(str)
    if path in graph.entities.columns:
        return frozenset(types[graph.entities[path].notna()].tolist())
    first = path.split("/")[0]
    facts = graph.triples[graph.triples[:, 1] == graph.relation_id(first.removeprefix("^"))]
    return frozenset(types[facts[:, 2 if first.startswith("^") else 0]].tolist())


def cut_facts(graph: KnowledgeGraph, facts: Sequence[tuple[str, str, str]]) -> KnowledgeGraph:
    """Some facts of a graph as a graph of their own, to be drawn."""
    table = pd.DataFrame(list(facts), columns=["head", "relation", "tail"])
    named = graph.entities["entity"].isin({*table["head"], *table["tail"]})
    used = graph.relations["relation"].isin(table["relation"])
    return KnowledgeGraph.from_pandas(table, graph.entities[named], relations=graph.relations[used], name="facts")


def exchange_entities(graph: KnowledgeGraph, *, seed: int = 0) -> Int[np.ndarray, " entity"]:
    """For each entity another of its type, whose facts it is given: the control of answers."""
    return exchange_within(graph.entities["type"].tolist(), seed=seed)


def copy_nearest(messages: Messages, vectors: Vectors) -> pd.DataFrame:
    """The answer of the most similar message of another wording, or its refusal: what is had without a graph.

    Args:
        messages: whose answers are known.
        vectors: of each message, of length one.

    Returns:
        As `answer_messages`; the confidence is the cosine.
    """
    frame, parts = messages.frame, []
    for exam in sorted(frame["exam"].unique()):
        train, test = choose_rows(messages, exam)
        cosines = vectors[test] @ vectors[train].T
        near = frame[train].iloc[cosines.argmax(axis=1)]
        silent = near["reason"] != ""
        given = [() if no else tuple(sorted(a.split("|"))) for a, no in zip(near["answers"], silent, strict=True)]
        columns = {"intent": near["intent"].tolist(), "confidence": cosines.max(axis=1), "exam": exam, "given": given}
        part = pd.DataFrame(columns, index=np.flatnonzero(test))
        parts.append(part.assign(refusal=np.where(silent, NO_FACT, ""), facts=[()] * len(part)))
    return pd.concat(parts).sort_index()


def judge_answers(messages: Messages, answered: pd.DataFrame) -> pd.Series:
    """Of each answer "right", "wrong", "refused" (though the graph holds it) or "rightly refused"."""
    frame, said = messages.frame.loc[answered.index], []
    for reason, answers, given, refusal in zip(
        frame["reason"], frame["answers"], answered["given"], answered["refusal"], strict=True
    ):
        if refusal:
            right = bool(reason) and (reason != "shared_name" or refusal == WHICH)
            said.append("rightly refused" if right else "refused")
        else:
            right = reason in ("", "shared_name") and set(given) == set(answers.split("|"))
            said.append("right" if right else "wrong")
    return pd.Series(said, index=answered.index)


def count_outcomes(messages: Messages, answered: pd.DataFrame) -> pd.Series:
    """Shares of all messages by outcome, and precision and recall of refusals."""
    outcome = judge_answers(messages, answered)
    shares = outcome.value_counts(normalize=True).reindex(OUTCOMES, fill_value=0.0)
    refused = answered["refusal"] != ""
    silent = (messages.frame.loc[answered.index, "reason"] != "") & (outcome != "right")
    rightly = (outcome == "rightly refused").sum()
    figures = {"precision": rightly / max(1, refused.sum()), "recall": rightly / max(1, silent.sum())}
    return pd.concat([shares, pd.Series(figures)])


def share_refused(messages: Messages, answered: pd.DataFrame) -> pd.Series:
    """The share refused of the messages whose fact is missing, and of those that the graph answers."""
    reason = messages.frame.loc[answered.index, "reason"].replace("", "(answerable)")
    shares = (answered["refusal"] != "").groupby(reason).mean()
    return shares.reindex(["no_fact", "(answerable)"])


def trace_answers(messages: Messages, answered: pd.DataFrame) -> pd.DataFrame:
    """Risk and coverage of answers by their confidence; what was refused anyway is never answered."""
    sure = answered["confidence"].where(answered["refusal"] == "", -np.inf)
    return trace_risk(sure.to_numpy(), (judge_answers(messages, answered) == "right").to_numpy())


def choose_confidence(curve: pd.DataFrame, risk: float) -> float:
    """The lowest threshold at which no more than this share of the answers is wrong; infinity where there is none."""
    good = curve.loc[curve["risk"] <= risk, "from"]
    return float(good.min()) if len(good) else float("inf")


def answer_within_risk(
    messages: Messages, way: Way, risk: float, *, wordings: int = WORDINGS - 1, exams: int = WORDINGS
) -> pd.DataFrame:
    """Answers to the messages of held-out wordings, each exam with a threshold chosen on the wordings it learns from.

    Args:
        messages: to learn from and to be asked.
        way: that tells intents apart.
        risk: the share of wrong answers that is allowed on the wordings to learn from, each held out in turn.
        wordings: of each intent, to learn from; two at least.
        exams: how many.

    Returns:
        As `answer_messages`, with the columns exam and threshold.
    """
    guessed, parts = guess_held_out(messages, way, wordings=wordings, exams=exams), []
    for exam, its in guessed.groupby("exam"):
        tried = answer_messages(messages, guess_within(messages, way, int(exam), wordings=wordings))
        threshold = choose_confidence(trace_answers(messages, tried), risk)
        parts.append(answer_messages(messages, its, threshold=threshold).assign(threshold=threshold))
    return pd.concat(parts).sort_index()


def serve_texts(messages: Messages, texts: Sequence[str], bert: Bert, *, threshold: float = 0.0) -> pd.DataFrame:
    """What is answered to new messages, with intents learnt from all that are known: BERT and the types of what is named.

    Args:
        messages: to learn from.
        texts: in the same language.
        bert: left as it is.
        threshold: below which confidence an intent counts as not understood.

    Returns:
        A row for each text: text, intent, confidence, answer (a sentence), facts.
    """
    columns = dict.fromkeys(messages.frame.columns, "")
    new = pd.DataFrame([columns | {"question": text, "exam": WORDINGS} for text in texts])
    found = find_mentions(list(texts), messages.graph, bert.tokenizer)
    frame = pd.concat([messages.frame, new], ignore_index=True)
    both = replace(messages, frame=frame, mentions=[*messages.mentions, *found])
    vectors = np.hstack([vectorise_texts(bert, hide_slots(both, "it")), count_types(both)])
    asked = (frame["exam"] == WORDINGS).to_numpy()
    guessed = Way(vectors).predict(frame["intent"].to_numpy(str), ~asked, asked)
    served = answer_messages(replace(both, frame=messages.frame), guessed, threshold=threshold)
    said = [say_answer(both, row, served.loc[row]) for row in served.index]
    told = served.assign(text=list(texts), answer=said)
    return told[["text", "intent", "confidence", "answer", "facts"]].reset_index(drop=True)


def say_answer(messages: Messages, row: int, answer: pd.Series) -> str:
    """An answer of `answer_messages` as sentences in the wordings of the graph, or the refusal in words."""
    graph, place = messages.graph, int(messages.language == "zh")
    names = graph.entities["label_zh" if place else "label"]
    if answer["refusal"] == WHICH:
        shared = next(each for each in map(list_meant, messages.mentions[row]) if len(each) > 1)
        listed = [f"{names[entity]} ({graph.entities['entity'][entity]})" for entity in shared]
        return _SAID[WHICH][place].format("、".join(listed) if place else " or ".join(listed))
    if answer["refusal"]:
        return _SAID[answer["refusal"]][place]
    if not answer["facts"]:
        return _NOT_LISTED[place].format(*(names[mention.entity] for mention in messages.mentions[row][:2]))
    said = [_say_fact(graph, fact, messages.language) for fact in answer["facts"][:_SHOWN]]
    left = len(answer["facts"]) - _SHOWN
    if left > 0:
        said.append(f"还有{left}条。" if place else f"And {left} more.")
    return ("" if place else " ").join(said)


def _say_fact(graph: KnowledgeGraph, fact: tuple[str, str, str], language: str) -> str:
    head, relation, tail = fact
    if relation not in _NUMBERS:
        return verbalise(graph, [fact], language=language)[0].text
    place = int(language == "zh")
    said = _NUMBERS[relation][place].format(
        graph.entities["label_zh" if place else "label"][graph.entity_id(head)], tail
    )
    after = _follow(graph, graph.entity_id(head), "replaced_by").facts if (relation, tail) == ("stock", "0") else ()
    return ("" if place else " ").join([said, *(_say_fact(graph, each, language) for each in after)])
