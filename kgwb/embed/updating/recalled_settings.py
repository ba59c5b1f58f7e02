"""How an embedding was trained, as far as it says, so that what is new is learnt in the same way."""

from __future__ import annotations

import inspect
import logging
from typing import Any

from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.training.arguments import expect_ranges
from kgwb.embed.training.loop import train_embedding

_log = logging.getLogger("kgwb.embed")
_KEPT = tuple(
    "negatives batch learning_rate optimizer loss margin temperature regularisation weight_decay dropout "
    "relation_weight epochs".split()
)


def recall_settings(vectors: GraphEmbedding, entities: int) -> dict[str, Any]:
    """Arguments of `train_embedding` that the last recorded training had; its defaults where none was recorded.

    Negatives that were an object of their own are not recorded, and neither are those that the graph is too small for:
    all entities stand in their place. `epochs` are those that were run. Weights of triples are not recorded either; where
    there were any, the log says that every fact counts the same from here on.

    Args:
        vectors: were trained so.
        entities: how many there are to draw negatives from.

    Example:
        >>> import pandas as pd
        >>> from kgwb.embed.scorers.complex import ComplEx
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["Berlin", "capital_of", "Germany"]], columns=["head", "relation", "tail"])
        >>> recall_settings(GraphEmbedding(KnowledgeGraph.from_pandas(facts), ComplEx(), dim=4), 2)["learning_rate"]
        0.1
    """
    usual = {name: inspect.signature(train_embedding).parameters[name].default for name in _KEPT}
    training = vectors._trainings[-1] if vectors._trainings else {}
    said = {name: value for name, value in training.get("settings", {}).items() if name in _KEPT}
    settings = usual | said | {"epochs": int(training.get("learnt before", training.get("epochs", usual["epochs"])))}
    if "weights" in training.get("settings", {}):
        _log.warning(
            "The vectors were trained with weights, which are not kept: in the update every fact counts the same"
        )
    count = settings["negatives"]
    if not isinstance(count, int) or not 0 < count < entities:
        settings["negatives"] = "all"
    expect_ranges(settings)
    return settings
