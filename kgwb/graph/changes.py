"""What became of a graph: facts, entities and relations that came and went, and where each name's id has moved to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.words import count_things, shorten

_SHOWN = 3


@dataclass(frozen=True, eq=False, repr=False)
class GraphChanges:
    """How one graph differs from an earlier one, by name.

    Attributes:
        added: facts that only the later one holds, by name, with the columns head, relation, tail.
        removed: facts that only the earlier one holds.
        new_entities, gone_entities: names that only the later, or only the earlier one has.
        new_relations, gone_relations: the same of relations.
        bare_entities: names of entities that have lost all their facts and are still there.
        entity_places: for each entity of the later graph its id in the earlier one, −1 for a new one, int64 [entity].
        relation_places: the same for relations.
    """

    added: pd.DataFrame
    removed: pd.DataFrame
    new_entities: tuple[str, ...]
    gone_entities: tuple[str, ...]
    new_relations: tuple[str, ...]
    gone_relations: tuple[str, ...]
    bare_entities: tuple[str, ...]
    entity_places: np.ndarray
    relation_places: np.ndarray

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(len(self.added) or len(self.removed) or self._count_names())

    def _count_names(self) -> int:
        return sum(map(len, (self.new_entities, self.gone_entities, self.new_relations, self.gone_relations)))

    def __repr__(self) -> str:
        if not self:
            return "GraphChanges: none"
        counts = [f"{count_things(len(self.added), 'fact')} added", f"{len(self.removed):,} removed"]
        kinds = [("new", "entity", self.new_entities), ("gone", "entity", self.gone_entities)]
        kinds += [("new", "relation", self.new_relations), ("gone", "relation", self.gone_relations)]
        named = [
            _name_some(f"{count_things(len(names), kind)} {state}", names) for state, kind, names in kinds if names
        ]
        if self.bare_entities:
            bare = f"{count_things(len(self.bare_entities), 'entity')} left without a fact"
            named.append(_name_some(bare, self.bare_entities))
        facts = [line for sign, frame in (("+", self.added), ("−", self.removed)) for line in _show_facts(sign, frame)]
        return "\n".join([f"GraphChanges: {', '.join(counts)}", *(f"  {line}" for line in [*named, *facts])])


def compare_graphs(before: KnowledgeGraph, after: KnowledgeGraph) -> GraphChanges:
    """What was added to a graph and removed from it, by name, and where its ids have moved to.

    Ids come from sorted names, so a new entity moves those behind it: `changes.entity_places[id]` is the id that an entity
    of the later graph had in the earlier one.

    Args:
        before: the earlier graph.
        after: the later one.

    Example:
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(
        ...     [["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"]))
        >>> compare_graphs(graph, graph.with_facts([("Bonn", "located_in", "Germany")]))
        GraphChanges: 1 fact added, 0 removed
          1 entity new: Bonn
          1 relation new: located_in
          + Bonn — located_in → Germany
    """
    expect_graph(before, "kgwb.graph.compare_graphs({}, after)")
    expect_graph(after, "kgwb.graph.compare_graphs(before, {})")
    names, places, gone = [], [], []
    for kind, table, earlier in (
        ("entity", after.entities, before.entities),
        ("relation", after.relations, before.relations),
    ):
        place = pd.Index(earlier[kind]).get_indexer(pd.Index(table[kind]))
        names.append(tuple(table[kind].to_numpy()[place < 0]))
        gone.append(tuple(earlier[kind].to_numpy()[np.setdiff1d(np.arange(len(earlier)), place)]))
        places.append(place.astype(np.int64))
    is_old, is_there = _match_facts(before, after, *places)
    had = np.bincount(before.triples[:, (0, 2)].ravel(), minlength=len(before.entities)) > 0
    bare = (after.degrees == 0) & (places[0] >= 0) & had[places[0]] if len(had) else after.degrees < 0
    return GraphChanges(
        added=_select(after, ~is_old),
        removed=_select(before, ~is_there),
        new_entities=names[0],
        gone_entities=gone[0],
        new_relations=names[1],
        gone_relations=gone[1],
        bare_entities=tuple(after.entities["entity"].to_numpy()[bare]),
        entity_places=places[0],
        relation_places=places[1],
    )


def _match_facts(
    before: KnowledgeGraph, after: KnowledgeGraph, entities: np.ndarray, relations: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:  # [fact after], [fact before]
    """Which facts of the later graph the earlier one held, and which of the earlier one are still there."""
    head, relation, tail = after.triples.T
    then = np.stack([entities[head], relations[relation], entities[tail]], axis=1)
    carried = (then >= 0).all(axis=1)
    size, count = max(1, len(before.entities)), max(1, len(before.relations))
    keys = [(rows[:, 0] * count + rows[:, 1]) * size + rows[:, 2] for rows in (then, before.triples)]
    return carried & np.isin(keys[0], keys[1]), np.isin(keys[1], keys[0][carried])


def _select(graph: KnowledgeGraph, chosen: np.ndarray) -> pd.DataFrame:
    head, relation, tail = graph.triples[chosen].T
    entities, relations = graph.entities["entity"].to_numpy(), graph.relations["relation"].to_numpy()
    return pd.DataFrame({"head": entities[head], "relation": relations[relation], "tail": entities[tail]})


def _name_some(count: str, names: tuple[str, ...]) -> str:
    shown = ", ".join(shorten(name) for name in names[:_SHOWN])
    return f"{count}: {shown}{', ...' if len(names) > _SHOWN else ''}"


def _show_facts(sign: str, facts: pd.DataFrame) -> list[str]:
    rows = facts.head(_SHOWN).itertuples(index=False)
    shown = ["{} {} — {} → {}".format(sign, *(shorten(str(name)) for name in row)) for row in rows]
    more = len(facts) - _SHOWN
    return shown + ([f"{sign} ... and {more:,} more"] if more > 0 else [])
