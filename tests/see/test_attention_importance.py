"""What stands beside attention: how much each word piece weighs for the answer, and how far it moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from attention_of_towns import TEXTS, open_door

from kgwb.bert import Bert, encode_sentences, measure_importance, read
from kgwb.embed import GraphEmbedding
from kgwb.see.attention.view import show_attention


@pytest.mark.parametrize("mode", [None, "entity", "memory"])
def test_gradient_times_input_is_the_slope_of_the_logit_by_finite_differences(
    bert: Bert, towns: GraphEmbedding, mode: Any
) -> None:
    text, step = "Rome is in [MASK].", 2e-2
    model = bert if mode is None else open_door(bert, towns, mode, {})
    found = measure_importance(model, text, target="italy")
    mentions = [reading_mentions] if (reading_mentions := read(model, text).mentions[0]) else None
    encoding = encode_sentences(model, [text], mentions=mentions)
    piece = model.tokenizer.convert_tokens_to_ids("italy")
    words = model.words.weight

    def measure(place: int, factor: float) -> float:
        def scale(_module: Any, _given: Any, output: torch.Tensor) -> torch.Tensor:
            scaled = output.clone()
            scaled[0, place] *= factor
            return scaled

        handle = model.words.register_forward_hook(scale)
        try:
            with torch.no_grad():
                return float(model.fill_mask(encoding)[0, piece])
        finally:
            handle.remove()

    assert found.logit == pytest.approx(measure(0, 1.0), abs=1e-4)
    for place, score in enumerate(found.scores):
        by_hand = (measure(place, 1 + step) - measure(place, 1 - step)) / (2 * step)
        assert score == pytest.approx(by_hand, abs=5e-3)
    assert words is model.words.weight and words.grad is None
    assert found.tokens == read(model, text).tokens[0] and found.target == "italy"


def test_by_default_the_best_answer_is_weighed(bert: Bert) -> None:
    found = measure_importance(bert, "Rome is in [MASK].")
    encoding = encode_sentences(bert, ["Rome is in [MASK]."])
    with torch.no_grad():
        best = int(bert.fill_mask(encoding)[0].argmax())
    assert found.target == bert.tokenizer.convert_ids_to_tokens([best])[0]
    assert repr(found).startswith(f"Importance for {found.target!r} in minilm")
    assert list(found.frame.columns) == ["token", "score"]


def test_a_target_of_several_word_pieces_is_refused(bert: Bert) -> None:
    with pytest.raises(ValueError, match=r"target='Quorrin' is cut into \d word pieces, and one was expected"):
        measure_importance(bert, "Rome is in [MASK].", target="Quorrin")
    with pytest.raises(ValueError, match="holds 0 masks"):
        measure_importance(bert, "Rome is in Italy.")


def test_importance_and_shift_stand_beside_the_word_pieces(bert: Bert, towns: GraphEmbedding) -> None:
    model = open_door(bert, towns, "memory", {})
    before, after = read(bert, TEXTS), read(model, TEXTS)
    weighed = measure_importance(model, TEXTS[1])
    sentences = show_attention(before, after, importance=weighed).state["sentences"]
    assert [one["importance"] is not None for one in sentences] == [False, True, False]
    packed = sentences[1]["shift"]
    shift = np.frombuffer(packed["view"], packed["dtype"]).reshape(packed["shape"])
    one, other = (r.hidden[1, 5, 3].double() for r in (before, after))
    assert packed["shape"] == [6, before.lengths[1]]
    assert shift[4, 3] == pytest.approx(1 - float(one @ other / one.norm() / other.norm()), abs=1e-5)
