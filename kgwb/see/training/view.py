"""Watching training: the loss falls while the generator runs, and the last state of the picture is what is saved."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kgwb.checks import expect_at_least, expect_number, expect_text
from kgwb.see.drawing import Number
from kgwb.see.epochs import close_generator, expect_epochs, expect_record
from kgwb.see.film.view import FilmView, record_film
from kgwb.see.live import LiveView
from kgwb.see.notebook import current_cell
from kgwb.see.output import OPENED, STOP, LiveOutput, make_bundle
from kgwb.see.training.page import describe_training
from kgwb.see.training.picture import draw_training
from kgwb.see.training.scene import TrainingScene, measure_memory
from kgwb.words import mend_text


def show_training(
    epochs: Iterable[Any] | Mapping[str, Iterable[Any] | Sequence[Iterable[Any]]],
    *,
    total: int | None = None,
    name: str = "training",
    film: Any = None,
    floor: Number | Mapping[str, Number] | None = None,
) -> TrainingView:
    """Run a training generator to its end and draw its loss and metrics meanwhile.

    In a notebook the picture moves while the generator runs, with speed, memory and the time left above it. The button
    "Stop" ends the run after the epoch it is in, the notebook's own interrupt at once; what was learnt is kept either
    way. Elsewhere the generator is run quietly.

    Args:
        epochs: what `train_embedding` or `tune` gives, or several of them by name, run one after the other and drawn
            in one picture; a name such as "entity/shuffled" is a control of "entity" and dashed. Runs named
            "entity/seed 0", "entity/seed 1", or a list of them under one name, differ by their seed: each is a thin line,
            and their mean a thick one.
        total: how many epochs or steps a run has, for the time left; read off the records where they say so.
        name: what to call a single run.
        film: the embedding that is trained, to keep a film of its space as `view.film`; of a single run.
        floor: a loss to compare with, or several by their reason: {"uniform: ln 240": math.log(240)}.

    Raises:
        ValueError: when a generator gives nothing, a film is asked for of several runs, or a floor is no number.

    Example:
        >>> from kgwb.embed import Epoch
        >>> view = show_training(Epoch(i, 3 / i, 0.1, {"MRR": 0.1 * i}) for i in range(1, 4))
        >>> view.frame[["number", "loss", "MRR"]]
           number  loss  MRR
        0       1   3.0  0.1
        1       2   1.5  0.2
        2       3   1.0  0.3
    """
    expect_text("name", name, usual="training")
    if total is not None:
        expect_at_least("total", total, 1, whole=True)
    runs = _name_runs(epochs) if isinstance(epochs, Mapping) else {name: epochs}
    for run, records in runs.items():
        expect_text("the name of a run", run, usual="training")
        expect_epochs(records, "show_training({})")
    view = TrainingView(tuple(runs), total, floors=_read_floors(floor))
    if film is not None:
        runs = _record_film(view, runs, film)
    view._cell = current_cell()
    output = LiveOutput(view)
    view.running = True  # from the first picture on, so that the first epoch can be ended too
    output.open()
    try:
        for run, records in runs.items():
            _consume(view, run, records, output)
            if view.stopped:
                break
    finally:
        view.running = False
        output.close()
    return view


@dataclass(eq=False, repr=False)
class TrainingView(LiveView):
    """A training run, or several, as far as they came.

    Attributes:
        runs: the name of each run.
        total: how many epochs or steps a run has, where that is known.
        records: what the generators gave, by run.
        elapsed: seconds since the first epoch or step was asked for, by run.
        memory: what the process held in memory after each epoch or step, in GiB, by run.
        stopped: whether the button or the notebook's interrupt ended it.
        running: whether more is to come.
        film: the film of the space, where one was asked for.
        floors: losses to compare with, by the reason for each.
        stop_asked: whether the button was pressed.
        stoppable: whether a button is offered while it runs; a panel has its own.
    """

    script = "training"

    runs: tuple[str, ...]
    total: int | None = None
    records: dict[str, list[Any]] = field(default_factory=dict)
    elapsed: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    stopped: bool = False
    running: bool = False
    film: FilmView | None = None
    floors: dict[str, float] = field(default_factory=dict)
    stop_asked: bool = False
    stoppable: bool = True
    _cell: object = None

    @property
    def scene(self) -> TrainingScene:
        """What is known of each run now."""
        return TrainingScene(
            self.runs, self.total, self.records, self.elapsed, self.memory, self.stopped, self.running, self.floors
        )

    @property
    def unit(self) -> str:
        """What is counted: "epoch" or "step"."""
        return self.scene.unit

    @property
    def frame(self) -> pd.DataFrame:
        """Every epoch or step: run, number, loss, seconds elapsed, its metrics, and the memory held after it."""
        figures = self.scene.gather_figures
        rows = [
            {"run": mend_text(run), "number": record.number, "loss": record.loss, "seconds": elapsed}
            | {mend_text(name): figure for name, figure in figures(run, i).items()}
            for run, records in self.records.items()
            for i, (record, elapsed) in enumerate(zip(records, self.elapsed[run], strict=True))
        ]
        return pd.DataFrame(rows, columns=None if rows else ["run", "number", "loss", "seconds"])

    def list_selected(self) -> pd.DataFrame:
        """The last epoch or step of each run."""
        return self.frame.groupby("run", sort=False).tail(1).reset_index(drop=True)

    @property
    def progress(self) -> str:
        """How far the latest run is, how fast, in how much memory, and how long it may still take."""
        return self.scene.progress

    @property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_training(self.scene)

    @property
    def state(self) -> dict[str, Any]:
        """What the script draws."""
        return {**describe_training(self.scene), "running": self.running and self.stoppable}

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the script is told. This runs beside the training, in a thread of the kernel's, so it touches nothing else."""
        word = message.get("kgwb")
        if word == STOP:
            self.stop_asked = True
        return {"kgwb": "answered"} if word == OPENED and self.running else None

    def _ipython_display_(self) -> None:
        # The cell that ran the training shows the picture already.
        if self._cell is None or self._cell != current_cell():
            from IPython.display import display

            display(make_bundle(self), raw=True)

    def __repr__(self) -> str:
        return f"TrainingView: {self.progress}. {self.caption}"


