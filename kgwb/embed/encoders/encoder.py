"""What all encoders share: the checks of what they are given and give, chaining, and random numbers."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_kind, expect_seed
from kgwb.words import describe_kind

_OF_THE_COPY = ("training", "_modules")


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


def expect_encoder(encoder: object) -> None:
    """An instance of an encoder.

    Raises:
        TypeError: a class came, or something that is no nn.Module.
    """
    call = "encoder=RelationalConvolution(split, dim=128)"
    expect_kind(encoder, nn.Module, "An encoder, which is an nn.Module,", call=call)
    assert isinstance(encoder, nn.Module)  # so mypy knows it too
    try:
        takes_both = type(encoder).forward is not nn.Module.forward
        inspect.signature(encoder.forward).bind(None, None)
    except TypeError:
        takes_both = False
    if not takes_both:
        came = f"{describe_kind(encoder)} came, which has no forward(entities, relations)"
        raise TypeError(f"An encoder was expected, but {came}. Type {call}.")


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


@contextmanager
def at_rest(module: nn.Module) -> Iterator[nn.Module]:
    """The module as it is outside training: itself, or a copy with the same tensors where it is in training.

    A mode that is switched and switched back would be seen by other threads, which use the module meanwhile.

    Example:
        >>> layer = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
        >>> with at_rest(layer) as rest:
        ...     rest.training, layer.training, rest[0].weight is layer[0].weight
        (False, True, True)
    """
    if not any(part.training for part in module.modules()):
        yield module
        return
    twins: dict[nn.Module, nn.Module] = {}
    try:
        yield _copy_at_rest(module, twins)
    finally:
        for part, twin in twins.items():  # what it notes of itself while it is asked, it keeps
            part.__dict__.update({name: noted for name, noted in twin.__dict__.items() if name not in _OF_THE_COPY})


def _copy_at_rest(module: nn.Module, twins: dict[nn.Module, nn.Module]) -> nn.Module:
    if module not in twins:
        twins[module] = twin = object.__new__(type(module))
        twin.__dict__.update(module.__dict__)
        twin.__dict__["training"] = False
        twin.__dict__["_modules"] = {
            name: None if child is None else _copy_at_rest(child, twins) for name, child in module._modules.items()
        }
    return twins[module]


class EncoderChain(nn.Module):
    """Each encoder is given what the one before it made: with two convolutions, messages come from neighbours of neighbours.

    Args:
        encoders: any number of them, the first one first.

    Raises:
        TypeError: one is no encoder, or a class instead of an instance.

    Example:
        >>> from kgwb.embed.encoders.affine_encoder import AffineEncoder
        >>> chain = EncoderChain(AffineEncoder(dim=2), AffineEncoder(dim=2))
        >>> chain(torch.ones(1, 2), torch.ones(1, 2))[0].tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, *encoders: nn.Module) -> None:
        super().__init__()
        for encoder in encoders:
            expect_encoder(encoder)
        self.encoders = nn.ModuleList(encoders)

    def forward(
        self, entities: Float[Tensor, "entity dim"], relations: Float[Tensor, "relation width"]
    ) -> tuple[Float[Tensor, "entity dim"], Float[Tensor, "relation width"]]:
        for encoder in self.encoders:
            entities, relations = encoder(entities, relations)
        return entities, relations

    def penalty(self) -> Float[Tensor, ""]:
        """The penalties of those that have one, together."""
        asked = [getattr(encoder, "penalty", None) for encoder in self.encoders]
        penalties = [penalty() for penalty in asked if penalty is not None]
        return torch.stack(penalties).sum() if penalties else torch.zeros((), requires_grad=True)


class Draws(nn.Module):
    """A generator per draw, from a seed and the number of draws so far; the number is saved with the weights.

    Example:
        >>> once, again = Draws(seed=1), Draws(seed=1)
        >>> bool((once.keep(torch.zeros(9), share=0.5) == again.keep(torch.zeros(9), share=0.5)).all())
        True
    """

    count: Tensor

    def __init__(self, *, seed: int) -> None:
        super().__init__()
        self.seed = expect_seed(seed)
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def keep(self, like: Tensor, *, share: int | float) -> Tensor:
        """1/share for what is kept and 0 for the rest, at random, so that sums stay what they were on average."""
        return torch.empty_like(like).bernoulli_(share, generator=self._next(like.device)) / share

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers in the shape of `like`."""
        return torch.empty_like(like).normal_(generator=self._next(like.device))

    def _next(self, device: torch.device) -> torch.Generator:
        self.count += 1
        return torch.Generator(device).manual_seed((self.seed * 1_000_003 + int(self.count)) % 2**31)
