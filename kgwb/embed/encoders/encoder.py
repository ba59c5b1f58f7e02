"""What an encoder is given, checked before it multiplies."""

from __future__ import annotations

from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.words import describe_kind


def expect_vectors(encoder: nn.Module, entities: Float[Tensor, "entity dim"], *, dim: int, count: int | None) -> None:
    """Vectors as wide, and as many, as the encoder was built for.

    Raises:
        ValueError: they are not; the message holds the call that works.
    """
    name, came = type(encoder).__name__, f"{len(entities):,} entities of dim={entities.shape[1]} came"
    if entities.shape[1] != dim:
        message = f"{came}, but this {name} was built for dim={dim}"
        raise ValueError(f"{message}. Type {name}(..., dim={entities.shape[1]}), or GraphEmbedding(..., dim={dim}).")
    if count is not None and len(entities) != count:
        message = f"{came}, but this {name} was built from a graph of {count:,}"
        raise ValueError(f"{message}. Build both from one: {name}(split, ...) and GraphEmbedding(split.graph, ...).")


def expect_share(argument: str, value: int | float) -> None:
    """A share that leaves something.

    Raises:
        ValueError: it is below 0, or 1 and above.
    """
    if not 0 <= value < 1:
        raise ValueError(f"{argument}={value!r} came. It is a share from 0 to below 1; type {argument}=0.3.")


def expect_encoder(encoder: object) -> None:
    """An instance of an encoder.

    Raises:
        TypeError: a class came, or something that is no nn.Module.
    """
    if not isinstance(encoder, nn.Module):
        example = "encoder=RelationalConvolution(split, dim=128)"
        raise TypeError(f"An encoder is an nn.Module, but {describe_kind(encoder)} came. Type {example}.")


def encode_tables(encoder: nn.Module, entities: Tensor, relations: Tensor) -> tuple[Tensor, Tensor]:
    """What an encoder makes of entities and relations.

    Raises:
        ValueError: not two tables, each as large as the one that was given.
    """
    made = encoder(entities, relations)
    given = (tuple(entities.shape), tuple(relations.shape))
    came = tuple(tuple(getattr(table, "shape", ())) for table in made) if isinstance(made, tuple) else ()
    if came != given:
        gave = " and ".join(map(str, came)) or describe_kind(made)
        message = f"{type(encoder).__name__} was given tables of {given[0]} and {given[1]} numbers, and gave {gave}"
        raise ValueError(f"{message}. Expected both in their shapes: return entities, relations.")
    return made
