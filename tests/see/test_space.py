"""Seeing a space: what the maps keep, what the caption admits, and that labels are text everywhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as Tree
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.manifold import trustworthiness

from kgwb.embed import DistMult, GraphEmbedding
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see.space.projection import project
from kgwb.see.space.quality import projection_quality
from kgwb.see.space.view import show_space

HOSTILE = ("<script>window.hit=1</script>", "<img src=x onerror=window.hit=1>", '"></svg>', "</script>", "<b>b</b>")


def make_points(count: int, dim: int = 12, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, dim)) + 4 * random.normal(size=(3, dim))[np.arange(count) % 3]


def make_embedding(count: int = 30) -> SimpleNamespace:
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(count)], "label": [f"Isle {i}" for i in range(count)]})
    entities["aliases"] = [()] * count
    entities["type"] = ["isle", "town", ""] * (count // 3)
    relations = pd.DataFrame({"relation": ["r"], "label": ["near"], "description": [""]})
    triples = np.array([(5, 0, i) for i in range(6, count)], np.int64)
    graph = KnowledgeGraph(triples, entities, relations, name="islands")
    return SimpleNamespace(graph=graph, entity_vectors=lambda: torch.tensor(make_points(count)))


def measure_by_hand(high: np.ndarray, low: np.ndarray, near: int) -> float:
    count, penalty = len(high), 0
    for i in range(count):
        truth = sorted((j for j in range(count) if j != i), key=lambda j: float(((high[i] - high[j]) ** 2).sum()))
        shown = sorted((j for j in range(count) if j != i), key=lambda j: float(((low[i] - low[j]) ** 2).sum()))
        penalty += sum(max(0, truth.index(j) + 1 - near) for j in shown[:near])
    return 1 - 2 / (count * near * (2 * count - 3 * near - 1)) * penalty


@pytest.mark.parametrize(("count", "near"), [(3, 1), (9, 3), (40, 10), (300, 5)])
def test_quality_is_what_its_definition_says(count: int, near: int) -> None:
    high = make_points(count)
    low = high[:, :2] + np.random.default_rng(1).normal(size=(count, 2))
    quality = projection_quality(high, low, near)
    assert quality.neighbours == near
    assert quality.trustworthiness == pytest.approx(trustworthiness(high, low, n_neighbors=near))
    assert quality.continuity == pytest.approx(trustworthiness(low, high, n_neighbors=near))
    if count < 100:
        assert quality.trustworthiness == pytest.approx(measure_by_hand(high, low, near))


def test_quality_takes_fewer_neighbours_where_there_are_few_points() -> None:
    assert projection_quality(make_points(8), make_points(8)[:, :2], 10).neighbours == 3


def test_quality_of_two_points_is_refused() -> None:
    with pytest.raises(ValueError, match=r"high has 2 points and low 2; expected the same points, at least 3"):
        projection_quality(make_points(2), make_points(2))


def test_pca_keeps_the_plane_a_plane_is_in() -> None:
    flat = np.zeros((20, 6))
    flat[:, 1:3] = np.random.default_rng(0).normal(size=(20, 2))
    mapped = project(flat, method="pca")
    assert mapped.variance == pytest.approx(1)
    assert mapped.quality.trustworthiness == 1 and mapped.quality.continuity == 1


def test_both_maps_with_their_quality() -> None:
    view = show_space(make_points(45), labels=[f"p{i}" for i in range(45)], types=["a", "b", "c"] * 15)
    assert view.quality["method"].tolist() == ["PCA", "t-SNE"]
    assert (view.quality["trustworthiness"] > 0.8).all()
    assert {"label", "type", "PCA 1", "t-SNE 2"} <= set(view.frame)
    for text in (view.caption, view.picture, str(view.figure.to_json())):
        assert "trustworthiness" in text and "of the variance" in text


def test_the_same_seed_gives_the_same_map() -> None:
    points = make_points(30)
    assert (project(points, method="tsne").points == project(points, method="tsne").points).all()


def test_an_embedding_brings_labels_types_and_degrees() -> None:
    view = show_space(make_embedding(), method="pca", highlight=["Isle 3", "e4", 2])
    assert view.frame.loc[5, "degree"] == 24 and view.frame.loc[2, "type"] == "entity"
    assert view.selection.index.tolist() == [3, 4, 2]
    assert view.scene.named[:4] == (3, 4, 2, 5)  # highlighted first, then the best connected
    assert "30 entities in 12 dimensions" in view.caption


def test_only_some_entities() -> None:
    view = show_space(make_embedding(), method="pca", entities=["Isle 1", "Isle 7", "Isle 9", "Isle 20"])
    assert view.frame.index.tolist() == [1, 7, 9, 20]


def test_a_triple_of_vectors_labels_types() -> None:
    view = show_space((make_points(6), list("abcdef"), ["x", "y"] * 3), method="pca")
    assert view.frame["label"].tolist() == list("abcdef") and view.frame["type"].tolist() == ["x", "y"] * 3


def test_one_name_means_one_point() -> None:
    assert show_space(make_embedding(), method="pca", highlight="Isle 3").scene.ringed == (3,)
    with pytest.raises(ValueError, match=r"A map needs at least 3 points; 1 came\. Type show_space\(vectors\) to map"):
        show_space(make_embedding(), method="pca", entities="Isle 3")


def test_a_method_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"method='lle' came\. Type one of 'both', 'pca', 'tsne', 'umap'\."):
        getattr(show_space, "__wrapped__", show_space)(make_points(9), method="lle")


def test_a_map_leaves_the_random_state_of_python_alone() -> None:
    code = (
        "import random, numpy; from kgwb.see.space.view import show_space; before = random.getstate(); "
        "show_space(numpy.eye(9), method='tsne'); assert random.getstate() == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sample_is_stated_and_keeps_what_is_highlighted() -> None:
    view = show_space(make_points(200), method="pca", limit=50, highlight=[199, 7])
    assert len(view.frame) == 50 and {199, 7} <= set(view.frame.index)
    assert "a random sample of 50 of 200 points (seed 0)" in view.caption
    assert view.selection.index.tolist() == [199, 7]


@pytest.mark.parametrize(("count", "dim"), [(3, 1), (4, 2), (5, 3)])
def test_few_points_and_few_dimensions_draw(count: int, dim: int) -> None:
    view = show_space(make_points(count, dim))
    assert np.isfinite(view.frame.filter(regex=" [12]$").to_numpy()).all()
    Tree.fromstring(view.picture)


def test_a_notebook_saves_the_still_picture_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for place in ("kgwb.see.live.in_notebook", "kgwb.see.live.mounts_views"):
        monkeypatch.setattr(place, lambda: True)
    bundle = show_space(make_embedding())._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert len(json.dumps(bundle)) < 60_000
    many = show_space(make_points(30_000), method="pca")._repr_mimebundle_()
    assert len(json.dumps(many)) < 400_000


def test_the_figure_names_no_address() -> None:
    figure = show_space(make_points(1600), method="pca").figure
    assert {trace.type for trace in figure.data} == {"scattergl"}
    assert "http" not in figure.to_json()


def test_hostile_labels_stay_text(tmp_path: Path) -> None:
    view = show_space(
        make_points(15), labels=list(HOSTILE * 3), types=list(HOSTILE * 3), highlight=[0, 1], method="pca"
    )
    assert not {element.tag.partition("}")[2] for element in Tree.fromstring(view.picture).iter()} & {
        "script",
        "img",
        "b",
    }
    figure = view.figure.to_plotly_json()
    shown = [trace["name"] for trace in figure["data"] if "name" in trace]
    shown += [text for trace in figure["data"] for text in trace.get("hovertext", ())]
    shown += [note["text"] for note in figure["layout"]["annotations"] if note.get("name") == "label"]
    assert len(shown) > 20 and not any("<" in text for text in shown)
    page = view.save(tmp_path / "page.html").read_text(encoding="utf-8")
    markup = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "<img" not in markup and "<script" not in markup


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_none(bad: float) -> None:
    points = make_points(6)
    points[4, 1] = bad
    with pytest.raises(
        ValueError, match=r"1 of 6 vectors hold NaN or infinity, the first that of 'e'\. Expected finite"
    ):
        show_space(points, labels=list("abcdef"))


def test_one_point_is_no_map() -> None:
    with pytest.raises(ValueError, match=r"at least 3 points; 1 came\. Expected the vectors of more entities\.$"):
        show_space(make_points(1))
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([("a", "r", "b")], columns=["head", "relation", "tail"]))
    with pytest.raises(ValueError, match=r"at least 3 points; 2 came\. Expected the vectors of more entities\.$"):
        show_space(GraphEmbedding(graph, DistMult(), dim=4))


def test_equal_points_are_no_map() -> None:
    with pytest.raises(ValueError, match=r"All vectors are equal, so every point falls on one spot"):
        show_space(np.ones((5, 4)))


def test_labels_of_another_length() -> None:
    with pytest.raises(ValueError, match=r"5 vectors came with 2 labels; expected one for each vector"):
        show_space(make_points(5), labels=["a", "b"])


@pytest.mark.parametrize("wrong", ["words", [1.0, 2.0], [["a", "b"], ["c", "d"]]])
def test_what_is_no_array_of_vectors(wrong: object) -> None:
    with pytest.raises(
        TypeError, match=r"show_space got .* Expected a GraphEmbedding, an array of numbers \[point, dim\]"
    ):
        show_space(wrong)


@pytest.mark.parametrize("arguments", [{"highlight": ["Isla 3"]}, {"entities": ["Isla 3"]}])
def test_an_unknown_entity_names_the_nearest(arguments: dict[str, list[str]]) -> None:
    with pytest.raises(LookupError, match=r"Unknown entity 'Isla 3'\. The nearest labels are 'Isle 3'"):
        show_space(make_embedding(), **arguments)


@pytest.mark.parametrize(
    ("module", "package", "method"),
    [
        ("plotly.graph_objects", "plotly", "pca"),
        ("sklearn.manifold", "scikit-learn", "tsne"),
        ("umap", "umap-learn", "umap"),
    ],
)
def test_a_missing_package_gives_its_install_line(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str, method: Any
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"needs {package}, which is not installed\. Type: pip install {package}"):
        _ = show_space(make_points(6), method=method).figure
