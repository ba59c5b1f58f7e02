"""Does what was learned generalise? One call tunes, asks each kind of newness by itself, and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pandas as pd

from kgwb.bert import Bert
from kgwb.bert.injection import AnyMode
from kgwb.bert.knowledge import EntityVectors
from kgwb.checks import expect_at_least, expect_choices, expect_kind, is_function
from kgwb.embed import ComplEx, GraphEmbedding, train_embedding
from kgwb.graph import KnowledgeGraph
from kgwb.learn.answering.answers import answer_questions
from kgwb.learn.probing.generalisation_exam import GeneralisationExam
from kgwb.learn.probing.records import note_probe
from kgwb.learn.probing.report import ProbeReport
from kgwb.learn.probing.rows import plan_rows
from kgwb.learn.probing.runs import plan_runs
from kgwb.learn.probing.summing import summarise_answers
from kgwb.learn.tasks import MaskedAnswers
from kgwb.words import describe_kind

GeneralisationControl = Literal["shuffled", "random", "matched", "dealt"]
_CONTROLS = ("shuffled", "random", "matched", "dealt")
_CALL = "kgwb.learn.measure_generalisation(bert, kgwb.learn.plan_generalisation(graph, sentences))"


@dataclass(frozen=True, eq=False, repr=False)
class GeneralisationReport:
    """How each run answers each group of an exam.

    Attributes:
        exam: what was asked.
        groups: group -> the report on its questions.
    """

    exam: GeneralisationExam
    groups: dict[str, ProbeReport]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per group and run: `accuracy` and `spread` over seeds, `chance`, `majority` (always the relation's commonest
        answer), `seeds`, `questions`."""
        columns = ["accuracy", "spread", "chance", "majority", "seeds", "questions"]
        tables = {name: report.frame[columns] for name, report in self.groups.items()}
        return pd.concat(tables, names=["group", "model"])

    @property
    def report(self) -> ProbeReport:
        """All groups in one, for `show_probe(found.report, groups=found.relations)`: relations bear their group's name."""
        counts = [part.counts.assign(relation=_name(group, part.counts)) for group, part in self.groups.items()]
        relations = [
            part.relations.assign(relation=_name(group, part.relations)) for group, part in self.groups.items()
        ]
        sizes = [int(part.relations["questions"].sum()) for part in self.groups.values()]
        chance = sum(part.chance * size for part, size in zip(self.groups.values(), sizes, strict=True)) / sum(sizes)
        runs = list(next(iter(self.groups.values())).runs)
        joined = pd.concat(counts, ignore_index=True)
        joined = joined.sort_values("run", key=lambda names: names.map(runs.index), kind="stable", ignore_index=True)
        made = next(iter(self.groups.values())).made
        return ProbeReport(joined, pd.concat(relations, ignore_index=True), chance, made=made)

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        parts = self.report.describe_run() | {"run": f"an exam of generalisation, {', '.join(self.groups)}"}
        prints = {f"questions, {group}": f"SHA-256 {part.fingerprint}" for group, part in self.groups.items()}
        return {part: value for part, value in parts.items() if part != "questions"} | prints

    @property
    def relations(self) -> dict[str, list[str]]:
        """Group -> its relations, as `report` names them."""
        return {group: _name(group, part.relations).tolist() for group, part in self.groups.items()}

    def __repr__(self) -> str:
        table = self.frame["accuracy"].unstack("model").loc[list(self.groups)]
        table = table[list(next(iter(self.groups.values())).runs)]
        floors = self.frame.groupby("group", sort=False)[["chance", "majority"]].first()
        return f"{self.exam!r}\n{table.join(floors).round(3).to_string()}"


def measure_generalisation(
    bert: Bert,
    exam: GeneralisationExam,
    *,
    modes: Sequence[AnyMode | tuple[AnyMode, ...]] = ("memory",),
    controls: Sequence[GeneralisationControl] = ("shuffled", "random"),
    learn: Callable[[KnowledgeGraph], EntityVectors] | None = None,
    seeds: int = 3,
    **options: Any,
) -> GeneralisationReport:
    """Tune plain BERT, doors and their controls on an exam's text, and ask them each kind of newness by itself.

    Args:
        bert: where every run starts; it is left as it is.
        exam: what is tuned on and asked (`plan_generalisation`).
        modes: the doors, as `kgwb.plan_runs` takes them.
        controls: of each door, tuned anew with the knowledge taken away.
        learn: vectors of a graph; by default ComplEx with 128 numbers, 100 epochs.
        seeds: of tuning; each run is tuned once per seed, and asked all groups.
        **options: passed to `kgwb.tune`.

    Returns:
        The report: `.frame` has a row for each group and run beside chance and majority; plain BERT, tuned on the same text,
        is the floor that reads no graph.

    Raises:
        TypeError: for what is no model, or no exam.
        ValueError: for an unknown control.
    """
    expect_kind(bert, Bert, "A BERT", call=_CALL)
    expect_kind(exam, GeneralisationExam, "An exam", call=_CALL)
    expect_choices("controls", controls, _CONTROLS)
    expect_at_least("seeds", seeds, 1, whole=True)
    if not (learn is None or is_function(learn)):
        raise TypeError(
            f"A function from a graph to vectors was expected, but {describe_kind(learn)} came. Type {_CALL[:-1]}, learn=mine)."
        )
    vectors = (_learn if learn is None else learn)(exam.graph)
    runs = plan_runs(bert, vectors, MaskedAnswers(exam.tuned), modes=modes, controls=controls, **options)
    answers: dict[str, list[pd.DataFrame]] = {group: [] for group in exam.asked}
    for name, run in runs.items():
        for seed in range(seeds):
            model = run(seed)
            for group, questions in exam.asked.items():
                answers[group].append(answer_questions(model, questions).assign(run=name, seed=seed))
    groups = {
        group: summarise_answers(pd.concat(found, ignore_index=True), list(runs), [exam.asked[group]])
        for group, found in answers.items()
    }
    rows = list(plan_rows(runs, exam.tuned, range(seeds)))
    made = note_probe(rows, "auto", taken=0, processes=1, varied=False, sets=1)
    return GeneralisationReport(exam, {group: replace(found, made=made) for group, found in groups.items()})


def _learn(graph: KnowledgeGraph) -> GraphEmbedding:
    vectors = GraphEmbedding(graph, ComplEx(), dim=128, seed=0)
    for _ in train_embedding(vectors, graph, epochs=100):
        pass
    return vectors


def _name(group: str, table: pd.DataFrame) -> pd.Series:
    return table["relation"] + f" ({group})"
