"""Missing facts by rules, by two rankers joined, by a path network, and by whatever else scores answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch

from kgwb.embed import (
    DistMult,
    GraphEmbedding,
    PathNetwork,
    calibrate_scores,
    classify_triples,
    find_missing_facts,
    join_rankers,
    mine_rules,
    train_embedding,
)
from kgwb.embed.ranking.answers import Ranker, ScoresAnswers, find_trained_facts
from kgwb.embed.ranking.baseline import fit_baseline
from kgwb.embed.ranking.labelled import score_triples
from kgwb.graph import KnowledgeGraph, Split


@dataclass(frozen=True)
class Table:
    """A ranker that says nothing of itself: a score for every triple there could be, [relation, head, tail]."""

    graph: KnowledgeGraph
    scores: torch.Tensor

    def score_answers(self, known: torch.Tensor, relation: torch.Tensor, *, tails: int) -> torch.Tensor:
        rows = self.scores[relation, known]
        rows[tails:] = self.scores[relation[tails:], :, known[tails:]]
        return rows


def make_table(split: Split) -> Table:
    entities, relations = len(split.graph.entities), len(split.graph.relations)
    scores = torch.randint(-3, 4, (relations, entities, entities), generator=torch.Generator().manual_seed(0)).float()
    head, relation, tail = torch.from_numpy(split.known).T
    scores[relation, head, tail] += 2
    return Table(split.graph, scores)


def join(split: Split) -> Ranker:
    vectors = GraphEmbedding(split.graph, DistMult(), dim=8)
    list(train_embedding(vectors, split, epochs=2))
    return join_rankers(vectors, mine_rules(split, minutes=1, longest=2), split)


MAKERS: dict[str, Callable[[Split], Ranker]] = {
    "rules": lambda split: mine_rules(split, minutes=1, longest=2),
    "counts": fit_baseline,
    "joined": join,
    "paths": lambda split: PathNetwork(split, dim=4, layers=1),
    "table": make_table,
}


@pytest.fixture(scope="module", params=MAKERS)
def ranker(request: pytest.FixtureRequest, split: Split) -> Ranker:
    return MAKERS[request.param](split)


def score_all(ranker: Ranker) -> np.ndarray:
    """The score of every triple as its head's tail, float64 [relation, head, tail], one head at a time."""
    assert isinstance(ranker, ScoresAnswers)
    relations, entities = len(ranker.graph.relations), len(ranker.graph.entities)
    with torch.no_grad():
        rows = [
            ranker.score_answers(torch.tensor([head]), torch.tensor([relation]), tails=1)[0].double().numpy()
            for relation in range(relations)
            for head in range(entities)
        ]
    return np.stack(rows).reshape(relations, entities, entities)


@pytest.mark.parametrize("among", [None, "relation"])
def test_the_best_are_those_of_a_table_of_all(ranker: Ranker, split: Split, among: str | None) -> None:
    table, centres = score_all(ranker), calibrate_scores(ranker, split).centres
    values = table - centres[:, None, None]
    head, relation, tail = split.known.T
    values[relation, head, tail] = -np.inf
    if among:
        allowed = np.zeros(values.shape, dtype=bool)
        for each in range(len(values)):
            facts = split.train[split.train[:, 1] == each]
            allowed[np.ix_([each], np.unique(facts[:, 0]), np.unique(facts[:, 2]))] = True
        values[~allowed] = -np.inf
    found = find_missing_facts(ranker, 25, split=split, among=among, memory=1e-5)
    best = np.sort(values.ravel())[::-1][:25]
    head, relation, tail = found.triples.T
    np.testing.assert_allclose(values[relation, head, tail], best, atol=1e-5)
    np.testing.assert_allclose(found.scores, table[relation, head, tail], atol=1e-5)
    assert found.possible == np.isfinite(values).sum() and found.relations == len(values)


def test_probabilities_are_fitted_on_valid_and_share_out_what_is_withheld(ranker: Ranker, split: Split) -> None:
    found, fit = find_missing_facts(ranker, 25, split=split), calibrate_scores(ranker, split)
    even = fit.probability(found.triples)
    share = found.withheld / (found.possible + found.withheld)
    odds = even / (1 - even) * share / (1 - share)
    np.testing.assert_allclose(found.probability, odds / (1 + odds), rtol=1e-4)
    assert 0 <= classify_triples(ranker, split).accuracy <= 1


def test_a_triple_is_scored_as_the_tail_of_its_head(ranker: Ranker, split: Split) -> None:
    head, relation, tail = split.known.T
    np.testing.assert_allclose(score_triples(ranker, split.known), score_all(ranker)[relation, head, tail], atol=1e-5)


def test_what_training_saw_is_known_where_the_ranker_says_it(ranker: Ranker, split: Split) -> None:
    found = find_missing_facts(ranker, 25)
    withheld = len(split.valid) + len(split.test)
    assert find_missing_facts(ranker, 25, split=split).withheld == withheld
    if len(find_trained_facts(ranker)):
        assert found.withheld == withheld
    else:
        assert found.withheld == 0 and np.isnan(found.probability).all()
    if isinstance(ranker, Table):
        assert "a ranker of the class Table; how it was made was not recorded" in str(found.describe_run())


def test_rules_find_what_follows_from_them() -> None:
    """Who is married to whom: said the other way round by a rule, which nothing but a withheld fact denies."""
    facts = [(f"p{i}", "married to", f"p{i ^ 1}") for i in range(60)]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    withheld = np.zeros(60, bool)
    withheld[:40:2] = True
    rest = graph.triples[withheld]
    split = Split(graph, graph.triples[~withheld], rest[::2], rest[1::2])
    found = find_missing_facts(mine_rules(split, minutes=1), 20, split=split)
    assert found.withheld == 20 and found.found == 20 and found.separates
    assert "rules" in found.describe_run()["scored by"]
