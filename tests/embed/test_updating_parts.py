"""The parts of an update beside their definitions: which queries are near, where new things begin, what optimizers hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import nn

from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
from kgwb.embed.queries import Queries, group_queries
from kgwb.embed.training.batches import TrainingQueries
from kgwb.embed.updating.nearby_queries import add_sample, touch_changed, touch_new
from kgwb.embed.updating.optimizers import RowOptimizer, seed_optimizer, start_optimizer
from kgwb.embed.updating.recalled_settings import recall_settings
from kgwb.embed.updating.starting import average_takers, map_texts
from kgwb.graph import KnowledgeGraph

ENTITIES, RELATIONS = 6, 2
triples = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    min_size=1,
    max_size=12,
    unique=True,
)


def spell(queries: Queries) -> dict[tuple[str, int, int], set[int]]:
    return {
        (queries.side, int(known), int(relation)): set(queries.answers[start:stop].tolist())
        for known, relation, start, stop in zip(
            queries.known, queries.relation, queries.offsets[:-1], queries.offsets[1:], strict=True
        )
    }


@given(triples, triples, some.sets(some.integers(0, ENTITIES - 1)))
def test_the_queries_near_a_change_are_those_that_name_it(facts: list, changed: list, new: set) -> None:
    entities, relations = np.isin(np.arange(ENTITIES), [*new]), np.array([False, True])
    for side, (given_place, asked_place) in (("tail", (0, 2)), ("head", (2, 0))):
        queries = group_queries(np.array(facts), side)
        touched = spell(queries.take(np.flatnonzero(touch_changed(queries, np.array(changed)))))
        wanted = {(side, fact[given_place], fact[1]) for fact in changed}
        assert touched == {query: answers for query, answers in spell(queries).items() if query in wanted}
        fresh = spell(queries.take(np.flatnonzero(touch_new(queries, entities, relations))))
        assert fresh == {
            query: answers
            for query, answers in spell(queries).items()
            if query[1] in new or query[2] == 1 or answers & new
        }
        assert asked_place != given_place


@given(triples, some.integers(0, 30), some.integers(0, 5))
def test_a_sample_asks_all_that_is_near_and_so_many_others_with_all_their_answers(
    facts: list, count: int, seed: int
) -> None:
    every = TrainingQueries.from_triples(np.array(facts))
    near = [np.arange(len(side)) % 2 == 0 for side in (every.tail, every.head)]
    sides = list(zip((every.tail, every.head), near, strict=True))
    touched, rest = (
        TrainingQueries(*(side.take(np.flatnonzero(part == yes)) for side, part in sides)) for yes in (True, False)
    )
    drawn = add_sample(touched, rest, count, np.random.default_rng(seed))
    assert len(drawn) == len(touched) + min(count, len(rest))
    asked, whole, kept = ({**spell(each.tail), **spell(each.head)} for each in (drawn, every, touched))
    assert kept.items() <= asked.items() <= whole.items()


@given(triples, some.sets(some.integers(0, ENTITIES - 1), min_size=1, max_size=3))
def test_a_new_entity_begins_at_the_mean_of_those_on_its_side_of_its_relations(facts: list, new: set) -> None:
    table = torch.randn(ENTITIES, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    fresh = np.isin(np.arange(ENTITIES), [*new])
    begun = average_takers(table, np.array(facts), fresh, RELATIONS)
    uses = [(head, (relation, "head")) for head, relation, _ in facts]
    uses += [(tail, (relation, "tail")) for _, relation, tail in facts]
    for entity in range(ENTITIES):
        means = [
            torch.stack([table[taker] for taker in {one for one, its in uses if its == place and one not in new}]).mean(
                0
            )
            for one, place in uses
            if one == entity and any(its == place and taker not in new for taker, its in uses)
        ]
        wanted = torch.stack(means).mean(0) if means and entity in new else table[entity]
        torch.testing.assert_close(begun[entity], wanted)


def test_the_ridge_is_that_of_the_normal_equations_and_its_weight_the_best_by_leaving_one_out() -> None:
    rng = np.random.default_rng(0)
    texts, onto = rng.normal(size=(30, 5)), rng.normal(size=(5, 3))
    table = texts @ onto + rng.normal(size=(30, 3))
    known = np.arange(30) < 24

    def fit(chosen: np.ndarray, weight: float) -> np.ndarray:
        centre, mean = texts[chosen].mean(0), table[chosen].mean(0)
        given = texts[chosen] - centre
        maps = np.linalg.solve(given.T @ given + weight * np.eye(5), given.T @ (table[chosen] - mean))
        return mean + (texts - centre) @ maps

    sizes = np.linalg.svd(texts[known] - texts[known].mean(0), compute_uv=False)
    weights = np.logspace(-4, 4, 17) * np.mean(sizes**2)
    errors = []
    for weight in weights:
        # The centre is left out with the entity: the closed form counts it too.
        left = [((fit(known & (np.arange(30) != i), weight)[i] - table[i]) ** 2).mean() for i in np.flatnonzero(known)]
        errors.append(np.mean(left))
    np.testing.assert_allclose(map_texts(texts, table, known), fit(known, weights[np.argmin(errors)]), rtol=1e-6)


def test_texts_that_all_say_the_same_point_to_the_mean() -> None:
    table = np.arange(8.0).reshape(4, 2)
    known = np.array([True, True, False, False])
    np.testing.assert_allclose(map_texts(np.ones((4, 3)), table, known), np.repeat([[1.0, 2.0]], 4, 0))


@pytest.mark.parametrize("name", ["adagrad", "adam"])
def test_rows_that_are_fixed_stay_to_the_bit(name: str) -> None:
    table = nn.Parameter(torch.randn(5, 3))
    before, fixed = table.detach().clone(), torch.tensor([True, False, True, True, False])
    optimizer = RowOptimizer(start_optimizer(name, [table], 0.1), {table: fixed})
    for _ in range(3):
        table.grad = torch.randn(5, 3)
        optimizer.step()
    assert torch.equal(table[fixed], before[fixed])
    assert (table[~fixed] != before[~fixed]).all()


@pytest.mark.parametrize("name", ["adagrad", "adam"])
def test_an_optimizer_that_is_put_behind_its_steps_goes_on_as_if_it_had_taken_them(name: str) -> None:
    """Gradients whose square is always the same leave what `seed_optimizer` puts there, but for Adam's mean of them."""
    taken, put = (nn.Parameter(torch.zeros(4, 2)) for _ in range(2))
    size = torch.rand(4, 2) + 0.1
    one, other = start_optimizer(name, [taken], 0.1), start_optimizer(name, [put], 0.1)
    for step in range(4000):
        taken.grad = size * (-1) ** step
        one.step()
    seed_optimizer(other, [size**2], 4000)
    part = "exp_avg_sq" if name == "adam" else "sum"
    torch.testing.assert_close(other.state[put][part], one.state[taken][part], rtol=0.02, atol=0)
    put.grad = size
    other.step()
    assert (put.abs() < 0.02).all()


def test_weights_of_the_first_training_are_not_lost_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    graph = KnowledgeGraph.from_pandas(
        pd.DataFrame([["a", "r", "b"], ["b", "r", "c"]], columns=["head", "relation", "tail"])
    )
    for weights, said in ((None, False), ([1.0, 3.0], True)):
        vectors = GraphEmbedding(graph, ComplEx(), dim=4)
        for _ in train_embedding(vectors, graph, epochs=1, weights=weights, precision="float32"):
            pass
        caplog.clear()
        recall_settings(vectors, 3)
        assert ("trained with weights, which are not kept" in caplog.text) == said
