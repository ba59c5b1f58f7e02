"""Settings found for a graph that nothing was tuned for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from kgwb.checks import expect_each, expect_kind, expect_number, expect_path, expect_seed, is_function
from kgwb.citation import list_machine, note_machine, spell_settings
from kgwb.embed.queries import SIDES, group_queries
from kgwb.embed.scorers import ComplEx, DistMult, RotatE, Scorer, TransE
from kgwb.embed.scorers.scorer import expect_scorer
from kgwb.embed.settings.budget import Budget
from kgwb.embed.settings.course import SearchCourse
from kgwb.embed.settings.fixing import expect_fixed
from kgwb.embed.settings.floor import find_loss_floor
from kgwb.embed.settings.keeping import KeptSearch
from kgwb.embed.settings.running import Exam
from kgwb.embed.settings.space import SettingsSpace
from kgwb.embed.settings.tables import list_effects, list_measured
from kgwb.embed.settings.trial import STATES, Trial, TrialRecord
from kgwb.embed.training.identity import digest_triples
from kgwb.embed.training.workspace import GIB
from kgwb.environment import best_device
from kgwb.graph.knowledge_graph import describe_content
from kgwb.graph.splitting import Split
from kgwb.memory import find_free_memory
from kgwb.words import count_things, describe_kind

CALL = "find_settings(split_triples(graph), minutes=5)"
_OFF_AT_ZERO = ("regularisation", "weight_decay", "dropout", "relation_weight")
Clock = Callable[[], float]


class SettingsSearch(Iterator[Trial]):
    """A search for settings: iterating searches on, and what it has found so far can be read at any time.

    Made by `find_settings`.

    Args:
        course: what is searched.
        floor: the lowest loss there can be.
    """

    def __init__(self, course: SearchCourse, floor: int | float) -> None:
        self._course, self._floor = course, floor
        self._going = course.run()

    def __next__(self) -> Trial:
        with self._course.budget.counting():
            return next(self._going).freeze(self._floor)

    @property
    def _best(self) -> TrialRecord:
        trials = [each for each in self._course.trials if each.measured]
        if trials:
            return max(trials, key=lambda each: each.mrr)
        if not self._course.drawn:
            raise ValueError("Nothing was tried yet. Type: for trial in search: print(trial)")
        raise ValueError(
            f"No trial came to an end: {self._say_left_out() or 'all diverged'}. Type more minutes, or fixed={{'dim': 32}}."
        )

    @property
    def best(self) -> dict[str, Any]:
        """The best settings so far: `dim`, and arguments of `train_embedding`, as `preset` gives them.

        The epochs are those after which the validation MRR was highest. Trained with them from a fresh embedding
        (`GraphEmbedding(split.graph, search.best_scorer, dim=...)`), on the same processor, the vectors are those of the
        trial, to the bit.

        Raises:
            ValueError: nothing was tried yet, or nothing came to an end.
        """
        best, space = self._best, self._course.space
        shown = {
            name: value
            for name, value in best.candidate.settings.items()
            if name not in _OFF_AT_ZERO or value or name in space.fixed
        }
        measured = best.freeze(self._floor).best
        assert measured is not None
        cooled = {"cool_down": measured.cool_down} if measured.cool_down else {}
        return {"dim": shown.pop("dim"), "epochs": measured.epochs, **cooled, **shown}

    @property
    def best_scorer(self) -> Scorer:
        """The scorer that `best` belongs to."""
        return self._best.candidate.scorer

    @property
    def best_trial(self) -> Trial:
        """The trial that `best` belongs to."""
        return self._best.freeze(self._floor)

    @property
    def trials(self) -> pd.DataFrame:
        """One row per measurement: trial, settings, rung, epochs, seconds, MRR of valid (with interval) and train, loss.

        `floor` is the lowest loss there can be on these triples (`find_loss_floor`): a loss near it with a train MRR near
        1 and a valid MRR that falls is learning by heart.
        """
        return list_measured(self._freeze_all())

    @property
    def left_out(self) -> dict[str, int]:
        """How many settings were not tried, by reason."""
        return dict(self._course.left_out)

    @property
    def progress(self) -> str:
        """How many trials there were, how they ended, and what is spent."""
        trials = self._course.trials
        states = {state: sum(each.state == state for each in trials) for state in STATES[1:]}
        said = ", ".join(f"{count:,} {state}" for state, count in states.items() if count)
        return f"{count_things(len(trials), 'trial')}{f' ({said})' if said else ''} in {self._say_spent()}"

    def effects(self) -> pd.DataFrame:
        """What each value of a setting did: trials, mean rank and MRR after the first rung, where all are alike, best MRR."""
        return list_effects(self._freeze_all())

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        split, budget = self._course.exam.split, self._course.budget
        parts = {name: str(value) for name, value in self._course.kept.asked.items()}
        found = {}
        if any(each.measured for each in self._course.trials):
            best = self.best_trial.best
            assert best is not None
            settings = spell_settings(self.best)
            figures = f"validation MRR {best.mrr:.3f} ({best.low:.3f} to {best.high:.3f})"
            found = {"figures": figures, "scorer found": repr(self.best_scorer), "settings found": settings}
        return {
            "run": f"a search for settings on the knowledge graph {split.graph.name!r}, "
            f"{count_things(len(self._course.trials), 'trial')} in {self._say_spent()}",
            **list_machine(note_machine(self._course.device)),
            "graph": describe_content(split.graph),
            **parts,
            "budget": f"{budget.total:g} {budget.unit}s",
            "left out": self._say_left_out() or "nothing",
            **found,
        }

    def _freeze_all(self) -> list[Trial]:
        return [each.freeze(self._floor) for each in self._course.trials]

    def _say_spent(self) -> str:
        budget = self._course.budget
        if budget.clock is None:
            return f"{budget.gone:,.0f} of {budget.total:,.0f} passes"
        return f"{budget.gone:,.0f} of {budget.total:,.0f} seconds"

    def _say_left_out(self) -> str:
        return "; ".join(f"{count_things(count, 'setting')} {why}" for why, count in self._course.left_out.items())

    def __repr__(self) -> str:
        lines = [f"SettingsSearch on {self._course.exam.split.graph.name!r}: {self.progress}"]
        if self._course.left_out:
            lines.append(f"  left out: {self._say_left_out()}")
        if any(each.measured for each in self._course.trials):
            trial = self.best_trial
            lines += [
                f"  best: {self.best_scorer}, {spell_settings(self.best)}",
                f"  {repr(trial).splitlines()[1].strip()}",
            ]
            if trial.is_rising:
                lines.append("  it was still getting better: more time may help")
        return "\n".join(lines)


def find_settings(
    split: Split,
    scorers: Sequence[Scorer] = (ComplEx(), DistMult(), RotatE(), TransE()),
    *,
    minutes: int | float = 5,
    passes: int | np.integer | None = None,
    seed: int | np.integer = 0,
    fixed: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    evaluate_on: int | np.integer = 2000,
    memory: Literal["auto"] | int | float = "auto",
    clock: Clock = time.perf_counter,
) -> SettingsSearch:
    """Search for the settings that rank this graph's validation triples best; test triples are never looked at.

    Recipes known to work elsewhere are tried first, then settings near them and near the best so far. All are trained for
    a few epochs, the best third for three times as many, and so on, each going on from where it stood (asynchronous
    successive halving: Li et al., 2020, "A system for massively parallel hyperparameter tuning"); the last part of the
    time, two fifths or more, belongs to the best, and its end to their last epochs, over which the learning rate falls to
    zero. What a trial will take is measured before it starts
    (`estimate_cost`), and what cannot end its first rung in time, or would not fit into memory, is left out and counted.

    Args:
        split: trials learn from train and are ranked on valid, filtered by both.
        scorers: the equations to try; most of the time goes to the first.
        minutes: how long it may take, within an epoch.
        passes: how many passes over the triples it may take in place of minutes: the same result on every machine.
        seed: of the settings that are drawn; trials themselves begin from seed 0, as `GraphEmbedding` and
            `train_embedding` do when nothing is typed.
        fixed: settings that are not searched: `dim`, and arguments of `train_embedding`.
        folder: keeps the search. Started again with the same arguments, after `break` or a kill, it goes on with what it
            has; more minutes may be asked for then.
        evaluate_on: how many validation triples are ranked, the same ones each time, and a quarter as many of train.
        memory: what the vectors of all trials may take, in GiB; "auto" for half of what is free. Where it is short, those
            that rank worst are dropped.
        clock: what the seconds are read from.

    Returns:
        An iterator of trials, one each time that one has gone as far as it should for now. `.best`, `.best_scorer`,
        `.trials` and `.effects()` can be read at any time.

    Raises:
        TypeError: no split, or no scorers.
        ValueError: an argument out of its range, nothing to learn from or to measure on, a folder of another search.
        FileExistsError: the folder holds a file of that name that kgwb did not write.

    Example:
        >>> from kgwb.graph import KnowledgeGraph, split_triples
        >>> facts = [[f"town {i}", "beside", f"town {(i + step) % 12}"] for i in range(12) for step in (1, 2)]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> search = find_settings(split_triples(graph), passes=6, fixed={"dim": 8})
        >>> for trial in search:
        ...     assert trial.mrr > 0
        >>> search.best["dim"], len(search.trials)
        (8, 6)
    """
    expect_kind(split, Split, "A split", call=CALL)
    chosen = expect_each(scorers, object, "A scorer", call="find_settings(split, [ComplEx(), DistMult()])")
    for scorer in chosen:
        expect_scorer(scorer, "find_settings(split, [{}])")
    if not chosen:
        raise ValueError("No scorers came. Type find_settings(split, [ComplEx()]).")
    expect_number("minutes", minutes, usual=5, above=0)
    if passes is not None:
        expect_number("passes", passes, usual=100, least=1, whole=True)
    expect_number("evaluate_on", evaluate_on, usual=2000, least=1, whole=True)
    expect_number("memory", memory, usual=4, above=0, word="auto")
    if not is_function(clock):
        message = f"A clock, a function without arguments, was expected, but {describe_kind(clock)} came"
        raise TypeError(f"{message}. Type find_settings(split, clock=time.perf_counter).")
    held = expect_fixed(fixed, len(split.graph.entities), chosen)
    _expect_parts(split)
    if folder is not None:
        folder = expect_path(folder, call="find_settings(split, folder='search')").absolute()
    drawn, exam = expect_seed(seed), Exam.of(split, size=int(evaluate_on))
    asked = {
        "triples": digest_triples(split.train, split.valid),
        "names": split.graph.fingerprint,
        "scorers": [repr(scorer) for scorer in chosen],
        "seed": drawn,
        "fixed": {name: repr(value) for name, value in held.items()},
        "evaluate_on": int(evaluate_on),
        "counted": "minutes" if passes is None else "passes",
    }
    queries = sum(len(group_queries(split.train, side)) for side in SIDES)
    course = SearchCourse(
        SettingsSpace(chosen, len(split.graph.entities), len(split.graph.relations), queries, held, drawn),
        exam,
        Budget(minutes * 60, clock) if passes is None else Budget(int(passes), None),
        KeptSearch(folder, asked),
        best_device(),
        _choose_bytes(memory),
    )
    course.resume()
    return SettingsSearch(course, find_loss_floor(split.train))


def _choose_bytes(memory: Literal["auto"] | int | float) -> float:
    if memory != "auto":
        return float(memory) * GIB
    return (find_free_memory() or 8 * GIB) / 2


def _expect_parts(split: Split) -> None:
    for part in ("train", "valid"):
        if not len(getattr(split, part)):
            raise ValueError(
                f"The split of {split.graph.name!r} has no {part} triples, which the search needs. Type {CALL}."
            )
