"""kgwb: a knowledge-graph × BERT workbench for notebooks.

A file of triples becomes vectors, the vectors enter BERT, and BERT becomes pictures. `__init__.pyi` lists every name of
the first screen; each is loaded when it is first used, so that `import kgwb` is quick and training needs no widgets.
"""

from __future__ import annotations

from typing import Any

from kgwb.environment import VERSION

__version__ = VERSION

try:
    import lazy_loader
except ImportError:  # `python -m kgwb doctor` also runs where nothing is installed, and says what is missing
    __all__: list[str] = []
    _hint = "kgwb needs lazy_loader, which is not installed. Type: pip install lazy_loader"
else:
    _find, _list_names, __all__ = lazy_loader.attach_stub(__name__, __file__)


def __getattr__(name: str) -> Any:
    if not __all__:
        raise AttributeError(_hint)
    try:
        return _find(name)
    except AttributeError:
        raise AttributeError(f"kgwb has no {name!r}. Public names: {', '.join(sorted(__all__))}.") from None


def __dir__() -> list[str]:
    return sorted(__all__)
