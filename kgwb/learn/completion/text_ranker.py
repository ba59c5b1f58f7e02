"""Ranking by texts: every entity is read once, trained on or not, and compared with what a query reads."""

from __future__ import annotations

import copy

import numpy as np
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_kind
from kgwb.embed.precision import Precision, choose_precision
from kgwb.embed.queries import mark_entities
from kgwb.embed.ranking.answers import find_asked_steps
from kgwb.graph import KnowledgeGraph, Split
from kgwb.learn.completion.entity_texts import cut_entity_texts, find_facts, pool_texts
from kgwb.learn.completion.text_completion import LONGEST
from kgwb.words import count_things

_OWN = -2.0  # below every cosine
_BLOCK = 4096  # entities whose word pieces are laid side by side at once


class TextRanker:
    """Scores every entity as the answer to a query by the texts of both, as `TextCompletion` learns it.

    score(e) = cos(q, e), q what BERT reads of "label: description [SEP] relation" and e of "label: description". The
    query's own entity lies closest to it and is hardly ever the answer: unless most train triples of the relation link
    an entity with itself, it scores below all others. Entities that no triple of train holds have a text as all others
    have. Rank it as any model is ranked. BERT is copied: what is tuned afterwards does not change a ranker.

    Args:
        bert: as it came, or tuned on `TextCompletion`.
        split: a split, or a graph; what counts as trained on.
        longest: the most word pieces of an entity that are read; as in the task.
        precision: of the matmuls while reading; scores are float32.

    Attributes:
        graph: whose entities these are.
        vectors: of all entities, [entity, width].
        trained_on: which entities train holds, bool [entity].
        trained_facts: the train triples, [fact, 3].

    Raises:
        TypeError: for what is no BERT, or neither split nor graph.
        ValueError: the graph has no labels that could be read.

    Example:
        >>> import kgwb, pandas as pd
        >>> facts = [("Berlin", "capital of", "Germany"), ("Paris", "capital of", "France")]
        >>> graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> ranker = TextRanker(kgwb.load_bert(), graph, precision="float32")
        >>> ranker
        TextRanker of 'graph' by 'minilm': 4 entities, 384 wide
        >>> round(kgwb.rank_triples(ranker, graph.triples, known=graph.triples).mrr, 2) > 0.4
        True
    """

    def __init__(
        self, bert: Bert, split: Split | KnowledgeGraph, *, longest: int = LONGEST, precision: Precision = "auto"
    ) -> None:
        expect_kind(bert, Bert, "A BERT", call="kgwb.learn.TextRanker(kgwb.load_bert(), split)")
        self.graph, self.trained_facts = find_facts(split, "kgwb.learn.TextRanker(bert, {})")
        expect_at_least("longest", longest, 1, whole=True)
        self._texts = cut_entity_texts(bert, self.graph, longest=int(longest))
        self._bert = copy.deepcopy(bert).eval()
        self._precision = choose_precision(precision, bert.device, work=32 * bert.model.num_parameters())
        self.name, self.device = bert.name, bert.device
        self.trained_on = mark_entities(self.trained_facts, len(self.graph.entities))
        self._links_itself = _find_reflexive(self.graph, self.trained_facts).to(bert.device)  # [relation]
        self.vectors = self._read_entities()

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return self.vectors.shape[1]

    @torch.no_grad()
    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The cosine of every entity with each query, its own entity's apart.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        step = find_asked_steps(relation, tails, len(self.graph.relations))
        with self._read():
            queries = pool_texts(self._bert, self._texts.encode_queries(known.cpu().numpy(), step))
        scores = queries @ self.vectors.T
        never = (~self._links_itself[relation]).nonzero()[:, 0]
        scores[never, known[never]] = _OWN
        return scores

    @torch.no_grad()
    def _read_entities(self) -> Float[Tensor, "entity width"]:
        # By length over all, so that a block holds texts of one length.
        order = np.argsort(self._texts.lengths, kind="stable")
        vectors = torch.empty(len(order), self._bert.words.embedding_dim, device=self.device)
        with self._read():
            for start in range(0, len(order), _BLOCK):
                rows = order[start : start + _BLOCK]
                read = pool_texts(self._bert, self._texts.encode_entities(rows))
                vectors[torch.from_numpy(rows).to(self.device)] = read
        return vectors

    def _read(self) -> torch.autocast:
        return torch.autocast(self.device.type, self._precision, enabled=self._precision != torch.float32)

    def __repr__(self) -> str:
        count = count_things(len(self.graph.entities), "entity")
        return f"TextRanker of {self.graph.name!r} by {self.name!r}: {count}, {self.dim} wide"


def _find_reflexive(graph: KnowledgeGraph, triples: Int[np.ndarray, "triple 3"]) -> Bool[Tensor, " relation"]:
    """Whether most triples of a relation link an entity with itself."""
    relations = len(graph.relations)
    loops = np.bincount(triples[triples[:, 0] == triples[:, 2], 1], minlength=relations)
    return torch.from_numpy(2 * loops > np.bincount(triples[:, 1], minlength=relations))
