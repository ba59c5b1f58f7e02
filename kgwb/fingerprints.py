"""Fingerprints: whether two things were made alike, also in another process and on another day."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence, Set
from functools import partial
from pathlib import PurePath
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

_PLAIN = (bool, int, float, complex, str, bytes, PurePath, torch.dtype, torch.device, type(None))
# What a closure may gather while it is called says nothing of what it does.
_GATHERING = (list, dict, set)


def fingerprint(value: object) -> str:
    """SHA-256 of a value and of all that it holds: numbers, tables, weights, dataclasses, functions with their code.

    Lists and tuples are alike. Of a function or a class of one's own the code counts, of a function also its defaults
    and what it takes from around it, but for lists, dicts and sets, which it may fill; global names are not looked up.

    Example:
        >>> fingerprint({"hops": 1, "layers": (0, 1)}) == fingerprint({"layers": [0, 1], "hops": 1})
        True
    """
    digest = _Digest()
    digest.feed(value)
    return digest.hexdigest()


def hash_tensors(tensors: Iterable[torch.Tensor]) -> str:
    """SHA-256 of tensors in their order: their kinds, shapes and numbers."""
    digest = _Digest()
    for tensor in tensors:
        digest.feed(tensor)
    return digest.hexdigest()


def show_value(value: object) -> Any:
    """A value as JSON can hold it, so that it can be named in a message; the fingerprint of what JSON cannot hold."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [show_value(one) for one in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: show_value(one) for key, one in value.items()}
    return fingerprint(value)


class _Digest:
    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._inside: set[int] = set()  # what is being read: a thing may hold itself
        self.hexdigest = self._hash.hexdigest

    def _say(self, *texts: object) -> None:
        for text in texts:
            part = str(text).encode("utf-8", "surrogatepass")
            self._hash.update(b"%d:" % len(part) + part)

    def feed(self, value: object) -> None:
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, _PLAIN):
            self._say(type(value).__name__, repr(value))
        elif isinstance(value, torch.Tensor):
            self._say("tensor", value.dtype, tuple(value.shape))
            # As bytes: numpy knows no bfloat16.
            self._hash.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self._say("array", value.dtype, value.shape)
            self._hash.update(np.ascontiguousarray(value).tobytes())
        elif id(value) in self._inside:
            self._say("again")
        else:
            self._inside.add(id(value))
            self._feed_whole(value)
            self._inside.discard(id(value))

    def _feed_whole(self, value: object) -> None:
        if isinstance(value, np.ndarray):
            self._feed_all("array", value.tolist())
        elif isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
            frame = value if isinstance(value, pd.DataFrame) else pd.DataFrame({"": value})
            self._feed_all("frame", [(str(column), frame[column].tolist()) for column in frame.columns])
        elif isinstance(value, (Sequence, range)):
            self._feed_all("sequence", value)
        elif isinstance(value, Mapping):
            self._feed_all("mapping", sorted(value.items(), key=lambda item: repr(item[0])))
        elif isinstance(value, Set):
            self._feed_all("set", sorted(map(fingerprint, value)))
        elif isinstance(value, type):
            self._feed_class(value)
        elif isinstance(value, CodeType):
            self._feed_all("code", [value.co_code, value.co_names, value.co_consts])
        elif isinstance(value, FunctionType):
            around = [cell.cell_contents for cell in value.__closure__ or ()]
            kept = [one for one in around if not isinstance(one, _GATHERING)]
            self._feed_all("function", [value.__code__, value.__defaults__, value.__kwdefaults__, kept])
        elif isinstance(value, partial):
            self._feed_all("partial", [value.func, value.args, value.keywords])
        elif isinstance(value, MethodType):
            self._feed_all("method", [value.__func__, value.__self__])
        else:
            self._feed_class(type(value))
            self._feed_parts(value)

    def _feed_all(self, kind: str, values: Sequence[Any]) -> None:
        self._say(kind, len(values))
        for one in values:
            self.feed(one)

    def _feed_class(self, kind: type) -> None:
        self._say("class", kind.__module__, kind.__qualname__)
        if kind.__module__.partition(".")[0] not in ("kgwb", "torch", "transformers", "builtins"):
            functions = {name: part for name, part in vars(kind).items() if isinstance(part, FunctionType)}
            self.feed(functions)

    def _feed_parts(self, value: object) -> None:
        if dataclasses.is_dataclass(value):
            self.feed({field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
        elif hasattr(value, "backend_tokenizer"):
            # Each call leaves its padding and truncation behind.
            cutting = json.loads(value.backend_tokenizer.to_str())
            self.feed({name: part for name, part in cutting.items() if name not in ("padding", "truncation")})
            self.feed(
                getattr(value, "special_tokens_map", {})
            )  # which of them is the mask, the tokenizer itself does not say
        elif isinstance(value, nn.Module):
            parts = {name: part for name, part in vars(value).items() if name[0] != "_" and name != "training"}
            self.feed([parts, value._parameters, value._buffers, value._modules])
        elif hasattr(value, "__dict__"):
            self.feed({name: part for name, part in vars(value).items() if name[0] != "_"})
        elif " at 0x" not in repr(value):
            self._say(repr(value))
