"""A graph as vectors: a table of entities, a table of relations, and the scorer that reads them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from kgwb.axes import Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_kind, expect_path, expect_seed
from kgwb.embed.embedding_files import WRITTEN, describe_scorer, write_embedding_files
from kgwb.embed.encoders.encoder import at_rest, encode_tables, expect_encoder
from kgwb.embed.queries import Triples, expect_ids, name_query, read_ids
from kgwb.embed.scorers.scorer import Scorer, expect_scorer
from kgwb.embed.trainings import Training, describe_vectors
from kgwb.embed.vectors import Vectors, list_best, widen_table
from kgwb.files import refuse_other_files
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.memory import within_memory


class GraphEmbedding(nn.Module):
    """One vector per entity and relation of a graph, and a scorer that says how well three of them fit.

    Fresh from the seed it knows nothing: train it with `train_embedding`, measure it with `rank_triples`.
    Training with reciprocal relations adds a second vector per relation, for its inverse, and heads are then
    scored as the tails of the inverse; neither the graph nor the data ever hold these inverses.

    Args:
        graph: whose entities and relations get vectors; ids are the graph's.
        scorer: the equation, for example `ComplEx()`.
        dim: real numbers per entity (ComplEx and RotatE pair them up, so theirs is even).
        seed: where the random start comes from.
        encoder: called as encoder(entities, relations), it gives the vectors that are scored, shaped like the tables
            that it is given: message passing over train triples, for example. Relations hold the inverses behind them
            where training is reciprocal. Without, the tables themselves are scored.

    Raises:
        TypeError: the scorer or the encoder is none, or a class instead of an instance.
        ValueError: the scorer has no entities of that width, or the graph has none at all.

    Example:
        >>> from kgwb.embed.scorers.transe import TransE
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> GraphEmbedding(graph, TransE(), dim=8)
        GraphEmbedding(TransE(), dim=8) of 'graph': 2 entities, 1 relation, not trained
    """

    entity_table: nn.Parameter
    relation_table: nn.Parameter
    inverse_table: nn.Parameter | None
    trained_on: Tensor
    trained_facts: Int[np.ndarray, "fact 3"]  # none in one that was imported, whatever it has seen
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
        self.begun_from = ""
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

    def score(self, triples: Triples) -> Float[Tensor, " triple"]:
        """The score of each triple; higher is more plausible, and only comparable within one embedding.

        It is the triple's entry in its row of `score_tails`, and in that of `score_heads` too, unless the embedding
        was trained with reciprocal relations.

        Args:
            triples: ids, as an array, a tensor or a list.

        Raises:
            ValueError: ids that are none of the graph's, or scores that are not finite.
        """
        return self._expect_scores(self.encode().score(*self._columns(triples)))

    def score_tails(self, triples: Triples) -> Float[Tensor, "triple entity"]:
        """The score of every entity as the tail of each triple, whose own tail is not looked at."""
        head, relation, _ = self._columns(triples)
        return self._expect_scores(self.encode().score_answers(head, relation, tails=len(head)))

    def score_heads(self, triples: Triples) -> Float[Tensor, "triple entity"]:
        """The score of every entity as the head of each triple, whose own head is not looked at.

        After training with reciprocal relations it is the score of (tail, inverse relation, head), which ranks heads
        better and is not comparable with `score`.
        """
        _, relation, tail = self._columns(triples)
        return self._expect_scores(self.encode().score_answers(tail, relation, tails=0))

    @torch.no_grad()
    def predict(
        self,
        *,
        head: str | int | np.integer | None = None,
        relation: str | int | np.integer | None = None,
        tail: str | int | np.integer | None = None,
        k: int = 10,
    ) -> pd.DataFrame:
        """The k best answers where one part of a triple is missing.

        Heads are ranked by `score_heads`, so by inverse relations where training was reciprocal.

        Args:
            head: an entity by name, label or id; leave out the part that is asked for.
            relation: a relation by name, label or id.
            tail: an entity by name, label or id.
            k: how many answers.

        Returns:
            Best first, with the columns entity (or relation), label, score, and known: whether the graph
            already holds the triple.

        Raises:
            ValueError: not exactly two of the three are given, or the vectors are not finite.
            UnknownNameError: names the three nearest labels.
        """
        given = {"head": head, "relation": relation, "tail": tail}
        missing = [part for part, value in given.items() if value is None]
        if len(missing) != 1:
            came = ", ".join(part for part, value in given.items() if value is not None) or "none"
            example = f"vectors.predict({name_query(self.graph)})"
            raise ValueError(f"predict needs exactly two of head, relation and tail; {came} came. Type {example}.")
        expect_at_least("k", k, 1, whole=True)
        graph = self.graph
        ids = [0 if value is None else graph.entity_id(value) for value in (head, tail)]
        triple = np.array([[ids[0], 0 if relation is None else graph.relation_id(relation), ids[1]]])
        if relation is None:
            triple = np.repeat(triple, len(graph.relations), 0)
            triple[:, 1] = np.arange(len(graph.relations))
            scores = encode_once(self).score(*self._columns(triple))  # [relation]
            return list_best(graph, self._expect_scores(scores), triple[0], missing="relation", k=k)
        heads, relations, tails = self._columns(triple)
        asked, count = (heads, 1) if tail is None else (tails, 0)
        scores = self._expect_scores(encode_once(self).score_answers(asked, relations, tails=count))  # [1, entity]
        return list_best(graph, scores[0], triple[0], missing=missing[0], k=k)

    @torch.no_grad()
    def save(self, folder: str | Path) -> Path:
        """Write vectors, graph and what they are to a folder (safetensors, JSON and tables); all of it or nothing.

        Other files in the folder stay as they are, also those below it.

        The vectors are those that are scored: what an encoder makes of the tables stands in their place.

        Args:
            folder: where to, `~` being the home; an embedding already there is replaced.

        Returns:
            The folder, as an absolute path.

        Raises:
            FileExistsError: a file that kgwb did not write, or that was changed since, has the name of one of these.
            SavingError: the system refuses, as where the disk is full.
            ValueError: the vectors are not finite; names the rows.
        """
        folder = expect_path(folder, call="embedding.save('vectors')").absolute()
        refuse_other_files(folder, WRITTEN, "an embedding")  # before the work
        vectors = encode_once(self)
        tables = {
            "entity_table": vectors.entities,
            "relation_table": vectors.relations,
            "inverse_table": vectors.inverses,
            "trained_on": self.trained_on,
        }
        tensors = {name: table.detach().cpu().clone() for name, table in tables.items() if table is not None}
        facts = {"scorer": describe_scorer(self.scorer), "dim": self.dim, "seed": self.seed}
        facts |= {"reciprocal": self.reciprocal, "trained_facts": len(self.trained_facts)}
        facts["trainings"] = list(self._trainings)
        tensors["trained_facts"] = torch.from_numpy(self.trained_facts.astype(np.int32))
        return write_embedding_files(folder, tensors, facts, self.graph)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        return describe_vectors(
            self.graph, self.extra_repr(), self.seed, self._trainings, known=bool(len(self.trained_facts))
        )

    def extra_repr(self) -> str:
        """What stands between the brackets when torch prints a model that holds this one."""
        return f"{self.scorer}, dim={self.dim}" + (
            "" if self.encoder is None else f", encoder={type(self.encoder).__name__}"
        )

    def __repr__(self) -> str:
        entities, relations, seen = len(self.graph.entities), len(self.graph.relations), int(self.trained_on.sum())
        counts = f"{entities:,} entities, {relations:,} relation{'s' if relations != 1 else ''}"
        inverses = " with inverses" if self.reciprocal else ""
        state = f"trained on {seen:,} of the entities" if seen else "not trained"
        return f"GraphEmbedding({self.extra_repr()}) of {self.graph.name!r}: {counts}{inverses}, {state}"

    def _columns(self, triples: Triples) -> tuple[Tensor, Tensor, Tensor]:
        ids = read_ids(triples)
        expect_ids(self.graph, "triples", ids)
        head, relation, tail = torch.from_numpy(ids).to(self.device).T
        return head, relation, tail

    def _rest(self) -> Vectors:
        with torch.no_grad():
            if self.encoder is None:
                return self._encode(None)
            with at_rest(self.encoder) as encoder:
                return self._encode(encoder)

    def _expect_scores(self, scores: Tensor) -> Tensor:
        """The scores themselves, where all are finite."""
        if not scores.isfinite().all():
            self.encode().expect_finite(self.graph)
            raise ValueError(
                "A score is not finite: the vectors are too large. Train a fresh embedding with a lower learning_rate."
            )
        return scores


def encode_once(embedding: GraphEmbedding) -> Vectors:
    """An embedding's vectors as it uses them outside training: whatever an encoder drops at random stays in.

    Raises:
        ValueError: they hold numbers that are not finite; names the rows.
    """
    vectors = embedding._rest()
    vectors.expect_finite(embedding.graph)
    return vectors


def expect_embedding(embedding: object, call: str) -> None:
    """An embedding, for functions that are easily given something else.

    Raises:
        TypeError: it is none; says what to type.
    """
    expect_kind(embedding, GraphEmbedding, "A GraphEmbedding", call=call)
