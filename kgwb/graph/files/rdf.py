"""RDF, read: .nt, .ttl, .rdf, .owl, .nq, .trig and .jsonld."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, Notes, sum_notes
from kgwb.graph.descriptions import join_aliases
from kgwb.graph.files.rdf_parsing import parse_rdf
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
    read_address,
    read_local,
)
from kgwb.graph.files.text import OnError
from kgwb.graph.named_columns import NamedColumn, hold_columns
from kgwb.graph.statements import Statements

_TEXTS = re.compile("(label|description|aliases)_", re.IGNORECASE)  # in other languages
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
    entity_table, blank = _describe(entity_names, "entity", said, columns, kinds)
    relation_table, also_blank = _describe(relation_names, "relation", said, columns, kinds)
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
    used = set(entity_table["type"]) if "type" in entity_table else set()
    shown = {kind: name for kind, name in kinds.items() if name in used}
    blanks = (("blank labels and aliases, not in the tables", blank + also_blank),)
    notes = sum_notes(parsed.notes, _count_left(said, entities, relations, shown), blanks)
    statements = Statements(parsed.text, parsed.prefixes, spelt)
    return NamedTriples({"all": frame}, entity_table, relation_table, notes, statements)


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
    languages: dict[str, set[str]] = {}
    for literals in said.literals.values():
        for predicate, language, _ in literals:
            languages.setdefault(predicate, set()).add(language)
    for known in (*LABELS, *ALIASES, *DESCRIPTIONS):
        languages.pop(known, None)
    columns: dict[str, str] = {}
    taken: set[str] = set()
    for predicate in sorted(languages, key=lambda address: (not address.startswith(OWN), address)):
        short = read_local("attribute", predicate)
        standard = short.casefold() in _STANDARD or bool(_TEXTS.match(short))
        choices = (
            [predicate, f"<{predicate}>"]
            if standard and not predicate.startswith(OWN)
            else [short, predicate, f"<{predicate}>"]
        )
        for column in choices:
            names = {column, *(f"{column}_{language}" for language in languages[predicate] if language)}
            if not names & taken:
                break
        columns[predicate] = column
        taken |= names
    return columns


def _describe(
    names: Mapping[str, str], kind: str, said: RdfStatements, columns: Mapping[str, str], kinds: Mapping[str, str]
) -> tuple[pd.DataFrame, int]:
    """What is said of each address, below the name that stands for it, and how many texts of it are blank."""
    known: dict[str, list[Any]] = {"label": [None] * len(names)}
    if kind == "entity":
        known["aliases"] = [None] * len(names)  # so that an attribute called "alias" is not taken for them
    blank = 0
    for row, address in enumerate(names):
        cells = _describe_one(said.literals[address], columns) if address in said.literals else {}
        aliases = cells.get("aliases", [])
        blank += sum(not alias.strip() for alias in aliases) if isinstance(aliases, list) else 0
        blank += cells.get("label", "").isspace() and cells["label"] != names[address]
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
    return pd.DataFrame(cells_of, dtype=object), blank


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
            known.sort(key=lambda text: not text.strip())  # what is blank comes last
    shown = sorted(language for language, group in groups.items() if group[0].strip())
    if shown and "" not in groups:
        english = [language for language in shown if language == "en" or language.startswith("en-")]
        groups[""] = groups.pop(english[0]) if english else groups[shown[0]][:1]
    return groups


def _name_type(address: str, said: RdfStatements) -> str:
    label: str = _describe_one(said.literals.get(address, set()), {}).get("label", "")
    return label if label.strip() else read_local("type", address)
