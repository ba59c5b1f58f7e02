"""Training by hand: choose an equation, press Start, watch, stop, take up again."""

from __future__ import annotations

import time
from collections.abc import Callable

import pandas as pd

from kgwb.checks import expect_kind
from kgwb.embed import GraphEmbedding
from kgwb.embed.scorers import SCORERS
from kgwb.graph import KnowledgeGraph, Split
from kgwb.see.page import Fragment
from kgwb.see.training.view import TrainingView
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    make_choice,
    make_code,
    make_column,
    make_number,
    make_row,
    set_code,
)
from kgwb.see.workbench.curve import LiveCurve
from kgwb.see.workbench.training_run import TrainingRun, propose_settings

_FIRST = "ComplEx"
_MINUTES = 5.0


class TrainingPanel(ControlPanel):
    """Train an embedding by pressing buttons; the kernel stays free meanwhile.

    Args:
        source: a split, whose held-out triples are ranked now and then, or a graph.

    Attributes:
        training: the training that was begun last, or None.

    Example:
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> panel = TrainingPanel(KnowledgeGraph.from_pandas(facts, name="capitals"))
        >>> panel.epochs.value = 3
        >>> panel.train()
        >>> len(panel.frame)
        3
    """

    def __init__(self, source: Split | KnowledgeGraph) -> None:
        expect_kind(source, (Split, KnowledgeGraph), "A split or a graph", call="kgwb.see.TrainingPanel(split)")
        super().__init__()
        self.source = source
        self.graph = source.graph if isinstance(source, Split) else source
        self.training: TrainingRun | None = None
        self.ended: Callable[[TrainingRun], None] | None = None
        self._curve = LiveCurve()
        self.scorer = make_choice("scorer", tuple(SCORERS), _FIRST)
        self.dim = make_number("dim", 1)
        self.epochs = make_number("epochs", 1)
        self.minutes = make_number("at most minutes", _MINUTES, whole=False)
        self._start, self._stop = ActionButton("Start", self.start), ActionButton("Stop", self.stop)
        self._resume = ActionButton("Resume", self.resume)
        self._code = make_code()
        self.controls = make_column(
            make_row(self.scorer, self.dim, self.epochs, self.minutes),
            make_row(self._start.box, self._stop.box, self._resume.box),
            self._said,
            self._curve.box,
            self._code,
        )
        self.scorer.observe(lambda _change: self._propose(), "value")
        self._propose()
        self.refresh()

    @property
    def vectors(self) -> GraphEmbedding:
        """The embedding, as far as it was trained.

        Raises:
            ValueError: none was begun.
        """
        return self._expect_training().vectors

    @property
    def view(self) -> TrainingView | None:
        """The training view; None before the first training."""
        return self._curve.view

    @property
    def frame(self) -> pd.DataFrame:
        """Every epoch: number, loss, and what was measured."""
        return self.view.frame if self.view is not None else pd.DataFrame(columns=["run", "number", "loss", "seconds"])

    @property
    def title(self) -> str:
        """What is trained, on what."""
        return f"Training {self.training.name if self.training else 'vectors'} on {self.graph.name}"

    @property
    def caption(self) -> str:
        """How far it came, and how far to trust its figures."""
        if self.view is not None and self.view.records:
            return self.view.caption
        return "Press Start. The loss is on the training facts; only figures on held-out facts show what was learnt."

    @property
    def status(self) -> list[str]:
        """The settings, and how far it came."""
        asked = f"{self.scorer.value}, dim {self.dim.value}, {self.epochs.value} epochs"
        return [
            asked,
            self.view.progress if self.view is not None else "not started",
            *([self.message] if self.message else []),
        ]

    @property
    def picture(self) -> str:
        """The training view, once there is one."""
        return self.view.picture if self.view is not None and self.view.records else super().picture

    def fragment(self) -> Fragment:
        """The training view as a piece of a page."""
        return self.view.fragment() if self.view is not None and self.view.records else super().fragment()

    def start(self) -> None:
        """Begin anew, with the settings as they stand; the kernel stays free."""
        self._attempt(lambda: self._begin(wait=False))

    def train(self) -> None:
        """The same, and wait for its end."""
        self._attempt(lambda: self._begin(wait=True))

    def resume(self) -> None:
        """Take up the training that was stopped; it ends as if it had never been."""
        self._attempt(self._continue)

    def _begin(self, wait: bool) -> None:
        if self.is_busy:
            raise ValueError("A training is running. Press Stop first.")
        scorer = SCORERS[self.scorer.value]()
        self.training = TrainingRun(self.source, scorer=scorer, dim=self.dim.value, epochs=self.epochs.value)
        self._curve.view = None
        self._go_on(wait)

    def _continue(self) -> None:
        training = self._expect_training()
        if training.is_over:
            raise ValueError(f"All {training.total} epochs are done. Ask for more epochs, and press Start.")
        self._go_on(wait=False)

    def _go_on(self, wait: bool) -> None:
        self._say("")
        self._run(self._feed, wait=wait)

    def _feed(self) -> None:
        training = self._expect_training()
        ends = time.monotonic() + 60 * max(0.0, float(self.minutes.value))
        self._curve.open(training.name, training.total, training.records)
        try:
            for epoch in training:
                self._curve.feed(epoch)
                if self._job.stop_asked:
                    break
                if time.monotonic() >= ends and not training.is_over:
                    self._say(f"{self.minutes.value:g} minutes are over. Press Resume to go on.")
                    break
        finally:
            self._curve.close(stopped=not training.is_over)
        if self.ended is not None:
            self.ended(training)

    def refresh(self) -> None:
        """Which buttons can be pressed, and why not."""
        training, running = self.training, self.is_busy
        self._start.set("a training is running" if running else "")
        self._stop.set(shown=running)
        self._resume.set(shown=training is not None and not training.is_over and not running)
        set_code(self._code, training.code if training is not None and training.records else "")

    def _expect_training(self) -> TrainingRun:
        if self.training is None:
            raise ValueError("Nothing was trained yet. Press Start, or type panel.start().")
        return self.training

    def _propose(self) -> None:
        options = propose_settings(self.scorer.value, len(self.graph.entities))
        self.dim.value, self.epochs.value = options["dim"], options["epochs"]
