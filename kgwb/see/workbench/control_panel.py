"""What all panels share: controls of ipywidgets in the common frame, a still picture where no kernel runs, errors as text."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Callable
from functools import cache
from typing import Any

from kgwb.checks import expect_number
from kgwb.see.drawing import draw_picture, draw_text, wrap_text
from kgwb.see.live import define_widget
from kgwb.see.notebook import in_notebook, mounts_views
from kgwb.see.page import Fragment
from kgwb.see.still import write_still
from kgwb.see.view import View
from kgwb.see.workbench.controls import load_widgets, make_text, set_text
from kgwb.see.workbench.job import Job
from kgwb.words import shorten

_WIDTH = 760


class ControlPanel(View):
    """Something to press and to type into; made by its subclasses.

    A notebook saves the still picture only, which says how far it came; where a kernel runs, the controls take its place.

    Attributes:
        script: the name of the frame's script among the assets.
        controls: the ipywidgets, to be placed elsewhere.
        is_busy: whether something is running.
        message: what went wrong, or is going on.
    """

    script = "workbench"
    controls: Any = None

    def __init__(self) -> None:
        self._job = Job()
        self._handle: Any = None
        self.is_busy = False
        self.heard: Callable[[str], None] | None = None  # who stands around this panel, and speaks for it
        self.message = ""
        self._said = make_text(kind="message")

    @property
    @abstractmethod
    def status(self) -> list[str]:
        """How far it came, a line for each thing to know."""

    @property
    def scene(self) -> list[str]:
        """The same, as what is shown."""
        return self.status

    @property
    def picture(self) -> str:
        """How far it came, as a static SVG."""
        return draw_status(self.title, self.status, self.caption)

    def fragment(self) -> Fragment:
        """How far it came, as a piece of a page: controls need a kernel, which a page has not."""
        return Fragment(self.picture)

    def stop(self) -> None:
        """Ask what is running to end after the epoch or step it is in."""
        self._job.stop()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until nothing is running, at most so long; says whether it came so far."""
        if seconds is not None:
            expect_number("seconds", seconds, usual=60, least=0)
        return self._job.wait(seconds)

    def _say(self, text: str, *, fault: bool = False) -> None:
        """Tell how it goes, or what went wrong."""
        self.message = text
        set_text(self._said, text)
        (self._said.add_class if fault else self._said.remove_class)("kgwb-fault")
        self._speak(text)

    def _speak(self, text: str) -> None:
        """Let screen readers say it."""
        if self.heard is not None:
            self.heard(text)
        elif self._widget is not None:
            self._widget.state = {**self._widget.state, "spoken": text}

    def _attempt(self, act: Callable[[], None]) -> None:
        """Do something; what goes wrong is told in words, for someone who presses buttons reads no traceback."""
        try:
            act()
        except Exception as error:
            self._say(describe_error(error), fault=True)

    def _run(self, work: Callable[[], None], *, wait: bool = False, keep: bool = True) -> None:
        """Do something beside the kernel, told likewise.

        Args:
            work: what to do.
            wait: do it in the foreground.
            keep: let the notebook save the still picture of what came out, for which the controls are mounted anew.

        Raises:
            ValueError: something is running already.
        """

        def whole() -> None:
            try:
                self._attempt(work)
            finally:
                self.is_busy = False
                self._attempt(self.refresh)
                self.tell_frame()
                if keep:
                    self.keep_still()

        if self.is_busy:
            raise ValueError("Something is running already. Press Stop, or wait for its end.")
        self._job.wait()  # of the last work, which may still be telling how it ended
        self.is_busy = True
        self._attempt(self.refresh)
        if wait:
            self._job.clear()
            whole()
        else:
            self._job.start(whole)

    def refresh(self) -> None:
        """Bring the controls in line with how far it came."""

    def tell_frame(self) -> None:
        """Let the frame say what is seen now."""
        if self._widget is not None:
            self._widget.state = {**self._widget.state, "title": self.title, "caption": self.caption}

    def keep_still(self) -> None:
        """Let the notebook save how far it came."""
        if self._handle is not None:
            self._handle.update(self._write_bundle(), raw=True)

    def _make_widget(self) -> Any:
        state = {"title": self.title, "caption": self.caption}
        host = _define_host()(state=state, mark=secrets.token_hex(8), child=self.controls)
        host.on_msg(self._receive)
        return host

    def _take_drop(self, name: str, content: bytes) -> None:
        """A file was dropped onto the panel."""

    def _receive(self, _host: object, message: Any, buffers: list[Any]) -> None:
        name = message.get("dropped") if isinstance(message, dict) else None
        if isinstance(name, str) and buffers:
            self._attempt(lambda: self._take_drop(name, bytes(buffers[0])))

    def _write_bundle(self) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": write_still(self.picture, self.title, self.widget.mark)}

    def _repr_mimebundle_(self, **options: object) -> Any:
        if in_notebook() and mounts_views():
            return self._write_bundle()
        return super()._repr_mimebundle_(**options)

    def _ipython_display_(self) -> None:
        from IPython.display import display

        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        handle = display(data, raw=True, metadata=metadata, display_id=True)
        self._handle = handle if in_notebook() and mounts_views() else None


def describe_error(error: Exception) -> str:
    """An error in words: ours say what to do; others are named by their kind too."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    own = type(error) in (ValueError, TypeError, LookupError, RuntimeError) or type(error).__module__.startswith("kgwb")
    return text if own and text else f"{type(error).__name__}: {text}" if text else type(error).__name__


def draw_status(title: str, lines: list[str], caption: str) -> str:
    """Lines of text as a picture."""
    parts, top = [draw_text(shorten(title, 100), 12, 26, size=15, weight=600)], 50.0
    for line in lines:
        for piece in wrap_text(line, 13, _WIDTH - 24) or [""]:
            parts.append(draw_text(piece, 12, top, size=13))
            top += 19
    return draw_picture(parts, _WIDTH, top, title=title, caption=caption)


@cache
def _define_host() -> Any:
    from traitlets import Any as AnyTrait

    return define_widget(ControlPanel.script, child=AnyTrait().tag(sync=True, **load_widgets().widget_serialization))
