"""Vectors that follow a changed graph: carried over, folded in, and trained for a few epochs near the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from kgwb.checks import expect_at_least
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.precision import Precision
from kgwb.embed.training.schedule import plan_evaluation
from kgwb.embed.training.state import Epoch
from kgwb.embed.training.workspace import Memory
from kgwb.embed.updating.embedding_update import EmbeddingUpdate
from kgwb.embed.updating.folding import Start, fold_rows, name_start
from kgwb.embed.updating.nearby_queries import touch_changed
from kgwb.embed.updating.optimizers import seed_optimizer, start_optimizer
from kgwb.embed.updating.plan import UpdatePlan, plan_update
from kgwb.embed.updating.steps import NearbyTraining, UpdateSettings, list_tables, measure_squares, prepare_course
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


def update_embedding(
    vectors: GraphEmbedding,
    graph: KnowledgeGraph | Split,
    *,
    epochs: int = 3,
    fold_epochs: int = 4,
    start: Start = None,
    others: int | float = 1,
    learning_rate: int | float | None = None,
    seed: int | np.integer = 0,
    evaluate_on: int = 500,
    precision: Precision = "auto",
    memory: Memory = "auto",
) -> EmbeddingUpdate:
    """New vectors for a graph that has changed since training: facts added and withdrawn, new entities and relations.

    1. Vectors of all names that were there are carried over. 2. What is new is folded in, everything else being fixed (see
    `fold_in`), and so are the entities that a withdrawn fact was about: they begin anew and are solved for from the facts
    that they have left. 3. Epochs over the queries whose answers have changed, and as many others, drawn anew each time,
    move all vectors. A withdrawn fact is a wrong answer like any other from then on. It sinks, though not as far as in a
    training that never saw it, since relations and neighbours remember some of it: to be rid of it wholly, train anew.

    The optimizer goes on where the training stopped: its sums of squared gradients are measured at the vectors as they are
    (the mean over a tenth of the batches, times the steps that the training took). With sums that begin anew, Adagrad's
    first steps would be as large as those of fresh vectors, and what was learnt is forgotten.

    Args:
        vectors: trained, without an encoder; they stay as they are.
        graph: the changed graph, as `graph.with_facts` gives it; of a split, its training triples.
        epochs: over the queries near the change; with 0 new things are folded in and all others stay, to the bit.
        fold_epochs: rounds of folding in; with 0 what a withdrawn fact was about stays where it is.
        start: what the texts of entities say, see `fold_in`.
        others: how many other queries are asked for each one that the change touches.
        learning_rate: of the epochs; left out, the last training's. Its other settings are taken from there too.
        seed: of order, dropout and samples; on a CPU, one seed and one precision give one result, to the bit.
        evaluate_on: of a split with valid triples, how many are ranked before and after; 0 for none.
        precision: as in `train_embedding`.
        memory: as in `train_embedding`.

    Returns:
        An update that trains for one epoch at each `next`, as `train_embedding` does: `.vectors` are those of the new graph
        as they stand, `.finish()` runs what is left and gives them, and printed it says what has changed.

    Raises:
        ValueError: vectors that were never trained or have an encoder, a graph without triples, arguments out of range.
        TrainingError: the loss is no longer finite, or memory ran out.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> from kgwb.embed.training.loop import train_embedding
        >>> facts = [(f"town {i}", "in", f"land {i % 3}") for i in range(12)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> vectors = GraphEmbedding(graph, ComplEx(), dim=8)
        >>> for epoch in train_embedding(vectors, graph, epochs=30):
        ...     pass
        >>> later = graph.with_facts([("town 0", "in", "land 2")], removed=[("town 0", "in", "land 0")])
        >>> update = update_embedding(vectors, later)
        >>> update.finish().predict(head="town 0", relation="in", k=1).label.item()
        'land 2'
    """
    expect_at_least("epochs", epochs, 0, whole=True)
    expect_at_least("fold_epochs", fold_epochs, 0, whole=True)
    expect_at_least("evaluate_on", evaluate_on, 0, whole=True)
    plan = plan_update(vectors, graph, call="kgwb.update_embedding(vectors, {})")
    course = prepare_course(
        vectors,
        len(plan.graph.entities),
        others=others,
        seed=seed,
        precision=precision,
        memory=memory,
        learning_rate=learning_rate,
    )
    embedding = plan.carry(vectors)
    is_ranked = isinstance(graph, Split) and len(graph.valid) and evaluate_on
    evaluate = plan_evaluation(embedding, graph, every=int(bool(is_ranked)), sample=evaluate_on, seed=course.seed)
    figures = [("carried over", evaluate(1))]
    fold_rows(course, plan, embedding, epochs=fold_epochs, start=start, withdrawn=epochs > 0)
    figures.append(("folded in", evaluate(1)))
    settings = course.describe(epochs=epochs, fold_epochs=fold_epochs, start=name_start(start))
    numbers = course.choose_numbers(embedding, plan.queries)
    plan.note(embedding, settings, numbers, epochs=0)
    before = embedding._trainings[: len(vectors._trainings)]

    def note(done: int, found: dict[str, float]) -> None:
        figures.append((f"after epoch {done}", found))
        embedding._trainings = before
        plan.note(embedding, settings, numbers, epochs=done)

    epochs = epochs if len(plan.changes.added) or len(plan.changes.removed) else 0
    steps = _train_nearby(course, plan, embedding, epochs, evaluate, note)
    names = plan.graph.entities["entity"].to_numpy()
    folded, anew = plan.fresh_entities & ~plan.without_facts, plan.loosened & (epochs > 0 and fold_epochs > 0)
    return EmbeddingUpdate(embedding, vectors, plan.changes, (*names[folded],), (*names[anew],), epochs, figures, steps)


def _train_nearby(
    course: UpdateSettings,
    plan: UpdatePlan,
    embedding: GraphEmbedding,
    epochs: int,
    evaluate: Callable[[int], dict[str, float]],
    note: Callable[[int, dict[str, float]], None],
) -> Iterator[Epoch]:
    if not epochs:
        return
    tables = list_tables(embedding)
    optimizer = start_optimizer(course.settings["optimizer"], tables, course.settings["learning_rate"])
    steps = max(1, course.settings["epochs"]) * course.count_steps(plan.queries)
    seed_optimizer(optimizer, measure_squares(course, embedding, plan.queries), steps)
    chosen = [touch_changed(side, plan.changed) for side in (plan.queries.tail, plan.queries.head)]
    near = NearbyTraining.begin(course, embedding, plan.queries, chosen, optimizer, epochs=epochs)
    for _ in range(epochs):
        epoch = near.train()
        found = evaluate(1)
        note(epoch.number, found)
        yield Epoch(epoch.number, epoch.loss, epoch.seconds, epoch.metrics | found, epochs)
    optimizer.zero_grad()
