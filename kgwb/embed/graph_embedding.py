"""A graph as vectors: a table of entities, a table of relations, and the scorer that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Float, Tensor
from kgwb.checks import expect_at_least, expect_each, expect_flags, expect_kind, expect_path
from kgwb.embed.candidates import Among
from kgwb.embed.embedding_files import WRITTEN, describe_scorer, write_embedding_files
from kgwb.embed.named_facts import Name, NamedFacts, read_named_facts, score_named_facts
from kgwb.embed.partial_triple import PartialTriple
from kgwb.embed.queries import Triples, expect_ids, read_ids
from kgwb.embed.similarity import Similarity, list_neighbours
from kgwb.embed.tables import EmbeddingTables
from kgwb.embed.trainings import describe_vectors
from kgwb.embed.vectors import Vectors
from kgwb.files import refuse_other_files


class GraphEmbedding(EmbeddingTables):
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
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> GraphEmbedding(graph, TransE(), dim=8)
        GraphEmbedding(TransE(), dim=8) of 'graph': 2 entities, 1 relation, not trained
    """

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

    def __getitem__(
        self, entity: Name | Sequence[Name] | np.ndarray | pd.Series | pd.Index
    ) -> Float[Tensor, "*entity dim"]:
        """A copy of an entity's vector, by name, label or id; of a list of them, their table in that order.

        Raises:
            UnknownNameError: names the three nearest labels.
            TypeError: neither an entity nor a list of them.

        Example:
            >>> from kgwb.embed.scorers.transe import TransE
            >>> from kgwb.graph import KnowledgeGraph
            >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
            >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=8)
            >>> tuple(vectors["Berlin"].shape), tuple(vectors[["Berlin", "Germany"]].shape)
            ((8,), (2, 8))
        """
        if isinstance(entity, (str, int, np.integer)):
            return self._rest().entities[self.graph.entity_id(entity)].detach().clone()
        call = 'vectors["Berlin"], or vectors[["Berlin", "Paris"]]'
        names = expect_each(entity, (str, int, np.integer), "An entity, or a list of them,", call=call)
        ids = torch.tensor([self.graph.entity_id(name) for name in names], dtype=torch.int64, device=self.device)
        return self._rest().entities[ids].detach()

    __iter__ = None  # else Python would ask for entity 0, 1, 2, ... until an error

    @torch.no_grad()
    def nearest(self, entity: Name, k: int = 10, *, among: Among = None, measure: Similarity = "auto") -> pd.DataFrame:
        """The entities whose vectors lie nearest to one's.

        Args:
            entity: by name, label or id; it is not among its own neighbours.
            k: how many.
            among: only entities of this type, or of this list; left out, all.
            measure: "cosine", or "distance": the scorer's own where it goes by one, as TransE and RotatE do, else the
                Euclidean. "auto" is the scorer's own distance where there is one, else the cosine.

        Returns:
            Nearest first: entity, label, similarity (higher is nearer), and measure, which it is: "cosine" or "minus
            distance".

        Raises:
            UnknownNameError: names the three nearest labels.
            ValueError: k or measure is out of its range, or the vectors are not finite.
        """
        expect_at_least("k", k, 1, whole=True)
        place, vectors = self.graph.entity_id(entity), encode_once(self)
        return list_neighbours(self.graph, vectors, place, k=int(k), among=among, measure=measure)

    @torch.no_grad()
    def score_facts(self, facts: NamedFacts) -> pd.DataFrame:
        """How plausible some facts are, and where each tail stands among all tails.

        Args:
            facts: (head, relation, tail) each, by name, label or id; also a frame with these columns.

        Returns:
            One row per fact: head, relation, tail, score, rank (of the tail among all entities, the mean where some
            score the same), filtered_rank (without the other tails that the graph holds), and known: whether the graph
            holds the fact.

        Raises:
            UnknownNameError: names the three nearest labels.
            TypeError: no list of triples.
            ValueError: a triple without three parts, or vectors that are not finite.
        """
        ids = read_named_facts(self.graph, facts)
        frame = score_named_facts(self.graph, encode_once(self), ids)
        self._expect_scores(torch.from_numpy(frame["score"].to_numpy(copy=True)))
        return frame

    @torch.no_grad()
    def predict(
        self,
        *,
        head: str | int | np.integer | None = None,
        relation: str | int | np.integer | None = None,
        tail: str | int | np.integer | None = None,
        k: int = 10,
        known: bool = True,
        among: Among = None,
    ) -> pd.DataFrame:
        """The k best answers where one part of a triple is missing.

        Heads are ranked by `score_heads`, so by inverse relations where training was reciprocal.

        Args:
            head: an entity by name, label or id; leave out the part that is asked for.
            relation: a relation by name, label or id.
            tail: an entity by name, label or id.
            k: how many answers.
            known: whether answers that the graph already holds are given, too.
            among: the only answers there may be: a type; a list of entities (or of relations, where the relation is asked
                for); "relation" for what the relation has taken at that place in training (in the graph, where the
                embedding does not know its training); "type" for all entities of the types that it has taken there.

        Returns:
            Best first, with the columns entity (or relation), label, score, and known: whether the graph
            already holds the triple.

        Raises:
            ValueError: not exactly two of the three are given, or the vectors are not finite.
            UnknownNameError: names the three nearest labels, or types.
        """
        expect_at_least("k", k, 1, whole=True)
        expect_flags(known=known)
        asked = PartialTriple.from_names(self.graph, {"head": head, "relation": relation, "tail": tail})
        candidates = asked.choose(among, self.trained_facts if len(self.trained_facts) else self.graph.triples)
        scores = self._expect_scores(asked.score(encode_once(self)))
        return asked.list_best(scores, k=int(k), known=bool(known), candidates=candidates)

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
        facts |= {"start": self.start_note} if self.start_note else {}
        tensors["trained_facts"] = torch.from_numpy(self.trained_facts.astype(np.int32))
        return write_embedding_files(folder, tensors, facts, self.graph)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        known = bool(len(self.trained_facts))
        found = describe_vectors(self.graph, self.extra_repr(), self.seed, self._trainings, known=known)
        return found | ({"start of the vectors": self.start_note} if self.start_note else {})

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
