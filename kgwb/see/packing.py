"""Data as they travel to a view's script: arrays and texts as bytes, never as numbers in words."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kgwb.words import mend_text

KINDS = {"f": ("float32",), "u": ("uint8", "uint16", "uint32"), "i": ("int32",)}  # what travels, by numpy's kinds


def pack_array(array: np.ndarray) -> dict[str, Any]:
    """An array as it travels to the browser: bytes, beside their type and shape; never as text.

    Raises:
        TypeError: its type is none that a browser has.

    Example:
        >>> pack_array(np.zeros((2, 3), np.float32))["shape"]
        [2, 3]
    """
    known = [name for names in KINDS.values() for name in names]
    if array.dtype.name not in known:
        raise TypeError(f"An array of {array.dtype} came. A browser reads {', '.join(known)}; type array.astype(...).")
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return {"view": memoryview(little.tobytes()), "dtype": array.dtype.name, "shape": list(array.shape)}


def pack_texts(texts: Sequence[str]) -> dict[str, Any]:
    """Texts as one buffer of UTF-8, and where in it each begins; one offset more says where the last one ends.

    Example:
        >>> packed = pack_texts(["é", "ab"])
        >>> bytes(packed["bytes"]["view"]).decode(), np.frombuffer(packed["offsets"]["view"], np.uint32).tolist()
        ('éab', [0, 2, 4])
    """
    parts = [mend_text(text).encode("utf-8") for text in texts]
    offsets = np.cumsum([0, *map(len, parts)]).astype(np.uint32)
    return {"bytes": pack_array(np.frombuffer(b"".join(parts), np.uint8)), "offsets": pack_array(offsets)}


def encode_buffers(state: Any) -> Any:
    """The same with every buffer as base64, as a page holds it."""
    if isinstance(state, memoryview):
        return base64.b64encode(state).decode("ascii")
    if isinstance(state, Mapping):
        return {name: encode_buffers(value) for name, value in state.items()}
    return [encode_buffers(value) for value in state] if isinstance(state, (list, tuple)) else state
