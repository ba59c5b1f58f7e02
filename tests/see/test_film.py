"""The film of training: every frame true to its moment, one camera, nothing invented."""

from __future__ import annotations

import re
import xml.etree.ElementTree as Tree
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
from kgwb.graph import KnowledgeGraph
from kgwb.see.film.picture import choose_frames
from kgwb.see.film.scene import find_turn, project_frames
from kgwb.see.film.state import pack_film
from kgwb.see.film.view import FilmView, record_film
from kgwb.see.training.view import show_training


def make_graph(count: int = 30, labels: tuple[str, ...] = ()) -> KnowledgeGraph:
    random = np.random.default_rng(0)
    triples = np.stack([random.integers(0, count, 90), np.zeros(90, int), random.integers(0, count, 90)], 1)
    names = [labels[i] if i < len(labels) else f"Isle {i}" for i in range(count)]
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(count)], "label": names, "description": ""})
    entities["type"] = [("town", "ship")[i % 2] for i in range(count)]
    entities["aliases"] = [()] * count
    relations = pd.DataFrame({"relation": ["r"], "label": ["near"], "description": ""})
    return KnowledgeGraph(np.unique(triples, axis=0), entities, relations, name="isles")


class Moving:
    """Stands in for an embedding whose vectors are set by hand."""

    def __init__(self, graph: KnowledgeGraph, dim: int = 6) -> None:
        self.graph = graph
        self.vectors = torch.randn(len(graph.entities), dim, generator=torch.Generator().manual_seed(0))

    def entity_vectors(self) -> torch.Tensor:
        return self.vectors.clone()

    def run(self, epochs: int, back_to: int | None = None) -> Iterator[Any]:
        seen = []
        try:
            for i in range(1, epochs + 1):
                self.vectors = self.vectors * 1.1 + 0.1
                seen.append(self.vectors.clone())
                yield SimpleNamespace(number=i, loss=1 / i, seconds=0.1, metrics={}, total=epochs)
        finally:
            if back_to is not None:
                self.vectors = seen[back_to - 1]


def film_of(epochs: int, **options: Any) -> FilmView:
    vectors = Moving(make_graph())
    film = record_film(vectors, vectors.run(epochs), **options)
    for _ in film:
        pass
    return film


def test_the_epochs_come_out_unchanged_and_training_ends_the_same() -> None:
    graph = make_graph()
    plain, filmed = (GraphEmbedding(graph, ComplEx(), dim=8) for _ in range(2))
    losses = [epoch.loss for epoch in train_embedding(plain, graph, epochs=5)]
    film = record_film(filmed, train_embedding(filmed, graph, epochs=5))
    assert [epoch.loss for epoch in film] == losses
    assert torch.equal(plain.entity_table, filmed.entity_table)
    assert film.names == ("start", *(f"epoch {i}" for i in range(1, 6)))
    np.testing.assert_allclose(film.kept[-1][1], filmed.entity_vectors(), rtol=1e-3, atol=1e-6)


@given(st.integers(0, 70), st.integers(2, 9))
@settings(max_examples=40)
def test_frames_stay_few_and_evenly_spaced(epochs: int, most: int) -> None:
    film = film_of(epochs, frames=most)
    assert film.names[0] == "start" and len(film.names) <= most + 2
    numbers = [0] + [int(name.split()[-1]) for name in film.names[1:]]
    assert numbers[-1] == epochs
    whole = [int(name.split()[1]) for name in film.names if name.startswith("epoch")]
    assert len(set(np.diff([0, *whole]).tolist())) <= 1


def test_the_last_frame_is_what_training_leaves_behind() -> None:
    vectors = Moving(make_graph())
    film = record_film(vectors, vectors.run(5, back_to=2))
    assert len(list(film)) == 5
    assert film.names[-2:] == ("epoch 5", "end, after epoch 5")
    np.testing.assert_allclose(film.kept[-1][1], vectors.vectors, rtol=1e-3)


def test_stopping_early_keeps_the_end() -> None:
    vectors = Moving(make_graph())
    film = record_film(vectors, vectors.run(50), frames=4)
    for epoch in film:
        if epoch.number == 7:
            break
    assert film.names[-1] == "end, after epoch 7"


