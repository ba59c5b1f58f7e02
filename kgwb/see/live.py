"""Views that move: one script draws them in a notebook and on a page, and what is chosen in them comes back as data.

A notebook saves the still picture only. Where it runs a widget's script as soon as its model is made (JupyterLab and
Notebook do), the script puts the live view in the picture's place; reopened without a kernel, the picture stands there.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

import pandas as pd

from kgwb.checks import expect_each, expect_kind
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package
from kgwb.see.choice import Choice
from kgwb.see.names import Names, list_names
from kgwb.see.notebook import has_widgets, in_notebook, mounts_views
from kgwb.see.packing import encode_buffers
from kgwb.see.page import Fragment, pack_json, read_asset
from kgwb.see.palette import OUTLINES, view_variables
from kgwb.see.still import bundle_still, write_still
from kgwb.see.view import View

_CALL = "view.select(entities=['Berlin', 'Paris'])"


def define_widget(name: str, **traits: Any) -> Any:
    """The widget class of the view whose script is `name`; `traits` are its own, besides those that all have."""
    anywidget = load_package("anywidget", "An interactive view")
    traitlets = load_package("traitlets", "An interactive view")
    shared = {
        "_esm": read_asset(f"{name}.js"),
        "sheet": traitlets.Unicode(view_variables() + read_asset(f"{name}.css")).tag(sync=True),
        "state": traitlets.Dict().tag(sync=True),  # what is drawn
        "chosen": traitlets.Dict().tag(sync=True),  # a `Choice`, and the turn in which it was made
        "channel": traitlets.Unicode().tag(sync=True),  # views of one channel follow one another
        "mark": traitlets.Unicode().tag(sync=True),  # of the still picture whose place it takes
    }
    return type(f"{name.capitalize()}Widget", (anywidget.AnyWidget,), {**shared, **traits})


_define_widget = cache(define_widget)


class LiveView(View):
    """A view that a script of ours draws, and in which something can be chosen.

    Attributes:
        script: the name of its script and style among the assets.
        followers: the views that it is linked to.
    """

    script: ClassVar[str]
    followers: tuple[LiveView, ...] = ()

    @property
    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What the script draws, as plain data; arrays as `pack_array` gives them."""

    @property
    def first_choice(self) -> Choice:
        """What is chosen at first."""
        return Choice()

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose ids its entities and relations have; None where it shows none."""
        return None

    def find_entities(self, names: Names) -> tuple[int, ...]:
        """The ids of entities given by label, name or id; one, or several.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        return tuple(self._expect_graph().entity_id(name) for name in list_names(names, call=_CALL))

    def find_relations(self, names: Names) -> tuple[int, ...]:
        """The ids of relations given by label, name or id; one, or several.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        return tuple(self._expect_graph().relation_id(name) for name in list_names(names, call=_CALL))

    def _expect_graph(self) -> KnowledgeGraph:
        if self.shown_graph is None:
            raise ValueError(
                f"A {type(self).__name__} that shows no graph holds no entities. Type view.select(token=1)."
            )
        return self.shown_graph

    def list_selected(self) -> pd.DataFrame:
        """What `selection` gives: the rows of what is chosen."""
        return self.frame

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the script asks for while a kernel is there; None where there is nothing to say."""
        return None

    @property
    def choice(self) -> Choice:
        """What is chosen, as ids and places."""
        return self.first_choice if self._widget is None else Choice.from_state(self._widget.chosen)

    def select(
        self,
        *,
        entities: Names = (),
        relations: Names = (),
        triples: Sequence[tuple[str | int, str | int, str | int] | list[str | int]] = (),
        words: Sequence[str] = (),
        sentence: int | None = None,
        token: int | None = None,
        layer: int | None = None,
        head: int | None = None,
    ) -> None:
        """Choose from Python, here and in every linked view; what is not named is no longer chosen.

        Args:
            entities, relations: by label, name or id; one, or several.
            triples: (head, relation, tail), each by label, name or id.
            words: word pieces.
            sentence, token, layer, head: places from 0.
        """
        call = "view.select(triples=[('Berlin', 'capital of', 'Germany')])"
        facts = expect_each(triples, (tuple, list), "A triple", call=call)
        if any(len(fact) != 3 for fact in facts):
            raise ValueError(f"{facts!r} came, and a triple has a head, a relation and a tail. Type {call}.")
        self.choose(
            Choice(
                entities=() if _is_nothing(entities) else self.find_entities(entities),
                relations=() if _is_nothing(relations) else self.find_relations(relations),
                triples=tuple(self._find_triple(*fact) for fact in facts),
                words=tuple(expect_each(words, str, "A word piece", call="view.select(words=['paris'])")),
                sentence=sentence,
                token=token,
                layer=layer,
                head=head,
            )
        )

    def _find_triple(self, head: str | int, relation: str | int, tail: str | int) -> tuple[int, int, int]:
        return self.find_entities(head)[0], self.find_relations(relation)[0], self.find_entities(tail)[0]

    def choose(self, choice: Choice) -> None:
        """The same with what another view's `choice` holds."""
        expect_kind(choice, Choice, "What another view's choice holds", call="view.choose(other.choice)")
        turn = int(self.widget.chosen.get("turn", 0)) + 1
        self.take({**choice.to_state(), "turn": turn})

    def take(self, chosen: dict[str, Any]) -> None:
        """The same as the browser says it, unless what is chosen here was chosen later."""
        if int(chosen.get("turn", 0)) > int(self.widget.chosen.get("turn", 0)):
            self.widget.chosen = chosen

    @property
    def selection(self) -> pd.DataFrame:
        """What is chosen, as data; set it to a frame whose index names entities, as this one's, or to their names."""
        return self.list_selected()

    @selection.setter
    def selection(self, chosen: pd.DataFrame | Names) -> None:
        self.select(entities=list(chosen.index) if isinstance(chosen, pd.DataFrame) else chosen)

    def fragment(self) -> Fragment:
        """This view as a piece of a page; it stays movable there, without a kernel."""
        widget, script = self.widget, f"kgwb_{self.script}"
        left_out = {"sheet", "mark", "layout", "tabbable", "tooltip"}
        names = [name for name in widget.traits(sync=True) if not name.startswith("_") and name not in left_out]
        traits = pack_json(encode_buffers({name: getattr(widget, name) for name in names}))
        code = f"{script}.show(document.currentScript.previousElementSibling,{traits},{script}_style)"
        return Fragment(
            html=f"<noscript>{self.picture}</noscript><div></div><script>{code}</script>",
            libraries={f"kgwb-{self.script}": self._write_library()},
            title=self.title,
        )

    def _write_library(self) -> str:
        """The script for a page, which knows its own style there."""
        script = read_asset(f"{self.script}.js").rstrip()
        style = view_variables() + read_asset(f"{self.script}.css")
        plain = script.removesuffix(f"export default kgwb_{self.script}.default;")
        return f"{plain}var kgwb_{self.script}_style={pack_json(style)};"

    def _make_widget(self) -> Any:
        widget = self._define()(
            state=self._pack_state(),
            chosen={**self.first_choice.to_state(), "turn": 0},
            mark=secrets.token_hex(8),
        )
        widget.on_msg(self._receive)
        widget.observe(self._tell, "chosen")
        return widget

    def _pack_state(self) -> dict[str, Any]:
        return {**self.state, "title": self.title, "caption": self.caption, "outlines": pack_outlines()}

    def renew(self) -> None:
        """Draw again what has changed since, wherever the view is shown."""
        if self._widget is not None:
            self._widget.state = self._pack_state()

    def _tell(self, change: Any) -> None:
        for view in self.followers:
            view.take(change["new"])

    def _define(self) -> Any:
        """The widget's class."""
        return _define_widget(self.script)

    def _receive(self, widget: Any, message: Any, _buffers: object) -> None:
        said = self.answer(message) if isinstance(message, Mapping) else None
        if said is None:
            return
        buffers: list[Any] = []
        answer = {"asked": message.get("asked")}
        for name, value in said.items():
            if isinstance(value, dict) and "view" in value:
                answer[name] = {**value, "view": None, "buffer": len(buffers)}
                buffers.append(value["view"])
            else:
                answer[name] = value
        widget.send(answer, buffers)

    def _display_(self) -> Any:
        """What marimo shows, which asks for it by this name: the widget, for which it has a place of its own."""
        return self.widget

    def _repr_mimebundle_(self, **options: object) -> Any:
        """What a notebook shows, and saves: the still picture, in whose place the live view stands."""
        if in_notebook() and not has_widgets():
            return bundle_still(repr(self), self.picture, self.title)
        if in_notebook() and mounts_views():
            return {"text/plain": repr(self), "text/html": write_still(self.picture, self.title, self.widget.mark)}
        return super()._repr_mimebundle_(**options)


def pack_outlines() -> dict[str, list[list[float]]]:
    """The outlines of the palette's shapes, for scripts."""
    return {name: [list(corner) for corner in outline] for name, outline in OUTLINES.items()}


def _is_nothing(names: object) -> bool:
    return isinstance(names, Sequence) and not isinstance(names, str) and not len(names)
