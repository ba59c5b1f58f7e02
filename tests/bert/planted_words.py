"""Words that BERT knows as entities, and vectors drawn for them: what an alignment is tried on."""

from __future__ import annotations

import pandas as pd
import torch

import kgwb
from kgwb.bert.alignment.missing_vectors import FilledVectors

WORDS = (
    "paris london rome berlin madrid vienna prague dublin athens moscow tokyo cairo lima boston chicago dallas river "
    "lake mountain sea forest desert island valley king queen bishop soldier doctor teacher lawyer farmer bread cheese "
    "wine beer meat fruit iron gold silver copper stone glass paper silk music dance film theatre poem novel war peace"
).split()


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def draw_rotation(dim: int, seed: int) -> torch.Tensor:
    return torch.linalg.qr(draw(dim, dim, seed=seed))[0]


def name_entities(labels: list[str], types: list[str] | None = None) -> kgwb.KnowledgeGraph:
    facts = pd.DataFrame({"head": ["0"], "relation": ["next to"], "tail": ["1"]})
    names = [str(i) for i in range(len(labels))]
    entities = pd.DataFrame({"entity": names, "label": labels, "type": types or [""] * len(labels)})
    graph = kgwb.KnowledgeGraph.from_pandas(facts, entities)
    assert set(graph.labels) == set(labels)
    return graph


def give_vectors(graph: kgwb.KnowledgeGraph, table: torch.Tensor) -> FilledVectors:
    """Vectors as any other library may have made them."""
    return FilledVectors(graph, table, torch.ones(1, 2), (), (), float("nan"))
