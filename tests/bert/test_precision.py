"""Every door works in half the digits, as tuning and probing use them: in an autocast, and as a whole model."""

from __future__ import annotations

import copy
from contextlib import nullcontext

import pytest
import torch

from kgwb.bert import Bert, Encoding, encode_sentences, find_mentions

TEXTS = ["Paris is the capital of France, not New York, twin of York.", "Nobody is named here."]


def read_in_half(model: Bert, encoding: Encoding, how: str) -> torch.Tensor:
    if how == "whole":
        model = copy.deepcopy(model).bfloat16()
    with torch.autocast("cpu", torch.bfloat16) if how == "autocast" else nullcontext():
        return model(encoding).last_hidden_state.float()


@pytest.mark.parametrize("how", ["autocast", "whole"])
def test_half_the_digits_say_about_the_same(every, vectors, how):
    encoding = encode_sentences(every, TEXTS, mentions=find_mentions(TEXTS, vectors.graph, every.tokenizer))
    real = encoding.is_token
    with torch.no_grad():
        expected, found = every(encoding).last_hidden_state, read_in_half(every, encoding, how)
        assert not torch.equal(found[real], expected[real])
        torch.testing.assert_close(found[real], expected[real], atol=0.2, rtol=0)
    trained = read_in_half(every, encoding, how)
    torch.testing.assert_close(trained[real], expected[real], atol=0.2, rtol=0)
    trained[real].square().mean().backward()
    assert all(p.grad is None or bool(p.grad.isfinite().all()) for p in every.injector.parameters())
