"""What rules know, asked as vectors are asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.checks import expect_at_least, expect_flags
from kgwb.citation import list_machine, spell_settings
from kgwb.embed.partial_triple import Part, PartialTriple
from kgwb.embed.ranking.answers import find_asked_steps
from kgwb.embed.rules.answering import RuleSet
from kgwb.embed.rules.explaining import explain_triple
from kgwb.embed.rules.predicting import list_answers
from kgwb.embed.rules.wording import describe_rules, name_kinds
from kgwb.graph.building import Notes
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import spell_triples
from kgwb.words import count_things, shorten

MOST_ROWS = 100_000  # of the table in words: millions of rules would take gigabytes


@dataclass(frozen=True, eq=False, repr=False)
class RuleRanker:
    """Scores answers by the rules that give them, learnt from train; `mine_rules` makes it.

    Attributes:
        graph: whose entities and relations these are.
        rules: all of them, numbered by falling trust.
        top: how many of the rules that give an answer are added up.
        trained_on: which entities train holds, bool [entity].
        trained_facts: the train triples, [fact, 3].
        notes: what was not looked at, counted.
        settings: what `mine_rules` was asked for.
        chosen: how `top` came about.
        made: versions and machine.
    """

    graph: KnowledgeGraph
    rules: RuleSet
    top: int
    trained_on: Bool[Tensor, " entity"]
    trained_facts: Int[np.ndarray, "fact 3"]
    notes: Notes = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    chosen: str = "as asked"
    made: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(name_kinds(self.rules).values())

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The most trusted rules, at most 100,000, a row each.

        `kind`: path, constant, dangling or frequent; `rule`, `body` and `head` in words; `support` and `cases`, how often
        body and head, and how often the body is fulfilled; `confidence`, support ÷ cases; `trust`, what it counts; and
        the rule in ids: `path`, the steps of the body (relation r is step r, and r from tail to head step r + the number
        of relations), `implied`, the step concluded, `constant` and `given`, the entities that head and body name, or -1.
        """
        return describe_rules(self.graph, self.rules, np.arange(min(len(self), MOST_ROWS)))

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query: Σ −log(1 − trust) of the best rules, from 0 on.

        Args:
            known: the entity given in each query: heads where the tail is asked for, else tails.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        start, step = known.cpu().numpy(), find_asked_steps(relation, tails, len(self.graph.relations))
        return torch.from_numpy(self.rules.score(start, step, top=self.top)).to(known.device)

    def predict(
        self, *, head: Part = None, relation: Part = None, tail: Part = None, k: int = 10, why: bool = False
    ) -> pd.DataFrame:
        """The k best answers where one part of a triple is missing.

        Args:
            head: an entity by name, label or id; leave out the part that is asked for.
            relation: a relation by name, label or id.
            tail: an entity by name, label or id.
            k: how many answers.
            why: whether to say which rules give each answer, and which facts fire them.

        Returns:
            Best first: entity (or relation), label, score, probability (1 − e^(−score), a noisy-or, not calibrated) and
            known: whether the graph already holds the triple. With `why` also rules, confidence, because and facts, each
            a tuple with an entry for each of the rules that are added up.

        Raises:
            ValueError: not exactly two of the three are given.
            UnknownNameError: names the three nearest labels.
        """
        expect_at_least("k", k, 1, whole=True)
        expect_flags(why=why)
        given = {"head": head, "relation": relation, "tail": tail}
        question = PartialTriple.from_names(self.graph, given, receiver="rules")
        found, triples = list_answers(self, question, k=k)
        found.insert(3, "probability", 1 - np.exp(-found["score"]))
        return found.join(self._say_why(triples)) if why else found

    def _say_why(self, triples: list[tuple[int, int, int]]) -> pd.DataFrame:
        """For each triple its rules, their confidence, and the facts that fire them."""
        named = ["rule", "confidence", "because", "facts"]
        whys = [explain_triple(self.graph, self.rules, triple, most=self.top) for triple in triples]
        rows = [[tuple(why[column]) for column in named] for why in whys]
        return pd.DataFrame(rows, columns=["rules", *named[1:]])

    def explain(self, head: Part, relation: Part, tail: Part) -> pd.DataFrame:
        """Why a triple is given: one row for each rule that fires, most trusted first.

        Args:
            head: an entity by name, label or id.
            relation: a relation by name, label or id.
            tail: an entity by name, label or id.

        Returns:
            The columns of `frame`; `facts`, the ids (head, relation, tail) of all facts that fire the rule: without them it
            does not; `because`, the first way in words; and `ways`, how many there are, at most 1,000. Frequent answers
            rest on no fact of their own.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        graph = self.graph
        triple = graph.entity_id(head), graph.relation_id(relation), graph.entity_id(tail)  # type: ignore[arg-type]
        return explain_triple(graph, self.rules, triple)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        return {
            "run": f"rules mined from {count_things(len(self.trained_facts), 'triple')} of the knowledge graph "
            f"{self.graph.name!r}: {self._count_kinds()}",
            **list_machine(self.made),
            "graph": describe_content(self.graph),
            "train": spell_triples(self.trained_facts),
            "settings": spell_settings({**self.settings, "top": self.top}),
            "top": self.chosen,
            "not looked at": "; ".join(f"{count:,} {what}" for what, count in self.notes if count) or "nothing",
        }

    def _count_kinds(self) -> str:
        return ", ".join(f"{count:,} {kind}" for kind, count in name_kinds(self.rules).items() if count) or "none"

    def __repr__(self) -> str:
        facts = count_things(len(self.trained_facts), "fact")
        shown = describe_rules(self.graph, self.rules, np.arange(min(len(self), 5)))
        rows = [
            f"  {row.trust:.2f}  {shorten(row.rule, 240)}  (support {row.support:,} of {row.cases:,})"
            for row in shown.itertuples(index=False, name="Row")
        ]
        notes = [f"  {count:,} {what}" for what, count in self.notes if count]
        head = (
            f"RuleRanker of {self.graph.name!r}: {count_things(len(self), 'rule')} from {facts}: {self._count_kinds()}"
        )
        added = f"  the {count_things(self.top, 'rule')} most trusted of an answer are added up, {self.chosen}"
        return "\n".join([head, *rows, added, *notes])
