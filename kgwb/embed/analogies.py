"""a is to b as c is to ...: answered by adding the step from a to b, beside what lies nearest to c without any step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from kgwb.checks import expect_at_least, expect_each
from kgwb.embed.candidates import Among
from kgwb.embed.graph_embedding import GraphEmbedding, encode_once, expect_embedding
from kgwb.embed.named_facts import Name
from kgwb.embed.similarity import (
    Similarity,
    choose_similarity,
    compare_vector,
    list_candidates,
    name_similarity,
    sort_nearest,
)

_CALL = 'complete_analogy(vectors, ["Paris", "France", "Berlin"])'


@torch.no_grad()
def complete_analogy(
    vectors: GraphEmbedding, terms: Sequence[Name], *, k: int = 10, among: Among = None, measure: Similarity = "auto"
) -> pd.DataFrame:
    """a is to b as c is to which entities: those nearest to c + b − a, with the floor beside them.

    The three terms themselves are no answers (Mikolov et al., 2013, "Linguistic regularities in continuous space word
    representations"). Often most of what is found lies near c or b anyway, and the step from a to b has no part in it
    (Linzen, 2016): `rank_near_c` and `rank_near_b` say where the same entity stands with no step at all, and `floor`
    is what stands in that row's place nearest to c. Only where those ranks are far behind has the step answered.

    Args:
        vectors: an embedding.
        terms: a, b and c by name, label or id: ["Paris", "France", "Berlin"] asks for Germany.
        k: how many answers.
        among: only entities of this type, or of this list.
        measure: as in `GraphEmbedding.nearest`.

    Returns:
        Best first: entity, label, similarity, measure, rank_near_c, rank_near_b, floor (a label).

    Raises:
        UnknownNameError: names the three nearest labels.
        ValueError: not three terms, or k or measure out of its range.

    Example:
        >>> from kgwb.embed.scorers.transe import TransE
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["Paris", "in", "France"], ["Berlin", "in", "Germany"]], columns=["head", "relation", "tail"])
        >>> vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=2)
        >>> places = {"Paris": [0, 0], "France": [0, 1], "Berlin": [5, 0], "Germany": [5, 1]}
        >>> rows = torch.tensor([places[label] for label in vectors.graph.labels], dtype=torch.float32)
        >>> vectors.entity_table = torch.nn.Parameter(rows)
        >>> complete_analogy(vectors, ["Paris", "France", "Berlin"]).label.tolist()
        ['Germany']
    """
    expect_embedding(vectors, "complete_analogy(GraphEmbedding(graph, ComplEx()), ['Paris', 'France', 'Berlin'])")
    names = expect_each(terms, (str, int, np.integer), "An entity", call=_CALL)
    if len(names) != 3:
        raise ValueError(f"An analogy has three terms, a, b and c, and {len(names)} came. Type {_CALL}.")
    expect_at_least("k", k, 1, whole=True)
    graph, scorer = vectors.graph, vectors.scorer
    measure_used = choose_similarity(scorer, measure)
    a, b, c = (graph.entity_id(name) for name in names)
    candidates = list_candidates(graph, among, without=[a, b, c])
    seen = encode_once(vectors)
    table = seen.entities
    points = {"step": table[c] + table[b] - table[a], "c": table[c], "b": table[b]}
    near = {name: compare_vector(seen, point, measure_used).cpu().numpy() for name, point in points.items()}
    orders = {name: sort_nearest(each, candidates, len(candidates)) for name, each in near.items()}
    best = orders["step"][: int(k)]
    ranks = {name: np.argsort(orders[name])[np.searchsorted(candidates, best)] + 1 for name in ("c", "b")}
    labels = graph.entities["label"].to_numpy()
    return pd.DataFrame(
        {
            "entity": graph.entities["entity"].to_numpy()[best],
            "label": labels[best],
            "similarity": near["step"][best],
            "measure": name_similarity(measure_used),
            "rank_near_c": ranks["c"],
            "rank_near_b": ranks["b"],
            "floor": labels[orders["c"][: len(best)]],
        }
    )
