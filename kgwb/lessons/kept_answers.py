"""Answers that come with a notebook, so that a class need not wait: taken up only where the whole recipe is the same.

`kgwb.probe(..., folder=...)` knows vectors and weights by their bits, which is right on one machine. On another one sums are
rounded otherwise, and the same cells train vectors that differ in the fifth digit. So here what was trained is known by a
sketch, and everything else exactly: graph, facts, questions, word pieces, door, control, seeds, every option of tuning.
"""

from __future__ import annotations

import html
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from kgwb.axes import Tensor
from kgwb.bert import Bert
from kgwb.bert.added import list_base_weights
from kgwb.bert.knowledge import gather_knowledge
from kgwb.bert.origin import describe_config
from kgwb.checks import expect_at_least, expect_flags, expect_kind, expect_path
from kgwb.environment import VERSION
from kgwb.files import write_whole
from kgwb.fingerprints import fingerprint
from kgwb.learn import ProbeReport, Questions, probe
from kgwb.learn.probing.report_files import SAME, list_report_parts, read_report_parts
from kgwb.learn.probing.runs import ProbeRun
from kgwb.learn.tasks import encode_questions
from kgwb.tensor_folders import read_record, write_record

# Of vectors trained by one recipe: on another processor or number of threads they differ by 1e-6 to 1e-4 of their length,
# after one epoch of forty more or less by 7e-3 (measured on notebook 00's). A BERT is read from a file, and only the weights
# that are drawn for its head are rounded otherwise, by 4e-8.
_CLOSE = {"vectors": 1e-3, "bert weights": 1e-5}
_DIRECTIONS = 32
# Of BERT's configuration, what decides how it computes and has no other name in another version of transformers.
_SHAPE = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size", "hidden_act"),
    *("hidden_dropout_prob", "attention_probs_dropout_prob", "layer_norm_eps", "max_position_embeddings"),
)
_CALL = 'kgwb.lessons.probe_kept(runs, questions, "kept/answers.json")'
_RECORD = {"made": dict, "recipe": dict, "sketches": dict, "report": dict}


@dataclass(frozen=True)
class Sketch:
    """A few numbers that tell whether two tensors are as good as the same.

    Attributes:
        kind: "vectors" or "bert weights", which differ by more or less between machines.
        drawn: the numbers.
    """

    kind: str
    drawn: list[float]


@dataclass(frozen=True, eq=False)
class KeptFile:
    """What a file of kept answers holds.

    Attributes:
        recipe: all that decides the answers, what was trained or drawn by the name of its sketch.
        sketches: of what was trained or drawn.
        report: the answers, counted.
        source: where they come from, in words.
    """

    recipe: Mapping[str, Any]
    sketches: Mapping[str, Sketch]
    report: ProbeReport
    source: str


@dataclass(frozen=True, eq=False, repr=False)
class KeptProbe:
    """A report, and where its answers come from.

    Attributes:
        report: as `kgwb.probe` gives it.
        source: "Computed here.", or "Kept answers ...", with the file and how to have them computed.
    """

    report: ProbeReport
    source: str

    def __repr__(self) -> str:
        return f"{self.report!r}\n{self.source}"

    def _repr_html_(self) -> str:
        return f"{self.report._repr_html_()}<p><b>{html.escape(self.source)}</b></p>"


