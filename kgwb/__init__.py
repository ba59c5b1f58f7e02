"""kgwb: a knowledge-graph × BERT workbench for notebooks.

A file of triples becomes vectors, the vectors enter BERT, and BERT becomes pictures. `__init__.pyi` lists every name of
the first screen; each is loaded when it is first used, so that `import kgwb` is quick and training needs no widgets.
"""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

from kgwb.environment import VERSION, let_threads_sleep

__version__ = VERSION
let_threads_sleep()

try:
    import lazy_loader
except ImportError:  # `python -m kgwb doctor` also runs where nothing is installed, and says what is missing
    __all__: list[str] = []
    _hint = "kgwb needs lazy_loader, which is not installed. Type: pip install lazy_loader"
else:
    _find, _list_names, __all__ = lazy_loader.attach_stub(__name__, __file__)


# Names that stood on the first screen in 0.2: still found, with a word where they are now.
_MOVED = {
    "RESCAL": "embed",
    "link_mentions": "bert",
    "load_dataset": "graph",
    "show_probe": "see",
    "write_graph": "graph",
}


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        place = f"kgwb.{_MOVED[name]}"
        warnings.warn(f"kgwb.{name} is {place}.{name} now.", DeprecationWarning, stacklevel=2)
        return getattr(import_module(place), name)
    if not __all__:
        raise AttributeError(_hint)
    try:
        return _find(name)
    except AttributeError:
        public = "" if name.startswith("_") else f" Public names: {', '.join(sorted(__all__))}."
        raise AttributeError(f"kgwb has no {name!r}.{_point_down(name)}{public}") from None


def __dir__() -> list[str]:
    return sorted(__all__)


def _point_down(name: str) -> str:
    """Where a name stands that is not on the first screen; the rooms' lists are read, for importing them takes seconds."""
    for page in sorted(Path(__file__).parent.glob("*/__init__.py*")):
        if re.search(rf" as {re.escape(name)}$", page.read_text(encoding="utf-8"), re.MULTILINE):
            return f" Type kgwb.{page.parent.name}.{name}."
    return ""
