"""The few controls that panels are made of, as ipywidgets; how they look is said once, in the panels' style sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kgwb.packages import load_package
from kgwb.see.drawing import escape
from kgwb.see.live import LiveView
from kgwb.see.view import View


def load_widgets() -> Any:
    """The package ipywidgets.

    Raises:
        ImportError: with the line that installs it.
    """
    return load_package("ipywidgets", "A panel")


def make_text(text: str = "", *, kind: str = "note") -> Any:
    """A text that stays text, whatever it holds; `kind` is a class of the style sheet."""
    widget = load_widgets().HTML(_mark_up(text))
    widget.add_class(f"kgwb-{kind}")
    return widget


def set_text(widget: Any, text: str) -> None:
    """Another text in the same place."""
    widget.value = _mark_up(text)


def _mark_up(text: str) -> str:
    return "".join(f"<div>{escape(line)}</div>" for line in text.split("\n")) if text else ""


def make_choice(name: str, options: Sequence[Any], value: Any = None) -> Any:
    """A choice among a few, its name beside it."""
    found = {} if value is None else {"value": value}
    return _describe(load_widgets().Dropdown(options=options, description=name, **found))


def make_number(name: str, value: int | float, *, whole: bool = True) -> Any:
    """A number to type."""
    kind = load_widgets().IntText if whole else load_widgets().FloatText
    return _describe(kind(value=value, description=name), "kgwb-number")


def make_line(name: str, value: str = "", *, hint: str = "", options: Sequence[str] = ()) -> Any:
    """A line to type, which counts when Enter is pressed or the line is left; with `options`, some are proposed."""
    widgets = load_widgets()
    given = {"value": value, "description": name, "placeholder": hint, "continuous_update": False}
    made = widgets.Combobox(options=tuple(options), ensure_option=False, **given) if options else widgets.Text(**given)
    return _describe(made, "kgwb-line")


def make_row(*children: Any) -> Any:
    """Controls side by side, in several lines where there is no room."""
    row = load_widgets().HBox(children)
    row.add_class("kgwb-row")
    return row


def make_column(*children: Any, kind: str = "column") -> Any:
    """One thing below the other."""
    column = load_widgets().VBox(children)
    column.add_class(f"kgwb-{kind}")
    return column


class ActionButton:
    """A button that says beside it why it cannot be pressed.

    Attributes:
        box: to be placed in a row.
        button: the button alone.
    """

    def __init__(self, text: str, act: Callable[[], None]) -> None:
        self.button = load_widgets().Button(description=text)
        self.why = make_text(kind="why")
        self.box = make_row(self.button, self.why)
        self.button.on_click(lambda _button: act())

    def set(self, why_not: str = "", *, shown: bool = True) -> None:
        """Let it be pressed, or say why not; one that has nothing to do is not shown."""
        self.button.disabled = bool(why_not)
        set_text(self.why, why_not)
        show_if(self.box, shown)


def make_code() -> Any:
    """A line that unfolds the Python of a step."""
    return load_widgets().HTML()


def set_code(widget: Any, code: str) -> None:
    """Other Python in the same place; nothing where there is none yet."""
    fold = f'<details class="kgwb-code"><summary>Python</summary><pre>{escape(code)}</pre></details>'
    widget.value = fold if code else ""


def make_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[int] = ()) -> str:
    """A table as markup; `numbers` are the columns that are set to the right."""
    # The side is said in place, for the table also stands on pages, whose style sheet sets figures to the right.
    kinds = [
        'number" style="text-align:end' if i in numbers else 'word" style="text-align:start' for i in range(len(head))
    ]
    top = "".join(f'<th class="{kind}">{escape(name)}</th>' for name, kind in zip(head, kinds, strict=True))
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{escape(cell)}</td>' for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    return f'<table class="kgwb-table"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def show_if(widget: Any, shown: bool) -> None:
    """Show a control, or take it out of sight and out of the tab order."""
    widget.layout.display = None if shown else "none"


def draw_view(view: View | None) -> tuple[Any, ...]:
    """A view as ipywidgets take it: alive where it can be, or as its picture; nothing for None."""
    if view is None:
        return ()
    if view.widget is not None:
        return (view.widget,)
    return (load_widgets().HTML(view.picture),)


def drop_view(view: View | None) -> None:
    """Give back what the browser keeps of a view that is no longer shown."""
    if isinstance(view, LiveView):
        view.widget.close()


def _describe(widget: Any, *classes: str) -> Any:
    widget.style.description_width = "initial"
    for name in classes:
        widget.add_class(name)
    return widget
