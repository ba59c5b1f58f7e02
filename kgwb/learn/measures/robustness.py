"""How much accuracy noise on the words takes from a model: drawn, and found by an adversary."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import torch
from torch.nn.functional import cross_entropy

from kgwb.axes import Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.bert.disturbing import disturb_words
from kgwb.bert.model import share_weights
from kgwb.checks import expect_at_least, expect_each, expect_kind, expect_number, expect_seed
from kgwb.learn.frames.frame_task import FrameTask, PreparedFrame
from kgwb.learn.policies.noise import Noise, WordNoise, draw_noise, find_noise, measure_word
from kgwb.learn.tasks import EncodedQuestions, MaskedAnswers, PreparedTask
from kgwb.words import describe_kind

_CALL = "kgwb.learn.measure_robustness(model, kgwb.MaskedAnswers(questions))"


def measure_robustness(
    model: Bert,
    task: MaskedAnswers | FrameTask,
    *,
    sizes: Sequence[int | float] = (0.1, 0.2, 0.4),
    steps: int = 5,
    batch: int = 32,
    seed: int = 0,
) -> pd.DataFrame:
    """Accuracy as it is, under drawn noise, and under the noise that an adversary finds against this very model.

    Noise is added to the word vectors of every word piece, each of the same length: a random direction, or the one that
    projected gradient ascent finds against the right answers (`kgwb.learn.Adversarial`). Where drawn noise takes as much
    as found noise, tuning against an adversary is worth no more than tuning on noise.

    Args:
        model: with the head of the task; it is left as it is.
        task: questions, or rows with one label each.
        sizes: of the noise, in mean lengths of a word vector.
        steps: of the adversary.
        batch: examples at a time.
        seed: of drawn noise.

    Returns:
        One row per size and kind of noise ("none", "drawn", "found"): `accuracy`, `loss`, `examples`.

    Raises:
        TypeError: for what is no model, or a task that is neither.
        ValueError: for numbers that cannot be, or a task without one label a row.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.learn import TextClasses
        >>> frame = pd.DataFrame({"text": ["It rains.", "We won."], "label": ["weather", "sport"]})
        >>> measure_robustness(load_bert(), TextClasses(frame), sizes=[0.1])["noise"].tolist()
        ['none', 'drawn', 'found']
    """
    expect_kind(model, Bert, "A BERT", call=_CALL)
    expect_kind(task, (MaskedAnswers, FrameTask), "Questions, or rows with one label each,", call=_CALL)
    for size in expect_each(sizes, object, "A size", call=f"{_CALL[:-1]}, sizes=[0.1, 0.2])"):
        expect_number("size", size, usual=0.2, above=0)
    expect_at_least("steps", steps, 1, whole=True)
    expect_at_least("batch", batch, 1, whole=True)
    bert = share_weights(model, training=False)
    prepared = task.prepare(bert)
    generator = torch.Generator().manual_seed(expect_seed(seed))
    unit, rows = measure_word(bert), []
    starts = range(0, len(prepared), int(batch))
    batches = [list(range(start, min(start + int(batch), len(prepared)))) for start in starts]
    found = [_judge(bert, prepared, some, None) for some in batches]
    rows.append({"size": 0.0, "noise": "none", **_summarise(found)})
    for size in sizes:
        drawn, sought = [], []
        for some in batches:
            loss = partial(_measure_loss, task=prepared, rows=some)
            rate = 1.0 if steps == 1 else 2.5 / steps
            noise = find_noise(loss, bert, size=float(size), steps=int(steps), rate=rate)
            sought.append(_judge(bert, prepared, some, noise))
            is_token = [each.norm(dim=-1, keepdim=True) > 0 for each in noise]
            others = draw_noise(is_token, bert, size=float(size) * unit, generator=generator)
            drawn.append(_judge(bert, prepared, some, others))
        rows += [
            {"size": size, "noise": name, **_summarise(each)} for name, each in (("drawn", drawn), ("found", sought))
        ]
    return pd.DataFrame(rows)


def decide(
    bert: Bert, task: PreparedTask, rows: Sequence[int]
) -> tuple[Float[Tensor, "row answer"], Int[Tensor, " row"]]:
    """The score of each answer to some examples, and which is right.

    Raises:
        ValueError: for a task whose examples have not one right answer among a few.
    """
    if isinstance(task, EncodedQuestions):
        return task.scores(bert, rows), task.answers[list(rows)].to(bert.device)
    if isinstance(task, PreparedFrame):
        targets = torch.cat([task.targets[row] for row in rows])
        if targets.ndim == 1 and len(targets) == len(rows) and not targets.is_floating_point():
            return task.task.score(bert, task.head, task.examples, rows), targets.to(bert.device)
    raise ValueError(
        f"{describe_kind(task)} came, whose examples have not one label each. Type {_CALL}, or give TextClasses or "
        "RelationClasses."
    )


def _measure_loss(bert: Bert, task: PreparedTask, rows: Sequence[int]) -> Float[Tensor, ""]:
    return cross_entropy(*decide(bert, task, rows))


@torch.no_grad()
def _judge(bert: Bert, task: PreparedTask, rows: Sequence[int], noise: Noise | None) -> tuple[int, float, int]:
    """How many are right, the summed loss, and how many there are."""
    scores, right = decide(bert if noise is None else disturb_words(bert, WordNoise(noise)), task, rows)
    return (
        int((scores.argmax(1) == right).sum()),
        float(cross_entropy(scores.float(), right, reduction="sum")),
        len(right),
    )


def _summarise(found: Sequence[tuple[int, float, int]]) -> dict[str, float]:
    right, loss, count = (sum(column) for column in zip(*found, strict=True))
    return {"accuracy": right / count, "loss": loss / count, "examples": count}
