"""What was read from RDF: asked about and written again it is what an independent reader, rdflib, finds in the file."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote as escape

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph, write_graph
from kgwb.graph.errors import QueryError
from kgwb.graph.patterns import match_pattern
from kgwb.graph.querying import query_graph

rdflib = pytest.importorskip("rdflib", reason="the independent reader: pip install rdflib")
Write = Callable[..., Path]
FOAF = """
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix ex: <http://example.org/> .
<> rdfs:seeAlso <semantics> ; foaf:primaryTopic <#me> .
<#me> a foaf:Person, ex:Author ; foaf:name "Zoë"@fr, "Zoe" ; foaf:age 42 ; foaf:knows [ a foaf:Person ; foaf:name "Bo" ] .
foaf:Person a owl:Class ; rdfs:subClassOf foaf:Agent, <http://example.org/Agent_(law)> ; rdfs:label "Person"@en, "人"@zh .
ex:Author rdfs:subClassOf foaf:Person ; rdfs:label "Author" ; rdfs:comment "writes" .
foaf:age a owl:DatatypeProperty ; rdfs:label "age" ; rdfs:comment "in years"@en, "in Jahren"@de .
<http://example.org/1st> ex:größe <http://example.org/é.> ; ex:born "1990-01-01"^^<http://www.w3.org/2001/XMLSchema#date> ;
    ex:tall true ; ex:length 1.50 , 2e3 .
"""
QUERIES = (
    "SELECT ?s ?p ?o { ?s ?p ?o FILTER(!isBlank(?s) && !isBlank(?o)) }",
    "SELECT ?a ?b { ?a rdfs:subClassOf ?b }",
    "SELECT ?a ?b { ?a rdfs:subClassOf+ ?b }",
    "SELECT ?p { ?p a foaf:Person FILTER(isIRI(?p)) }",
    "SELECT (COUNT(*) AS ?n) { ?p a foaf:Person }",
    "SELECT ?s ?l { ?s rdfs:label ?l }",
    'SELECT ?l { foaf:Person rdfs:label ?l FILTER(lang(?l) = "zh") }',
    "SELECT ?o { <http://example.org/1st> ex:größe ?o }",
    "SELECT ?a { ?a rdfs:subClassOf <http://example.org/Agent_(law)> }",
    "SELECT ?s (datatype(?o) AS ?d) { ?s ?p ?o FILTER(isIRI(?s) && isLiteral(?o) && lang(?o) = '') }",
    "SELECT ?n { [] foaf:name ?n }",
)


# What rdflib says of its own Dataset while it reads N-Quads and TriG.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{said}:DeprecationWarning")
    for said in ("Dataset.default_context", "ConjunctiveGraph is deprecated")
]


def load(path: Path) -> set[tuple]:
    """The ground triples that rdflib finds."""
    kind = {".nt": "nt", ".ttl": "turtle", ".owl": "xml", ".nq": "nquads", ".trig": "trig"}[path.suffix]
    found = rdflib.Dataset() if kind in ("nquads", "trig") else rdflib.Graph()
    found.parse(data=path.read_text("utf-8"), format=kind, publicID=path.as_uri())
    triples = {tuple(statement)[:3] for statement in (found.quads() if hasattr(found, "quads") else found)}
    return {triple for triple in triples if not any(isinstance(term, rdflib.BNode) for term in triple)}


@pytest.mark.parametrize("sparql", QUERIES)
def test_a_query_gives_what_rdflib_gives(sparql: str, write: Write) -> None:
    path = write("card.ttl", FOAF)
    expected = rdflib.Graph().parse(data=FOAF, format="turtle", publicID=path.as_uri()).query(sparql)
    found = query_graph(read_graph(path), sparql, labels=False)
    rows = sorted(tuple(map(_spell, row)) for row in expected)
    assert rows
    assert sorted(tuple(map(_spell, row)) for row in found.itertuples(index=False, name=None)) == rows


def _spell(cell: object) -> str:
    """A term of rdflib's, or what stands for it in a table: numbers by their value, all else by its text."""
    value = cell.toPython() if isinstance(cell, rdflib.Literal) else cell
    number = isinstance(value, (bool, int, float)) or type(value).__name__ == "Decimal"
    return repr(float(value)) if number else str(value)


