"""Readings made by hand: quick, without a BERT, and as hostile as they need to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch

from kgwb.bert import Reading
from kgwb.graph import Mention

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
