"""The film of training: how a space comes into its order, epoch by epoch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from kgwb.bert.knowledge import EntityVectors
from kgwb.checks import expect_at_least, expect_seed
from kgwb.graph import KnowledgeGraph
from kgwb.see.choice import Choice
from kgwb.see.epochs import close_generator, expect_epochs, expect_record, read_metrics
from kgwb.see.film.picture import draw_film
from kgwb.see.film.scene import FilmFrame, FilmScene, project_frames
from kgwb.see.film.state import pack_film
from kgwb.see.live import LiveView
from kgwb.see.names import Names
from kgwb.see.space.cloud import Cloud, check_points, gather_points

_LARGEST = 6e4  # what a half-precision number can hold, with a little room


def record_film(
    vectors: Any,
    epochs: Iterable[Any],
    *,
    entities: Names | None = None,
    highlight: Names = (),
    labelled: int = 10,
    frames: int = 60,
    neighbours: int = 10,
    limit: int = 1000,
    seed: int = 0,
) -> FilmView:
    """Keep frames of a space while it is trained: pass the epochs through, and show them as a film afterwards.

    Args:
        vectors: the GraphEmbedding that is being trained.
        epochs: what `train_embedding` gives for it; comes out again, unchanged, when the film is iterated.
        entities: only these, by label, name or id.
        highlight: entities to ring and to name, by label, name or id; one, or several.
        labelled: how many of the best connected to name besides, where there is room.
        frames: at most about this many moments are kept, evenly over the epochs, besides the start and the end.
        neighbours: how many nearest points the quality of each frame is measured over.
        limit: at most this many entities are kept; of more, a random sample, which the caption states.
        seed: of the sample.

    Returns:
        To be iterated like the epochs themselves, or given to `show_training`; then a view: `film.save("film.html")`.
        It holds frames × entities × dim half-precision numbers: 31 MB for 60 frames of 1,000 entities in 256.

    Raises:
        UnknownNameError: when `entities` or `highlight` names something that is not there.
        ValueError: when there is nothing to map.
        TypeError: when these are no embedding and its epochs.

    Example:
        >>> from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["a", "r", "b"], ["b", "r", "c"]], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=4)
        >>> film = record_film(vectors, train_embedding(vectors, vectors.graph, epochs=2))
        >>> losses = [epoch.loss for epoch in film]
        >>> film.names
        ('start', 'epoch 1', 'epoch 2')
    """
    if not isinstance(vectors, EntityVectors):
        raise TypeError(
            f"record_film got {type(vectors).__name__}, which no training changes. Expected the "
            "GraphEmbedding that is trained; type record_film(vectors, train_embedding(vectors, split))."
        )
    expect_epochs(epochs, "record_film(vectors, {})")
    for argument, count in (("labelled", labelled), ("frames", frames), ("neighbours", neighbours), ("limit", limit)):
        expect_at_least(argument, count, 0, whole=True)
    seed = expect_seed(seed)
    cloud = gather_points(vectors, labels=None, types=None)
    if entities is not None:
        cloud = cloud.restrict(cloud.find_all(entities))
    cloud = cloud.thin(max(3, limit), sorted(set(cloud.find_all(highlight))), seed)
    check_points(cloud)
    ringed = tuple(dict.fromkeys(cloud.find_all(highlight)))
    named = cloud.choose_named(ringed, labelled)
    return FilmView(vectors, epochs, cloud, ringed, named, max(2, frames), neighbours, seed)


class FilmView(LiveView):
    """A film of a training, as far as it came; iterate it to train.

    Attributes:
        vectors: the embedding.
        epochs: where its epochs come from.
        cloud: the entities in the film; its own vectors are those before training.
        ringed, named: positions of the highlighted and of the named entities.
        most: how many frames are kept at most.
        neighbours, seed: of the quality of each frame.
        kept: (name, vectors [point, dim] in half precision) of each frame.
        moments: after which epoch each frame is.
        history: of every epoch its number, loss and other figures.
        left_out: how many frames held NaN or infinity.
    """

    script = "space"

    def __init__(
        self,
        vectors: Any,
        epochs: Iterable[Any],
        cloud: Cloud,
        ringed: tuple[int, ...],
        named: tuple[int, ...],
        most: int,
        neighbours: int,
        seed: int,
    ) -> None:
        self.vectors = vectors
        self.epochs = epochs
        self.cloud = cloud
        self.ringed, self.named = ringed, named
        self.most, self.neighbours, self.seed = most, neighbours, seed
        self.kept: list[tuple[str, np.ndarray]] = []
        self.moments: list[int] = []
        self.history: list[tuple[int, dict[str, float]]] = []
        self.left_out = 0
        self._every = 1
        self._scene: FilmScene | None = None

    def __iter__(self) -> Iterator[Any]:
        """The epochs themselves, a frame kept at each."""
        last = 0
        if not self.kept:
            self._keep("start", 0)
        try:
            for epoch in self.epochs:
                expect_record(epoch)
                last = epoch.number
                self.history.append((last, {"loss": float(epoch.loss), **read_metrics(epoch)}))
                if last % self._every == 0:
                    self._keep_epoch(last)
                yield epoch
        finally:
            close_generator(self.epochs)  # which may go back to the best state, so the last frame comes after it
            self._keep(f"end, after epoch {last:,}", last, unless_still=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each frame."""
        return tuple(name for name, _ in self.kept)

    @property
    def scene(self) -> FilmScene:
        """Every frame on the one plane, with its quality.

        Raises:
            ValueError: before anything was recorded.
        """
        if not self.kept:
            raise ValueError(
                "This film holds no frame yet. Run it first: kgwb.show_training(film), or for epoch in film: ..."
            )
        if self._scene is None:
            names, vectors = zip(*self.kept, strict=True)
            frames = project_frames(names, vectors, neighbours=self.neighbours, seed=self.seed, epochs=self.moments)
            self._scene = FilmScene(self.cloud, frames, self.ringed, self.named, self.left_out, tuple(self.history))
        return self._scene

    @property
    def frames(self) -> tuple[FilmFrame, ...]:
        """Every frame on the one plane, with its quality."""
        return self.scene.frames

    @property
    def frame(self) -> pd.DataFrame:
        """Every entity in every frame: frame, label, type, x, y; indexed by its id."""
        cloud = self.cloud
        index = pd.Index(cloud.ids, name="id")
        tables = [
            pd.DataFrame({"frame": each.name, "label": cloud.labels, "type": cloud.types}, index=index).assign(
                x=each.points[:, 0], y=each.points[:, 1]
            )
            for each in self.frames
        ]
        return pd.concat(tables)

    @property
    def first_choice(self) -> Choice:
        """The highlighted entities."""
        return Choice(entities=tuple(int(self.cloud.ids[i]) for i in self.ringed))

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose entities they are."""
        return self.cloud.graph

    def list_selected(self) -> pd.DataFrame:
        """What is chosen, the highlighted entities at first, in every frame."""
        return self.frame.loc[self.cloud.ids[self.cloud.locate(self.choice.entities)]]

    @property
    def quality(self) -> pd.DataFrame:
        """How far each frame can be trusted, and how far its points lie apart."""
        rows = [
            {
                "frame": each.name,
                "trustworthiness": each.quality.trustworthiness,
                "continuity": each.quality.continuity,
                "variance kept": each.variance,
                "spread": each.spread,
            }
            for each in self.frames
        ]
        return pd.DataFrame(rows)

    @property
    def picture(self) -> str:
        """Four frames as a static SVG."""
        return draw_film(self.scene)

    @property
    def state(self) -> dict[str, Any]:
        """The film, as the script plays it."""
        return pack_film(self.scene)

    def _keep_epoch(self, number: int) -> None:
        if len(self.kept) > self.most:
            # From now on frames are twice as far apart, those kept so far too.
            self.kept, self.moments = self.kept[::2], self.moments[::2]
            self._every, self._scene = self._every * 2, None
        if number % self._every == 0:
            self._keep(f"epoch {number:,}", number)

    def _keep(self, name: str, epoch: int, *, unless_still: bool = False) -> None:
        found = self.vectors.entity_vectors()[self.cloud.ids].float().cpu().numpy()
        if not np.isfinite(found).all():
            self.left_out += 1
            self._scene = None
            return
        found = found.astype(np.float16 if np.abs(found).max() < _LARGEST else np.float32)
        if unless_still and self.kept and np.array_equal(found, self.kept[-1][1]):
            return
        self.kept.append((name, found))
        self.moments.append(epoch)
        self._scene = self._widget = None

    def _repr_mimebundle_(self, **options: object) -> Any:
        return super()._repr_mimebundle_(**options) if self.kept else {"text/plain": repr(self)}

    def __repr__(self) -> str:
        what = self.caption if self.kept else "no frame yet; run it: kgwb.show_training(film)"
        return f"FilmView: {what}"
