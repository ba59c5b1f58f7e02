"""Numbers that entities lack, predicted from the graph: a data frame in, a data frame with intervals out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import isroutine

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.checks import expect_kind, expect_number, expect_seed
from kgwb.embed.attributes.attribute_model import FilledAttribute, fill_attribute
from kgwb.embed.attributes.attribute_values import AttributeValues, find_entities, read_values
from kgwb.embed.attributes.features import Evidence, find_components, normalise_rows
from kgwb.embed.attributes.neighbour_values import Neighbourhood
from kgwb.embed.attributes.scale import Scale, choose_scale
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once, expect_embedding
from kgwb.graph.building import Notes
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.words import count_things, describe_kind, find_nearest, quote

_CALL = "fill_attributes(vectors, values)"
_ASKED = 'asked=pd.DataFrame([("Berlin", "area")], columns=["entity", "attribute"])'
_TEXTS = "texts=lambda entities: encode(list(entities['description']))"
Texts = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True, eq=False, repr=False)
class FilledAttributes:
    """Numbers that entities lacked, each with an interval.

    Attributes:
        graph: whose entities these are.
        frame: one row per number asked for: `entity`, `label`, `attribute`, `value`, `low` and `high`, the interval that
            holds the truth as often as `coverage` says, and `how` it was found.
        attributes: one row per attribute: `known` values, how many were `filled`, the `scale` on which it is even, and
            mean absolute errors at known values that were left out: `error`, and `median_error`, that of the median alone.
        coverage: how often an interval should hold the value.
        notes: what was left out or merged, counted.
    """

    graph: KnowledgeGraph
    frame: pd.DataFrame
    attributes: pd.DataFrame
    coverage: float
    notes: Notes

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        counts = f"{count_things(len(self), 'number')} of {count_things(len(self.attributes), 'attribute')}"
        rows = [
            f"  {row.attribute}: {row.filled:,} from {row.known:,}, error {row.error:.3g} (median's {row.median_error:.3g})"
            for row in self.attributes.head(10).itertuples(index=False, name="Row")
        ]
        more = [f"  ... and {len(self.attributes) - 10:,} more"] if len(self.attributes) > 10 else []
        notes = [f"  counted while reading: {count:,} {what}" for what, count in self.notes]
        head = f"FilledAttributes of {self.graph.name!r}: {counts}, intervals for {self.coverage:.0%}"
        return "\n".join([head, *rows, *more, *notes])


def fill_attributes(
    vectors: GraphEmbedding,
    values: pd.DataFrame | Sequence[str] | None = None,
    *,
    asked: pd.DataFrame | None = None,
    coverage: int | float = 0.9,
    texts: Texts | None = None,
    seed: int = 0,
) -> FilledAttributes:
    """Predict numbers that entities lack, each with an interval that holds the truth as often as it says.

    Each attribute gets a mixture of its median, the medians of the nearest entities by vectors, extremely randomised
    trees and a ridge regression. They see the entity's vector, how many neighbours it has along each relation, its other
    attributes, and what its neighbours, and those who share a neighbour with it, have for this attribute and others.
    Values that are positive with a long tail are learnt by their logarithm. Intervals are CV+, in units of the trees'
    disagreement; see `bound_values` for equation and sources. They hold for entities drawn like those whose value is
    known: where only the famous ones have it, they promise nothing about the others.

    Attributes with fewer than 20 values get their median, and an interval without ends where `coverage` asks for more
    than so few can tell (the column `how` says so). Trees and ridge are scikit-learn's.

    Args:
        vectors: a trained embedding; its graph's facts are looked at too.
        values: a frame with the columns entity (name, label or id), attribute and value; or the names of numeric columns
            of the graph's table of entities; None for all of these. Empty and infinite ones are left out and counted.
        asked: a frame with the columns entity and attribute: what to predict, in this order. Left out, every attribute of
            all entities that lack it and have a type that some entity with it has; without types, of all entities.
        coverage: how often an interval should hold the value, above 0 and below 1.
        texts: called with the graph's table of entities, it gives a vector of each one's text, [entity, width].
        seed: of folds and trees.

    Returns:
        The predictions, `.frame`, and how good each attribute's are, `.attributes`.

    Raises:
        TypeError: an argument of another kind.
        ValueError: no numeric column, no finite value, text that is no number, a coverage out of its range, or something
            asked that is known already or that no value tells of.
        UnknownNameError: an entity that the graph lacks; names the nearest labels.
        ImportError: scikit-learn is missing; the message holds its install line.

    Example:
        >>> facts = [(f"town {i}", "in", f"land {i % 4}") for i in range(40)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> rain = pd.DataFrame({"entity": [f"town {i}" for i in range(36)], "attribute": "rain"})
        >>> rain["value"] = [500.0 + 100 * (i % 4) + i for i in range(36)]
        >>> asked = pd.DataFrame({"entity": ["town 37"], "attribute": ["rain"]})
        >>> from kgwb.embed.scorers.transe import TransE
        >>> filled = fill_attributes(GraphEmbedding(graph, TransE(), dim=8), rain, asked=asked)
        >>> row = filled.frame.iloc[0]
        >>> row.label, row.low < 637 < row.high
        ('town 37', np.True_)
    """
    expect_embedding(vectors, "fill_attributes(GraphEmbedding(graph, ComplEx()), values)")
    expect_kind(asked, (pd.DataFrame, type(None)), "A frame of what is asked", call=f"{_CALL[:-1]}, {_ASKED})")
    if texts is not None and not isroutine(texts):  # a tokenizer can be called too, but not with a table
        came = describe_kind(texts)
        raise TypeError(f"A function of the table of entities was expected, but {came} came. Type {_TEXTS}.")
    expect_number("coverage", coverage, usual=0.9, above=0, below=1)
    seed, coverage, graph = expect_seed(seed), float(coverage), vectors.graph
    known = read_values(graph, values)
    wanted = _list_missing(graph, known) if asked is None else _read_asked(graph, known, asked)
    scales = {name: choose_scale(known.of(name)[1]) for name in known.names}
    evidence = _gather(vectors, known, scales, texts)
    parts: dict[str, FilledAttribute] = {}
    for place, name in enumerate(known.names):
        rows = wanted[wanted[:, 1] == place, 0]
        if len(rows):
            entity, value = known.of(name)
            parts[name] = fill_attribute(
                evidence, name, entity, value, rows, scale=scales[name], coverage=coverage, seed=seed
            )
    return FilledAttributes(
        graph, _build_frame(graph, known, wanted, parts), _build_table(known, scales, parts), coverage, known.notes
    )


def _gather(vectors: GraphEmbedding, known: AttributeValues, scales: dict[str, Scale], texts: Texts | None) -> Evidence:
    graph = vectors.graph
    entities = encode_once(vectors).entities.detach().cpu().double().numpy()
    said = np.empty((len(entities), 0)) if texts is None else find_components(_read_texts(graph, texts))
    columns = {}
    for name in known.names:
        entity, value = known.of(name)
        columns[name] = np.full(len(entities), np.nan)
        columns[name][entity] = scales[name].forward(value)
    near = normalise_rows(entities)
    return Evidence(Neighbourhood.of(graph), near, find_components(entities), said, columns)


def _read_texts(graph: KnowledgeGraph, texts: Texts) -> Float[np.ndarray, "entity width"]:
    found = np.asarray(texts(graph.entities.copy()))
    if found.ndim != 2 or len(found) != len(graph.entities) or found.dtype.kind not in "fiu":
        came = f"of shape {found.shape} and type {found.dtype}"
        raise ValueError(f"texts gave an array {came}; expected numbers [{len(graph.entities)}, width]. Type {_TEXTS}.")
    if not np.isfinite(found).all():
        raise ValueError(f"texts gave numbers that are not finite. Type {_TEXTS}.")
    return found.astype(float)


def _list_missing(graph: KnowledgeGraph, known: AttributeValues) -> Int[np.ndarray, "asked 2"]:
    """Entity and attribute of everything that is missing, by attribute."""
    types = graph.entities["type"].to_numpy()
    parts = []
    for place, name in enumerate(known.names):
        entity, _ = known.of(name)
        lacks = np.isin(types, np.unique(types[entity]))
        lacks[entity] = False
        missing = np.flatnonzero(lacks)
        parts.append(np.stack([missing, np.full(len(missing), place)], axis=1))
    return np.concatenate(parts)


def _read_asked(graph: KnowledgeGraph, known: AttributeValues, asked: pd.DataFrame) -> Int[np.ndarray, "asked 2"]:
    for column in ("entity", "attribute"):
        if column not in asked.columns:
            raise ValueError(f"What is asked came without a column {quote(column)}. Type {_ASKED}.")
    places = {name: place for place, name in enumerate(known.names)}
    names = asked["attribute"].astype(str)
    for name in names.unique():
        if name not in places:
            nearest = ", ".join(map(quote, find_nearest(name, known.names)))
            raise ValueError(
                f"No value tells of the attribute {quote(name)}. The nearest are {nearest}. Type {_ASKED}."
            )
    wanted = np.stack([find_entities(graph, asked["entity"]), names.map(places).to_numpy(dtype=np.int64)], axis=1)
    given = set(zip(known.entity.tolist(), known.attribute.tolist(), strict=True))
    for entity, place in wanted.tolist():
        if (entity, place) in given:
            raise ValueError(
                f"{quote(known.names[place])} of {quote(graph.labels[entity])} is asked, and it is known. "
                f"Leave it out of the values, or of {_ASKED}."
            )
    return wanted


def _build_frame(
    graph: KnowledgeGraph, known: AttributeValues, wanted: Int[np.ndarray, "asked 2"], parts: dict[str, FilledAttribute]
) -> pd.DataFrame:
    entity, place = wanted.T
    names = np.array(known.names, dtype=object)
    frame = pd.DataFrame(
        {
            "entity": graph.entities["entity"].array.take(entity),
            "label": graph.entities["label"].array.take(entity),
            "attribute": pd.Series(names[place], dtype=str),
        }
    )
    order = np.argsort(place, kind="stable")  # as the parts lie
    for column in ("value", "low", "high"):
        found = np.empty(len(wanted))
        found[order] = np.concatenate([np.empty(0), *(getattr(part, column) for part in parts.values())])
        frame[column] = found
    how = {known.names.index(name): part.how for name, part in parts.items()}
    return frame.assign(how=pd.Series([how[each] for each in place.tolist()], dtype=str))


def _build_table(known: AttributeValues, scales: dict[str, Scale], parts: dict[str, FilledAttribute]) -> pd.DataFrame:
    rows = [
        (name, len(known.of(name)[0]), len(part.value), str(scales[name]), part.error, part.median_error)
        for name, part in parts.items()
    ]
    return pd.DataFrame(rows, columns=["attribute", "known", "filled", "scale", "error", "median_error"])