def probe_kept(
    runs: Mapping[str, Bert | Callable[[int], Bert]],
    questions: Questions,
    path: str | Path,
    *,
    seeds: int = 3,
    recompute: bool = False,
) -> KeptProbe:
    """What `kgwb.probe` finds; runs that are still to be tuned are taken from a file, where it holds their answers.

    The file is taken up where the recipe is the same: graph, questions, doors, controls, seeds and all options exactly, vectors
    and BERT up to rounding. Models that are tuned already are always asked. The file is read only; `make notebooks`, which
    sets KGWB_KEEP=1, computes everything and writes it.

    Args:
        runs: as `kgwb.plan_runs` makes them; a model in the place of one is asked as it is.
        questions: about entities that no run was tuned on.
        path: of the file, beside the notebook or, for one in another language, a folder further up; where there is none,
            everything is computed.
        seeds: how often each run is tuned.
        recompute: leave the file alone and compute.

    Returns:
        `.report`, and `.source`, which says whether these are kept answers.

    Raises:
        TypeError: if the runs have no names, or for what are no questions.
        ValueError: if there is no run or `seeds` is below 1.

    Example:
        >>> import pandas as pd
        >>> from kgwb import KnowledgeGraph, load_bert, make_questions, verbalise
        >>> facts = pd.DataFrame({"head": ["Ada", "Bo"], "relation": "speaks", "tail": ["Ket", "Sol"]})
        >>> graph = KnowledgeGraph.from_pandas(facts)
        >>> probe_kept({"plain": load_bert()}, make_questions(verbalise(graph), graph), "kept/answers.json").source
        'Computed here.'
    """
    expect_kind(runs, Mapping, "A mapping of names to models", call=_CALL)
    expect_kind(questions, Questions, "A set of questions", call=_CALL)
    path = _find_file(expect_path(path, call=_CALL))
    expect_at_least("seeds", seeds, 1, whole=True)
    expect_flags(recompute=recompute)
    keeping = os.environ.get("KGWB_KEEP") == "1"
    planned = _list_planned(runs)
    found = None if recompute or keeping else find_kept(planned, questions, path, seeds=seeds)
    if found is None:
        report = probe(runs, questions, seeds=seeds, progress=True)
        if keeping:
            _keep(path, planned, questions, seeds, _take_runs(report, list(planned)))
        return KeptProbe(report, "Computed here.")
    asked = {name: run for name, run in runs.items() if name not in planned}
    report = found.report if not asked else probe(asked, questions, seeds=1).join(found.report)
    return KeptProbe(_take_runs(report, list(runs)), found.source)


def find_kept(planned: Mapping[str, ProbeRun], questions: Questions, path: Path, *, seeds: int) -> KeptProbe | None:
    """The kept answers of these runs; None where there are none, or those of another recipe."""
    kept = _read_kept(path) if planned else None
    if kept is None:
        return None
    recipe, sketches = _describe_recipe(planned, questions, seeds)
    names = {name: _find_alike(each, kept.sketches) for name, each in sketches.items()}
    same = json.loads(json.dumps(_rename(recipe, names)))  # as JSON has it: tuples are lists there
    shared = all(kept.recipe.get(name) == same[name] for name in ("questions", "seeds"))
    if not shared or any(kept.recipe["runs"].get(name) != parts for name, parts in same["runs"].items()):
        return None
    return KeptProbe(_take_runs(kept.report, list(planned)), kept.source)


def _find_file(path: Path) -> Path:
    above = ".." / path
    return above if above.is_file() and not path.exists() else path


