"""What an embedding holds: its tables, the scorer that reads them, and the encoder that stands between."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_seed
from kgwb.embed.encoders.encoder import at_rest, encode_tables, expect_encoder
from kgwb.embed.scorers.scorer import Scorer, expect_scorer
from kgwb.embed.trainings import Training
from kgwb.embed.vectors import Vectors, widen_table
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.memory import within_memory


class EmbeddingTables(nn.Module):
    """The tables of an embedding, as training sees them; what can be asked of them is in `GraphEmbedding`.

    Arguments are those of `GraphEmbedding`.
    """

    entity_table: nn.Parameter
    relation_table: nn.Parameter
    inverse_table: nn.Parameter | None
    trained_on: Tensor
    trained_facts: Int[np.ndarray, "fact 3"]  # none in one that was imported, whatever it has seen
    start_note: str  # where entity vectors began, if not at random
    begun_from: str  # SHA-256 of the tables that the last training began with, where that is kept in a checkpoint

    def __init__(
        self, graph: KnowledgeGraph, scorer: Scorer, *, dim: int = 128, seed: int = 0, encoder: nn.Module | None = None
    ) -> None:
        super().__init__()
        expect_graph(graph, "GraphEmbedding({}, ComplEx())")
        expect_at_least("dim", dim, 1, whole=True)
        expect_scorer(scorer)
        if encoder is not None:
            expect_encoder(encoder)
        if not len(graph.entities):
            raise ValueError(f"The graph {graph.name!r} has no entities to embed. Read one with kgwb.read_graph(path).")
        dim, seed = int(dim), expect_seed(seed)
        scorer.relation_width(dim)
        generator = torch.Generator().manual_seed(seed)
        self.graph, self.scorer, self.dim, self.seed = graph, scorer, dim, seed
        with within_memory(f"dim={dim} for {len(graph.entities):,} entities", usual="dim=128"):
            self.entity_table = nn.Parameter(scorer.start_entities(len(graph.entities), dim, generator))
            self.relation_table = nn.Parameter(scorer.start_relations(len(graph.relations), dim, generator))
        self.register_parameter("inverse_table", None)
        self.encoder = encoder
        self.register_buffer("trained_on", torch.zeros(len(graph.entities), dtype=torch.bool))
        self.trained_facts = np.empty((0, 3), dtype=np.int64)
        self.start_note = self.begun_from = ""
        self._trainings: tuple[Training, ...] = ()
        self.eval()  # training switches an encoder's dropout and sampling on, and off again

    @property
    def device(self) -> torch.device:
        """Where the tables are; everything else follows them."""
        return self.entity_table.device

    @property
    def reciprocal(self) -> bool:
        """Whether heads are scored through inverse relations."""
        return self.inverse_table is not None

    def add_inverses(self) -> None:
        """Give every relation an untrained inverse of its own; a second call changes nothing."""
        if self.inverse_table is None:
            generator = torch.Generator().manual_seed(self.seed + 1)
            table = self.scorer.start_relations(len(self.graph.relations), self.dim, generator)
            self.inverse_table = nn.Parameter(table.to(self.relation_table))

    def entity_vectors(self) -> Float[Tensor, "entity dim"]:
        """A copy of the entity vectors, by id."""
        return self._rest().entities.detach().clone()

    def relation_vectors(self) -> Float[Tensor, "relation width"]:
        """A copy of the relation vectors, by id; RotatE's are angles in radians."""
        return self._rest().relations.detach().clone()

    def encode(self) -> Vectors:
        """The vectors as they stand, through the encoder where there is one; gradients flow back into the tables."""
        return self._encode(self.encoder)

    def _encode(self, encoder: nn.Module | None) -> Vectors:
        relations = (
            self.relation_table if self.inverse_table is None else torch.cat([self.relation_table, self.inverse_table])
        )
        entities: Tensor = self.entity_table
        if encoder is not None:
            entities, relations = encode_tables(encoder, entities, relations)
        entities, relations = widen_table(entities), widen_table(relations)
        count = len(self.relation_table)
        return Vectors(self.scorer, entities, relations[:count], relations[count:] if self.reciprocal else None)

    def _rest(self) -> Vectors:
        with torch.no_grad():
            if self.encoder is None:
                return self._encode(None)
            with at_rest(self.encoder) as encoder:
                return self._encode(encoder)
