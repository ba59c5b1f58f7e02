"""The plain policies: everything learns, or named parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kgwb.checks import expect_each
from kgwb.learn.policies.policy import Policy


@dataclass(frozen=True)
class Full(Policy):
    """Everything learns."""

    def list_parts(self) -> Sequence[str]:
        return ("all",)


@dataclass(frozen=True)
class Partial(Policy):
    """Named parts learn, and the rest stays as it is, to the bit.

    Args:
        parts: as `kgwb.learn.policies.parts.find_part` names them: ("biases",) is BitFit (Ben Zaken et al., 2022, "BitFit:
            simple parameter-efficient fine-tuning").

    Example:
        >>> from kgwb import load_bert, tune
        >>> from kgwb.learn import MaskedWords
        >>> steps = tune(load_bert(), MaskedWords(["The sea is wide."]), policy=Partial(("biases",)), epochs=1)
        >>> [step.number for step in steps]
        [1]
    """

    parts: Sequence[str] = ("injector", "head", "top")

    def __post_init__(self) -> None:
        parts = expect_each(
            self.parts, str, "The name of a part", call="kgwb.learn.Partial(('injector', 'head', 'top'))"
        )
        if not parts:
            raise ValueError(
                "parts=() came, so nothing would learn. Type policy=kgwb.learn.Partial(('injector', 'head', 'top'))."
            )
        object.__setattr__(self, "parts", tuple(parts))

    def list_parts(self) -> Sequence[str]:
        return self.parts
