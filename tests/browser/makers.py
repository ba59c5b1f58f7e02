"""One small view of each live kind, with what makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    film = kgwb.see.record_film(vectors, kgwb.train_embedding(vectors, vectors.graph, epochs=3))
    list(film)
    return film


def show_heads() -> Any:
    return kgwb.show_heads(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in Italy."])


def show_review() -> Any:
    graph = kgwb.KnowledgeGraph.from_pandas(FACTS, name="abc")
    return kgwb.see.show_review(
        make_candidates(graph, [("a", "b"), ("a", "c"), ("b", "a"), ("c", "b")]), graph, threshold=0.6
    )


def make_candidates(graph: kgwb.KnowledgeGraph, pairs: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """Candidates of the first relation as propose_facts gives them, each less probable than the one before; what is no
    label of the graph is NIL."""
    held, rows = set(map(tuple, graph.triples.tolist())), []
    for i, names in enumerate(pairs):
        ids = [graph.entity_id(name) if name in graph.labels else -1 for name in names]
        text = f"{names[0]} and {names[1]}."
        row = {"head": ids[0], "relation": 0, "tail": ids[1], "head_label": names[0], "tail_label": names[1]}
        row |= {"relation_label": graph.relation_labels[0], "head_type": "", "tail_type": "", "support": i + 1}
        row |= {"probability": 1 - (i + 1) / (len(pairs) + 1), "by_text": 0.5, "by_types": np.nan, "by_vectors": 0.25}
        row |= {"by_rules": np.nan, "known": (ids[0], 0, ids[1]) in held, "contradicts": "", "stated_in": (i,)}
        row |= {"sentence": text, "head_start": 0, "head_end": len(names[0]), "tail_start": len(names[0]) + 5}
        rows.append({**row, "tail_end": len(names[0]) + 5 + len(names[1])})
    return pd.DataFrame(rows)


# A live view is tested in every host by its maker being listed.
MAKERS: dict[str, Callable[[], Any]] = {
    "AttentionView": show_attention,
    "TrainingView": show_training,
    "GraphView": show_graph,
    "SpaceView": show_space,
    "FilmView": record_film,
    "HeadsView": show_heads,
    "ReviewView": show_review,
}
