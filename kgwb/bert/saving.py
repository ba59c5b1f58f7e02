"""Doors and tuned models as folders: tensors in safetensors, all that made them in JSON, the graph as tables; never pickle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from kgwb.axes import Tensor
from kgwb.bert.knowledge import Knowledge
from kgwb.bert.origin import Origin
from kgwb.bert.shape import Shape
from kgwb.citation import is_record
from kgwb.environment import VERSION
from kgwb.files import hash_file, hold_folder, refuse_other_files, write_whole
from kgwb.fingerprints import fingerprint
from kgwb.graph import KnowledgeGraph, read_graph, write_graph
from kgwb.tensor_folders import (
    Kinds,
    TensorFolder,
    expect_parts,
    expect_written,
    read_record,
    read_tensor_file,
    write_record,
    write_tensor_file,
)

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS, MADE_FOR = "injector.safetensors", "injector.json"
MODEL, KNOWLEDGE, GRAPH = "kgwb.json", "knowledge.safetensors", "graph"
HEADS, ADDITIONS = "heads.safetensors", "additions.safetensors"
_OF_MODEL: Mapping[str, Kinds] = {"name": str, "new_head": bool, "files": dict, "injector": (dict, NoneType)}
_OF_HEAD: Mapping[str, Kinds] = {"kind": str, "labels": list, "width": int, "settings": dict}
_OF_GRAPH: Mapping[str, Kinds] = {"name": str, "notes": list, "fingerprint": str}
_OF_DOORS: Mapping[str, Kinds] = {"classes": dict, "options": dict, "recipe": dict, "shape": dict, "graph": dict}


class InjectorFileError(ValueError):
    """A saved injector does not fit."""


class ModelFileError(ValueError):
    """A saved model is damaged, or cannot be saved."""


def write_doors(folder: Path, state: Mapping[str, Tensor], recipe: Mapping[str, Any]) -> None:
    """Write the tensors of doors, and what they were made from."""
    TensorFolder(folder, WEIGHTS, MADE_FOR, "a door").write(state, recipe)


def read_doors(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What `write_doors` wrote: the recipe, and the tensors.

    Raises:
        InjectorFileError: if there is none, or it is damaged.
    """
    try:
        return TensorFolder(folder, WEIGHTS, MADE_FOR, "a door").read({"doors": dict})
    except (OSError, ValueError, RecursionError) as error:
        raise InjectorFileError(
            f"{str(folder)!r} holds no door ({error}). Expected a folder that model.injector.save(folder) wrote."
        ) from error


def write_model(
    folder: Path,
    model: tuple[PreTrainedModel, Mapping[str, Tensor]],
    tokenizer: PreTrainedTokenizerBase,
    record: Mapping[str, Any],
    doors: tuple[Mapping[str, Tensor], KnowledgeGraph, Origin] | None,
    parts: Mapping[str, Mapping[str, Tensor]],
    graphs: Mapping[str, KnowledgeGraph],
) -> None:
    """Write a model whole: as Hugging Face does, with the doors, their graph and all that made them beside it.

    Args:
        folder: where to; a model of kgwb's that is there is replaced.
        model: Hugging Face's model, and its weights under its own names.
        tokenizer: its tokenizer.
        record: what else there is to know, for JSON.
        doors: their tensors, their graph, and what they were made from; None for a plain BERT.
        parts: by file, the tensors of the tasks' heads and of additions; a file without tensors is left out.
        graphs: by folder, those that heads keep.
    """
    with hold_folder(folder):
        known = read_model_record(folder)["files"] if (folder / MODEL).is_file() else {}
    refuse_other_files(folder, {*known, MODEL, "config.json", "model.safetensors"}, "a model of kgwb's")
    with write_whole(folder, replaces={*known, MODEL}) as new:
        new.mkdir()
        model[0].save_pretrained(new, state_dict=dict(model[1]), max_shard_size="1000GB")
        tokenizer.save_pretrained(new)
        if doors is not None:
            state, graph, origin = doors
            write_tensor_file(state, new / WEIGHTS)
            write_graph(graph, new / GRAPH)
            if origin.knowledge is not None:
                whole = origin.knowledge
                tables = {"entities": whole.entities, "relations": whole.relations, "facts": whole.facts}
                write_tensor_file(tables | {"identity": whole.identity}, new / KNOWLEDGE)
        for name, tensors in parts.items():
            if tensors:
                write_tensor_file(tensors, new / name)
        for place, graph in graphs.items():
            (new / place).parent.mkdir(parents=True, exist_ok=True)
            write_graph(graph, new / place)
        written = sorted(path for path in new.rglob("*") if path.is_file())
        files = {path.relative_to(new).as_posix(): hash_file(path) for path in written}
        write_record(new / MODEL, {"kgwb": VERSION, **record, "files": files})


