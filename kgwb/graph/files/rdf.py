"""RDF, read and written: .nt, .ttl, .rdf, .owl, .nq, .trig and .jsonld."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, Notes, sum_notes
from kgwb.graph.descriptions import join_aliases
from kgwb.graph.files.rdf_parsing import find_format, parse_rdf
from kgwb.graph.files.rdf_statements import (
    ALIASES,
    DESCRIPTIONS,
    LABELS,
    OWL,
    OWN,
    RDF,
    RDFS,
    TYPE,
    XSD,
    check_xml_statements,
    read_address,
    read_local,
    state_graph,
)
from kgwb.graph.files.text import OnError
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.named_columns import NamedColumn, hold_columns
from kgwb.graph.statements import Statements
from kgwb.packages import load_package

_STANDARD = ("entity", "relation", "label", "type", "description", "aliases")
_RELATION_TYPES = {RDF + "Property", OWL + "ObjectProperty"}
_ATTRIBUTE_TYPES = {OWL + "DatatypeProperty", OWL + "AnnotationProperty"}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
Literal = tuple[str, str, str]
Texts = dict[str, dict[str, list[str]]]  # by predicate, then by language


@dataclass(frozen=True)
class RdfStatements:
    """What an RDF file says, sorted by what it is good for; everything is keyed by addresses.

    Attributes:
        links: heads, relations and tails where the tail is no literal.
        types: the types of each subject.
        literals: by subject, (predicate, language or "", text).
        nested: how many statements are about statements.
    """

    links: tuple[NamedColumn, NamedColumn, NamedColumn]
    types: dict[str, set[str]] = field(default_factory=dict)
    literals: dict[str, set[Literal]] = field(default_factory=dict)
    nested: int = 0


def read_rdf(text: str, suffix: str, on_error: OnError, base: str | None = None) -> NamedTriples:
    """The triples in RDF.

    Statements between resources become triples; `rdf:type` gives the type, `rdfs:label` the labels (`label_zh` for
    those marked zh), `skos:altLabel` aliases, `rdfs:comment` the description, and other literals attributes. All
    statements are kept beside them, for queries and for writing.

    Raises:
        ContentError: a statement breaks the format; gives the line where the parser does.
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    parsed = parse_rdf(text, suffix, on_error, base)
    said = _sort_statements(*parsed.number_terms())
    heads, links, tails = said.links
    relations = set(links.names) | {subject for subject, types in said.types.items() if types & _RELATION_TYPES}
    linked = set(heads.names) | set(tails.names)
    classes = set().union(*said.types.values())
    attributes = {subject for subject, types in said.types.items() if types & _ATTRIBUTE_TYPES}
    entities = linked | ((said.types.keys() | said.literals.keys()) - relations - classes - attributes)
    columns = _name_attributes(said)
    kinds = {kind: _name_type(kind, said) for kind in classes}
    own = OWN in parsed.text  # all other addresses are names as they are
    entity_names, relation_names = (
        {address: read_address(kind, address) if own else address for address in sorted(addresses)}
        for kind, addresses in (("entity", entities), ("relation", relations))
    )
    entity_table = _describe(entity_names, "entity", said, columns, kinds)
    relation_table = _describe(relation_names, "relation", said, columns, kinds)
    spelling = (entity_names, relation_names, entity_names)
    respelt = (column.respell(names) for column, names in zip(said.links, spelling, strict=True))
    cells = (hold_columns([column.codes], column.names)[0] for column in respelt)
    frame = pd.DataFrame(dict(zip(COLUMNS, cells, strict=True)))
    spelt = {
        "entity": _gather_addresses(entity_names),
        "relation": _gather_addresses(relation_names),
        "type": _gather_addresses(kinds),
        "attribute": _gather_addresses(columns),
    }
    notes = sum_notes(parsed.notes, _count_left(said, entities, relations, kinds))
    statements = Statements(parsed.text, parsed.prefixes, spelt)
    return NamedTriples({"all": frame}, entity_table, relation_table, notes, statements)


