"""Policies by name, each with its defaults."""

from __future__ import annotations

from typing import Literal, get_args

from kgwb.checks import expect_choice
from kgwb.learn.policies.adversarial import Adversarial
from kgwb.learn.policies.partial import Full, Partial
from kgwb.learn.policies.policy import Policy
from kgwb.learn.policies.staged import Staged

PolicyName = Literal["full", "partial", "staged", "adversarial"]


def choose_policy(policy: object) -> Policy:
    """The policy of a name, or the policy itself.

    Raises:
        ValueError: for another name.

    Example:
        >>> choose_policy("partial")
        Partial(parts=('injector', 'head', 'top'))
    """
    if isinstance(policy, Policy):
        return policy
    expect_choice("policy", policy, get_args(PolicyName))
    return {"full": Full, "partial": Partial, "staged": Staged, "adversarial": Adversarial}[str(policy)]()
