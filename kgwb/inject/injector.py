"""What every door into BERT has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from torch import nn

from kgwb.axes import Bool, Float, Tensor
from kgwb.graph import KnowledgeGraph

if TYPE_CHECKING:
    from kgwb.inject.encoding import Encoding


class Injector(nn.Module, ABC):
    """A door into BERT: it changes what BERT computes where a sentence names an entity.

    A fresh injector is closed: exactly one factor of its path is zero, so that BERT's output is untouched, bit for
    bit, and the first gradient already knows which way to open.

    Attributes:
        graph: the graph whose entities it knows.
        control: which knowledge was taken away, or None for the real thing.
    """

    def __init__(self, graph: KnowledgeGraph, control: str | None) -> None:
        super().__init__()
        self.graph = graph
        self.control = control
        self._is_on = True

    @abstractmethod
    def at_input(
        self, embeddings: Float[Tensor, "sentence token dim"], encoding: Encoding
    ) -> Float[Tensor, "sentence token dim"]:
        """The word embeddings that BERT starts from, with the knowledge in them."""

    @abstractmethod
    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """The word pieces at which something enters."""

    @property
    @abstractmethod
    def gate(self) -> float:
        """How far the door is open: 0 closed, 1 wide open."""

    @property
    def is_on(self) -> bool:
        """Whether the door is in use."""
        return self._is_on

    @contextmanager
    def off(self) -> Iterator[None]:
        """Plain BERT for the length of a `with` block, bit for bit, trained or not."""
        before, self._is_on = self._is_on, False
        try:
            yield
        finally:
            self._is_on = before
