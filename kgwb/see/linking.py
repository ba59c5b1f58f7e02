"""Views that follow one another: what is chosen in one is chosen in all, in a notebook and on a page."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.checks import expect_each, expect_path, expect_text
from kgwb.packages import load_package
from kgwb.see.choice import Choice
from kgwb.see.drawing import draw_picture, escape
from kgwb.see.live import LiveView
from kgwb.see.names import Names
from kgwb.see.notebook import in_notebook, mounts_views
from kgwb.see.page import Fragment, write_page
from kgwb.see.view import View
from kgwb.words import count_things

_SHARED = "What is chosen in one view is chosen in all."
_CALL = "kgwb.link(kgwb.show_graph(graph), kgwb.show_space(vectors))"


def link(*views: LiveView) -> LinkedViews:
    """Let views follow one another: an entity, relation, triple, word or head chosen in one is chosen in all.

    Views that were linked before bring those along. A choice made where no kernel runs, on an exported page or while the
    kernel is busy, reaches the others too; the kernel receives it afterwards.

    Args:
        views: two or more, of the same graph.

    Returns:
        All of them as one view: to display, to choose in from Python, to save as one page.

    Raises:
        TypeError: something is no view in which one can choose.
        ValueError: fewer than two came, or they show different graphs, whose ids mean different entities.

    Example:
        >>> from kgwb.graph import KnowledgeGraph
        >>> from kgwb.see import show_graph
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts, name="capitals")
        >>> linked = link(show_graph(graph), show_graph(graph, around="Berlin"))
        >>> linked.select(entities="Germany")
        >>> [view.choice.entities for view in linked.views]
        [(1,), (1,)]
    """
    expect_each(views, LiveView, "A view in which one can choose", call=_CALL)
    if len(set(map(id, views))) < 2:
        came = count_things(len(set(map(id, views))), "view")
        raise ValueError(f"{came} came, and two or more can be linked. Type {_CALL}.")
    _expect_one_graph(views)
    channel = next((view.widget.channel for view in views if view.widget.channel), "") or secrets.token_hex(6)
    group = LinkedViews(_gather(views))
    latest = max((view.widget.chosen for view in group.views), key=lambda chosen: chosen.get("turn", 0))
    for view in group.views:
        view.followers = tuple(other for other in group.views if other is not view)
        view.widget.channel = channel
    _tell_others(group.views, latest if latest.get("turn") else {**_merge_choices(group.views).to_state(), "turn": 1})
    return LinkedViews(tuple(views))


def _gather(views: Sequence[LiveView]) -> tuple[LiveView, ...]:
    """The views and all that they were linked to before."""
    found = list(dict.fromkeys(views))
    for view in found:
        found += [other for other in view.followers if other not in found]
    return tuple(found)


def _merge_choices(views: Sequence[LiveView]) -> Choice:
    """What views open with, as one choice: of each kind that of the first view which has any."""
    choices = [view.choice for view in views]
    several: dict[str, Any] = {
        name: next((found for choice in choices if (found := getattr(choice, name))), ())
        for name in ("entities", "relations", "triples", "words")
    }
    read = next((choice for choice in choices if choice.layer is not None), choices[0])
    return replace(read, **several)


def _tell_others(views: Sequence[LiveView], chosen: dict[str, Any]) -> None:
    for view in views:
        view.take(chosen)


def _expect_one_graph(views: Sequence[LiveView]) -> None:
    graphs = [(view, view.shown_graph) for view in views if view.shown_graph is not None]
    for view, graph in graphs[1:]:
        first = graphs[0][1]
        if graph is not first and list(graph.entities["entity"]) != list(first.entities["entity"]):
            raise ValueError(
                f"{type(graphs[0][0]).__name__} shows {first.name} with {len(first.entities):,} entities, and "
                f"{type(view).__name__} {graph.name} with {len(graph.entities):,}: the same id means different entities. "
                f"Type {_CALL} with views of one graph."
            )


class LinkedViews(View):
    """Views that follow one another; made by `link`.

    Attributes:
        views: in the order in which they came.
    """

    def __init__(self, views: tuple[LiveView, ...]) -> None:
        self.views = views

    @property
    def frame(self) -> pd.DataFrame:
        """What is chosen in each: the rows of every view's selection, and which view each comes from."""
        parts = [view.selection.assign(view=type(view).__name__) for view in self.views]
        return pd.concat([part.reset_index() for part in parts], ignore_index=True)

    @property
    def choice(self) -> Choice:
        """What is chosen in all of them."""
        return self.views[0].choice

    def select(self, **names: Any) -> None:
        """Choose in all of them, as in one: `linked.select(entities="Berlin")`."""
        self._find_knowing().select(**names)

    def _find_knowing(self) -> LiveView:
        """One that knows entities by name, if any does."""
        return next((view for view in self.views if view.shown_graph is not None), self.views[0])

    @property
    def selection(self) -> pd.DataFrame:
        """What is chosen in each; set it as that of one view."""
        return self.frame

    @selection.setter
    def selection(self, chosen: pd.DataFrame | Names) -> None:
        self._find_knowing().selection = chosen

    def observe(self, handler: Callable[[Any], Any], names: Any = "chosen") -> None:
        """Call `handler` at each change of what is chosen, in whichever of them.

        Args:
            handler: takes the change.
            names: of the traits to watch, which the first view has.
        """
        self.views[0].observe(handler, names)

    @property
    def title(self) -> str:
        """How many they are, and of which graph where they show one."""
        graph = self._find_knowing().shown_graph
        return f"{len(self.views)} linked views" + (f" of {graph.name}" if graph is not None else "")

    @property
    def caption(self) -> str:
        """One line each."""
        return " ".join([_SHARED, *(view.caption for view in self.views)])

    @property
    def picture(self) -> str:
        """The still pictures of all, one below the other."""
        parts, width, top = [], 0.0, 0.0
        for view in self.views:
            picture = view.picture
            wide, high = (float(number) for number in re.findall(r'\s(?:width|height)="([\d.]+)"', picture)[:2])
            parts.append(re.sub(r"<svg ", f'<svg y="{top:g}" ', picture, count=1))
            width, top = max(width, wide), top + high + 12
        return draw_picture(parts, width, top, title=self.title, caption=_SHARED)

    def fragment(self) -> Fragment:
        """All of them as one piece of a page."""
        pieces = [view.fragment() for view in self.views]
        libraries = {name: code for piece in pieces for name, code in piece.libraries.items()}
        parts = "".join(f'<div style="margin-bottom:2.5rem">{piece.html}</div>' for piece in pieces)
        return Fragment(parts, "", libraries)

    def save(self, path: str | Path, *, title: str = "", text: Sequence[str] = (), **options: Any) -> Path:
        """Write them as one page, or their still pictures as one picture.

        Args:
            path: as of any view.
            title: of the page.
            text: paragraphs of your own: the first stands above the first view, and so on; one more stands below the last.
            options: as of any view.
        """
        path = expect_path(path, call="linked.save('page.html')")
        if path.suffix.lower() != ".html":
            return super().save(path, title=title, **options)
        expect_text("title", title, usual="My page")
        paragraphs = expect_each(text, str, "A paragraph", call="linked.save('page.html', text=['Above the first.'])")
        for paragraph in paragraphs:
            expect_text("text", paragraph, usual="Above the first.")
        sections: list[tuple[str, Any]] = []
        for i, view in enumerate(self.views):
            sections += [("", write_paragraph(paragraphs[i]))] if i < len(paragraphs) else []
            sections.append(("", view))
        sections += [("", write_paragraph(paragraph)) for paragraph in paragraphs[len(self.views) :]]
        return write_page(path, sections, title or self.title)

    def _display_(self) -> Any:
        """What marimo shows, one below the other; it has no place for a box of ipywidgets."""
        return load_package("marimo", "This").vstack([view.widget for view in self.views])

    def _repr_mimebundle_(self, **options: object) -> Any:
        if in_notebook() and mounts_views():
            stills = [view._repr_mimebundle_()["text/html"] for view in self.views]
            return {"text/plain": repr(self), "text/html": "".join(stills)}
        return super()._repr_mimebundle_(**options)

    def _make_widget(self) -> Any:
        box = load_package("ipywidgets", "Linked views").VBox
        return box([view.widget for view in self.views])

    def __repr__(self) -> str:
        return f"LinkedViews: {', '.join(type(view).__name__ for view in self.views)}"


def write_paragraph(text: str) -> Fragment:
    """A text of the user's own as a piece of a page; an empty line parts two paragraphs."""
    parts = [part for part in re.split(r"\n\s*\n", text.strip()) if part]
    return Fragment("".join(f'<p dir="auto" style="max-width:44em">{escape(part)}</p>' for part in parts))
