"""RDF: resources become triples, what is said of them in words and numbers becomes the table of entities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.graph import GraphFileError, read_graph
from kgwb.graph.files.rdf_statements import is_web_address, read_address, write_address

Write = Callable[..., Path]
TURTLE = """
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
:Berlin a :City, owl:NamedIndividual ; rdfs:label "Berlin"@en, "柏林"@zh, "Berlin"@de ; skos:altLabel "Spree-Athen" ;
    rdfs:comment "capital"@en, "首都"@zh ; :population 3700000 ; :code "030" ; :capitalOf :Germany ; :motto "a", "b" .
:Germany a :Country ; rdfs:label "Deutschland"@de, "Germany"@en, "West Germany"@en ;
    :population "083000000"^^<http://www.w3.org/2001/XMLSchema#integer> .
:City rdfs:label "city" .
:Lone rdfs:label "Lone" .
:capitalOf a owl:ObjectProperty ; rdfs:label "is the capital of"@en, "的首都"@zh .
"""


def test_what_turtle_says(write: Write) -> None:
    graph = read_graph(write("places.ttl", TURTLE))
    assert graph.to_pandas().to_numpy().tolist() == [
        ["http://example.org/Berlin", "http://example.org/capitalOf", "http://example.org/Germany"]
    ]
    assert graph.labels == ("Berlin", "Germany", "Lone")
    berlin = graph.entities.iloc[graph.entity_id("Berlin")]
    assert berlin["type"] == "city"
    assert berlin["aliases"] == ("Spree-Athen",)
    assert (berlin["description"], berlin["description_zh"], berlin["label_zh"]) == ("capital", "首都", "柏林")
    assert (berlin["code"], berlin["motto"]) == ("030", "a|b")
    germany = graph.entities.iloc[graph.entity_id("Germany")]
    assert (germany["label_de"], germany["aliases"]) == ("Deutschland", ("West Germany",))
    assert graph.entities["population"].dropna().tolist() == [3_700_000, 83_000_000]
    assert graph.relation_labels == ("is the capital of",)
    assert graph.relations["label_zh"].tolist() == ["的首都"]


def test_names_are_shown_by_their_last_part(write: Write) -> None:
    graph = read_graph(write("a.nt", "<http://e.org/x#New_York> <http://e.org/in> <http://e.org/USA/> .\n"))
    assert graph.labels == ("USA", "New_York")
    assert graph.entity_id("http://e.org/x#New_York") == 1


def test_blank_nodes_have_the_same_names_every_time(write: Write) -> None:
    path = write("a.ttl", "[] <http://e.org/in> [ <http://e.org/in> <http://e.org/USA> ] .\n")
    assert read_graph(path).fingerprint == read_graph(path).fingerprint
    graph = read_graph(write("a.nt", "_:x <http://e.org/in> _:y .\n"))
    assert set(graph.entities["entity"]) == {"_:x", "_:y"}


def test_xml_and_owl_in_either_syntax(write: Write) -> None:
    xml = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e.org/">
      <rdf:Description rdf:about="http://e.org/a"><e:r rdf:resource="http://e.org/b"/></rdf:Description></rdf:RDF>"""
    turtle = "@prefix e: <http://e.org/> .\ne:a e:r e:b ."
    for path in (write("a.rdf", xml), write("b.owl", xml), write("c.owl", turtle)):
        assert read_graph(path).labels == ("a", "b")


def test_what_is_not_kept_is_counted(write: Write) -> None:
    content = (
        "<http://e/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/B>, <http://e/A> .\n"
        "<http://e/a> <http://e/r> <<( <http://e/x> <http://e/y> <http://e/z> )>> .\n"
    )
    graph = read_graph(write("a.ttl", content))
    assert graph.entities["type"].tolist() == ["A"]
    assert dict(graph.notes) == {
        "statements about statements, not in the tables": 1,
        "further types of an entity, not in the tables": 1,
    }


def test_broken_lines_are_shown_or_skipped(write: Write) -> None:
    path = write("a.nt", "<http://e/a> <http://e/r> <http://e/b> .\nnonsense\n# a comment\n")
    with pytest.raises(GraphFileError) as error:
        read_graph(path)
    first, line, hint = str(error.value).split("\n")
    assert first.startswith(f"{path}, line 2: this is not N-Triples: ")
    assert line == "  nonsense"
    assert 'on_error="skip"' in hint
    assert read_graph(path, on_error="skip").notes == (("broken lines", 1),)
    with pytest.raises(GraphFileError, match=r"line 2: this is not Turtle: .*\n.*\n.*cannot be skipped"):
        read_graph(write("a.ttl", "\nnonsense\n"), on_error="skip")
    with pytest.raises(
        GraphFileError, match=r"this is not RDF/XML: .*functional or Manchester syntax have to be saved"
    ):
        read_graph(write("a.owl", "<rdf:RDF>"))


@given(st.text(max_size=8))
def test_every_name_has_its_own_address(name: str) -> None:
    address = write_address("entity", name)
    assert read_address("entity", address) == name
    assert is_web_address(name) == (address == name)


def test_the_vocabulary_is_no_name() -> None:
    assert is_web_address("http://example.org/Berlin")
    assert not is_web_address("http://www.w3.org/2000/01/rdf-schema#label")
    assert not is_web_address("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
