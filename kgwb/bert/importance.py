"""How much an answer depends on each word piece: gradient × input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.bert.encoding import Encoding
from kgwb.bert.linking import find_linked_mentions
from kgwb.bert.model import Bert, share_weights
from kgwb.bert.tokenizing import cut_names, encode_sentences
from kgwb.checks import expect_kind, expect_text
from kgwb.graph import Mention, Sentence
from kgwb.words import quote_value


@dataclass(frozen=True, eq=False, repr=False)
class Importance:
    """How much one answer at [MASK] depends on each word piece.

    Attributes:
        tokens: the word pieces.
        scores: of each, in logits; positive where it speaks for the answer.
        target: the answer, a word piece.
        logit: what the answer scores.
        name: which model answers.
    """

    tokens: tuple[str, ...]
    scores: tuple[float, ...]
    target: str
    logit: float
    name: str

    @property
    def frame(self) -> pd.DataFrame:
        """One row per word piece."""
        return pd.DataFrame({"token": self.tokens, "score": self.scores})

    def __repr__(self) -> str:
        first = max(range(len(self.tokens)), key=lambda i: abs(self.scores[i]))
        most = f"most on {self.tokens[first]!r}, {self.scores[first]:+.2f}"
        return f"Importance for {self.target!r} in {self.name}, of logit {self.logit:.2f}: {most}"


def measure_importance(
    bert: Bert,
    sentence: str | Sentence,
    *,
    target: str | None = None,
    mentions: Sequence[Mention] | None = None,
) -> Importance:
    """How fast the logit of an answer at [MASK] grows as the word embedding of each word piece is made longer.

    score_i = x_i · ∂ logit(target) / ∂ x_i, x_i the word embedding of word piece i (gradient × input; Shrikumar et al.,
    2017). It is a first-order account of one answer at one point: what saturates, or acts only together, shows little.
    A door counts as part of the model; what its own vectors add beside the word embeddings is not in the scores.

    Args:
        bert: plain or injected.
        sentence: with one [MASK].
        target: an answer, one word piece; by default the best one.
        mentions: where the sentence names entities; by default as `kgwb.read` finds them.

    Raises:
        TypeError: something is not a BERT, or not a text.
        ValueError: the sentence holds no mask, or several; or the target is not one word piece.

    Example:
        >>> from kgwb import load_bert
        >>> measure_importance(load_bert(), "Paris is the capital of [MASK].", target="france").target
        'france'
    """
    call = "measure_importance(bert, 'Paris is the capital of [MASK].')"
    expect_kind(bert, Bert, "A BERT", call=call)
    expect_kind(sentence, (str, Sentence), "A text", call=call)
    if mentions is None and bert.injector is not None and isinstance(sentence, str):
        mentions = find_linked_mentions([sentence], bert.injector.graph, bert)[0]
    encoding = encode_sentences(bert, [sentence], mentions=None if mentions is None else [mentions])
    piece = None if target is None else _find_piece(bert, target)
    logits, entered = _run_from_words(bert, encoding.to(bert.device))
    piece = int(logits.argmax()) if piece is None else piece
    (gradient,) = torch.autograd.grad(logits[piece], entered)
    scores = (gradient * entered.detach()).sum(-1)[0]  # [token]
    tokens = bert.tokenizer.convert_ids_to_tokens(encoding.pieces[0].tolist())
    answer = str(bert.tokenizer.convert_ids_to_tokens([piece])[0])
    return Importance(
        tuple(tokens), tuple(scores.float().cpu().tolist()), answer, float(logits[piece].detach()), bert.name
    )


def _find_piece(bert: Bert, target: str) -> int:
    expect_text("target", target, usual="france")
    [pieces] = cut_names(bert, [target])
    if len(pieces) != 1:
        raise ValueError(
            f"target={quote_value(target)} is cut into {len(pieces)} word pieces, and one was expected, for a logit is one "
            "word piece's. Type target='france', or leave it out for the best answer."
        )
    return int(pieces[0])


def _run_from_words(
    bert: Bert, encoding: Encoding
) -> tuple[Float[Tensor, " vocabulary"], Float[Tensor, "1 token width"]]:
    """The logits at the mask, and the word embeddings they were computed from."""
    entered: list[Tensor] = []

    def begin(_module: object, _given: object, output: Tensor) -> Tensor:
        entered.append(output.detach().requires_grad_())
        return entered[0]

    twin = share_weights(bert, training=False)  # its hooks are its own: other threads may be reading
    with torch.enable_grad():
        handle = twin.words.register_forward_hook(begin)
        try:
            logits = twin.fill_mask(encoding)[0]
        finally:
            handle.remove()
    return logits, entered[0]
