"""Sizes that memory cannot hold, and numbers so short that sums with them run over, in every place that takes a size."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb import embed
from kgwb.bert.injection import choose_doors
from kgwb.checks import expect_at_least, expect_number

FACTS = [(f"e{i}", "r", f"e{(i * 7 + 1) % 12}") for i in range(12)]
GRAPH = kgwb.KnowledgeGraph.from_pandas(
    pd.DataFrame(FACTS, columns=["head", "relation", "tail"]),
    pd.DataFrame({"entity": ["e0", "e1"], "area": [1.0, 2.0]}),
)
SPLIT = kgwb.split_triples(GRAPH)
VECTORS = kgwb.GraphEmbedding(GRAPH, kgwb.ComplEx(), dim=4)
# What is made of a graph, with its sizes; whatever else counts something is looked up, not made.
MADE: dict[str, Callable[..., Any]] = {
    name: made if name == "AffineEncoder" else lambda made=made, **sizes: made(SPLIT, **sizes)
    for name, made in vars(embed).items()
    if inspect.isclass(made)
    and made.__module__.startswith("kgwb.embed.encoders")
    and "dim" in inspect.signature(made).parameters
}
MADE["GraphEmbedding"] = lambda **sizes: kgwb.GraphEmbedding(GRAPH, kgwb.ComplEx(), **sizes)
MADE["AdversarialNegatives"] = lambda **sizes: embed.AdversarialNegatives(GRAPH, 2, **sizes)
MADE["intervals"] = lambda **sizes: kgwb.rank_triples(VECTORS, SPLIT.test, known=None).intervals(**sizes)
SIZES = {"intervals": ("samples",), "RelationalConvolution": ("dim", "bases")}
CASES = [(name, size) for name in MADE for size in SIZES.get(name, ("dim",))]
DOORS = [
    (mode, name)
    for mode in ("graph", "tower")
    for name in inspect.signature(choose_doors(mode)[mode]).parameters
    if name in ("width", "heads")  # sizes of one tensor; how many layers there are is nobody's slip
]


def test_all_encoders_are_tried() -> None:
    assert len(MADE) >= 7
    assert len(DOORS) >= 3


@pytest.mark.parametrize(("name", "size"), CASES)
def test_a_size_that_memory_cannot_hold_is_named(name: str, size: str) -> None:
    with pytest.raises(
        MemoryError, match=rf"{size}={2**46}.* came, which takes more memory than there is\. Type less, as"
    ):
        MADE[name](**{size: 2**46})


@pytest.mark.parametrize(("mode", "name"), DOORS)
def test_so_is_that_of_a_door(mode: str, name: str) -> None:
    bert = kgwb.load_bert("minilm")
    with pytest.raises((MemoryError, ValueError), match=rf"{name}={2**46}.* came.*[Tt]ype "):
        kgwb.inject(bert, VECTORS, mode=mode, **{name: 2**46})  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [np.uint8(200), np.int8(100), np.int16(4), np.float16(2)])
def test_a_number_of_few_bits_is_refused(number: Any) -> None:
    with pytest.raises(ValueError, match=rf"dim=np\..*runs over; type dim={int(number)}\."):
        expect_at_least("dim", number, 1, whole=True)
    with pytest.raises(ValueError, match=rf"rate=np\..*runs over; type rate={int(number)}\."):
        expect_number("rate", number, usual=0.1)


@pytest.mark.parametrize("number", [4, np.int32(4), np.uint32(4), np.int64(4)])
def test_others_of_numpys_are_taken(number: Any) -> None:
    expect_at_least("dim", number, 1, whole=True)
    expect_number("dim", number, usual=4)
