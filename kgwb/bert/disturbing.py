"""What is added to the word vectors of a pass: noise found by an adversary, or drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from kgwb.axes import Float, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.model import Bert, share_weights

Disturbance: TypeAlias = Callable[[Float[Tensor, "sentence token width"], Encoding], Tensor]


def disturb_words(bert: Bert, disturbance: Disturbance) -> Bert:
    """Modules of their own with the same weights, whose word vectors are changed at the start of each pass.

    Positions and segments are added, and doors act, afterwards, as they do on word vectors that are left alone. The model
    itself is unchanged, also for other threads.

    Args:
        bert: the model.
        disturbance: given the word vectors of a batch and the batch, what BERT reads instead.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.bert import encode_sentences
        >>> bert = load_bert()
        >>> batch = encode_sentences(bert, ["The sea is wide."])
        >>> louder = disturb_words(bert, lambda words, _: 2 * words)
        >>> bool((louder(batch).last_hidden_state == bert(batch).last_hidden_state).all())
        False
    """
    twin = share_weights(bert, bert.training)
    twin.disturbance = disturbance
    return twin
