"""At which learning rate each part of a model learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from kgwb.bert import Bert
from kgwb.learn.policies.parts import find_part, find_parts

# Factors of the learning rate. A new head and a new injector start from zero and have far to go; BERT's own layers do
# not. Measured on the archipelago: at one rate for all, the top layers memorise the sentences before the door opens.
# Measured on masked words: below 200 times the rate a prefix hardly moves; on Banking77: experts, behind which no norm
# comes, run away above 20 times it.
NEW_HEAD = 30
ADDED = 20
EXPERTS = 4
PREFIX = 600
INJECTOR = 300
GATE = 3000


def group_parameters(
    bert: Bert, parts: Sequence[str], *, learning_rate: float, top_layers: int = 2, heads: Sequence[nn.Module] = ()
) -> list[dict[str, Any]]:
    """The parameters of some parts of a model, in optimizer groups.

    Args:
        bert: the model; nothing in it is changed.
        parts: by name, as `find_part` knows them.
        learning_rate: of BERT's own layers; a new head takes 30 times it, LoRA and adapters 20, experts 4, a prefix 600, the
            injector 300 (times its `learning_rate_factor`), its gate 3,000.
        top_layers: how many layers "top" has.
        heads: parameters of the tasks themselves; they start from zero, as a new head does.

    Raises:
        ValueError: for a part there is not, or more layers than there are.
    """
    factors = dict.fromkeys(map(id, bert.parameters()), 1.0)
    if bert.new_head:
        factors |= {id(parameter): NEW_HEAD for parameter in find_part(bert, "head")}
    brought = [parameter for module in (*bert.heads.values(), *heads) for parameter in module.parameters()]
    factors |= {id(parameter): NEW_HEAD for parameter in brought}
    for name, added in bert.additions.items():
        factor = {"prefix": PREFIX, "experts": EXPERTS}.get(name, ADDED)
        factors |= {id(parameter): factor for parameter in added.parameters()}
    for door in bert.injector.doors if bert.injector is not None else ():
        factors |= {id(p): INJECTOR * door.learning_rate_factor if p.ndim else GATE for p in door.parameters()}
    free = find_parts(bert, parts, top_layers=top_layers)
    wanted = [*free, *(p for module in heads for p in module.parameters() if p.requires_grad)]
    groups: dict[float, dict[int, nn.Parameter]] = {}
    for parameter in wanted:
        groups.setdefault(factors[id(parameter)], {})[id(parameter)] = parameter
    return [{"params": list(each.values()), "lr": learning_rate * factor} for factor, each in sorted(groups.items())]
