"""The graph itself: integer triples beside a table of entities and a table of relations."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_flags, expect_id_rows, expect_kind, expect_text
from kgwb.graph.building import COLUMNS, GraphTables, Notes, build_tables
from kgwb.graph.changed_tables import change_tables, read_changed_facts
from kgwb.graph.errors import UnknownIdError, UnknownNameError
from kgwb.graph.statements import Statements
from kgwb.words import count_things, shorten


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
        notes: what was left out or merged while reading, counted, for example (("duplicate triples", 3),).
        statements: the RDF it was read from, or None; `source` says whether it still holds.

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
    notes: Notes = ()
    statements: Statements | None = None

    def __post_init__(self) -> None:
        call = "read_graph(path), or KnowledgeGraph.from_pandas(frame)"
        expect_id_rows("triples", self.triples, call=call)
        for table in (self.entities, self.relations):
            expect_kind(table, pd.DataFrame, "A table of entities and one of relations", call=call)
            if "label" not in table:
                raise ValueError(f"A table came without a column 'label'. Type {call}.")
        expect_text("name", self.name, usual="graph")
        expect_kind(self.notes, tuple, "A tuple of notes", call=call)
        expect_kind(self.statements, (Statements, type(None)), "The statements of a file, or None,", call=call)

    @classmethod
    def from_pandas(
        cls,
        frame: pd.DataFrame,
        entities: pd.DataFrame | None = None,
        *,
        relations: pd.DataFrame | None = None,
        columns: Sequence[object] = COLUMNS,
        name: str = "graph",
    ) -> KnowledgeGraph:
        """Build a graph from a frame of named triples and, where there is one, a table about its entities.

        Args:
            frame: one row per triple; names may be text or numbers, which become text.
            entities: a column `entity` with names, then any of label, type, description, aliases (a sequence, or text
                with | between), label_zh and attributes. Entities that stand in no triple are kept.
            relations: a column `relation` with names, then any of label, description, label_zh and attributes.
            columns: the frame's columns that hold head, relation and tail.
            name: what to call the graph in captions.

        Raises:
            GraphFileError: a column or a name is missing, or an entity is described twice in two ways.
        """
        call = 'KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))'
        expect_kind(frame, pd.DataFrame, "A frame", call=call)
        for table in (entities, relations):
            expect_kind(table, (pd.DataFrame, type(None)), "A frame of names", call=f"{call[:-1]}, entities=frame)")
        expect_text("name", name, usual="graph")
        tables = build_tables(frame, entities, relations=relations, columns=columns)
        return cls(**tables._asdict(), name=name)

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The label of every entity, by id."""
        return tuple(self.entities["label"])

    @cached_property
    def relation_labels(self) -> tuple[str, ...]:
        """The label of every relation, by id."""
        return tuple(self.relations["label"])

    @property
    def source(self) -> Statements | None:
        """The RDF this graph was read from, where its facts and tables are still those that were read."""
        said = self.statements
        return said if said and said.belong_to(self.triples, self.entities, self.relations) else None

    @cached_property
    def kept(self) -> dict[str, Any]:
        """What was made of this graph and is kept as long as it, such as the store that answers queries."""
        return {}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the entity and relation names: two graphs share it exactly when their ids mean the same."""
        names = json.dumps([list(self.entities["entity"]), list(self.relations["relation"])])
        return hashlib.sha256(names.encode()).hexdigest()

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of names, labels and triples: what it says, whatever it is called and however it was read."""
        columns = [
            (self.entities, "entity"),
            (self.entities, "label"),
            (self.relations, "relation"),
            (self.relations, "label"),
        ]
        tables = [list(map(str, table[column])) for table, column in columns]
        digest = hashlib.sha256(json.dumps(tables).encode())
        digest.update(np.ascontiguousarray(self.triples, dtype="<i8").data)
        return digest.hexdigest()

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        notes = "; ".join(f"{count:,} {what}" for what, count in self.notes)
        return {
            "run": f"the knowledge graph {self.name!r}",
            "graph": describe_content(self),
            "counted while reading": notes or "nothing",
        }

    def entity_id(self, entity: str | int | np.integer) -> int:
        """The id of an entity given by id, name or label; of several with one label, the best connected.

        A number is an id and never a name: `entity_id("10")` finds the entity named 10.

        Where no name or label fits, labels in other languages and aliases are tried.

        Raises:
            UnknownNameError: names the three nearest labels, or the ids there are.
        """
        return _find_id("entity", entity, self._entity_ids, self.labels)

    def relation_id(self, relation: str | int | np.integer) -> int:
        """The id of a relation given by id, name or label; a number is an id and never a name.

        Raises:
            UnknownNameError: names the three nearest labels, or the ids there are.
        """
        return _find_id("relation", relation, self._relation_ids, self.relation_labels)

    def spellings(self, entity: int) -> tuple[str, ...]:
        """Everything an entity may be called in a text: its label, name, labels in other languages, and aliases."""
        entity = self.entity_id(entity)
        found = dict.fromkeys(name for names in reversed(self._name_columns) for name in names[entity] if name)
        return tuple(found)

    @cached_property
    def degrees(self) -> np.ndarray:
        """How many triples each entity stands in, int64 [entity]; a self-loop counts once per side."""
        ends = self.triples[:, (0, 2)].ravel()
        return np.bincount(ends, minlength=len(self.entities))

    def to_pandas(self, labels: bool = False) -> pd.DataFrame:
        """The triples as names (or labels) in a frame with the columns head, relation, tail."""
        expect_flags(labels=labels)
        column, relation_column = ("label", "label") if labels else ("entity", "relation")
        names = self.entities[column].to_numpy()
        relation_names = self.relations[relation_column].to_numpy()
        head, relation, tail = self.triples.T
        return pd.DataFrame({"head": names[head], "relation": relation_names[relation], "tail": names[tail]})

    def with_facts(
        self,
        added: KnowledgeGraph | pd.DataFrame | Sequence[Sequence[object]] | None = None,
        removed: KnowledgeGraph | pd.DataFrame | Sequence[Sequence[object]] | None = None,
        *,
        entities: pd.DataFrame | None = None,
        relations: pd.DataFrame | None = None,
    ) -> KnowledgeGraph:
        """A new graph with facts added and removed by name; this one stays as it is.

        Ids come from sorted names again, so a new entity moves those behind it; `compare_graphs` says where to. Entities
        stay when they lose all their facts. What had no effect is counted in `notes`.

        Args:
            added: a frame with the columns head, relation, tail, a list of such rows, or a graph. A name that is none
                here is a label (of several the best connected), unless `entities` describes it; else it is new.
            removed: the same; a fact that is both added and removed is there afterwards.
            entities: about entities that are new, as in `from_pandas`.
            relations: about relations that are new.

        Raises:
            GraphFileError: a column or a name is missing, or an entity is described twice in two ways.

        Example:
            >>> facts = pd.DataFrame([["Bonn", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
            >>> graph = KnowledgeGraph.from_pandas(facts)
            >>> graph.with_facts([("Berlin", "capital_of", "Germany")], removed=facts)
            KnowledgeGraph 'graph': 1 triple, 3 entities, 1 relation
              Berlin — capital_of → Germany
        """
        come, go = (each._tables if isinstance(each, KnowledgeGraph) else each for each in (added, removed))
        tables = change_tables(
            self._tables, read_changed_facts(come, entities, relations), read_changed_facts(go, None, None)
        )
        return KnowledgeGraph(**tables._asdict(), name=self.name)

    @property
    def _tables(self) -> GraphTables:
        return GraphTables(self.triples, self.entities, self.relations, self.notes)

    def __len__(self) -> int:
        return len(self.triples)

    def __repr__(self) -> str:
        counts = ", ".join(
            count_things(count, kind)
            for count, kind in (
                (len(self), "triple"),
                (len(self.entities), "entity"),
                (len(self.relations), "relation"),
            )
        )
        facts = [
            "  {} — {} → {}".format(
                *(shorten(name, 80) for name in (self.labels[head], self.relation_labels[relation], self.labels[tail]))
            )
            for head, relation, tail in self.triples[:3]
        ]
        left = [f"  counted while reading: {count:,} {what}" for what, count in self.notes]
        more = [f"  ... and {len(self) - 3:,} more"] if len(self) > 3 else []
        return "\n".join([f"KnowledgeGraph {self.name!r}: {counts}", *facts, *more, *left])

    @cached_property
    def _entity_ids(self) -> dict[str, int]:
        ids: dict[str, int] = {}
        by_degree = np.argsort(self.degrees, kind="stable")
        for names in self._name_columns:
            ids.update({name: int(i) for i in by_degree for name in names[i] if name})
        ids.update({name: i for i, name in enumerate(self.entities["entity"])})  # here "" is a name, not a gap
        return ids

    @cached_property
    def _name_columns(self) -> list[list[tuple[str, ...]]]:
        """What each entity may be called, by id; the columns that count least come first."""
        languages = [column for column in self.entities.columns if column.startswith("label_")]
        columns = [[(name,) for name in self.entities[column]] for column in (*languages, "label", "entity")]
        return [list(self.entities["aliases"]), *columns]

    @cached_property
    def _relation_ids(self) -> dict[str, int]:
        ids = {label: i for i, label in enumerate(self.relation_labels)}
        ids.update({name: i for i, name in enumerate(self.relations["relation"])})
        return ids


