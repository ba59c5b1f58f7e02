"""The runs of a probe: every door, and the controls that tell its knowledge from its parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, get_args

from kgwb.bert import Bert
from kgwb.bert.injection import Mode
from kgwb.bert.knowledge import Control, EntityVectors
from kgwb.checks import expect_choice
from kgwb.learn.controls import mark_mentions, prepend_facts
from kgwb.learn.objectives import Task
from kgwb.learn.planned_run import PlannedRun, Recipe, Rewrite
from kgwb.learn.tuning import expect_tasks

RunControl = Literal["shuffled", "random", "matched", "off", "markers", "text"]


def plan_runs(
    bert: Bert,
    vectors: EntityVectors,
    tasks: Task | Sequence[Task],
    *,
    modes: Sequence[Mode | tuple[Mode, ...]] = ("entity",),
    controls: Sequence[RunControl] = ("shuffled", "random"),
    noise: Sequence[int | float] = (),
    other_vectors: Mapping[str, EntityVectors] | None = None,
    doors: Mapping[str, Mapping[str, Any]] | None = None,
    facts: int = 8,
    **options: Any,
) -> dict[str, Callable[[int], Bert]]:
    """The runs that tell knowledge from extra parameters: plain BERT, each door, and the controls.

    Args:
        bert: where every run starts; it is left as it is.
        vectors: what the doors inject.
        tasks: what every run is tuned on, plain BERT too.
        modes: the doors; a tuple is several doors at once, called "entity+memory".
        controls: of each door, "shuffled", "random" and "matched" (tuned anew with the knowledge taken away) and "off"
            (the tuned door, closed when it is asked); of plain BERT, "markers" (mentions in brackets) and "text" (facts
            told before the question), both tuned and asked so. "text" has the knowledge: it is what doors replace.
        noise: ask each tuned door with this share of the mentions pointing to other entities: "entity/noise 0.2".
        other_vectors: name -> vectors with which each door is tuned as well, for instance those of a graph without the
            answers (`remove_answers`): {"answers removed": vectors} gives "entity/answers removed".
        doors: door -> options of `inject` for it and its controls, alone or among several: {"memory": {"hops": 2}}.
        facts: how many facts "text" tells at most.
        **options: passed to `tune`.

    Returns:
        Name -> a function from a seed to a tuned model, as `probe` takes them; nothing runs yet. "off" and noise have
        no model of their own: `probe` tunes a door once per seed and asks it in each of these ways.

    Raises:
        ValueError: for an unknown control, a share that is none, options of a door that is not among the modes, or a
            name that two runs would have.
    """
    check_plan(modes, controls, noise, doors or {}, other_vectors or {})
    given = tuple(tasks) if isinstance(tasks, Sequence) else (tasks,)
    expect_tasks(given)
    plain = PlannedRun(Recipe(bert, given, options))
    ways: dict[str, Rewrite] = {
        "markers": mark_mentions,
        "text": partial(prepend_facts, graph=vectors.graph, facts=facts),
    }
    runs: dict[str, Callable[[int], Bert]] = {"plain": plain}
    runs |= {name: plain.rewritten(way) for name, way in ways.items() if name in controls}
    for mode in modes:
        parts = (mode,) if isinstance(mode, str) else mode
        each: dict[str, Any] = {part: (doors or {}).get(part, {}) for part in parts}
        door = each[parts[0]] if len(parts) == 1 else each
        name, real = "+".join(parts), replace(plain, vectors=vectors, mode=mode, door=door)
        runs[name] = real
        runs |= {f"{name}/{taken}": replace(real, control=taken) for taken in get_args(Control) if taken in controls}
        runs |= {f"{name}/{other}": replace(real, vectors=its) for other, its in (other_vectors or {}).items()}
        runs |= {f"{name}/off": replace(real, closed=True, lender=name)} if "off" in controls else {}
        runs |= {f"{name}/noise {share:g}": replace(real, noise=share, lender=name) for share in noise}
    return runs


def check_plan(
    modes: Sequence[str | tuple[str, ...]],
    controls: Sequence[str],
    noise: Sequence[int | float],
    doors: Iterable[str],
    other_vectors: Iterable[str],
) -> None:
    """What `plan_runs` is given, before anything is planned.

    Raises:
        ValueError: for what cannot be, or two runs of one name.
    """
    for control in controls:
        expect_choice("controls", control, get_args(RunControl))
    for share in noise:
        if not 0 < share <= 1:
            raise ValueError(
                f"noise={share!r} came. Expected shares of the mentions above 0, up to 1: noise=(0.2, 0.5)."
            )
    single = {part for mode in modes for part in ((mode,) if isinstance(mode, str) else mode)}
    for door in doors:
        if door not in single:
            raise ValueError(
                f"doors has options for {door!r}, which is not among the modes {', '.join(sorted(single))}."
            )
    named = [["+".join([mode] if isinstance(mode, str) else mode) for mode in modes], controls]
    named += [[*get_args(RunControl), *(f"noise {share:g}" for share in noise), *other_vectors]]
    for names in named:
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"Two runs would be named after {twice[0]!r}. Name each mode, control and share once.")
