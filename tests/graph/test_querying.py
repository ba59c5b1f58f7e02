"""SPARQL and patterns: against brute force and each other, names of every kind, and what is said when one is wrong."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kgwb.graph import KnowledgeGraph, UnknownNameError, read_graph
from kgwb.graph.errors import QueryError
from kgwb.graph.patterns import match_pattern
from kgwb.graph.querying import GraphStore, query_graph, write_name

ENTITIES, RELATIONS = 4, 2
triples_of = some.lists(
    some.tuples(some.integers(0, ENTITIES - 1), some.integers(0, RELATIONS - 1), some.integers(0, ENTITIES - 1)),
    max_size=12,
)
ends = some.one_of(some.integers(0, ENTITIES - 1), some.sampled_from(["?x", "?y", "?z"]))
links = some.one_of(some.integers(0, RELATIONS - 1), some.sampled_from(["?r", "?s"]))
patterns_of = some.lists(some.tuples(ends, links, ends), min_size=1, max_size=3)


def _build(rows: list[tuple[str, str, str]], name: str = "graph") -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(rows, columns=["head", "relation", "tail"], dtype=object), name=name)


def _number(triples: list[tuple[int, int, int]]) -> KnowledgeGraph:
    frame = pd.DataFrame([(f"e{h}", f"r{r}", f"e{t}") for h, r, t in triples], columns=["head", "relation", "tail"])
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(ENTITIES)]})
    relations = pd.DataFrame({"relation": [f"r{i}" for i in range(RELATIONS)]})
    return KnowledgeGraph.from_pandas(frame, entities, relations=relations)


def _match_by_hand(triples: set, patterns: list[tuple]) -> set[tuple]:
    variables = list(dict.fromkeys(term for pattern in patterns for term in pattern if isinstance(term, str)))
    ranges = [range(RELATIONS if name in ("?r", "?s") else ENTITIES) for name in variables]
    found = set()
    for values in itertools.product(*ranges):
        value = dict(zip(variables, values, strict=True))
        if all(tuple(value.get(term, term) for term in pattern) in triples for pattern in patterns):
            found.add(
                tuple(f"{'r' if name in ('?r', '?s') else 'e'}{i}" for name, i in zip(variables, values, strict=True))
            )
    return found


@given(triples=triples_of, patterns=patterns_of)
def test_patterns_equal_brute_force(triples: list, patterns: list[tuple]) -> None:
    frame = match_pattern(_number(triples), patterns)
    expected = _match_by_hand(set(triples), patterns)
    assert set(frame.itertuples(index=False, name=None)) == expected
    assert len(frame) == len(expected)
    assert list(frame.columns) == list(
        dict.fromkeys(term[1:] for pattern in patterns for term in pattern if isinstance(term, str))
    )


@given(triples=triples_of, patterns=patterns_of)
def test_patterns_and_sparql_agree(triples: list, patterns: list[tuple]) -> None:
    pytest.importorskip("pyoxigraph", reason="needs the store: pip install pyoxigraph")
    graph = _number(triples)
    # A relation that is a variable also meets what RDF says of labels and types.
    patterns = [(head, relation if isinstance(relation, int) else 0, tail) for head, relation, tail in patterns]
    terms = [
        f"{h if isinstance(h, str) else f'entity:e{h}'} relation:r{r} {t if isinstance(t, str) else f'entity:e{t}'}"
        for h, r, t in patterns
    ]
    by_pattern = match_pattern(graph, patterns)
    if by_pattern.shape[1]:
        by_sparql = query_graph(graph, f"SELECT * {{ {' . '.join(terms)} }}")[list(by_pattern.columns)]
        rows = [sorted(frame.itertuples(index=False, name=None)) for frame in (by_pattern, by_sparql)]
        assert rows[0] == rows[1]
    else:
        assert query_graph(graph, f"ASK {{ {' . '.join(terms)} }}")["answer"].tolist() == [len(by_pattern) == 1]


@given(label=some.text(max_size=12), relation=some.text(max_size=12))
def test_every_name_can_be_asked_for(label: str, relation: str) -> None:
    graph = _build([(label, relation, "the answer")])
    asked = f"SELECT ?x {{ {write_name('entity', label)} {write_name('relation', relation)} ?x }}"
    assert query_graph(graph, asked)["x"].tolist() == ["the answer"]
    assert match_pattern(graph, [(graph.entity_id(label), graph.relation_id(relation), "?x")])["x"].tolist() == [
        "the answer"
    ]


HOSTILE = ["New York", "柏林", "a#b", "x<y>z", 'say "hi"', "it's", "tab\there", "line\nbreak", "back\\slash", "/m/01", "-",
           "http://example.org/Berlin", "?x", "service", "} DROP ALL", "entity:e1", "1.5", "\u202eright"]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name: str) -> None:
    graph = _build([(name, name, "a"), ("a", name, name)])
    asked = f"SELECT ?x ?r {{ {write_name('entity', name)} {write_name('relation', name)} ?x . ?x ?r entity:a }}"
    assert query_graph(graph, asked).empty
    asked = f"SELECT ?x {{ ?x {write_name('relation', name)} entity:a }}"
    assert query_graph(graph, asked)["x"].tolist() == [name]
    assert query_graph(graph, asked, labels=False)["x"].tolist() == [name]


def test_what_a_graph_says(countries: KnowledgeGraph) -> None:
    store = GraphStore(countries)
    capitals = store.query('SELECT ?city ?country { ?city relation:"is the capital of" ?country } ORDER BY ?city')
    assert capitals.to_dict("list") == {"city": ["Berlin", "paris"], "country": ["Germany", "France"]}
    assert store.query("SELECT ?city { ?city relation:capital_of entity:Deutschland }")["city"].tolist() == ["Berlin"]
    names = store.query("SELECT ?city ?r { ?city ?r entity:germany }", labels=False)
    assert names.to_dict("list") == {"city": ["berlin"], "r": ["capital_of"]}
    large = store.query("SELECT ?x ?area { ?x a type:country ; attribute:area ?area FILTER(?area > 400000) }")
    assert large.to_dict("list") == {"x": ["France"], "area": [543940]}
    kinds = store.query(
        "SELECT ?kind (COUNT(*) AS ?number) { ?x a ?kind . ?x attribute:area [] } GROUP BY ?kind ORDER BY ?kind"
    )
    assert kinds.to_dict("list") == {"kind": ["city", "country"], "number": [1, 2]}
    chinese = store.query('SELECT ?l { entity:Berlin rdfs:label ?l FILTER(lang(?l) = "zh") }')
    assert chinese["l"].tolist() == ["柏林"]
    assert store.query("ASK { entity:Berlin relation:borders ?x }")["answer"].tolist() == [False]
    made = store.query("CONSTRUCT { ?y relation:borders ?x } WHERE { ?x relation:borders ?y }")
    assert made.to_numpy().tolist() == [["France", "borders", "Germany"]]
    unbound = store.query("SELECT ?x ?y { ?x relation:borders [] OPTIONAL { ?x relation:capital_of ?y } }")
    assert unbound["y"].isna().all() and unbound["x"].tolist() == ["Germany"]
    assert store.query("SELECT ?x { ?x relation:borders ?x }").columns.tolist() == ["x"]
    assert repr(store).startswith("GraphStore of 'countries', to be asked: SELECT ?head ?tail { ?head relation:")


def test_what_comes_back_is_a_value(countries: KnowledgeGraph) -> None:
    asked = "SELECT (1 AS ?a) (1.5 AS ?b) (true AS ?c) ('x'@en AS ?d) (BNODE() AS ?e) (1e3 AS ?f) (<http://e.org/> AS ?g) {}"
    row = query_graph(countries, asked).iloc[0].to_dict()
    assert row.pop("e").startswith("_:")
    assert row == {"a": 1, "b": 1.5, "c": True, "d": "x", "f": 1000.0, "g": "http://e.org/"}


def test_names_as_kgwb_writes_them_in_files() -> None:
    graph = _build([("New York", "lies in", "USA")])
    assert query_graph(graph, "SELECT ?x { entity:New.20.York relation:lies.20.in ?x }")["x"].tolist() == ["USA"]
    assert query_graph(graph, "SELECT ?x { <urn:kgwb:entity.New.20.York> ?r ?x FILTER(isIRI(?x)) }")["x"].tolist() == [
        "USA"
    ]


def test_texts_comments_addresses_and_own_prefixes_stay() -> None:
    graph = _build([("a", "r", "b")])
    asked = """# entity:nobody
        SELECT ('entity:nobody' AS ?t) ("type:none" AS ?u) (<http://e.org/entity:nobody> AS ?v) ?entity
        { ?entity relation:r [] }"""
    said = query_graph(graph, asked).iloc[0].tolist()
    assert said == ["entity:nobody", "type:none", "http://e.org/entity:nobody", "a"]
    own = "PREFIX entity: <urn:kgwb:entity.>\nSELECT ?x { entity:a relation:r ?x . FILTER(?x != entity:nobody) }"
    assert query_graph(graph, own)["x"].tolist() == ["b"]


def test_unknown_names_give_the_nearest(countries: KnowledgeGraph) -> None:
    for kind, name, near in (
        ("entity", "Berln", "'Berlin'"),
        ("relation", "boarders", "'borders'"),
        ("type", "town", "'country'"),
        ("attribute", "areas", "'area'"),
    ):
        with pytest.raises(UnknownNameError, match=rf"Unknown {kind} '{name}'\. The nearest labels are .*{near}"):
            query_graph(countries, f"SELECT ?x {{ ?x ?y {kind}:{name} }}")
    with pytest.raises(UnknownNameError, match=r"Unknown entity 'Berln'\. The nearest labels are 'Berlin'"):
        match_pattern(countries, [("Berln", "borders", "?x")])
    with pytest.raises(UnknownNameError, match=r"Unknown relation 'boarders'\. The nearest labels are 'borders'"):
        match_pattern(countries, [("?x", "boarders", "?y")])


def test_a_query_that_cannot_be_read(countries: KnowledgeGraph) -> None:
    with pytest.raises(QueryError) as error:
        query_graph(countries, "SELECT ?x {\n  ?x relation:borders }")
    assert str(error.value) == (
        "The query cannot be read at line 2, column 23: something else was expected here.\n"
        "    ?x relation:borders }\n"
        "                        ^\n"
        'For example: SELECT ?head ?tail { ?head relation:"is the capital of" ?tail } LIMIT 5'
    )
    with pytest.raises(
        QueryError, match=r"a prefix is not known\. There are entity, relation, .* PREFIX name: <address>"
    ):
        query_graph(countries, "SELECT ?x { ?x foo:bar ?y }")
    for change in ("INSERT DATA { <a:b> <a:c> <a:d> }", "PREFIX e: <e:> # so\ndelete where { ?s ?p ?o }", "CLEAR ALL"):
        with pytest.raises(
            QueryError, match=r"^[A-Z]+ changes what is stored.*Make another one: .*For example: SELECT"
        ):
            query_graph(countries, change)
    with pytest.raises(QueryError, match=r"SERVICE asks another computer\..*leave SERVICE out\."):
        query_graph(countries, "SELECT ?x { service <http://localhost/> { ?x ?y ?z } }")
    assert query_graph(countries, "SELECT ?service { ?service relation:borders [] }")["service"].tolist() == ["Germany"]


def test_without_the_store(countries: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyoxigraph", None)
    with pytest.raises(ImportError, match=r"Asking in SPARQL needs pyoxigraph, which .*Type: pip install pyoxigraph"):
        query_graph(countries, "ASK {}")
    assert match_pattern(countries, [("?x", "borders", "?y")]).to_numpy().tolist() == [["Germany", "France"]]


EXAMPLE = r'For example: match_pattern\(graph, \[\("\?head", '


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([], r"No pattern came\. " + EXAMPLE),
        (["?x"], r"'\?x' is no pattern\. Expected \(head, relation, tail\)\. " + EXAMPLE),
        ([("?x", "borders")], r"\('\?x', 'borders'\) is no pattern\."),
        ([("?", "borders", "?y")], r"'\?' is no variable: after the \? come letters.* graph\.entity_id\('\?'\)"),
        ([("?x", "?r", "?y"), ("?r", "borders", "?y")], r"\?r stands for a relation and for an entity\."),
    ],
)
def test_patterns_that_are_none(patterns: list, message: str, countries: KnowledgeGraph) -> None:
    with pytest.raises(QueryError, match=message):
        match_pattern(countries, patterns)


def test_too_many_matches_are_refused_before_they_are_made() -> None:
    facts = np.stack([np.arange(2000), np.zeros(2000, dtype=int), np.arange(2000)], axis=1)
    names = pd.DataFrame({"entity": [f"{i:04}" for i in range(2000)]})
    graph = KnowledgeGraph.from_pandas(
        pd.DataFrame({"head": names.entity, "relation": "r", "tail": names.entity}), names, name="wide"
    )
    assert len(graph) == len(facts)
    with pytest.raises(
        QueryError, match=r"More than 1,000 matches: 4,000,000 on the way\. Add a pattern.*most=4000000"
    ):
        match_pattern(graph, [("?a", "r", "?b"), ("?c", "r", "?d")], most=1000)
    with pytest.raises(QueryError, match=r"More than 20,000,000 matches: 8,000,000,000 on the way"):
        match_pattern(graph, [("?a", "r", "?b"), ("?c", "r", "?d"), ("?e", "r", "?f")])


def test_questions_to_the_archipelago(repository: Path) -> None:
    graph = read_graph(repository / "sample_graphs" / "archipelago")
    people = match_pattern(graph, [("?person", "born in", "?town"), ("?town", "located on", "Pegem")])
    asked = 'SELECT ?person ?town { ?person relation:"born in" ?town . ?town relation:located_on entity:Pegem }'
    by_sparql = query_graph(graph, asked)
    assert sorted(people.itertuples(index=False)) == sorted(by_sparql.itertuples(index=False))
    assert set(people["person"]) == set(match_pattern(graph, [("?person", "islander of", "Pegem")])["person"])
    assert "Akish Dorne" in set(people["person"])


def test_a_graph_without_facts() -> None:
    empty = _build([])
    assert query_graph(empty, "SELECT * { ?x ?r ?y }").columns.tolist() == ["x", "r", "y"]
    assert match_pattern(empty, [("?x", "?r", "?y")]).shape == (0, 3)
    with pytest.raises(QueryError, match=r"No pattern came\. This graph has no facts\."):
        match_pattern(empty, [])


def test_patterns_without_variables_are_true_or_not(countries: KnowledgeGraph) -> None:
    assert match_pattern(countries, [("Germany", "borders", "France")]).shape == (1, 0)
    assert match_pattern(countries, [("France", "borders", "Germany")]).shape == (0, 0)
