"""What is kept of each training of an embedding, for whoever cites it: settings, data, seeds, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch

from kgwb.axes import Int
from kgwb.citation import NOT_RECORDED, list_machine, nest_parts, note_machine, show_setting, spell_settings
from kgwb.graph.knowledge_graph import KnowledgeGraph, describe_content
from kgwb.graph.splitting import Split, spell_triples
from kgwb.words import count_things

Training: TypeAlias = Mapping[str, Any]  # as JSON holds it


def note_training(
    split: Split | KnowledgeGraph,
    triples: Int[np.ndarray, "triple 3"],
    settings: Mapping[str, object],
    device: torch.device,
    numbers: torch.dtype,
) -> Training:
    """What is to be kept of a training that begins.

    Args:
        split: what it was given.
        triples: what it learns from.
        settings: the arguments of `train_embedding`.
        device: where.
        numbers: the format of the matmuls.
    """
    parts = [] if isinstance(split, KnowledgeGraph) else [len(split.train), len(split.valid), len(split.test)]
    whole = "{:,} train, {:,} valid and {:,} test triples, together {}" if parts else "none: all triples of a graph"
    return {
        "triples": spell_triples(triples),
        "split": whole if isinstance(split, KnowledgeGraph) else whole.format(*parts, spell_triples(split.known)),
        "split seed": split.seed if isinstance(split, Split) else None,
        "settings": {name: show_setting(value) for name, value in settings.items()},
        "numbers": str(numbers).removeprefix("torch."),
        "machine": note_machine(device),
        "epochs": 0,
    }


def describe_vectors(
    graph: KnowledgeGraph, scorer: str, seed: int, trainings: Sequence[Training], *, known: bool
) -> dict[str, str]:
    """What `kgwb.cite` says of an embedding.

    Args:
        graph: whose entities have the vectors.
        scorer: the equation, and what else the vectors are.
        seed: of their start.
        trainings: what was kept of each, the latest last.
        known: whether the vectors know what they were trained on.
    """
    of = f"{scorer}, vectors of the knowledge graph {graph.name!r}"
    parts = {"graph": describe_content(graph), "scorer": scorer, "seed of the vectors": str(seed)}
    if not trainings:
        state = f"trained, but how was {NOT_RECORDED}" if known else "no training was recorded"
        return {"run": f"{of}; {state}", **list_machine(None), **parts}
    *before, last = [_describe_training(training) for training in trainings]
    run = f"{of}, trained for {count_things(int(trainings[-1].get('epochs', 0)), 'epoch')}"
    parts |= last
    for number, earlier in enumerate(before, start=1):
        parts |= nest_parts(f"earlier training {number}", earlier)
    return {"run": run, **list_machine(trainings[-1].get("machine")), **parts}


def _describe_training(training: Training) -> dict[str, str]:
    settings = dict(training.get("settings", {}))
    asked, seed = settings.pop("epochs", NOT_RECORDED), settings.pop("seed", NOT_RECORDED)
    epochs = f"{training.get('epochs', NOT_RECORDED)} of {asked}"
    if "best" in training:
        epochs += f"; the vectors are those of epoch {training['best']}, the best evaluation"
    if training.get("resumed"):
        epochs += (
            f"; resumed after epoch {training['resumed']}, and with which versions those before ran was {NOT_RECORDED}"
        )
    split_seed = training.get("split seed")
    update = {"update": str(training["update"])} if "update" in training else {}
    return update | {
        "trained on": str(training.get("triples", NOT_RECORDED)),
        "split": str(training.get("split", NOT_RECORDED)),
        "seed of the split": NOT_RECORDED if split_seed is None else str(split_seed),
        "seed of training": str(seed),
        "epochs": epochs,
        "settings": spell_settings(settings),
        "numbers of matmuls": str(training.get("numbers", NOT_RECORDED)),
    }
