"""The numbers behind a space's picture against independent computations: scikit-learn, scipy, brute force."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from sklearn.neighbors import NearestNeighbors

from kgwb.embed import ComplEx, GraphEmbedding, RotatE, TransE, rank_triples
from kgwb.graph import KnowledgeGraph
from kgwb.see import point_quality, show_space
from kgwb.see.space.alignment import align_points
from kgwb.see.space.neighbours import list_nearest, share_neighbours
from kgwb.see.space.projection import fit_plane
from kgwb.see.space.quality import draw_rows
from kgwb.see.space.raster import write_png


def make_graph(count: int = 24, seed: int = 0) -> KnowledgeGraph:
    random = np.random.default_rng(seed)
    facts = pd.DataFrame(
        {
            "head": [f"e{i}" for i in random.integers(0, count, 80)],
            "relation": [("near", "part of")[i] for i in random.integers(0, 2, 80)],
            "tail": [f"e{i}" for i in random.integers(0, count, 80)],
        }
    )
    return KnowledgeGraph.from_pandas(facts, name="isles")


def make_points(count: int, dim: int = 8, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dim)) + 3 * random.normal(size=(3, dim))[np.arange(count) % 3]


def measure_point(high: np.ndarray, low: np.ndarray, near: int, i: int) -> float:
    """A point's trustworthiness as its definition reads."""
    count = len(high)
    truth = sorted((j for j in range(count) if j != i), key=lambda j: float(((high[i] - high[j]) ** 2).sum()))
    shown = sorted((j for j in range(count) if j != i), key=lambda j: float(((low[i] - low[j]) ** 2).sum()))
    penalty = sum(max(0, truth.index(j) + 1 - near) for j in shown[:near])
    return 1 - 2 / (near * (2 * count - 3 * near - 1)) * penalty


@given(st.integers(9, 40), st.integers(1, 4), st.integers(0, 5))
@settings(max_examples=25, deadline=None)
def test_each_points_quality_is_what_its_definition_says(count: int, near: int, seed: int) -> None:
    high = make_points(count, seed=seed)
    low = high[:, :2] + np.random.default_rng(seed).normal(size=(count, 2))
    found = point_quality(high, low, near)
    assert found.trustworthiness == pytest.approx([measure_point(high, low, near, i) for i in range(count)])
    assert found.continuity == pytest.approx([measure_point(low, high, near, i) for i in range(count)])


def test_the_mean_over_the_points_is_the_maps_own() -> None:
    high = make_points(200)
    low = high[:, :2]
    found = point_quality(high, low, 7)
    assert found.whole.trustworthiness == pytest.approx(trustworthiness(high, low, n_neighbors=7))
    assert found.whole.continuity == pytest.approx(trustworthiness(low, high, n_neighbors=7))


def test_a_sample_measures_its_points_against_all_and_says_nothing_of_the_others() -> None:
    high = make_points(60)
    low = high[:, :2]
    whole, some = point_quality(high, low, 5), point_quality(high, low, 5, sample=9, seed=3)
    assert len(some.rows) == 9 and np.isnan(some.trustworthiness).sum() == 51
    assert some.trustworthiness[some.rows] == pytest.approx(whole.trustworthiness[some.rows])
    assert some.continuity[some.rows] == pytest.approx(whole.continuity[some.rows])


def test_the_sample_of_a_large_map_is_bounded_and_its_caption_says_so() -> None:
    assert len(draw_rows(3000, 200, None, 0)) == 3000 and len(draw_rows(1_000_000, 128, None, 0)) == 100
    view = show_space(make_points(3200, 4), method="pca")
    measured = int(view.frame["PCA trustworthiness"].notna().sum())
    assert 100 <= measured <= 3000 and f"measured at {measured:,} points drawn at random" in view.caption


@pytest.mark.parametrize("sample", [0, -3])
def test_a_sample_is_a_count(sample: int) -> None:
    with pytest.raises(ValueError, match=f"sample={sample}"):
        point_quality(make_points(9), make_points(9)[:, :2], sample=sample)


def test_a_plane_is_that_of_scikit_learn() -> None:
    for count in (40, 6000):  # by singular values, and by covariances
        points = make_points(count)
        plane, judge = fit_plane(points), PCA(2).fit(points)
        np.testing.assert_allclose(np.abs(plane.place(points)), np.abs(judge.transform(points)), atol=1e-8)
        assert plane.kept == pytest.approx(judge.explained_variance_ratio_.sum())


