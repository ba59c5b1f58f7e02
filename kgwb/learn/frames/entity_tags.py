"""Where a sentence names entities, and of which type."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import chain, pairwise
from typing import Any, ClassVar

import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.task_head import Label, TaskHead
from kgwb.learn.frames.columns import read_list
from kgwb.learn.frames.frame_task import FrameTask
from kgwb.learn.frames.starting import fit_regression
from kgwb.learn.frames.texts import Examples, Span, count_pieces, find_pieces
from kgwb.words import count_things, quote_value

log = logging.getLogger(__name__)
_TAG = re.compile(r"O|[BI]-.+", re.DOTALL)


@dataclass(frozen=True, eq=False, repr=False)
class EntityTags(FrameTask):
    """Mark the entities of a sentence by a tag for each token: B-type where one begins, I-type where it goes on, O outside.

    logits of a token = W h / ‖h‖ + b, h the mean of its word pieces' hidden states (Devlin et al., 2019, take the first
    piece's). Predicting gives the most probable sequence in which I-type follows only B-type or I-type (Viterbi's); the
    probability of each tag is its own. W and b start at the logistic regression before tuning.

    A sentence with more word pieces than BERT has positions is read in windows of whole tokens that overlap by half; each
    token is judged in the window in whose middle it stands nearest. The log counts such sentences.

    Args:
        frame: a sentence in each row, as a list of tokens (of Chinese, of signs), with a list of tags.
        tokens: the column of tokens.
        tags: the column of tags.
        labels: the tags that may be answered; by default those of the frame, sorted.
        name: of the head in `model.heads`.

    Raises:
        TypeError: for what is no data frame.
        ValueError: for a frame without rows or the columns.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import predict
        >>> rows = [(["Ada", "Lane", "sings"], ["B-person", "I-person", "O"]), (["Rome", "sings"], ["B-place", "O"])]
        >>> frame = pd.DataFrame(rows, columns=["tokens", "tags"])
        >>> bert = load_bert()
        >>> _ = EntityTags(frame).prepare(bert)
        >>> predict(bert, frame)["given"].tolist()
        [['B-person', 'I-person', 'O'], ['B-place', 'O']]
    """

    kind: ClassVar[str] = "entity tags"
    inputs: ClassVar[tuple[str, ...]] = ("tokens",)
    answers: ClassVar[str] = "tags"

    frame: pd.DataFrame
    tokens: str = "tokens"
    tags: str = "tags"
    _: KW_ONLY
    labels: Sequence[Label] | None = None
    name: str = "entity_tags"

    @classmethod
    def read(cls, bert: Bert, frame: pd.DataFrame, settings: Mapping[str, Any]) -> Examples:
        """The pieces of each token, of windows where a sentence is long."""
        room = bert.longest - bert.tokenizer.num_special_tokens_to_add()
        texts, spans, rows, starts = [], [], [], []
        long = 0
        for row, tokens in enumerate(_read_tokens(frame, settings["tokens"])):
            counts = count_pieces(bert, tokens)
            # What the tokenizer drops, as signs that steer a terminal, is read as an unknown word.
            readable = [
                token if count else bert.tokenizer.unk_token for token, count in zip(tokens, counts, strict=True)
            ]
            windows = _place_windows([max(1, count) for count in counts], room, row)
            long += len(windows) > 1
            for (first, last), (begin, end) in windows:
                text, places = _join(readable[first:last])
                texts.append(text)
                spans.append(places[begin - first : end - first])
                rows.append(row)
                starts.append(begin)
        if long:
            log.warning("%s of more than %d word pieces, read in windows.", count_things(long, "sentence"), room)
        found = find_pieces(bert, texts, spans)
        units = tuple(tuple((stretch,) for stretch in stretches) for stretches in found)
        return Examples(encode_sentences(bert, texts), units, tuple(rows), tuple(starts))

    @classmethod
    def start(cls, head: TaskHead, states: Float[Tensor, "unit width"], targets: Tensor) -> None:
        """Set a new head to the logistic regression."""
        fit_regression(head, states, targets, cls.loss)

    @classmethod
    def read_answers(cls, frame: pd.DataFrame, settings: Mapping[str, Any]) -> list[Any]:
        """The tags of each row."""
        column, answers = settings[cls.answers], []
        tokens = _read_tokens(frame, settings["tokens"])
        for row, (value, words) in enumerate(zip(frame[column], tokens, strict=True)):
            tags = read_list(value, row, column, "tags")
            wrong = [tag for tag in tags if not isinstance(tag, str) or not _TAG.fullmatch(tag)]
            if wrong:
                raise ValueError(
                    f"Row {row} has the tag {quote_value(wrong[0])}. Expected O, or B- or I- with a type; for example: "
                    "['B-person', 'I-person', 'O']."
                )
            if len(tags) != len(words):
                raise ValueError(
                    f"Row {row} has {len(tags)} tags for {len(words)} tokens, which begin {quote_value(words[:5])}. Expected a "
                    "tag for each token; for example: ['B-person', 'O'] for ['Ada', 'sings']."
                )
            answers.append(tags)
        return answers

    @classmethod
    def encode(cls, labels: Sequence[Label], right: Sequence[Any], examples: Examples) -> list[Tensor]:
        """The numbers of the tags of each window's tokens."""
        places = {label: i for i, label in enumerate(labels)}
        return [
            torch.tensor([places[tag] for tag in right[row][start : start + len(units)]])
            for row, start, units in zip(examples.rows, examples.starts, examples.units, strict=True)
        ]

    @classmethod
    def answer(cls, labels: Sequence[Any], logits: Float[Tensor, "unit label"]) -> tuple[Any, Any]:
        """The most probable sequence of tags that follow one another."""
        chances = logits.log_softmax(-1)  # [token, tag]
        before = [_forbid(None, str(label), labels) for label in labels]
        after = torch.tensor([[_forbid(str(one), str(other), labels) for other in labels] for one in labels])
        score, steps = chances[0] + torch.tensor(before), []
        for chance in chances[1:]:
            score, came = (score[:, None] + after).max(0)
            steps.append(came)
            score = score + chance
        path = [int(score.argmax())]
        for came in reversed(steps):
            path.append(int(came[path[-1]]))
        path.reverse()
        probabilities = chances.exp()[torch.arange(len(path)), path]
        return [labels[i] for i in path], probabilities.tolist()

    @classmethod
    def split_answer(cls, answer: Any) -> tuple[list[Any], set[tuple[Label, Any]]]:
        """A decision for each token, and an item for each entity."""
        return answer, set(list_tagged(answer))

    @classmethod
    def list_labels(cls, right: Sequence[Any]) -> Iterable[Label]:
        """Every tag of every token."""
        return chain.from_iterable(right)


