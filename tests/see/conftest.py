"""Readings made by hand, quick and as hostile as they need to be; small graphs; and the BERT that travels with kgwb."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest
import torch
from attention_of_towns import FACTS
from islands import make_graph

from kgwb.bert import Bert, Reading, load_bert
from kgwb.embed import ComplEx, GraphEmbedding
from kgwb.graph import KnowledgeGraph, Mention

HOSTILE = ("<script>window.hacked=1</script>", "<img src=x onerror=hacked()>", '"></svg><b>', "</script>", "&amp;\x00")


def build_reading(
    *sentences: Sequence[str],
    layers: int = 2,
    heads: int = 3,
    mentions: Sequence[Mention] = (),
    injected: Sequence[int] = (),
    name: str = "plain",
    seed: int = 0,
) -> Reading:
    """A reading of word pieces, [CLS] and [SEP] added; mentions and injected places are those of the first sentence."""
    texts = sentences or (("paris", "is", "in", "[MASK]", "."),)
    tokens = tuple(("[CLS]", *words, "[SEP]") for words in texts)
    longest = max(map(len, tokens))
    generator = torch.Generator().manual_seed(seed)
    attention = torch.zeros(len(tokens), layers, heads, longest, longest)
    for i, words in enumerate(tokens):
        scores = 2 * torch.randn(layers, heads, len(words), len(words), generator=generator)
        attention[i, :, :, : len(words), : len(words)] = scores.softmax(-1)
    here = [tuple(i == 0 and j in injected for j in range(len(words))) for i, words in enumerate(tokens)]
    return Reading(
        sentences=tuple(" ".join(words) for words in texts),
        tokens=tokens,
        mentions=(tuple(mentions), *((),) * (len(tokens) - 1)),
        attention=attention,
        hidden=torch.zeros(len(tokens), layers + 1, longest, 4),
        injected=tuple(here),
        name=name,
    )


@pytest.fixture
def make_reading() -> Callable[..., Reading]:
    """Builds a reading of "paris is in [MASK] .", or of the word pieces given."""
    return build_reading


@pytest.fixture
def pair() -> tuple[Reading, Reading]:
    """Before and after a vector entered at the first word of "paris is in [MASK] ."."""
    mention = Mention(0, 5, 0, "Paris", pieces=(1, 2))
    return build_reading(), build_reading(mentions=[mention], injected=[1], name="plain + entity", seed=1)


@pytest.fixture
def hostile() -> tuple[str, ...]:
    """Labels that try to be markup."""
    return HOSTILE


@pytest.fixture
def hostile_pair() -> tuple[Reading, Reading]:
    """Word pieces, a mention and model names that try to be markup."""
    mention = Mention(0, 5, 0, HOSTILE[1], pieces=(1, 3))
    after = build_reading(HOSTILE, mentions=[mention], injected=[1], name=HOSTILE[2], seed=1)
    return build_reading(HOSTILE, name=HOSTILE[0]), after


@pytest.fixture(scope="session")
def bert() -> Bert:
    return load_bert()


@pytest.fixture(scope="session")
def towns() -> GraphEmbedding:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(FACTS, columns=["head", "relation", "tail"]))
    return GraphEmbedding(graph, ComplEx(), dim=16, seed=0)


@pytest.fixture
def star() -> KnowledgeGraph:
    """A hub with five neighbours, a second ring, and one entity alone."""
    triples = [(0, 0, i) for i in range(1, 6)] + [(1, 1, 6), (2, 1, 6), (6, 0, 7)]
    return make_graph(sorted(triples), [f"Isle {i}" for i in range(9)], ["hub"] + ["isle"] * 8)


@pytest.fixture
def many() -> KnowledgeGraph:
    """Entities of three types, more than are drawn at once, joined at random."""
    random = np.random.default_rng(0)
    triples = np.unique(random.integers(0, [400, 2, 400], (900, 3)), axis=0)
    return make_graph(
        triples.tolist(), [f"n{i}" for i in range(400)], [("town", "ship", "isle")[i % 3] for i in range(400)]
    )
