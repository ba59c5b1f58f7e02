"""A schedule of what thaws when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kgwb.checks import expect_at_least, expect_each
from kgwb.learn.policies.policy import Policy
from kgwb.words import count_things, quote_value

_CALL = "kgwb.learn.Staged([['injector', 'head'], ['top'], ['all']], starts=[1, 40, 80])"


@dataclass(frozen=True)
class Staged(Policy):
    """Parts thaw one after the other, from the top of the model down; what has thawed goes on learning.

    Gradual unfreezing (Howard & Ruder, 2018, "Universal language model fine-tuning for text classification"). What has
    not thawed yet stays as it is, to the bit.

    Args:
        stages: of each stage, the parts that thaw when it begins, as `kgwb.learn.policies.parts.find_part` names them.
        starts: of each stage, the step with which it begins, the first with 1; by default all take equally long.

    Raises:
        ValueError: for stages that thaw nothing, or starts that are no rising steps from 1 on.

    Example:
        >>> policy = Staged([["head"], ["top"], ["all"]])
        >>> [policy.list_free(step, 6)[-1] for step in (1, 2, 3, 4, 5, 6)]
        ['head', 'head', 'top', 'top', 'all', 'all']
    """

    stages: Sequence[Sequence[str]] = (("injector", "head"), ("top",), ("all",))
    starts: Sequence[int] | None = None

    def __post_init__(self) -> None:
        stages = [expect_each(stage, str, "The name of a part", call=_CALL) for stage in _list(self.stages)]
        if not stages or not all(stages):
            raise ValueError(f"stages={quote_value(self.stages)} came, of which one thaws nothing. Type {_CALL}.")
        object.__setattr__(self, "stages", tuple(map(tuple, stages)))
        if self.starts is None:
            return
        starts = _list(self.starts)
        for start in starts:
            expect_at_least("starts", start, 1, whole=True)
        rising = all(one < other for one, other in pairwise(starts))
        if len(starts) != len(stages) or starts[0] != 1 or not rising:
            raise ValueError(
                f"starts={quote_value(self.starts)} came for {count_things(len(stages), 'stage')}. Expected a step for each, "
                f"the first 1 and each later than the one before; type {_CALL}."
            )
        object.__setattr__(self, "starts", tuple(int(start) for start in starts))

    def list_parts(self) -> Sequence[str]:
        return tuple(dict.fromkeys(part for stage in self.stages for part in stage))

    def list_free(self, number: int, total: int) -> Sequence[str]:
        begun = sum(start <= number for start in self.list_starts(total))
        return tuple(dict.fromkeys(part for stage in self.stages[:begun] for part in stage))

    def list_starts(self, total: int) -> Sequence[int]:
        """Of each stage, the step with which it begins in a training of so many steps."""
        count = len(self.stages)
        return self.starts or tuple(1 + i * total // count for i in range(count))

    def expect_steps(self, total: int) -> None:
        starts = self.list_starts(total)
        if starts[-1] > total or len(set(starts)) < len(starts):
            raise ValueError(
                f"The schedule of {count_things(len(starts), 'stage')} is longer than the training: it begins its last stage "
                f"with step {max(starts[-1], len(starts))}, and there are {total:,}. Type more epochs, or "
                f"policy=kgwb.learn.Staged(stages, starts={list(range(1, 1 + len(starts)))})."
            )


def _list(values: object) -> list:
    return expect_each(values, object, "A stage", call=_CALL)
