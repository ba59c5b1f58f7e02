"""What filled attributes look at: neighbours, siblings, the nearest, on a scale, in a mixture; never at the value itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.embed import GraphEmbedding
from kgwb.embed.attributes.features import Evidence, find_components, find_nearest_medians
from kgwb.embed.attributes.neighbour_values import Neighbourhood
from kgwb.embed.attributes.regressors import mix_models
from kgwb.embed.attributes.scale import Scale, choose_scale
from kgwb.graph import KnowledgeGraph


@settings(max_examples=30, deadline=None)
@given(seed=some.integers(0, 999))
def test_means_over_neighbours_and_siblings_are_those_of_the_definition(seed: int) -> None:
    random = np.random.default_rng(seed)
    triples = np.unique(random.integers(0, [6, 2, 6], (12, 3)), axis=0)
    graph = _numbered_graph(triples)
    values = np.where(random.random(6) < 0.7, random.normal(size=6), np.nan)
    steps = [(h, r, t) for h, r, t in graph.triples.tolist()] + [(t, r + 2, h) for h, r, t in graph.triples.tolist()]
    neighbourhood = Neighbourhood.of(graph)
    chosen = np.arange(2 * len(graph.relations))
    near = neighbourhood.average_neighbours(values)
    far = neighbourhood.average_siblings(values)
    for entity in range(6):
        for step in chosen.tolist():
            ends = [end for start, along, end in steps if (start, along) == (entity, step)]
            seen = [values[end] for end in ends if end != entity and not np.isnan(values[end])]
            assert near.along(chosen)[entity, step] == pytest.approx(np.mean(seen) if seen else np.nan, nan_ok=True)
            means, weights = [], []
            for end in ends:
                reach = {start for start, along, other in steps if (along, other) == (step, end)}
                others = [values[start] for start in reach - {entity} if not np.isnan(values[start])]
                if others:
                    means.append(np.mean(others))
                    weights.append(1 / np.log2(2 + len(reach)))
            wanted = np.average(means, weights=weights) if means else np.nan
            assert far.along(chosen)[entity, step] == pytest.approx(wanted, nan_ok=True)


def _numbered_graph(triples: np.ndarray) -> KnowledgeGraph:
    entities = pd.DataFrame({"entity": [str(i) for i in range(6)]})
    relations = pd.DataFrame({"relation": ["0", "1"]})
    facts = pd.DataFrame(triples.astype(str), columns=["head", "relation", "tail"])
    return KnowledgeGraph.from_pandas(facts, entities, relations=relations)


def test_no_feature_of_an_entity_looks_at_its_own_value(world: GraphEmbedding) -> None:
    vectors = world.entity_vectors().double().numpy()
    values = np.log(world.graph.entities["population"].to_numpy(dtype=float))
    evidence = Evidence(
        Neighbourhood.of(world.graph), vectors, find_components(vectors), vectors[:, :0], {"population": values}
    )
    known = np.flatnonzero(np.isfinite(values))
    before = evidence.describe_known(values, known)
    for place in (0, 17, 100):
        other = values.copy()
        other[known[place]] += 1000
        after = evidence.describe_known(other, known)
        np.testing.assert_allclose(after[place], before[place], atol=1e-6)
        assert not np.array_equal(np.delete(after, place, 0), np.delete(before, place, 0), equal_nan=True)
    fixed = evidence.describe_fixed("population", known, known)
    turned = replace(evidence, known={"population": -values})
    np.testing.assert_array_equal(fixed, turned.describe_fixed("population", known, known))


def test_the_nearest_are_the_nearest_by_direction() -> None:
    angles = np.radians([0, 10, 20, 40, 90])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    medians = find_nearest_medians(vectors, np.array([5.0, 1.0, 2.0, 4.0, np.nan]), np.array([0, 4]))
    assert medians[:, 0].tolist() == [1.0, 4.0]  # its own 5 is not looked at
    assert medians[:, 1].tolist() == [2.0, 2.0]  # of 1, 2, 4, and of 4, 2, 1


def test_a_mixture_is_never_worse_than_the_best_model_on_what_it_was_chosen_on() -> None:
    random = np.random.default_rng(0)
    values = random.lognormal(size=50)
    means = np.log(values) + random.normal(size=(4, 50)) * np.array([[0.1], [0.5], [1.0], [2.0]])
    weights = mix_models(means, values, Scale(logarithm=True))
    assert weights.sum() == pytest.approx(1)
    assert np.abs(np.exp(weights @ means) - values).mean() <= np.abs(np.exp(means) - values).mean(1).min() + 1e-12


def test_the_logarithm_is_for_long_positive_tails_only() -> None:
    random = np.random.default_rng(0)
    assert choose_scale(random.lognormal(10, 2, 500)) == Scale(logarithm=True)
    assert choose_scale(2020 - random.exponential(30, 500)) == Scale()
    assert choose_scale(random.lognormal(10, 2, 500) - 1) == Scale(logarithm=True)
    assert choose_scale(np.append(random.lognormal(10, 2, 500), 0.0)) == Scale()
    assert choose_scale(np.array([4.0])) == choose_scale(np.full(9, 4.0)) == Scale()
