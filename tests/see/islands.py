"""Small graphs called islands, labels that try to be markup, and what is packed for a page read back."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.knowledge_graph import KnowledgeGraph

HOSTILE = (
    "<script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    '"></svg>',
    "</script>",
    "<b>bold</b>",
    "中文",
)


def make_graph(
    triples: list[tuple[int, int, int]], labels: list[str], types: list[str] | None = None
) -> KnowledgeGraph:
    count = len(labels)
    entities = pd.DataFrame(
        {"entity": [f"e{i}" for i in range(count)], "label": labels, "type": types or [""] * count, "description": ""}
    )
    entities["aliases"] = [()] * count
    relations = pd.DataFrame({"relation": ["r0", "r1"], "label": ["near", "<i>far</i>"], "description": ""})
    return KnowledgeGraph(np.array(triples, np.int64).reshape(-1, 3), entities, relations, name="islands")


def unpack(packed: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(packed["view"], packed["dtype"]).reshape(packed["shape"])


def unpack_texts(packed: dict[str, Any]) -> list[str]:
    letters, offsets = unpack(packed["bytes"]).tobytes(), unpack(packed["offsets"]).tolist()
    return [letters[start:end].decode() for start, end in itertools.pairwise(offsets)]
