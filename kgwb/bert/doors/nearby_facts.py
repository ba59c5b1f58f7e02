"""The facts around the entities that sentences name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from kgwb.axes import Bool, Int, Tensor
from kgwb.bert.encoding import Encoding


@dataclass(frozen=True, eq=False)
class NearbyFacts:
    """Facts by sentence, each read from the side of one of its entities.

    Attributes:
        owners: the entity from whose side the fact is read, −1 at padding, [sentence, slot].
        relations: relation, or relation + number of relations when read from the tail, [sentence, slot].
        others: the entity at the other end, −1 at padding, [sentence, slot].
        facts: the row of the fact in the list of facts, −1 at padding, [sentence, slot].
        left_out: facts that did not fit, [sentence].
    """

    owners: Int[Tensor, "sentence slot"]
    relations: Int[Tensor, "sentence slot"]
    others: Int[Tensor, "sentence slot"]
    facts: Int[Tensor, "sentence slot"]
    left_out: Int[Tensor, " sentence"]

    @property
    def is_fact(self) -> Bool[Tensor, "sentence slot"]:
        """False at padding."""
        return self.facts >= 0


@dataclass(frozen=True, eq=False)
class FactIndex:
    """Facts found by entity.

    Attributes:
        facts: int64 [fact, 3].
        count: how many relations there are.
        starts: where each entity's facts begin in `rows`, and behind the last, [border].
        rows: facts by entity, each fact once for its head and once for its tail, [2 · fact].
        backwards: whether it is the tail's turn, [2 · fact].
    """

    facts: Int[Tensor, "fact 3"]
    count: int
    starts: Int[Tensor, " border"]
    rows: Int[Tensor, " side"]
    backwards: Bool[Tensor, " side"]

    def of(self, entity: int) -> list[tuple[int, int, int, int]]:
        """(owner, relation and direction, other, fact) for each fact of an entity."""
        found = slice(int(self.starts[entity]), int(self.starts[entity + 1]))
        rows, backwards = self.rows[found].tolist(), self.backwards[found].tolist()
        triples = self.facts[self.rows[found]].tolist()
        return [
            (tail, relation + self.count, head, row) if back else (head, relation, tail, row)
            for row, back, (head, relation, tail) in zip(rows, backwards, triples, strict=True)
        ]


def sort_by_entity(facts: Int[Tensor, "fact 3"], entities: int, relations: int) -> FactIndex:
    """The facts of each entity, as head and as tail."""
    owners = torch.cat([facts[:, 0], facts[:, 2]])
    order = owners.argsort(stable=True)
    starts = torch.zeros(entities + 1, dtype=torch.int64)
    starts[1:] = torch.bincount(owners, minlength=entities).cumsum(0)
    return FactIndex(facts, relations, starts, order % max(1, len(facts)), order >= len(facts))


def list_named(encoding: Encoding, entities: Int[Tensor, "sentence token"]) -> list[list[int]]:
    """Per sentence, the entities whose knowledge it is given, in the order of the text, each once."""
    firsts = encoding.first_pieces & (entities >= 0)
    return [list(dict.fromkeys(row[first].tolist())) for row, first in zip(entities.cpu(), firsts.cpu(), strict=True)]


def find_nearby_facts(named: Sequence[Sequence[int]], index: FactIndex, *, hops: int, most: int) -> NearbyFacts:
    """The facts within some steps of the entities that each sentence names, nearest first.

    Args:
        named: per sentence, entities.
        index: the facts.
        hops: steps from the entities.
        most: facts kept per sentence; what is left out is counted.
    """
    sides = [_walk(entities, index, hops) for entities in named]
    width = max(1, min(most, max(map(len, sides), default=1)))
    return pad_facts([found[:width] for found in sides], [_count_left_out(found, width) for found in sides])


def pad_facts(sides: Sequence[Sequence[tuple[int, int, int, int]]], left_out: Sequence[int]) -> NearbyFacts:
    """Per sentence (owner, relation and direction, other, fact) for each fact, as tables of one width."""
    width = max(1, max(map(len, sides), default=1))
    table = torch.full((len(sides), width, 4), -1, dtype=torch.int64)
    for row, kept in enumerate(sides):
        if kept:
            table[row, : len(kept)] = torch.tensor(kept)
    owners, relations, others, facts = table.unbind(-1)
    counts = torch.tensor(list(left_out), dtype=torch.int64)
    return NearbyFacts(owners, relations.clamp_min(0), others, facts, counts)


def _count_left_out(sides: Sequence[tuple[int, int, int, int]], width: int) -> int:
    """Facts of which no side is read; one may be read from both ends."""
    return len({side[3] for side in sides[width:]} - {side[3] for side in sides[:width]})


def _walk(entities: Sequence[int], index: FactIndex, hops: int) -> list[tuple[int, int, int, int]]:
    """Sides of facts, hop by hop; within a hop the named entities take turns, so that a busy one crowds out no other."""
    found: list[tuple[int, int, int, int]] = []
    reached, edge = set(entities), list(entities)
    for _ in range(hops):
        ranked = [
            (turn, place, side) for place, entity in enumerate(edge) for turn, side in enumerate(index.of(entity))
        ]
        ranked.sort(key=lambda one: one[:2])
        found += [side for _, _, side in ranked]
        edge = [entity for entity in dict.fromkeys(side[2] for _, _, side in ranked) if entity not in reached]
        reached.update(edge)
        if not edge:
            break
    return found
