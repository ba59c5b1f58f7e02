"""Named axes for arrays and tensors; the names are checked in the tests and cost nothing elsewhere.

jaxtyping is a development dependency: on a bare compute server the annotations stand for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
    from torch import Tensor
else:
    try:
        from torch import Tensor
    except ImportError:  # graphs are read, and vectors from a file are seen, where there is none
        Tensor = Any

    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class _AnyAxes:
            """Accepts any subscription, as an annotation that is not checked."""

            def __class_getitem__(cls, _axes: object) -> Any:
                return Any

        Bool = Float = Int = _AnyAxes

__all__ = ["Bool", "Float", "Int", "Tensor"]
