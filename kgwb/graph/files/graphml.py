"""Property graphs as GraphML, read and written with networkx."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import NamedTriples, sum_notes
from kgwb.graph.descriptions import is_missing, join_aliases
from kgwb.graph.errors import ContentError
from kgwb.graph.files.edges import name_edges, name_nodes
from kgwb.graph.files.graphml_tree import flatten_graphs
from kgwb.graph.files.text import refuse_nested_entities
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package
from kgwb.words import shorten


def read_graphml(text: str, key: str | int, relation: str | None = None) -> NamedTriples:
    """The triples in GraphML: nodes with their attributes, edges with the attribute that names their relation.

    Args:
        text: the file.
        key: the edge attribute that names the relation.
        relation: the relation of edges that name none.

    Raises:
        ContentError: the text is not GraphML, or an edge has no relation.
        ImportError: networkx is not installed; gives the line that installs it.
    """
    networkx = load_package("networkx", "Reading .graphml")
    refuse_nested_entities(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain, counted = flatten_graphs(text)
            graph = networkx.parse_graphml(plain, force_multigraph=True)
    except ContentError:
        raise
    except Exception as problem:  # networkx lets errors of every kind through
        reason = f" The reason: {shorten(str(problem), 160)}." if str(problem) else ""
        raise ContentError(
            "cannot be read as GraphML. Is it complete? networkx.write_graphml(graph, path) writes such a file."
            + reason
        ) from None
    nothing_said = graph.graph.get("node_default", {}), graph.graph.get("edge_default", {})
    edges = [
        (str(head), str(tail), nothing_said[1] | {name: cell for name, cell in data.items() if name != "id"})
        for head, tail, data in graph.edges(data=True)
    ]
    frame, notes = name_edges(edges, str(key), relation)
    entities = name_nodes([(str(name), nothing_said[0] | data) for name, data in graph.nodes(data=True)])
    relations = _read_relations(graph.graph.get("kgwb_relations"))
    return NamedTriples({"all": frame}, entities, relations, sum_notes(counted, notes))


def write_graphml(graph: KnowledgeGraph, path: Path) -> None:
    """Write a graph as GraphML; columns without any value are not written, because GraphML has no columns.

    Raises:
        ImportError: networkx is not installed; gives the line that installs it.
    """
    networkx = load_package("networkx", "Writing .graphml")
    relations = graph.relations.to_dict(orient="list")
    written = networkx.MultiDiGraph(name=graph.name, kgwb_relations=json.dumps(relations))
    rows = graph.entities.drop(columns="entity").to_dict(orient="records")
    for name, row in zip(graph.entities["entity"], rows, strict=True):
        written.add_node(name, **_write_cells(row))
    for number, (head, relation, tail) in enumerate(graph.to_pandas().itertuples(index=False, name=None)):
        written.add_edge(head, tail, key=f"e{number}", relation=relation)
    networkx.write_graphml_xml(written, path, encoding="utf-8", named_key_ids=False)


def _write_cells(row: dict[Any, Any]) -> dict[str, Any]:
    cells = row | {"aliases": join_aliases(row["aliases"])}
    return {str(column): cell for column, cell in cells.items() if not is_missing(cell) and cell != ""}


def _read_relations(text: object) -> pd.DataFrame | None:
    try:
        table = pd.DataFrame(json.loads(str(text)), dtype=object) if text else None
    except ValueError:
        return None
    return table if table is not None and "relation" in table.columns else None
