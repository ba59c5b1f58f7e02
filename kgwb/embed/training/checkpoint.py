"""A training on disk, whole after every epoch: stopped or killed, it goes on from there and ends the same."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from kgwb.axes import Int, Tensor
from kgwb.embed.embedding_files import EmbeddingFileError, write_tensors
from kgwb.embed.training.batches import UniformNegatives
from kgwb.embed.training.earlier import EarlierFacts
from kgwb.embed.training.identity import describe_part
from kgwb.embed.training.schedule import Best
from kgwb.embed.training.sharding import Shard
from kgwb.embed.training.soundness import find_learner, find_wrong
from kgwb.embed.training.state import TrainingState
from kgwb.files import SavingError, expect_folder
from kgwb.processes import is_abandoned, name_process

_NONE = -1  # no epoch is kept, not even what the run began with
Asked = dict[str, str | int | float | bool]
_GIVEN = {"triples", "scorer", "dim", "encoder", "device", "numbers", "embedding seed", "valid"}  # by two arguments


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a training is kept: one safetensors file per epoch, the latest, with the rest as JSON in its header.

    A file gets its name when all of it is on the disk, and the one before goes after that: whenever it is killed, a
    whole file is there, and only files of this kind are ever touched.

    Attributes:
        folder: may hold other things too.
        every: so many epochs; the last one is always kept.
        asked: what decides how the training ends, to be compared when it goes on.
        shard: where several processes run together: each keeps a file of its own, and none goes before all have theirs.
    """

    folder: Path
    every: int | np.integer
    asked: Asked
    shard: Shard | None = None

    def resume(self, state: TrainingState, triples: Int[np.ndarray, "triple 3"]) -> None:
        """Put a training where the folder's was; nothing happens where there is none.

        Args:
            state: of the training that is to go on.
            triples: what it learns from.

        Raises:
            ValueError: that one was asked for something else; the message says what.
            EmbeddingFileError: its file is broken.
            SavingError: the folder cannot be made or written to.
        """
        expect_folder(self.folder, "a checkpoint")
        kept = self._kept()
        number = max(kept, default=_NONE)
        if self.shard is not None:
            number = self.shard.least(number)
        if number == _NONE:
            self._expect_none()
            return
        path = kept[number]
        try:
            facts, tensors = _read(path)
        except EmbeddingFileError:
            if path.exists() or self.shard is not None or max(self._kept(), default=_NONE) <= number:
                raise
            self.resume(state, triples)  # another process runs the same, and has come further
            return
        self._expect_same(facts["asked"])
        if (wrong := find_wrong(state, facts, tensors, number)) is not None:
            raise _broken(path, wrong)
        earlier = EarlierFacts.from_tensors(_below("earlier", tensors), len(state.embedding.trained_on))
        if not (state.earlier.equals(earlier) or state.earlier.equals(earlier.add(triples))):
            message = f"The checkpoint in {self.folder} is of an embedding {earlier}, but one {state.earlier} came"
            raise ValueError(
                f"{message}. Give the embedding of that run, or type checkpoint={str(self.folder) + '-2'!r}."
            )
        self._expect_same_start(
            state, facts.get("start") or state.start, is_under_way=not state.earlier.equals(earlier)
        )
        state.earlier = earlier
        _restore(state, facts, tensors)

    def keep(self, state: TrainingState) -> None:
        """Write the training to disk where this epoch's is due; all of it or nothing."""
        if state.number % self.every and not state.over:
            return
        facts, tensors = json.dumps(_gather_facts(state) | {"asked": self.asked}), _gather_tensors(state)
        metadata = {"run": facts, "sha256": _digest_run(facts, tensors)}
        for left in self.folder.glob(".half-written*"):
            if is_abandoned(left):
                left.unlink(missing_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f".half-written{self._part}-{name_process()}-{secrets.token_hex(4)}"  # no two threads share it
        half = self.folder / name
        try:
            write_tensors(tensors, half, metadata)
            _flush(half)
            half.replace(self.folder / f"epoch-{state.number:06}{self._part}.safetensors")
        except OSError as problem:
            message = (
                f"Epoch {state.number} could not be kept in {self.folder}: {problem}. The one before it is as it was"
            )
            raise SavingError(f"{message}. Make room, and the same call goes on from there.") from problem
        finally:
            with suppress(OSError):
                half.unlink(missing_ok=True)
        if self.shard is not None:
            self.shard.least(state.number)  # now all have theirs
        for number, path in self._kept().items():
            if number < state.number:  # a later one is of another process that runs the same
                path.unlink(missing_ok=True)

    @property
    def _part(self) -> str:
        return "" if self.shard is None else f".{self.shard.rank + 1}-of-{self.shard.count}"

    def _kept(self) -> dict[int, Path]:
        pattern = rf"epoch-(\d+){re.escape(self._part)}\.safetensors"
        found = ((re.fullmatch(pattern, path.name), path) for path in self.folder.glob("epoch-*.safetensors"))
        return {int(match[1]): path for match, path in found if match}

    def _expect_none(self) -> None:
        here = self.shard.count if self.shard else 1
        for path in self.folder.glob("epoch-*.safetensors"):
            match = re.fullmatch(r"epoch-\d+(?:\.\d+-of-(\d+))?\.safetensors", path.name)
            if match and int(match[1] or 1) != here:
                there = match[1] or 1
                message = f"The run in {self.folder} is of {there} processes, and {here} came"
                hint = f"Type torchrun --nproc-per-node={there} to go on with it"
                raise ValueError(f"{message}. {hint}, or checkpoint={str(self.folder) + '-2'!r}.")

    def _expect_same_start(self, state: TrainingState, start: str, *, is_under_way: bool) -> None:
        """The embedding began with the same tables, or is under way in that run."""
        if not is_under_way and start not in (state.start, state.embedding.begun_from):
            message = f"The checkpoint in {self.folder} is of an embedding that began with other vectors than this one"
            raise ValueError(
                f"{message}. Give the embedding of that run, or type checkpoint={str(self.folder) + '-2'!r}."
            )
        state.start = start

    def _expect_same(self, asked: Asked) -> None:
        names = [name for name in asked | self.asked if asked.get(name) != self.asked.get(name)]
        if names:
            there, here = (", ".join(f"{name}={part.get(name)!r}" for name in names) for part in (asked, self.asked))
            message = f"The checkpoint in {self.folder} is of a run with {there}, but {here} came"
            given = any(name.partition(".")[0] in _GIVEN for name in names)
            again = "Give the graph and the embedding of that run" if given else f"Type {there}"
            raise ValueError(f"{message}. {again} to go on with it, or type checkpoint={str(self.folder) + '-2'!r}.")


def describe_request(state: TrainingState, arguments: Mapping[str, Any]) -> Asked:
    """What decides how a training ends: the embedding, the triples, and the arguments, as JSON has them."""
    embedding, encoder = state.embedding, state.embedding.encoder
    asked: Asked = {
        "triples": f"{state.queries.answer_count // 2:,}, SHA-256 {_digest(state)[:12]}",
        "scorer": repr(embedding.scorer),
        "dim": embedding.dim,
        "embedding seed": embedding.seed,
        "device": embedding.device.type,
    }
    if embedding.entity_table.dtype != torch.float32:
        asked["numbers"] = str(embedding.entity_table.dtype)
    parts = {"encoder": "none"} if encoder is None else describe_part("encoder", encoder)
    parts |= describe_part("scorer", embedding.scorer) | {"scorer": repr(embedding.scorer)}
    for name, value in arguments.items():
        parts |= describe_part(name, value) if isinstance(value, nn.Module) else {name: _to_json(value)}
    return asked | parts


def expect_keepable(negatives: object) -> None:
    """A checkpoint holds what negatives have learnt, where they are modules.

    Raises:
        ValueError: they are not.
    """
    if not isinstance(negatives, (type(None), UniformNegatives, nn.Module)):
        name = type(negatives).__name__
        message = f"negatives came as {name}, and a checkpoint does not know what it holds"
        raise ValueError(
            f"{message}. Make it a torch.nn.Module whose state_dict() has it all, or type checkpoint=None."
        )


def _gather_facts(state: TrainingState) -> dict[str, Any]:
    best = {name: value for name, value in vars(state.best).items() if name != "tables"}
    workspace = {"memory": state.workspace.memory, "precision": str(state.workspace.precision).removeprefix("torch.")}
    return {"number": state.number, "best": best, "workspace": workspace, "start": state.start}


def _gather_tensors(state: TrainingState) -> dict[str, Tensor]:
    tensors = {f"embedding/{name}": tensor for name, tensor in state.embedding.state_dict().items()}
    tensors |= {f"best/{name}": tensor for name, tensor in state.best.tables.items()}
    for place, values in state.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{place}/{name}": tensor for name, tensor in values.items()}
    if (learner := find_learner(state)) is not None:
        tensors |= {f"negatives/{name}": tensor for name, tensor in learner.state_dict().items()}
    tensors |= {f"earlier/{name}": tensor for name, tensor in state.earlier.tensors.items()}
    tensors |= {"order": state.order.get_state(), "samples": state.objective.generator.get_state()}
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _restore(state: TrainingState, facts: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    state.embedding.load_state_dict(_below("embedding", tensors))
    optimizer: dict[int, dict[str, Tensor]] = {}
    for key, tensor in _below("optimizer", tensors).items():
        place, name = key.split("/")
        optimizer.setdefault(int(place), {})[name] = tensor
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": optimizer, "param_groups": groups})
    if (learner := find_learner(state)) is not None:
        learner.load_state_dict(_below("negatives", tensors))
    state.order.set_state(tensors["order"])
    state.objective.generator.set_state(tensors["samples"])
    tables = {name: table.to(state.embedding.device) for name, table in _below("best", tensors).items()}
    state.best, state.number = Best(**facts["best"], tables=tables), facts["number"]
    workspace = facts["workspace"]  # another block of scores or number format would round otherwise
    state.workspace = replace(
        state.workspace, memory=workspace["memory"], precision=getattr(torch, workspace["precision"])
    )


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.partition("/")[2]: tensor for name, tensor in tensors.items() if name.startswith(prefix + "/")}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata()
            facts = json.loads(metadata["run"])
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 # no mapping
        if metadata["sha256"] != _digest_run(metadata["run"], tensors):
            raise ValueError("its contents are not what was written")
        if not isinstance(facts, dict) or not isinstance(facts.get("asked"), dict):
            raise ValueError("it says nothing about its run")
        return facts, tensors
    except (OSError, SafetensorError, TypeError, KeyError, ValueError, RuntimeError, RecursionError) as problem:
        raise _broken(path, problem) from problem


def _broken(path: Path, problem: object) -> EmbeddingFileError:
    message = f"{path} is no checkpoint, or broken ({problem})"
    return EmbeddingFileError(f"{message}. Remove it to start anew, or type another folder: checkpoint=...")


def _digest_run(facts: str, tensors: dict[str, Tensor]) -> str:
    """SHA-256 of all that a checkpoint holds."""
    digest = hashlib.sha256(facts.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _digest(state: TrainingState) -> str:
    """SHA-256 of what the ids mean and of the triples learnt from."""
    digest = hashlib.sha256(state.embedding.graph.fingerprint.encode())
    queries = state.queries.tail
    for column in (queries.known, queries.relation, queries.offsets, queries.answers):
        digest.update(np.ascontiguousarray(column, dtype=np.int64).data)
    return digest.hexdigest()


def _to_json(value: object) -> str | int | float | bool:
    if isinstance(value, np.integer):
        return int(value)
    return value if isinstance(value, (str, int, float, bool)) else repr(value)


def _flush(path: Path) -> None:
    """Wait until the disk has it, so that a power cut leaves no empty file under a good name."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
