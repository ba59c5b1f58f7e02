"""Whether what a checkpoint holds fits the training that is to go on from it."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from kgwb.axes import Tensor
from kgwb.embed.training.state import TrainingState

_BEST = {"figure": float, "epoch": int, "stale": int, "halvings": int}


def find_wrong(state: TrainingState, facts: dict[str, Any], tensors: dict[str, Tensor], number: int) -> str | None:
    """What does not fit the training that is to go on, compared before anything of it is used; optimizers do not look."""
    best, workspace = facts.get("best"), facts.get("workspace")
    if facts.get("number") != number or not isinstance(best, dict) or not isinstance(workspace, dict):
        return "the number of the epoch, the best evaluation or the workspace"
    if {name: type(value) for name, value in best.items()} != _BEST:
        return "the best evaluation"
    if workspace.get("precision") not in ("float32", "bfloat16") or not _is_positive(workspace.get("memory")):
        return "the workspace"
    shapes = {name: (table.shape, table.dtype) for name, table in state.embedding.state_dict().items()}
    learner = find_learner(state)
    states = {} if learner is None else {name: (part.shape, part.dtype) for name, part in learner.state_dict().items()}
    order = (state.order.get_state(), state.objective.generator.get_state())
    allowed = {f"embedding/{name}": shape for name, shape in shapes.items()}
    allowed |= {f"negatives/{name}": shape for name, shape in states.items()}
    allowed |= {name: (part.shape, part.dtype) for name, part in zip(("order", "samples"), order, strict=True)}
    needed = set(allowed)
    if any(name.startswith("best/") for name in tensors):
        allowed |= {f"best/{name}": shape for name, shape in shapes.items()}
        needed = set(allowed)
    names = ("exp_avg", "exp_avg_sq") if isinstance(state.optimizer, torch.optim.Adam) else ("sum",)
    for place, parameter in enumerate(state.optimizer.param_groups[0]["params"]):
        of_place = {f"optimizer/{place}/{name}": (parameter.shape, parameter.dtype) for name in names}
        of_place[f"optimizer/{place}/step"] = (torch.Size(), torch.float32)
        allowed |= of_place
        if of_place.keys() & tensors.keys():  # all or none: Adam has none before a first gradient
            needed |= of_place.keys()
    if any(name.startswith("earlier/") for name in tensors):
        count = tensors["earlier/facts"].shape[:1] if "earlier/facts" in tensors else torch.Size([0])
        allowed |= {"earlier/entities": shapes["trained_on"], "earlier/facts": ((*count, 3), torch.int32)}
        needed |= {"earlier/entities", "earlier/facts"}
    for name in sorted(needed | tensors.keys()):
        came = (tensors[name].shape, tensors[name].dtype) if name in tensors else None
        if came != allowed.get(name):
            return f"{name} is {came}, expected {allowed.get(name)}"
    return None


def _is_positive(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf")


def find_learner(state: TrainingState) -> nn.Module | None:
    """Negatives that learn, where there are such."""
    negatives: object = state.objective.negatives
    return negatives if isinstance(negatives, nn.Module) else None