def read_model_record(folder: Path, *, check_files: bool = False) -> dict[str, Any]:
    """What `write_model` wrote beside the model; one that an earlier kgwb wrote has no heads and no additions.

    Raises:
        ModelFileError: if anything there is not as it was written.
    """
    try:
        record = read_record(folder / MODEL, _OF_MODEL)
        if record["injector"] is not None:
            expect_parts(record["injector"], _OF_DOORS)
        expect_parts(record, {name: dict for name in ("heads", "additions") if name in record})
        if not is_record(record.get("tunings", []), ("settings", "machine")):
            raise ValueError("its 'tunings' are no list of tunings")
        expect_parts(record.setdefault("additions", {}), dict.fromkeys(record["additions"], dict))
        for head in record.setdefault("heads", {}).values():
            expect_parts(head, {**_OF_HEAD, **({"graphs": dict} if "graphs" in head else {})})
            for graph in head.get("graphs", {}).values():
                expect_parts(graph, _OF_GRAPH)
        if check_files:
            expect_written(folder, record["files"])
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(
            f"{str(folder)!r} holds no whole model ({error}). Save it anew: model.save(folder)."
        ) from error
    return record


def describe_doors(graph: KnowledgeGraph, origin: Origin, options: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a model's record says of its doors beside their recipe.

    Raises:
        ModelFileError: if JSON cannot hold an option.
    """
    for door, given in options.items():
        for name, value in given.items():
            _expect_writable(door, name, value)
    shape = {name: str(value) if name == "dtype" else value for name, value in asdict(origin.shape).items()}
    return {
        "options": options,
        "shape": shape,
        "sizes": origin.sizes,
        "graph": {"name": graph.name, "notes": graph.notes, "fingerprint": _identify(graph)},
    }


def read_model_parts(folder: Path, doors: Mapping[str, Any]) -> tuple[dict[str, Tensor], Knowledge, Shape]:
    """The doors' tensors, what they are to be made from, and the shape of their BERT.

    Raises:
        ModelFileError: if the graph cannot be read back as it was.
    """
    state, kept = read_tensor_file(folder / WEIGHTS), doors["graph"]
    graph = _read_kept_graph(folder / GRAPH, kept)
    if _identify(graph) != kept["fingerprint"]:
        raise ModelFileError(
            f"The graph in {str(folder)!r} is no longer read as it was written. Read it with the version of kgwb that "
            "wrote it, and save the model anew."
        )
    shape = Shape(**doors["shape"] | {"dtype": getattr(torch, doors["shape"]["dtype"].removeprefix("torch."))})
    if (folder / KNOWLEDGE).is_file():
        return state, Knowledge(graph, **read_tensor_file(folder / KNOWLEDGE), control=doors["control"]), shape
    # The doors' own tables hold the vectors, and are filled from the folder; what counts here is how wide they are.
    dim, width = doors["sizes"]
    count = len(graph.entities)
    tables = torch.zeros(count, dim), torch.zeros(len(graph.relations), width)
    facts = torch.from_numpy(np.array(graph.triples))
    return state, Knowledge(graph, *tables, facts, torch.arange(count), doors["control"]), shape


def place_head_graphs(heads: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    """The folder of each graph that a head keeps, by the names of the head and of its setting."""
    return {(name, setting): f"heads/{name}/{setting}" for name, settings in heads.items() for setting in settings}


def read_head_graphs(folder: Path, described: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, KnowledgeGraph]]:
    """The graphs that the heads of a saved model keep, by head and setting."""
    found: dict[str, dict[str, KnowledgeGraph]] = {}
    kept = {name: made.get("graphs", {}) for name, made in described.items()}
    for (name, setting), place in place_head_graphs(kept).items():
        found.setdefault(name, {})[setting] = _read_kept_graph(folder / place, kept[name][setting])
    return found


def _read_kept_graph(folder: Path, kept: Mapping[str, Any]) -> KnowledgeGraph:
    return replace(read_graph(folder), name=kept["name"], notes=tuple(map(tuple, kept["notes"])))


def _identify(graph: KnowledgeGraph) -> str:
    return fingerprint([graph.fingerprint, graph.labels, graph.relation_labels, graph.triples])


def _expect_writable(door: str, name: str, value: Any) -> None:
    if isinstance(value, (list, tuple)):
        for one in value:
            _expect_writable(door, name, one)
    elif value is not None and not isinstance(value, (bool, int, float, str, np.number)):
        raise ModelFileError(
            f"The option {name} of the {door} door is a {type(value).__name__}, which JSON cannot hold. Make it a number, "
            "a text or a list of them; a table belongs in a buffer: door.register_buffer(...)."
        )
