"""A path network as a folder: weights in safetensors, what they are in JSON, the graph as tables; never pickle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgwb.axes import Tensor
from kgwb.embed.embedding_files import EmbeddingFileError
from kgwb.environment import VERSION
from kgwb.files import hash_file, hold_folder, write_whole
from kgwb.graph import read_graph, write_graph
from kgwb.graph.files.writing import GRAPH_FILES
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.tensor_folders import expect_written, read_record, read_tensor_file, write_record, write_tensor_file

WEIGHTS, RECORD, GRAPH = "path_network.safetensors", "path_network.json", "graph"
NETWORK_FILES = (WEIGHTS, *(f"{GRAPH}/{name}" for name in GRAPH_FILES), RECORD)
_KINDS = {"kgwb": str, "dim": int, "layers": int, "gathering": str, "seed": int, "relations": list, "graph": dict}
_KINDS |= {"trainings": list, "files": dict, "surroundings": int}
_BROKEN = (OSError, ValueError, TypeError, KeyError, RuntimeError, RecursionError, OverflowError, AttributeError)


def write_network_files(
    folder: Path, tensors: Mapping[str, Tensor], record: Mapping[str, Any], graph: KnowledgeGraph
) -> None:
    """Write what a path network consists of, all of it or nothing; other files in the folder stay.

    Raises:
        FileExistsError: a file that kgwb did not write has the name of one that is needed.
        SavingError: the system refuses, as where the disk is full.
    """
    named = {"name": graph.name, "fingerprint": graph.fingerprint}
    with write_whole(folder, replaces=NETWORK_FILES) as whole:
        whole.mkdir()
        write_tensor_file(tensors, whole / WEIGHTS)
        write_graph(graph, whole / GRAPH)
        files = {name: hash_file(whole / name) for name in NETWORK_FILES if (whole / name).is_file()}
        write_record(whole / RECORD, {"kgwb": VERSION, **record, "graph": named, "files": files})


def read_network_files(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor], KnowledgeGraph]:
    """The record, the tensors and the graph that `write_network_files` wrote.

    Raises:
        EmbeddingFileError: there are none, or they were damaged or changed.
    """
    with hold_folder(folder):
        if not (folder / RECORD).is_file():
            raise EmbeddingFileError(
                f"{folder} holds no path network: no {RECORD} in it. Type the folder given to .save(folder)."
            )
        try:
            record = read_record(folder / RECORD, _KINDS)
            expect_written(folder, record["files"])
            tensors, graph = read_tensor_file(folder / WEIGHTS), read_graph(folder / GRAPH)
            if graph.fingerprint != record["graph"]["fingerprint"]:
                raise ValueError("the graph is not the one that was saved")
            return record, tensors, replace(graph, name=record["graph"]["name"])
        except _BROKEN as problem:
            raise EmbeddingFileError(describe_damage(folder, problem)) from problem


def describe_damage(folder: Path, problem: object) -> str:
    """What to say where a folder is not as it was written."""
    return (
        f"The path network in {folder} was damaged or changed since .save(folder) wrote it ({str(problem)[:300]}). Save it "
        "again, to another folder."
    )