def test_show_training_films_too() -> None:
    vectors = Moving(make_graph())
    view = show_training(vectors.run(4), film=vectors)
    assert view.film is not None and len(view.film.names) == 5 and view.total == 4


def test_the_camera_stands_still() -> None:
    """Where nothing but a turn within the plane happened, no dot moves; distances are those of the plane."""
    rng = np.random.default_rng(0)
    end = rng.normal(size=(40, 5)) * [9, 7, 1, 1, 1]
    frames = project_frames(["a", "b"], [end, end])
    np.testing.assert_allclose(frames[0].points, frames[1].points, atol=1e-9)
    small = project_frames(["a", "b"], [end / 3, end])
    np.testing.assert_allclose(small[0].points * 3, small[1].points, atol=1e-9)
    assert small[0].variance == pytest.approx(small[1].variance)


def test_noise_is_not_turned_into_order() -> None:
    """With more dimensions than points a turn in all of them would lay any noise onto the end."""
    rng = np.random.default_rng(0)
    groups = np.repeat([-1.0, 1.0], 20)
    end = rng.normal(size=(40, 64)) * 0.1 + groups[:, None] * rng.normal(size=64)
    frames = project_frames(["start", "end"], [rng.normal(size=(40, 64)), end])
    apart = [abs(np.corrcoef(each.points[:, 0], groups)[0, 1]) for each in frames]
    assert apart[1] > 0.99 and apart[0] < 0.6


@given(st.floats(-3.1, 3.1))
def test_the_turn_is_found(angle: float) -> None:
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = np.random.default_rng(0).normal(size=(20, 2))
    np.testing.assert_allclose(find_turn(points, points @ turn), turn, atol=1e-9)
    mirrored = find_turn(points, points * [1, -1])
    assert np.linalg.det(mirrored) == pytest.approx(1)


def test_frame_quality_and_selection_are_data() -> None:
    film = film_of(3, highlight="Isle 4")
    assert len(film.frame) == 4 * 30 and set(film.frame.columns) == {"frame", "label", "type", "x", "y"}
    assert film.quality["frame"].tolist() == ["start", "epoch 1", "epoch 2", "epoch 3"]
    assert film.quality["trustworthiness"].between(0, 1).all() and film.quality["variance kept"].between(0, 1).all()
    assert film.selection["label"].unique().tolist() == ["Isle 4"] and len(film.selection) == 4


def test_the_caption_says_what_and_how_far_to_trust_it() -> None:
    film = film_of(3, limit=20)
    last = film.frames[-1]
    assert "a random sample of 20 of 30 entities in 6 dimensions, 4 frames from start to epoch 3" in film.caption
    assert f"{last.quality.trustworthiness:.2f} at last" in film.caption
    assert "the plane that keeps most of the last frame (PCA)" in film.caption


def test_a_frame_of_nan_is_left_out_and_counted() -> None:
    vectors = Moving(make_graph())

    def run() -> Iterator[Any]:
        for i in (1, 2, 3):
            vectors.vectors = vectors.vectors + (float("nan") if i == 2 else 1.0)
            yield SimpleNamespace(number=i, loss=1.0)
            vectors.vectors = (
                torch.ones_like(vectors.vectors).cumsum(0) * torch.arange(6) if i == 2 else vectors.vectors
            )

    film = record_film(vectors, run())
    assert len(list(film)) == 3
    assert film.left_out == 1 and "epoch 2" not in film.names and "Left out: 1 frame of NaN or infinity" in film.caption


def test_numbers_too_large_for_half_precision_are_kept_whole() -> None:
    vectors = Moving(make_graph())
    vectors.vectors *= 1e6
    film = record_film(vectors, vectors.run(1))
    list(film)
    assert film.kept[0][1].dtype == np.float32 and film.left_out == 0


def test_before_it_ran_a_film_says_what_to_type() -> None:
    vectors = Moving(make_graph())
    film = record_film(vectors, vectors.run(1))
    assert "no frame yet" in repr(film) and set(film._repr_mimebundle_()) == {"text/plain"}
    with pytest.raises(ValueError, match=r"holds no frame yet\. Run it first: kgwb\.show_training\(film\)"):
        film.save("never.html")


