"""Questions to a graph in SPARQL, answered by an embedded store as data frames."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from kgwb.checks import expect_flags
from kgwb.graph.errors import QueryError
from kgwb.graph.files.rdf_statements import OWN, XSD, read_local, state_graph
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.graph.query_names import QueryNames
from kgwb.packages import load_package
from kgwb.words import describe_kind

_FLOATS = {XSD + kind for kind in ("decimal", "double", "float")}
_CHANGE = re.compile(
    r"(?:\s|#[^\n]*\n|(?:prefix\s+[\w.-]*:|base)\s*<[^>]*>)*"
    r"(insert|delete|load|clear|create|drop|copy|move|add|with)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"error at (\d+):(\d+): ")


@dataclass(frozen=True, eq=False, repr=False)
class GraphStore:
    """A graph that answers SPARQL; it is filled at the first question.

    Names are written with their kind before them: entity:Berlin, relation:capital, type:city, attribute:population.
    After the colon stands a name or a label, in quotation marks where it holds more than letters, digits, - and _:
    entity:"New York". The prefixes rdf, rdfs, skos, owl and xsd are known; `rdfs:label` leads to the labels in all
    languages, `a` to the type, `skos:altLabel` to aliases, `rdfs:comment` to the description.

    Attributes:
        graph: what is asked about.

    Example:
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany"), ("Paris", "capital_of", "France")],
        ...     columns=["head", "relation", "tail"])
        >>> store = GraphStore(KnowledgeGraph.from_pandas(facts))
        >>> store.query("SELECT ?city { ?city relation:capital_of entity:France }")
            city
        0  Paris
    """

    graph: KnowledgeGraph

    def __post_init__(self) -> None:
        expect_graph(self.graph, "GraphStore({})")

    def query(self, sparql: str, *, labels: bool = True) -> pd.DataFrame:
        """Ask a question.

        Args:
            sparql: SELECT, ASK, CONSTRUCT or DESCRIBE, SPARQL 1.1.
            labels: whether to give entities and relations by label or by name; `graph.entity_id` takes both.

        Returns:
            SELECT: a column per variable, in the order of the query; None where it is unbound. ASK: one cell, "answer".
            CONSTRUCT and DESCRIBE: head, relation, tail.

        Raises:
            QueryError: the query cannot be read; shows where, and a query that this graph answers.
            UnknownNameError: the graph has no such name; gives the nearest.
            ImportError: pyoxigraph is not installed; gives the line that installs it.
        """
        expect_flags(labels=labels)
        if not isinstance(sparql, str):
            raise QueryError(f"A query is a text, but {describe_kind(sparql)} came. {self._suggest()}")
        written = self._names.write(sparql)
        try:
            answers = self._store.query(self._preamble + written)
            frame = self._read(answers, labels)
        except SyntaxError as error:
            change = _CHANGE.match(sparql)
            if change:
                raise QueryError(
                    f"{change[1].upper()} changes what is stored, and a graph stays as it is. Make another one: "
                    f"KnowledgeGraph.from_pandas(frame). {self._suggest()}"
                ) from None
            raise self._explain(sparql, written, str(error)) from None
        except (OSError, ValueError, RuntimeError) as error:
            raise QueryError(f"The query cannot be answered: {error}. {self._suggest()}") from None
        if not re.search(r"(?i)\bselect\s+(distinct\s+|reduced\s+)?\*", written):
            return frame
        named = dict.fromkeys(re.findall(r"[?$](\w+)", written))  # the store has an order of its own for *
        return frame[[name for name in named if name in frame]]

    def __repr__(self) -> str:
        return f"GraphStore of {self.graph.name!r}, to be asked: {self._suggest().removeprefix('For example: ')}"

    @cached_property
    def _names(self) -> QueryNames:
        return QueryNames(self.graph)

    @cached_property
    def _store(self) -> Any:
        oxigraph = load_package("pyoxigraph", "Asking in SPARQL")
        store = oxigraph.Store()
        source = self.graph.source
        if source is None:
            store.bulk_extend(oxigraph.Quad(*terms) for terms in state_graph(self.graph, oxigraph))
        elif "_:" in source.text:  # `load` would rename blank nodes, which the tables know by name
            store.bulk_extend(oxigraph.parse(source.text, format=oxigraph.RdfFormat.N_QUADS, lenient=True))
        else:
            store.load(source.text, format=oxigraph.RdfFormat.N_QUADS, lenient=True)
        # What stands in a named graph is asked with the rest, as the tables show it with the rest; the store's own way
        # counts what stands in two of them twice.
        if next(store.named_graphs(), None) is not None:
            store.bulk_extend([oxigraph.Quad(*quad.triple) for quad in store])
        return store

    @cached_property
    def _preamble(self) -> str:
        return "".join(f"PREFIX {prefix}: <{address}>\n" for prefix, address in self._names.prefixes.items())

    def __getstate__(self) -> dict[str, Any]:
        """A copy fills a store of its own."""
        return {"graph": self.graph}

    def _read(self, answers: Any, labels: bool) -> pd.DataFrame:
        kind = type(answers).__name__
        if kind == "QueryBoolean":
            return pd.DataFrame({"answer": [bool(answers)]})
        known = self._names.labels if labels else self._names.names
        if kind == "QueryTriples":
            rows = [[_read_term(term, known) for term in answer] for answer in answers]
            return pd.DataFrame(rows, columns=["head", "relation", "tail"])
        variables = [variable.value for variable in answers.variables]
        columns = list(zip(*answers, strict=True)) or [()] * len(variables)
        read = (pd.Series([_read_term(term, known) for term in column]) for column in columns)
        return pd.DataFrame(dict(zip(variables, read, strict=True)))

    def _explain(self, sparql: str, written: str, message: str) -> QueryError:
        place, rule = _PLACE.match(message), _PLACE.sub("", message).strip()
        if "Prefix not found" in rule:
            known = ", ".join(["entity", "relation", "type", "attribute", *self._names.prefixes])
            rule = f"a prefix is not known. There are {known}; others need a line PREFIX name: <address>"
        elif rule.startswith("expected"):
            rule = "something else was expected here"
        if place is None:
            return QueryError(f"The query cannot be read: {rule}. {self._suggest()}")
        lines = written.split("\n")[: int(place[1]) - len(self._names.prefixes) - 1]
        spot = self._names.locate(sparql, sum(len(line) + 1 for line in lines) + int(place[2]) - 1)
        begin = sparql.rfind("\n", 0, spot) + 1
        shown = sparql[begin:].split("\n")[0].expandtabs(1)
        return QueryError(
            f"The query cannot be read at line {len(lines) + 1}, column {spot - begin + 1}: {rule}.\n"
            f"  {shown}\n  {' ' * (spot - begin)}^\n{self._suggest()}"
        )

    def _suggest(self) -> str:
        """A query that this graph answers, for its first relation."""
        relation = "?relation"
        if len(self.graph):
            relation = write_name("relation", self.graph.relation_labels[self.graph.triples[0, 1]])
        return f"For example: SELECT ?head ?tail {{ ?head {relation} ?tail }} LIMIT 5"


def query_graph(graph: KnowledgeGraph, sparql: str, *, labels: bool = True) -> pd.DataFrame:
    """Ask a graph a question in SPARQL; the first one fills a store, which is kept as long as the graph.

    A graph that was read from RDF is asked about every statement of its file, with the file's own addresses and
    prefixes; where a statement stands in a named graph, with and without GRAPH.

    Args:
        graph: what is asked about.
        sparql: SELECT, ASK, CONSTRUCT or DESCRIBE; names as in entity:Berlin, relation:"is the capital of", type:city,
            attribute:population.
        labels: whether to give entities and relations by label or by name.

    Returns:
        A column per variable.

    Raises:
        QueryError: the query cannot be read; shows where, and a query that this graph answers.
        UnknownNameError: the graph has no such name; gives the nearest.
        ImportError: pyoxigraph is not installed; gives the line that installs it.

    Example:
        >>> facts = pd.DataFrame([("Berlin", "capital_of", "Germany")], columns=["head", "relation", "tail"])
        >>> query_graph(KnowledgeGraph.from_pandas(facts), "ASK { entity:Berlin relation:capital_of ?country }")
           answer
        0    True
    """
    expect_graph(graph, "query_graph({}, sparql)")
    store: GraphStore = graph.kept.setdefault("store", GraphStore(graph))
    return store.query(sparql, labels=labels)


def write_name(kind: str, name: str) -> str:
    """A name or label as it is written in a query.

    Example:
        >>> write_name("entity", "Berlin"), write_name("relation", "is the capital of")
        ('entity:Berlin', 'relation:"is the capital of"')
    """
    if re.fullmatch(r"\w(?:[\w.\-]*[\w\-])?", name):
        return f"{kind}:{name}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'{kind}:"{escaped}"'


def _read_term(term: Any, known: dict[str, str]) -> object:
    """What a term says in a table: a label or name, a number, a text."""
    kind = type(term).__name__
    if kind == "NamedNode":
        address = term.value
        return known[address] if address in known else _read_kind(address)
    if kind == "BlankNode":
        return known.get(f"_:{term.value}", f"_:{term.value}")
    if kind != "Literal":
        return None if term is None else str(term)
    datatype = term.datatype.value
    if datatype == XSD + "integer":
        return int(term.value)
    if datatype in _FLOATS:
        return float(term.value)
    return term.value == "true" if datatype == XSD + "boolean" else str(term.value)


def _read_kind(address: str) -> str:
    """The name of a type or attribute of kgwb's own; any other address stays as it is."""
    own = (kind for kind in ("type", "attribute") if address.startswith(f"{OWN}{kind}."))
    kind = next(own, None)
    return read_local(kind, address) if kind else address
