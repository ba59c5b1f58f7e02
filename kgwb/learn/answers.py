"""A model's answers to questions, and which facts and mentions an answer depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Bert, Injector
from kgwb.checks import expect_kind
from kgwb.embed.precision import Precision, choose_precision
from kgwb.learn.questions import Question, Questions
from kgwb.learn.tasks import EncodedQuestions, encode_questions
from kgwb.words import count_things

BATCH = 128


def answer_questions(
    bert: Bert, questions: Questions, *, batch: int = BATCH, precision: Precision = "float32"
) -> pd.DataFrame:
    """A model's answer to each question.

    Args:
        bert: plain or injected.
        questions: with a closed set of candidates each.
        batch: questions at a time.
        precision: of the matmuls: "float32", "bfloat16", or "auto" for the faster one on this machine.

    Returns:
        One row per question: `question`, `relation`, `answer` (the right one), `given` (the model's), `probability`
        (of the right one among the candidates), `correct`, `distinct` (how many candidates the tokenizer tells apart),
        `indistinct` (whether the right one is among those that it does not).

    Raises:
        TypeError: for what is no model, or no questions.
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.answer_questions(bert, questions)")
    expect_kind(questions, Questions, "A set of questions", call="kgwb.answer_questions(bert, questions)")
    return answer_encoded(bert, questions, encode_questions(bert, questions), batch=batch, precision=precision)


@torch.no_grad()
def answer_encoded(
    bert: Bert, questions: Questions, encoded: EncodedQuestions, *, batch: int = BATCH, precision: Precision
) -> pd.DataFrame:
    """What `answer_questions` gives, for questions that are word pieces already."""
    was_training = bert.training
    bert.eval()
    blocks = [range(start, min(start + batch, len(questions))) for start in range(0, len(questions), batch)]
    dtype = choose_precision(precision, bert.device, work=batch * bert.model.num_parameters())
    with torch.autocast(bert.device.type, dtype, enabled=dtype != torch.float32):
        probabilities = torch.cat(
            [encoded.scores(bert, block).softmax(-1).cpu() for block in blocks]
        )  # [question, name]
    bert.train(was_training)
    best = probabilities.argmax(1)  # [question]
    right = probabilities.gather(1, encoded.answers[:, None])[:, 0]
    relations = questions.graph.relation_labels
    return pd.DataFrame(
        {
            "question": [question.text for question in questions],
            "relation": [relations[question.relation] for question in questions],
            "answer": [encoded.names[i] for i in encoded.answers.tolist()],
            "given": [encoded.names[i] for i in best.tolist()],
            "probability": right.numpy(),
            "correct": (best == encoded.answers).numpy(),
            "distinct": encoded.distinct.numpy(),
            "indistinct": encoded.indistinct.numpy(),
        }
    )


@dataclass(frozen=True, eq=False, repr=False)
class AttributionReport:
    """What an answer depends on.

    Attributes:
        frame: one row per fact and mention that was left out, largest change first: `kind` ("fact" or "mention"), `what`
            in labels, `probability` with it, `without`, `change`, and `given`, the answer without it.
        facts: how many facts the door looked up, left out or not.
    """

    frame: pd.DataFrame
    facts: int

    def __repr__(self) -> str:
        tried = int((self.frame["kind"] == "fact").sum())
        return f"{count_things(self.facts, 'fact')} looked up, {tried:,} of them left out in turn\n{self.frame.to_string()}"

    def _repr_html_(self) -> str:
        return self.frame.to_html()


def attribute_answer(model: Bert, questions: Questions, *, most: int = 64) -> AttributionReport:
    """What each fact and each mention adds to the right answer's probability, by leaving it out.

    change = P(answer) − P(answer without it). Facts are those that the door looks up for the entities which the
    question names; without a mention, the door no longer knows that the text names that entity. Changes do not add up:
    of two facts that state the same, each can be left out without a change.

    Args:
        model: an injected BERT.
        questions: exactly one: questions[:1].
        most: facts left out in turn, those of the entities named first; the others are not tried.

    Raises:
        TypeError: for what is no model, or no questions.
        ValueError: if not one question came, or BERT has no door.
    """
    expect_kind(model, Bert, "A BERT", call="attribute_answer(model, questions[:1])")
    expect_kind(questions, Questions, "A set of questions", call="attribute_answer(model, questions[:1])")
    if len(questions) != 1:
        raise ValueError(f"{len(questions)} questions came. Expected one: attribute_answer(model, questions[:1]).")
    if model.injector is None:
        raise ValueError(
            f"{model.name!r} has no door. Type attribute_answer(kgwb.inject(bert, vectors), questions[:1])."
        )
    question, graph, door = questions[0], questions.graph, model.injector
    whole, _ = _answer_one(model, questions)
    rows = []
    facts = _find_facts(door, question)
    for triple in facts[:most].tolist():
        with door.without_facts([triple]):
            head, relation, tail = triple
            label = f"{graph.labels[head]} | {graph.relation_labels[relation]} | {graph.labels[tail]}"
            rows.append(("fact", label, *_answer_one(model, questions)))
    for number, mention in enumerate(question.mentions):
        others = tuple(other for i, other in enumerate(question.mentions) if i != number)
        without = replace(questions, items=(replace(question, mentions=others),))
        rows.append(("mention", question.text[mention.start : mention.end], *_answer_one(model, without)))
    table = pd.DataFrame(rows, columns=["kind", "what", "without", "given"])
    table.insert(2, "probability", whole)
    table.insert(4, "change", table["probability"] - table["without"])
    return AttributionReport(table.sort_values("change", ascending=False, kind="stable", ignore_index=True), len(facts))


@torch.no_grad()
def _answer_one(model: Bert, questions: Questions) -> tuple[float, str]:
    """The right answer's probability, and the answer given."""
    encoded = encode_questions(model, questions)
    was_training = model.training
    model.eval()
    probabilities = encoded.scores(model, [0]).softmax(-1)[0]  # [name]
    model.train(was_training)
    return float(probabilities[encoded.answers[0]]), encoded.names[int(probabilities.argmax())]


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
