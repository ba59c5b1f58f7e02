"""Strategies by name, each with its defaults."""

from __future__ import annotations

from typing import Literal, get_args

from kgwb.checks import expect_choice
from kgwb.learn.strategies.joint import Joint
from kgwb.learn.strategies.strategy import Strategy
from kgwb.learn.strategies.turns import Sampled, Together, TwoStage

StrategyName = Literal["together", "two-stage", "sampled", "joint"]


def choose_strategy(strategy: object) -> Strategy:
    """The strategy of a name, or the strategy itself.

    Raises:
        ValueError: for another name.

    Example:
        >>> choose_strategy("sampled")
        Sampled(temperature=1.0)
    """
    if isinstance(strategy, Strategy):
        return strategy
    expect_choice("strategy", strategy, get_args(StrategyName))
    return {"together": Together, "two-stage": TwoStage, "sampled": Sampled, "joint": Joint}[str(strategy)]()
