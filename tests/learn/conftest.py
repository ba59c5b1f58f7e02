"""A toy town whose people no BERT knows, and a BERT small enough to tune within a test."""

from __future__ import annotations

import copy
import multiprocessing
from collections.abc import Iterator

import pandas as pd
import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertForMaskedLM

import kgwb
from kgwb.bert import Bert
from kgwb.bert.loading import _find_minilm
from kgwb.graph import KnowledgeGraph, Mention, Sentence

FIRST = ("bren", "drav", "jut", "mal", "quin", "sol", "tesk", "vor")
PEOPLE = [first + second for first in FIRST for second in ("ap", "ek", "il", "os", "um")]
TRADES = ("Baker", "Miller")


@pytest.fixture(scope="session")
def town() -> KnowledgeGraph:
    facts = [(person, "works as", TRADES[i % 2]) for i, person in enumerate(PEOPLE)]
    facts += [
        ("vorap", "speaks", "Ket"),
        ("vorap", "speaks", "Sol"),
        ("vorek", "speaks", "Ket"),
        ("malap", "speaks", "Run"),
    ]
    return KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), name="town")


def say(graph: KnowledgeGraph, head: str, relation: str, tail: str, form: str, wording: int = 0) -> Sentence:
    text = form.format(head=head, tail=tail)
    ends = [(text.index(name), name) for name in (head, tail)]
    mentions = tuple(Mention(at, at + len(name), graph.entity_id(name), name) for at, name in sorted(ends))
    triple = (graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail))
    return Sentence(text, mentions, triple, wording)


@pytest.fixture(scope="session")
def sentences(town: KnowledgeGraph) -> list[Sentence]:
    forms = ("{head} works as {tail}.", "The trade of {head} is {tail}.")
    facts = town.to_pandas().query("relation == 'works as'")
    return [say(town, f.head, f.relation, f.tail, form, i) for f in facts.itertuples() for i, form in enumerate(forms)]


@pytest.fixture(scope="session")
def vectors(town: KnowledgeGraph) -> kgwb.GraphEmbedding:
    embedding = kgwb.GraphEmbedding(town, kgwb.ComplEx(), dim=16, seed=0)
    for _ in kgwb.train_embedding(embedding, town, epochs=40, batch=8, learning_rate=0.2, precision="float32"):
        pass
    return embedding


@pytest.fixture(scope="session")
def small_bert() -> Bert:
    tokenizer = AutoTokenizer.from_pretrained(_find_minilm())
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertForMaskedLM(config)
    model.set_attn_implementation("eager")
    return Bert(model, tokenizer, name="small", new_head=True).eval()


@pytest.fixture
def bert(small_bert: Bert) -> Bert:
    """A copy, to be tuned."""
    return copy.deepcopy(small_bert)


@pytest.fixture
def nobody_is_left() -> Iterator[None]:
    """No process that a test started outlives it."""
    psutil = pytest.importorskip("psutil")
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    assert {child.pid for child in psutil.Process().children(recursive=True)} <= before
    assert multiprocessing.active_children() == []
