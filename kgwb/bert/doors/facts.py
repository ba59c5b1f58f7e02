"""Editing what a door looks up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import torch

from kgwb.axes import Int, Tensor

if TYPE_CHECKING:
    from kgwb.bert.doors.injector import Injector

Facts: TypeAlias = Sequence[Sequence[int]] | np.ndarray | torch.Tensor


def edit_facts(injector: Injector, *, withdrawn: Facts = (), added: Facts = ()) -> None:
    """Change the facts of a door, or of each of several joined ones that reads facts.

    Raises:
        TypeError: if the door reads none.
        ValueError: for ids outside the graph, or a fact to withdraw that is not there; nothing has changed then.
    """
    doors = expect_facts(injector)
    gone, new = _check_ids(injector, withdrawn), _check_ids(injector, added)
    renewed = [torch.cat([_without(door, gone), new.to(door.triples.device)]).unique(dim=0) for door in doors]
    for door, triples in zip(doors, renewed, strict=True):
        door.triples = triples
        door.sort_facts()


def expect_facts(injector: Injector) -> list[Injector]:
    """The parts of a door that look facts up.

    Raises:
        TypeError: if there are none.
    """
    doors = [door for door in injector.parts if door.reads_facts]
    if not doors:
        raise TypeError(
            f"The {injector.mode} door reads vectors, not facts, so none can be edited. Type kgwb.inject(bert, vectors, "
            "mode='memory')."
        )
    return doors


def _without(injector: Injector, gone: Int[Tensor, "gone 3"]) -> Int[Tensor, "kept 3"]:
    same = (injector.triples[:, None] == gone.to(injector.triples.device)[None]).all(-1)
    missing = (~same.any(0)).nonzero()[:, 0].tolist()
    if missing:
        head, relation, tail = gone[missing[0]].tolist()
        graph = injector.graph
        fact = (graph.labels[head], graph.relation_labels[relation], graph.labels[tail])
        raise ValueError(f"The {injector.mode} door holds no fact {fact!r}. Its facts stand in model.injector.facts.")
    return injector.triples[~same.any(1)]


def _check_ids(injector: Injector, facts: Facts) -> Int[Tensor, "fact 3"]:
    table = torch.from_numpy(np.array(facts, dtype=np.int64).reshape(-1, 3))
    entities, relations = len(injector.graph.entities), len(injector.graph.relations)
    outside = ((table < 0) | (table >= torch.tensor([entities, relations, entities]))).any(1)
    if bool(outside.any()):
        raise ValueError(
            f"Ids outside the graph came: {table[outside][0].tolist()}. Expected (head, relation, tail) ids: "
            "graph.entity_id('Paris'), graph.relation_id('capital of')."
        )
    return table


@contextmanager
def without_facts(injector: Injector, facts: Facts) -> Iterator[None]:
    """The door without some of its facts for the length of a `with` block.

    Raises:
        TypeError: if the door reads none.
        ValueError: if one is not there.
    """
    before = {door: door.triples for door in injector.parts if door.reads_facts}
    edit_facts(injector, withdrawn=facts)
    try:
        yield
    finally:
        for door, triples in before.items():
            door.triples = triples
            door.sort_facts()
