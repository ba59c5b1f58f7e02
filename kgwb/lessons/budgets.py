"""How much a notebook may spend."""

from __future__ import annotations

import os
from typing import TypeVar

Amount = TypeVar("Amount")


def budget(full: Amount, *, quick: Amount) -> Amount:
    """`full` for a reader; `quick` where KGWB_QUICK=1 asks only whether the notebook runs.

    Example:
        >>> budget(80, quick=5) in (80, 5)
        True
    """
    return quick if os.environ.get("KGWB_QUICK") == "1" else full
