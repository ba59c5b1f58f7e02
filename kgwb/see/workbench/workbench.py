"""The whole path without code: facts, vectors, space and ranking, BERT, before and after, a page."""

from __future__ import annotations

from typing import Any

import pandas as pd

from kgwb.checks import expect_kind, expect_place
from kgwb.graph import KnowledgeGraph
from kgwb.see.page import Fragment
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    draw_view,
    load_widgets,
    make_column,
    make_line,
    make_row,
    make_text,
    set_text,
)
from kgwb.see.workbench.experiment import Experiment
from kgwb.see.workbench.experiment_step import STEPS
from kgwb.see.workbench.facts_panel import FactsPanel
from kgwb.see.workbench.injection_panel import InjectionPanel
from kgwb.see.workbench.ranking_panel import RankingPanel
from kgwb.see.workbench.saving_panel import PageSection, SavingPanel
from kgwb.see.workbench.training_panel import TrainingPanel
from kgwb.see.workbench.training_run import TrainingRun

TITLES = ("Facts", "Vectors", "Space and ranking", "Into BERT", "Page")
_NEEDS = ("facts", "vectors", "ranking", "door", "vectors")  # what must be there before each can begin


class Workbench(ControlPanel):
    """From a file of facts to a page with attention before and after, without code; every step shows the Python that it ran.

    Args:
        graph: to begin with; without one a file is dropped in.

    Attributes:
        experiment: the steps that were made, as plain data.
        facts, training, ranking, injection, saving: the panels of the steps; None before a step can begin.

    Example:
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> workbench = Workbench(KnowledgeGraph.from_pandas(facts, name="capitals"))
        >>> workbench.frame[["step", "summary"]].to_string(index=False, header=False)
        'facts 1 triple, 2 entities, 1 relation; 1 to train on, 0 held out'
    """

    def __init__(self, graph: KnowledgeGraph | None = None) -> None:
        call = "kgwb.Workbench(kgwb.read_graph(path)), or kgwb.Workbench()"
        expect_kind(graph, (KnowledgeGraph, type(None)), "A graph, or None,", call=call)
        super().__init__()
        self.experiment = Experiment()
        self.facts = FactsPanel(self.experiment)
        self.saving = SavingPanel(self.experiment, self.list_sections)
        self.training: TrainingPanel | None = None
        self.ranking: RankingPanel | None = None
        self.injection: InjectionPanel | None = None
        self.facts.heard = self.saving.heard = self._speak
        self.facts.ended, self.saving.ended = self._begin_training, self._follow
        self._at = 0
        self.bert = make_line("BERT", "minilm", hint="minilm, or a folder that holds one")
        self._load = ActionButton("Load", lambda: self._attempt(self._start_loading))
        self._rest = ActionButton("Do all the rest", self.do_rest)
        self._stop = ActionButton("Stop", self.stop)
        self._steps = tuple(load_widgets().Button() for _ in TITLES)
        for place, button in enumerate(self._steps):
            button.on_click(lambda _button, place=place: self._attempt(lambda: self.open_step(place)))
        self._missing, self._body = make_text(kind="why"), make_column(kind="body")
        self._berts, self._ranks = make_row(self.bert, self._load.box), make_text(kind="progress")
        self._maps: tuple[Any, ...] = ()
        steps = make_row(*self._steps)
        steps.add_class("kgwb-steps")
        running = make_row(self._rest.box, self._stop.box)
        self.controls = make_column(steps, running, self._said, self._missing, self._body)
        if graph is not None:
            self.experiment.take(graph)
            self.facts.show()
        self.refresh()

    @property
    def frame(self) -> pd.DataFrame:
        """The steps that were made: step, title, summary, code."""
        rows = [(step.name, step.title, step.summary, step.code) for step in self.experiment.steps]
        return pd.DataFrame(rows, columns=["step", "title", "summary", "code"])

    @property
    def title(self) -> str:
        """Which graph goes where."""
        graph = self.experiment.graph
        return "From a file of facts into BERT" if graph is None else f"From {graph.name} into BERT"

    @property
    def caption(self) -> str:
        """What the figures of the step in sight are worth."""
        panel = (self.facts, self.training, self.ranking, self.injection, self.saving)[self._at]
        return self.facts.caption if panel is None else panel.caption

    @property
    def status(self) -> list[str]:
        """The steps, made or missing."""
        made = {step.name: step.summary for step in self.experiment.steps}
        lines = [f"✓ {name}: {made[name]}" if name in made else f"· {name}: not yet" for name in STEPS]
        return [*lines, *([self.message] if self.message else [])]

    def fragment(self) -> Fragment:
        """How far it came, as a piece of a page; `save_page` writes the views."""
        return Fragment(self.picture)

    def list_sections(self) -> list[PageSection]:
        """What stands on the page: every view there is."""
        found = []
        if self.facts.view is not None:
            found.append(PageSection(self.facts.title, self.facts.view, "facts"))
        if self.training is not None and self.training.view is not None:
            found.append(PageSection("Facts become vectors", self.training.view, "training"))
        if self.experiment.space is not None:
            found.append(PageSection("The space they live in", self.experiment.space, "space"))
        if self.ranking is not None and len(self.ranking.frame):
            found.append(PageSection(f"A query: {self.ranking.title}", self.ranking))
        if self.injection is not None and self.injection.view is not None:
            if self.injection.tuning is not None:
                found.append(PageSection("BERT learns to use them", self.injection.tuning, "tuning"))
            found.append(PageSection("Answers, before and after", self.injection.list_answers()))
            found.append(PageSection("Where BERT looks, before and after", self.injection.view, "attention"))
        return found

    def _take_drop(self, name: str, content: bytes) -> None:
        """A file came with its name and its bytes: the facts of the first step."""
        self.facts.take_drop(name, content)

    def open_step(self, place: int) -> None:
        """Show one step, from 0.

        Raises:
            IndexError: there is no such step.
        """
        expect_place("steps", place, len(TITLES))
        self._at = place
        if (
            TITLES[place] == "Into BERT"
            and self.injection is None
            and self.experiment.has("vectors")
            and not self.is_busy
        ):
            self._start_loading()
        self.refresh()

    def do_rest(self) -> None:
        """Train, rank, tune and compare with the settings as they stand; the kernel stays free."""
        self._attempt(self._start_rest)

    def stop(self) -> None:
        """End what is running after the epoch or step it is in, and what would come behind it."""
        super().stop()
        for panel in (self.training, self.injection):
            if panel is not None:
                panel.stop()

    def _start_rest(self) -> None:
        self.experiment.expect("vectors")
        self._say("")
        self._run(self._do_rest)

    def _do_rest(self) -> None:
        assert self.training is not None
        if not self.experiment.has("vectors"):
            self._show(1, "Training the vectors …")
            self.training.train()
        if not self.experiment.has("vectors") or self._was_stopped():
            return self._show(
                1, self.training.message or "Stopped. Press Resume in this step, or once more Do all the rest."
            )
        if self.ranking is not None and not len(self.ranking.frame):
            self.ranking.ask_first()
        self._show(3, "Loading BERT, and tuning a door …")
        self._load_bert()
        assert self.injection is not None
        if not self.experiment.has("attention"):
            self.injection.tune_now()
        if not self.experiment.has("attention"):
            return self._show(3, self.injection.message or "Stopped. Press Tune in this step.")
        if self._was_stopped():
            return self._show(3, "Stopped. What was learnt is kept; Tune begins anew.")
        return self._show(4, "Done. Steps 1 to 4 show what came out; the page holds all of it.")

    def _was_stopped(self) -> bool:
        return self._job.stop_asked

    def _show(self, place: int, text: str) -> None:
        self._at = place
        self._say(text)
        self.refresh()
        self.tell_frame()

    def _begin_training(self) -> None:
        """Facts came: what stood on others goes."""
        assert self.experiment.split is not None
        self.training = TrainingPanel(self.experiment.split)
        self.training.ended, self.training.heard = self._take_vectors, self._speak
        self.ranking, self.injection = None, None
        self._follow()

    def _take_vectors(self, run: TrainingRun) -> None:
        self.experiment.take_vectors(run)
        self.injection = None
        self._maps = draw_view(self.experiment.space)
        ranked = [step.summary for step in self.experiment.steps if step.name == "ranking"]
        set_text(
            self._ranks, f"Held-out facts: {ranked[0]}." if ranked else "Nothing was held out, so nothing is ranked."
        )
        self.ranking = RankingPanel(run.vectors, self.experiment.split)
        self.ranking.heard = self._speak
        self._follow()

    def _start_loading(self) -> None:
        self._say("Loading BERT …")
        self._run(self._load_bert)

    def _load_bert(self) -> None:
        trial = self.experiment.open_trial(self.bert.value.strip() or "minilm")
        self._say("")
        if self.injection is None or self.injection.trial is not trial:
            self.injection = InjectionPanel.from_trial(trial)
            self.injection.ended, self.injection.heard = self._take_comparison, self._speak

    def _take_comparison(self) -> None:
        assert self.injection is not None
        panel = self.injection
        self.experiment.take_door(*panel.key)
        if panel.comparison is not None:
            self.experiment.take_comparison(panel.comparison, panel.openness)
        self.refresh()
        self.tell_frame()

    def _follow(self) -> None:
        self.refresh()
        self.tell_frame()
        if not self.is_busy:
            self.keep_still()

    def refresh(self) -> None:
        """Which step is shown, and what can be pressed."""
        for place, (button, title) in enumerate(zip(self._steps, TITLES, strict=True)):
            done = self._is_done(place)
            button.description = f"{place + 1} {title}{' ✓' if done else ''}"
            (button.add_class if place == self._at else button.remove_class)("kgwb-current")
        missing = self.experiment.explain_missing("vectors")
        self._rest.set("it is running" if self.is_busy else missing, shown=not self.experiment.has("attention"))
        self._stop.set(shown=self.is_busy)
        set_text(self._missing, self.experiment.explain_missing(_NEEDS[self._at]))
        self.saving.refresh()
        controls = self._list_controls()
        if self._body.children != controls:  # what stays keeps its focus
            self._body.children = controls

    def _is_done(self, place: int) -> bool:
        return self.experiment.has(("facts", "vectors", "vectors", "attention", "page")[place])

    def _list_controls(self) -> tuple[Any, ...]:
        """The controls of the step that is shown."""
        if self._at == 2 and self.ranking is not None:
            return (self._ranks, *self._maps, self.ranking.controls)
        if self._at == 3 and self.experiment.has("vectors"):
            return (self._berts, *((self.injection.controls,) if self.injection is not None else ()))
        panel = (self.facts, self.training, None, None, self.saving)[self._at]
        return (panel.controls,) if panel is not None else ()
