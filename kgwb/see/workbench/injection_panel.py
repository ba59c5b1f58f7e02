"""A door by hand: tune it, open and close its gate, type a sentence, and see answers and attention before and after."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from kgwb.bert import Bert
from kgwb.bert.knowledge import EntityVectors
from kgwb.learn import Questions
from kgwb.see.attention.view import AttentionView, show_attention
from kgwb.see.page import Fragment
from kgwb.see.training.view import TrainingView
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    draw_view,
    drop_view,
    load_widgets,
    make_choice,
    make_code,
    make_column,
    make_line,
    make_row,
    make_text,
    set_code,
    set_text,
    show_if,
)
from kgwb.see.workbench.curve import LiveCurve
from kgwb.see.workbench.door_report import CAPTION, describe_gate, describe_reach, learn_openness, write_answers
from kgwb.see.workbench.door_trial import CONTROLS, MODES, DoorTrial, SentenceComparison
from kgwb.words import shorten

_NONE = "none"  # no control is the real thing; a choice of None would be no choice to ipywidgets


class InjectionPanel(ControlPanel):
    """Tune a door into BERT by pressing buttons, open it by a slider, and see what a sentence's answers and attention become.

    A fresh door is closed and its maps learnt nothing, so a door is tuned before its gate can be moved. The gate acts on the
    forward pass alone: what was learnt stays as it is.

    Args:
        bert: plain.
        vectors: entity vectors and their graph.
        questions: to tune on, a share of them held out; by default made of the graph's own facts.

    Attributes:
        trial: the doors that were tuned, as plain data.
        comparison: the sentence before and after; None before a door is tuned.
    """

    def __init__(self, bert: Bert, vectors: EntityVectors, *, questions: Questions | None = None) -> None:
        self._begin(DoorTrial(bert, vectors, questions=questions))

    @classmethod
    def from_trial(cls, trial: DoorTrial) -> InjectionPanel:
        """The panel of doors that may be tuned already."""
        panel = cls.__new__(cls)
        panel._begin(trial)
        return panel

    def _begin(self, trial: DoorTrial) -> None:
        super().__init__()
        self.trial = trial
        self.comparison: SentenceComparison | None = None
        self.ended: Callable[[], None] | None = None
        self.view: AttentionView | None = None
        self._curve = LiveCurve()
        self.door = make_choice("door", MODES, "memory")
        self.control = make_choice("control", (_NONE, *CONTROLS), _NONE)
        self._tune, self._stop = ActionButton("Tune", self.tune), ActionButton("Stop", self.stop)
        self.gate = load_widgets().FloatSlider(
            value=0.0, min=0.0, max=1.0, step=0.01, description="gate", readout_format=".2f", disabled=True
        )
        self.gate.style.description_width = "initial"
        self._learnt = make_text(kind="why")
        self.sentence = make_line(
            "sentence", trial.unseen[0].text, hint="a sentence with [MASK] where the answer stands"
        )
        self.sentence.add_class("kgwb-sentence")
        self._answers, self._attention, self._code = load_widgets().HTML(), make_column(), make_code()
        self._reached, self._wanted = make_text(kind="progress"), False
        self.controls = make_column(
            make_row(self.door, self.control, self._tune.box, self._stop.box),
            self._said,
            self._reached,
            make_row(self.gate, self._learnt),
            self.sentence,
            self._answers,
            self._attention,
            self._curve.box,
            self._code,
        )
        for choice in (self.door, self.control):
            choice.observe(lambda _change: self._attempt(self._change_door), "value")
        self.gate.observe(lambda _change: self._compare_soon(), "value")
        self.sentence.observe(lambda _change: self._compare_soon(), "value")
        self._moving = self._is_tuning = False
        self.refresh()

    @property
    def key(self) -> tuple[str, str | None]:
        """The door and the control that are chosen."""
        return self.door.value, None if self.control.value == _NONE else self.control.value

    @property
    def model(self) -> Bert:
        """The tuned model of the door that is chosen.

        Raises:
            ValueError: it is not tuned yet.
        """
        return self.trial.find(*self.key)

    @property
    def is_tuned(self) -> bool:
        """Whether the door that is chosen was tuned."""
        return self.key in self.trial.models

    @property
    def frame(self) -> pd.DataFrame:
        """The candidates for the sentence's mask, before and after."""
        if self.comparison is not None:
            return self.comparison.answers
        return pd.DataFrame(columns=["answer", "before", "after", "change", "known"])

    @property
    def title(self) -> str:
        """Which sentence, before and after which door."""
        if self.comparison is None:
            return f"A door from {self.trial.graph.name} into {self.trial.bert.name}"
        return f"“{shorten(self.comparison.text, 70)}” before and after the {self.door.value} door"

    @property
    def caption(self) -> str:
        """What is compared, and how far to trust it."""
        if self.comparison is None:
            return "Press Tune: a fresh door is closed, and opens only as it learns."
        return CAPTION

    @property
    def status(self) -> list[str]:
        """The door, what it reaches, and the answers."""
        lines = [
            f"door {self.door.value}, control {self.control.value}",
            describe_reach(self.trial, self.key),
        ]
        for row in self.frame.itertuples(name="Row"):
            lines.append(f"{row.answer}: {row.before:.1%} → {row.after:.1%}")
        return [*lines, *([self.message] if self.message else [])]

    def fragment(self) -> Fragment:
        """Answers and attention as a piece of a page."""
        if self.view is None:
            return super().fragment()
        answers, inner = self.list_answers(), self.view.fragment()
        return Fragment(f"{answers.html}{inner.html}", self.caption, inner.libraries)

    @property
    def tuning(self) -> TrainingView | None:
        """How the door was tuned last."""
        return self._curve.view

    def list_answers(self) -> Fragment:
        """The answers as a piece of a page."""
        return Fragment(write_answers(self.comparison), self.caption)

    def tune(self) -> None:
        """Tune the door that is chosen; the kernel stays free, and a click on Stop ends it after its step."""
        self._attempt(lambda: self._start_tuning(wait=False))

    def tune_now(self) -> None:
        """The same, and wait for its end."""
        self._attempt(lambda: self._start_tuning(wait=True))

    def _start_tuning(self, wait: bool) -> None:
        self._say("")
        self._is_tuning = not self.is_busy
        self._run(self._tune_door, wait=wait)

    def _tune_door(self) -> None:
        mode, control = self.key
        total = self.trial.count_steps()
        self._curve.open(mode if control is None else f"{mode}/{control}", total)
        steps, stopped = self.trial.tune(mode, control), False
        try:
            for step in steps:
                self._curve.feed(step)
                if self._job.stop_asked and step.number < step.total:
                    stopped = True
                    break
        finally:
            steps.close()  # type: ignore[attr-defined]
            self._curve.close(stopped=stopped)
            self._is_tuning = False
        self._say("Measuring on the unseen questions …")
        self.trial.measure(mode, control)
        self._say("")
        self._show_door(self.trial.propose_sentence(mode, control))
        if self.ended is not None:
            self.ended()

    def _change_door(self) -> None:
        self.refresh()
        if self.is_tuned:
            self._show_door(self.sentence.value)
        else:  # what another door made of the sentence is not this one's
            self.comparison, self._answers.value, self._attention.children = None, "", ()
            drop_view(self.view)
            self.view = None
        self.refresh()
        self.tell_frame()
        if self.ended is not None and self.is_tuned:
            self.ended()

    def _show_door(self, text: str) -> None:
        """Gate and sentence of a tuned door, without comparing at each of the two."""
        self._moving = True
        self.gate.value = round(learn_openness(self.trial, self.key), 2)
        self.sentence.value = text
        self._moving = False
        self.compare()

    def _compare_soon(self) -> None:
        """Compare, or once more where that is going on already: of many positions of a slider the last one counts."""
        if self._moving or not self.is_tuned:
            return
        self._wanted = True
        if not self.is_busy:
            self._attempt(lambda: self._run(self._compare_latest, keep=False))

    def _compare_latest(self) -> None:
        while self._wanted:
            self._wanted = False
            self.compare()
        if self.ended is not None:
            self.ended()

    @property
    def openness(self) -> float | None:
        """Where the gate stands; None where it stands as it was learnt."""
        return None if abs(learn_openness(self.trial, self.key) - self.gate.value) < 0.0051 else float(self.gate.value)

    def compare(self) -> SentenceComparison:
        """Read the sentence before and after, as the controls stand.

        Raises:
            ValueError: the door is not tuned, or the sentence cannot be asked.
        """
        found = self.trial.compare(self.sentence.value, *self.key, openness=self.openness)
        self._say("")
        self.comparison = found
        self._answers.value = write_answers(self.comparison)
        self._replace_view(found)
        return found

    def _replace_view(self, found: SentenceComparison) -> None:
        old, kept = self.view, {}
        if old is not None and old.readings[0].tokens == found.before.tokens:
            kept = {"layer": old.layer, "head": old.head, "focus": old.focus}
        self.view = show_attention(found.before, found.after, graph=self.trial.graph, **kept)
        self._attention.children = draw_view(self.view)
        drop_view(old)

    def refresh(self) -> None:
        """Which controls act, and why the others do not."""
        tuning = self._is_tuning
        self._tune.set("it is being tuned" if tuning else "")
        self._stop.set(shown=tuning)
        self.gate.disabled = not self.is_tuned or tuning
        for widget in (self._answers, self._attention):
            show_if(widget, not tuning)  # what is seen while tuning is its curve
        set_text(self._learnt, describe_gate(self.trial, self.key))
        set_text(self._reached, describe_reach(self.trial, self.key))
        set_code(self._code, self._write_code() if self.is_tuned else "")

    def _write_code(self) -> str:
        code = self.trial.write_code(*self.key)
        if self.comparison is None:
            return code
        return f"{code}\n\n{self.trial.write_comparison(self.comparison.text, self.openness)}"
