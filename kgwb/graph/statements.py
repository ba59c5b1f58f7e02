"""The RDF that a graph was read from, kept beside the tables, which are one view of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, eq=False, repr=False)
class Statements:
    """Every statement of an RDF file, and how the names in a graph's tables are spelt in it.

    Attributes:
        text: the statements as N-Quads, one a line.
        prefixes: the file's own prefixes.
        addresses: for each kind (entity, relation, type, attribute) the addresses behind a name that is none itself.
        tables: the triples, entities and relations made of the statements.
    """

    text: str
    prefixes: Mapping[str, str]
    addresses: Mapping[str, Mapping[str, tuple[str, ...]]]
    tables: tuple[object, ...] = ()

    def beside(self, tables: tuple[object, ...]) -> Statements:
        """The same statements beside the tables made of them."""
        return replace(self, tables=tables)

    def belong_to(self, *tables: object) -> bool:
        """Whether these are still the tables made of the statements; a graph with other facts says something else."""
        return len(tables) == len(self.tables) and all(
            one is other for one, other in zip(tables, self.tables, strict=True)
        )
