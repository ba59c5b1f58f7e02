"""Property graphs as GraphML, read and written with networkx."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from kgwb.graph.building import COLUMNS, NamedTriples, sum_notes
from kgwb.graph.descriptions import is_missing, join_aliases
from kgwb.graph.errors import ContentError
from kgwb.graph.files.text import refuse_nested_entities
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.packages import load_package
from kgwb.words import quote

# Where an edge has no attribute of the name asked for, other programs keep it under one of these.
_RELATION_KEYS = ("relation", "label", "predicate", "type")


def read_graphml(text: str, relation: str | int) -> NamedTriples:
    """The triples in GraphML: nodes with their attributes, edges with the attribute that names their relation.

    Raises:
        ContentError: the text is not GraphML, or an edge has no relation.
        ImportError: networkx is not installed; gives the line that installs it.
    """
    networkx = load_package("networkx", "Reading .graphml")
    refuse_nested_entities(text)
    try:
        graph = networkx.parse_graphml(text, force_multigraph=True)
    except Exception:  # networkx lets errors of every kind through
        raise ContentError(
            "cannot be read as GraphML. Is it complete? networkx.write_graphml(graph, path) writes such a file."
        ) from None
    key = _find_relation_key(graph, str(relation))
    rows = [(head, data[key], tail) for head, tail, data in graph.edges(data=True)]
    frame = pd.DataFrame([tuple(map(str, row)) for row in rows], columns=list(COLUMNS), dtype=object)
    undirected = 0 if graph.is_directed() else len(frame)
    notes = sum_notes((("undirected edges, read in one direction", undirected),))
    nodes = [{"entity": str(name), **_rename(data)} for name, data in graph.nodes(data=True)]
    columns = ["entity", *dict.fromkeys(column for node in nodes for column in node if column != "entity")]
    entities = pd.DataFrame(nodes, columns=columns, dtype=object)
    return NamedTriples({"all": frame}, entities, _read_relations(graph.graph.get("kgwb_relations")), notes)


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


def _rename(data: dict[str, Any]) -> dict[str, Any]:
    """A node's attributes as cells; one called "entity" must not hide the node's own name."""
    return {"entity_attribute" if column == "entity" else column: _spell(cell) for column, cell in data.items()}


def _spell(cell: Any) -> Any:
    return cell if isinstance(cell, (str, float, int)) and not isinstance(cell, bool) else str(cell)


def _find_relation_key(graph: Any, asked: str) -> str:
    edges = [data for _, _, data in graph.edges(data=True)]
    wanted = (asked, *_RELATION_KEYS) if asked in _RELATION_KEYS else (asked,)
    for key in wanted:
        if all(key in data for data in edges):
            return key
    found = sorted({key for data in edges for key in data})
    came = f"Its edges have {', '.join(map(quote, found))}." if found else "Its edges have no attributes."
    raise ContentError(
        f"has edges without an attribute {quote(asked)} that names their relation. {came} Type "
        'columns=("head", "...", "tail") with the attribute to take in the middle, or set one: '
        'networkx.set_edge_attributes(graph, "linked_to", "relation").'
    )


def _read_relations(text: object) -> pd.DataFrame | None:
    try:
        table = pd.DataFrame(json.loads(str(text)), dtype=object) if text else None
    except ValueError:
        return None
    return table if table is not None and "relation" in table.columns else None
