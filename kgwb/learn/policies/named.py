"""Policies by name, each with its defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from kgwb.bert import Adapter, Addition, Experts, LoRA, Prefix
from kgwb.checks import expect_choice
from kgwb.learn.policies.adversarial import Adversarial
from kgwb.learn.policies.extended import Extended
from kgwb.learn.policies.meta import Meta
from kgwb.learn.policies.partial import Full, Partial
from kgwb.learn.policies.policy import Policy
from kgwb.learn.policies.staged import Staged

PolicyName = Literal["full", "partial", "staged", "adversarial", "meta", "lora", "adapter", "prefix", "experts"]


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
    additions: dict[str, Callable[[], Addition]] = {
        "lora": LoRA,
        "adapter": Adapter,
        "prefix": Prefix,
        "experts": Experts,
    }
    if policy in additions:
        return Extended(additions[str(policy)]())
    return {"full": Full, "partial": Partial, "staged": Staged, "adversarial": Adversarial, "meta": Meta}[str(policy)]()
