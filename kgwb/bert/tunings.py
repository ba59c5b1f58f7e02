"""What is kept of each tuning of a model, for whoever cites it: settings, tasks, seeds, versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from kgwb.citation import NOT_RECORDED, list_machine, nest_parts, spell_settings
from kgwb.graph import KnowledgeGraph
from kgwb.graph.knowledge_graph import describe_content
from kgwb.words import count_things

Tuning: TypeAlias = Mapping[str, Any]  # as JSON holds it


def describe_bert(
    name: str, weights: str, doors: tuple[Mapping[str, Any], KnowledgeGraph] | None, tunings: Sequence[Tuning]
) -> dict[str, str]:
    """What `kgwb.cite` says of a model.

    Args:
        name: of the model.
        weights: SHA-256 of BERT's own, as they are now.
        doors: their recipe and their graph; None for plain BERT.
        tunings: what was kept of each, the latest last.
    """
    parts = {"weights": f"SHA-256 {weights}"} | ({} if doors is None else _describe_doors(*doors))
    if not tunings:
        return {"run": f"the model {name!r}; no tuning was recorded", **list_machine(None), **parts}
    *before, last = [_describe_tuning(tuning) for tuning in tunings]
    run = f"the model {name!r}, tuned for {count_things(int(tunings[-1].get('steps', 0)), 'step')}"
    parts |= last
    for number, earlier in enumerate(before, start=1):
        parts |= nest_parts(f"earlier tuning {number}", earlier)
    return {"run": run, **list_machine(tunings[-1].get("machine")), **parts}


def _describe_doors(recipe: Mapping[str, Any], graph: KnowledgeGraph) -> dict[str, str]:
    doors = "; ".join(f"{name}: {spell_settings(options)}" for name, options in recipe["doors"].items())
    return {
        "door": f"{recipe['mode']}, control {recipe['control'] or 'none'}",
        "settings of the door": doors,
        "graph": describe_content(graph),
        "facts of the door": f"SHA-256 {recipe['facts'] or NOT_RECORDED}",
        "vectors of the door": f"SHA-256 {recipe['vectors'] or NOT_RECORDED}",
    }


def _describe_tuning(tuning: Tuning) -> dict[str, str]:
    settings = dict(tuning.get("settings", {}))
    seed, steps = (
        settings.pop("seed", NOT_RECORDED),
        f"{tuning.get('steps', NOT_RECORDED)} of {tuning.get('of', NOT_RECORDED)}",
    )
    if tuning.get("resumed"):
        steps += (
            f"; resumed after step {tuning['resumed']}, and with which versions those before ran was {NOT_RECORDED}"
        )
    return {
        "tasks": "; ".join(map(str, tuning.get("tasks", []))) or NOT_RECORDED,
        "seed of tuning": str(seed),
        "steps": steps,
        "settings of tuning": spell_settings(settings),
        "numbers of matmuls": str(tuning.get("numbers", NOT_RECORDED)),
    }
