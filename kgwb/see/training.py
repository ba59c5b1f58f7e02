"""Watching training: the loss falls while the generator runs, and the last state of the picture is what is saved."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.see.drawing import count
from kgwb.see.notebook import current_cell, describe_view, in_notebook
from kgwb.see.page import Fragment, write_page
from kgwb.see.training_picture import draw_training

_REDRAW = 0.3  # seconds between two pictures at least


def show_training(
    epochs: Iterable[Any] | Mapping[str, Iterable[Any]], *, total: int | None = None, name: str = "training"
) -> TrainingView:
    """Run a training generator to its end and draw its loss and metrics meanwhile.

    In a notebook the picture moves while the generator runs; the stop button ends the run and keeps what was learnt.
    Elsewhere the generator is run quietly.

    Args:
        epochs: what `train_embedding` or `tune` gives, or several of them by name, run one after the other and drawn
            over one another; a name such as "entity/shuffled" is a control of "entity" and dashed.
        total: how many epochs or steps a run has, for the time left; read off the generator where it says so.
        name: what to call a single run.

    Raises:
        ValueError: when a generator gives nothing.

    Example:
        >>> from kgwb.embed import Epoch
        >>> view = show_training(Epoch(i, 3 / i, 0.1, {"MRR": 0.1 * i}) for i in range(1, 4))
        >>> view.frame[["number", "loss", "MRR"]]
           number  loss  MRR
        0       1   3.0  0.1
        1       2   1.5  0.2
        2       3   1.0  0.3
    """
    runs = dict(epochs) if isinstance(epochs, Mapping) else {name: epochs}
    view = TrainingView(tuple(runs), total)
    screen = _Screen(view)
    for run, records in runs.items():
        _consume(view, run, iter(records), screen)
        if view.stopped:
            break
    screen.draw()
    return view


@dataclass(eq=False, repr=False)
class TrainingView:
    """A training run, or several, as far as they came.

    Attributes:
        runs: the name of each run.
        total: how many epochs or steps a run has, where that is known.
        records: what the generators gave, by run.
        elapsed: seconds since the first epoch or step was asked for, by run.
        stopped: whether the stop button ended it.
    """

    runs: tuple[str, ...]
    total: int | None = None
    records: dict[str, list[Any]] = field(default_factory=dict)
    elapsed: dict[str, list[float]] = field(default_factory=dict)
    stopped: bool = False
    running: bool = False
    _cell: object = None

    @property
    def unit(self) -> str:
        """What is counted: "epoch" or "step"."""
        first = next((record for records in self.records.values() for record in records), None)
        return "epoch" if hasattr(first, "metrics") else "step"

    @property
    def frame(self) -> pd.DataFrame:
        """Every epoch or step: run, number, loss, seconds elapsed, and its metrics."""
        rows = [
            {"run": run, "number": record.number, "loss": record.loss, "seconds": elapsed, **read_metrics(record)}
            for run, records in self.records.items()
            for record, elapsed in zip(records, self.elapsed[run], strict=True)
        ]
        return pd.DataFrame(rows, columns=None if rows else ["run", "number", "loss", "seconds"])

    @property
    def selection(self) -> pd.DataFrame:
        """The last epoch or step of each run."""
        return self.frame.groupby("run", sort=False).tail(1).reset_index(drop=True)

    @property
    def progress(self) -> str:
        """How far the latest run is, how fast, and how long it may still take."""
        run, records = next(reversed(self.records.items()), ("", []))
        if not records:
            return "starting"
        done, seconds = records[-1].number, self.elapsed[run][-1]
        speed = len(records) / seconds if seconds > 0 else math.inf
        parts = [f"{self.unit} {done:,}" + (f" of {self.total:,}" if self.total else ""), _clock(seconds)]
        parts.append(f"{speed:,.1f} {self.unit}s/s" if speed >= 1 else f"{1 / speed:,.1f} s/{self.unit}")
        if self.running and self.total and speed < math.inf:
            parts.append(f"about {_clock(max(0, self.total - done) / speed)} left")
        return " · ".join(parts)

    @property
    def caption(self) -> str:
        """What was run, how it ended, and what the numbers are."""
        parts = []
        for run, records in self.records.items():
            wrong = next((record.number for record in records if not math.isfinite(record.loss)), None)
            last = f"loss {records[0].loss:.3g} to {records[-1].loss:.3g}" if len(records) > 1 else "loss"
            parts.append(
                f"{run}: {count(len(records), self.unit)} in {_clock(self.elapsed[run][-1])}, {last}"
                if wrong is None
                else f"{run}: the loss is no number from {self.unit} {wrong:,} on"
            )
        if self.stopped:
            run, records = next(reversed(self.records.items()))
            missing = [each for each in self.runs if each not in self.records]
            parts.append(f"Stopped by hand after {self.unit} {records[-1].number:,} of {run}; what it learnt is kept")
            parts += [f"Not run: {', '.join(missing)}"] if missing else []
        return (
            ". ".join([*parts, "The loss is on the training data, in nats; only held-out figures show what was learnt"])
            + "."
        )

    @property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_training(self)

    def fragment(self) -> Fragment:
        """This view as a piece of a page."""
        return Fragment(draw_training(self, captioned=False), self.caption)

    def save(self, path: str | Path, *, title: str = "") -> Path:
        """Write the view as one offline page and return its path."""
        return write_page(path, [("", self)], title or "Training")

    def _ipython_display_(self) -> None:
        # The cell that ran the training shows the picture already.
        if self._cell is None or self._cell != current_cell():
            from IPython.display import display

            display(self._repr_mimebundle_(), raw=True)

    def _repr_mimebundle_(self, **_options: object) -> dict[str, Any]:
        return describe_view(self, self.picture)

    def __repr__(self) -> str:
        return f"TrainingView: {self.progress}. {self.caption}"


class _Screen:
    """The one output of a notebook cell that is drawn again and again; nothing outside a notebook."""

    def __init__(self, view: TrainingView) -> None:
        self.view = view
        self.handle: Any = None
        self.last = -math.inf
        self.live = in_notebook()
        view._cell = current_cell() if self.live else None

    def draw(self) -> None:
        self.last = time.monotonic()
        if not self.live:
            return
        from IPython.display import display

        bundle = describe_view(self.view, self.view.picture)
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)

    def refresh(self) -> None:
        if self.live and time.monotonic() - self.last >= _REDRAW:
            self.draw()


def _consume(view: TrainingView, run: str, records: Iterator[Any], screen: _Screen) -> None:
    begun = time.monotonic()
    view.running = True
    try:
        for record in records:
            view.records.setdefault(run, []).append(record)
            view.elapsed.setdefault(run, []).append(time.monotonic() - begun)
            view.total = view.total or getattr(record, "total", None)
            screen.refresh()
    except KeyboardInterrupt:
        if run not in view.records:
            raise
        view.stopped = True
    finally:
        view.running = False
    if run not in view.records:
        raise ValueError(
            f"{run!r} gave no epoch: the generator was used up already, or was asked for none. Make a new one, "
            "for example show_training(train_embedding(vectors, split, epochs=10))."
        )


def read_metrics(record: Any) -> dict[str, float]:
    """The figures of an epoch or step besides its loss."""
    metrics = dict(getattr(record, "metrics", {}) or {})
    gate = getattr(record, "gate", None)
    return metrics if gate is None else {**metrics, "gate": gate}


def _clock(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
