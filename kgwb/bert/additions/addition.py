"""An addition to BERT: a part with weights of its own, which changes nothing until they are trained."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from typing import ClassVar

import torch
from torch import nn

from kgwb.bert.added import Added, list_added
from kgwb.bert.model import Bert
from kgwb.bert.shape import Shape, measure_shape
from kgwb.checks import expect_kind, is_number
from kgwb.environment import draw_from
from kgwb.memory import within_memory


@dataclass(frozen=True)
class Addition(ABC):
    """The recipe of a part that BERT is given, so that few weights learn and its own stay as they are.

    A fresh one changes nothing, bit for bit: one factor of each path is zero, and the first gradient already knows which
    way to go. Two of different kinds act together, in whatever order they came; they are part of the model, like its own
    weights, and no switch of the doors turns them off.

    Attributes:
        name: what `bert.additions` calls it.
    """

    name: ClassVar[str]

    def attach(self, bert: Bert) -> None:
        """Add it to a BERT, in place; `kgwb.bert.extend` gives a copy that has it.

        Raises:
            TypeError: it is not a BERT.
            ValueError: it has one of this kind.
            MemoryError: for a size that memory cannot hold.
            ImportError: a package is missing; the message says what to type.
        """
        expect_kind(bert, Bert, "A BERT", call=f"kgwb.bert.extend(kgwb.load_bert(), {self!r})")
        if self.name in bert.additions:
            raise ValueError(
                f"{bert.name!r} already has {list_added(bert.additions)[self.name].recipe!r}, and each kind may come once. "
                f"Extend the model without it; type kgwb.bert.extend(kgwb.load_bert(...), {self!r})."
            )
        shape, seed = measure_shape(bert.model, bert.words), getattr(self, "seed", 0)
        usual = f"kgwb.bert.{type(self).__name__}()"
        with within_memory(repr(self), usual=usual):
            layers = self._make_layers(bert, shape, draw_from(seed, self.name)).to(bert.device, shape.dtype)
        bert.additions[self.name] = Added(self, self._place(bert, layers)).train(bert.training)

    def parameters_of(self, bert: Bert) -> list[nn.Parameter]:
        """The weights that it added to a BERT, and no others.

        Raises:
            TypeError: it is not a BERT.
            ValueError: it has none of this kind.
        """
        expect_kind(bert, Bert, "A BERT", call=f"kgwb.bert.extend(kgwb.load_bert(), {self!r})")
        if self.name not in bert.additions:
            raise ValueError(f"{bert.name!r} has no {self.name}. Type kgwb.bert.extend(bert, {self!r}).")
        return list(bert.additions[self.name].parameters())

    @abstractmethod
    def _make_layers(self, bert: Bert, shape: Shape, draw: torch.Generator) -> nn.ModuleList:
        """A module for each layer of a BERT, which is left as it is, with first weights from a stream of their own."""

    @abstractmethod
    def _place(self, bert: Bert, layers: nn.ModuleList) -> nn.ModuleList:
        """Put each where it acts in a BERT, and return them."""


def settle(recipe: Addition) -> None:
    """Write numpy's whole numbers as Python's, so that a recipe reads alike however it came."""
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        if is_number(value):
            object.__setattr__(recipe, field.name, int(value) if is_number(value, whole=True) else float(value))


def extend(bert: Bert, addition: Addition) -> Bert:
    """A copy of a BERT with an addition: its output is the same until the addition is trained.

    Args:
        bert: plain, injected or extended; it is left as it is.
        addition: `LoRA()`, `Adapter()`, `Prefix()` or `Experts()`.

    Raises:
        TypeError: something is not a BERT, or not an addition.
        ValueError: BERT has one of this kind.
        MemoryError: for a size that memory cannot hold.
        ImportError: LoRA without the package peft; the message says what to type.

    Example:
        >>> from kgwb import load_bert
        >>> from kgwb.bert import Adapter
        >>> extend(load_bert(), Adapter(width=8)).additions["adapter"]
        Adapter(width=8, seed=0), 73,728 parameters
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.bert.extend(kgwb.load_bert(), kgwb.bert.Adapter())")
    expect_kind(addition, Addition, "An addition", call="kgwb.bert.extend(bert, kgwb.bert.Adapter())")
    model = copy.deepcopy(bert)
    addition.attach(model)
    model.name = f"{bert.name}/{addition.name}"
    return model
