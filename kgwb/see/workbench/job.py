"""Work that goes on while the kernel stays free: one thread at a time, which can be asked to stop."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable


class Job:
    """One piece of work in a thread of its own; the next one waits for its end.

    Attributes:
        stop_asked: whether someone asked it to stop; the work looks at it.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def is_running(self) -> bool:
        """Whether the work goes on."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def stop_asked(self) -> bool:
        """Whether the work should end soon."""
        return self._stop.is_set()

    def start(self, work: Callable[[], None]) -> None:
        """Begin."""
        self.clear()
        # The context goes along: whether doors are off, and which cell output belongs to, is kept there.
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(work,), daemon=True)
        self._thread.start()

    def clear(self) -> None:
        """Nobody asks it to stop any more."""
        self._stop.clear()

    def stop(self) -> None:
        """Ask the work to end after what it is in."""
        self._stop.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, at most so long; says whether it came. From within the work it does not wait."""
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        return not self.is_running