@given(st.floats(-3.1, 3.1), st.booleans(), st.floats(0.1, 9))
def test_a_turned_mirrored_scaled_map_is_laid_back(angle: float, mirrored: bool, scale: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ np.diag(
        [1, -1 if mirrored else 1]
    )
    points = make_points(30, 2)
    aligned, found = align_points((points @ turn) * scale + [5, -2], points)
    np.testing.assert_allclose(aligned, points, atol=1e-8)
    assert found == pytest.approx(1 / scale)


def test_the_turn_is_that_of_scipy() -> None:
    one, other = make_points(50, 2), make_points(50, 2, seed=1)
    turn, _ = orthogonal_procrustes(other - other.mean(0), one - one.mean(0))
    spread = np.linalg.norm(one - one.mean(0)) / np.linalg.norm(other - other.mean(0))
    aligned, scale = align_points(other, one)
    np.testing.assert_allclose(aligned, (other - other.mean(0)) @ turn * spread + one.mean(0))
    assert scale == pytest.approx(spread)


def test_the_nearest_are_those_of_scikit_learn() -> None:
    points = make_points(70)
    distances, ids = NearestNeighbors(n_neighbors=6).fit(points).kneighbors(points)
    found, far = list_nearest(points, np.arange(70), 5)
    assert (found == ids[:, 1:]).all()
    np.testing.assert_allclose(far, distances[:, 1:], rtol=1e-4)


def test_neighbours_kept_are_counted_one_by_one() -> None:
    one, other = make_points(40), make_points(40, 5, seed=2)
    found = share_neighbours(one, other, 6, np.arange(40))
    for i in range(40):
        near = [
            set(sorted((j for j in range(40) if j != i), key=lambda j: float(((x[i] - x[j]) ** 2).sum()))[:6])
            for x in (one, other)
        ]
        assert found[i] == pytest.approx(len(near[0] & near[1]) / 6)


def test_two_spaces_are_compared_by_name_and_the_rest_is_counted() -> None:
    first, second = make_points(30), make_points(30)[5:] * 2
    view = show_space((first, [f"p{i}" for i in range(30)]), beside=(second, [f"p{i}" for i in range(5, 30)]))
    assert len(view.frame) == 25 and "5 points only one of them has" in view.caption
    assert (view.frame["neighbours kept"] == 1).all() and "100 % are nearest in both spaces" in view.caption
    np.testing.assert_allclose(view.maps[0].points, view.maps[1].points, atol=1e-8)
    assert list(view.changed) == ["label", "type", "neighbours kept"] and view.state["locked"] is True


def test_spaces_that_share_nothing_are_not_compared() -> None:
    with pytest.raises(ValueError, match=r"0 of the 9 points of vectors are among the 9 of vectors; .*beside=other"):
        show_space((make_points(9), list("abcdefghi")), beside=(make_points(9), list("ABCDEFGHI")))


@pytest.mark.parametrize("scorer", [TransE(), ComplEx(), RotatE()])
def test_a_moved_head_is_the_scorers_query_and_its_rank_the_filtered_one(scorer: Any) -> None:
    graph = make_graph()
    vectors = GraphEmbedding(graph, scorer, dim=8)
    view = show_space(vectors, method="pca", relation="near")
    arrows, plane = view.scene.arrows, view.maps[0].plane
    assert arrows is not None and plane is not None
    facts = graph.triples[graph.triples[:, 1] == graph.relation_id("near")]
    assert len(arrows.heads) == len(facts)
    entities, relation = vectors.entity_vectors(), vectors.relation_vectors()[graph.relation_id("near")]
    query = scorer.query_tail(entities[arrows.heads], relation.expand(len(facts), -1)).numpy()
    tails = entities[arrows.tails].numpy()
    if arrows.scaled:
        query = query * np.linalg.norm(tails, axis=1, keepdims=True) / np.linalg.norm(query, axis=1, keepdims=True)
    np.testing.assert_allclose(arrows.moved, query, rtol=1e-3, atol=1e-7)
    np.testing.assert_allclose(arrows.residuals, np.linalg.norm(query - tails, axis=1), rtol=1e-3, atol=1e-7)
    pairs = {(int(h), int(t)) for h, t in zip(arrows.heads, arrows.tails, strict=True)}
    assert pairs == {(int(h), int(t)) for h, _, t in facts}
    report = rank_triples(vectors, facts, known=graph.triples)
    judged = {
        (int(h), int(t)): rank
        for (h, _, t), side, rank in zip(report.triples, report.sides, report.ranks, strict=True)
        if side == "tail"
    }
    for head, tail, rank in zip(arrows.heads, arrows.tails, arrows.ranks, strict=True):
        assert rank == judged[int(head), int(tail)]
    assert "of the tail" in view.caption and len(view.arrows) == len(facts)
    assert isinstance(scorer, ComplEx) is arrows.scaled


def test_a_translation_is_a_straight_arrow_on_a_linear_map() -> None:
    vectors = GraphEmbedding(make_graph(), TransE(), dim=6)
    view = show_space(vectors, method="pca", relation="near")
    arrows, plane = view.scene.arrows, view.maps[0].plane
    assert arrows is not None and plane is not None
    ways = plane.place(arrows.moved) - view.maps[0].points[arrows.heads]
    np.testing.assert_allclose(ways, np.broadcast_to(ways[0], ways.shape), atol=1e-6)


def test_an_arrow_needs_a_scorer_and_a_fact() -> None:
    with pytest.raises(
        TypeError, match=r"relation='near' came with ndarray, which has no scorer\. .*relation='capital of'"
    ):
        show_space(make_points(9), relation="near")
    graph = make_graph()
    with pytest.raises(LookupError, match="Unknown relation 'neer'"):
        show_space(GraphEmbedding(graph, TransE(), dim=4), relation="neer")


def test_relations_and_word_pieces_are_layers_that_move_no_entity() -> None:
    vectors = GraphEmbedding(make_graph(), TransE(), dim=6)
    plain = show_space(vectors, method="pca")
    view = show_space(vectors, method="pca", relations=True, words=(np.ones((2, 6)), ["##la", "isle"]))
    assert view.frame["layer"].value_counts().to_dict() == {"entity": len(plain.frame), "relation": 2, "word piece": 2}
    np.testing.assert_allclose(view.frame["PCA 1"][: len(plain.frame)], plain.frame["PCA 1"])
    assert f"{len(plain.frame)} entities and 2 relations and 2 word pieces" in view.caption
    view.choose(view.choice.__class__(entities=(3,), relations=(1,), words=("isle",)))
    assert view.selection["label"].tolist() == [vectors.graph.labels[3], "part of", "isle"]


def test_layers_that_stand_nowhere_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"A relation of RotatE holds 4 numbers and an entity 8, so relations stand nowhere"
    ):
        show_space(GraphEmbedding(make_graph(), RotatE(), dim=8), relations=True)
    with pytest.raises(TypeError, match="relations=True came with ndarray, which holds no relations"):
        show_space(make_points(9), relations=True)
    with pytest.raises(
        ValueError, match=r"Word pieces came as 2 vectors of 3 numbers with 1 labels; expected one label each, and 8"
    ):
        show_space(make_points(9), words=(np.ones((2, 3)), ["a"]))
    with pytest.raises(ValueError, match="beside= compares entities"):
        show_space(make_points(9), beside=make_points(9), words=(np.ones((2, 8)), ["a", "b"]))


