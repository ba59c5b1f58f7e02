"""An embedding as a folder: vectors in safetensors, facts about them in JSON, the graph as tables; never pickle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kgwb.axes import Tensor
from kgwb.embed.scorers import SCORERS
from kgwb.embed.scorers.scorer import Scorer
from kgwb.environment import VERSION
from kgwb.files import write_whole
from kgwb.graph import read_graph, write_graph
from kgwb.graph.knowledge_graph import KnowledgeGraph

VECTORS, FACTS, GRAPH = "vectors.safetensors", "embedding.json", "graph"


class EmbeddingFileError(ValueError):
    """A file or folder that cannot be read as an embedding of this graph."""


def write_embedding_files(
    folder: Path, tensors: dict[str, Tensor], facts: Mapping[str, Any], graph: KnowledgeGraph
) -> Path:
    """Write what an embedding consists of; the folder appears whole or, when anything fails, not at all.

    Args:
        folder: where to, `~` being the home; an embedding already there is replaced.
        tensors: the tables by name, on the CPU.
        facts: what else there is to know, for JSON; kgwb's version and the graph's description are added.
        graph: whose ids the rows of the tables are.

    Returns:
        The folder, as an absolute path.

    Raises:
        FileExistsError: the folder holds something that is no embedding.
    """
    from safetensors.torch import save_file

    folder = folder.expanduser().absolute()
    if folder.exists() and not (folder / FACTS).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} holds something that is no embedding. Type another folder, or empty this one.")
    text = json.dumps({"kgwb": VERSION, **facts, "graph": identify_graph(graph)}, indent=2, ensure_ascii=False)
    with write_whole(folder) as whole:
        whole.mkdir()
        save_file(tensors, whole / VECTORS)
        (whole / FACTS).write_text(text + "\n", encoding="utf-8")
        write_graph(graph, whole / GRAPH)
    return folder


def describe_scorer(scorer: Scorer) -> dict[str, Any]:
    """A scorer as JSON has it: its name, its dataclass fields, and "own" where the class is not kgwb's.

    Raises:
        ValueError: a field is nothing that JSON can hold.

    Example:
        >>> describe_scorer(SCORERS["TransE"](norm=1))
        {'name': 'TransE', 'arguments': {'norm': 1}}
    """
    name = type(scorer).__name__
    try:
        described = {"name": name, "arguments": json.loads(json.dumps(asdict(scorer)))}
    except TypeError as problem:
        message = f"{scorer!r} cannot be saved, because JSON cannot hold one of its fields ({problem})"
        raise ValueError(f"{message}. Type numbers, texts, or lists of them as the fields of {name}.") from problem
    return described if SCORERS.get(name) is type(scorer) else described | {"own": True}


def identify_graph(graph: KnowledgeGraph) -> dict[str, str | int]:
    """What distinguishes one graph from another: its name, its counts, and the fingerprint of what its ids mean."""
    counts = {"entities": len(graph.entities), "relations": len(graph.relations)}
    return {"name": graph.name, "fingerprint": graph.fingerprint, **counts}


def read_embedding_facts(folder: Path) -> dict[str, Any]:
    """The facts that `write_embedding_files` wrote.

    Raises:
        EmbeddingFileError: there are none, or they are broken.
    """
    if not (folder / FACTS).is_file():
        raise EmbeddingFileError(
            f"{folder} holds no embedding: no {FACTS} in it. Type the folder given to .save(folder)."
        )
    try:
        return json.loads((folder / FACTS).read_text(encoding="utf-8"))
    except ValueError as problem:
        message = f"{folder / FACTS} is not the JSON that .save(folder) writes ({problem}). Save the embedding again."
        raise EmbeddingFileError(message) from problem


def read_tensors(folder: Path) -> dict[str, Tensor]:
    """The tables that `write_embedding_files` wrote.

    Raises:
        EmbeddingFileError: they are missing or broken.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(folder / VECTORS)
    except (OSError, SafetensorError) as problem:
        message = f"{folder / VECTORS} is missing or broken ({problem}). Save the embedding again."
        raise EmbeddingFileError(message) from problem


def read_graph_beside(folder: Path, facts: Mapping[str, Any]) -> KnowledgeGraph:
    """The graph saved beside the vectors, under the name that it had."""
    return replace(read_graph(folder / GRAPH), name=facts["graph"]["name"])
