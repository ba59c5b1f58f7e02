"""The parts of a model by name, for policies that train some and leave others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from torch import nn

from kgwb.bert import Bert
from kgwb.words import quote_value

PARTS = ("all", "injector", "head", "top", "words", "embeddings", "attention", "feed-forward", "norms", "biases")


def find_part(bert: Bert, part: str, *, top_layers: int = 2) -> list[nn.Parameter]:
    """The parameters of a part of a model.

    Args:
        bert: the model.
        part: "all"; "injector" (the doors); "head" (of masked words, without the word embeddings it borrows); "top" (the
            `top_layers` top layers); "layer 0", "layer 1", ...; "words" (the word embeddings); "embeddings" (those, and all
            else below the layers); "lora", "adapter", "prefix", "experts" (what was added); of the layers "attention",
            "feed-forward" (with the norm behind it), "norms" and "biases".
        top_layers: how many layers "top" has.

    Raises:
        ValueError: for another name, or more layers than there are.

    Example:
        >>> from kgwb import load_bert
        >>> sum(each.numel() for each in find_part(load_bert(), "layer 5"))
        1774464
    """
    if not 0 <= top_layers <= bert.layers:
        raise ValueError(f"top_layers={top_layers} came; this BERT has {bert.layers} layers. Type top_layers=1.")
    in_encoder = {id(parameter) for parameter in bert.model.base_model.parameters()}
    in_layers = {id(parameter) for parameter in bert.stack.parameters()}
    found: dict[str, Callable[[], Iterable[nn.Parameter]]] = {
        "all": bert.parameters,
        "injector": lambda: () if bert.injector is None else bert.injector.parameters(),
        "head": lambda: (p for p in bert.model.parameters() if id(p) not in in_encoder),
        "top": lambda: (p for layer in list(bert.stack)[bert.layers - top_layers :] for p in layer.parameters()),
        "words": bert.words.parameters,
        "embeddings": lambda: (p for p in bert.model.base_model.parameters() if id(p) not in in_layers),
        "attention": lambda: _list_blocks(bert, attention=True),
        "feed-forward": lambda: _list_blocks(bert, attention=False),
        "norms": lambda: (p for m in bert.stack.modules() if isinstance(m, nn.LayerNorm) for p in m.parameters()),
        "biases": lambda: (p for name, p in bert.stack.named_parameters() if name.endswith("bias")),
    }
    found |= {name: added.parameters for name, added in bert.additions.items()}
    found |= {f"layer {number}": layer.parameters for number, layer in enumerate(bert.stack)}
    if part not in found:
        layers = f"'layer 0' to 'layer {bert.layers - 1}'"
        raise ValueError(
            f"The part {quote_value(part)} came. This BERT has {', '.join(map(repr, PARTS))} and {layers}; "
            "type policy=kgwb.learn.Partial(parts=('injector', 'head', 'top'))."
        )
    return list(found[part]())


def find_parts(bert: Bert, parts: Sequence[str], *, top_layers: int = 2) -> list[nn.Parameter]:
    """The parameters of several parts, each once, that may learn."""
    each = [p for part in parts for p in find_part(bert, part, top_layers=top_layers) if p.requires_grad]
    return list({id(parameter): parameter for parameter in each}.values())


def _list_blocks(bert: Bert, *, attention: bool) -> Iterator[nn.Parameter]:
    """Of each layer what belongs to attention, or all else."""
    for layer in bert.stack:
        for name, parameter in layer.named_parameters():
            if ("attention" in name or "attn" in name or name.startswith("sa_")) == attention:
                yield parameter
