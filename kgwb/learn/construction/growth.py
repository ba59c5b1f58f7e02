"""What a person accepted becomes part of the graph, of a door, and of the table of vectors."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.bert import Bert
from kgwb.checks import expect_kind
from kgwb.embed import GraphEmbedding
from kgwb.embed.graph_embedding import expect_embedding
from kgwb.embed.updating.carrying import Places, move_vectors
from kgwb.graph import KnowledgeGraph
from kgwb.graph.building import sum_notes
from kgwb.graph.knowledge_graph import expect_graph
from kgwb.learn.construction.candidate_frame import IDS, expect_candidates
from kgwb.learn.construction.recognised_names import NIL
from kgwb.words import count_things, quote

log = logging.getLogger(__name__)
_SIDES = (("head", "head_label", "head_type"), ("tail", "tail_label", "tail_type"))


def grow_graph(graph: KnowledgeGraph, accepted: pd.DataFrame) -> KnowledgeGraph:
    """The graph with the facts that a person accepted, and with the entities that it lacked.

    An end of id −1 (NIL) becomes an entity, called as its label says; the same label with the same type is one entity. Change
    the label in the frame to call it something else. Ids come from sorted names, so a new entity moves those of others, and
    vectors and doors of the old graph are not those of the new: `carry_vectors` gives vectors. A graph has no place for the
    sentence that a fact comes from: keep the frame. How many facts came from texts stands in `notes`.

    Args:
        graph: is left as it is.
        accepted: rows of `propose_facts` of this graph, for example `view.accepted`.

    Returns:
        A new graph.

    Raises:
        ValueError: a column is missing, an id is none of the graph's or has another label there, or a new entity has no name.

    Example:
        >>> facts = pd.DataFrame([["Rome", "capital of", "Italy"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> row = {"head": -1, "relation": 0, "tail": -1, "head_label": "Oslo", "tail_label": "Norway"}
        >>> grow_graph(graph, pd.DataFrame([row | {"head_type": "", "tail_type": ""}]))
        KnowledgeGraph 'graph': 2 triples, 4 entities, 1 relation
          Oslo — capital of → Norway
          Rome — capital of → Italy
          counted while reading: 1 fact accepted from a text
    """
    call = "kgwb.learn.grow_graph(graph, view.accepted)"
    expect_graph(graph, "kgwb.learn.grow_graph({}, view.accepted)")
    expect_candidates(accepted, [name for side in _SIDES for name in side[1:]], call=call)
    expect_same_labels(graph, accepted)
    names, new = _name_ends(graph, accepted)
    held = graph.to_pandas()
    relations = graph.relations["relation"].to_numpy()[accepted["relation"].to_numpy(np.int64)]
    stated = pd.DataFrame({"head": names["head"], "relation": relations, "tail": names["tail"]})
    entities = pd.concat([graph.entities, new], ignore_index=True) if len(new) else graph.entities
    together = pd.concat([held, stated], ignore_index=True).drop_duplicates(ignore_index=True)
    grown = KnowledgeGraph.from_pandas(together, entities, relations=graph.relations, name=graph.name)
    added = len(grown) - len(graph)
    what = "fact accepted from a text" if added == 1 else "facts accepted from texts"
    return replace(grown, notes=sum_notes(graph.notes, ((what, added),)))


def add_facts(model: Bert, accepted: pd.DataFrame) -> pd.DataFrame:
    """Let a model's doors read the facts that a person accepted, from now on and without training.

    Facts that the doors hold already are not added again. What names an entity that the doors do not know (NIL) they cannot
    take: it is given back, and counted in the log. For these, grow the graph and inject anew:
    `kgwb.inject(bert, carry_vectors(vectors, grown), mode=...)`.

    Args:
        model: a BERT with a door that looks facts up; its facts are changed.
        accepted: rows of `propose_facts` with the door's graph, for example `view.accepted`.

    Returns:
        The rows that were not added because an entity is new.

    Raises:
        ValueError: BERT has no door, a column is missing, or an id is none of the door's graph or has another label there.
        TypeError: the door reads vectors, not facts.
    """
    call = "kgwb.learn.add_facts(model, view.accepted)"
    expect_kind(model, Bert, "A BERT", call=call)
    if model.injector is None:
        raise ValueError(f"{model.name!r} has no door. Type kgwb.inject(bert, vectors, mode='pointer').")
    doors = model.injector.expect_facts()
    expect_candidates(accepted, ("head_label", "tail_label"), call=call)
    expect_same_labels(model.injector.graph, accepted)
    is_new = (accepted[["head", "tail"]] == NIL).any(axis=1).to_numpy(bool)
    if is_new.any():
        log.warning(
            "%s with an entity that the door does not know, and cannot take. Type grown = kgwb.learn.grow_graph(graph, "
            "accepted), then inject kgwb.learn.carry_vectors(vectors, grown).",
            count_things(int(is_new.sum()), "fact"),
        )
    held = set.intersection(*(set(map(tuple, door.facts.tolist())) for door in doors))
    facts = dict.fromkeys(map(tuple, accepted.loc[~is_new, [*IDS]].to_numpy(np.int64).tolist()))
    model.injector.add([fact for fact in facts if fact not in held])
    return accepted[is_new]


def carry_vectors(vectors: GraphEmbedding, graph: KnowledgeGraph) -> GraphEmbedding:
    """The vectors of a graph for one that has grown: each entity and relation keeps its own, by name.

    What is new has none and counts as not trained: `inject` gives it a vector from its label (`fill_missing_vectors`),
    and more training one from its facts. An encoder's vectors are taken as they stand.

    Args:
        vectors: of the graph as it was; are left as they are.
        graph: the grown one.

    Raises:
        ValueError: an entity or relation of the vectors is not in the graph.

    Example:
        >>> from kgwb import ComplEx
        >>> facts = pd.DataFrame([["Rome", "capital of", "Italy"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> grown = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["Oslo"]}))
        >>> carry_vectors(GraphEmbedding(graph, ComplEx(), dim=4), grown)
        GraphEmbedding(ComplEx(), dim=4) of 'graph': 3 entities, 1 relation, not trained
    """
    expect_embedding(vectors, "kgwb.learn.carry_vectors(GraphEmbedding(graph, ComplEx()), grown)")
    expect_graph(graph, "kgwb.learn.carry_vectors(vectors, {})")
    entities = _find_places(vectors.graph.entities["entity"], graph.entities["entity"], "entity", graph.name)
    relations = _find_places(vectors.graph.relations["relation"], graph.relations["relation"], "relation", graph.name)
    return move_vectors(vectors, graph, Places(entities, relations))


def expect_same_labels(graph: KnowledgeGraph, candidates: pd.DataFrame) -> None:
    """Candidates whose ids mean in this graph what they meant where they were proposed.

    Raises:
        ValueError: an id is none of the graph's, or has another label there.
    """
    remedy = "Propose them anew with this graph: kgwb.learn.propose_facts(model, sentences, graph)."
    relations = candidates["relation"]
    outside = relations[(relations < 0) | (relations >= len(graph.relations))]
    if len(outside):
        raise ValueError(f"The candidates have the relation {outside.iloc[0]}, which {graph.name!r} has not. {remedy}")
    for side in ("head", "tail"):
        for entity, label in zip(candidates[side].tolist(), candidates[f"{side}_label"].tolist(), strict=True):
            if entity == NIL:
                continue
            if not 0 <= entity < len(graph.labels) or graph.labels[entity] != label:
                here = graph.labels[entity] if 0 <= entity < len(graph.labels) else None
                there = "no entity" if here is None else quote(here)
                raise ValueError(
                    f"The candidates call entity {entity} {quote(label)}; in {graph.name!r} it is {there}. {remedy}"
                )


def _name_ends(graph: KnowledgeGraph, accepted: pd.DataFrame) -> tuple[dict[str, list[str]], pd.DataFrame]:
    """The name of each row's ends, and a table of the entities that are new."""
    known = graph.entities["entity"].tolist()
    taken, made = set(known), dict[tuple[str, str], str]()
    names: dict[str, list[str]] = {}
    for side, label_column, type_column in _SIDES:
        names[side] = []
        rows = zip(accepted[side].tolist(), accepted[label_column], accepted[type_column], strict=True)
        for row, (entity, label, kind) in enumerate(rows):
            if entity != NIL:
                names[side].append(known[entity])
                continue
            if not isinstance(label, str) or not label.strip():
                raise ValueError(
                    f"Row {row} has a new {side} without a name. Give it one: accepted.loc[{row}, {label_column!r}] = 'Oslo'."
                )
            key = (label, kind if isinstance(kind, str) else "")
            if key not in made:
                made[key] = next(name for name in _list_free_names(label) if name not in taken)
                taken.add(made[key])
            names[side].append(made[key])
    table = [(name, label, kind) for (label, kind), name in made.items()]
    return names, pd.DataFrame(table, columns=["entity", "label", "type"])


def _list_free_names(label: str) -> Iterator[str]:
    yield label
    yield from (f"{label} ({number})" for number in range(2, 1_000_000))


def _find_places(old: pd.Series, new: pd.Series, kind: str, graph: str) -> Int[np.ndarray, " row"]:
    """Where each of the new names stood among the old; −1 for those that were not there."""
    missing = old[~old.isin(new)]
    if len(missing):
        raise ValueError(
            f"The vectors have the {kind} {quote(missing.iloc[0])}, which {graph!r} has not. Expected a graph that has grown: "
            "type kgwb.learn.grow_graph(vectors.graph, accepted)."
        )
    return pd.Index(old).get_indexer(pd.Index(new)).astype(np.int64)