def test_a_colour_says_a_column_a_series_or_words() -> None:
    vectors = GraphEmbedding(make_graph(), TransE(), dim=6)
    graph = vectors.graph
    by_degree = show_space(vectors, method="pca", colour="degree")
    assert by_degree.scene.colouring.name == "degree" and "Colour: degree" in by_degree.caption
    some = pd.Series({3: 1.5, 4: 2.5}, name="height")
    view = show_space(vectors, method="pca", colour=some)
    missing = len(graph.entities) - 2
    assert f"Colour: height, missing for {missing}" in view.caption
    assert f"missing {missing}" in view.picture and ">1.5<" in view.picture and ">2.5<" in view.picture
    words = ["wet", None, *["dry"] * (len(graph.entities) - 2)]
    kinds = show_space(vectors, method="pca", colour=words).scene.colouring
    assert kinds.names == ("dry", "missing", "wet") and kinds.counts.tolist() == [len(words) - 2, 1, 1]  # type: ignore[union-attr]


def test_a_colour_says_how_well_an_entity_is_ranked() -> None:
    graph = make_graph()
    vectors = GraphEmbedding(graph, TransE(), dim=6)
    report = rank_triples(vectors, graph.triples[:6], known=graph.triples)
    view = show_space(vectors, method="pca", colour=report)
    values = view.scene.colouring.values  # type: ignore[union-attr]
    for entity in range(len(graph.entities)):
        asked = [
            1 / rank
            for (head, _, tail), side, rank in zip(report.triples, report.sides, report.ranks, strict=True)
            if (head if side == "head" else tail) == entity
        ]
        assert values[entity] == pytest.approx(np.mean(asked)) if asked else np.isnan(values[entity])