def _read_tokens(frame: pd.DataFrame, column: str) -> list[list[str]]:
    found = [read_list(value, row, column, "tokens") for row, value in enumerate(frame[column])]
    for row, tokens in enumerate(found):
        wrong = [token for token in tokens if not isinstance(token, str)]
        if wrong or not tokens:
            raise ValueError(
                f"Row {row} holds {quote_value(wrong[0]) if wrong else 'no token'} in the column {column!r}. Expected texts, "
                "one at least; for example: ['Ada', 'sings']."
            )
    return found


def _join(tokens: Sequence[str]) -> tuple[str, list[Span]]:
    """Tokens as one text, and where each stands in it."""
    spans, start = [], 0
    for token in tokens:
        spans.append((start, start + len(token)))
        start += len(token) + 1
    return " ".join(tokens), spans


def _place_windows(counts: Sequence[int], room: int, row: int) -> list[tuple[Span, Span]]:
    """Windows of tokens, each with those of its tokens that are judged in it: of each overlap, every window has half.

    Args:
        counts: of word pieces, for each token.
        room: the most word pieces of a window.
        row: for messages.
    """
    if max(counts) > room:
        token = next(i for i, count in enumerate(counts) if count > room)
        raise ValueError(
            f"Token {token} of row {row} has {counts[token]} word pieces alone; this BERT has room for {room}. Split it in "
            "two; for example: ['Ada', 'sings'] for ['Adasings']."
        )
    windows: list[Span] = []
    first = 0
    while not windows or windows[-1][1] < len(counts):
        last = _reach(counts, first, room)
        windows.append((first, last))
        back = last
        while back > first + 1 and sum(counts[back - 1 : last]) <= room // 2:
            back -= 1
        first = back
    borders = [0, *((one[1] + other[0]) // 2 for one, other in pairwise(windows)), len(counts)]
    return list(zip(windows, pairwise(borders), strict=True))


def _reach(counts: Sequence[int], first: int, room: int) -> int:
    """One past the last token of a window."""
    last = first
    while last < len(counts) and room >= counts[last]:
        room -= counts[last]
        last += 1
    return last


def _forbid(before: str | None, tag: str, labels: Sequence[Label]) -> float:
    """−inf where a tag cannot follow another, or begin a sentence; where its B- is no label, I- begins entities."""
    if not tag.startswith("I-") or f"B-{tag[2:]}" not in labels:
        return 0.0
    return 0.0 if before is not None and before[:2] in ("B-", "I-") and before[2:] == tag[2:] else float("-inf")


def list_tagged(tags: Sequence[str]) -> list[tuple[Label, Span]]:
    """The type of each entity, with its first token and one past its last; an I- after another type begins one."""
    found: list[tuple[Label, Span]] = []
    before = "O"
    for i, tag in enumerate(tags):
        if tag.startswith("I-") and before[2:] == tag[2:]:
            kind, (start, _) = found.pop()
            found.append((kind, (start, i + 1)))
        elif tag != "O":
            found.append((tag[2:], (i, i + 1)))
        before = tag
    return found
