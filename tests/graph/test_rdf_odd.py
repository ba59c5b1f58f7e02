"""RDF that is legal and odd: names that XML knows otherwise, keys without an address, statements in several graphs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph, write_graph
from kgwb.graph.files.rdf_statements import write_address
from kgwb.graph.querying import query_graph

rdflib = pytest.importorskip("rdflib", reason="the independent reader: pip install rdflib")
Write = Callable[..., Path]
KIND, LABEL = rdflib.RDF.type, rdflib.RDFS.label


def _load(path: Path) -> set[tuple]:
    kind = {".nt": "nt", ".ttl": "turtle", ".rdf": "xml"}[path.suffix]
    return set(rdflib.Graph().parse(data=path.read_text("utf-8"), format=kind, publicID=path.as_uri()))


@pytest.mark.parametrize("kind", ["a(b)", "", "1", "xª", "ș", "a%20b"])
@pytest.mark.parametrize("more", ["", "<http://e/x> <http://e/p> <http://e/y> .\n"])
def test_any_type_is_written_as_xml(kind: str, more: str, write: Write, tmp_path: Path) -> None:
    path = write("a.nt", f"<http://e/x> <{KIND}> <http://e/{kind}> .\n{more}")
    assert _load(write_graph(read_graph(path), tmp_path / "b.rdf")) == _load(path)


@pytest.mark.parametrize(
    "address", ["http://e/1", "http://e/xª", "http://e/ș", f"{rdflib.RDF}li", f"{rdflib.RDF}about"]
)
def test_a_relation_that_not_every_reader_of_xml_can_name_is_refused(
    address: str, write: Write, tmp_path: Path
) -> None:
    graph = read_graph(write("a.nt", f"<http://e/a> <{address}> <http://e/b> .\n"))
    with pytest.raises(
        GraphFileError, match=r"^b\.rdf was not written: RDF/XML cannot hold .*write_graph\(graph, 'b\.nt'"
    ):
        write_graph(graph, tmp_path / "b.rdf")


def test_own_addresses_name_elements_of_xml() -> None:
    letters = "".join(map(chr, [*range(1, 0xD800), 0x1D11E, 0x20000]))
    address = write_address("relation", letters)
    assert "Ağș柏" not in address and "柏" in address and "ğ" in address
    assert ElementTree.fromstring(f"<{address.rpartition(':')[2]}/>").tag


def test_prefixes_that_xml_reserves_are_not_used(write: Write, tmp_path: Path) -> None:
    path = write("a.ttl", "@prefix xml: <http://x/> . @prefix rdf: <http://r/> . @prefix é: <http://e/> .\n"
                          "é:a xml:s é:b ; rdf:p 1 ; a <http://e/(t)> .")  # fmt: skip
    assert _load(write_graph(read_graph(path), tmp_path / "b.rdf")) == _load(path)


def test_full_stops_in_prefixes_and_kinds_of_text_are_spelt_out(write: Write, tmp_path: Path) -> None:
    path = write("a.ttl", "@prefix a.b: <http://e/> . a.b:x a.b:r a.b:y .")
    assert len(_load(write_graph(read_graph(path), tmp_path / "b.ttl"))) == 1
    path = write("a.ttl", '@prefix e: <http://e/> . e:x e:r "y"^^<http://e/a.> .')
    assert _load(write_graph(read_graph(path), tmp_path / "b.ttl")) == _load(path)


def test_what_is_new_in_rdf_is_refused_where_a_format_lacks_it(write: Write, tmp_path: Path) -> None:
    graph = read_graph(write("a.ttl", "@prefix : <http://e/> . <<:a :r :b>> :says :c ."))
    with pytest.raises(GraphFileError, match=r"b\.jsonld was not written: JSON-LD .*write_graph\(graph, 'b\.nq'\)"):
        write_graph(graph, tmp_path / "b.jsonld")
    assert read_graph(write_graph(graph, tmp_path / "b.nq")).notes == graph.notes


def test_keys_without_an_address_say_nothing_and_are_counted(write: Write) -> None:
    path = write("a.jsonld", '{"@id": "http://e/a", "name": "N", "at": {"@id": "http://e/b", "http://e/r": "x"}, '
                             '"http://e/r": {"@id": "http://e/c"}}')  # fmt: skip
    graph = read_graph(path)
    assert graph.notes == (("statements of keys without an address, left out", 3),)
    assert graph.to_pandas().to_numpy().tolist() == [["http://e/a", "http://e/r", "http://e/c"]]


def test_a_text_written_from_right_to_left_keeps_its_language(write: Write) -> None:
    text = '{"@id": "http://e/a", "http://e/p": {"@value": "x", "@language": "ar", "@direction": "rtl"}}'
    graph = read_graph(write("a.jsonld", text))
    assert graph.entities["p_ar"].tolist() == ["x"]
    assert dict(graph.notes) == {"language tags that are none, mended or left out": 1}


def test_a_context_on_the_network_is_not_fetched(write: Write) -> None:
    with pytest.raises(GraphFileError, match=r"has an @context that lies on the network.*Download it, and put"):
        read_graph(write("a.jsonld", '{"@context": "https://schema.org/", "@id": "http://e/a", "name": "N"}'))


def test_what_stands_in_two_graphs_is_one_statement(write: Write) -> None:
    said = "<http://e/a> <http://e/r> <http://e/b>"
    graph = read_graph(write("a.nq", f"{said} <http://e/g> .\n{said} <http://e/h> .\n{said} .\n"))
    assert query_graph(graph, "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")["n"].tolist() == [1]
    assert len(query_graph(graph, "SELECT ?g { GRAPH ?g { ?s ?p ?o } }")) == 2
    assert query_graph(graph, "SELECT ?s FROM <http://e/none> { ?s ?p ?o }").empty


@pytest.mark.parametrize("asked", ['lang(?l) = "zh-Hant"', "LANG(?l) IN ('zh-Hant', \"X\")", 'lang( ?l ) != "en-GB"'])
def test_a_language_may_be_spelt_in_any_letters(asked: str, write: Write) -> None:
    graph = read_graph(write("a.nt", f'<http://e/a> <{LABEL}> "x"@zh-Hant .\n<http://e/a> <{LABEL}> "y"@en-GB .\n'))
    assert query_graph(graph, f"SELECT ?l {{ ?s rdfs:label ?l FILTER({asked}) }}")["l"].tolist() == ["x"]


THINGS = some.sampled_from([rdflib.URIRef(f"http://e/{name}") for name in "abcT"])
LINKS = "r Label label label_zh name name_de Type alias Aliases description_de id Entity".split()
RELATIONS = some.sampled_from(
    [
        *(rdflib.URIRef(f"http://e/{name}") for name in LINKS),
        rdflib.URIRef("http://f/r"),
        LABEL,
        LABEL,
        KIND,
        KIND,
        rdflib.SKOS.altLabel,
        rdflib.SKOS.prefLabel,
        rdflib.RDFS.comment,
    ]
)
TEXTS = some.sampled_from([f"text{number}" for number in range(20)] + ["a|b", " ", "\t"])
LITERALS = some.builds(
    lambda text, tag: rdflib.Literal(text, lang=tag), TEXTS, some.sampled_from([None, "en", "de", "zh"])
)


@settings(max_examples=100, deadline=None)
@given(stated=some.sets(some.tuples(THINGS, RELATIONS, THINGS | LITERALS), min_size=1, max_size=10))
def test_every_statement_is_in_the_tables_or_counted(stated: set[tuple]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.nt"
        path.write_text("".join(f"{s.n3()} {p.n3()} {o.n3()} .\n" for s, p, o in stated), encoding="utf-8")
        graph = read_graph(path)
    counted = sum(count for what, count in graph.notes if what.endswith("not in the tables"))
    assert _count_hidden(graph, stated) <= counted


def _count_hidden(graph: KnowledgeGraph, stated: set[tuple]) -> int:
    """How many statements no cell of the tables and no triple shows."""
    links = set(graph.to_pandas().itertuples(index=False, name=None))
    tables = [graph.entities.set_index("entity", drop=False), graph.relations.set_index("relation", drop=False)]
    shown = {name: "\n".join(_list_cells(table.loc[name])) for table in tables for name in table.index}
    types = set(graph.entities["type"])
    kinds: set[str] = set()
    hidden = 0
    for head, relation, tail in stated:
        if isinstance(tail, rdflib.Literal):
            text = str(tail)
            hidden += text not in shown.get(str(head), "") and text.replace("|", "\\|") not in shown.get(str(head), "")
            hidden -= str(head) not in shown and text in types
        elif relation == KIND:
            hidden += not (str(head) in shown and str(head) not in kinds)
            kinds.add(str(head))
        else:
            hidden += (str(head), str(relation), str(tail)) not in links
    return hidden


def _list_cells(row: pd.Series) -> list[str]:
    return [part for cell in row for part in (cell if isinstance(cell, tuple) else (str(cell),))]


@pytest.mark.parametrize("tag", ["/en", "a b", "", "en_US"])
def test_whatever_xml_calls_a_language_can_be_asked_about(tag: str, write: Write, tmp_path: Path) -> None:
    said = f'<rdf:Description rdf:about="http://e/a"><e:p xml:lang="{tag}">t</e:p></rdf:Description>'
    path = write("a.rdf", f'<rdf:RDF xmlns:rdf="{rdflib.RDF}" xmlns:e="http://e/">{said}</rdf:RDF>')
    graph = read_graph(path)
    assert query_graph(graph, "SELECT ?t { ?x ?p ?t }")["t"].tolist() == ["t"]
    assert len(_load(write_graph(graph, tmp_path / "b.nt"))) == 1


def test_a_kind_of_text_that_is_no_address_is_refused(write: Write) -> None:
    with pytest.raises(GraphFileError, match="this is not JSON-LD"):
        read_graph(write("a.jsonld", '{"@id": "http://e/a", "http://e/p": {"@value": "x", "@type": ">id"}}'))