def test_vectors_that_stand_still_make_no_film() -> None:
    with pytest.raises(
        TypeError, match=r"record_film got ndarray, which no training changes\..*record_film\(vectors, train_emb"
    ):
        record_film(np.eye(4), [])


def test_the_strip_shows_four_frames_with_equal_movement_between() -> None:
    film = film_of(12)
    shown = choose_frames(film.frames)
    assert len(shown) == 4 and shown[0] == 0 and shown[-1] == 12
    text = " ".join(Tree.fromstring(film.picture).itertext())
    assert all(film.frames[i].name in text for i in shown) and "trust" in text and "width" in text
    assert len(film.picture) < 300_000


def test_the_page_holds_every_position() -> None:
    film = film_of(3)
    data = pack_film(film.scene)["frames"]
    shares = np.frombuffer(data["points"]["view"], "<u2").reshape(4, 30, 2) / 65535 * 2 - 1
    for i, frame in enumerate(film.frames):
        np.testing.assert_allclose(shares[i] * data["reach"][i], frame.points, atol=1e-4 * data["reach"][i])


def test_the_scrubber_stands_on_the_curves_of_the_training() -> None:
    vectors = Moving(make_graph())
    records = [SimpleNamespace(number=i, loss=1 / i, metrics={"mrr": i / 10} if i % 2 else {}) for i in range(1, 6)]
    records[1].loss = float("nan")

    def run() -> Iterator[Any]:
        for record in records:
            vectors.vectors = vectors.vectors * 1.1
            yield record

    film = record_film(vectors, run(), frames=3)
    assert len(list(film)) == 5
    packed = pack_film(film.scene)
    assert packed["curves"] == [
        {"name": "loss", "epochs": [1, 3, 4, 5], "values": [1.0, 1 / 3, 1 / 4, 1 / 5]},
        {"name": "mrr", "epochs": [1, 3, 5], "values": [0.1, 0.3, 0.5]},
    ]
    assert packed["frames"]["epochs"] == [frame.epoch for frame in film.frames] == [0, 2, 4, 5]
    assert film.names == ("start", "epoch 2", "epoch 4", "end, after epoch 5")


def test_hostile_labels_stay_text(tmp_path: Path, hostile: tuple[str, ...]) -> None:
    vectors = Moving(make_graph(labels=hostile))
    film = record_film(vectors, vectors.run(2), highlight=[0, 1, 2, 3])
    list(film)
    tags = {element.tag.partition("}")[2] for element in Tree.fromstring(film.picture).iter()}
    assert not tags & {"script", "img", "b"}
    page = film.save(tmp_path / "film.html").read_text(encoding="utf-8")
    assert "<img" not in page and "<script>window" not in page
    offsets = np.frombuffer(film.state["offsets"]["view"], np.uint32)
    assert bytes(film.state["labels"]["view"])[: offsets[1]].decode() == hostile[0]
    script = film.fragment().libraries["kgwb-space"]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://(?!www\.w3\.org/)", script
    )


def test_a_large_film_is_a_small_page(tmp_path: Path) -> None:
    vectors = Moving(make_graph(2000), dim=16)
    film = record_film(vectors, vectors.run(60), limit=2000)
    list(film)
    assert film.save(tmp_path / "film.html").stat().st_size < 1_500_000


def test_a_film_in_a_notebook_is_its_still_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    film = film_of(2)
    for place in ("kgwb.see.live.in_notebook", "kgwb.see.live.mounts_views"):
        monkeypatch.setattr(place, lambda: True)
    bundle = film._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"} and f"kgwb-still-{film.widget.mark}" in bundle["text/html"]


def test_what_is_chosen_comes_back_and_can_be_set() -> None:
    film = film_of(2, highlight="Isle 4")
    assert film.choice.entities == (4,)
    film.select(entities=["Isle 7", "e9"])
    assert film.selection["label"].unique().tolist() == ["Isle 7", "Isle 9"] and len(film.selection) == 6
    film.selection = "Isle 2"
    assert film.widget.chosen["entities"] == [2]
