"""Which numbers are known of which entities, read from a frame or from the columns of a graph's own table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.checks import expect_each, expect_kind
from kgwb.graph.building import Notes
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, quote, quote_value

COLUMNS = ("entity", "attribute", "value")
_CALL = 'fill_attributes(vectors, pd.DataFrame([("Berlin", "area", 891.7)], columns=["entity", "attribute", "value"]))'


@dataclass(frozen=True, eq=False)
class AttributeValues:
    """What is known: one entry per entity and attribute that has a number.

    Attributes:
        entity: the id of each entry's entity, sorted within each attribute.
        attribute: which of `names` it is a value of, ascending.
        value: the number.
        names: the attributes, sorted.
        notes: what was left out or merged, counted.
    """

    entity: Int[np.ndarray, " entry"]
    attribute: Int[np.ndarray, " entry"]
    value: Float[np.ndarray, " entry"]
    names: tuple[str, ...]
    notes: Notes

    def of(self, name: str) -> tuple[Int[np.ndarray, " known"], Float[np.ndarray, " known"]]:
        """The entities that have an attribute, and its values."""
        place = self.names.index(name)
        first, last = np.searchsorted(self.attribute, [place, place + 1])
        return self.entity[first:last], self.value[first:last]


def read_values(graph: KnowledgeGraph, values: pd.DataFrame | Sequence[str] | None) -> AttributeValues:
    """The values that a frame or the graph's own columns hold.

    Cells that are empty or not finite are left out and counted; several values of one entity and attribute become
    their median, and are counted too.

    Args:
        graph: whose entities they belong to.
        values: a frame with the columns entity, attribute and value; or the names of numeric columns of
            `graph.entities`; None for all of these.

    Raises:
        TypeError: it is neither.
        ValueError: a column is missing or holds text, or no value is left.
        UnknownNameError: an entity that the graph lacks; names the nearest labels.

    Example:
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> areas = pd.DataFrame({"entity": ["Berlin", "Germany"], "area": [892, 357_000]})
        >>> read_values(KnowledgeGraph.from_pandas(facts, areas), ["area"]).of("area")
        (array([0, 1]), array([   892., 357000.]))
    """
    if not isinstance(values, pd.DataFrame):
        columns = _choose_columns(graph, values)
        given = _stack_columns(graph.entities, columns)
        ids = np.tile(np.arange(len(graph.entities)), len(columns))
    else:
        missing = [column for column in COLUMNS if column not in values.columns]
        if missing:
            raise ValueError(f"The frame of values came without a column {quote(missing[0])}. Type {_CALL}.")
        given, ids = values, find_entities(graph, values["entity"])
    numbers = _read_numbers(given)
    empty, finite = np.isnan(numbers), np.isfinite(numbers)
    if not finite.any():
        raise ValueError(f"None of {count_things(len(numbers), 'value')} is a finite number. Type {_CALL}.")
    table = pd.DataFrame({"attribute": given["attribute"].astype(str).to_numpy(), "entity": ids, "value": numbers})
    merged = table[finite].groupby(["attribute", "entity"], sort=True)["value"].median().reset_index()
    counts = {
        "empty values left out": int(empty.sum()),
        "infinite values left out": int((~finite & ~empty).sum()),
        "values merged with others of the same entity and attribute": int(finite.sum()) - len(merged),
    }
    codes, names = pd.factorize(merged["attribute"])  # sorted already
    return AttributeValues(
        merged["entity"].to_numpy(dtype=np.int64),
        codes.astype(np.int64),
        merged["value"].to_numpy(dtype=float),
        tuple(names),
        tuple((what, count) for what, count in counts.items() if count),
    )


def find_entities(graph: KnowledgeGraph, entities: pd.Series) -> Int[np.ndarray, " row"]:
    """The id of the entity in each row, given by name, label or id; each different one is looked up once.

    Raises:
        UnknownNameError: names the three nearest labels.
    """
    codes, distinct = pd.factorize(entities, use_na_sentinel=False)
    return np.array([graph.entity_id(entity) for entity in distinct], dtype=np.int64)[codes]


def is_numeric(column: pd.Series) -> bool:
    """Whether a column holds numbers; True and False are none."""
    return bool(pd.api.types.is_numeric_dtype(column)) and not bool(pd.api.types.is_bool_dtype(column))


def _choose_columns(graph: KnowledgeGraph, columns: Sequence[str] | None) -> list[str]:
    found = [column for column in graph.entities.columns if is_numeric(graph.entities[column])]
    if columns is None:
        if not found:
            raise ValueError(f"No column of the entities of {graph.name!r} holds numbers. Type {_CALL}.")
        return found
    expect_kind(columns, (list, tuple), "A frame of values, or a list of columns,", call=_CALL)
    chosen = expect_each(columns, str, "A column's name", call="fill_attributes(vectors, ['area'])")
    for column in chosen:
        if column not in graph.entities.columns:
            known = ", ".join(map(quote, found)) or "none"
            raise ValueError(f"The entities have no attribute {quote(column)}; numeric ones are {known}. Type {_CALL}.")
    if not chosen:
        raise ValueError(f"No column came. Type {_CALL}.")
    return chosen


def _stack_columns(entities: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"entity": entities["entity"], "attribute": column, "value": entities[column].astype(object)})
        for column in columns
    ]
    return pd.concat(parts, ignore_index=True)


def _read_numbers(values: pd.DataFrame) -> Float[np.ndarray, " row"]:
    """The column `value` as numbers; text that spells one counts, empty cells are not a number."""
    column = values["value"]
    if is_numeric(column):
        return column.to_numpy(dtype=float, na_value=np.nan)
    numbers = pd.to_numeric(column.where(column.map(lambda cell: not isinstance(cell, bool))), errors="coerce")
    empty = column.isna() | (column.map(lambda cell: isinstance(cell, str) and not cell.strip()))
    wrong = np.flatnonzero(numbers.isna().to_numpy() & ~empty.to_numpy())
    if len(wrong):
        row = values.iloc[int(wrong[0])]
        raise ValueError(
            f"The value {quote_value(row['value'])} of {quote(row['entity'])} ({quote(row['attribute'])}) is no number, "
            f"one of {count_things(len(wrong), 'such row')}. Type {_CALL}."
        )
    return numbers.to_numpy(dtype=float, na_value=np.nan)
