"""Doors on disk, without the BERT they lead into."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from kgwb.files import refuse_other_files, write_whole

if TYPE_CHECKING:
    from kgwb.bert.doors.injector import Injector

_WEIGHTS, _FACTS = "injector.safetensors", "injector.json"


class InjectorFileError(ValueError):
    """A saved door does not fit."""


def save_injector(injector: Injector, folder: Path) -> Path:
    """Write a door's numbers and what they belong to; a folder that already holds a door is replaced whole."""
    from safetensors.torch import save_file

    refuse_other_files(folder, (_WEIGHTS, _FACTS), "a door")
    with write_whole(folder) as new:
        new.mkdir()
        state = {name: tensor.detach().cpu().clone() for name, tensor in injector.state_dict().items()}
        save_file(state, new / _WEIGHTS)
        (new / _FACTS).write_text(json.dumps(_describe(injector), indent=1), encoding="utf-8")
    return folder


def load_injector(injector: Injector, folder: Path) -> None:
    """Put a saved door's numbers into one of the same make.

    Raises:
        InjectorFileError: if the folder holds no door, or one that was made otherwise.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
        state = load_file(folder / _WEIGHTS)
    except (OSError, ValueError, SafetensorError) as error:
        raise InjectorFileError(
            f"{str(folder)!r} holds no door ({error}). Expected a folder that model.injector.save(folder) wrote."
        ) from error
    for what, mine in _describe(injector).items():
        if facts.get(what) != mine:
            raise InjectorFileError(
                f"The door in {str(folder)!r} has {what} {facts.get(what)!r}, this one {mine!r}. "
                "Make this one as that was made: kgwb.inject(bert, vectors, mode=..., control=...)."
            )
    for name, buffer in injector.named_buffers():
        if name.endswith("triples") and name in state and state[name].shape[1:] == buffer.shape[1:]:
            # Facts may have been added since the door was made.
            injector.get_submodule(name.rpartition(".")[0]).triples = torch.empty_like(state[name])
    own = {name: tensor.shape for name, tensor in injector.state_dict().items()}
    wrong = sorted(n for n in own.keys() | state.keys() if n not in own or n not in state or own[n] != state[n].shape)
    if wrong:
        raise InjectorFileError(
            f"The door in {str(folder)!r} has other measures than this one ({', '.join(wrong[:3])}). "
            "Give kgwb.inject the BERT and the options that the saved one was made with."
        )
    injector.load_state_dict(state)
    for door in injector.parts:
        door.sort_facts()


def _describe(injector: Injector) -> dict[str, str | None]:
    return {"mode": injector.mode, "control": injector.control, "graph": injector.graph.fingerprint}
