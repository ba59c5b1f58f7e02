"""How many facts of a relation an entity takes: a country that has a capital gets no second one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from kgwb.axes import Bool, Float, Int, Tensor
from kgwb.citation import list_machine, note_machine
from kgwb.embed.queries import SIDES, mark_entities
from kgwb.embed.ranking.answers import find_asked_steps
from kgwb.graph.joins import Steps, expand_ranges
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import Split, expect_split, spell_triples
from kgwb.words import count_things

_SHOWN = 5  # of the relations that are taken once, in the repr


@dataclass(frozen=True, eq=False, repr=False)
class CardinalityRanker:
    """Scores answers by how many facts of the relation they are in already; `fit_cardinality` makes it.

    score(e) = log P(one more | n), where n counts the train facts of the relation with e at the place asked for, and
    P(one more | n) = (Σ N_{>m} + ½) ÷ (Σ N_{≥m} + 1), summed over the numbers m that are pooled with n: 0, 1, 2 to 3, 4 to
    7, and so on. N_{≥m} counts the entities with at least m such facts; of m = 0, these are all entities.

    It looks at nothing that a query gives, and so answers none by itself. Joined with vectors or rules it holds back whoever
    is taken: where a relation is functional (Galárraga et al., 2013: AMIE), a second fact is much rarer than a first.

    Attributes:
        graph: whose entities and relations these are.
        trained_facts: the train triples, [fact, 3].
        made: versions and machine.
    """

    graph: KnowledgeGraph
    trained_facts: Int[np.ndarray, "fact 3"]
    made: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def trained_on(self) -> Bool[Tensor, " entity"]:
        """Which entities train holds, bool [entity]."""
        return mark_entities(self.trained_facts, len(self.graph.entities))

    @cached_property
    def steps(self) -> Steps:
        """The train facts, both ways."""
        return Steps.of(self.trained_facts, entities=len(self.graph.entities), relations=len(self.graph.relations))

    def score_answers(
        self, known: Int[Tensor, " query"], relation: Int[Tensor, " query"], *, tails: int
    ) -> Float[Tensor, "query entity"]:
        """The score of every entity as the answer to each query, a logarithm.

        Args:
            known: the entity given in each query; it changes nothing.
            relation: the relation given.
            tails: the first this many queries ask for the tail, the others for the head.
        """
        step = find_asked_steps(relation, tails, self.steps.relations)
        return torch.from_numpy(score_takers(self.steps, self.chances, step)).to(known.device)

    @cached_property
    def chances(self) -> Float[np.ndarray, "step pool"]:
        """P(one more | n) for each relation's tails, then its heads, and each pool of n: 0, 1, 2 to 3, 4 to 7, ..."""
        return find_chances(self.steps)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row per relation and side that is asked for, those first whose entities are taken after one fact.

        `relation`; `side`; `entities`, how many have such a fact; `most`, the most facts of one; `first` and `second`, the
        probabilities that an entity without one, and one with one, gets one more.
        """
        steps = self.steps
        step, _, count = steps.fans
        asks, relations = steps.turn(step), steps.relations
        most = np.zeros(2 * relations, dtype=np.int64)
        np.maximum.at(most, asks, count)
        frame = pd.DataFrame(
            {
                "relation": np.tile(self.graph.relations["label"].to_numpy(), 2),
                "side": np.repeat(SIDES[::-1], relations),
                "entities": np.bincount(asks, minlength=2 * relations),
                "most": most,
                "first": self.chances[:, 0],
                "second": self.chances[:, 1],
            }
        )
        order = np.lexsort([np.log(frame["second"]) - np.log(frame["first"]), frame["entities"] == 0])
        return frame.iloc[order].reset_index(drop=True)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        triples = count_things(len(self.trained_facts), "triple")
        return {
            "run": f"how many facts of a relation an entity takes, counted in {triples} of the knowledge graph "
            f"{self.graph.name!r}",
            **list_machine(self.made),
            "graph": describe_content(self.graph),
            "train": spell_triples(self.trained_facts),
        }

    def __repr__(self) -> str:
        head = f"CardinalityRanker of {self.graph.name!r}: {count_things(len(self.graph.relations), 'relation')}"
        rows = [
            f"  {row.relation}, as the {row.side}: first {row.first:.3f}, second {row.second:.3f} "
            f"({count_things(row.entities, 'entity')}, at most {count_things(row.most, 'fact')} each)"
            for row in self.frame.head(_SHOWN).itertuples(index=False, name="Row")
            if row.second < row.first
        ]
        note = (
            "; the rarer a second fact beside a first:" if rows else "; whoever has a fact is likelier to get one more"
        )
        if not len(self.trained_facts):
            note = ", and no fact in train"
        return "\n".join([head + note, *rows])


def fit_cardinality(split: Split) -> CardinalityRanker:
    """Count how many facts of each relation an entity takes, as head and as tail, to be joined with another ranker.

    A triple that is withheld leaves its entities with one fact fewer. Where an entity has one capital at most, those with a
    capital in train are no likely answers, and nothing else knows it: `join_rankers(rules, fit_cardinality(split), split)`
    finds on valid how much that counts for each relation. Where facts are withheld at random, the entities of test are told
    by the very fact that they lack, as are those of a graph that is not complete; where facts come later, by the month, they
    are not. So report the figure beside the one without it.

    Args:
        split: only train is looked at.

    Returns:
        Something for `rank_triples` and `join_rankers`.

    Raises:
        TypeError: `split` is no split.

    Example:
        >>> facts = [(f"town {i}", "capital of", f"country {i}") for i in range(9)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[1:], graph.triples[:0], graph.triples[:1])
        >>> fit_cardinality(split)
        CardinalityRanker of 'graph': 1 relation; the rarer a second fact beside a first:
          capital of, as the tail: first 0.447, second 0.056 (8 entities, at most 1 fact each)
          capital of, as the head: first 0.447, second 0.056 (8 entities, at most 1 fact each)
    """
    expect_split(split, "fit_cardinality({})")
    return CardinalityRanker(split.graph, split.train, note_machine())


def find_chances(steps: Steps) -> Float[np.ndarray, "step pool"]:
    """P(one more | n), as `CardinalityRanker` has it, for the entities that each step leads to and each pool of n."""
    step, _, count = steps.fans
    asks = steps.turn(step)  # the step that leads to these entities
    pools = int(_pool(count).max(initial=1)) + 1

    def add_up(weights: np.ndarray) -> np.ndarray:
        return np.bincount(asks, weights, minlength=2 * steps.relations)

    going = [add_up(count > 0)]  # Σ N_{>m} of each pool, [step]
    reaching = [np.full(2 * steps.relations, float(steps.entities))]  # Σ N_{≥m}
    for pool in range(1, pools):
        low, high = 1 << (pool - 1), 1 << pool
        going.append(add_up((np.minimum(count, high) - low).clip(0)))
        reaching.append(add_up((np.minimum(count, high - 1) - low + 1).clip(0)))
    return (np.stack(going, 1) + 0.5) / (np.stack(reaching, 1) + 1)


def score_takers(
    steps: Steps, chances: Float[np.ndarray, "step pool"], step: Int[np.ndarray, " query"]
) -> Float[np.ndarray, "query entity"]:
    """log P(one more | n) of every entity as what each step leads to, float32."""
    asked, query = np.unique(step, return_inverse=True)
    _, entity, count = steps.fans
    back = steps.turn(asked)  # from the entities asked for to those given
    takers = steps.fan_bounds[back + 1] - steps.fan_bounds[back]
    fan, row = expand_ranges(steps.fan_bounds[back], takers), np.repeat(np.arange(len(asked)), takers)
    logs = np.log(chances[asked]).astype(np.float32)  # [asked, pool]
    scores = np.repeat(logs[:, :1], steps.entities, axis=1)  # [asked, entity]
    scores[row, entity[fan]] = logs[row, _pool(count[fan])]
    return scores[query]


def _pool(count: np.ndarray) -> Int[np.ndarray, ...]:
    """0, 1, 2 to 3, 4 to 7, ... as 0, 1, 2, 3, ..."""
    return np.frexp(count)[1]
