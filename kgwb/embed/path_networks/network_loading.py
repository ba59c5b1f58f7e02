"""A saved path network comes back: its weights, its graph, and what it learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from kgwb.axes import Tensor
from kgwb.checks import expect_path
from kgwb.citation import is_record
from kgwb.embed.embedding_files import EmbeddingFileError
from kgwb.embed.path_networks.network import ID_TABLES, PathNetwork
from kgwb.embed.path_networks.network_files import describe_damage, read_network_files
from kgwb.embed.path_networks.path_layer import GATHERINGS
from kgwb.embed.queries import expect_ids
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.graph.splitting import Split


def load_path_network(folder: str | Path) -> PathNetwork:
    """Read a path network that `PathNetwork.save` wrote.

    Args:
        folder: what was given to `save`.

    Returns:
        The network, on the CPU, scoring as it did when saved.

    Raises:
        EmbeddingFileError: the folder holds no path network, or it was damaged or changed.

    Example:
        >>> import tempfile
        >>> import pandas as pd
        >>> facts = pd.DataFrame([["Ada", "child of", "Bo"]], columns=["head", "relation", "tail"])
        >>> network = PathNetwork(KnowledgeGraph.from_pandas(facts), dim=8, layers=2)
        >>> load_path_network(network.save(tempfile.mkdtemp()))
        PathNetwork(dim=8, layers=2, surroundings=2) of 'graph': 1 fact of 2 entities, 1 relation, not trained
    """
    folder = expect_path(folder, call="load_path_network('network')").absolute()
    record, tensors, graph = read_network_files(folder)
    try:
        return _make_network(record, tensors, graph)
    except (ValueError, TypeError, KeyError, RuntimeError) as problem:
        raise EmbeddingFileError(describe_damage(folder, problem)) from problem


def _make_network(record: dict[str, Any], tensors: dict[str, Tensor], graph: KnowledgeGraph) -> PathNetwork:
    facts, learnt = (tensors.pop(name).numpy().astype(np.int64).reshape(-1, 3) for name in ID_TABLES)
    for name, ids in zip(ID_TABLES, (facts, learnt), strict=True):
        expect_ids(graph, name, ids)
    names, dim, layers = record["relations"], record["dim"], record["layers"]
    # Compared before anything is made, so that no changed number asks for all memory.
    if tuple(tensors["queries"].shape) != (2 * len(names), dim) or max(layers, record["surroundings"]) > len(tensors):
        raise ValueError("the record is not that of these weights")
    if record["gathering"] not in GATHERINGS or not is_record(record["trainings"], ("settings", "machine")):
        raise ValueError("the record holds something else than what is written")
    network = PathNetwork(
        Split(graph, facts, facts[:0], facts[:0]),
        dim=dim,
        layers=layers,
        surroundings=record["surroundings"],
        gathering=record["gathering"],
        seed=record["seed"],
        relations=names,
    )
    network.to(tensors["queries"].dtype).load_state_dict(tensors)
    if len(learnt):
        network.note_learnt(graph, learnt)
    network._trainings = tuple(record["trainings"])
    return network
