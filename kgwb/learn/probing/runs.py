"""The runs of a probe: every door, and the controls that separate its knowledge from its parameters."""

from __future__ import annotations

import copy
import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, Literal, TypeAlias, cast, get_args

from kgwb.bert import Bert, inject
from kgwb.bert.alignment.missing_vectors import list_gaps
from kgwb.bert.injection import AnyMode, choose_doors, list_options, name_mode
from kgwb.bert.knowledge import Control, EntityVectors, expect_entity_vectors, gather_knowledge
from kgwb.checks import expect_at_least, expect_choices, expect_each, expect_kind, expect_text, is_number
from kgwb.fingerprints import fingerprint, show_value
from kgwb.learn.controls import find_held_out, mark_mentions, misdirect_mentions, prepend_facts
from kgwb.learn.distillation.distilled_answers import DistilledAnswers
from kgwb.learn.model_parts import describe_model
from kgwb.learn.questions import Questions
from kgwb.learn.steps import Step
from kgwb.learn.tasks import MaskedAnswers, Task
from kgwb.learn.tuning.loop import tune
from kgwb.learn.tuning.options import expect_tasks, expect_tuning
from kgwb.words import quote_value

_ASKING = (MaskedAnswers, DistilledAnswers)  # whose questions a run may rewrite
Rewrite: TypeAlias = Callable[[Questions], Questions]
# What `tune` is given where an option does not come.
_TUNING = {
    each.name: each.default for each in inspect.signature(tune).parameters.values() if each.kind is each.KEYWORD_ONLY
}
_TUNING.pop("seed")
# A probe keeps answers, not tunings.
_KEPT = {name: _TUNING.pop(name) for name in ("checkpoint", "checkpoint_every")}
RunControl = Literal["shuffled", "random", "matched", "dealt", "off", "markers", "text"]


def plan_runs(
    bert: Bert,
    vectors: EntityVectors,
    tasks: Task | Sequence[Task],
    *,
    modes: Sequence[AnyMode | tuple[AnyMode, ...]] = ("entity",),
    controls: Sequence[RunControl] = ("shuffled", "random"),
    noise: Sequence[int | float] = (),
    other_vectors: Mapping[str, EntityVectors] | None = None,
    doors: Mapping[str, Mapping[str, Any]] | None = None,
    facts: int = 8,
    **options: Any,
) -> dict[str, Callable[[int], Bert]]:
    """The runs that separate knowledge from extra parameters: plain BERT, each door, and the controls.

    Args:
        bert: where every run starts; it is left as it is.
        vectors: what the doors inject.
        tasks: what every run is tuned on, plain BERT too.
        modes: the doors, as `inject` takes them; a tuple is several doors at once, called "entity+memory".
        controls: of each door, "shuffled", "random", "matched" and "dealt" (tuned anew with the knowledge taken away) and "off"
            (the tuned door, closed while it answers); of plain BERT, "markers" (mentions in brackets) and "text" (facts
            before the question), both tuned and probed on such questions. "text" has the knowledge: it is what doors
            replace. What it is tuned on names no entity that may be asked about later (`find_held_out`).
        noise: probe each tuned door with this share of the mentions linked to other entities: "entity/noise 0.2".
        other_vectors: name -> vectors with which each door is tuned as well, for instance those of a graph without the
            answers (`remove_answers`): {"answers removed": vectors} gives "entity/answers removed".
        doors: door -> options of `inject` for it and its controls, alone or among several: {"memory": {"hops": 2}}.
        facts: how many facts "text" puts before a question at most.
        **options: passed to `tune`.

    Returns:
        Name -> a function from a seed to a tuned model, as `probe` takes them; nothing runs yet. "off" and noise have
        no model of their own: `probe` tunes a door once per seed and probes it in each of these ways.

    Raises:
        TypeError: for what is no model, or no task.
        ValueError: for an unknown control, a share outside 0 to 1, options of a door that is not among the modes, or a
            name that two runs would have.
    """
    expect_kind(bert, Bert, "A BERT", call="kgwb.plan_runs(bert, vectors, kgwb.MaskedAnswers(questions))")
    expect_entity_vectors(vectors, "kgwb.plan_runs(bert, {}, kgwb.MaskedAnswers(questions))")
    _expect_mappings(doors, other_vectors)
    check_plan(modes, controls, noise, doors or {}, other_vectors or {})
    expect_at_least("facts", facts, 1, whole=True)
    unknown = [option for option in options if option not in _TUNING]
    if unknown:
        known = ", ".join(_TUNING)
        raise TypeError(f"{unknown[0]}={quote_value(options[unknown[0]])} came. Type some of tune's options: {known}.")
    expect_tuning(**{"seed": 0} | _KEPT | _TUNING | options)
    given = tuple(tasks) if isinstance(tasks, Sequence) else (tasks,)
    expect_tasks(given)
    plain = ProbeRun(TuningRecipe(bert, given, options))
    rewrites: dict[str, Rewrite] = {
        "markers": mark_mentions,
        "text": partial(prepend_facts, graph=vectors.graph, facts=facts),
    }
    runs: dict[str, Callable[[int], Bert]] = {"plain": plain}
    asked = tuple(item for task in given if isinstance(task, _ASKING) for item in task.questions)
    held_out = find_held_out(Questions(vectors.graph, asked), vectors.graph) if "text" in controls else set()
    for_tuning = rewrites | {"text": partial(prepend_facts, graph=vectors.graph, facts=facts, held_out=held_out)}
    runs |= {name: plain.rewritten(rewrite, for_tuning[name]) for name, rewrite in rewrites.items() if name in controls}
    for mode in modes:
        parts = name_mode(mode)
        each: dict[str, Any] = {part: (doors or {}).get(part, {}) for part in parts}
        door = each[parts[0]] if len(parts) == 1 else each
        name, real = "+".join(parts), replace(plain, vectors=vectors, mode=mode, door=door)
        runs[name] = real
        runs |= {
            f"{name}/{control}": replace(real, control=control) for control in get_args(Control) if control in controls
        }
        runs |= {f"{name}/{other}": replace(real, vectors=its) for other, its in (other_vectors or {}).items()}
        runs |= {f"{name}/off": replace(real, closed=True, lender=name)} if "off" in controls else {}
        runs |= {f"{name}/noise {share:g}": replace(real, noise=share, lender=name) for share in noise}
    return runs


