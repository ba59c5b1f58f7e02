"""Names that only look alike, as one: a table that people typed has them."""

from __future__ import annotations

import pandas as pd

from kgwb.graph.building import fold_name
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph


def merge_alike_names(graph: KnowledgeGraph) -> KnowledgeGraph:
    """The same graph with names as one that differ only by blanks, invisible signs, or the Unicode form of their letters.

    Blanks at the ends go, several in a row become one, and letters take the form NFC (Unicode Standard Annex #15). Of alike
    rows in a table of entities or relations each cell is the first that says something.

    Example:
        >>> facts = [["Berlin", "capital_of", "Germany"], ["Berlin ", "capital_of", "Germany"]]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> merge_alike_names(graph)
        KnowledgeGraph 'graph': 1 triple, 2 entities, 1 relation
          Berlin — capital_of → Germany
    """
    expect_graph(graph, "kgwb.graph.merge_alike_names({})")
    folded = graph.to_pandas().map(fold_name).drop_duplicates()
    tables = [_fold_table(table, name) for table, name in ((graph.entities, "entity"), (graph.relations, "relation"))]
    return KnowledgeGraph.from_pandas(folded, tables[0], relations=tables[1], name=graph.name)


def _fold_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Of alike rows the first cell that says something; a label that is the name itself follows it."""
    names = table[name].map(fold_name)
    labels = table["label"].where(table["label"] != table[name])
    merged = table.assign(label=labels).map(_drop_silent).groupby(names, sort=False).first()
    return (
        merged.drop(columns=name)
        .assign(label=merged["label"].astype(object).fillna(merged.index.to_series()))
        .reset_index()
    )


def _drop_silent(cell: object) -> object:
    """None for a cell that says nothing: an empty text, or no aliases."""
    return None if isinstance(cell, str | tuple) and not cell else cell
