"""RDF, read and written: .nt, .ttl, .rdf and .owl."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, Notes, sum_notes
from kgwb.graph.descriptions import join_aliases
from kgwb.graph.errors import SKIP_HINT, ContentError, broken_row
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
    state_graph,
)
from kgwb.graph.files.text import OnError, refuse_nested_entities
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package

_STANDARD = ("entity", "relation", "label", "type", "description", "aliases")
_RELATION_TYPES = {RDF + "Property", OWL + "ObjectProperty"}
_ATTRIBUTE_TYPES = {OWL + "DatatypeProperty", OWL + "AnnotationProperty"}
RDF_NAMES = {".nt": "N-Triples", ".ttl": "Turtle", ".rdf": "RDF/XML", ".owl": "RDF/XML"}
_SPOT = re.compile(r"(Parser error at [^:]*: | \(line \d+\)$)")


@dataclass(frozen=True)
class RdfStatements:
    """What an RDF file says, sorted by what it is good for; everything is keyed by addresses.

    Attributes:
        links: (head, relation, tail) where the tail is no literal.
        types: the types of each subject.
        literals: by subject, (predicate, language or "", text).
    """

    links: list[tuple[str, str, str]] = field(default_factory=list)
    types: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    literals: defaultdict[str, list[tuple[str, str, str]]] = field(default_factory=lambda: defaultdict(list))


def read_rdf(text: str, suffix: str, on_error: OnError) -> NamedTriples:
    """The triples in RDF.

    Statements between resources become triples; `rdf:type` gives the type, `rdfs:label` the labels (`label_zh` for
    those marked zh), `skos:altLabel` aliases, `rdfs:comment` the description, and other literals attributes.

    Raises:
        ContentError: a statement breaks the format; gives the line where the parser does.
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    quads, notes = _parse(text, suffix, on_error)
    statements, skipped = _sort_quads(quads, keep_blank_names=suffix == ".nt")
    frame = pd.DataFrame(
        [
            (read_address("entity", h), read_address("relation", r), read_address("entity", t))
            for h, r, t in statements.links
        ],
        columns=list(COLUMNS),
        dtype=object,
    )
    relations = {relation for _, relation, _ in statements.links}
    relations |= {subject for subject, types in statements.types.items() if types & _RELATION_TYPES}
    linked = {entity for head, _, tail in statements.links for entity in (head, tail)}
    classes = {kind for types in statements.types.values() for kind in types}
    attributes = {subject for subject, types in statements.types.items() if types & _ATTRIBUTE_TYPES}
    subjects = set(statements.types) | set(statements.literals)
    entities = linked | (subjects - relations - classes - attributes)
    columns = _name_attributes(statements)
    further = sum(len(_own_types(statements.types[entity])) - 1 for entity in entities if statements.types.get(entity))
    notes = sum_notes(notes, (*skipped, ("further types of an entity, not kept", further)))
    entity_table = _describe(sorted(entities), "entity", statements, columns)
    relation_table = _describe(sorted(relations), "relation", statements, columns)
    return NamedTriples({"all": frame}, entity_table, relation_table, notes)


def write_rdf(graph: KnowledgeGraph, path: Path) -> None:
    """Write a graph as N-Triples, Turtle or RDF/XML, by the path's suffix.

    Names that are web addresses stay as they are; others become addresses of the form urn:kgwb:entity.Berlin, which
    `read_graph` turns back. Columns without any value are not written, because RDF has no columns.

    Raises:
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    oxigraph = load_package("pyoxigraph", f"Writing {path.suffix}")
    form = _find_format(oxigraph, path.suffix.lower())
    statements = [oxigraph.Triple(*terms) for terms in state_graph(graph, oxigraph)]
    prefixes = {"kgwb": OWN, "rdfs": LABELS[0].removesuffix("label"), "skos": ALIASES[0].removesuffix("altLabel")}
    data = oxigraph.serialize(statements, format=form, prefixes=prefixes)
    path.write_bytes(data or b"# a graph without a triple\n")


def _find_format(oxigraph: Any, suffix: str) -> Any:
    formats = oxigraph.RdfFormat
    return {".nt": formats.N_TRIPLES, ".ttl": formats.TURTLE}.get(suffix, formats.RDF_XML)


def _parse(text: str, suffix: str, on_error: OnError) -> tuple[Iterable[Any], Notes]:
    oxigraph = load_package("pyoxigraph", f"Reading {suffix}")
    form = _find_format(oxigraph, ".ttl" if suffix == ".owl" and not text.lstrip().startswith("<") else suffix)
    if form == oxigraph.RdfFormat.RDF_XML:
        refuse_nested_entities(text)
    try:
        return list(oxigraph.parse(text, format=form)), ()
    except (SyntaxError, ValueError) as error:
        if on_error == "skip" and form == oxigraph.RdfFormat.N_TRIPLES:
            return _parse_lines(oxigraph, text)
        raise _explain(text, suffix, error) from None


def _parse_lines(oxigraph: Any, text: str) -> tuple[list[Any], Notes]:
    quads, skipped = [], 0
    for line in text.split("\n"):
        try:
            quads.extend(oxigraph.parse(line, format=oxigraph.RdfFormat.N_TRIPLES))
        except (SyntaxError, ValueError):
            skipped += 1
    return quads, (("broken lines", skipped),)


def _explain(text: str, suffix: str, error: Exception) -> ContentError:
    form = RDF_NAMES[suffix]
    rule = f"this is not {form}: {_SPOT.sub('', str(error)).strip().rstrip('.')}."
    hint = SKIP_HINT
    if suffix != ".nt":
        hint = f"Mend it; a broken statement of {form} cannot be skipped, because those behind it may depend on it."
    if suffix == ".owl":
        hint += " Ontologies in functional or Manchester syntax have to be saved as RDF/XML first."
    line = getattr(error, "lineno", None)
    lines = text.split("\n")
    if line is None or not 0 < line <= len(lines):
        return ContentError(f"cannot be read: {rule} {hint}")
    return broken_row(line, lines[line - 1], rule, hint=hint)


def _sort_quads(quads: Iterable[Any], *, keep_blank_names: bool) -> tuple[RdfStatements, Notes]:
    statements = RdfStatements()
    blanks: dict[str, str] = {}
    nested = 0

    def address(term: Any) -> str:
        if type(term).__name__ == "NamedNode":
            return str(term.value)
        # Blank nodes without a name get random ones from the parser; numbers in order of appearance do not change.
        return "_:" + (term.value if keep_blank_names else blanks.setdefault(term.value, f"blank{len(blanks) + 1}"))

    for quad in quads:
        kinds = {type(term).__name__ for term in (quad.subject, quad.object)}
        if "Triple" in kinds:
            nested += 1
        elif "Literal" in kinds:
            text, language = _read_literal(quad.object), quad.object.language or ""
            statements.literals[address(quad.subject)].append((quad.predicate.value, language, text))
        elif quad.predicate.value == TYPE:
            statements.types[address(quad.subject)].add(address(quad.object))
        else:
            statements.links.append((address(quad.subject), quad.predicate.value, address(quad.object)))
    return statements, (("statements about statements, not kept", nested),)


def _read_literal(literal: Any) -> str:
    """A literal's text, with numbers spelt as tables spell them."""
    text = str(literal.value)
    if not literal.datatype.value.startswith(XSD) or literal.datatype.value == XSD + "string":
        return text
    spelling = {"INF": "1e999", "+INF": "1e999", "-INF": "-1e999", "NaN": ""}.get(text, text)
    return re.sub(r"^\+?(-?)0*(?=\d)", r"\1", spelling) if re.fullmatch(r"[+-]?\d+(\.\d+)?", spelling) else spelling