def _expect_mappings(doors: object, other_vectors: object) -> None:
    call = "doors={'memory': {'hops': 2}}"
    expect_kind(doors, (Mapping, type(None)), "A mapping of doors to options", call=call)
    for given in cast(Mapping[str, Any], doors or {}).values():
        expect_kind(given, Mapping, "A mapping of a door's options", call=call)
    call = "other_vectors={'answers removed': vectors}"
    expect_kind(other_vectors, (Mapping, type(None)), "A mapping of names to vectors", call=call)
    for name, its in cast(Mapping[str, Any], other_vectors or {}).items():
        expect_text("the name of other vectors", name, usual="answers removed")
        expect_entity_vectors(its, "kgwb.plan_runs(bert, vectors, tasks, other_vectors={{'answers removed': {}}})")


def check_plan(
    modes: Sequence[AnyMode | tuple[AnyMode, ...]],
    controls: Sequence[str],
    noise: Sequence[int | float],
    doors: Iterable[str],
    other_vectors: Iterable[str],
) -> None:
    """Check the arguments of `plan_runs`.

    Raises:
        ValueError: for what cannot be, or two runs of one name.
    """
    expect_choices("controls", controls, get_args(RunControl))
    for share in expect_each(noise, object, "A share", call="noise=(0.2, 0.5)"):
        if not is_number(share) or not 0 < share <= 1:
            raise ValueError(
                f"noise={quote_value(share)} came. Expected shares of the mentions above 0, up to 1; type noise=(0.2, 0.5)."
            )
    for mode in expect_each(modes, object, "A mode", call="modes=['entity', 'memory']"):
        choose_doors(mode)
        if "dealt" in controls and set(name_mode(mode)) == {"entity"}:
            raise ValueError(
                "controls holds 'dealt', and the entity door reads no facts that could be dealt to others. Type "
                "controls=['shuffled', 'random'], or modes=['memory']."
            )
    single = {part for mode in modes for part in name_mode(mode)}
    for door in doors:
        if door not in single:
            raise ValueError(
                f"doors has options for {quote_value(door)}, which is not among the modes {', '.join(sorted(single))}. "
                "Type doors={'memory': {'hops': 2}}, with modes=['memory']."
            )
    named = [["+".join(name_mode(mode)) for mode in modes], controls]
    named += [[*get_args(RunControl), *(f"noise {share:g}" for share in noise), *other_vectors]]
    for names in named:
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ValueError(f"Two runs would be named after {twice[0]!r}. Name each mode, control and share once.")


