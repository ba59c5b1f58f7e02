"""Names in a SPARQL query: entity:Berlin, relation:"is the capital of", type:city, attribute:population."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from kgwb.graph.descriptions import ENTITY_COLUMNS, RELATION_COLUMNS
from kgwb.graph.errors import QueryError, UnknownNameError
from kgwb.graph.files.rdf_statements import (
    OWL,
    OWN,
    RDF,
    RDFS,
    SKOS,
    XSD,
    list_addresses,
    read_address,
    write_address,
)
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import quote

PREFIXES = {"rdf": RDF, "rdfs": RDFS, "owl": OWL, "skos": SKOS, "xsd": XSD, "kgwb": OWN}
_KINDS = "entity|relation|type|attribute"
_QUOTED = r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*'"
# Texts, addresses and comments are passed over; what is left may be a name.
_NAME = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""|' + r"'''(?:[^'\\]|\\.|'(?!''))*'''|" + rf"{_QUOTED}|"
    r'<[^<>"{}|^`\\\s]*>|#[^\n]*|'
    rf"(?<![\w:.?$-])(?P<kind>{_KINDS}):(?:(?P<quoted>{_QUOTED})|(?P<plain>\w(?:[\w.\-]*[\w\-])?))|"
    r"(?<![\w:.?$-])(?P<service>(?i:service))(?![\w:])"
)
# The store spells the tags of languages in small letters, and a query may compare with another spelling.
_TAG = re.compile(
    r"""(?i)(\blang\s*\(\s*[?$]\w+\s*\)\s*(?:!?=|(?:not\s+)?in)\s*)(["'][\w-]*["']|\(["'\w\s,-]*\))""", re.ASCII
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@dataclass(frozen=True, eq=False, repr=False)
class QueryNames:
    """What stands for a graph's names in RDF, and the other way round.

    Attributes:
        graph: whose names these are.
    """

    graph: KnowledgeGraph

    @cached_property
    def addresses(self) -> tuple[list[str], list[str]]:
        """The addresses of entities and of relations, by id."""
        return list_addresses(self.graph)

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that a query may use without saying so: those known to all, and those of the graph's file."""
        source = self.graph.source
        return PREFIXES | {
            name: start for name, start in (source.prefixes if source else {}).items() if name not in PREFIXES
        }

    @cached_property
    def labels(self) -> dict[str, str]:
        """The label behind every address."""
        source = self.graph.source
        further = [] if source is None else [source.addresses["type"], source.addresses["attribute"]]
        shown = {address: name for names in further for name, behind in names.items() for address in behind}
        return shown | self._by_address(self.graph.labels, self.graph.relation_labels)

    @cached_property
    def names(self) -> dict[str, str]:
        """The name behind every address."""
        return self._by_address(self.graph.entities["entity"].tolist(), self.graph.relations["relation"].tolist())

    def _by_address(self, entities: Sequence[str], relations: Sequence[str]) -> dict[str, str]:
        entity_addresses, relation_addresses = self.addresses
        of_relations = dict(zip(relation_addresses, relations, strict=True))
        return of_relations | dict(zip(entity_addresses, entities, strict=True))

    def write(self, sparql: str) -> str:
        """A query in which every name of the graph's is an address.

        Raises:
            UnknownNameError: the graph has no such name; gives the nearest.
            QueryError: the query asks another computer.
        """
        parts, end = [], 0
        for match in self._find_names(sparql):
            parts += [sparql[end : match.start()], self._write_one(match)]
            end = match.end()
        return _TAG.sub(lambda found: found[1] + found[2].lower(), "".join([*parts, sparql[end:]]))

    def locate(self, sparql: str, place: int) -> int:
        """Which character of a query stands behind a character of what `write` made of it."""
        shift = 0
        for match in self._find_names(sparql):
            length = len(self._write_one(match))
            if place < match.start() + shift + length:
                return min(place - shift, match.start())
            shift += length - len(match[0])
        return min(place - shift, len(sparql))

    def _find_names(self, sparql: str) -> list[re.Match[str]]:
        own = set(re.findall(rf"(?i:\bprefix)\s+({_KINDS}):", sparql))
        matches = _NAME.finditer(sparql)
        return [match for match in matches if match["service"] or (match["kind"] and match["kind"] not in own)]

    def _write_one(self, match: re.Match[str]) -> str:
        if match["service"]:
            raise QueryError("SERVICE asks another computer. Only the graph itself is asked here: leave SERVICE out.")
        name = match["plain"]
        if match["quoted"]:
            name = re.sub(r"\\(.)", lambda escaped: _ESCAPES.get(escaped[1], escaped[1]), match["quoted"][1:-1])
        return f"<{self.find(match['kind'], name)}>"

    def find(self, kind: str, name: str) -> str:
        """The address of an entity, relation, type or attribute given by its name or label."""
        if kind in ("entity", "relation"):
            find = self.graph.entity_id if kind == "entity" else self.graph.relation_id
            addresses = self.addresses[0 if kind == "entity" else 1]
            try:
                return self._expect_address(addresses[find(name)], kind, name)
            except UnknownNameError:
                # In files that kgwb wrote, New York is entity:New.20.York.
                spelt = f"{OWN}{kind}.{name}"
                if spelt in self.names:
                    return spelt
                raise
        known = self.types if kind == "type" else self.attributes
        for spelt in (name, read_address(kind, f"{OWN}{kind}.{name}")):
            if spelt in known:
                return self._expect_one(kind, spelt)
        raise UnknownNameError(kind, name, known)

    def _expect_address(self, address: str, kind: str, name: str) -> str:
        if address.startswith("_:") and self.graph.source:
            raise QueryError(
                f"The {kind} {quote(name)} is a blank node, which no query can name. "
                "Put a variable there and say what is stated of it, or use match_pattern, which takes its name."
            )
        return address

    def _expect_one(self, kind: str, name: str) -> str:
        if self.graph.source is None:
            return write_address(kind, name)
        behind = self.graph.source.addresses[kind].get(name, (name,))
        if len(behind) > 1:
            shown = " and ".join(f"<{address}>" for address in behind[:3])
            raise QueryError(
                f"The {kind} {quote(name)} stands for {len(behind)} addresses: {shown}. Write one of them."
            )
        return self._expect_address(behind[0], kind, name)

    @cached_property
    def types(self) -> list[str]:
        """The types that entities have."""
        return sorted(set(self.graph.entities["type"]) - {""})

    @cached_property
    def attributes(self) -> list[str]:
        """What is known about entities and relations beside labels, descriptions and types."""
        further = {*self.graph.entities.columns} - {*ENTITY_COLUMNS}
        further |= {*self.graph.relations.columns} - {*RELATION_COLUMNS}
        return sorted(column for column in further if not re.match("(label|description)_", column))
