"""What rules alone can answer, to be shown beside any model: reverse a fact, copy it, or guess what is frequent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.embed.queries import mark_entities
from kgwb.embed.ranking.answers import find_asked_steps
from kgwb.graph.joins import Steps, cut, expand_ranges
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.rules import expect_kinds, find_rules
from kgwb.graph.splitting import Split, expect_split
from kgwb.words import count_things

TRIVIAL = ("symmetric", "inverse", "subsumption")
_LEAST = 0.02  # below this confidence, frequency knows more
Given = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class RuleBaseline:
    """Scores answers by the rules that give them and by how frequent they are, both learnt from train.

    score(e) = 1 − (1 − trust)(1 − share), where trust is that of the most trusted rule that gives e (see `find_rules`),
    and share the part of the relation's heads that have e as a tail, or of its tails that have e as a head.

    Attributes:
        graph: whose entities and relations these are.
        rules: the rules that are used, as in the frame of `find_rules`.
        trained_on: which entities train holds, bool [entity].
        trained_facts: the train triples, [fact, 3].
        steps: the train facts.
        bodies: what leads to where each step leads: (step, first, second or −1), sorted, [body 3].
        trusts: how far each body is trusted, 0 to 1, [body].
    """

    graph: KnowledgeGraph
    rules: pd.DataFrame
    trained_on: Bool[Tensor, " entity"]
    trained_facts: Int[np.ndarray, "fact 3"]
    steps: Steps
    bodies: Int[np.ndarray, "body 3"]
    trusts: Float[np.ndarray, " body"]

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query, 0 to 1.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        start, step = known.cpu().numpy(), find_asked_steps(relation, tails, self.steps.relations)
        trust = np.zeros((len(start), self.steps.entities), dtype=np.float32)  # [query, entity]
        for query, answer, trusted in self._apply_rules(start, step):
            np.maximum.at(trust, (query, answer), trusted)
        return torch.from_numpy(1 - (1 - trust) * (1 - self._find_shares(step))).to(known.device)

    def _apply_rules(self, start: Int[np.ndarray, " query"], step: Int[np.ndarray, " query"]) -> Iterator[Given]:
        """The answers that rules give, in blocks: (query, answer, trust)."""
        first = np.searchsorted(self.bodies[:, 0], step)
        counts = np.searchsorted(self.bodies[:, 0], step, side="right") - first
        query, body = np.repeat(np.arange(len(step)), counts), expand_ranges(first, counts)
        row, passed = self.steps.follow(self.bodies[body, 1], start[query])
        moved = passed != start[query[row]]
        query, body, passed = query[row[moved]], body[row[moved]], passed[moved]
        short = self.bodies[body, 2] < 0
        yield query[short], passed[short], self.trusts[body[short]]
        query, body, passed = query[~short], body[~short], passed[~short]
        begin, counts = self.steps.find(self.bodies[body, 2], passed)
        for block in cut(counts):
            row = np.repeat(np.arange(len(query))[block], counts[block])
            answer = self.steps.end[expand_ranges(begin[block], counts[block])]
            moved = (answer != passed[row]) & (answer != start[query[row]])
            yield query[row[moved]], answer[moved], self.trusts[body[row[moved]]]

    def _find_shares(self, step: Int[np.ndarray, " query"]) -> Float[np.ndarray, "query entity"]:
        """The share of each step's starts that lead to each entity."""
        asked, query = np.unique(step, return_inverse=True)
        _, entity, count = self.steps.fans
        takers, back = np.diff(self.steps.fan_bounds), self.steps.turn(asked)
        fan = expand_ranges(self.steps.fan_bounds[back], takers[back])
        row = np.repeat(np.arange(len(asked)), takers[back])
        shares = np.zeros((len(asked), self.steps.entities), dtype=np.float32)
        shares[row, entity[fan]] = count[fan] / takers[asked[row]]
        return shares[query]

    def __repr__(self) -> str:
        kinds = [f"{count:,} {kind}" for kind, count in self.rules["kind"].value_counts().items()]
        rules = count_things(len(self.rules), "rule")
        return f"RuleBaseline of {self.graph.name!r}: {rules}, {', '.join([*kinds, 'then frequency'])}"


def fit_baseline(split: Split, *, kinds: Sequence[str] = TRIVIAL, min_support: int = 2) -> RuleBaseline:
    """What a model has to beat: rules without any geometry, learnt from train.

    A model that is no better than reversing train facts has learnt to reverse train facts (Toutanova & Chen,
    2015; Dettmers et al., 2018). Rank it as any model is ranked, with the same split.

    Args:
        split: only train is looked at.
        kinds: which rules to use, as in `find_rules`; with "composition" it is no longer trivial and often strong; none
            leaves frequency alone.
        min_support: how often a rule must come true in train.

    Returns:
        Something for `rank_triples`, with `.graph` and `.score_answers(known, relation, *, tails)`.

    Raises:
        ValueError: a kind that there is not, or that gives no answers.

    Example:
        >>> from kgwb.embed.ranking.ranks import rank_triples
        >>> facts = [(f"house {i}", "beside", f"house {(i + step) % 8}") for i in range(8) for step in (1, 7)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[1:], graph.triples[:0], graph.triples[:1])
        >>> fit_baseline(split)
        RuleBaseline of 'graph': 1 rule, 1 symmetric, then frequency
        >>> rank_triples(fit_baseline(split), split.test, known=split.known).hits(1)
        1.0
    """
    expect_split(split, "fit_baseline({})")
    expect_kinds(kinds, least=0)
    if "constant" in kinds:
        raise ValueError(
            "kinds came with 'constant', whose conclusions frequency covers. Type kinds=['symmetric', 'inverse', "
            "'subsumption', 'composition'], or fewer of them."
        )
    graph = split.graph
    rules = find_rules(
        split, kinds=kinds or TRIVIAL, min_support=min_support, min_confidence=_LEAST, min_pca_confidence=0
    )
    frame = rules.frame if len(kinds) else rules.frame.iloc[:0]
    steps = Steps.of(split.train, entities=len(graph.entities), relations=len(graph.relations))
    trained_on = mark_entities(split.train, len(graph.entities))
    bodies, trusts = _number_bodies(frame, steps)
    return RuleBaseline(graph, frame, trained_on, split.train, steps, bodies, trusts)


def _number_bodies(frame: pd.DataFrame, steps: Steps) -> tuple[Int[np.ndarray, "body 3"], Float[np.ndarray, " body"]]:
    """Each rule both ways: from its head's head to the tail, and from the tail back to the head."""
    bodies = []
    for path, implied in zip(frame["path"], frame["implied"], strict=True):
        back = steps.turn(np.array(path[::-1])).tolist()
        for step, (first, *second) in ((implied, path), (implied + steps.relations, back)):
            bodies.append((step, first, *(second or [-1])))
    numbers = np.array(bodies, dtype=np.int64).reshape(-1, 3)
    order = np.lexsort(numbers.T[::-1])
    return numbers[order], np.repeat(frame["trust"].to_numpy(dtype=np.float32), 2)[order]