def _own_types(types: set[str]) -> list[str]:
    """A subject's types, without what RDF and OWL say of everything."""
    own = sorted(kind for kind in types if not kind.startswith((RDF, RDFS, OWL)))
    return own or sorted(types)


def _name_attributes(statements: RdfStatements) -> dict[str, str]:
    """The column for each predicate of a literal: its last part, or all of it where two would be called alike."""
    predicates = {predicate for said in statements.literals.values() for predicate, _, _ in said}
    predicates -= {*LABELS, *ALIASES, *DESCRIPTIONS}
    columns: dict[str, str] = {}
    for predicate in sorted(predicates, key=lambda address: (not address.startswith(OWN), address)):
        short = read_local("attribute", predicate)
        columns[predicate] = predicate if short in (*columns.values(), *_STANDARD) else short
    return columns


def _describe(addresses: list[str], kind: str, statements: RdfStatements, columns: Mapping[str, str]) -> pd.DataFrame:
    rows = [_describe_one(address, kind, statements, columns) for address in addresses]
    known = sorted({column for row in rows for column in row} - {kind})
    return pd.DataFrame(rows, columns=[kind, *known], dtype=object)


def _describe_one(address: str, kind: str, statements: RdfStatements, columns: Mapping[str, str]) -> dict[str, Any]:
    said = sorted(set(statements.literals.get(address, ())))
    row: dict[str, Any] = {kind: read_address(kind, address), "label": read_local(kind, address)}
    aliases = [text for predicate, _, text in said if predicate in ALIASES]
    for language, texts in _group(said, LABELS).items():
        row["label_" + language if language else "label"] = texts[0]
        aliases += texts[1:]
    for language, texts in _group(said, DESCRIPTIONS).items():
        row["description_" + language if language else "description"] = " ".join(texts)
    for predicate in dict.fromkeys(predicate for predicate, _, _ in said if predicate in columns):
        for language, texts in _group(said, (predicate,)).items():
            column = columns[predicate] + ("_" + language if language else "")
            row[column] = texts[0] if len(texts) == 1 else join_aliases(texts)
    if kind == "entity" and statements.types.get(address):
        row["type"] = _name_type(_own_types(statements.types[address])[0], statements)
    return row | {"aliases": aliases} if aliases else row


def _group(said: list[tuple[str, str, str]], predicates: tuple[str, ...]) -> dict[str, list[str]]:
    """Texts by language, those of the first predicates first; "" has the ones to show: unmarked, English, or any."""
    groups: dict[str, list[str]] = {}
    for predicate in predicates:
        for _, language, text in (statement for statement in said if statement[0] == predicate):
            if text not in groups.setdefault(language, []):
                groups[language].append(text)
    if groups and "" not in groups:
        english = sorted(language for language in groups if language == "en" or language.startswith("en-"))
        groups[""] = groups.pop(english[0]) if english else groups[min(groups)][:1]
    return groups


def _name_type(address: str, statements: RdfStatements) -> str:
    texts = _group(sorted(set(statements.literals.get(address, ()))), LABELS).get("")
    return texts[0] if texts else read_local("type", address)