def write_rdf(graph: KnowledgeGraph, path: Path) -> None:
    """Write a graph as RDF, in the format of the path's suffix.

    A graph that was read from RDF is written as the statements it was read from. Of other graphs, names that are web
    addresses stay as they are; others become addresses of the form urn:kgwb:entity.Berlin, which `read_graph` turns
    back. Columns without any value are not written, because RDF has no columns.

    Raises:
        GraphFileError: the format cannot hold a statement.
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    oxigraph = load_package("pyoxigraph", f"Writing {path.suffix}")
    form = find_format(oxigraph, path.suffix.lower())
    prefixes = {"kgwb": OWN, "rdfs": RDFS, "skos": ALIASES[0].removesuffix("altLabel")}
    source = graph.source
    if source is None:
        quads = [oxigraph.Quad(*terms) for terms in state_graph(graph, oxigraph)]
    else:
        prefixes = dict(source.prefixes)
        quads = list(oxigraph.parse(source.text, format=oxigraph.RdfFormat.N_QUADS, lenient=True))
    if not form.supports_datasets:
        quads = list(dict.fromkeys(quad.triple for quad in quads))
    if form == oxigraph.RdfFormat.RDF_XML:
        check_xml_statements(quads, path)
    # Turtle may end a short name in an escaped full stop, and rdflib cannot read that.
    ends = {
        term.value for quad in quads for term in quad if type(term).__name__ == "NamedNode" and term.value[-1:] == "."
    }
    prefixes = {name: start for name, start in prefixes.items() if not any(end.startswith(start) for end in ends)}
    data = oxigraph.serialize(quads, format=form, prefixes=prefixes)
    path.write_bytes(data or b"# a graph without a triple\n")


def _sort_statements(numbers: tuple[np.ndarray, np.ndarray, np.ndarray], terms: list[str]) -> RdfStatements:
    """Statements by what they are good for, from the number of each one's subject, predicate and object."""
    bare = [_bare(term) for term in terms]
    literal = np.array([term[0] == '"' for term in terms], dtype=bool)[numbers[2]]  # [statement]
    kind = np.array([term == f"<{TYPE}>" for term in terms], dtype=bool)[numbers[1]] & ~literal
    nested = np.array([term[:3] == "<<(" for term in terms], dtype=bool)[numbers[2]] & ~kind
    types: dict[str, set[str]] = {}
    for head, tail in zip(numbers[0][kind].tolist(), numbers[2][kind].tolist(), strict=True):
        types.setdefault(bare[head], set()).add(bare[tail])
    literals: dict[str, set[Literal]] = {}
    read = cache(lambda number: _read_literal(terms[number]))
    for head, relation, tail in np.stack(numbers, axis=1)[literal].tolist():
        literals.setdefault(bare[head], set()).add((bare[relation], *read(tail)))
    links = ~(literal | kind | nested)
    heads, relations, tails = (NamedColumn(column[links], bare).drop_unused() for column in numbers)
    return RdfStatements((heads, relations, tails), types, literals, int(nested.sum()))


def _bare(term: str) -> str:
    """A term without the brackets around an address."""
    return term[1:-1] if term[0] == "<" else term


def _read_literal(term: str) -> tuple[str, str]:
    """A literal's language, or "", and its text, with numbers spelt as tables spell them."""
    text, _, mark = term[1:].rpartition('"')
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: _ESCAPES.get(found[3], found[3]) or chr(int(found[1] or found[2], 16)), text)
    if not mark:
        return "", text
    if mark[0] == "@":
        return mark[1:].split("--", 1)[0], text
    if not mark.startswith(f"^^<{XSD}"):
        return "", text
    spelling = {"INF": "1e999", "+INF": "1e999", "-INF": "-1e999", "NaN": ""}.get(text, text)
    plain = re.fullmatch(r"[+-]?\d+(\.\d+)?", spelling)
    return "", re.sub(r"^\+?(-?)0*(?=\d)", r"\1", spelling) if plain else spelling


def _own_types(types: Iterable[str]) -> list[str]:
    """A subject's types, without what RDF and OWL say of everything."""
    own = sorted(kind for kind in types if not kind.startswith((RDF, RDFS, OWL)))
    return own or sorted(types)


