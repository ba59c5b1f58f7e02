"""A small graph whose entities BERT's sentences name, vectors for it, and the BERT that travels with kgwb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import torch
from planted_words import WORDS, draw, draw_rotation, give_vectors, name_entities

import kgwb
from kgwb.bert import Bert, encode_sentences
from kgwb.bert.alignment.missing_vectors import FilledVectors
from kgwb.bert.alignment.word_space import read_labels

# Every door, in every form it can take: what holds for one must hold for all.
DOORS: dict[str, tuple[Any, dict[str, Any]]] = {
    "entity": ("entity", {}),
    "entity, first piece": ("entity", {"pieces": "first"}),
    "entity, beside": ("entity", {"place": "beside"}),
    "entity, middle": ("entity", {"place": "middle", "layers": (1, 4)}),
    "entity, output": ("entity", {"place": "output"}),
    "entity, everywhere": ("entity", {"place": ("input", "beside", "middle", "output")}),
    "relation": ("relation", {}),
    "relation, bias": ("relation", {"how": "bias"}),
    "relation, visible": ("relation", {"how": "visible"}),
    "graph": ("graph", {}),
    "graph, two hops": ("graph", {"hops": 2, "depth": 2}),
    "tower": ("tower", {}),
    "memory": ("memory", {}),
    "memory, all facts": ("memory", {"reach": "all"}),
    "memory, two hops": ("memory", {"hops": 2, "layers": (0, 5)}),
    "entity and memory": (("entity", "memory"), {"memory": {"hops": 2}}),
    "relation and tower": (("relation", "tower"), {}),
    "a vector beside, and memory": (("entity", "memory"), {"entity": {"place": "beside"}}),
    "pointer": ("pointer", {}),
    "memory and pointer": (("memory", "pointer"), {"pointer": {"layer": 1}}),
    "adaptive entity": ("entity", {"adaptive": True}),
    "adaptive vector beside": ("entity", {"adaptive": True, "place": "beside"}),
    "adaptive relation": ("relation", {"adaptive": True}),
    "adaptive graph": ("graph", {"adaptive": True}),
    "adaptive tower": ("tower", {"adaptive": True}),
    "adaptive memory": ("memory", {"adaptive": True}),
    "adaptive pointer": ("pointer", {"adaptive": True}),
}

FACTS = [
    ("Paris", "capital of", "France"),
    ("Lyon", "city in", "France"),
    ("Quorrin Vath", "born in", "Paris"),
    ("New York", "city in", "America"),
    ("York", "city in", "England"),
    ("New York", "twin of", "York"),
    ("北京", "capital of", "中国"),
]


@pytest.fixture(scope="session")
def bert() -> Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="session")
def vectors() -> kgwb.GraphEmbedding:
    aliases = pd.DataFrame({"entity": ["New York"], "aliases": ["Big Apple|NYC"]})
    facts = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    graph = kgwb.KnowledgeGraph.from_pandas(facts, aliases)
    embedding = kgwb.GraphEmbedding(graph, kgwb.ComplEx(), dim=16, seed=0)
    with torch.no_grad():
        for parameter in embedding.parameters():
            parameter.normal_(generator=torch.Generator().manual_seed(0))
    return embedding


def set_gates(model: Bert, alpha: float) -> Bert:
    """The model with every gate of its door at tanh(alpha), as if it had been trained."""
    with torch.no_grad():
        for parameter in model.injector.parameters():
            if parameter.ndim == 0:
                parameter.fill_(alpha)
    return model


def score_answers(model: Bert, entities: torch.Tensor, text: str = "Paris is the capital of [MASK].") -> Any:
    """What the doors of a model add to the scores of entities as answers; None if they add nothing."""
    found = kgwb.find_mentions([text], model.injector.graph, model.tokenizer)
    hidden, trace = model.reach_mask(encode_sentences(model, [text], mentions=found))
    return model.injector.score_entities(hidden, entities, trace)


@pytest.fixture(name="score_answers")
def score_answers_fixture() -> Callable[..., Any]:
    """`score_answers`, for tests."""
    return score_answers


@pytest.fixture(params=list(DOORS))
def closed(request, bert: Bert, vectors: kgwb.GraphEmbedding) -> Bert:
    """BERT with a fresh door, for each door."""
    mode, options = DOORS[request.param]
    return kgwb.inject(bert, vectors, mode=mode, **options)


@pytest.fixture
def every(closed: Bert) -> Bert:
    """BERT with its door half open, for each door."""
    return set_gates(closed, 0.5)


@pytest.fixture
def opened(bert: Bert, vectors: kgwb.GraphEmbedding) -> Bert:
    """BERT with the entity door half open."""
    return set_gates(kgwb.inject(bert, vectors), 0.5)


@pytest.fixture(scope="session", name="set_gates")
def set_gates_fixture() -> Callable[[Bert, float], Bert]:
    """`set_gates`, for tests that open doors themselves."""
    return set_gates


@pytest.fixture(scope="module")
def words() -> kgwb.KnowledgeGraph:
    return name_entities(WORDS, ["even" if i % 2 else "odd" for i in range(len(WORDS))])


@pytest.fixture(scope="module")
def planted(bert, words) -> FilledVectors:
    """Vectors from which the words can be read by a rotation, but for a little noise."""
    table = read_labels(bert, words.labels).vectors @ draw_rotation(384, seed=1)
    return give_vectors(words, (3 * table + 0.01 * draw(*table.shape) + 1).float())
