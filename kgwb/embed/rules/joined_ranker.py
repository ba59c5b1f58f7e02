"""Two rankers as one: their scores made comparable, query by query, and mixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_flags
from kgwb.citation import Citable, list_machine, nest_parts
from kgwb.embed.partial_triple import COLUMN_OF, Part, PartialTriple
from kgwb.embed.ranking.answers import Ranker, prepare_answers
from kgwb.embed.rules.predicting import list_answers, score_question
from kgwb.embed.rules.rule_ranker import RuleRanker
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content

Way = Literal["range", "log", "softmax"]
BothScores = Callable[[Tensor, Tensor, int], list[Float[Tensor, "query entity"]]]
WAYS: tuple[Way, ...] = ("range", "log", "softmax")
_STEEPNESS = 99  # of "log", which then maps a hundredth of the range to .15, a tenth to .52


@dataclass(frozen=True, eq=False, repr=False)
class JoinedRanker:
    """Mixes the scores of two rankers; `join_rankers` makes it.

    score = (1 − w) · scaled(one) + w · scaled(other), where a query's scores are scaled to x from 0 to 1 ("range"), to the
    logarithm of that, log(1 + 99x) / log 100 ("log"), or to the logarithm of their softmax ("softmax"). What rules add up
    is evidence, and its logarithm is what adds to a score of vectors: the first rule counts more than the fifth.

    Attributes:
        graph: whose entities and relations these are.
        one, other: what is mixed.
        ways: how the scores of each are scaled.
        weight: w.
        weights: w of each relation where the head is asked for and where the tail is, float64 [relation, side], where it
            is chosen by relation; else None.
        chosen: how ways and weight came about.
        made: versions and machine.
    """

    graph: KnowledgeGraph
    one: Ranker
    other: Ranker
    ways: tuple[Way, Way]
    weight: int | float
    weights: Float[np.ndarray, "relation side"] | None = None
    chosen: str = "as asked"
    made: Mapping[str, str] = field(default_factory=dict)

    @property
    def trained_on(self) -> Bool[Tensor, " entity"]:
        """Which entities one of the two was trained on, bool [entity]."""
        unknown = torch.zeros(len(self.graph.entities), dtype=torch.bool)
        seen = [torch.as_tensor(getattr(each, "trained_on", unknown)).cpu() for each in (self.one, self.other)]
        return seen[0] | seen[1]

    @property
    def trained_facts(self) -> Int[np.ndarray, "fact 3"]:
        """The triples that one of the two was trained on, ids [fact, 3]."""
        none = np.empty((0, 3), dtype=np.int64)
        facts = [np.asarray(getattr(each, "trained_facts", none)) for each in (self.one, self.other)]
        return np.unique(np.concatenate(facts), axis=0)

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The mixed score of every entity as the answer to each query.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        return self.prepare_answers()(known, relation, tails=tails)

    def prepare_answers(self) -> Callable[..., Float[Tensor, "query entity"]]:
        """A function like `score_answers` for many blocks of queries: both rankers are made ready once, not once per block."""
        score_both, relations = prepare_both(self.one, self.other), len(self.graph.relations)
        weights = torch.from_numpy(np.full((relations, 2), self.weight) if self.weights is None else self.weights)

        def score_answers(known: Tensor, relation: Tensor, *, tails: int) -> Float[Tensor, "query entity"]:
            both = score_both(known, relation, tails)
            scaled = [scale_scores(scores, way) for scores, way in zip(both, self.ways, strict=True)]
            asks_tail = (torch.arange(len(known)) < tails).long()
            weight = weights[relation.cpu(), asks_tail][:, None]  # [query, 1]
            return ((1 - weight) * scaled[0] + weight * scaled[1]).to(known.device)

        return score_answers

    def predict(
        self, *, head: Part = None, relation: Part = None, tail: Part = None, k: int = 10, why: bool = False
    ) -> pd.DataFrame:
        """The k best answers where one part of a triple is missing.

        Args:
            head: an entity by name, label or id; leave out the part that is asked for.
            relation: a relation by name, label or id.
            tail: an entity by name, label or id.
            k: how many answers.
            why: whether to show what each of the two gives, and the reasons of those that have some.

        Returns:
            Best first: entity (or relation), label, score and known. With `why` also `one` and `other`, the scores of the
            two beside each other, and of rules the columns rules, confidence, because and facts.

        Raises:
            ValueError: not exactly two of the three are given.
            UnknownNameError: names the three nearest labels.
        """
        expect_at_least("k", k, 1, whole=True)
        expect_flags(why=why)
        given = {"head": head, "relation": relation, "tail": tail}
        question = PartialTriple.from_names(self.graph, given, receiver="joined")
        found, triples = list_answers(self, question, k=k)
        if not why:
            return found
        column = COLUMN_OF[question.missing]
        for name, each in (("one", self.one), ("other", self.other)):
            scores = score_question(each, question).cpu().numpy()
            found[name] = scores[[triple[column] for triple in triples]]
        reasons = [each._say_why(triples) for each in (self.one, self.other) if isinstance(each, RuleRanker)]
        return pd.concat([found, *reasons[:1]], axis=1)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        parts = {
            "run": f"two rankers joined over the knowledge graph {self.graph.name!r}",
            **list_machine(self.made),
            "graph": describe_content(self.graph),
            "mixed": f"{self._say_mix()}, {self.chosen}",
        }
        for name, each in (("one", self.one), ("other", self.other)):
            said = each.describe_run() if isinstance(each, Citable) else {"run": type(each).__name__}
            parts |= nest_parts(name, {part: value for part, value in said.items() if part != "graph"})
        return parts

    def _say_mix(self) -> str:
        shown = f"{self.weight:.2f} of other"
        if self.weights is not None:
            low, high = self.weights.min(), self.weights.max()
            shown = f"{low:.2f} to {high:.2f} of other by relation and side, {self.weight:.2f} in all"
        return f"one scaled by {self.ways[0]}, other by {self.ways[1]}, {shown}"

    def __repr__(self) -> str:
        names = [repr(each).splitlines()[0] for each in (self.one, self.other)]
        head = f"JoinedRanker of {self.graph.name!r}: {self._say_mix()}"
        return "\n".join([head, f"  {self.chosen}", f"  one: {names[0]}", f"  other: {names[1]}"])


def prepare_both(one: Ranker, other: Ranker) -> BothScores:
    """A function of (known, relation, tails) that gives the scores of two rankers, as float64 on the CPU."""
    prepared = [prepare_answers(each) for each in (one, other)]

    def score(known: Tensor, relation: Tensor, tails: int) -> list[Float[Tensor, "query entity"]]:
        return [ask(known.to(device), relation.to(device), tails).double().cpu() for ask, device in prepared]

    return score


def scale_scores(scores: Float[Tensor, "query entity"], way: Way) -> Float[Tensor, "query entity"]:
    """Scores of different kinds of rankers, made comparable.

    Example:
        >>> scale_scores(torch.tensor([[1.0, 3.0, 2.0]]), "range")
        tensor([[0.0000, 1.0000, 0.5000]])
    """
    if way == "softmax":
        return scores.log_softmax(1)
    low, high = scores.aminmax(dim=1, keepdim=True)
    share = (scores - low) / (high - low).clamp_min(torch.finfo(scores.dtype).tiny)
    return share if way == "range" else (_STEEPNESS * share).log1p() / math.log1p(_STEEPNESS)
