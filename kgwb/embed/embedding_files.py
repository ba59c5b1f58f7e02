"""An embedding as a folder: vectors in safetensors, facts about them in JSON, the graph as tables; never pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from kgwb.axes import Tensor
from kgwb.citation import is_record
from kgwb.embed.scorers import SCORERS
from kgwb.embed.scorers.scorer import Scorer
from kgwb.embed.vectors import FORMATS
from kgwb.environment import VERSION
from kgwb.files import SavingError, hash_file, open_to_readers, write_whole
from kgwb.graph import read_graph, write_graph
from kgwb.graph.files.writing import GRAPH_FILES
from kgwb.graph.knowledge_graph import KnowledgeGraph

VECTORS, FACTS, GRAPH = "vectors.safetensors", "embedding.json", "graph"
WRITTEN = (VECTORS, *(f"{GRAPH}/{name}" for name in GRAPH_FILES), FACTS)


_KINDS = {"trained_on": (torch.bool,), "trained_facts": (torch.int32,)}  # all other tables are of one format
_OF_GRAPH = {"name": str, "fingerprint": str, "entities": int, "relations": int}
_OF_SCORER = {"name": str, "arguments": dict}
_OF_EMBEDDING = {"kgwb": str, "dim": int, "seed": int, "reciprocal": bool, "files": dict, "sha256": str}
_OF_TRAINING = ("settings", "machine")  # objects of their own
_AGAIN = "Save the embedding again, to another folder."


class EmbeddingFileError(ValueError):
    """A file or folder that cannot be read as an embedding of this graph."""


def write_embedding_files(
    folder: Path, tensors: dict[str, Tensor], facts: Mapping[str, Any], graph: KnowledgeGraph
) -> Path:
    """Write what an embedding consists of, all of it or nothing; other files in the folder stay.

    Args:
        folder: where to; an embedding already there is replaced.
        tensors: the tables by name, on the CPU.
        facts: what else there is to know, for JSON; kgwb's version and the graph's description are added.
        graph: whose ids the rows of the tables are.

    Returns:
        The folder.

    Raises:
        FileExistsError: a file that kgwb did not write has the name of one that is needed.
        SavingError: the system refuses, as where the disk is full.
    """
    with write_whole(folder, replaces=WRITTEN) as whole:
        whole.mkdir()
        write_tensors(tensors, whole / VECTORS)
        write_graph(graph, whole / GRAPH)
        files = {name: hash_file(whole / name) for name in WRITTEN if (whole / name).is_file()}
        written = {"kgwb": VERSION, **facts, "graph": identify_graph(graph), "files": files}
        text = json.dumps(written | {"sha256": digest_facts(written)}, indent=2, ensure_ascii=False)
        (whole / FACTS).write_text(text + "\n", encoding="utf-8")
    return folder


def write_tensors(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str] | None = None) -> None:
    """Write tensors as safetensors.

    Raises:
        OSError: the system refuses, as where the disk is full; safetensors has an error of its own for that.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    try:
        save_file(dict(tensors), path, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as problem:
        raise SavingError(f"{path.name} could not be written: {problem}") from problem
    open_to_readers(path)


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


def digest_facts(facts: Mapping[str, Any]) -> str:
    """The SHA-256 of everything in embedding.json but itself."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def read_embedding_facts(folder: Path) -> dict[str, Any]:
    """The facts that `write_embedding_files` wrote, each of the kind that it must be.

    Raises:
        EmbeddingFileError: there are none, or they are broken.
    """
    if not (folder / FACTS).is_file():
        raise EmbeddingFileError(
            f"{folder} holds no embedding: no {FACTS} in it. Type the folder given to .save(folder)."
        )
    try:
        facts = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        if (wrong := _find_wrong(facts)) is not None:
            raise ValueError(wrong)
    except (OSError, ValueError, RecursionError) as problem:
        message = f"{folder / FACTS} is not the JSON that .save(folder) writes ({problem}). {_AGAIN}"
        raise EmbeddingFileError(message) from problem
    return facts


def expect_whole_facts(folder: Path, facts: Mapping[str, Any]) -> None:
    """Facts as they were written.

    Raises:
        EmbeddingFileError: they were changed since.
    """
    if facts.get("sha256") != digest_facts({name: value for name, value in facts.items() if name != "sha256"}):
        raise EmbeddingFileError(f"{folder / FACTS} was damaged or changed since .save(folder) wrote it. {_AGAIN}")


def read_tensors(folder: Path, facts: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tables that `write_embedding_files` wrote.

    Args:
        folder: where they are.
        facts: what `read_embedding_facts` gives.
        shapes: of each table that there must be, known before any of them is read.

    Raises:
        EmbeddingFileError: they are missing or broken, or of other shapes.
    """
    from safetensors import SafetensorError, safe_open

    path = folder / VECTORS
    try:
        with safe_open(path, framework="pt") as file:
            kept = {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}  # noqa: SIM118 # no mapping
            if kept != dict(shapes):
                raise ValueError(f"expected tables of {dict(shapes)}, but {kept} came")
            tensors = {name: file.get_tensor(name).clone() for name in shapes}
        formats = FORMATS if tensors["entity_table"].dtype not in FORMATS else (tensors["entity_table"].dtype,)
        wrong = [name for name, table in tensors.items() if table.dtype not in _KINDS.get(name, formats)]
        if wrong:
            raise ValueError(f"{wrong[0]} is of {tensors[wrong[0]].dtype}")
        _expect_as_written(folder, VECTORS, facts)
    except (OSError, SafetensorError, ValueError, RuntimeError) as problem:
        raise EmbeddingFileError(f"{path} is missing or broken ({problem}). {_AGAIN}") from problem
    return tensors


def read_graph_beside(folder: Path, facts: Mapping[str, Any]) -> KnowledgeGraph:
    """The graph saved beside the vectors, under the name that it had.

    Raises:
        EmbeddingFileError: it is missing or broken, or not the one that was saved.
    """
    try:
        for name in facts["files"]:
            if name.startswith(GRAPH):
                _expect_as_written(folder, name, facts)
        return replace(read_graph(folder / GRAPH), name=facts["graph"]["name"])
    except (OSError, ValueError) as problem:
        message = f"The graph in {folder / GRAPH} is missing, broken or changed ({problem})"
        raise EmbeddingFileError(f"{message}. Type kgwb.load_embedding({str(folder)!r}, graph).") from problem


def _expect_as_written(folder: Path, name: str, facts: Mapping[str, Any]) -> None:
    if hash_file(folder / name) != facts["files"].get(name):
        raise ValueError(f"{name} is not what {FACTS} was written with")


def _find_wrong(facts: object) -> str | None:
    """The first fact of another kind than `write_embedding_files` writes, as a sentence."""
    if not isinstance(facts, dict):
        return "no JSON object"
    graph, scorer = facts.get("graph"), facts.get("scorer")
    for part, whole, kinds in (("graph", graph, _OF_GRAPH), ("scorer", scorer, _OF_SCORER), ("", facts, _OF_EMBEDDING)):
        if not isinstance(whole, dict):
            return f"{part!r} is no object"
        for name, kind in kinds.items():
            if type(whole.get(name)) is not kind:
                return f"{name!r} is {whole.get(name)!r:.60}, and not of the kind {kind.__name__}"
    if not 1 <= facts["dim"] < 2**31 or not 0 <= facts["seed"] < 2**63:
        return "dim or seed is out of range"
    # Folders that an earlier kgwb wrote do not say how many facts were trained on.
    if type(count := facts.get("trained_facts", 0)) is not int or not 0 <= count < 2**60:
        return "'trained_facts' is no count"
    # Nor how they were trained.
    if not is_record(facts.get("trainings", []), _OF_TRAINING):
        return "'trainings' is no list of trainings"
    return None
