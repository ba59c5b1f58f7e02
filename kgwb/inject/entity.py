"""The entity door: a vector is added where the text names the entity."""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn

from kgwb.axes import Bool, Float, Tensor
from kgwb.embed.errors import expect_choice
from kgwb.graph import KnowledgeGraph
from kgwb.inject.controls import draw_from
from kgwb.inject.encoding import Encoding
from kgwb.inject.injector import Injector


class EntityInjector(Injector):
    """Adds an entity's mapped vector to the word embeddings of its mention.

    x' = x + tanh(α) · W e, with α = 0 at the start (the mapping of entity vectors into word space follows
    Poerner et al., 2020, E-BERT; the zero gate follows Alayrac et al., 2022). With the gate wide open, W e of an
    average entity starts `strength` times as long as an average word embedding.

    Args:
        graph: the graph whose entities the rows of `table` are.
        table: one frozen vector per entity, [entity, dim].
        words: BERT's word embeddings, [word piece, width]; read once for their length, not kept.
        pieces: "all" adds at every piece of the mention, "first" at its first only.
        strength: how loud the vector can get, in lengths of a word.
        control: the name of the control that made the table, or None.
        seed: for the first W.
    """

    table: Tensor
    alpha: nn.Parameter

    def __init__(
        self,
        graph: KnowledgeGraph,
        table: Float[Tensor, "entity dim"],
        *,
        words: Float[Tensor, "piece width"],
        pieces: Literal["all", "first"] = "all",
        strength: float = 2.0,
        control: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(graph, control)
        expect_choice("pieces", pieces, ("all", "first"))
        generator = draw_from(seed, "door")
        unit = table / table.norm(dim=1).mean().clamp_min(1e-12)
        weight = (
            torch.randn(words.shape[1], table.shape[1], generator=generator, dtype=words.dtype) / words.shape[1] ** 0.5
        )
        self.pieces = pieces
        # Loudness sits in the table rather than in W: a gradient on W is then as large as the vector is loud.
        self.register_buffer("table", (unit * strength).to(words.dtype), persistent=True)
        # skip_init: the default first weights would draw from, and so move, the caller's random numbers.
        self.project = nn.utils.skip_init(nn.Linear, table.shape[1], words.shape[1], bias=False, dtype=words.dtype)
        self.project.weight = nn.Parameter(weight * words.norm(dim=1).mean().item())
        self.alpha = nn.Parameter(torch.zeros((), dtype=words.dtype))

    def at_input(
        self, embeddings: Float[Tensor, "sentence token dim"], encoding: Encoding
    ) -> Float[Tensor, "sentence token dim"]:
        """x + tanh(α) · W e where an entity is named, x elsewhere."""
        if not self.is_on:
            return embeddings
        here = self.enters_at(encoding)
        vectors = self.project(self.table[encoding.entities[here]])
        change = torch.zeros_like(embeddings)
        change[here] = (torch.tanh(self.alpha) * vectors).to(change.dtype)
        return embeddings + change

    def enters_at(self, encoding: Encoding) -> Bool[Tensor, "sentence token"]:
        """Every word piece of each mention, or its first."""
        named = encoding.entities >= 0
        return named & encoding.first_pieces if self.pieces == "first" else named

    @property
    def gate(self) -> float:
        """|tanh(α)|; its sign is W's to choose."""
        return abs(torch.tanh(self.alpha).item())

    def extra_repr(self) -> str:
        entities, dim = self.table.shape
        return f"{entities:,} entities of {dim} numbers, gate={self.gate:.3f}, control={self.control}"