def _consume(view: TrainingView, run: str, epochs: Iterable[Any], output: LiveOutput) -> None:
    records: Iterator[Any] = iter(epochs)
    begun = time.monotonic()
    view.running = True
    try:
        for record in records:
            expect_record(record)
            view.records.setdefault(run, []).append(record)
            view.elapsed.setdefault(run, []).append(time.monotonic() - begun)
            view.memory.setdefault(run, []).append(_measure(view, run))
            view.total = view.total or getattr(record, "total", None)
            output.refresh()
            if view.stop_asked:
                view.stopped = True
                break
    except KeyboardInterrupt:
        if run not in view.records:
            raise
        view.stopped = True
    finally:
        view.running = False
        close_generator(records)
    if run not in view.records:
        raise ValueError(
            f"{run!r} gave no epoch: the generator was used up already, or was asked for none. Make a new one, "
            "for example show_training(train_embedding(vectors, split, epochs=10))."
        )


def _name_runs(epochs: Mapping[str, Any]) -> dict[str, Iterable[Any]]:
    """Each run by its name; a list of runs are seeds of one."""
    runs: dict[str, Iterable[Any]] = {}
    for name, given in epochs.items():
        records = given if isinstance(given, (list, tuple)) else None
        if records and all(isinstance(each, Iterable) and not hasattr(each, "loss") for each in records):
            runs |= {f"{name}/seed {i}": each for i, each in enumerate(records)}
        else:
            runs[name] = given
    return runs


def _read_floors(floor: Number | Mapping[str, Number] | None) -> dict[str, float]:
    named = {} if floor is None else floor if isinstance(floor, Mapping) else {"floor": floor}
    for name, value in named.items():
        expect_text("the reason of a floor", name, usual="uniform: ln 240")
        expect_number("floor", value, usual=5.48)
    return {name: float(value) for name, value in named.items()}


def _measure(view: TrainingView, run: str) -> dict[str, float]:
    """Memory, measured at most ten times a second: steps may be quicker than the question."""
    elapsed, held = view.elapsed[run], view.memory[run]
    if held and int(elapsed[-1] * 10) == int(elapsed[-2] * 10):
        return held[-1]
    return measure_memory()


def _record_film(view: TrainingView, runs: dict[str, Iterable[Any]], film: Any) -> dict[str, Iterable[Any]]:
    if len(runs) > 1:
        raise ValueError(
            f"film= follows one run, and {len(runs)} came: {', '.join(runs)}. Type record_film(vectors, epochs) "
            "around each run to film it."
        )
    ((run, epochs),) = runs.items()
    view.film = record_film(film, epochs)
    return {run: view.film}