def _read_kept(path: Path) -> KeptFile | None:
    """What a file holds; None where it is no file of kept answers, whatever it is."""
    try:
        record = read_record(path, _RECORD)
        sketches = {
            str(name): Sketch(kind, [float(each) for each in drawn])
            for name, (kind, drawn) in record["sketches"].items()
        }
        dict(record["recipe"]["runs"])
        counts, relations, same = read_report_parts(record["report"])
        report = ProbeReport(counts, relations, **same)
        return KeptFile(record["recipe"], sketches, report, _say_source(path, record["made"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _list_planned(runs: Mapping[str, Any]) -> dict[str, ProbeRun]:
    """The runs whose model is still to be tuned; a door that is closed for the exam has the model of its door."""
    planned = {}
    for name, run in runs.items():
        if isinstance(run, ProbeRun) and not isinstance(runs.get(run.lender or name), Bert):
            planned[name] = run
    return planned


def _describe_recipe(
    planned: Mapping[str, ProbeRun], questions: Questions, seeds: int
) -> tuple[dict[str, Any], dict[str, Sketch]]:
    """All that decides the answers, by name, and a sketch of each tensor in it that was trained or drawn."""
    parts: dict[str, Any] = {}
    sketches: dict[str, Sketch] = {}
    described: dict[int, dict[str, Any]] = {}  # the runs of a plan share a BERT
    for name, run in planned.items():
        bert = run.recipe.bert
        if id(bert) not in described:
            described[id(bert)] = _describe_bert(run, questions)
            weights = list_base_weights(bert.model, bert.additions)
            sketch = _sketch([weights[each] for each in sorted(weights)], 1)
            sketches[run.recipe.parts["bert"]["weights"]] = Sketch("bert weights", sketch)
        parts[name] = {**run.parts, "bert": described[id(bert)], "closed": run.closed, "noise": float(run.noise)}
        parts[name]["bert weights"] = run.recipe.parts["bert"]["weights"]
        if run.vectors is not None:
            known = gather_knowledge(run.vectors)
            sketches[run.parts["vectors"]] = Sketch("vectors", _sketch([known.entities, known.relations], _DIRECTIONS))
    return {"questions": questions.fingerprint, "seeds": seeds, "runs": parts}, sketches


def _describe_bert(run: ProbeRun, questions: Questions) -> dict[str, Any]:
    """A run's BERT without its numbers; how it cuts texts is known by what it makes of these."""
    bert = run.recipe.bert
    config, encoded = describe_config(bert.model), encode_questions(bert, questions)
    told = {
        name: part for name, part in run.recipe.parts["bert"].items() if name not in ("weights", "config", "tokenizer")
    }
    told["pieces"] = fingerprint([encoded.encoding.pieces, encoded.name_pieces])
    return told | {name: config.get(name) for name in _SHAPE}


def _sketch(tensors: Sequence[Tensor], directions: int) -> list[float]:
    """Of each tensor its length, and its products with some fixed waves: near for near ones, far for others."""
    drawn: list[float] = []
    places = torch.arange(max(each.numel() for each in tensors), dtype=torch.float64)
    waves = [torch.cos(places * (number + 1)) for number in range(directions)]
    for tensor in tensors:
        flat = tensor.detach().cpu().double().flatten()  # [number]
        drawn += [float(flat.norm()), *(float(flat @ wave[: len(flat)]) for wave in waves)]
    return drawn


def _find_alike(mine: Sketch, kept: Mapping[str, Sketch]) -> str | None:
    """The name under which something as good as the same was kept."""
    here = torch.tensor(mine.drawn, dtype=torch.float64)
    for name, other in kept.items():
        if other.kind == mine.kind and len(other.drawn) == len(mine.drawn):
            there = torch.tensor(other.drawn, dtype=torch.float64)
            if float((there - here).norm()) <= _CLOSE[mine.kind] * float(here.norm()):
                return name
    return None


def _rename(recipe: Mapping[str, Any], alike: Mapping[str, str | None]) -> dict[str, Any]:
    """The recipe, with what was trained called as in the file."""
    runs = {
        name: {part: alike.get(value) if part in _CLOSE else value for part, value in parts.items()}
        for name, parts in recipe["runs"].items()
    }
    return {**recipe, "runs": runs}


def _keep(path: Path, planned: Mapping[str, ProbeRun], questions: Questions, seeds: int, report: ProbeReport) -> None:
    recipe, sketches = _describe_recipe(planned, questions, seeds)
    made = {"kgwb": VERSION, "torch": version("torch").split("+")[0]}
    same = {name: getattr(report, name) for name in SAME}
    record = {
        "made": made,
        "recipe": recipe,
        "sketches": {name: [each.kind, each.drawn] for name, each in sketches.items()},
    }
    with write_whole(path) as new:
        write_record(
            new, json.loads(json.dumps({**record, "report": list_report_parts(report.counts, report.relations, same)}))
        )


def _take_runs(report: ProbeReport, runs: Sequence[str]) -> ProbeReport:
    """Some of a report's runs, in this order."""
    counts = report.counts[report.counts["run"].isin(runs)]
    counts = counts.sort_values("run", key=lambda names: names.map(list(runs).index), kind="stable", ignore_index=True)
    return replace(report, counts=counts, kept={run: report.kept[run] for run in runs if run in report.kept})


def _say_source(path: Path, made: Mapping[str, Any]) -> str:
    return (
        f"Kept answers, read from {path.as_posix()}: the same recipe, tuned and asked before (kgwb {made['kgwb']}, torch "
        f"{made['torch']}). To have it run here, set recompute = True in the cell of parameters, or delete the file."
    )
