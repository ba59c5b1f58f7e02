"""Seeing a search for settings: what was found, and what mattered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from kgwb.checks import expect_choice, expect_kind
from kgwb.embed.settings.finding import SettingsSearch
from kgwb.embed.settings.trial import Trial
from kgwb.see.notebook import current_cell
from kgwb.see.output import LiveOutput, make_bundle
from kgwb.see.page import Fragment
from kgwb.see.search.picture import draw_search
from kgwb.see.search.scene import Over, SearchScene
from kgwb.see.view import View


def show_search(search: SettingsSearch, *, over: Over = "seconds") -> SearchView:
    """Draw what `find_settings` found so far: every trial, the best of them, and which settings made a difference.

    Left, the validation MRR of each trial, and the training MRR of the best, which shows learning by heart. Right, the mean
    rank of the trials that had each value of a setting, beside the range that chance alone would give. What is drawn is the
    search as it stands; iterated, the view goes on with the search, and in a notebook the picture follows.

    Args:
        search: as `find_settings` gives it, at its end or not.
        over: what MRR is drawn over: the seconds spent on a trial, or its epochs.

    Returns:
        A picture that can be iterated: `view.frame` is every measurement, `view.effects` what is drawn at the right,
        `view.save("search.svg")` writes it for print.

    Raises:
        TypeError: for what is no search.
        ValueError: when MRR is to be drawn over anything else.

    Example:
        >>> from kgwb.embed import ComplEx, find_settings
        >>> from kgwb.graph import KnowledgeGraph, split_triples
        >>> facts = [[f"town {i}", "beside", f"town {(i + step) % 12}"] for i in range(12) for step in (1, 2)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> view = show_search(find_settings(split_triples(graph), [ComplEx()], passes=6, fixed={"dim": 8}))
        >>> for trial in view:
        ...     assert trial.mrr > 0
        >>> view.title.partition(",")[0], len(view.frame)
        ('ComplEx ranked best', 6)
    """
    call = "kgwb.see.show_search(kgwb.find_settings(split))"
    expect_kind(search, SettingsSearch, "A search for settings", call=call)
    expect_choice("over", over, ("seconds", "epochs"))
    return SearchView(search, over)


@dataclass(eq=False, repr=False)
class SearchView(View):
    """A search as it stands whenever it is looked at; iterate it to search on.

    Attributes:
        search: what is drawn.
        over: what MRR is drawn over: "seconds" or "epochs".
    """

    search: SettingsSearch
    over: Over = "seconds"
    _cell: object = None

    def __iter__(self) -> Iterator[Trial]:
        """The trials of the search as it goes on, the picture drawn anew after each."""
        self._cell = current_cell()
        output = LiveOutput(self)
        output.open()
        try:
            for trial in self.search:
                output.refresh()
                yield trial
        finally:
            output.close()

    @property
    def scene(self) -> SearchScene:
        """What is known of the search now."""
        search = self.search
        trials = search.trials
        settings = {} if trials["valid MRR"].isna().all() else search.best
        return SearchScene(trials, search.effects(), search.progress, settings, search.left_out, self.over)

    @property
    def frame(self) -> pd.DataFrame:
        """One row per measurement of each trial, as `SettingsSearch.trials` gives it."""
        return self.search.trials

    @property
    def effects(self) -> pd.DataFrame:
        """One row per setting and value: trials, mean rank; and the share of the ranks' variance that the setting explains."""
        scene = self.scene
        return scene.effects.assign(share=scene.effects["setting"].map(scene.influence.shares))

    @property
    def picture(self) -> str:
        """The view as a static SVG."""
        return draw_search(self.scene)

    def fragment(self) -> Fragment:
        """This view as a piece of a page, whose title it says itself."""
        return Fragment(self.picture, title=self.title)

    def _ipython_display_(self) -> None:
        # The cell that went on with the search shows the picture already.
        if self._cell is None or self._cell != current_cell():
            from IPython.display import display

            display(make_bundle(self), raw=True)
