"""The graph itself: integer triples beside a table of entities and a table of relations."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.graph.errors import UnknownNameError

ENTITY_COLUMNS = ("entity", "label", "type", "description", "aliases")
RELATION_COLUMNS = ("relation", "label", "description")


@dataclass(frozen=True, eq=False, repr=False)
class KnowledgeGraph:
    """Entities, relations, and the triples that hold between them.

    Ids are positions in the tables. They come from sorted names, so the order of the lines in a file
    changes nothing. Build one with `read_graph` or `KnowledgeGraph.from_pandas`.

    Attributes:
        triples: int64 [triple, 3], read-only; each row is (head, relation, tail) as ids, sorted, without duplicates.
        entities: one row per entity, indexed by id: `entity` (its name in the file), `label`, `type`, `description`,
            `aliases` (a tuple of strings), then one column per attribute or further language (`label_zh`, `area`, ...).
        relations: one row per relation, indexed by id: `relation`, `label`, `description`.
        name: what to call the graph in captions.
        notes: what was left out or merged while reading, counted, for example {"duplicate triples": 3}.

    Example:
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> KnowledgeGraph.from_pandas(facts).labels
        ('Berlin', 'Germany')
    """

    triples: np.ndarray
    entities: pd.DataFrame
    relations: pd.DataFrame
    name: str = "graph"
    notes: tuple[tuple[str, int], ...] = ()

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame,
        entities: pd.DataFrame | None = None,
        *,
        relations: pd.DataFrame | None = None,
        columns: tuple[str, str, str] = ("head", "relation", "tail"),
        name: str = "graph",
    ) -> KnowledgeGraph:
        """Build a graph from a frame of named triples and, where there is one, a table about its entities."""
        from kgwb.graph.building import build_graph

        return build_graph(frame, entities, relations=relations, columns=columns, name=name)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The label of every entity, by id."""
        return tuple(self.entities["label"])

    @cached_property
    def relation_labels(self) -> tuple[str, ...]:
        """The label of every relation, by id."""
        return tuple(self.relations["label"])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the entity and relation names: two graphs share it exactly when their ids mean the same."""
        names = "\x1f".join(self.entities["entity"]) + "\x1e" + "\x1f".join(self.relations["relation"])
        return hashlib.sha256(names.encode()).hexdigest()

    def entity_id(self, entity: str | int) -> int:
        """The id of an entity given by id, name or label; of several with one label, the best connected.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        if isinstance(entity, (int, np.integer)) and 0 <= entity < len(self.entities):
            return int(entity)
        found = self._entity_ids.get(str(entity))
        if found is None:
            raise UnknownNameError("entity", entity, self.labels)
        return found

    def relation_id(self, relation: str | int) -> int:
        """The id of a relation given by id, name or label.

        Raises:
            UnknownNameError: names the three nearest labels.
        """
        if isinstance(relation, (int, np.integer)) and 0 <= relation < len(self.relations):
            return int(relation)
        found = self._relation_ids.get(str(relation))
        if found is None:
            raise UnknownNameError("relation", relation, self.relation_labels)
        return found

    @cached_property
    def degrees(self) -> np.ndarray:
        """How many triples each entity stands in, int64 [entity]; a self-loop counts once per side."""
        ends = self.triples[:, (0, 2)].ravel()
        return np.bincount(ends, minlength=len(self.entities))

    def to_pandas(self, labels: bool = False) -> pd.DataFrame:
        """The triples as names (or labels) in a frame with the columns head, relation, tail."""
        column, relation_column = ("label", "label") if labels else ("entity", "relation")
        names = self.entities[column].to_numpy()
        relation_names = self.relations[relation_column].to_numpy()
        head, relation, tail = self.triples.T
        return pd.DataFrame({"head": names[head], "relation": relation_names[relation], "tail": names[tail]})

    def __len__(self) -> int:
        return len(self.triples)

    def __repr__(self) -> str:
        counts = f"{len(self):,} triples, {len(self.entities):,} entities, {len(self.relations):,} relations"
        first = self.triples[:3]
        facts = [f"  {self.labels[h]} — {self.relation_labels[r]} → {self.labels[t]}" for h, r, t in first]
        left = [f"  {count:,} {what}" for what, count in self.notes]
        more = [f"  ... and {len(self) - 3:,} more"] if len(self) > 3 else []
        return "\n".join([f"KnowledgeGraph {self.name!r}: {counts}", *facts, *more, *left])

    @cached_property
    def _entity_ids(self) -> dict[str, int]:
        by_degree = np.argsort(self.degrees, kind="stable")
        ids = {self.labels[i]: int(i) for i in by_degree}
        ids.update({name: i for i, name in enumerate(self.entities["entity"])})
        return ids

    @cached_property
    def _relation_ids(self) -> dict[str, int]:
        ids = {label: i for i, label in enumerate(self.relation_labels)}
        ids.update({name: i for i, name in enumerate(self.relations["relation"])})
        return ids
