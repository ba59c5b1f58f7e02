"""Rooms that share their name with their main function: `kgwb.inject(...)` beside `from kgwb.inject import Bert`."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any


class CallableRoom(ModuleType):
    """A package that can be called as the function of the same name in it.

    Importing a package sets it as an attribute of its parent, over any function of that name; a call on the package
    is then the only way to have both.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call the function of the same name."""
        return self._function(*arguments, **options)

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @property
    def __wrapped__(self) -> Any:
        """The function itself, for editors and notebooks that show its help."""
        return self._function

    @property
    def _function(self) -> Any:
        return vars(self)[self.__name__.rpartition(".")[2]]