LOCAL = some.text("abZ09_-.~é柏()',;!*+$&=@:/", max_size=5)
ADDRESSES = LOCAL.map(lambda name: rdflib.URIRef("http://example.org/" + name)) | some.sampled_from(
    [rdflib.RDF.type, rdflib.RDFS.label, rdflib.RDFS.subClassOf, rdflib.OWL.Class, rdflib.RDF.Property,
     rdflib.SKOS.altLabel, rdflib.FOAF.name, rdflib.URIRef("urn:isbn:1"), rdflib.URIRef("mailto:a@b.c"),
     rdflib.URIRef("urn:kgwb:entity.a.20."), rdflib.URIRef("urn:kgwb:type.a")]
)  # fmt: skip
WORDS = some.text(some.characters(exclude_categories=["Cs", "Cc"]) | some.sampled_from('\t\n\r"\\'), max_size=6)
LITERALS = some.one_of(
    WORDS.map(rdflib.Literal),
    some.builds(lambda text, tag: rdflib.Literal(text, lang=tag), WORDS, some.sampled_from(["en", "zh", "de-at"])),
    some.integers().map(rdflib.Literal),
    some.booleans().map(rdflib.Literal),
    some.dates().map(rdflib.Literal),
    some.builds(lambda text, kind: rdflib.Literal(text, datatype=kind), WORDS, ADDRESSES),
)
TRIPLES = some.lists(some.tuples(ADDRESSES, ADDRESSES, ADDRESSES | LITERALS), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("read", "written"), [("a.nt", "b.ttl"), ("a.ttl", "b.nt"), ("a.nt", "b.nq"), ("a.ttl", "b.trig")]
)
@settings(max_examples=60, deadline=None)
@given(triples=TRIPLES)
def test_ground_triples_survive(read: str, written: str, triples: list[tuple]) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / read
        stated = rdflib.Graph()
        for triple in triples:
            stated.add(triple)
        # N-Triples is Turtle as well, and rdflib's own Turtle cannot be read where a name ends in a full stop.
        path.write_text(stated.serialize(format="nt"), encoding="utf-8")
        assert load(write_graph(read_graph(path), Path(name) / written)) == load(path)


@pytest.mark.parametrize("name", ["b.nt", "b.ttl", "b.nq", "b.trig", "b.owl"])
def test_a_card_survives(name: str, write: Write, tmp_path: Path) -> None:
    path = write("card.ttl", FOAF.replace("ex:größe", "ex:height") if name == "b.owl" else FOAF)
    again = write_graph(read_graph(path), tmp_path / name)
    assert load(again) == load(path)
    assert read_graph(again).to_pandas().equals(read_graph(path).to_pandas())


def test_what_the_tables_do_not_show_is_counted(write: Write) -> None:
    assert dict(read_graph(write("card.ttl", FOAF)).notes) == {
        "blank nodes": 1,
        "further types of an entity, not in the tables": 1,
        "statements about classes and attributes, not in the tables": 4,
    }


def test_relative_addresses_have_a_base(write: Write) -> None:
    path = write("a card.ttl", FOAF)
    assert path.as_uri() + "#me" in set(read_graph(path).entities["entity"])
    names = set(read_graph(path, base="http://example.org/cards/zoe").entities["entity"])
    assert {"http://example.org/cards/zoe#me", "http://example.org/cards/semantics"} <= names
    assert escape("a card.ttl") in path.as_uri()


@pytest.mark.parametrize("tag", ["en_US", "abcdefghijklm", "e1", "en-", "_"])
@pytest.mark.parametrize("suffix", [".nt", ".ttl", ".nq", ".trig"])
def test_a_bad_language_tag_costs_no_file(tag: str, suffix: str, write: Write, tmp_path: Path) -> None:
    content = (
        f'<http://e.org/a> <http://e.org/says> "hi @no"@{tag} .\n<http://e.org/a> <http://e.org/r> <http://e.org/b> .\n'
    )
    graph = read_graph(write("a" + suffix, content))
    assert dict(graph.notes)["language tags that are none, mended or left out"] == 1
    texts = [cell for cell in graph.entities.iloc[0] if cell == "hi @no"]
    assert texts and len(graph) == 1
    assert len(query_graph(graph, "SELECT * { ?s ?p ?o }")) == 2
    assert len(load(write_graph(graph, tmp_path / "b.ttl"))) == 2
    with pytest.raises(GraphFileError, match="line 1: this is not"):
        read_graph(write("b" + suffix, content.replace("/says>", "/sa ys>")))


