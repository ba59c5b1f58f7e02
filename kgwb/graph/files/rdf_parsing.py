"""RDF in any syntax as statements in one spelling, N-Quads."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph.building import Notes, sum_notes
from kgwb.graph.errors import SKIP_HINT, ContentError, broken_row
from kgwb.graph.files.text import OnError, refuse_nested_entities
from kgwb.graph.files.text_lines import TextLines, can_number_cells, find_signs, number_cells
from kgwb.packages import load_package

RDF_NAMES = {
    ".nt": "N-Triples",
    ".ttl": "Turtle",
    ".rdf": "RDF/XML",
    ".owl": "RDF/XML",
    ".nq": "N-Quads",
    ".trig": "TriG",
    ".jsonld": "JSON-LD",
}
_LINES = ("N-Triples", "N-Quads")
_SPOT = re.compile(r"(Parser error at [^:]*: | \(line \d+\)$)")
_IN_GRAPH = re.compile(r'(.*?)(?: (<[^<>"\s]*>|_:[^\s"]+))?', re.DOTALL)
_BLANK = re.compile(r"_:[^\s]+")
_TAGGED_TEXT = re.compile(
    r'("""(?:[^"\\]|\\.|"(?!""))*"""|' + r"'''(?:[^'\\]|\\.|'(?!''))*'''|"
    r'"(?:[^"\\\n]|\\.)*"|' + r"'(?:[^'\\\n]|\\.)*')(?:@([\w\-]*))?|#[^\n]*|<[^<>\s]*>"
)

_MENDED = "language tags that are none, mended or left out"
Parse = Callable[..., tuple[str, dict[str, str]]]


@dataclass(frozen=True)
class RdfText:
    """What an RDF file says.

    Attributes:
        text: the statements as N-Quads, one a line, in one spelling.
        prefixes: the file's own prefixes.
        notes: what was mended, merged or skipped, counted.
        in_graphs: whether statements may stand in named graphs.
    """

    text: str
    prefixes: dict[str, str]
    notes: Notes
    in_graphs: bool

    def number_terms(self) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], list[str]]:
        """Which term is each statement's subject, predicate and object, int [statement] each; and the different terms.

        They are spelt as N-Quads spells them: `<address>`, `_:name`, `"text"@en`.
        """
        if self.text and can_number_cells():
            numbers, terms = _cut_statements(TextLines(self.text))
        else:
            rows = [line[:-2].split(" ", 2) for line in self.text.split("\n") if line]
            codes, distinct = pd.factorize(np.array(rows, dtype=object).reshape(-1))
            numbers, terms = list(codes.reshape(-1, 3).T), distinct.tolist()
        if self.in_graphs:
            codes, distinct = pd.factorize(np.array([_cut_graph(term)[0] for term in terms], dtype=object))
            numbers, terms = [codes[column] for column in numbers], distinct.tolist()
        subjects, predicates, objects = numbers
        return (subjects, predicates, objects), terms


def _cut_statements(lines: TextLines) -> tuple[list[np.ndarray], list[str]]:
    """The terms of statements that stand one on a line, behind each a blank, and a full stop behind the last."""
    blanks = find_signs(lines.signs, ord(" "))
    first = np.searchsorted(blanks, lines.starts)  # neither subjects nor predicates hold blanks
    behind, further = blanks[first], blanks[first + 1]
    return number_cells(lines, [(lines.starts, behind), (behind + 1, further), (further + 1, lines.ends - 2)])


def parse_rdf(text: str, suffix: str, on_error: OnError, base: str | None) -> RdfText:
    """Every statement of an RDF file.

    Addresses are taken as relative to `base`. A language tag that is none is mended where that is plain (en_US),
    otherwise left out, and counted.

    Raises:
        ContentError: a statement breaks the format; gives the line where the parser does.
        ImportError: pyoxigraph is not installed; gives the line that installs it.
    """
    oxigraph = load_package("pyoxigraph", f"Reading {suffix}")
    form = find_format(oxigraph, ".ttl" if suffix == ".owl" and not text.lstrip().startswith("<") else suffix)
    if form == oxigraph.RdfFormat.RDF_XML:
        refuse_nested_entities(text)

    def parse(piece: str, *, lenient: bool = False) -> tuple[str, dict[str, str]]:
        quads = oxigraph.parse(piece, format=form, base_iri=base, lenient=lenient)
        listed = _expect_addresses(oxigraph, quads) if lenient else quads
        nquads = oxigraph.serialize(listed, format=oxigraph.RdfFormat.N_QUADS).decode()
        return nquads, dict(quads.prefixes)

    notes: Notes = ()
    try:
        if form == oxigraph.RdfFormat.JSON_LD:
            nquads, prefixes, notes = _parse_json(text, base, oxigraph)
        else:
            nquads, prefixes = parse(text)
    except (SyntaxError, ValueError) as error:
        try:
            nquads, prefixes, notes = _parse_mended(text, base, parse, form, oxigraph)
        except (SyntaxError, ValueError):
            if on_error != "skip" or form.name not in _LINES:
                raise _explain(text, suffix, error) from None
            nquads, notes = _parse_lines(text, parse)
            prefixes = {}
    in_graphs = form.supports_datasets
    nquads, counted = _name_blanks(nquads, in_graphs=in_graphs, keep=form.name in _LINES)
    return RdfText(nquads, prefixes, sum_notes(notes, counted), in_graphs)


def find_format(oxigraph: Any, suffix: str) -> Any:
    """The parser's own name for the format of a suffix."""
    formats = oxigraph.RdfFormat
    return {
        ".nt": formats.N_TRIPLES,
        ".ttl": formats.TURTLE,
        ".nq": formats.N_QUADS,
        ".trig": formats.TRIG,
        ".jsonld": formats.JSON_LD,
    }.get(suffix, formats.RDF_XML)


def _parse_json(text: str, base: str | None, oxigraph: Any) -> tuple[str, dict[str, str], Notes]:
    """The statements of JSON-LD, where keys without an address mean nothing, and how many those state.

    A strict reader leaves out these, and what it does not like, without an error.
    """
    form = oxigraph.RdfFormat.JSON_LD
    quads = oxigraph.parse(text, format=form, base_iri=base, lenient=True)
    every = list(quads)
    listed = _expect_addresses(oxigraph, [quad for quad in every if ":" in quad.predicate.value])
    if len(listed) < len(every):
        listed = list(oxigraph.parse(text, format=form, base_iri=base))
    left = len(every) - len(listed)
    listed, notes = _mend_literals(listed, oxigraph)
    nquads = oxigraph.serialize(listed, format=oxigraph.RdfFormat.N_QUADS).decode()
    return nquads, dict(quads.prefixes), sum_notes((("statements of keys without an address, left out", left),), notes)


def _parse_mended(
    text: str, base: str | None, parse: Parse, form: Any, oxigraph: Any
) -> tuple[str, dict[str, str], Notes]:
    """The statements after the language tags are mended, in the file where its syntax allows, otherwise behind it."""
    if form in (oxigraph.RdfFormat.RDF_XML, oxigraph.RdfFormat.JSON_LD):
        quads = oxigraph.parse(text, format=form, base_iri=base, lenient=True)
        listed, notes = _mend_literals(_expect_addresses(oxigraph, quads), oxigraph)
        return oxigraph.serialize(listed, format=oxigraph.RdfFormat.N_QUADS).decode(), dict(quads.prefixes), notes
    mended, notes = _mend_tags(text, oxigraph)
    nquads, prefixes = parse(mended, lenient=True)
    return nquads, prefixes, notes


def _mend_tags(text: str, oxigraph: Any) -> tuple[str, Notes]:
    """A text of Turtle's family in which every language tag can be read, and how many were none."""
    broken = 0

    def mend(match: re.Match[str]) -> str:
        nonlocal broken
        if match[2] is None or _is_tag(match[2], oxigraph):
            return match[0]
        broken += 1
        tag = _mend_tag(match[2])
        return f"{match[1]}@{tag}" if tag else match[1]

    return _TAGGED_TEXT.sub(mend, text), ((_MENDED, broken),)


def _mend_literals(quads: list[Any], oxigraph: Any) -> tuple[list[Any], Notes]:
    """Statements in which every language tag is one and no text has a direction, and how many had another."""
    mended = []
    for quad in quads:
        said = quad.object
        language = said.language if type(said).__name__ == "Literal" else None
        if language is not None and (said.direction or not _is_tag(language, oxigraph)):
            literal = oxigraph.Literal(said.value, language=_mend_tag(language))
            mended.append(oxigraph.Quad(quad.subject, quad.predicate, literal, quad.graph_name))
        else:
            mended.append(quad)
    broken = sum(one is not other for one, other in zip(mended, quads, strict=True))
    return mended, ((_MENDED, broken),)


def _is_tag(tag: str, oxigraph: Any) -> bool:
    try:
        return bool(oxigraph.Literal("", language=tag))
    except ValueError:
        return False


def _mend_tag(tag: str) -> str | None:
    """The language that a broken tag is plainly meant for, or None; behind -- is the direction of writing."""
    mended = tag.partition("--")[0].replace("_", "-").strip("-")
    return mended if re.fullmatch(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*", mended) else None


def _expect_addresses(oxigraph: Any, quads: Any) -> list[Any]:
    """The statements of a lenient reader, which checks no address.

    Raises:
        ValueError: one of them is none.
    """
    listed = list(quads)
    terms = (term for quad in listed for term in (quad.subject, quad.predicate, quad.object, quad.graph_name))
    terms = (term.datatype if type(term).__name__ == "Literal" else term for term in terms)
    for address in {term.value for term in terms if type(term).__name__ == "NamedNode"}:
        oxigraph.NamedNode(address)
    return listed


def _parse_lines(text: str, parse: Parse) -> tuple[str, Notes]:
    """The statements of the lines that can be read, and how many others there are."""
    read, skipped = [], 0
    for line in text.split("\n"):
        try:
            read.append(parse(line)[0])
        except (SyntaxError, ValueError):
            skipped += 1
    return "".join(read), (("broken lines", skipped),)


def _name_blanks(nquads: str, *, in_graphs: bool, keep: bool) -> tuple[str, Notes]:
    """The statements with their blank nodes renamed, and how many of these and of named graphs there are."""
    if not in_graphs and "_:" not in nquads:
        return nquads, ()
    # Blank nodes without a name get random ones from the parser; numbers in order of appearance do not change.
    blanks: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        return blanks.setdefault(match[0], match[0] if keep else f"_:blank{len(blanks) + 1}")

    graphs, written = set(), []
    for line in nquads.split("\n")[:-1]:
        head, relation, tail = line[:-2].split(" ", 2)
        tail, graph = _cut_graph(tail) if in_graphs else (tail, "")
        terms = [
            _BLANK.sub(rename, term) if term.startswith(("_:", "<<(")) else term
            for term in (head, relation, tail, graph)
            if term
        ]
        graphs.add(graph)
        written.append(" ".join((*terms, ".\n")))
    return "".join(written), (("named graphs, merged", len(graphs - {""})), ("blank nodes", len(blanks)))


def _cut_graph(rest: str) -> tuple[str, str]:
    """An object and the named graph behind it, or ""."""
    found = _IN_GRAPH.fullmatch(rest)
    assert found is not None  # the pattern takes everything
    return found[1], found[2] or ""


def _explain(text: str, suffix: str, error: Exception) -> ContentError:
    form = RDF_NAMES[suffix]
    if "LoadDocumentCallback" in str(error):
        return ContentError(
            "has an @context that lies on the network, and reading asks no network. Download it, and put what it says "
            'in the place of its address: "@context": {...}.'
        )
    rule = f"this is not {form}: {_SPOT.sub('', str(error)).strip().rstrip('.')}."
    hint = SKIP_HINT
    if form not in _LINES:
        hint = f"Mend it; a broken statement of {form} cannot be skipped, because those behind it may depend on it."
    if suffix == ".owl":
        hint += " Ontologies in functional or Manchester syntax have to be saved as RDF/XML first."
    line = getattr(error, "lineno", None)
    lines = text.split("\n")
    if line is None or not 0 < line <= len(lines):
        return ContentError(f"cannot be read: {rule} {hint}")
    return broken_row(line, lines[line - 1], rule, hint=hint)