def _find_id(kind: str, given: str | int | np.integer, ids: Mapping[str, int], labels: Sequence[str]) -> int:
    if isinstance(given, (int, np.integer, np.bool_)):
        if isinstance(given, (bool, np.bool_)) or not 0 <= given < len(labels):
            raise UnknownIdError(kind, given, len(labels), named=str(given) in ids)
        return int(given)
    found = ids.get(str(given))
    if found is None:
        raise UnknownNameError(kind, given, labels)
    return found


def describe_content(graph: KnowledgeGraph) -> str:
    """A graph's name, counts and hash, in one line."""
    sizes = ((len(graph), "triple"), (len(graph.entities), "entity"), (len(graph.relations), "relation"))
    counts = ", ".join(count_things(count, kind) for count, kind in sizes)
    return f"{graph.name!r}, {counts}; SHA-256 of names, labels and triples {graph.content_hash}"


def expect_graph(graph: object, call: str) -> None:
    """A graph, for functions that are easily given something else.

    Args:
        graph: what came.
        call: what to type, with {} in the graph's place.

    Raises:
        TypeError: it is none; says what to type.
    """
    own = "split.graph" if isinstance(getattr(graph, "graph", None), KnowledgeGraph) else "read_graph(path)"
    expect_kind(graph, KnowledgeGraph, "A graph", call=call.format(own))
