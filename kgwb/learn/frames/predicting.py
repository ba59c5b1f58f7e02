"""What a model's heads answer for the rows of a data frame, and how well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from kgwb.bert import Bert
from kgwb.bert.task_head import TaskHead
from kgwb.checks import expect_at_least, expect_each, expect_kind
from kgwb.learn.frames.cloze_classes import ClozeClasses
from kgwb.learn.frames.columns import expect_frame
from kgwb.learn.frames.entity_links import EntityLinks
from kgwb.learn.frames.entity_tags import EntityTags
from kgwb.learn.frames.entity_types import EntityTypes
from kgwb.learn.frames.frame_task import FrameTask, log
from kgwb.learn.frames.multiple_choice import MultipleChoice
from kgwb.learn.frames.relation_classes import RelationClasses
from kgwb.learn.frames.states import BATCH, sweep_units
from kgwb.learn.frames.text_classes import TextClasses
from kgwb.learn.frames.texts import Examples
from kgwb.words import count_things, quote_value

_CALL = "kgwb.learn.predict(model, pd.DataFrame({'text': ['It rains.']}))"
_TASKS: tuple[type[FrameTask], ...] = (
    TextClasses,
    ClozeClasses,
    EntityTags,
    RelationClasses,
    EntityTypes,
    MultipleChoice,
    EntityLinks,
)


def predict(
    model: Bert,
    frame: pd.DataFrame,
    *,
    head: str | None = None,
    batch: int = BATCH,
    tasks: Sequence[type[FrameTask]] = (),
) -> pd.DataFrame:
    """What a head of the model answers for each row of a data frame.

    Args:
        model: tuned on a task with a head, or loaded from where such a model was saved.
        frame: with the columns that the task read, but for what was right, which may be missing.
        head: its name in `model.heads`; needed where there are several.
        batch: texts at a time.
        tasks: the classes of tasks of your own, where the head is of one.

    Returns:
        One row per row, under the same index: `given`, the answer (a label; of tags and of types a list), and
        `probability`, of that answer (of tags and types, of each in the list); what else a task says stands in its own help.

    Raises:
        TypeError: for what is no model, or no data frame.
        ValueError: if the model has no such head, or the frame lacks rows or columns.

    Example:
        >>> from kgwb import load_bert
        >>> bert = load_bert()
        >>> frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
        >>> _ = TextClasses(frame).prepare(bert)
        >>> predict(bert, frame)["given"].tolist()
        ['weather', 'sport']
    """
    scored = score_rows(model, frame, head=head, batch=batch, tasks=tasks)
    answers = [scored.task.answer(labels, of_row) for labels, of_row in zip(scored.offered, scored.logits, strict=True)]
    given = [one for one, _ in answers]
    # Among texts pandas would make of None, which an answer may be, a number.
    whole = pd.Series(given, dtype=object, index=frame.index) if None in given else given
    columns = {"given": whole, "probability": [probability for _, probability in answers]}
    beside = scored.task.explain(model, scored.examples, scored.logits, given)
    return pd.DataFrame(columns | beside, index=frame.index)


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """What a head makes of the rows of a data frame.

    Attributes:
        head: which head.
        task: the class of its task.
        examples: the rows as word pieces.
        offered: of each row, what may be answered.
        logits: of each row, those of its units, on the CPU.
    """

    head: TaskHead
    task: type[FrameTask]
    examples: Examples
    offered: tuple[tuple[Any, ...], ...]
    logits: list[torch.Tensor]


@torch.no_grad()
def score_rows(
    model: Bert, frame: pd.DataFrame, *, head: str | None, batch: int, tasks: Sequence[type[FrameTask]]
) -> ScoredRows:
    """The logits behind what `predict` answers, with the same arguments and errors."""
    expect_at_least("batch", batch, 1, whole=True)
    chosen, task = _find_head(model, head, tasks)
    expect_frame(frame, [chosen.settings[field] for field in task.inputs], call=_CALL)
    examples = task.read(model, frame, chosen.settings)
    bert = model.in_mode(training=False)
    logits = sweep_units(
        examples, lambda rows: task.score(bert, chosen, examples, rows).float().cpu(), batch=int(batch)
    )
    found: list[list[torch.Tensor]] = [[] for _ in range(len(frame))]
    for row, of_text in zip(examples.rows, logits, strict=True):
        found[row].append(of_text)
    offered = examples.offered or (tuple(chosen.labels),) * len(frame)
    return ScoredRows(chosen, task, examples, offered, [torch.cat(of_row) for of_row in found])


@dataclass(frozen=True, eq=False, repr=False)
class TaskScore:
    """How well a head answers.

    Attributes:
        accuracy: the share of right answers; of tags, of right tags; of types, of rows with exactly the right ones.
        majority: the same of whoever always gives the commonest answer of these rows.
        macro_f1: the mean over all labels of their F1; of tags, over the types of entities.
        micro_f1: F1 over all labels together; of tags, of entities found with their type and both borders.
        frame: a row per label: `precision`, `recall`, `f1`, `right` (how many there are), `given`.
        predictions: as `predict` gives them.
        unseen: labels of these rows that the head does not know, and so cannot give.
    """

    accuracy: float
    majority: float
    macro_f1: float
    micro_f1: float
    frame: pd.DataFrame
    predictions: pd.DataFrame
    unseen: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        unseen = f"; not known to the head: {', '.join(map(str, self.unseen))}" if self.unseen else ""
        return (
            f"{count_things(len(self.predictions), 'row')}: accuracy {self.accuracy:.3f} (always the commonest: "
            f"{self.majority:.3f}), F1 macro {self.macro_f1:.3f}, micro {self.micro_f1:.3f}{unseen}"
        )


def score_predictions(
    model: Bert,
    frame: pd.DataFrame,
    *,
    head: str | None = None,
    batch: int = BATCH,
    tasks: Sequence[type[FrameTask]] = (),
) -> TaskScore:
    """How well a head of the model answers the rows of a data frame, beside whoever always gives the commonest answer.

    Precision is the share of what is given that is right, recall the share of what is right that is given, F1 = 2PR / (P + R);
    a label that is never given and never right counts nowhere. A label that the head does not know counts as
    wrong; the log says so.

    Args:
        model: as for `predict`.
        frame: as for `predict`, and with the column of what is right.
        head: as for `predict`.
        batch: texts at a time.
        tasks: as for `predict`.

    Raises:
        TypeError: for what is no model, or no data frame.
        ValueError: as `predict`, or for a row without what is right.

    Example:
        >>> from kgwb import load_bert
        >>> bert = load_bert()
        >>> frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
        >>> _ = TextClasses(frame).prepare(bert)
        >>> score_predictions(bert, frame)
        2 rows: accuracy 1.000 (always the commonest: 0.500), F1 macro 1.000, micro 1.000
    """
    chosen, task = _find_head(model, head, tasks)
    expect_frame(frame, [chosen.settings[task.answers]], call="kgwb.learn.score_predictions(model, frame)")
    right = task.read_answers(frame, chosen.settings)
    predictions = predict(model, frame, head=head, batch=batch, tasks=tasks)
    unseen = tuple(sorted(set(task.list_labels(right)) - set(chosen.labels), key=str))
    if unseen:
        log.warning(
            "%s of these rows the head does not know, and cannot give: %s. Tune on rows with them, too.",
            count_things(len(unseen), "label"),
            ", ".join(map(str, unseen[:5])),
        )
    split = [
        (task.split_answer(one), task.split_answer(other))
        for one, other in zip(right, predictions["given"], strict=True)
    ]
    table, micro_f1 = _count_items([(one[1], other[1]) for one, other in split])
    pairs = [pair for one, other in split for pair in zip(one[0], other[0], strict=True)]
    commonest = Counter(one for one, _ in pairs).most_common(1)[0][1]
    accuracy = sum(one == other for one, other in pairs) / len(pairs)
    macro = float(table["f1"].mean()) if len(table) else 0.0
    return TaskScore(accuracy, commonest / len(pairs), macro, micro_f1, table, predictions, unseen)


def _count_items(split: Sequence[tuple[set[tuple[Any, Any]], set[tuple[Any, Any]]]]) -> tuple[pd.DataFrame, float]:
    """Precision, recall and F1 of each label, and F1 over all."""
    right, given, both = (
        Counter(label for row in rows for label, _ in row)
        for rows in ([one for one, _ in split], [other for _, other in split], [one & other for one, other in split])
    )
    labels = sorted(right | given, key=str)
    table = pd.DataFrame(
        [
            (
                both[each] / max(1, given[each]),
                both[each] / max(1, right[each]),
                _f1(both[each], right[each], given[each]),
                right[each],
                given[each],
            )
            for each in labels
        ],
        index=pd.Index(labels, name="label", dtype=object),
        columns=["precision", "recall", "f1", "right", "given"],
    )
    return table, _f1(both.total(), right.total(), given.total())


def _f1(both: int, right: int, given: int) -> float:
    return 2 * both / max(1, right + given)


def _find_head(model: object, name: object, own: object) -> tuple[TaskHead, type[FrameTask]]:
    """The head of this name, or the only one, and the class of its task."""
    expect_kind(model, Bert, "A BERT", call=_CALL)
    assert isinstance(model, Bert)
    given = expect_each(own, type, "The class of a task", call="kgwb.learn.predict(model, frame, tasks=[Mine])")
    expect_kind(
        name, (str, type(None)), "The name of a head", call="kgwb.learn.predict(model, frame, head='text_classes')"
    )
    names = list(model.heads)
    if not names:
        raise ValueError(
            f"{model.name!r} has no head. Tune it on a task with one: kgwb.tune(model, kgwb.learn.TextClasses(frame)); for a "
            "head that is used untuned, type task.prepare(model)."
        )
    if name is None and len(names) > 1:
        raise ValueError(f"{model.name!r} has the heads {', '.join(names)}. Type which: head={names[0]!r}.")
    if name is not None and name not in names:
        raise ValueError(
            f"head={quote_value(name)} came; {model.name!r} has {', '.join(names)}. Type head={names[0]!r}."
        )
    head = model.heads[names[0] if name is None else str(name)]
    kinds = {task.kind: task for task in (*_TASKS, *given) if hasattr(task, "kind")}
    if not isinstance(head, TaskHead) or head.kind not in kinds:
        raise ValueError(
            f"The head is {quote_value(getattr(head, 'kind', head))}, which is no task of kgwb's. Give the class of your own: "
            "type kgwb.learn.predict(model, frame, tasks=[Mine])."
        )
    return head, kinds[head.kind]