def _gather_addresses(names: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The addresses behind each name that is none itself."""
    behind: dict[str, tuple[str, ...]] = {}
    for address, name in sorted((address, name) for address, name in names.items() if address != name):
        behind[name] = (*behind.get(name, ()), address)
    return behind


def _count_left(said: RdfStatements, entities: set[str], relations: set[str], kinds: Mapping[str, str]) -> Notes:
    """How many statements the tables do not show."""
    types = said.types
    left = (types.keys() | said.literals.keys()) - entities - relations
    about = sum(len(types.get(subject, ())) + len(said.literals.get(subject, ())) for subject in left)
    shown = sum(any(text == kinds.get(subject) for _, _, text in said.literals.get(subject, ())) for subject in left)
    return (
        ("statements about statements, not in the tables", said.nested),
        (
            "further types of an entity, not in the tables",
            sum(len(types[name]) - 1 for name in entities & types.keys()),
        ),
        (
            "types of a relation, not in the tables",
            sum(len(types[name] - _RELATION_TYPES) for name in (relations - entities) & types.keys()),
        ),
        ("statements about classes and attributes, not in the tables", about - shown),
    )


def _name_attributes(said: RdfStatements) -> dict[str, str]:
    """The column for each predicate of a literal: its last part, or all of it where two would be called alike."""
    predicates = {predicate for literals in said.literals.values() for predicate, _, _ in literals}
    predicates -= {*LABELS, *ALIASES, *DESCRIPTIONS}
    columns: dict[str, str] = {}
    for predicate in sorted(predicates, key=lambda address: (not address.startswith(OWN), address)):
        short = read_local("attribute", predicate)
        columns[predicate] = predicate if short in (*columns.values(), *_STANDARD) else short
    return columns


def _describe(
    names: Mapping[str, str], kind: str, said: RdfStatements, columns: Mapping[str, str], kinds: Mapping[str, str]
) -> pd.DataFrame:
    """What is said of each address, below the name that stands for it."""
    known: dict[str, list[Any]] = {"label": [None] * len(names)}
    for row, address in enumerate(names):
        cells = _describe_one(said.literals[address], columns) if address in said.literals else {}
        if "label" not in cells:
            cells["label"] = read_local(kind, address)
        if kind == "entity" and address in said.types:
            types = said.types[address]
            cells["type"] = kinds[_own_types(types)[0] if len(types) > 1 else next(iter(types))]
        for column, cell in cells.items():
            if column not in known:
                known[column] = [None] * len(names)
            known[column][row] = cell
    cells_of = {kind: list(names.values())} | {column: known[column] for column in sorted(known)}
    return pd.DataFrame(cells_of, dtype=object)


def _describe_one(literals: set[Literal], columns: Mapping[str, str]) -> dict[str, Any]:
    texts: Texts = {}
    if len(literals) == 1:
        ((predicate, language, text),) = literals
        if predicate == LABELS[0] and language in ("", "en"):
            return {"label": text}
    for predicate, language, text in sorted(literals):
        texts.setdefault(predicate, {}).setdefault(language, []).append(text)
    cells: dict[str, Any] = {}
    aliases = [text for predicate in ALIASES for group in texts.get(predicate, {}).values() for text in group]
    for language, group in _group(texts, LABELS).items():
        cells["label_" + language if language else "label"] = group[0]
        aliases += group[1:]
    for language, group in _group(texts, DESCRIPTIONS).items():
        cells["description_" + language if language else "description"] = " ".join(group)
    for predicate in texts:
        if predicate in columns:
            for language, group in _group(texts, (predicate,)).items():
                column = columns[predicate] + ("_" + language if language else "")
                cells[column] = group[0] if len(group) == 1 else join_aliases(group)
    return cells | {"aliases": aliases} if aliases else cells


def _group(texts: Texts, predicates: tuple[str, ...]) -> dict[str, list[str]]:
    """Texts by language, those of the first predicates first; "" has the ones to show: unmarked, English, or any."""
    groups: dict[str, list[str]] = {}
    for predicate in predicates:
        for language, group in texts.get(predicate, {}).items():
            known = groups.setdefault(language, [])
            known += [text for text in group if text not in known]
    if groups and "" not in groups:
        english = sorted(language for language in groups if language == "en" or language.startswith("en-"))
        groups[""] = groups.pop(english[0]) if english else groups[min(groups)][:1]
    return groups


def _name_type(address: str, said: RdfStatements) -> str:
    cells = _describe_one(said.literals.get(address, set()), {})
    return cells["label"] if "label" in cells else read_local("type", address)
