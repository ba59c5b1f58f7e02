"""One small view of each live kind, with what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

import kgwb
from kgwb.embed import Epoch

FACTS = pd.DataFrame([("a", "r", "b"), ("b", "r", "c"), ("c", "s", "a")], columns=["head", "relation", "tail"])


def show_attention() -> Any:
    return kgwb.show_attention(kgwb.read(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in [MASK]."]))


def show_training() -> Any:
    runs = {name: [Epoch(i, 3 / i + k, 0.1, {"MRR": i / 20}) for i in range(1, 12)] for k, name in enumerate("ab")}
    return kgwb.show_training(runs, floor={"uniform: ln 20": 3.0})


def show_graph() -> Any:
    return kgwb.show_graph(kgwb.KnowledgeGraph.from_pandas(FACTS, name="abc"), around="a", hops=2)


def show_space() -> Any:
    points = np.random.default_rng(0).normal(size=(60, 5))
    return kgwb.show_space(points, labels=[f"p{i}" for i in range(60)], types=["x", "y", "z"] * 20, method="pca")


def record_film() -> Any:
    vectors = kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(FACTS), kgwb.ComplEx(), dim=4)
    film = kgwb.record_film(vectors, kgwb.train_embedding(vectors, vectors.graph, epochs=3))
    list(film)
    return film


def show_heads() -> Any:
    return kgwb.show_heads(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in Italy."])


# A live view is tested in every host by its maker being listed.
MAKERS: dict[str, Callable[[], Any]] = {
    "AttentionView": show_attention,
    "TrainingView": show_training,
    "GraphView": show_graph,
    "SpaceView": show_space,
    "FilmView": record_film,
    "HeadsView": show_heads,
}