@dataclass(frozen=True, eq=False)
class TuningRecipe:
    """What all runs of a plan share.

    Attributes:
        bert: where each model starts.
        tasks: what each is tuned on.
        options: of `tune`.
    """

    bert: Bert
    tasks: tuple[Task, ...]
    options: Mapping[str, Any]

    @cached_property
    def prepared(self) -> tuple[Task, ...]:
        """The tasks, with questions already cut into word pieces: all runs of a plan share a tokenizer."""
        return tuple(task.prepare(self.bert) if isinstance(task, MaskedAnswers) else task for task in self.tasks)

    @cached_property
    def parts(self) -> dict[str, Any]:
        """All that decides what is learnt: BERT, tasks, and every option of `tune`, its defaults included."""
        tasks = [
            [type(task).__name__, task.questions.fingerprint] if isinstance(task, MaskedAnswers) else fingerprint(task)
            for task in self.tasks
        ]
        options = {name: show_value(value) for name, value in (_TUNING | dict(self.options)).items()}
        return {"bert": describe_model(self.bert), "tasks": tasks, **options}


@dataclass(frozen=True, eq=False)
class ProbeRun:
    """A function from a seed to a tuned model, and how that model is probed.

    Attributes:
        recipe: where the model starts, and what it is tuned on.
        vectors: what its door injects; None for plain BERT.
        mode: which door, or doors.
        control: what is taken away from the vectors.
        door: options of `inject`.
        rewrite: how the questions are rewritten, for tuning and probing alike.
        noise: the share of the mentions that are misdirected before it answers.
        closed: whether the door is closed while it answers.
        lender: the run whose tuned model is probed; None for its own.
    """

    recipe: TuningRecipe
    vectors: EntityVectors | None = None
    mode: AnyMode | tuple[AnyMode, ...] | None = None
    control: Control | None = None
    door: Mapping[str, Any] = field(default_factory=dict)
    rewrite: Rewrite | None = None
    noise: int | float = 0.0
    closed: bool = False
    lender: str | None = None

    def __call__(self, seed: int) -> Bert:
        """The model of a seed, tuned."""
        model = self.start(seed)
        for _ in self.tune(model, seed):
            pass
        return model

    def start(self, seed: int) -> Bert:
        """The model of a seed before it is tuned."""
        if self.vectors is None:
            return copy.deepcopy(self.recipe.bert)
        mode: Any = self.mode
        return inject(self.recipe.bert, self.vectors, mode=mode, control=self.control, seed=seed, **dict(self.door))

    def tune(self, model: Bert, seed: int) -> Iterator[Step]:
        """The steps of its tuning."""
        return tune(model, self.recipe.prepared, seed=seed, **self.recipe.options)

    def rewrite_questions(self, questions: Questions, seed: int) -> Questions:
        """The questions in the form that this run answers."""
        rewritten = questions if self.rewrite is None else self.rewrite(questions)
        return misdirect_mentions(rewritten, self.noise, seed=seed) if self.noise else rewritten

    def rewritten(self, rewrite: Rewrite, for_tuning: Rewrite) -> ProbeRun:
        """This run, tuned and probed on rewritten questions."""
        tasks = tuple(
            replace(task, questions=for_tuning(task.questions)) if isinstance(task, _ASKING) else task
            for task in self.recipe.tasks
        )
        return replace(self, recipe=replace(self.recipe, tasks=tasks), rewrite=rewrite)

    @cached_property
    def parts(self) -> dict[str, Any]:
        """All that decides how its model is made, but for the seed, by name."""
        rewrite = None if self.rewrite is None else fingerprint(self.rewrite)
        parts = {**self.recipe.parts, "rewrite": rewrite, "mode": None, "control": self.control}
        if self.vectors is None or self.mode is None:
            return parts
        known = gather_knowledge(self.vectors)
        parts |= {
            "mode": list(name_mode(self.mode)),
            "graph": known.graph.fingerprint,
            "facts": fingerprint(known.facts),
        }
        parts |= {
            "vectors": fingerprint([known.entities, known.relations]),
            "filled": fingerprint(list_gaps(self.vectors)),
        }
        options = list_options(self.mode, self.door)
        return parts | {
            f"{door}.{name}": show_value(value) for door in options for name, value in options[door].items()
        }

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that decides how its model is made, but for the seed."""
        return fingerprint(self.parts)


def describe_source(source: object) -> dict[str, Any]:
    """All that decides which model a run has, by name: of a plan, of a ready model, or of a function of one's own."""
    if isinstance(source, ProbeRun):
        return source.parts
    return describe_model(source) if isinstance(source, Bert) else {"function": fingerprint(source)}
