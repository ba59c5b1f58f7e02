"""A head built by hand is Hugging Face's head, and what counts them sees when it is not."""

from __future__ import annotations

import pytest
import torch

import kgwb
from kgwb.lessons import attention_head

SENTENCE = "The Danube flows past Vienna."


@pytest.fixture(scope="module")
def bert() -> kgwb.bert.Bert:
    return kgwb.load_bert("minilm")


@pytest.fixture(scope="module")
def reading(bert: kgwb.bert.Bert) -> kgwb.bert.Reading:
    return kgwb.read(bert, [SENTENCE, "A second sentence is longer, so that the first is padded to its length."])


def attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return (q @ k.T / q.shape[-1] ** 0.5).softmax(-1) @ v


@pytest.mark.parametrize("part", ["weights", "outputs"])
def test_the_equation_gives_every_head(bert: kgwb.bert.Bert, reading: kgwb.bert.Reading, part: str) -> None:
    assert attention_head.count_rebuilt(attend, bert, reading, part) == 72  # type: ignore[arg-type]


@pytest.mark.parametrize("part", ["weights", "outputs"])
def test_without_the_root_or_the_softmax_it_gives_none(
    bert: kgwb.bert.Bert, reading: kgwb.bert.Reading, part: str
) -> None:
    for wrong in (lambda q, k, v: (q @ k.T).softmax(-1) @ v, lambda q, k, v: q @ k.T @ v):
        assert attention_head.count_rebuilt(wrong, bert, reading, part) == 0  # type: ignore[arg-type]


def test_a_difference_in_the_fourth_decimal_counts(bert: kgwb.bert.Bert, reading: kgwb.bert.Reading) -> None:
    almost = attention_head.count_rebuilt(lambda q, k, v: attend(q, k, v) + 1e-4, bert, reading, "weights")
    assert almost == 0


def test_another_shape_is_refused(bert: kgwb.bert.Bert, reading: kgwb.bert.Reading) -> None:
    with pytest.raises(
        ValueError, match=r"attend gave the shape \(1,\), and \(8, 8\) was expected\. A row for each query"
    ):
        attention_head.count_rebuilt(lambda q, k, v: torch.ones(1), bert, reading, "weights")


def test_recorded_outputs_are_those_of_the_library(bert: kgwb.bert.Bert, reading: kgwb.bert.Reading) -> None:
    """Hugging Face's layer, called by itself on the hidden states that the reading holds."""
    before = _count_hooks(bert)
    recorded = attention_head.record_outputs(bert, reading)
    assert _count_hooks(bert) == before
    assert recorded.shape == (6, reading.lengths[0], 384)
    for number, layer in enumerate(bert.model.base_model.encoder.layer):  # type: ignore[union-attr, arg-type]
        states = reading.hidden[:1, number, : reading.lengths[0]]
        own = layer.attention.self.eval()(states, None)[0].detach()  # type: ignore[union-attr]
        torch.testing.assert_close(recorded[number], own[0], atol=1e-5, rtol=0)


def _count_hooks(bert: kgwb.bert.Bert) -> int:
    return sum(len(module._forward_hooks) for module in bert.modules())
