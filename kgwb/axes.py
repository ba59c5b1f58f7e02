"""Named axes for arrays and tensors; the names are checked in the tests and cost nothing elsewhere.

jaxtyping is a development dependency: on a bare compute server the annotations stand for themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int
else:
    try:
        from jaxtyping import Bool, Float, Int
    except ImportError:

        class _AnyAxes:
            """Accepts any subscription, as an annotation that is not checked."""

            def __class_getitem__(cls, _axes: object) -> Any:
                return Any

        Bool = Float = Int = _AnyAxes

__all__ = ["Bool", "Float", "Int", "Tensor"]
