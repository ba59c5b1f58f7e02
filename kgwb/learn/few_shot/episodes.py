"""Episodes: small classifications of labels drawn anew, each with a few texts to learn from and others to answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.bert.task_head import Label
from kgwb.checks import expect_at_least, expect_kind, expect_number, expect_seed
from kgwb.learn.few_shot.prototypes import place_prototypes, score_states
from kgwb.learn.frames.choosing_task import ChoosingTask
from kgwb.learn.frames.columns import expect_frame
from kgwb.learn.frames.frame_task import PART, FrameTask
from kgwb.learn.frames.states import sweep_units
from kgwb.learn.frames.texts import Examples
from kgwb.learn.tasks import Task
from kgwb.words import count_things, quote_value

_CALL = "kgwb.learn.Episodes(kgwb.learn.TextClasses(frame), 5)"
# Of a cosine's square distance: with 5, two texts whose cosines differ by .1 have odds of e : 1.
SCALE = 5.0


@dataclass(frozen=True, eq=False)
class Episodes(Task):
    """Tell labels apart by a few examples of each, for labels that are drawn anew in every episode.

    An episode is `ways` labels, `shots` supports and `queries` queries of each. The loss is that of prototypical networks
    (Snell et al., 2017, "Prototypical networks for few-shot learning"):

        −log softmax(−scale · ‖f(q) − c_k‖²), c_k the mean of f over the supports of label k,

    where f is what the head of the frame's task would see. What is learnt is a space in which labels that tuning
    never met can be told apart: no head is made, and `score_episodes` measures on other labels' rows. To use it, give the
    model a few rows of the new labels: `TextClasses(rows).prepare(model)` makes a head that starts at their means, and
    `predict` answers.

    An episode is known by its number and the seed, whatever the count. Tune with `policy=Meta()` to have BERT's weights
    adapt to the supports of an episode before the queries are answered.

    Args:
        task: `RelationClasses`, `TextClasses`, or one of your own with one label a row: whose rows are drawn, and how they
            are read. Its `labels` and its head play no part.
        ways: labels of an episode.
        shots: rows of each label to learn from.
        queries: other rows of each label, to be answered.
        count: how many episodes there are.
        scale: of the squared distance.
        seed: of the draws.

    Raises:
        TypeError: for a task that has not one label a row.
        ValueError: for fewer labels than ways, or a label with fewer rows than an episode takes.

    Example:
        >>> import pandas as pd
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import TextClasses
        >>> texts = ["It rains.", "It snows.", "It hails.", "We won.", "They lost.", "A draw."]
        >>> frame = pd.DataFrame({"text": texts, "label": ["weather"] * 3 + ["sport"] * 3})
        >>> bert = load_bert()
        >>> episodes = Episodes(TextClasses(frame), 2, shots=1, queries=2, count=8)
        >>> [step.task for step in tune(bert, episodes, epochs=1, batch=4)]
        ['Episodes', 'Episodes']
    """

    task: FrameTask
    ways: int = 5
    _: KW_ONLY
    shots: int = 1
    queries: int = 5
    count: int = 400
    scale: float = SCALE
    seed: int = 0

    def __post_init__(self) -> None:
        expect_kind(self.task, FrameTask, "A task on a data frame", call=_CALL)
        expect_at_least("ways", self.ways, 2, whole=True)
        for name in ("shots", "queries", "count"):
            expect_at_least(name, getattr(self, name), 1, whole=True)
        expect_number("scale", self.scale, usual=SCALE, above=0)
        expect_seed(self.seed)
        self._expect_rows(self._group_rows())

    def prepare(self, bert: Bert) -> PreparedEpisodes:
        """Cut the texts into word pieces, once, and draw every episode."""
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        groups = self._group_rows()
        names = list(groups)
        drawn = [self._draw(number, list(groups.values())) for number in range(self.count)]
        labels = tuple(tuple(names[place] for place in places) for places, _ in drawn)
        rows = torch.from_numpy(np.stack([rows for _, rows in drawn]))  # [episode, way, shot and query]
        examples = self.task.read(bert, self.task.frame, self.task.settings)
        supports, queries = rows.split([self.shots, self.queries], dim=2)
        return PreparedEpisodes(self.task, examples, labels, supports, queries, self.scale)

    def _group_rows(self) -> dict[Label, list[int]]:
        """Label -> its rows; sorted, so that the order of the frame's labels plays no part."""
        task = self.task
        expect_frame(task.frame, [getattr(task, task.answers)], call=_CALL)
        right = task.read_answers(task.frame, task.settings)
        is_other = isinstance(task, ChoosingTask) or not task.stretches
        if is_other or not all(isinstance(one, (str, int)) for one in right):
            raise TypeError(
                f"Episodes of {type(task).__name__} came. Expected a task with one label a row, and a head that sees hidden "
                f"states: RelationClasses or TextClasses; type {_CALL}."
            )
        groups: dict[Label, list[int]] = {}
        for row, label in enumerate(right):
            groups.setdefault(label, []).append(row)
        return dict(sorted(groups.items(), key=lambda item: (isinstance(item[0], str), item[0])))

    def _expect_rows(self, groups: dict[Label, list[int]]) -> None:
        if len(groups) < self.ways:
            raise ValueError(
                f"ways={self.ways} came, and the frame has {count_things(len(groups), 'label')}: "
                f"{quote_value(list(groups)[:5])}. Expected at least as many labels as ways; type "
                f"kgwb.learn.Episodes(task, {max(2, len(groups))})."
            )
        needed = self.shots + self.queries
        short = {label: len(rows) for label, rows in groups.items() if len(rows) < needed}
        if short:
            column = getattr(self.task, self.task.answers)
            few = ", ".join(f"{quote_value(label)} {number}" for label, number in list(short.items())[:5])
            raise ValueError(
                f"An episode of shots={self.shots} and queries={self.queries} takes {needed} rows of a label; of "
                f"{count_things(len(groups), 'label')} {len(short)} have fewer: {few}. Type fewer queries, or leave such "
                f"labels out: frame.groupby({column!r}).filter(lambda rows: len(rows) >= {needed})."
            )

    def _draw(self, number: int, groups: Sequence[list[int]]) -> tuple[list[int], np.ndarray]:
        """The labels of an episode by their places, and the rows of each, [way, shot and query]."""
        random = np.random.default_rng([self.seed, number])
        places = random.choice(len(groups), self.ways, replace=False).tolist()
        taken = self.shots + self.queries
        return places, np.stack([random.choice(groups[place], taken, replace=False) for place in places])


