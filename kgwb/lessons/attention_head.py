"""For notebook 05: an attention head built by hand, and how many of BERT's heads it gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch

from kgwb.axes import Float, Tensor
from kgwb.bert import Bert, Reading, encode_sentences
from kgwb.lessons.checks import Verdict, check

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
_WITHIN = 1e-5  # float32 sums of 32 products in another order differ by some 1e-7


@torch.no_grad()
def project_states(
    bert: Bert, states: Float[Tensor, "token dim"], *, layer: int, head: int
) -> tuple[Float[Tensor, "token part"], Float[Tensor, "token part"], Float[Tensor, "token part"]]:
    """The queries, keys and values of one head: q = W_q h + b_q for each hidden state h, and k and v in the same way.

    Args:
        bert: without a door, of Hugging Face's class `BertForMaskedLM`.
        states: the hidden states that the layer receives.
        layer: from 0.
        head: from 0.

    Example:
        >>> from kgwb import load_bert, read
        >>> bert = load_bert()
        >>> states = read(bert, "Paris is in France.").hidden[0, 3]
        >>> [tuple(each.shape) for each in project_states(bert, states, layer=3, head=7)]
        [(7, 32), (7, 32), (7, 32)]
    """
    attention = _find_attention(bert, layer)
    width = attention.attention_head_size
    columns = slice(head * width, (head + 1) * width)
    three = (attention.query, attention.key, attention.value)
    q, k, v = (project(states)[:, columns] for project in three)  # [token, dim] -> [token, part]
    return q, k, v


@torch.no_grad()
def record_outputs(bert: Bert, reading: Reading) -> Float[Tensor, "layer token dim"]:
    """What Hugging Face's own attention gives in the first sentence of a reading, the heads side by side.

    Args:
        bert: the model that read.
        reading: of one or more texts.
    """
    outputs: list[Tensor] = []
    layers = range(reading.attention.shape[1])
    hooks = [
        _find_attention(bert, layer).register_forward_hook(lambda _module, _given, came: outputs.append(came[0][0]))
        for layer in layers
    ]
    try:
        bert.in_mode(training=False)(encode_sentences(bert, [reading.sentences[0]]).to(bert.device))
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(outputs).cpu()


def count_rebuilt(attend: Attend, bert: Bert, reading: Reading, part: Literal["weights", "outputs"]) -> int:
    """How many of BERT's heads a function rebuilds, to five decimals, in the first sentence of a reading.

    With the unit matrix in place of the values, softmax(Q Kᵀ / √d) V is the weights themselves.

    Args:
        attend: gives softmax(Q Kᵀ / √d) V for Q, K and V.
        bert: without a door.
        reading: by that model.
        part: whether the weights, or the outputs, are compared with those of Hugging Face's layers.

    Raises:
        ValueError: what `attend` gives has another shape.
    """
    count = reading.lengths[0]
    outputs = record_outputs(bert, reading)
    _, layers, heads = reading.attention.shape[:3]
    rebuilt = 0
    for layer in range(layers):
        states = reading.hidden[0, layer, :count].to(bert.device)
        for head in range(heads):
            q, k, v = (each.cpu() for each in project_states(bert, states, layer=layer, head=head))
            if part == "weights":
                came = attend(q, k, torch.eye(count))
                theirs = reading.attention[0, layer, head, :count, :count]
            else:
                came = attend(q, k, v)
                theirs = outputs[layer, :, head * v.shape[1] : (head + 1) * v.shape[1]]
            rebuilt += _are_close(came, theirs)
    return rebuilt


def _are_close(came: Any, theirs: Tensor) -> bool:
    mine = torch.as_tensor(came)
    if mine.shape != theirs.shape:
        message = f"attend gave the shape {tuple(mine.shape)}, and {tuple(theirs.shape)} was expected."
        raise ValueError(f"{message} A row for each query, a column for each column of v.")
    return bool((mine - theirs).abs().max() <= _WITHIN)


def _find_attention(bert: Bert, layer: int) -> Any:
    encoder: Any = bert.model.base_model
    return encoder.encoder.layer[layer].attention.self


def check_attend(attend: Attend) -> Verdict:
    """Is it softmax(Q Kᵀ / √d) V, with a softmax along each row and the d of the queries?"""
    two = torch.eye(2)
    # One query, which matches its first key: scores 2 / √4 and 0, so the weights are .731 and .269.
    simple = (torch.tensor([[2.0, 0, 0, 0]]), torch.tensor([[1.0, 0, 0, 0], [0, 1, 0, 0]]), two)
    examples: list[tuple[tuple[Any, ...], Any]] = [(simple, _attend_slowly(*simple))]
    generator = torch.Generator().manual_seed(0)
    for queries, keys, width, values in ((2, 2, 1, 2), (3, 3, 4, 4), (4, 4, 9, 2), (2, 5, 4, 3), (3, 3, 4, 3)):
        sizes = ((queries, width), (keys, width), (keys, values))
        q, k, v = (torch.randn(size, generator=generator).mul(2).round(decimals=1) for size in sizes)
        examples.append(((q, k, v), _attend_slowly(q, k, v)))
    hint = (
        "q @ k.T has a score for each query (row) and key (column). Divide by the square root of q.shape[-1], then "
        ".softmax(dim=-1) makes each row sum to one; these are the weights of the rows of v."
    )
    return check(attend, examples, hint=hint, ordered=True)


def _attend_slowly(q: Tensor, k: Tensor, v: Tensor) -> list[list[float]]:
    """By the definition, one query at a time."""
    rows = []
    for query in q.double():
        powers = [float((query @ key / len(query) ** 0.5).exp()) for key in k.double()]
        shares = [power / sum(powers) for power in powers]
        weighted = [share * row for share, row in zip(shares, v.double(), strict=True)]
        rows.append(torch.stack(weighted).sum(0).tolist())
    return rows