def test_a_colour_that_is_none_says_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"colour='degre' came\. Expected 'type', 'PCA trustworthiness'.*type colour="):
        show_space(make_points(9), method="pca", colour="degre")
    with pytest.raises(ValueError, match=r"colour= holds 2 values for 9 points; expected one each"):
        show_space(make_points(9), method="pca", colour=[1, 2])
    with pytest.raises(TypeError, match=r"colour= got .*Expected a column's name or a value each"):
        show_space(make_points(9), method="pca", colour=3)


def test_three_dimensions_are_a_figure() -> None:
    view = show_space(make_points(20), method="pca", dimensions=3)
    assert {trace.type for trace in view.figure.data} == {"scatter3d"}
    with pytest.raises(ValueError, match=r"dimensions=4 came\. Type dimensions=2 or dimensions=3"):
        getattr(show_space, "__wrapped__", show_space)(make_points(20), dimensions=4)


def test_very_many_points_are_one_image_whose_dots_stand_where_they_should() -> None:
    points = np.zeros((20_001, 3))
    points[:, :2] = np.random.default_rng(0).normal(size=(20_001, 2)) * 1e-3
    points[0, :2], points[1, :2] = [10, 0], [-10, 0]
    view = show_space(points, method="pca")
    packed = re.search(r'href="data:image/png;base64,([^"]+)"', view.picture)
    assert packed and "each a dot without its shape" in view.picture
    data = base64.b64decode(packed[1])
    width, height = struct.unpack(">II", data[16:24])
    length = struct.unpack(">I", data[33:37])[0]
    rows = np.frombuffer(zlib.decompress(data[41 : 41 + length]), np.uint8).reshape(height, 1 + 4 * width)
    seen = rows[:, 1:].reshape(height, width, 4)[..., 3] > 0
    across = np.flatnonzero(seen.any(axis=0)) / width
    assert across.min() == pytest.approx(0.05, abs=0.01) and across.max() == pytest.approx(0.95, abs=0.01)
    assert write_png(np.zeros((1, 1, 4), np.uint8)).endswith(b"IEND\xaeB`\x82")


def test_all_points_are_drawn_and_a_map_that_takes_minutes_is_left_out_and_named() -> None:
    view = show_space(make_points(10_001, 3), labelled=3)
    assert len(view.frame) == 10_001 and [each.name for each in view.maps] == ["PCA"]
    assert "t-SNE of so many points takes minutes and was left out; type method='tsne' for it" in view.caption


def test_umap_is_asked_as_it_asks_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    class Learner:
        def __init__(self, **options: Any) -> None:
            asked.update(options)

        def fit_transform(self, points: np.ndarray) -> np.ndarray:
            return points[:, :2]

    monkeypatch.setitem(__import__("sys").modules, "umap", SimpleNamespace(UMAP=Learner))
    view = show_space(make_points(9), method="umap", seed=5)
    assert asked == {"n_components": 2, "n_neighbors": 8, "random_state": 5, "n_jobs": 1}
    assert view.quality["method"].tolist() == ["UMAP"] and "In UMAP only nearness has meaning" in view.caption


def test_a_kernel_answers_what_did_not_travel() -> None:
    view = show_space(make_points(40), method="pca")
    said = view.answer({"ask": "point", "point": 7})
    assert said is not None
    ids = np.frombuffer(said["ids"]["view"], np.int32)
    assert ids.tolist() == list_nearest(make_points(40), np.array([7]), 10)[0][0].tolist()
    assert said["trust"][0][0] == pytest.approx(view.frame["PCA trustworthiness"][7])
    assert view.answer({"ask": "point", "point": 40}) is None and view.answer({"ask": "other"}) is None


def test_what_is_chosen_can_be_set_and_is_read_back() -> None:
    view = show_space((torch.tensor(make_points(9)), list("abcdefghi")), method="pca", highlight="c")
    assert view.selection.index.tolist() == [2]
    view.select(entities=["e", 1])
    assert view.selection["label"].tolist() == ["e", "b"]
    view.selection = view.frame.iloc[[8]]
    assert view.choice.entities == (8,)
    view.select()
    assert view.selection.empty
