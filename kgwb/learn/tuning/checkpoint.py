"""A tuning on disk: stopped or killed at any step, it goes on from there and ends the same, to the bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from kgwb.axes import Tensor
from kgwb.bert import Bert
from kgwb.files import expect_folder
from kgwb.fingerprints import fingerprint, hash_tensors
from kgwb.learn.model_parts import describe_model
from kgwb.learn.tasks import MaskedAnswers
from kgwb.learn.tuning.run import TuningRun
from kgwb.tensor_folders import TensorFolder

_KINDS = {"asked": dict, "number": int, "spent": float, "losses": dict, "stopping": list, "start": str, "now": str}


class TuningFileError(ValueError):
    """A kept tuning is damaged."""


@dataclass(frozen=True, eq=False)
class TuningCheckpoint:
    """Where a tuning is kept.

    Attributes:
        folder: may hold other things too.
        every: so many steps; the last one is always kept.
        asked: what decides how the tuning ends, to be compared when it goes on.
        start: SHA-256 of the weights that learn, as they were before the first step.
    """

    folder: Path
    every: int
    asked: Mapping[str, Any]
    start: str

    @property
    def _files(self) -> TensorFolder:
        return TensorFolder(self.folder, "tuning.safetensors", "tuning.json", "a tuning")

    def resume(self, run: TuningRun) -> TuningCheckpoint:
        """Put a tuning where the folder's was; nothing happens where there is none.

        Returns:
            The checkpoint with the start of that tuning.

        Raises:
            ValueError: that one was asked for something else, or began with other weights; the message says what.
            TuningFileError: it is damaged.
            SavingError: the folder cannot be made or written to.
        """
        expect_folder(self.folder, "a tuning")
        if not (self.folder / self._files.record).is_file():
            return self
        try:
            record, tensors = self._files.read(_KINDS)
        except (OSError, ValueError, RecursionError) as problem:
            raise TuningFileError(
                f"{str(self.folder)!r} holds no whole tuning ({problem}). Remove it to start anew, or type another folder: "
                "checkpoint=..."
            ) from problem
        self._expect_same(record["asked"])
        if self.start not in (record["start"], record["now"]):
            raise ValueError(
                f"The tuning in {self.folder} began with other weights than this model's. Give the model as it was then, or as "
                f"that tuning left it, or type checkpoint={str(self.folder) + '-2'!r}."
            )
        _restore(run, record, tensors)
        return replace(self, start=record["start"])

    def is_due(self, run: TuningRun) -> bool:
        """Whether the step just taken is to be kept."""
        return run.number % self.every == 0 or run.number >= run.total

    def keep(self, run: TuningRun) -> None:
        """Write the tuning to disk; all of it or nothing."""
        stopping = [(s.stopping.best, s.stopping.waited) if s.stopping else None for s in run.stages]
        record = {
            "asked": dict(self.asked),
            "number": run.number,
            "spent": run.seconds,
            "losses": run.losses,
            "stopping": stopping,
            "start": self.start,
            "now": hash_weights(run),
        }
        self._files.write(_gather(run), record)

    def _expect_same(self, asked: Mapping[str, Any]) -> None:
        names = [name for name in {**asked, **self.asked} if asked.get(name) != self.asked.get(name)]
        if names:
            there, here = (", ".join(f"{name}={part.get(name)!r}" for name in names) for part in (asked, self.asked))
            raise ValueError(
                f"The tuning in {self.folder} is of a run with {there}, but {here} came. Type what that run had to go on with "
                f"it, or type checkpoint={str(self.folder) + '-2'!r}."
            )


def describe_tuning(
    run: TuningRun, tasks: Sequence[object], valid: Sequence[object], options: Mapping[str, Any]
) -> dict[str, Any]:
    """What decides how a tuning ends: the frozen weights, the tasks and the options, as JSON has them."""
    trained = {id(parameter) for parameter in list_weights(run)}
    asked: dict[str, Any] = {}
    for number, bert in enumerate(run.berts):
        described = describe_model(bert)
        for name in ("weights", "heads", "injector"):
            described.pop(name, None)
        frozen = sorted((name, p) for name, p in bert.named_parameters() if id(p) not in trained)
        described["frozen"] = hash_tensors(parameter for _, parameter in frozen)
        asked["bert" if not number else f"bert {number + 1}"] = fingerprint(described)[:12]
    for name, given in (("tasks", tasks), ("valid", valid)):
        asked[name] = [f"{type(one).__name__} {_identify(one)[:12]}" for one in given]
    return asked | {name: _show(value) for name, value in options.items()}


def list_weights(run: TuningRun) -> list[nn.Parameter]:
    """All parameters that learn in some stage, each once, in their order."""
    every = [p for stage in run.stages for group in stage.optimizer.param_groups for p in group["params"]]
    return list({id(parameter): parameter for parameter in every}.values())


def hash_weights(run: TuningRun) -> str:
    """SHA-256 of all that learns of the models and their heads."""
    every = {id(parameter): parameter for stage in run.stages for parameter in stage.trained}
    return hash_tensors(every.values())


def _show(value: object) -> int | float | str:
    """An option as JSON has it; what says nothing of itself but where it lies is known by all that it holds."""
    if isinstance(value, (int, float)):
        return value
    return fingerprint(value)[:12] if " at 0x" in str(value) else str(value)


def _identify(task: object) -> str:
    return task.questions.fingerprint if isinstance(task, MaskedAnswers) else fingerprint(task)


def _stage_of(run: TuningRun) -> int:
    """The stage of the last step taken, from 0."""
    ends, steps = [], 0
    for stage in run.stages:
        steps += len(stage.steps)
        ends.append(steps)
    return next(place for place, end in enumerate(ends) if run.number <= end)


def _list_buffers(bert: Bert) -> dict[str, Tensor]:
    state = bert.state_dict(keep_vars=True)
    return {name: tensor for name, tensor in state.items() if not isinstance(tensor, nn.Parameter)}


def _gather(run: TuningRun) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {f"trained/{i}": p for i, p in enumerate(list_weights(run))}
    stage = run.stages[_stage_of(run)]
    for place, values in stage.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{place}/{name}": tensor for name, tensor in values.items()}
    if stage.stopping is not None:
        tensors |= {f"best/{i}": weight for i, weight in enumerate(stage.stopping.weights)}
    for number, bert in enumerate(run.berts):
        tensors |= {f"buffer/{number}/{name}": tensor for name, tensor in _list_buffers(bert).items()}
    for number, task in enumerate(run.tasks):
        if (generator := getattr(task, "generator", None)) is not None:
            tensors[f"drawn/{number}"] = generator.get_state()
    return tensors


@torch.no_grad()
def _restore(run: TuningRun, record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    run.number, run.losses = record["number"], record["losses"]
    run.spent = run.seconds = record["spent"]
    for i, parameter in enumerate(list_weights(run)):
        parameter.copy_(tensors[f"trained/{i}"])
    stage = run.stages[_stage_of(run)]
    kept: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        if key.startswith("optimizer/"):
            _, place, name = key.split("/")
            kept.setdefault(int(place), {})[name] = tensor
    groups = stage.optimizer.state_dict()["param_groups"]
    stage.optimizer.load_state_dict({"state": kept, "param_groups": groups})
    for other, found in zip(run.stages, record["stopping"], strict=True):
        if other.stopping is not None and found is not None:
            other.stopping.best, other.stopping.waited = found
    if stage.stopping is not None:
        count = sum(key.startswith("best/") for key in tensors)
        stage.stopping.weights = [tensors[f"best/{i}"].to(stage.trained[i].device) for i in range(count)]
    for number, bert in enumerate(run.berts):
        for name, buffer in _list_buffers(bert).items():
            buffer.copy_(tensors[f"buffer/{number}/{name}"])
    for number, task in enumerate(run.tasks):
        if f"drawn/{number}" in tensors:
            task.generator.set_state(tensors[f"drawn/{number}"])  # type: ignore[attr-defined]
