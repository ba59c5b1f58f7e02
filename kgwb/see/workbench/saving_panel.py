"""The last step by hand: the linked views as one page, and the steps as a notebook."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kgwb.see.linking import link
from kgwb.see.live import LiveView
from kgwb.see.page import Fragment, HasFragment, write_page
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    make_code,
    make_column,
    make_line,
    make_row,
    make_text,
    set_code,
    set_text,
)
from kgwb.see.workbench.experiment import Experiment


@dataclass(frozen=True)
class PageSection:
    """One view on the page.

    Attributes:
        heading: above it.
        view: what is shown.
        name: of the view in the steps' Python; empty where they do not make it.
    """

    heading: str
    view: HasFragment | Fragment
    name: str = ""


class SavingPanel(ControlPanel):
    """Write what an experiment showed.

    Args:
        experiment: whose steps become the notebook.
        list_sections: gives what stands on the page.

    Attributes:
        written: the paths that were written here.
    """

    def __init__(self, experiment: Experiment, list_sections: Callable[[], Sequence[PageSection]]) -> None:
        super().__init__()
        self.experiment, self._list_sections = experiment, list_sections
        self.written: list[Path] = []
        self.ended: Callable[[], None] | None = None
        self.page_name, self.notebook_name = (
            make_line("page", "workbench.html"),
            make_line("notebook", "workbench.ipynb"),
        )
        self._page = ActionButton("Save page", lambda: self._attempt(self.save_page))
        self._notebook = ActionButton("Save as notebook", lambda: self._attempt(self.save_notebook))
        self._where = make_text(f"Both are written to {Path.cwd()}, unless a path says otherwise.")
        self._code = make_code()
        self.controls = make_column(
            self._where,
            make_row(self.page_name, self._page.box),
            make_row(self.notebook_name, self._notebook.box),
            self._said,
            self._code,
        )
        self.refresh()

    @property
    def frame(self) -> pd.DataFrame:
        """What was written."""
        return pd.DataFrame({"path": [str(path) for path in self.written]})

    @property
    def title(self) -> str:
        """What this step does."""
        return "One page, and one notebook"

    @property
    def caption(self) -> str:
        """What they are."""
        return "The page is one file that needs neither a kernel nor a network. The notebook runs from top to bottom."

    @property
    def status(self) -> list[str]:
        """What was written."""
        return [f"written: {path}" for path in self.written] or ["nothing was written yet"]

    def save_page(self) -> None:
        """Write every view there is as one page; those in which something can be chosen follow one another there."""
        self.experiment.expect("vectors")
        sections = self._list_sections()
        place = self._expect_free(self.page_name.value, "page.html")
        live = [section for section in sections if isinstance(section.view, LiveView)]
        linked = [section.name for section in live] if len(live) > 1 else []
        if linked:
            link(*(section.view for section in live if isinstance(section.view, LiveView)))
        name = self.experiment.graph.name if self.experiment.graph is not None else "graph"
        write_page(place, [(section.heading, section.view) for section in sections], title=f"From {name} into BERT")
        named = {section.heading: section.name for section in sections if section.name}
        self.experiment.take_page(place, named, linked)
        self._note(place)

    def save_notebook(self) -> None:
        """Write the steps as a notebook, and the facts beside it."""
        place = self._expect_free(self.notebook_name.value, "workbench.ipynb")
        self._note(*self.experiment.save_notebook(place))

    def _expect_free(self, name: str, usual: str) -> Path:
        """A path where nothing stands that was not written here."""
        place = Path(name.strip() or usual).expanduser()
        if place.exists() and place.resolve() not in self.written:
            free = next(p for i in range(2, 10_000) if not (p := place.with_stem(f"{place.stem}-{i}")).exists())
            raise FileExistsError(f"{place} is there already. Type another name, for example {free.name}.")
        return place

    def _note(self, *paths: Path) -> None:
        found = [path.resolve() for path in paths]
        self.written += [path for path in found if path not in self.written]
        sizes = [f"{path} ({path.stat().st_size / 1e6:.1f} MB)" if path.is_file() else str(path) for path in found]
        self._say("Written: " + ", ".join(sizes) + ".")
        self.refresh()
        if self.ended is not None:
            self.ended()

    def refresh(self) -> None:
        """What can be written already."""
        missing = self.experiment.explain_missing("vectors")
        self._notebook.set(missing)
        self._page.set(missing)
        if not missing:
            without = self.experiment.explain_missing("page") and "without attention so far: tune a door in step 4"
            set_text(self._page.why, without)
        page = [step.code for step in self.experiment.steps if step.name == "page"]
        set_code(self._code, "".join(page))
