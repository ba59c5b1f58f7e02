"""Questions that name the answers to choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import pandas as pd
import torch

from kgwb.axes import Tensor
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.doors.nearby_facts import FactIndex, sort_by_entity
from kgwb.bert.fact_ids import spell_fact
from kgwb.bert.injector import Injector
from kgwb.bert.linking import find_linked_mentions
from kgwb.bert.tokenizing import cut_names
from kgwb.graph import KnowledgeGraph, Mention, Sentence
from kgwb.learn.frames.choosing_task import ChoosingTask
from kgwb.learn.frames.columns import read_list, read_texts
from kgwb.learn.frames.texts import Examples, Span, find_pieces, fit_texts
from kgwb.learn.questions import MASK, shift_mention
from kgwb.words import quote, quote_value


@dataclass(frozen=True, eq=False, repr=False)
class MultipleChoice(ChoosingTask):
    """Answer questions that name their choices: each is read with the question and gets a number.

    P(choice) = softmax over the row's choices of w · [c / ‖c‖; m / ‖m‖]: the mean hidden states of the choice's word pieces,
    and of all (after Devlin et al., 2019, who read each ending of SWAG with its beginning). w starts at the logistic
    regression before tuning. A question with [MASK] is read with the choice in its place, because BERT and doors have learnt
    on statements; any other with the choice behind it: question [SEP] choice. Of a question that does not fit beside its
    longest choice the beginning is read, or what stands around [MASK], which the log says.

    Of a model with a door, names of its graph in question and choice are mentions, at which the door acts (a
    `kgwb.graph.Sentence` as the question brings its own), and predictions have a column `facts`: the facts that the door, or
    else its graph, holds between an entity named in the question and one named in the choice given. They say whether the
    graph states the answer, not what the head went by.

    Args:
        frame: a question, a list of choices and the right one in each row; how many there are may differ.
        text: the column of questions.
        choices: the column of lists of choices, texts.
        label: the column of right choices, spelt as in the list; it may be missing until the task is tuned on.
        name: of the head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import predict
        >>> rows = [("What is cold?", ["ice", "fire"], "ice"), ("[MASK] is hot.", ["Fire", "Ice", "Snow"], "Fire")]
        >>> frame = pd.DataFrame(rows, columns=["text", "choices", "label"])
        >>> bert = load_bert()
        >>> _ = MultipleChoice(frame).prepare(bert)
        >>> predict(bert, frame)["given"].tolist()
        ['ice', 'Fire']
    """

    kind: ClassVar[str] = "multiple choice"
    inputs: ClassVar[tuple[str, ...]] = ("text", "choices")
    stretches: ClassVar[int] = 2

    frame: pd.DataFrame
    text: str = "text"
    choices: str = "choices"
    label: str = "label"
    _: KW_ONLY
    name: str = "multiple_choice"

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """A text for each choice: the pieces of the choice, and of all of the text."""
        questions = read_texts(frame, settings["text"])
        offered = _read_choices(frame, settings["choices"])
        fitting, masks = _fit_questions(bert, questions, offered)
        rows = [row for row, choices in enumerate(offered) for _ in choices]
        joined = [
            _join(fitting[row], masks[row], choice, bert) for row, choices in enumerate(offered) for choice in choices
        ]
        texts, spans = [sentence for sentence, _ in joined], [span for _, span in joined]
        if bert.injector is not None:
            has_mentions = [isinstance(questions[row], Sentence) for row in rows]
            texts = _name_entities(bert, bert.injector.graph, texts, spans, has_mentions)
        encoding = encode_sentences(bert, texts)
        found = find_pieces(bert, [sentence.text for sentence in texts], [[span] for span in spans])
        ends = encoding.is_token.sum(1).tolist()
        units = tuple(((pieces, (0, end)),) for (pieces,), end in zip(found, ends, strict=True))
        starts = tuple(i for choices in offered for i in range(len(choices)))
        return Examples(encoding, units, tuple(rows), starts, offered=tuple(map(tuple, offered)))

    @classmethod
    def read_answers(cls, frame: pd.DataFrame, settings: Mapping[str, Any]) -> list[Any]:
        """The right choice of each row."""
        right = super().read_answers(frame, settings)
        for row, (one, choices) in enumerate(zip(right, _read_choices(frame, settings["choices"]), strict=True)):
            if one not in choices:
                raise ValueError(
                    f"Row {row} has the label {quote_value(one)} in the column {settings['label']!r}, which is not among its "
                    f"choices {quote_value(choices)}. Expected one of them, spelt alike; for example: {choices[0]!r}."
                )
        return right

    @classmethod
    def explain(cls, bert: Bert, examples: Examples, logits: Sequence[Tensor], given: Sequence[Any]) -> dict[str, Any]:
        """The facts between what the question names and what the given choice names, where the model has a graph."""
        if bert.injector is None:
            return {}
        graph, index = bert.injector.graph, _index_facts(bert.injector)
        facts = []
        for row, texts in enumerate(examples.groups):
            text = texts[examples.offered[row].index(given[row])]
            start, end = examples.units[text][0][0]
            asked, chosen = [], set()
            for mention in examples.encoding.mentions[text]:
                first, last = mention.pieces or (0, 0)
                if start <= first and last <= end:
                    chosen.add(mention.entity)
                else:
                    asked.append(mention.entity)
            sides = [side for entity in dict.fromkeys(asked) for side in index.of(entity) if side[2] in chosen]
            rows = dict.fromkeys(side[3] for side in sides)
            facts.append("; ".join(spell_fact(graph, index.facts[fact].tolist()) for fact in rows))
        return {"facts": facts}


def _read_choices(frame: pd.DataFrame, column: str) -> list[list[str]]:
    found = [read_list(value, row, column, "choices") for row, value in enumerate(frame[column])]
    for row, choices in enumerate(found):
        wrong = [choice for choice in choices if not isinstance(choice, str) or not choice.strip()]
        if wrong or len(choices) < 2:
            came = f"the choice {quote_value(wrong[0])}" if wrong else ["no choice", "a single choice"][len(choices)]
            raise ValueError(
                f"Row {row} holds {came} in the column {column!r}. Expected two texts at least; for example: "
                "['one', 'two', 'three']."
            )
        twice = [choice for choice, count in Counter(choices).items() if count > 1]
        if twice:
            raise ValueError(
                f"Row {row} holds the choice {quote(twice[0])} more than once in the column {column!r}. Expected each once; "
                f"type frame[{column!r}] = frame[{column!r}].map(lambda choices: list(dict.fromkeys(choices)))."
            )
    return found


def _fit_questions(
    bert: Bert, questions: Sequence[str | Sentence], offered: Sequence[Sequence[str]]
) -> tuple[list[Sentence], list[Span | None]]:
    """The questions as far as there is room beside the longest choice of each, and where [MASK] stands in them."""
    spans: list[list[Span]] = []
    taken = []
    for row, (question, choices) in enumerate(zip(questions, offered, strict=True)):
        text = question.text if isinstance(question, Sentence) else question
        if text.count(MASK) > 1:
            raise ValueError(
                f"Row {row} holds {text.count(MASK)} masks: {quote(text)}. Expected one {MASK} at most, in place of the choice."
            )
        spans.append([(text.index(MASK), text.index(MASK) + len(MASK))] if MASK in text else [])
        taken.append(_measure_choices(bert, choices, row) + (not spans[-1]))
    fitting, placed = fit_texts(bert, questions, spans, taken=taken)
    return fitting, [each[0] if each else None for each in placed]


def _measure_choices(bert: Bert, choices: Sequence[str], row: int) -> int:
    """How many word pieces the longest choice has; each differs from the others."""
    cut = cut_names(bert, choices)
    for i, (choice, pieces) in enumerate(zip(choices, cut, strict=True)):
        if pieces in cut[:i]:
            raise ValueError(
                f"The tokenizer of {bert.name!r} does not tell the choices {choices[cut.index(pieces)]!r} and {choice!r} of "
                f"row {row} apart: their word pieces are the same. Write one otherwise, or type another BERT, which "
                "knows their writing: kgwb.load_bert('bert-base-chinese')."
            )
    longest = max(map(len, cut))
    room = bert.longest - bert.tokenizer.num_special_tokens_to_add() - 2  # a separator, and a word of the question
    if longest > room:
        raise ValueError(
            f"A choice of row {row} has {longest} word pieces; this BERT has room for {room} beside a question. Shorten it: "
            f"{quote(choices[[*map(len, cut)].index(longest)])}."
        )
    return longest


def _join(question: Sentence, mask: Span | None, choice: str, bert: Bert) -> tuple[Sentence, Span]:
    """Question and choice as one text, and where the choice stands in it."""
    if mask is None:
        before, after = f"{question.text} {bert.tokenizer.sep_token} ", ""
    else:
        before, after = question.text[: mask[0]], question.text[mask[1] :]
    by = len(choice) - (0 if mask is None else mask[1] - mask[0])
    leading = [each for each in question.mentions if mask is None or each.end <= mask[0]]
    trailing = [shift_mention(each, by) for each in question.mentions if mask is not None and each.start >= mask[1]]
    return Sentence(before + choice + after, (*leading, *trailing)), (len(before), len(before) + len(choice))


def _name_entities(
    bert: Bert, graph: KnowledgeGraph, texts: Sequence[Sentence], spans: Sequence[Span], has_mentions: Sequence[bool]
) -> list[Sentence]:
    """The texts with mentions: found in question and choice, or in the choice alone, where the question has its own."""
    read = [
        sentence.text[slice(*span)] if has else sentence.text
        for sentence, span, has in zip(texts, spans, has_mentions, strict=True)
    ]
    named = []
    for sentence, (start, _), has, found in zip(
        texts, spans, has_mentions, find_linked_mentions(read, graph, bert), strict=True
    ):
        moved: Sequence[Mention] = [shift_mention(mention, start) for mention in found] if has else found
        both = [*sentence.mentions, *moved] if has else moved
        named.append(Sentence(sentence.text, tuple(sorted(both, key=lambda mention: mention.start))))
    return named


def _index_facts(injector: Injector) -> FactIndex:
    """The facts that a door of the model looks up, as they are now; else the graph's."""
    graph = injector.graph
    reads = any(door.reads_facts for door in injector.doors)
    facts = injector.facts.cpu() if reads else torch.from_numpy(graph.triples.copy())
    return sort_by_entity(facts, len(graph.entities), len(graph.relations))
