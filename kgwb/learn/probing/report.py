"""What a probe found: every run beside its controls, what each door gained, on screen, on disk and in print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isclose
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd

from kgwb.checks import expect_choice, expect_each, expect_kind, expect_path
from kgwb.files import write_whole
from kgwb.learn.probing.gains import list_controls, list_groups, measure_gains
from kgwb.learn.probing.paired_tests import Unit, compare_marked, expect_paired
from kgwb.learn.probing.report_files import (
    ANSWERS,
    SAME,
    expect_place_for_report,
    expect_writable,
    read_report_file,
    spell_report,
)
from kgwb.learn.probing.reported import describe_report, join_made
from kgwb.packages import load_drawing
from kgwb.words import count_things


@dataclass(frozen=True, eq=False, repr=False)
class ProbeReport:
    """The answers of several runs to the same questions, counted.

    Attributes:
        counts: one row per run, seed and relation, runs in the order they were given: `run`, `seed`, `relation`,
            `questions`, `correct`, and `answers`: of each question in order, the id of the entity it asks about, and + where
            the answer was right, - where not. Reports that an earlier kgwb wrote have no answers.
        relations: one row per relation: `relation`, `questions`, `chance` (the accuracy of an even guess among the
            candidates), `majority` (that of always giving the relation's commonest answer),
            `indistinct` (questions whose answer a tokenizer cannot tell from another candidate) where any has.
        chance: the accuracy of an even guess, over all questions.
        fingerprint: SHA-256 of the questions.
        kept: control -> how many of its graph's facts its doors still state, the most over seeds, and how many there are.
        sets: 1 where all seeds answered the same questions, else how many sets there were, one for each seed.
        made: part -> how the runs were made, as `kgwb.cite` tells it.

    Example:
        >>> counts = [("plain", 0, 2), ("plain", 1, 4), ("entity", 0, 8), ("entity", 1, 8), ("entity/off", 0, 1)]
        >>> rows = [(run, seed, "speaks", 10, correct) for run, seed, correct in counts]
        >>> report = ProbeReport(
        ...     pd.DataFrame(rows, columns=["run", "seed", "relation", "questions", "correct"]),
        ...     pd.DataFrame({"relation": ["speaks"], "questions": [10], "chance": [0.125], "majority": [0.3]}),
        ...     chance=0.125,
        ... )
        >>> found = report.gains().loc[("all", "entity")]
        >>> f"{found['gain']:.2f} over {found['control']}"
        '0.50 over plain'
    """

    counts: pd.DataFrame
    relations: pd.DataFrame
    chance: float
    fingerprint: str = ""
    kept: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sets: int = 1
    made: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.counts["run"], *self.relations["relation"], *self.kept, self.fingerprint):
            expect_writable(name)

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(dict.fromkeys(self.counts["run"]))

    @property
    def majority(self) -> float:
        """The accuracy of always giving the commonest answer of each relation, over all questions."""
        return float(np.average(self.relations["majority"], weights=self.relations["questions"]))

    @property
    def indistinct(self) -> int:
        """Questions whose answer a tokenizer cannot tell from another candidate."""
        return int(self.relations["indistinct"].sum()) if "indistinct" in self.relations else 0

    @property
    def accuracies(self) -> pd.Series:
        """The accuracy of each run and seed."""
        totals = self.counts.groupby(["run", "seed"])[["correct", "questions"]].sum()
        return totals["correct"] / totals["questions"]

    @property
    def frame(self) -> pd.DataFrame:
        """One row per run: `accuracy` (mean over seeds), `spread` (standard deviation over seeds, NaN for one), `chance`,
        `majority`, `seeds`, `questions`, where there are controls `kept` (true facts that they still state), and the mean
        accuracy per relation."""
        by_run = self.accuracies.groupby("run")
        table = pd.DataFrame({"accuracy": by_run.mean(), "spread": by_run.std(), "chance": self.chance})
        table["majority"], table["seeds"] = self.majority, by_run.size()
        table["questions"] = int(self.relations["questions"].sum())
        if self.kept:
            table["kept"] = pd.Series({run: count for run, (count, _) in self.kept.items()}, dtype="Int64")
        totals = self.counts.groupby(["run", "relation"])[["correct", "questions"]].sum()
        relations = (totals["correct"] / totals["questions"]).unstack()  # [run, relation]
        # A relation may be called "chance": its column then says that it is one.
        relations.columns = [f"{label} (relation)" if label in table else label for label in relations.columns]
        return table.join(relations).loc[list(self.runs)].rename_axis(index="model", columns=None)

    @property
    def protocol(self) -> str:
        """How the figures came about, in one line."""
        seeds = self.counts.groupby("run")["seed"].nunique().max()
        questions = count_things(int(self.relations["questions"].sum()), "question")
        questions += f" in {self.sets} sets, one for each seed," if self.sets > 1 else ""
        return (
            f"Accuracy on {questions} of {count_things(len(self.relations), 'relation')}, mean and standard deviation over "
            f"{count_things(int(seeds), 'seed')}; chance {self.chance:.3f}: an even guess among the candidates; majority "
            f"{self.majority:.3f}: always the relation's commonest answer."
            + f" Not to be told from another candidate by word pieces: {self.indistinct:,}." * bool(self.indistinct)
            + f" {self.control_facts}" * bool(self.kept)
        )

    @property
    def control_facts(self) -> str:
        """How many facts of the graph the controls still state, in a sentence; empty without controls."""
        told = [f"{run} {count:,} of {facts:,}" for run, (count, facts) in self.kept.items() if count]
        if told:
            return f"Facts that controls still state: {', '.join(told)}" + (
                "; the others none." if len(told) < len(self.kept) else "."
            )
        return "No control states a fact of the graph." if self.kept else ""

    @property
    def picture(self) -> str:
        """The report as a static SVG: each door beside its controls (`kgwb.see.show_probe` draws it by groups as well)."""
        return str(load_drawing("ProbeReport")(self).picture)

    def gains(self, groups: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
        """Accuracy and gain of every run, for all questions together or for groups of relations.

        gain = accuracy of the door − accuracy of its best control, seed by seed. The best control is, of plain BERT,
        markers, and the door's own shuffled, random, matched and off, the one with the highest mean in that group.

        Args:
            groups: name -> labels of relations, for instance {"in the graph": ["speaks"], "derivable": ["islander of"]};
                by default one group of all.

        Returns:
            One row per group and run, in the report's order: `accuracy` (mean over seeds), `spread` (standard deviation
            over seeds), `chance`, `gain` and `gain spread` (NaN for what is no door, or has no control), `control` (which
            one was best), `seeds`, `questions`.

        Raises:
            UnknownNameError: for a relation that no question is about.
        """
        named = list_groups(groups, self.relations, call="report.gains({'known': ['speaks']})")
        parts = {name: measure_gains(self.counts, self.relations, labels) for name, labels in named.items()}
        return pd.concat(parts, names=["group", "model"])

    def compare(
        self,
        run: str,
        others: str | Sequence[str] | None = None,
        *,
        groups: Mapping[str, Sequence[str]] | None = None,
        by: Unit = "question",
        level: int | float = 0.95,
        samples: int = 1000,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Whether a run answers better than others: paired tests over the questions that both were asked.

        difference = accuracy of the run − accuracy of the other, both over all of their seeds. Its interval is the percentile
        bootstrap (Efron, 1979) at two levels: units are drawn with replacement, for both runs the same, and seeds as well.
        Three seeds say little of other seeds: the interval is then somewhat narrow. p is McNemar's exact test (1947): of the
        units that speak for one of the two, how likely a fair coin would have them so unevenly. Over several seeds, a unit
        speaks for the run that answers it right more often (the sign test), so that more seeds do not count as more questions.

        Many comparisons find something by chance: at p < 0.05, one of twenty without a difference. `adjusted p` is Holm's
        (1979) over all rows of the frame, whatever depends on what: state it where any of several comparisons would be
        told, and ask for all of them in one call.

        Args:
            run: the name of a run.
            others: that of another, or of several; by default the run's controls, as `gains` knows them.
            groups: name -> labels of relations; by default one group of all.
            by: what is drawn and counted: each "question" by itself or, where there are several about one entity (wordings
                of a fact, for example), which are right or wrong together, each entity asked about, "head".
            level: the share of resampled differences between low and high.
            samples: how often to draw.
            seed: of the draws.

        Returns:
            One row per group and other run: `accuracy`, `other accuracy`, `difference`, `low`, `high`, `p`, `adjusted p`,
            `questions`, `units`, `better` and `worse` (units that speak for the run, and for the other), `discordant` (both
            together), `seeds`, `other seeds`.

        Raises:
            ValueError: an unknown run or one that has no controls, answers that were not kept, or questions that differ between
                seeds, with by="question".
            UnknownNameError: for a relation that no question is about.

        Example:
            >>> rows = [("plain", 0, "0- 1- 2- 3+ 4- 5-"), ("door", 0, "0+ 1+ 2+ 3+ 4- 5+")]
            >>> counts = [(run, seed, "speaks", 6, marks.count("+"), marks) for run, seed, marks in rows]
            >>> columns = ["run", "seed", "relation", "questions", "correct", "answers"]
            >>> speaks = pd.DataFrame({"relation": ["speaks"], "questions": [6], "chance": [0.1], "majority": [0.3]})
            >>> report = ProbeReport(pd.DataFrame(counts, columns=columns), speaks, chance=0.1)
            >>> report.compare("door", "plain").loc[("all", "plain"), ["better", "worse", "p"]].tolist()
            [4.0, 0.0, 0.125]
        """
        expect_choice("run", run, self.runs)
        given = list_controls(run, self.runs) if others is None else [others] if isinstance(others, str) else others
        call = f"report.compare({run!r}, {self.runs[0]!r})"
        chosen = expect_each(given, str, "The name of a run", call=call)
        if not chosen:
            raise ValueError(f"No run came to compare {run!r} with. Type {call}.")
        for other in chosen:
            expect_choice("others", other, tuple(name for name in self.runs if name != run))
        expect_choice("by", by, get_args(Unit))
        named = list_groups(groups, self.relations, call="report.compare(run, groups={'known': ['speaks']})")
        expect_paired(self.counts, self.sets, by)
        return compare_marked(self.counts, run, chosen, named, by, level=level, samples=samples, seed=seed)

    def join(self, other: ProbeReport) -> ProbeReport:
        """The runs of both, where they answered the same questions.

        Raises:
            TypeError: for what is no report of a probe.
            ValueError: if the questions differ, or both have a run of one name; the message says what differs.
        """
        expect_kind(other, ProbeReport, "A ProbeReport", call="report.join(kgwb.probe(runs, questions))")
        parts = {
            "relations": (list(self.relations["relation"]), list(other.relations["relation"])),
            "numbers of questions": (list(self.relations["questions"]), list(other.relations["questions"])),
            "chances": (self.chance, other.chance),
            "questions": (self.fingerprint, other.fingerprint),
        }
        for part, (one, two) in parts.items():
            # A mean that another version or machine took may be rounded otherwise.
            alike = isinstance(one, float) and isinstance(two, float) and isclose(one, two, rel_tol=1e-9)
            if one != two and not alike:
                shown = f": {one} and {two}" if part != "questions" else ""
                raise ValueError(
                    f"The reports differ in their {part}{shown}. Expected the same questions for all runs: "
                    "report.join(kgwb.probe(runs, questions))."
                )
        for run in other.runs:
            if run in self.runs:
                raise ValueError(
                    f"Both reports have a run {run!r}. Name each once: kgwb.probe({{'another': ...}}, questions)."
                )
        counts = pd.concat([self.counts, other.counts], ignore_index=True)
        if ANSWERS in counts:
            counts[ANSWERS] = counts[ANSWERS].fillna("")  # of a report that an earlier kgwb wrote
        return replace(self, counts=counts, kept={**self.kept, **other.kept}, made=join_made(self.made, other.made))

    def save(self, path: str | Path) -> Path:
        """Write the whole report, as .csv or .json; `kgwb.learn.read_report` brings it back. Returns the path.

        A .csv has a row for each run, seed and relation, and in it what is the same for all of them.

        Raises:
            ValueError, FileExistsError: another ending; the path is a folder, or a file that is no report.
        """
        path = expect_path(path, call="report.save('report.json')")
        expect_place_for_report(path)
        text = spell_report(path.suffix, self.counts, self.relations, {name: getattr(self, name) for name in SAME})
        with write_whole(path) as new:
            new.write_text(text, encoding="utf-8", newline="")
        return path

    @staticmethod
    def load(path: str | Path) -> ProbeReport:
        """The report that `save` wrote."""
        return read_report(path)

    def to_latex(self) -> str:
        """The table of runs for a LaTeX document, with \\usepackage{booktabs}; labels are escaped."""
        table = self.frame.to_latex(escape=True, float_format="%.3f", na_rep="--")
        return f"% {self.protocol}\n{table}"

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        return describe_report(self.protocol, self.frame, self.counts, self.fingerprint, self.made)

    def _repr_html_(self) -> str:
        return f"{self.frame.round(3).to_html()}<p>{self.protocol}</p>"

    def __repr__(self) -> str:
        return f"ProbeReport: {self.protocol}\n{self.frame.round(3).to_string()}"


def read_report(path: str | Path) -> ProbeReport:
    """The report that `ProbeReport.save` wrote; ReportFileError if the file holds something else, or is broken."""
    path = expect_path(path, call="read_report('report.json')")
    counts, relations, same = read_report_file(path)
    return ProbeReport(counts, relations, **same)
