"""Completing a graph by its texts: a query and its answer are read by the same BERT to vectors that lie close."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.bert import Bert
from kgwb.checks import expect_at_least, expect_flags, expect_kind, expect_number, expect_seed
from kgwb.fingerprints import fingerprint
from kgwb.graph import KnowledgeGraph, Split
from kgwb.graph.joins import Steps, expand_ranges
from kgwb.learn.completion.entity_texts import EntityTexts, cut_entity_texts, find_facts, pool_texts
from kgwb.learn.tasks import Task
from kgwb.words import count_things

LONGEST = 32  # word pieces of an entity that are read
_log = logging.getLogger("kgwb.learn")


@dataclass(frozen=True, repr=False, eq=False)
class TextCompletion(Task):
    """Find the tail of a fact, or its head, by what the texts of entities and relations say: a bi-encoder.

    A query reads "head label: description [SEP] relation", an answer "tail label: description"; both become the mean of
    BERT's last layer, of length one. With cosines c, temperature τ, margin γ and right answer a, the loss of query q is

        −log exp((c(q, a) − γ)/τ) / (exp((c(q, a) − γ)/τ) + Σ_b exp(c(q, b)/τ))

    summed over wrong answers b (SimKGC; Wang et al., 2022, "SimKGC: simple contrastive knowledge graph completion with
    pre-trained language models"). Each example is a fact asked both ways, so that a batch of n facts holds 2 n queries,
    and as wrong answers all its entities, the query's own among them, and those of earlier batches (`queue`). What train
    knows to be another right answer does not count as wrong. τ is learnt, as its logarithm.

    Args:
        split: a split, whose train triples are learnt, or a graph, whose triples all are.
        longest: the most word pieces of an entity that are read.
        temperature: τ at the start.
        margin: γ, by which the right answer has to be closer.
        queue: how many answers of earlier batches to keep as wrong ones.
        self_negative: whether a query's own entity counts as a wrong answer to it; it lies closest from the start, and to
            move it away takes a long training.
        examples: how many facts one epoch holds, drawn without repeats as long as there are others; by default each once.
        seed: for which facts are drawn.

    Raises:
        TypeError: for what is neither a split nor a graph.
        ValueError: if there are no triples, or for numbers that cannot be.

    Example:
        >>> import kgwb, pandas as pd
        >>> facts = [("Berlin", "capital of", "Germany"), ("Paris", "capital of", "France")]
        >>> graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> task = TextCompletion(graph)
        >>> [step.task for step in kgwb.tune(kgwb.load_bert(), task, policy="full", epochs=2)]
        ['TextCompletion', 'TextCompletion']
    """

    split: Split | KnowledgeGraph
    longest: int = field(default=LONGEST, kw_only=True)
    temperature: int | float = field(default=0.05, kw_only=True)
    margin: int | float = field(default=0.02, kw_only=True)
    queue: int = field(default=0, kw_only=True)
    self_negative: bool = field(default=True, kw_only=True)
    examples: int | None = field(default=None, kw_only=True)
    seed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        graph, triples = find_facts(self.split, "kgwb.learn.TextCompletion({})")
        if not len(triples):
            raise ValueError(
                f"{graph.name!r} has no triples to learn from. Type kgwb.learn.TextCompletion(kgwb.split_triples(graph))."
            )
        expect_at_least("longest", self.longest, 1, whole=True)
        expect_number("temperature", self.temperature, usual=0.05, above=0)
        expect_number("margin", self.margin, usual=0.02, least=0)
        expect_at_least("queue", self.queue, 0, whole=True)
        expect_flags(self_negative=self.self_negative)
        if self.examples is not None:
            expect_at_least("examples", self.examples, 1, whole=True)
        object.__setattr__(self, "seed", expect_seed(self.seed))

    def prepare(self, bert: Bert) -> CompletionExamples:
        """Cut the texts into word pieces, once.

        Raises:
            ValueError: the graph has no labels that could be read.
        """
        expect_kind(bert, Bert, "A BERT", call="task.prepare(kgwb.load_bert())")
        graph, triples = find_facts(self.split, "kgwb.learn.TextCompletion({})")
        return CompletionExamples(self, cut_entity_texts(bert, graph, longest=int(self.longest)), graph, triples)

    def __repr__(self) -> str:
        graph, triples = find_facts(self.split, "kgwb.learn.TextCompletion({})")
        texts = fingerprint(
            [triples.tolist(), graph.labels, graph.entities["description"].tolist(), graph.relation_labels]
        )
        names = ("longest", "temperature", "margin", "queue", "self_negative", "examples", "seed")
        options = ", ".join(f"{name}={getattr(self, name)}" for name in names)
        return f"TextCompletion({count_things(len(triples), 'triple')} {texts[:12]}, {options})"


class CompletionExamples(nn.Module):
    """Facts whose texts are cut already, the temperature, and the answers of earlier batches.

    Args:
        task: its options.
        texts: of the entities and relations.
        graph: whose ids these are.
        triples: what is learnt.
    """

    def __init__(
        self, task: TextCompletion, texts: EntityTexts, graph: KnowledgeGraph, triples: Int[np.ndarray, "triple 3"]
    ) -> None:
        super().__init__()
        self.task = task
        self.texts = texts
        self.steps = Steps.of(triples, entities=len(graph.entities), relations=len(graph.relations))
        self.triples = draw_triples(triples, task.examples, task.seed)
        self.log_scale = nn.Parameter(torch.tensor(-math.log(task.temperature)))
        self._queued: tuple[Int[np.ndarray, " answer"], Tensor | None] = (np.empty(0, dtype=np.int64), None)

    def __len__(self) -> int:
        return len(self.triples)

    @property
    def temperature(self) -> float:
        """τ as it is now."""
        return math.exp(-float(self.log_scale.detach()))

    def loss(self, bert: Bert, rows: Sequence[int]) -> Float[Tensor, ""]:
        """−log softmax of the right answers, averaged over both questions of each fact."""
        scale = self.log_scale.to(bert.device)
        head, relation, tail = self.triples[list(rows)].T
        known, right = np.concatenate([head, tail]), np.concatenate([tail, head])  # [query]
        step = np.concatenate([relation, relation + self.steps.relations])
        answers, place = np.unique(right, return_inverse=True)  # each text is read once
        queries = pool_texts(bert, self.texts.encode_queries(known, step))  # [query, width]
        vectors = pool_texts(bert, self.texts.encode_entities(answers))  # [answer, width]
        columns, candidates = self._join_queue(answers, vectors)
        target = torch.from_numpy(place).to(bert.device)
        is_right = one_hot(target, len(columns)).bool()  # [query, column]
        left_out = self._find_known(known, step, columns)
        if not self.task.self_negative:
            left_out |= known[:, None] == columns
        is_left_out = torch.from_numpy(left_out).to(bert.device)
        # Half the bits would round cosines that lie close to the same score.
        with torch.autocast(bert.device.type, enabled=False):
            cosines = queries @ candidates.T - self.task.margin * is_right  # [query, column]
            loss = cross_entropy((cosines * scale.exp()).masked_fill(is_left_out & ~is_right, -torch.inf), target)
        self._keep(answers, vectors)
        return loss

    def _join_queue(self, answers: Int[np.ndarray, " answer"], vectors: Tensor) -> tuple[np.ndarray, Tensor]:
        entities, earlier = self._queued
        if earlier is None:
            return answers, vectors
        return np.concatenate([answers, entities]), torch.cat([vectors, earlier.to(vectors.device)])

    def _keep(self, answers: Int[np.ndarray, " answer"], vectors: Tensor) -> None:
        """The newest answers, each entity once."""
        if not self.task.queue:
            return
        entities, joined = self._join_queue(answers, vectors.detach())
        _, newest = np.unique(entities, return_index=True)
        newest = np.sort(newest)[: int(self.task.queue)]
        self._queued = (entities[newest], joined[torch.from_numpy(newest).to(joined.device)])

    def _find_known(
        self, known: Int[np.ndarray, " query"], step: Int[np.ndarray, " query"], columns: Int[np.ndarray, " column"]
    ) -> Bool[np.ndarray, "query column"]:
        """Which candidates are answers that train holds."""
        entities, place = np.unique(columns, return_inverse=True)
        first, counts = self.steps.find(step, known)
        query, ends = np.repeat(np.arange(len(known)), counts), self.steps.end[expand_ranges(first, counts)]
        at = np.minimum(np.searchsorted(entities, ends), len(entities) - 1)
        there = entities[at] == ends
        found = np.zeros((len(known), len(entities)), dtype=bool)
        found[query[there], at[there]] = True
        return found[:, place]

    def extra_repr(self) -> str:
        cut = f", {self.texts.cut:,} texts cut" if self.texts.cut else ""
        return f"{count_things(len(self), 'fact')}, temperature {self.temperature:.3f}{cut}"


def draw_triples(triples: Int[np.ndarray, "triple 3"], examples: int | None, seed: int) -> Int[np.ndarray, "example 3"]:
    """So many of the triples; once all are drawn, all are drawn again."""
    if examples is None:
        return triples
    random, rounds = np.random.default_rng(seed), -(-int(examples) // len(triples))
    return triples[np.concatenate([random.permutation(len(triples)) for _ in range(rounds)])[: int(examples)]]
