"""A model's answers to questions, and which facts and mentions an answer depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd
import torch

from kgwb.bert import Bert, Injector
from kgwb.bert.doors.nearby_facts import list_named
from kgwb.bert.encoding import Encoding
from kgwb.bert.fact_ids import spell_fact
from kgwb.bert.model import share_weights
from kgwb.checks import expect_at_least, expect_kind
from kgwb.embed.precision import Precision
from kgwb.learn.questions import Questions
from kgwb.learn.tasks import EncodedQuestions, encode_questions
from kgwb.learn.teachers import BATCH, score_encoded
from kgwb.words import count_things


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
    expect_kind(bert, Bert, "A BERT", call="kgwb.learn.answer_questions(bert, questions)")
    expect_kind(questions, Questions, "A set of questions", call="kgwb.learn.answer_questions(bert, questions)")
    expect_at_least("batch", batch, 1, whole=True)
    return answer_encoded(bert, questions, encode_questions(bert, questions), batch=batch, precision=precision)


def answer_encoded(
    bert: Bert, questions: Questions, encoded: EncodedQuestions, *, batch: int = BATCH, precision: Precision
) -> pd.DataFrame:
    """What `answer_questions` gives, for questions that are word pieces already."""
    probabilities = score_encoded(bert, encoded, batch=batch, precision=precision).softmax(-1)  # [question, name]
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
        facts: how many facts the door reads for the question, tried or not.
        left_out: how many more it found, for which it has no room (its `most`).
    """

    frame: pd.DataFrame
    facts: int
    left_out: int = 0

    def __repr__(self) -> str:
        tried = int((self.frame["kind"] == "fact").sum())
        beyond = f"; {count_things(self.left_out, 'more fact')} did not fit" if self.left_out else ""
        counts = f"{count_things(self.facts, 'fact')} looked up, {tried:,} of them left out in turn{beyond}"
        return f"{counts}\n{self.frame.to_string()}"

    def _repr_html_(self) -> str:
        return self.frame.to_html()


def attribute_answer(model: Bert, questions: Questions, *, most: int = 64) -> AttributionReport:
    """What each fact and each mention adds to the right answer's probability, by leaving it out.

    change = P(answer) − P(answer without it). Facts are those that the door reads for the question, as many hops away
    as it looks; without a mention, the door no longer knows that the text names that entity. Changes do not add up:
    of two facts that state the same, each can be left out without a change.

    Args:
        model: an injected BERT.
        questions: exactly one: questions[:1].
        most: facts left out in turn, the nearest first; the others are not tried.

    Raises:
        TypeError: for what is no model, or no questions.
        ValueError: if not one question came, or BERT has no door.
    """
    expect_kind(model, Bert, "A BERT", call="attribute_answer(model, questions[:1])")
    expect_kind(questions, Questions, "A set of questions", call="attribute_answer(model, questions[:1])")
    if len(questions) != 1:
        raise ValueError(f"{len(questions)} questions came. Expected one; type attribute_answer(model, questions[:1]).")
    if model.injector is None:
        raise ValueError(
            f"{model.name!r} has no door. Type attribute_answer(kgwb.inject(bert, vectors), questions[:1])."
        )
    expect_at_least("most", most, 0, whole=True)
    model = share_weights(model, training=False)  # facts are taken out of it, which no other thread's reading may miss
    question, graph, door = questions[0], questions.graph, model.injector
    assert door is not None
    whole, _ = _answer_one(model, questions)
    rows = []
    facts, left_out = _find_facts(door, encode_questions(model, questions).encoding.to(model.device))
    for triple in facts[:most]:
        with door.without_facts([triple]):
            rows.append(("fact", spell_fact(graph, triple), *_answer_one(model, questions)))
    for number, mention in enumerate(question.mentions):
        others = tuple(other for i, other in enumerate(question.mentions) if i != number)
        without = replace(questions, items=(replace(question, mentions=others),))
        rows.append(("mention", question.text[mention.start : mention.end], *_answer_one(model, without)))
    table = pd.DataFrame(rows, columns=["kind", "what", "without", "given"])
    table.insert(2, "probability", whole)
    table.insert(4, "change", table["probability"] - table["without"])
    return AttributionReport(
        table.sort_values("change", ascending=False, kind="stable", ignore_index=True), len(facts), left_out
    )


@torch.no_grad()
def _answer_one(model: Bert, questions: Questions) -> tuple[float, str]:
    """The right answer's probability, and the answer given."""
    encoded = encode_questions(model, questions)
    probabilities = encoded.scores(model.in_mode(training=False), [0]).softmax(-1)[0]  # [name]
    return float(probabilities[encoded.answers[0]]), encoded.names[int(probabilities.argmax())]


def _find_facts(injector: Injector, encoding: Encoding) -> tuple[list[tuple[int, ...]], int]:
    """The facts that the doors read for one question, nearest first, and how many did not fit."""
    found: dict[tuple[int, ...], None] = {}
    left_out = 0
    for door in injector.doors:
        nearby, facts = door.look_up(encoding), door.facts.cpu()
        if nearby is not None:
            rows = nearby.facts[0].cpu()
            rows, left_out = rows[rows >= 0], max(left_out, int(nearby.left_out[0]))
        else:  # facts of the entities that the question names, in the order of the text
            named = [entity for entities in list_named(encoding, door.entities_at(encoding)) for entity in entities]
            ends = [((facts[:, 0] == entity) | (facts[:, 2] == entity)).nonzero()[:, 0] for entity in named]
            rows = torch.cat([torch.empty(0, dtype=torch.int64), *ends])
        found |= dict.fromkeys(tuple(map(int, fact)) for fact in facts[rows].tolist())
    return list(found), left_out
