"""The first step by hand: a file dropped in becomes a graph, and says what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from kgwb.see.graph.view import GraphView, show_graph
from kgwb.see.page import Fragment
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    draw_view,
    load_widgets,
    make_code,
    make_column,
    make_line,
    make_row,
    make_table,
    make_text,
    set_code,
    set_text,
    show_if,
)
from kgwb.see.workbench.experiment import Experiment
from kgwb.see.workbench.file_options import read_columns
from kgwb.words import shorten

_SHOWN = 12  # relations in the table


class FactsPanel(ControlPanel):
    """Read facts into an experiment.

    Args:
        experiment: what takes them.

    Attributes:
        view: the graph view of what was read; None before.
    """

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.view: GraphView | None = None
        self.ended: Callable[[], None] | None = None
        widgets = load_widgets()
        take = "Choose a file, or drop it here"
        self.upload = widgets.FileUpload(description=take, tooltip=take, multiple=False)
        self.upload.add_class("kgwb-drop")
        self.path = make_line("or a path here", hint="facts.csv, or a folder")
        self.columns = make_line("columns", hint="head, relation, tail")
        self.encoding = make_line("encoding", hint="utf-8")
        self.skip = widgets.Checkbox(value=False, description="leave out broken lines, and count them", indent=False)
        self._again = ActionButton("Read again", lambda: self._attempt(self._read_again))
        self._options_shown = widgets.ToggleButton(description="Options", value=False)
        self._options_row = make_row(self.columns, self.encoding, self.skip, self._again.box)
        self._options_shown.observe(lambda _change: self.refresh(), "value")
        self._counts, self._relations = make_text(kind="progress"), widgets.HTML()
        self._leaks, self._graph, self._code = make_text(), make_column(), make_code()
        self._last: Callable[[], None] | None = None
        self.controls = make_column(
            make_row(self.upload, self.path, self._options_shown),
            self._options_row,
            self._said,
            self._counts,
            self._leaks,
            self._relations,
            self._graph,
            self._code,
        )
        self.upload.observe(lambda _change: self._attempt(self._read_upload), "value")
        self.path.observe(lambda _change: self._attempt(self._read_path), "value")
        self.refresh()

    @property
    def frame(self) -> pd.DataFrame:
        """Each relation with its facts, heads and tails counted."""
        return count_relations(self.experiment)

    @property
    def title(self) -> str:
        """Which graph."""
        graph = self.experiment.graph
        return "Facts" if graph is None else f"The facts of {graph.name}"

    @property
    def caption(self) -> str:
        """What a file holds."""
        if self.experiment.leakage is None:
            return "A file holds one fact in each line: head, relation, tail. It stays on this machine."
        return self.experiment.leakage.verdict

    @property
    def status(self) -> list[str]:
        """What was read."""
        said = [step.summary for step in self.experiment.steps[:1]] or ["nothing was read yet"]
        return [*said, *([self.message] if self.message else [])]

    def fragment(self) -> Fragment:
        """The graph view as a piece of a page."""
        return self.view.fragment() if self.view is not None else super().fragment()

    def _options(self) -> dict[str, Any]:
        """What was typed beside the file, where it is not the usual."""
        given: dict[str, Any] = {}
        if self.columns.value.strip():
            given["columns"] = read_columns(self.columns.value)
        if self.encoding.value.strip():
            given["encoding"] = self.encoding.value.strip()
        return given | ({"on_error": "skip"} if self.skip.value else {})

    def _read_upload(self) -> None:
        if not self.upload.value:
            return
        file = self.upload.value[0]
        self.take_drop(str(file["name"]), bytes(file["content"]))

    def take_drop(self, name: str, content: bytes) -> None:
        """A file came with its name and its bytes."""
        self._last = lambda: self.experiment.read_content(name, content, **self._options())
        self._attempt(self._read_again)

    def _read_path(self) -> None:
        path = self.path.value.strip()
        if path:
            self._last = lambda: self.experiment.read(path, **self._options())
            self._read_again()

    def _read_again(self) -> None:
        if self._last is None:
            raise ValueError("There is no file yet. Drop one in, or type the path of one.")
        self._say("Reading …")
        try:
            self._last()
        except Exception:
            self._options_shown.value = True  # what helps against most faults of a file stands there
            raise
        self._say("")
        self.show()

    def show(self) -> None:
        """Draw what the experiment holds now."""
        graph = self.experiment.graph
        self.view = None if graph is None else show_graph(graph)
        self._graph.children = draw_view(self.view)
        self.refresh()
        if self.ended is not None:
            self.ended()

    def refresh(self) -> None:
        """What was read, in numbers."""
        show_if(self._options_row, self._options_shown.value)
        self._again.set("" if self._last is not None else "no file came yet")
        graph, leakage = self.experiment.graph, self.experiment.leakage
        if graph is None or leakage is None:
            return
        notes = [f"Counted while reading: {count:,} {what}." for what, count in graph.notes]
        set_text(self._counts, "\n".join([self.experiment.steps[0].summary, *notes]))
        set_text(self._leaks, leakage.verdict)
        rows = [
            (shorten(row.relation, 60), f"{row.facts:,}", f"{row.heads:,}", f"{row.tails:,}", shorten(row.example, 90))
            for row in self.frame.head(_SHOWN).itertuples(name="Row")
        ]
        self._relations.value = make_table(
            ("relation", "facts", "heads", "tails", "for example"), rows, numbers=(1, 2, 3)
        )
        set_code(self._code, self.experiment.steps[0].code)


def count_relations(experiment: Experiment) -> pd.DataFrame:
    """Each relation of what was read: its facts, heads and tails, and the first fact, the most frequent first."""
    if experiment.graph is None:
        return pd.DataFrame(columns=["relation", "facts", "heads", "tails", "example"])
    table = experiment.graph.to_pandas(labels=True)
    table["example"] = table["head"] + " → " + table["tail"]
    counted = table.groupby("relation", sort=False).agg(
        facts=("head", "size"), heads=("head", "nunique"), tails=("tail", "nunique"), example=("example", "first")
    )
    return counted.sort_values("facts", ascending=False, kind="stable").reset_index()
