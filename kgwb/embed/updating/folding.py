"""Vectors for entities and relations that are new, everything else being fixed."""

from __future__ import annotations

import numpy as np
import torch

from kgwb.axes import Bool
from kgwb.checks import expect_at_least
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import Precision
from kgwb.embed.training.workspace import Memory
from kgwb.embed.updating.nearby_queries import touch_new
from kgwb.embed.updating.optimizers import RowOptimizer, start_optimizer
from kgwb.embed.updating.plan import UpdatePlan, plan_update
from kgwb.embed.updating.starting import Start, average_takers, map_texts, read_text_vectors
from kgwb.embed.updating.steps import NearbyTraining, UpdateSettings, list_tables, prepare_course
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split

_MOST = 5_000  # entities whose texts are compared with their vectors


def fold_in(
    vectors: GraphEmbedding,
    graph: KnowledgeGraph | Split,
    *,
    epochs: int = 4,
    start: Start = None,
    others: int | float = 4,
    seed: int | np.integer = 0,
    precision: Precision = "auto",
    memory: Memory = "auto",
) -> GraphEmbedding:
    """Vectors for what a graph holds and the vectors do not know, everything else staying as it is, to the bit.

    A new entity begins at the mean of those that stand where it stands (on its side of its relations), or where its text
    points to; then it, and relations that are new, go down the gradient of the loss that the vectors were trained with, over
    the queries that they ask or answer and a sample of others. For products (ComplEx, DistMult, RESCAL) that loss is convex
    in the vector of one new entity, so there is one best place.

    Args:
        vectors: trained, without an encoder; they stay as they are.
        graph: the changed graph, as `graph.with_facts` gives it; of a split, its training triples.
        epochs: rounds over the queries that new things touch; 0 leaves them where they begin.
        start: what the texts of entities say: a vector for each entity of the graph, or a function from a list of texts
            (label, and description where there is one) to such vectors. A ridge from known entities' texts to their vectors
            leads from there to where each new entity begins, and one without any facts stays.
        others: how many other queries are asked for each one that a new thing touches.
        seed: of order and samples.
        precision: as in `train_embedding`.
        memory: as in `train_embedding`.

    Returns:
        An embedding of the graph, in its ids.

    Raises:
        ValueError: vectors that were never trained or have an encoder, a graph without triples, arguments out of range.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> from kgwb.embed.training.loop import train_embedding
        >>> facts = [(f"town {i}", "in", f"land {i % 3}") for i in range(12)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> vectors = GraphEmbedding(graph, ComplEx(), dim=8)
        >>> for epoch in train_embedding(vectors, graph, epochs=30):
        ...     pass
        >>> more = fold_in(vectors, graph.with_facts([("new town", "in", "land 2")]))
        >>> more.predict(head="new town", relation="in", k=1).label.item()
        'land 2'
    """
    expect_at_least("epochs", epochs, 0, whole=True)
    plan = plan_update(vectors, graph, call="kgwb.embed.fold_in(vectors, {})")
    course = prepare_course(
        vectors, len(plan.graph.entities), others=others, seed=seed, precision=precision, memory=memory
    )
    embedding = plan.carry(vectors)
    fold_rows(course, plan, embedding, epochs=epochs, start=start)
    settings = course.describe(epochs=0, fold_epochs=epochs, start=name_start(start))
    plan.note(embedding, settings, course.choose_numbers(embedding, plan.queries), epochs=0)
    return embedding


def fold_rows(
    course: UpdateSettings,
    plan: UpdatePlan,
    embedding: GraphEmbedding,
    *,
    epochs: int,
    start: Start,
    withdrawn: bool = False,
) -> None:
    """Find vectors for the rows of an embedding that are new.

    Args:
        course: what all steps share.
        plan: which rows they are.
        embedding: changed in place, in these rows only.
        epochs: rounds.
        start: as in `fold_in`.
        withdrawn: whether entities that have lost facts begin anew, too: those that have some left where others stand that
            stand where they stand, if there are rounds to solve for them; those that have none like untrained ones.
    """
    texts = read_text_vectors(start, plan.graph)
    entities, relations = plan.fresh_entities.copy(), plan.fresh_relations
    loosened = plan.loosened & (withdrawn and epochs > 0)
    if withdrawn:
        entities |= plan.bare | loosened
    if not entities.any() and not relations.any():
        return
    _begin(embedding, plan, texts, course.seed)
    if withdrawn:
        _reset(embedding, plan.bare)
        _move_among_takers(embedding, plan, loosened)
    if texts is not None:
        entities &= ~(plan.without_facts & (plan.places.entities < 0))  # nothing but the text is known of them
    if not entities.any() and not relations.any():
        return
    tables = list_tables(embedding)
    free = (entities, relations, relations)
    fixed = {table: torch.from_numpy(~rows).to(table.device) for table, rows in zip(tables, free, strict=False)}
    optimizer = start_optimizer(course.settings["optimizer"], tables, course.settings["learning_rate"])
    sides = (plan.queries.tail, plan.queries.head)
    chosen = [touch_new(side, entities, relations) for side in sides]
    near = NearbyTraining.begin(course, embedding, plan.queries, chosen, RowOptimizer(optimizer, fixed), epochs=epochs)
    for _ in range(epochs):
        near.train()
    near.state.optimizer.zero_grad()


@torch.no_grad()
def _begin(embedding: GraphEmbedding, plan: UpdatePlan, texts: np.ndarray | None, seed: int) -> None:
    if texts is None:
        _move_among_takers(embedding, plan, plan.fresh_entities)
        return
    table, rows = embedding.entity_table, torch.from_numpy(np.flatnonzero(plan.fresh_entities))
    known = np.flatnonzero(plan.is_known)
    known = np.sort(np.random.default_rng(seed).permutation(known)[:_MOST])
    chosen = np.zeros(len(texts), dtype=bool)
    chosen[known] = True
    rows = rows.to(table.device)
    table[rows] = torch.from_numpy(map_texts(texts, table.cpu().numpy(), chosen)).to(table)[rows]


@torch.no_grad()
def _move_among_takers(embedding: GraphEmbedding, plan: UpdatePlan, entities: Bool[np.ndarray, " entity"]) -> None:
    """To the mean of those that stand where they stand, which neither are new nor move themselves."""
    table, rows = embedding.entity_table, torch.from_numpy(np.flatnonzero(entities)).to(embedding.device)
    begun = average_takers(table, plan.triples, plan.fresh_entities | entities, len(plan.graph.relations))
    table[rows] = begun[rows]


@torch.no_grad()
def _reset(embedding: GraphEmbedding, rows: Bool[np.ndarray, " entity"]) -> None:
    """As untrained ones begin: small."""
    generator = torch.Generator().manual_seed(embedding.seed)
    begun = embedding.scorer.start_entities(len(rows), embedding.dim, generator).to(embedding.entity_table)
    chosen = torch.from_numpy(np.flatnonzero(rows)).to(embedding.device)
    embedding.entity_table[chosen] = begun[chosen]


def name_start(start: Start) -> str | None:
    """What a citation says of it."""
    return None if start is None else "texts"
