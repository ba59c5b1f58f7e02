"""Whether a door was made as a saved one was: what differs is named, with the call that makes it so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kgwb.axes import Tensor
from kgwb.bert.saving import InjectorFileError


def compare_recipes(folder: Path, saved: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Doors take up only what doors made in the same way have saved.

    Raises:
        InjectorFileError: names what differs, and says what to type.
    """
    for what in ("mode", "control", "graph", "facts", "vectors", "filled"):
        kept = saved.get(what, own[what] if what == "filled" else None)  # which an earlier kgwb did not keep
        if kept != own[what]:
            raise InjectorFileError(
                f"The door in {str(folder)!r} has {what} {kept!r}, this one {own[what]!r}. "
                f"Make this one as that was made: {_call(what, saved)}."
            )
    for door, options in own["doors"].items():
        kept = saved["doors"].get(door)
        kept = kept if isinstance(kept, dict) else {}
        for name in sorted(options.keys() | kept.keys()):
            then, now = (_unwrap(made.get(name)) for made in (kept, options))
            # Whatever the seed decided is in the folder.
            if then != now and name != "seed":
                given = f"{name}={then!r}" if len(own["doors"]) == 1 else f"{door}={{{name!r}: {then!r}}}"
                raise InjectorFileError(
                    f"The {door} door in {str(folder)!r} was made with {name}={then!r}, this one with {name}={now!r}. "
                    f"Make this one as that was made: {_call('', saved, given)}."
                )


def compare_shapes(folder: Path, saved: Mapping[str, Tensor], own: Mapping[str, Tensor], edited: set[str]) -> None:
    """Tensors must have the shapes that they had; of facts, which may have been edited, the number may differ.

    Raises:
        InjectorFileError: names three that have not.
    """
    wrong = [
        name
        for name in sorted(own.keys() | saved.keys())
        if name not in own
        or name not in saved
        or saved[name].dtype != own[name].dtype
        or saved[name].shape[name in edited :] != own[name].shape[name in edited :]
    ]
    if wrong:
        raise InjectorFileError(
            f"The door in {str(folder)!r} has other measures than this one ({', '.join(wrong[:3])}). "
            "Give kgwb.inject the BERT and the options that the saved one was made with."
        )


def _unwrap(value: Any) -> Any:
    """The value; of a list that holds nothing else, the one."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _call(what: str, saved: Mapping[str, Any], *options: str) -> str:
    mode = str(saved.get("mode"))
    modes = repr(mode) if "+" not in mode else repr(tuple(mode.split("+")))
    control = f", control={saved['control']!r}" if saved.get("control") else ""
    vectors = "vectors" if what not in ("graph", "facts", "vectors", "filled") else "kgwb.load_embedding(...)"
    return f"kgwb.inject(bert, {', '.join([vectors, f'mode={modes}{control}', *options])})"