@dataclass(frozen=True, eq=False)
class PreparedEpisodes:
    """Episodes as word pieces.

    Attributes:
        task: how texts are read.
        examples: the rows of its frame.
        labels: of each episode.
        supports: rows of each label of each episode, [episode, way, shot].
        queries: others, [episode, way, query].
        scale: of the squared distance.
    """

    task: FrameTask
    examples: Examples
    labels: tuple[tuple[Label, ...], ...]
    supports: Int[Tensor, "episode way shot"]
    queries: Int[Tensor, "episode way query"]
    scale: float

    def __len__(self) -> int:
        return len(self.labels)

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right label of each query, by its squared distance to the prototypes; averaged."""
        shots, chosen = self.supports.shape[2], list(rows)
        states = self.look(bert, torch.cat([self.supports[chosen], self.queries[chosen]], dim=2))
        heads = place_prototypes(states[:, :, :shots], self.scale)
        return measure_loss(score_states(states[:, :, shots:], *heads))

    def look(self, bert: Bert, texts: Int[Tensor, "*shape"], *, batch: int = PART) -> Float[Tensor, "*shape width"]:
        """What a head would see of each of these texts; each is read once."""
        distinct, places = texts.unique(return_inverse=True)
        batch = max(batch, len(distinct)) if bert.device.type != "cpu" and torch.is_grad_enabled() else batch
        read = sweep_units(
            self.examples,
            lambda some: self.task.look(bert, self.examples, some),
            texts=distinct.tolist(),
            batch=batch,
        )
        return torch.cat(read)[places.to(bert.device)]


def measure_loss(logits: Float[Tensor, "*episode way text label"]) -> Float[Tensor, ""]:
    """−log softmax of the right label, averaged: texts stand under the label that they have."""
    ways = logits.shape[-1]
    right = torch.arange(ways, device=logits.device)[:, None].expand(logits.shape[:-1])
    return cross_entropy(logits.reshape(-1, ways), right.reshape(-1))
