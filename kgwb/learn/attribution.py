"""Which fact, and which mention, an answer hangs on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, Injector
from kgwb.learn.objectives import encode_questions
from kgwb.learn.questions import Question, Questions


def attribute_answer(model: Bert, questions: Questions, *, most: int = 64) -> pd.DataFrame:
    """What each fact and each mention adds to the right answer's probability, by leaving it out.

    change = P(answer) − P(answer without it). Facts are those that the door looks up for the entities which the
    question names; without a mention, the door no longer knows that the text names that entity. Effects do not add up:
    two facts that tell the same can each be left out for nothing.

    Args:
        model: an injected BERT.
        questions: exactly one: questions[:1].
        most: facts left out in turn, those of the entities named first; the rest is not looked at.

    Returns:
        One row per fact and mention, largest change first: `kind` ("fact" or "mention"), `what` in labels,
        `probability` with it, `without`, `change`, and `given`, the answer without it. `.attrs["facts"]` counts the
        facts that were there, looked at or not.

    Raises:
        ValueError: if not one question came, or BERT has no door.
    """
    if len(questions) != 1:
        raise ValueError(f"{len(questions)} questions came. Expected one: attribute_answer(model, questions[:1]).")
    if model.injector is None:
        raise ValueError(
            f"{model.name!r} has no door. Type attribute_answer(kgwb.inject(bert, vectors), questions[:1])."
        )
    question, graph, door = questions[0], questions.graph, model.injector
    whole, _ = _answer(model, questions)
    rows = []
    facts = _find_facts(door, question)
    for triple in facts[:most].tolist():
        with door.without_facts([triple]):
            head, relation, tail = triple
            told = f"{graph.labels[head]} | {graph.relation_labels[relation]} | {graph.labels[tail]}"
            rows.append(("fact", told, *_answer(model, questions)))
    for number, mention in enumerate(question.mentions):
        others = tuple(other for i, other in enumerate(question.mentions) if i != number)
        without = replace(questions, items=(replace(question, mentions=others),))
        rows.append(("mention", question.text[mention.start : mention.end], *_answer(model, without)))
    table = pd.DataFrame(rows, columns=["kind", "what", "without", "given"])
    table.insert(2, "probability", whole)
    table.insert(4, "change", table["probability"] - table["without"])
    table = table.sort_values("change", ascending=False, kind="stable", ignore_index=True)
    table.attrs["facts"] = len(facts)
    return table


@torch.no_grad()
def _answer(model: Bert, questions: Questions) -> tuple[float, str]:
    """The right answer's probability, and the answer given."""
    encoded = encode_questions(model, questions)
    was_training = model.training
    model.eval()
    chances = encoded.scores(model, [0]).softmax(-1)[0]
    model.train(was_training)
    return float(chances[encoded.answers[0]]), encoded.names[int(chances.argmax())]


def _find_facts(door: Injector, question: Question) -> np.ndarray:
    """The facts of the entities that a question names, as the door knows them, in the order of the text."""
    readers = [each for each in door.doors if each.reads_facts]
    if not readers:
        return np.empty((0, 3), dtype=np.int64)
    facts = door.facts.cpu().numpy()
    named = dict.fromkeys(int(readers[0].identity[mention.entity]) for mention in question.mentions)
    found = [np.flatnonzero((facts[:, 0] == entity) | (facts[:, 2] == entity)) for entity in named]
    rows = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
    return facts[np.array(list(dict.fromkeys(rows.tolist())), dtype=np.int64)]
