"""Parts that are given to BERT learn, and its own weights stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kgwb.bert import Addition, Bert, LoRA
from kgwb.checks import expect_each, expect_kind
from kgwb.learn.policies.policy import Policy


@dataclass(frozen=True)
class Extended(Policy):
    """An addition learns, with the doors and the head, and BERT's own weights stay as they are, to the bit.

    Args:
        addition: `kgwb.bert.LoRA()`, `kgwb.bert.Adapter()`, `kgwb.bert.Prefix()` or `kgwb.bert.Experts()`; it is added before
            the first step, unless the model has one of this kind already.
        parts: of the model itself that learn beside it, as `kgwb.learn.policies.parts.find_part` names them.

    Raises:
        TypeError: for what is no addition.
        ValueError: if the model has one of this kind, made otherwise.

    Example:
        >>> from kgwb import load_bert, tune
        >>> from kgwb.bert import Adapter
        >>> from kgwb.learn import MaskedWords
        >>> bert = load_bert()
        >>> for step in tune(bert, MaskedWords(["The sea is wide."]), policy=Extended(Adapter(width=8)), epochs=2):
        ...     pass
        >>> bert.additions["adapter"]
        Adapter(width=8, seed=0), 73,728 parameters
    """

    addition: Addition = field(default_factory=LoRA)
    parts: Sequence[str] = ("injector", "head")

    def __post_init__(self) -> None:
        call = "kgwb.learn.Extended(kgwb.bert.LoRA())"
        expect_kind(self.addition, Addition, "An addition", call=call)
        object.__setattr__(self, "parts", tuple(expect_each(self.parts, str, "The name of a part", call=call)))

    def attach(self, bert: Bert, *, seed: int) -> None:
        name = self.addition.name
        if name not in bert.additions:
            self.addition.attach(bert)
            return
        there = getattr(bert.additions[name], "recipe", None)
        if there != self.addition:
            raise ValueError(
                f"{bert.name!r} has {there!r} already, and policy={self!r} came. Type policy=kgwb.learn.Extended({there!r}), "
                "or give a model without it."
            )

    def list_parts(self) -> Sequence[str]:
        return (*self.parts, self.addition.name)
