"""Numbers of every sort for every numeric option of public functions: an error that says what to type, or a finite result."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import kgwb
from kgwb.bert import Bert
from kgwb.bert.tiny import train_tiny
from kgwb.graph import KnowledgeGraph

NUMBERS: tuple[Any, ...] = (
    float("nan"),
    float("inf"),
    -float("inf"),
    -1,
    0,
    1,
    2,
    0.5,
    -0.5,
    1.5,
    10**30,
    1e300,
    -(10**30),
)
NUMBERS += (
    True,
    False,
    np.int64(2),
    np.float32(0.5),
    np.float64("nan"),
    np.uint8(1),
    np.bool_(True),
    Fraction(1, 2),
    None,
    "1",
)
NUMBERS += (2**31, 2**63, -(2**63), 1e-320, torch.tensor(2), np.array(2), [1], (), 3 + 0j)
FACTS = [(f"e{i}", f"r{i % 2}", f"e{(i * 3 + 1) % 9}") for i in range(12)]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the calls below take."""
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))
    split = kgwb.split_triples(graph, valid=0.1, test=0.2)
    vectors = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4)
    texts = [f"{head} {relation} {tail}" for head, relation, tail in FACTS]
    cache = tmp_path_factory.mktemp("cache")
    bert = kgwb.load_bert(train_tiny(texts, layers=1, width=32, vocabulary=60, steps=1, cache=cache, progress=False))
    return {"graph": graph, "split": split, "vectors": vectors, "bert": bert, "cache": cache, "texts": texts}


def _train(vectors: Any, split: Any, **options: Any) -> None:
    next(kgwb.train_embedding(kgwb.GraphEmbedding(vectors.graph, kgwb.ComplEx(), dim=4), split, **options))


def _tune(bert: Bert, graph: KnowledgeGraph, **options: Any) -> None:
    questions = kgwb.make_questions(kgwb.verbalise(graph), graph)
    model = kgwb.inject(bert, kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=4))
    next(kgwb.tune(model, kgwb.MaskedAnswers(questions), **options))


def _read(bert: Bert, **options: Any) -> None:
    kgwb.read(bert, "e0 r0", mentions=[[kgwb.graph.Mention(**{"start": 0, "end": 2, "entity": 0} | options)]])


MORE = ("margin", "temperature", "regularisation", "weight_decay", "relation_weight", "warm_up", "plateau")
CALLS: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {
    "split_triples": (lambda on, **o: kgwb.split_triples(on["graph"], **o), ("valid", "test", "seed")),
    "GraphEmbedding": (lambda on, **o: kgwb.GraphEmbedding(on["graph"], kgwb.RotatE(), **o), ("dim", "seed")),
    "train_embedding": (
        lambda on, **o: _train(on["vectors"], on["split"], **o),
        (
            "epochs",
            "batch",
            "learning_rate",
            "negatives",
            "dropout",
            "patience",
            "evaluate_every",
            "cool_down",
            "seed",
            *MORE,
        ),
    ),
    "predict": (lambda on, **o: on["vectors"].predict(head="e0", relation="r0", **o), ("k",)),
    "rank_triples": (
        lambda on, **o: kgwb.rank_triples(on["vectors"], on["split"].test, known=None, **o),
        ("memory", "outranked_by"),
    ),
    "find_rules": (
        lambda on, **o: kgwb.find_rules(on["graph"], **o),
        ("min_confidence", "min_support", "min_head_coverage", "min_pca_confidence"),
    ),
    "inject": (lambda on, **o: kgwb.inject(on["bert"], on["vectors"], **o), ("seed", "layers", "strength", "dropout")),
    "memory": (
        lambda on, **o: kgwb.inject(on["bert"], on["vectors"], mode="memory", **o),
        ("hops", "most", "layers", "seed"),
    ),
    "graph door": (
        lambda on, **o: kgwb.inject(on["bert"], on["vectors"], mode="graph", **o),
        ("hops", "depth", "most"),
    ),
    "tune": (
        lambda on, **o: _tune(on["bert"], on["graph"], **o),
        ("epochs", "batch", "learning_rate", "seed", "top_layers"),
    ),
    "show_graph": (lambda on, **o: kgwb.show_graph(on["graph"], around="e0", **o), ("hops", "limit", "seed")),
    "show_space": (lambda on, **o: kgwb.show_space(on["vectors"], **o), ("seed", "labelled", "neighbours", "limit")),
    "train_tiny": (
        lambda on, **o: train_tiny(
            on["texts"], cache=on["cache"], progress=False, **{"steps": 1, "layers": 1, "width": 32} | o
        ),
        ("layers", "width", "vocabulary", "seed"),
    ),
    "Mention": (lambda on, **o: _read(on["bert"], **o), ("start", "end", "entity")),
    "score": (lambda on, **o: on["vectors"].score([list(o.values())]), ("head", "relation", "tail")),
    "TransE": (lambda on, **o: kgwb.TransE(**o), ("norm",)),
}


def test_numbers(given: dict[str, Any], withstand: Callable[..., None]) -> None:
    def call(chance: random.Random, folder: Path) -> None:
        name = chance.choice(sorted(CALLS))
        function, options = CALLS[name]
        chosen = {
            option: chance.choice(NUMBERS)
            for option in chance.sample(options, min(len(options), chance.choice((1, 1, 2))))
        }
        try:
            function(given, **chosen)
        except TypeError as problem:
            if "unexpected keyword argument" not in str(problem):
                raise
        except Exception as problem:
            problem.add_note(f"{name} {chosen}")
            raise

    withstand(call, 0.1)
