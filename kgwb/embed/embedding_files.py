"""An embedding as a folder: vectors in safetensors, facts about them in JSON, the graph as tables; never pickle."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from kgwb.axes import Tensor
from kgwb.embed.errors import EmbeddingFileError
from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.scorers.complex_bilinear import ComplEx
from kgwb.embed.scorers.distmult import DistMult
from kgwb.embed.scorers.rescal import RESCAL
from kgwb.embed.scorers.rotate import RotatE
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.scorers.transe import TransE
from kgwb.environment import VERSION
from kgwb.files import write_whole
from kgwb.graph.knowledge_graph import KnowledgeGraph

SCORERS: dict[str, type[Scorer]] = {scorer.__name__: scorer for scorer in (TransE, DistMult, ComplEx, RotatE, RESCAL)}
VECTORS, FACTS, GRAPH = "vectors.safetensors", "embedding.json", "graph"


def save_embedding(embedding: GraphEmbedding, folder: Path) -> Path:
    """Write an embedding; the folder appears whole or, when anything fails, not at all.

    Args:
        embedding: what to write.
        folder: where to, `~` being the home; an embedding already there is replaced.

    Returns:
        The folder, as an absolute path.

    Raises:
        FileExistsError: the folder holds something that is no embedding.
    """
    folder = folder.expanduser().absolute()
    if folder.exists() and not (folder / FACTS).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} holds something that is no embedding. Type another folder, or empty this one.")
    with write_whole(folder) as whole:
        _write(embedding, whole)
    return folder


def load_embedding(folder: str | Path, graph: KnowledgeGraph | None = None) -> GraphEmbedding:
    """Read an embedding that `GraphEmbedding.save` wrote.

    Args:
        folder: what was given to `save`.
        graph: the graph it belongs to; left out, the one saved beside the vectors.

    Returns:
        The embedding, on the CPU, scoring as it did when saved.

    Raises:
        EmbeddingFileError: the folder holds no embedding, or the ids of the graph mean something else.
    """
    folder = Path(folder).expanduser()
    facts = _read_facts(folder)
    if graph is None:
        from kgwb.graph import read_graph

        graph = replace(read_graph(folder / GRAPH), name=facts["graph"]["name"])
    if graph.fingerprint != facts["graph"]["fingerprint"]:
        raise EmbeddingFileError(_other_graph(folder, facts, graph))
    embedding = GraphEmbedding(graph, _make_scorer(folder, facts), dim=facts["dim"], seed=facts["seed"])
    if facts["reciprocal"]:
        embedding.add_inverses()
    embedding.load_state_dict(_read_tensors(folder))
    return embedding


def _write(embedding: GraphEmbedding, folder: Path) -> None:
    from safetensors.torch import save_file

    from kgwb.graph import write_graph

    graph = embedding.graph
    facts = {
        "kgwb": VERSION,
        "scorer": {"name": type(embedding.scorer).__name__, "arguments": asdict(embedding.scorer)},
        "dim": embedding.dim,
        "seed": embedding.seed,
        "reciprocal": embedding.reciprocal,
        "graph": {
            "name": graph.name,
            "fingerprint": graph.fingerprint,
            "entities": len(graph.entities),
            "relations": len(graph.relations),
        },
    }
    folder.mkdir()
    save_file(_gather_tables(embedding), folder / VECTORS)
    (folder / FACTS).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write_graph(graph, folder / GRAPH)


@torch.no_grad()
def _gather_tables(embedding: GraphEmbedding) -> dict[str, Tensor]:
    """The tables that load_embedding scores with; what an encoder makes of its tables stands in their place."""
    vectors = embedding.encode()
    tables = {
        "entity_table": vectors.entities,
        "relation_table": vectors.relations,
        "inverse_table": vectors.inverses,
        "trained_on": embedding.trained_on,
    }
    return {name: table.detach().cpu().clone() for name, table in tables.items() if table is not None}


def _read_facts(folder: Path) -> dict[str, Any]:
    if not (folder / FACTS).is_file():
        raise EmbeddingFileError(
            f"{folder} holds no embedding: no {FACTS} in it. Type the folder given to .save(folder)."
        )
    try:
        return json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except ValueError as problem:
        message = f"{folder / FACTS} is not the JSON that .save(folder) writes ({problem}). Save the embedding again."
        raise EmbeddingFileError(message) from problem


def _read_tensors(folder: Path) -> dict[str, Any]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(folder / VECTORS)
    except (OSError, SafetensorError) as problem:
        message = f"{folder / VECTORS} is missing or broken ({problem}). Save the embedding again."
        raise EmbeddingFileError(message) from problem


def _make_scorer(folder: Path, facts: dict[str, Any]) -> Scorer:
    name = facts["scorer"]["name"]
    if name not in SCORERS:
        known = f"This kgwb knows {', '.join(SCORERS)}"
        hint = f"the folder was written by kgwb {facts['kgwb']}: type pip install kgwb=={facts['kgwb']}"
        raise EmbeddingFileError(f"{folder} is of the scorer {name!r}. {known}; {hint}.")
    return SCORERS[name](**facts["scorer"]["arguments"])


def _other_graph(folder: Path, facts: dict[str, Any], graph: KnowledgeGraph) -> str:
    saved = facts["graph"]
    then = f"{saved['name']!r} ({saved['entities']:,} entities, {saved['relations']:,} relations)"
    now = f"{graph.name!r} ({len(graph.entities):,} entities, {len(graph.relations):,} relations)"
    return (
        f"{folder} was saved for the graph {then}, but {now} came, whose ids mean other things. "
        f"Type load_embedding({str(folder)!r}) to use the graph saved with it."
    )
