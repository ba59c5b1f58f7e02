"""A graph as it travels to the script that draws it: packed arrays, all of a graph up to a size, of a larger one a part."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgwb.axes import Int
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.patterns import select_neighbourhood
from kgwb.see.graph.scene import GraphScene, count_facts, name_entity
from kgwb.see.graph.schema import GraphSchema
from kgwb.see.names import name_types
from kgwb.see.packing import pack_array, pack_texts
from kgwb.see.palette import mark_types
from kgwb.words import mend_text, shorten

MOST_ENTITIES, MOST_FACTS = 5_000, 50_000  # that travel
_ABOUT_BYTES = 400_000  # descriptions are left out of a page that they would double
_ANSWERED = 2_000  # facts in one answer, found entities in one search: 20
_FOUND = 20


def pack_graph(scene: GraphScene, schema: GraphSchema, *, as_schema: bool) -> dict[str, Any]:
    """Everything that the script draws or can walk to, as plain data and packed arrays."""
    graph = scene.graph
    held, facts = choose_part(scene)
    place = np.full(len(graph.entities), -1)
    place[held] = np.arange(len(held))
    guessed = scene.facts[scene.predicted]
    marks = mark_types(name_types(graph))
    return {
        "graph": mend_text(graph.name),
        "entities": len(graph.entities),
        "facts": len(graph.triples),
        **_pack_entities(graph, held),
        **_pack_facts(place, np.concatenate([facts, guessed])),
        "predicted": len(guessed),
        "probability": pack_array(scene.probability[scene.predicted].astype(np.float32)),
        "relations": [mend_text(label) for label in graph.relation_labels],
        "type_names": [mend_text(name) for name in marks],
        "marks": [[mark.colour, mark.shape] for mark in marks.values()],
        "drawn": pack_array(place[scene.entities].astype(np.uint32)),
        "points": pack_array(scene.points.astype(np.float32)),
        "opened": pack_array(place[scene.opened].astype(np.uint32)),
        "centre": [int(place[i]) for i in scene.centre],
        "hops": scene.hops,
        "schema": _pack_schema(schema, list(marks)),
        "as_schema": as_schema,
    }


def choose_part(scene: GraphScene) -> tuple[Int[np.ndarray, " entity"], Int[np.ndarray, "fact 3"]]:
    """The entities and known facts that travel: all, or what is drawn and the best connected nearest to it.

    Facts that are drawn come first, then those nearest to what was asked for, until there are as many as travel.
    """
    graph = scene.graph
    if len(graph.entities) <= MOST_ENTITIES and len(graph.triples) <= MOST_FACTS:
        return np.arange(len(graph.entities)), graph.triples
    degrees = count_facts(graph)
    near = np.full(len(graph.entities), 2)
    if scene.centre:
        facts = select_neighbourhood(graph, list(scene.centre), hops=scene.hops + 1)
        near[np.unique(facts[:, (0, 2)])] = 1
    near[scene.entities] = 0
    held = np.sort(np.lexsort((-degrees, near))[: max(MOST_ENTITIES, len(scene.entities))])
    inside = np.zeros(len(graph.entities), bool)
    inside[held] = True
    facts = graph.triples[inside[graph.triples[:, 0]] & inside[graph.triples[:, 2]]]
    opened = np.isin(facts[:, 0], scene.opened) | np.isin(facts[:, 2], scene.opened)
    first = np.lexsort((np.arange(len(facts)), near[facts[:, 0]] + near[facts[:, 2]], ~opened))
    return held, facts[np.sort(first[: max(MOST_FACTS, int(opened.sum()))])]


def list_facts(graph: KnowledgeGraph, entity: int) -> dict[str, Any]:
    """All facts of an entity, and its neighbours, as an answer to a page that does not hold them."""
    facts = graph.triples[(graph.triples[:, 0] == entity) | (graph.triples[:, 2] == entity)][:_ANSWERED]
    ends = np.unique(np.append(facts[:, (0, 2)].ravel(), entity))
    return {**_pack_entities(graph, ends), **_pack_facts(np.arange(len(graph.entities)), facts)}


def list_found(graph: KnowledgeGraph, text: str) -> dict[str, Any]:
    """The best connected entities whose label holds a text."""
    wanted = text.strip().casefold()
    found = [i for i, label in enumerate(graph.labels) if wanted and wanted in label.casefold()]
    degrees = count_facts(graph)
    best = sorted(found, key=lambda i: (graph.labels[i].casefold().find(wanted), -int(degrees[i])))[:_FOUND]
    return {**_pack_entities(graph, np.array(best, int)), **_pack_facts(np.empty(0, int), np.empty((0, 3), int))}


def _pack_entities(graph: KnowledgeGraph, held: Int[np.ndarray, " entity"]) -> dict[str, Any]:
    every = name_types(graph)
    place = {name: i for i, name in enumerate(mark_types(every))}
    types = np.array([place[every[i]] for i in held], np.uint32)
    labels = [name_entity(graph, int(i)) for i in held]
    return {
        "ids": pack_array(held.astype(np.uint32)),
        "labels": pack_texts(labels),
        "about": _pack_descriptions(graph, held),
        "types": pack_array(_slim(types)),
        "degrees": pack_array(count_facts(graph)[held].astype(np.uint32)),
    }


def _pack_descriptions(graph: KnowledgeGraph, held: Int[np.ndarray, " entity"]) -> dict[str, Any] | None:
    if "description" not in graph.entities:
        return None
    column = graph.entities["description"].to_numpy()
    texts = [shorten(text, 300) if isinstance(text, str) else "" for text in column[held]]
    return pack_texts(texts) if 0 < sum(map(len, texts)) <= _ABOUT_BYTES else None


def _pack_facts(place: Int[np.ndarray, " entity"], facts: Int[np.ndarray, "fact 3"]) -> dict[str, Any]:
    heads, tails = (place[facts[:, side]].astype(np.uint32) for side in (0, 2))
    return {
        "heads": pack_array(_slim(heads)),
        "fact_relations": pack_array(_slim(facts[:, 1].astype(np.uint32))),
        "tails": pack_array(_slim(tails)),
    }


def _pack_schema(schema: GraphSchema, names: list[str]) -> dict[str, Any] | None:
    if len(schema.types) < 2:
        return None
    return {
        "types": [names.index(name) for name in schema.types],
        "counts": schema.counts.tolist(),
        "links": pack_array(schema.links.astype(np.uint32)),
        "points": pack_array(schema.points.astype(np.float32)),
        "caption": mend_text(schema.caption),
        "title": mend_text(schema.title),
    }


def _slim(numbers: np.ndarray) -> np.ndarray:
    """In 16 bits where they fit."""
    return numbers.astype(np.uint16) if not len(numbers) or int(numbers.max()) < 2**16 else numbers
