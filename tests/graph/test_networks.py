"""GraphML and GEXF: what networkx finds in them, and what it passes over in silence."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kgwb.graph import GraphFileError, KnowledgeGraph, read_graph

networkx = pytest.importorskip("networkx", reason="the independent reader: pip install networkx")
Write = Callable[..., Path]
KEYS = '<key id="r" for="edge" attr.name="relation" attr.type="string"/>'
NAMES = some.sampled_from(["a", "b", " c", "1", "é & <x>"])
CELLS = {
    "whole": some.integers(-9, 9),
    "real": some.floats(-2, 2),
    "yes": some.booleans(),
    "text": some.sampled_from(["x", "é & <x>"]),
}
NODES = some.dictionaries(NAMES, some.fixed_dictionaries({}, optional=CELLS), min_size=1)
EDGES = some.lists(some.tuples(NAMES, some.sampled_from(["likes", "knows"]), NAMES), max_size=6)
KINDS = some.sampled_from([networkx.DiGraph, networkx.Graph, networkx.MultiDiGraph, networkx.MultiGraph])


def graphml(graphs: str, keys: str = KEYS) -> str:
    return f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://y">{keys}{graphs}</graphml>'


def edge(source: str, target: str, relation: str, **more: str) -> str:
    ends = {"source": source, "target": target, **more}
    return f'<edge {" ".join(f"{name}={end!r}" for name, end in ends.items())}><data key="r">{relation}</data></edge>'


def facts(graph: KnowledgeGraph) -> list[list[str]]:
    return graph.to_pandas().to_numpy().tolist()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
@settings(max_examples=30, deadline=None)
@given(kind=KINDS, nodes=NODES, edges=EDGES)
def test_networks_are_what_networkx_finds(suffix: str, kind: Any, nodes: dict, edges: list[tuple]) -> None:
    written = kind()
    written.add_nodes_from(nodes.items())
    for head, relation, tail in edges:
        written.add_edge(head, tail, relation=relation)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{suffix}"
        getattr(networkx, f"write_{suffix}")(written, path)
        graph, found = read_graph(path), getattr(networkx, f"read_{suffix}")(path)
    stated = Counter(_name_ends(*ends, found.is_directed()) for ends in found.edges(data="relation"))
    read = Counter(_name_ends(head, tail, relation, found.is_directed()) for head, relation, tail in facts(graph))
    assert sum(stated.values()) == sum(read.values()) + dict(graph.notes).get("duplicate triples", 0)
    assert set(stated) == set(read)
    rows = graph.entities.set_index("entity")
    for name, cells in found.nodes(data=True):
        assert {key: _spell(rows.loc[name, key]) for key in cells} == {key: _spell(cell) for key, cell in cells.items()}


def _name_ends(head: str, tail: str, relation: str, directed: bool) -> tuple[str, ...]:
    return (relation, head, tail) if directed else (relation, *sorted((head, tail)))


def _spell(cell: object) -> str:
    return str(cell).casefold() if isinstance(cell, (str, bool)) else repr(float(cell))  # type: ignore[arg-type]


def test_graphs_in_graphs_and_edges_of_both_kinds(write: Write) -> None:
    inner = f'<graph edgedefault="undirected"><node id="b"/><node id="c"/>{edge("c", "b", "r")}</graph>'
    more = f'<graph edgedefault="directed"><node id="e"/>{edge("e", "a", "t")}</graph>'
    outer = f'<node id="a">{inner}</node><node id="a"/>{edge("a", "d", "s", directed="false")}{edge("d", "a", "s")}'
    graph = read_graph(write("a.graphml", graphml(f'<graph edgedefault="directed">{outer}</graph>{more}')))
    assert facts(graph) == [["a", "s", "d"], ["c", "r", "b"], ["d", "s", "a"], ["e", "t", "a"]]
    assert dict(graph.notes) == {
        "undirected edges, read in one direction": 2,
        "nodes inside another node, read beside it": 2,
        "nodes that came before, taken together": 1,
    }


def test_what_a_key_says_of_all(write: Write) -> None:
    keys = KEYS.replace("/>", "><default>knows</default></key>")
    keys += '<key id="c" for="node" attr.name="colour" attr.type="string"><default>red</default></key>'
    nodes = '<node id="a"/><node id="b"><data key="c">blue</data></node><edge source="a" target="b"/>'
    graph = read_graph(write("a.graphml", graphml(f'<graph edgedefault="directed">{nodes}</graph>', keys)))
    assert facts(graph) == [["a", "knows", "b"]]
    assert graph.entities["colour"].tolist() == ["red", "blue"]


def test_labels_of_groups_in_yed_and_ports(write: Write) -> None:
    label = (
        "<data key='d'><y:Proxy><y:Group><y:NodeLabel>all</y:NodeLabel><y:NodeLabel>x</y:NodeLabel></y:Group></y:Proxy>"
    )
    keys = KEYS + '<key id="d" for="node" yfiles.type="nodegraphics"/>'
    node = f'<node id="a" yfiles.foldertype="group"><port name="N"/>{label}</data></node>'
    text = graphml(f'<graph edgedefault="directed">{node}{edge("a", "a", "r", sourceport="N")}</graph>', keys)
    graph = read_graph(write("a.graphml", text.replace("http://y", "http://www.yworks.com/xml/graphml")))
    assert graph.labels == ("all",)
    assert dict(graph.notes) == {
        "ports of nodes and edges, not kept": 2,
        "further labels of nodes and edges in yEd, not kept": 1,
    }


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        ("<hyperedge/>", r"has hyperedges, which join any number of nodes.*Put a node in the place of each"),
        ("<node/>", r"has a node without id\. Give it one"),
        ('<edge source="a"/>', r"has an edge without source or target\. Give it both"),
    ],
)
def test_what_is_no_fact_is_refused(inner: str, message: str, write: Write) -> None:
    with pytest.raises(GraphFileError, match=message):
        read_graph(write("a.graphml", graphml(f'<graph edgedefault="directed">{inner}</graph>')), relation="r")
    if "hyper" not in inner:
        with pytest.raises(GraphFileError, match=message):
            read_graph(write("a.gexf", f"<gexf><graph>{inner}</graph></gexf>"), relation="r")


def test_what_gexf_says_beside_attributes_is_counted(write: Write) -> None:
    values = '<attvalues><attvalue for="0" value="1"/><attvalue for="0" value="2"/></attvalues><spells/>'
    nodes = f'<node id="a">{values}<nodes><node id="b"/></nodes></node>'
    graph = read_graph(write("a.gexf", f"<gexf><graph>{nodes}</graph></gexf>"))
    assert dict(graph.notes) == {
        "nodes inside another node, read beside it": 1,
        "elements of nodes and edges, not kept: 'spells'": 1,
        "earlier values of attributes that have several, not kept": 1,
    }
