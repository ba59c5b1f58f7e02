"""What notebook 04 measures, against independent computations, and what it draws and tells its learners."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from scipy.stats import special_ortho_group as rotations
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

import kgwb
from kgwb.lessons import flat_maps, globe, seeing_a_space
from kgwb.lessons.examples import make_graph

FACTS = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ruo"), ("Ada", "knows", "Bo")]
SEEDS = st.integers(0, 10_000)


@pytest.fixture(autouse=True)
def _as_a_learner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGWB_STRICT", raising=False)


def _draw(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@given(SEEDS, st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_the_nearest_are_those_of_scikit_learn(seed: int, count: int) -> None:
    points = _draw(seed, 20, 3)
    expected = NearestNeighbors(n_neighbors=count).fit(points).kneighbors(return_distance=False)
    assert flat_maps.list_near(points, count).tolist() == expected.tolist()


@given(SEEDS, st.integers(1, 9))
@settings(max_examples=25, deadline=None)
def test_points_are_trusted_as_the_map_is_on_the_average(seed: int, near: int) -> None:
    truth, points = _draw(seed, 22, 5), _draw(seed + 1, 22, 2)
    quality = flat_maps.measure_points(truth, points, near)
    assert quality["trustworthiness"].mean() == pytest.approx(trustworthiness(truth, points, n_neighbors=near))
    assert quality["continuity"].mean() == pytest.approx(trustworthiness(points, truth, n_neighbors=near))
    assert quality.to_numpy().min() >= -1e-12 and quality.to_numpy().max() <= 1


def test_the_point_that_was_moved_is_the_one_that_lies() -> None:
    truth = np.arange(20.0)[:, None] ** 1.01
    points = truth.copy()
    points[3] = 100.0
    quality = flat_maps.measure_points(truth, points, 4)
    assert quality["trustworthiness"].idxmin() == quality["continuity"].idxmin() == 3
    assert quality["continuity"][15] == 1


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_turning_a_space_keeps_its_neighbours_and_procrustes_turns_it_back(seed: int) -> None:
    space = _draw(seed, 30, 4)
    turned = 3 * space @ rotations.rvs(4, random_state=seed) + 7
    agreed = seeing_a_space.compare_spaces(turned, space, 5)
    assert agreed["met when turned"] == 1
    assert agreed["of 5 neighbours, kept"] == 5
    np.testing.assert_allclose(seeing_a_space.turn_onto(turned, space), space, atol=1e-8)


def test_spaces_that_have_nothing_in_common_agree_by_chance() -> None:
    kept = [seeing_a_space.count_common(_draw(seed, 101, 8), _draw(seed + 50, 101, 8), 10) for seed in range(20)]
    assert np.mean(kept) == pytest.approx(10 * 10 / 100, abs=0.15)


def test_the_share_of_one_kind_is_counted_pair_by_pair() -> None:
    points, kinds = _draw(0, 40, 3), np.random.default_rng(1).choice(["ship", "town", "bird"], 40).tolist()
    found = seeing_a_space.measure_alike(points, kinds, 4, draws=5)
    near = NearestNeighbors(n_neighbors=4).fit(points).kneighbors(return_distance=False)
    assert found["same kind"] == pytest.approx(
        np.mean([kinds[i] == kinds[j] for i, row in enumerate(near) for j in row])
    )
    assert 0 <= found["lowest shuffle"] <= found["highest shuffle"] <= 1


def test_groups_that_are_kinds_stand_above_every_shuffle() -> None:
    points = np.concatenate([_draw(0, 20, 3), _draw(1, 20, 3) + 20])
    found = seeing_a_space.measure_alike(points, ["ship"] * 20 + ["town"] * 20, 5)
    assert found["same kind"] == 1 and found["highest shuffle"] < 0.8
    assert flat_maps.score_groups(points, 2) > 0.8 > 0.3 > flat_maps.score_groups(_draw(2, 40, 10), 2)


def test_arrows_that_are_one_arrow_do_not_differ() -> None:
    graph = make_graph(FACTS)
    points = np.zeros((len(graph.entities), 2))
    for head, relation, tail in graph.triples.tolist():
        if graph.relation_labels[relation] == "speaks":
            points[head] = [head, -head]
            points[tail] = points[head] + [3, 4]
    assert flat_maps.measure_arrows(graph, points, "speaks") == pytest.approx(0)
    points[graph.entity_id("Ket")] += [0, 3]  # one of three is longer by 3: the mean by 1
    spread = np.sqrt((2**2 + 1 + 1) / 3) / np.hypot(3, 5)
    assert flat_maps.measure_arrows(graph, points, "speaks") == pytest.approx(spread)


def test_far_groups_are_compared_by_rank() -> None:
    truth, points = _draw(3, 30, 6), _draw(4, 30, 2)
    kinds = [f"kind {row % 6}" for row in range(30)]
    middles = [
        np.stack([each[[k == kind for k in kinds]].mean(0) for kind in sorted(set(kinds))]) for each in (truth, points)
    ]
    gaps = [[np.linalg.norm(m[i] - m[j]) for i in range(6) for j in range(i + 1, 6)] for m in middles]
    assert flat_maps.compare_centres(truth, points, kinds) == pytest.approx(spearmanr(*gaps)[0])
    assert flat_maps.compare_centres(truth, 2 * truth, kinds) == pytest.approx(1)


def test_a_space_is_its_own_best_map() -> None:
    entities = pd.DataFrame({"entity": list("abcdefgh"), "type": list("xxyyzzww")})
    facts = pd.DataFrame(
        [[a, "r", b] for a, b in zip("abcdefg", "bcdefgh", strict=True)], columns=["head", "relation", "tail"]
    )
    graph = kgwb.KnowledgeGraph.from_pandas(facts, entities)
    points = _draw(0, 8, 3)
    found = flat_maps.compare_map(graph, points, points, relations=["r"], neighbours=2)
    assert list(found) == ["arrows, r", "trustworthiness", "continuity", "far groups"]
    assert found["trustworthiness"] == found["continuity"] == 1 and found["far groups"] == pytest.approx(1)


def test_shuffled_facts_keep_their_heads_and_none_is_true() -> None:
    people, tongues = [f"p{i}" for i in range(12)], [f"t{i}" for i in range(4)]
    facts = [(person, "speaks", tongues[i % 4]) for i, person in enumerate(people)]
    entities = pd.DataFrame({"entity": people + tongues, "type": ["person"] * 12 + ["dialect"] * 4})
    graph = kgwb.KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]), entities)
    shuffled = seeing_a_space.shuffle_facts(graph, seed=1)
    assert shuffled.triples[:, :2].tolist() == graph.triples[:, :2].tolist()
    assert not {*map(tuple, shuffled.triples.tolist())} & {*map(tuple, graph.triples.tolist())}
    assert sorted(shuffled.triples[:, 2].tolist()) == sorted(graph.triples[:, 2].tolist())
    assert list(shuffled.entities["type"]) == list(graph.entities["type"])


@given(SEEDS)
@settings(max_examples=25, deadline=None)
def test_entities_are_exchanged_within_their_kind(seed: int) -> None:
    kinds = np.random.default_rng(seed).choice(["ship", "town", "bird"], 30).tolist()
    order = seeing_a_space.exchange_within(kinds, seed=seed)
    assert sorted(order.tolist()) == list(range(30))
    assert [kinds[place] for place in order] == kinds


def test_cities_lie_where_they_lie() -> None:
    cities = globe.list_cities()
    assert cities["continent"].value_counts().tolist() == [12] * 6
    assert cities["city"].is_unique
    sphere = globe.place_on_sphere(cities)
    np.testing.assert_allclose(np.linalg.norm(sphere, axis=1), 1)
    place = cities.set_index("city")
    for city, other, kilometres in (("London", "Paris", 344), ("Sydney", "Perth", 3290), ("Lima", "Quito", 1325)):
        (a, b), (c, d) = (
            np.radians(place.loc[each, ["latitude", "longitude"]].to_numpy(float)) for each in (city, other)
        )
        haversine = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
        way = 2 * 6371 * np.arcsin(np.sqrt(haversine))
        assert way == pytest.approx(kilometres, rel=0.03)
        ends = sphere[[list(cities["city"]).index(each) for each in (city, other)]]
        assert 2 * 6371 * np.arcsin(np.linalg.norm(ends[0] - ends[1]) / 2) == pytest.approx(way)


def test_every_map_has_every_point_and_the_lines_of_the_focus() -> None:
    names, kinds = [f"<{letter}>" for letter in "abcdefg"], list("xxyyzzz")
    space = _draw(0, 7, 3)
    maps = {"one": _draw(1, 7, 2), "two": _draw(2, 7, 2), "three": _draw(3, 7, 2)}
    near = flat_maps.list_near(space, 2)
    picture = flat_maps.draw_maps(maps, names, kinds, near, focus="<c>", named=["<f>"])
    assert repr(picture).startswith("Picture: The same 7 points on 3 maps.")
    marks = list(ElementTree.fromstring(picture.svg).iter())
    dots = [mark for mark in marks if mark.get("r") == "3.5"]
    assert len(dots) == 3 * 7 and len({dot.get("fill") for dot in dots}) == 3
    lines = [mark for mark in marks if mark.get("class") == "line-ink" and mark.tag.endswith("path")]
    assert len(lines) == 3 * 2 + 1  # and one in the legend
    texts = [mark.text for mark in marks if mark.tag.endswith("text")]
    assert texts.count("<c>") == 3 and {"one", "two", "three", "x", "y", "z"} <= {*texts}
    with pytest.raises(ValueError, match=r"No point is called 'q'\. Expected one of 7 names, such as '<a>'\."):
        flat_maps.draw_maps(maps, names, kinds, near, focus="q")


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_others_are_listed_from_near_to_far_and_the_worst_has_the_lowest_figure(seed: int) -> None:
    names = [f"point {i}" for i in range(12)]
    truth, points = _draw(seed, 12, 3), _draw(seed + 1, 12, 2)
    others = flat_maps.list_others(truth, names, "point 7")
    away = [float(np.linalg.norm(truth[names.index(other)] - truth[7])) for other in others]
    assert sorted(others) == sorted({*names} - {"point 7"}) and away == sorted(away)
    row = flat_maps.list_worst(truth, {"map": points}, names, neighbours=4).loc["map"]
    quality = flat_maps.measure_points(truth, points, 4)
    assert quality.loc[names.index(row["worst"])].min() == quality.to_numpy().min()
    assert row["near on the map"] == ", ".join(flat_maps.list_others(points, names, row["worst"])[:3])
    with pytest.raises(ValueError, match=r"No point is called 'q'\. Expected one of 12 names, such as 'point 0'\."):
        flat_maps.list_others(truth, names, "q")


def test_how_many_strangers_is_not_how_strange() -> None:
    def share(truth: list[str], shown: list[str], near: int) -> float:
        return len({*truth[:near]} & {*shown[:near]}) / near

    verdict = seeing_a_space.check_point_trust(share)
    assert "expected  0.8571" in repr(verdict) and "rank in truth" in repr(verdict)


def test_a_share_without_its_twin_is_no_gain() -> None:
    def share(near: list[list[int]], kinds: list[str], shuffled: list[str]) -> float:
        pairs = [(i, j) for i, row in enumerate(near) for j in row]
        return sum(kinds[i] == kinds[j] for i, j in pairs) / len(pairs)

    assert "expected  0.25" in repr(seeing_a_space.check_alike_gain(share))


def test_neighbours_are_kept_in_whatever_order() -> None:
    def in_order(one: np.ndarray, other: np.ndarray, near: int) -> float:
        return float((flat_maps.list_near(one, near) == flat_maps.list_near(other, near)).sum(axis=1).mean())

    assert "expected  2" in repr(seeing_a_space.check_neighbours_kept(in_order))
    assert seeing_a_space.check_neighbours_kept(seeing_a_space.count_common).passed