def test_a_bad_language_tag_in_xml_and_json(write: Write) -> None:
    xml = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.org/">
      <rdf:Description rdf:about=""><e:says xml:lang="en_US">hi</e:says></rdf:Description></rdf:RDF>"""
    json = '{"@id": "", "http://e.org/says": {"@value": "hi", "@language": "en_US"}}'
    for path in (write("a.rdf", xml), write("a.jsonld", json)):
        graph = read_graph(path)
        assert graph.entities["entity"].tolist() == [path.as_uri()]
        assert graph.entities["says"].tolist() == ["hi"]
        assert graph.notes == (("language tags that are none, mended or left out", 1),)


def test_named_graphs_are_merged_and_counted(write: Write, tmp_path: Path) -> None:
    quads = (
        "<http://e/a> <http://e/r> <http://e/b> <http://e/g> .\n"
        '<http://e/a> <http://e/says> "x <http://e/b>" _:h .\n<http://e/b> <http://e/r> _:x .\n'
    )
    trig = '@prefix e: <http://e/> . e:g { e:a e:r e:b } _:h { e:a e:says "x <http://e/b>" } e:b e:r _:x .'
    json = (
        '[{"@id": "http://e/g", "@graph": {"@id": "http://e/a", "http://e/r": {"@id": "http://e/b"}}}, '
        '{"@id": "_:h", "@graph": {"@id": "http://e/a", "http://e/says": "x <http://e/b>"}}, '
        '{"@id": "http://e/b", "http://e/r": {"@id": "_:x"}}]'
    )
    for path in (write("a.nq", quads), write("a.trig", trig), write("a.jsonld", json)):
        graph = read_graph(path)
        assert dict(graph.notes) == {"named graphs, merged": 2, "blank nodes": 2}
        assert len(graph) == 2
        assert graph.entities["says"].tolist().count("x <http://e/b>") == 1
        assert len(query_graph(graph, "SELECT * { ?s ?p ?o }")) == 3
        assert query_graph(graph, "SELECT ?s { GRAPH <http://e/g> { ?s ?p ?o } }", labels=False)["s"].tolist() == [
            "http://e/a"
        ]
        for name in ("b.nq", "b.trig", "b.jsonld"):
            assert read_graph(write_graph(graph, tmp_path / name)).notes == graph.notes
        assert len(load(write_graph(graph, tmp_path / "b.nt"))) == 2


def test_labels_and_kinds_name_what_the_file_states(write: Write) -> None:
    graph = read_graph(write("card.ttl", FOAF))
    assert query_graph(graph, "SELECT ?p { ?p a type:Author }")["p"].tolist() == ["Zoe"]
    assert query_graph(graph, "SELECT ?age { ?p attribute:age ?age }")["age"].tolist() == [42]
    assert query_graph(graph, "SELECT ?b { entity:Author relation:subClassOf ?b }")["b"].tolist() == ["Person"]
    friend = query_graph(graph, "SELECT ?f { entity:Zoe relation:knows ?f }", labels=False)["f"].tolist()
    assert friend == ["_:blank1"] == match_pattern(graph, [("Zoe", "knows", "?f")])["f"].tolist() or friend == [
        "_:blank1"
    ]
    with pytest.raises(QueryError, match=r"The entity '_:blank1' is a blank node, which no query can name\. Put a var"):
        query_graph(graph, 'ASK { entity:"_:blank1" ?p ?o }')
    twice = "<http://e/x> a <http://e/1#City> . <http://e/y> a <http://e/2#City> ."
    with pytest.raises(
        QueryError, match=r"The type 'City' stands for 2 addresses: <http://e/1#City> and <http://e/2#City>"
    ):
        query_graph(read_graph(write("b.ttl", twice)), "SELECT ?x { ?x a type:City }")


def test_a_graph_with_other_facts_says_what_it_holds(write: Write, tmp_path: Path) -> None:
    graph = read_graph(
        write("a.nt", "<http://e/a> <http://e/r> <http://e/b> .\n<http://e/a> <http://e/r> <http://e/(c)> .\n")
    )
    assert replace(graph, name="b").source is graph.source
    assert copy.deepcopy(graph).source is not None
    fewer = replace(graph, triples=graph.triples[:1])
    assert fewer.source is None
    assert query_graph(fewer, "SELECT ?x { <http://e/a> <http://e/r> ?x }", labels=False)["x"].tolist() == [
        "http://e/(c)"
    ]
    assert len([t for t in load(write_graph(fewer, tmp_path / "b.nt")) if str(t[1]) == "http://e/r"]) == 1


def test_the_store_is_kept_as_long_as_the_graph(countries: KnowledgeGraph) -> None:
    query_graph(countries, "ASK {}")
    kept = countries.kept["store"]
    assert query_graph(countries, "ASK { entity:Berlin relation:borders ?x }")["answer"].tolist() == [False]
    assert countries.kept["store"] is kept
    fewer = replace(countries, triples=countries.triples[:1])
    assert len(query_graph(fewer, "SELECT * { ?x relation:capital_of ?y }")) == 1
    assert len(query_graph(copy.deepcopy(countries), "SELECT * { ?x relation:capital_of ?y }")) == 2


@given(name=some.text(max_size=6) | some.sampled_from(["St.", "x ", "..", "http://e/a.", "http://e/(a)"]))
@settings(max_examples=60, deadline=None)
def test_rdflib_reads_the_turtle_of_every_name(name: str) -> None:
    graph = KnowledgeGraph.from_pandas(pd.DataFrame([(name, name, "b")], columns=["head", "relation", "tail"]))
    with tempfile.TemporaryDirectory() as folder:
        turtle, lines = (write_graph(graph, Path(folder) / file) for file in ("a.ttl", "a.nt"))
        assert load(turtle) == load(lines)


def test_a_relation_that_xml_cannot_name_is_refused(write: Write, tmp_path: Path) -> None:
    graph = read_graph(write("a.nt", "<http://e/a> <http://e/1> <http://e/b> .\n"))
    with pytest.raises(
        GraphFileError, match=r"RDF/XML cannot hold the relation 'http://e/1'.*write_graph\(graph, 'b.nt'\)"
    ):
        write_graph(graph, tmp_path / "b.rdf")
    assert not (tmp_path / "b.rdf").exists()
