"""What a part of a training was made with, options and data included, so that another is not taken for the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.fingerprints import hash_tensors
from kgwb.graph.knowledge_graph import KnowledgeGraph

_PLAIN = (str, int, float, bool, type(None))
_OF_TORCH = frozenset(vars(nn.Module()))  # parameters, hooks and the like, which are no options


def describe_part(name: str, part: object) -> dict[str, str | int | float | bool]:
    """Every option of an encoder, a scorer or negatives by its dotted name, and the digest of every table it was given.

    What training changes, parameters and what is saved with them, is no part of it: only their shapes are.

    Args:
        name: what the part is called: "encoder".
        part: a module, a dataclass, or any object with options as its attributes.

    Example:
        >>> describe_part("encoder", nn.Dropout(p=0.25))
        {'encoder': 'torch.nn.modules.dropout.Dropout', 'encoder.p': 0.25, 'encoder.inplace': False}
    """
    kind = type(part)
    return {name: f"{kind.__module__}.{kind.__qualname__}"} | dict(_list_options(name, part, depth=0))


def digest_triples(*tables: np.ndarray) -> str:
    """How many triples there are in each table, and the SHA-256 of them all."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(np.ascontiguousarray(table, dtype=np.int64).data)
    return f"{len(tables[0]):,}, SHA-256 {digest.hexdigest()[:12]}"


def digest_numbers(numbers: np.ndarray) -> str:
    """How many numbers there are, and the SHA-256 of them."""
    digest = hashlib.sha256(f"{numbers.dtype}".encode() + np.ascontiguousarray(numbers).tobytes())
    return f"{len(numbers):,}, SHA-256 {digest.hexdigest()[:12]}"


def digest_start(embedding: GraphEmbedding) -> str:
    """SHA-256 of the tables that a run begins with."""
    tables = (embedding.entity_table, embedding.relation_table, embedding.inverse_table)
    return hash_tensors(table for table in tables if table is not None)


def _list_options(name: str, part: object, *, depth: int) -> Iterator[tuple[str, str | int | float | bool]]:
    for option, value in _read_attributes(part).items():
        if isinstance(value, (str, bool, int, float)):
            yield f"{name}.{option}", value
        else:
            yield f"{name}.{option}", _spell(value)
    if not isinstance(part, nn.Module):
        return
    lasting = part.state_dict().keys()
    for option, tensor in part.named_buffers(recurse=False):
        yield f"{name}.{option}", f"shape {tuple(tensor.shape)}" if option in lasting else _spell(tensor)
    for option, tensor in part.named_parameters(recurse=False):
        yield f"{name}.{option}", f"shape {tuple(tensor.shape)}"
    for option, inner in part.named_children():
        yield f"{name}.{option}", f"{type(inner).__module__}.{type(inner).__qualname__}"
        yield from _list_options(f"{name}.{option}", inner, depth=depth + 1)


def _read_attributes(part: object) -> dict[str, Any]:
    own = dict(getattr(part, "__dict__", {}))
    if is_dataclass(part) and not isinstance(part, type):
        own |= {field.name: getattr(part, field.name) for field in fields(part)}
    # What begins with _ is what a part keeps for itself between steps, and changes while it trains.
    return {name: value for name, value in own.items() if name not in _OF_TORCH and not name.startswith("_")}


def _spell(value: object) -> str:
    if value is None:
        return "None"
    digest = hashlib.sha256()
    _add(digest, value, 0)
    return f"{type(value).__name__}, SHA-256 {digest.hexdigest()[:12]}"


def _add(digest: Any, value: object, depth: int) -> None:
    """Feed a value into a digest, whatever it holds."""
    digest.update(f"<{type(value).__module__}.{type(value).__qualname__}>".encode())
    if isinstance(value, (*_PLAIN, Path, np.generic, torch.dtype, torch.device)):
        digest.update(repr(value).encode())
    elif isinstance(value, torch.Tensor):
        dense = value.detach().cpu().to_dense().contiguous()
        digest.update(f"{dense.dtype} {tuple(dense.shape)}".encode())
        digest.update(dense.reshape(-1).view(torch.uint8).numpy().data)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(f"{value.dtype} {value.shape}".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, torch.Generator):
        digest.update(str(value.initial_seed()).encode())
    elif isinstance(value, KnowledgeGraph):
        digest.update(value.fingerprint.encode() + np.ascontiguousarray(value.triples).tobytes())
    elif isinstance(value, (pd.DataFrame, pd.Series, pd.Index)):
        _add(digest, value.to_dict() if not isinstance(value, pd.Index) else value.tolist(), depth + 1)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            _add(digest, key, depth + 1)
            _add(digest, inner, depth + 1)
    elif isinstance(value, Set):
        for inner in sorted(map(repr, value)):
            digest.update(inner.encode())
    elif isinstance(value, (Sequence, np.ndarray)):
        for inner in value.tolist() if isinstance(value, np.ndarray) else value:
            _add(digest, inner, depth + 1)
    elif callable(value) and hasattr(value, "__qualname__"):
        digest.update(value.__qualname__.encode())
    elif depth < 9:
        for name, inner in _read_attributes(value).items():
            digest.update(name.encode())
            _add(digest, inner, depth + 1)
