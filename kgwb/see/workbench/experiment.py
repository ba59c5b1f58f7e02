"""The whole path from a file of facts to a page, as plain steps: what each did, and the Python that does it again."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kgwb.bert import load_bert
from kgwb.checks import expect_choice, expect_kind
from kgwb.embed import Epoch, RankReport, Scorer, rank_triples
from kgwb.graph import (
    GraphFileError,
    KnowledgeGraph,
    LeakageReport,
    Split,
    find_leakage,
    read_graph,
    split_triples,
    write_graph,
)
from kgwb.learn import Step
from kgwb.see.space.view import SpaceView, show_space
from kgwb.see.workbench.door_trial import DoorTrial, SentenceComparison
from kgwb.see.workbench.experiment_step import NEEDED, STEPS, ExperimentStep
from kgwb.see.workbench.file_options import write_reading
from kgwb.see.workbench.notebook_file import write_facts_beside, write_notebook
from kgwb.see.workbench.training_run import TrainingRun
from kgwb.words import count_things

_IMPORT = "import kgwb"
_FEWEST = 3  # points that a map can be made of


class Experiment:
    """A graph on its way through vectors into BERT; no widget takes part in it.

    Every step that is made again takes those behind it away, which stood on what it gave.

    Attributes:
        steps: those that were made, in order.
        graph, split, leakage: what is known, how it is divided, and what the division gives away.
        run: the training of its vectors.
        ranks: how well they rank the test triples.
        space: the map of the vectors; None where there are too few.
        trial: the doors into BERT.
        comparison: a sentence before and after.

    Example:
        >>> import pandas as pd
        >>> facts = [("Ada", "speaks", "Ket"), ("Bo", "speaks", "Sol"), ("Cy", "speaks", "Ket")]
        >>> experiment = Experiment()
        >>> experiment.explain_missing("vectors")
        'There are no facts yet. Drop a file into step 1.'
        >>> experiment.take(KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"])))
        >>> experiment.steps[0].summary
        '3 triples, 5 entities, 1 relation; 3 to train on, 0 held out'
    """

    def __init__(self) -> None:
        self.steps: tuple[ExperimentStep, ...] = ()
        self.graph: KnowledgeGraph | None = None
        self.split: Split | None = None
        self.leakage: LeakageReport | None = None
        self.run: TrainingRun | None = None
        self.ranks: RankReport | None = None
        self.space: SpaceView | None = None
        self.trial: DoorTrial | None = None
        self.comparison: SentenceComparison | None = None
        self._file: tuple[str, bytes] | None = None

    def has(self, name: str) -> bool:
        """Whether a step was made."""
        return any(step.name == name for step in self.steps)

    def explain_missing(self, name: str) -> str:
        """Why a step cannot be made yet, and what to do first; empty where it can."""
        expect_choice("name", name, ("facts", *NEEDED))
        needed, why = NEEDED.get(name, ("", ""))
        return "" if not needed or self.has(needed) else self.explain_missing(needed) or why

    def expect(self, name: str) -> None:
        """What a step stands on.

        Raises:
            ValueError: it is missing; says what to do first.
        """
        if why := self.explain_missing(name):
            raise ValueError(why)

    def read(self, path: str | Path, **options: Any) -> None:
        """Read the facts from a file or folder.

        Args:
            path: of it.
            options: of `read_graph`.

        Raises:
            GraphFileError: as `read_graph` does.
        """
        self._begin(read_graph(path, **options), write_reading(str(path), options), None)

    def read_content(self, name: str, content: bytes, **options: Any) -> None:
        """Read the facts from what was dropped in: the name of a file and its bytes.

        Raises:
            GraphFileError: as `read_graph` does, for a file of this name.
        """
        plain = Path(name.replace("\\", "/")).name or "facts.tsv"
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder, plain)
            place.write_bytes(content)
            try:
                graph = read_graph(place, **options)
            except GraphFileError as error:  # where it lay for a moment says nothing to whoever dropped it
                raise GraphFileError(str(error).replace(f"{folder}/", "").replace(f"{folder}\\", "")) from None
        self._begin(graph, write_reading(plain, options), (plain, content))

    def take(self, graph: KnowledgeGraph) -> None:
        """Begin with a graph that is there already."""
        expect_kind(graph, KnowledgeGraph, "A graph", call="kgwb.Workbench(kgwb.read_graph(path))")
        self._begin(graph, "graph  # as it came into kgwb.Workbench(graph)", None)

    def _begin(self, graph: KnowledgeGraph, code: str, file: tuple[str, bytes] | None) -> None:
        if not len(graph):
            raise ValueError(f"{graph.name!r} holds no facts. Drop a file with a line for each: head, relation, tail.")
        split = split_triples(graph, seed=0)
        leakage = find_leakage(split)
        self.steps, self.run, self.ranks, self.space, self.trial = (), None, None, None, None
        self.comparison = None
        self.graph, self.split, self.leakage, self._file = graph, split, leakage, file
        said = ", ".join(
            map(count_things, map(len, (graph, graph.entities, graph.relations)), ("triple", "entity", "relation"))
        )
        held_out = len(split.valid) + len(split.test)
        code = f"{code}\nsplit = kgwb.split_triples(graph, seed=0)\nfacts = kgwb.show_graph(graph)\nfacts"
        self._add("facts", "Read the facts", code, f"{said}; {len(split.train):,} to train on, {held_out:,} held out")

    def start_training(
        self, *, scorer: Scorer | None = None, dim: int | None = None, epochs: int | None = None
    ) -> TrainingRun:
        """Vectors to be trained by whoever asks them for epochs; `take_vectors` makes them the step's."""
        self.expect("vectors")
        assert self.split is not None
        return TrainingRun(self.split, scorer=scorer, dim=dim, epochs=epochs)

    def take_vectors(self, run: TrainingRun) -> None:
        """Vectors as far as they were trained become the step's, and are ranked.

        Raises:
            ValueError: not one epoch was trained.
        """
        self.expect("vectors")
        assert self.split is not None
        if not run.records:
            raise ValueError("Not one epoch was trained. Press Start, and stop after the first at the earliest.")
        self.run, self.trial, self.comparison = run, None, None
        self._keep_before("vectors")
        last = f"{count_things(len(run.records), 'epoch')}, loss {run.records[-1].loss:.3g}"
        self._add("vectors", f"Train {run.name}", run.code, f"{run.name}: {last}")
        self.ranks = (
            rank_triples(run.vectors, self.split.test, known=self.split.known) if len(self.split.test) else None
        )
        if self.ranks is not None:
            said = repr(self.ranks).splitlines()[0].removeprefix("RankReport: ")
            code = "ranks = kgwb.rank_triples(vectors, split.test, known=split.known)\nranks"
            self._add("ranking", "Rank the test triples", code, said)
        self.space = show_space(run.vectors) if len(run.vectors.graph.entities) >= _FEWEST else None
        if self.space is not None:
            self._add(
                "space",
                "Look at the space",
                "space = kgwb.show_space(vectors)\nspace",
                str(self.space.caption).partition(". ")[0],
            )

    def train(self, **options: Any) -> Iterator[Epoch]:
        """Train to the end, then rank."""
        run = self.start_training(**options)
        yield from run
        self.take_vectors(run)

    def open_trial(self, bert: str = "minilm") -> DoorTrial:
        """The doors into a BERT, made when they are first asked for.

        Raises:
            ValueError: there are no vectors yet, or no question can be made of the facts.
        """
        self.expect("door")
        assert self.run is not None
        if self.trial is None or self.trial.bert.name != bert:
            self.trial = DoorTrial(load_bert(bert), self.run.vectors)
        return self.trial

    def tune(self, mode: str = "entity", control: str | None = None, *, bert: str = "minilm") -> Iterator[Step]:
        """Tune a door to the end, and measure it."""
        trial = self.open_trial(bert)
        yield from trial.tune(mode, control)
        self.take_door(mode, control)

    def take_door(self, mode: str, control: str | None = None) -> None:
        """A door as far as it was tuned becomes the step's."""
        self.expect("door")
        trial = self.open_trial(self.trial.bert.name if self.trial else "minilm")
        before, after = trial.measure(mode, control)
        self._keep_before("door")
        self.comparison = None
        name = mode if control is None else f"{mode}/{control}"
        said = f"{name}: right on {after:.0%} of {count_things(len(trial.unseen), 'unseen question')}; plain BERT {before:.0%}"
        self._add("door", f"Tune the {name} door", trial.write_code(mode, control), said)

    def compare(
        self, text: str = "", mode: str = "entity", control: str | None = None, *, openness: float | None = None
    ) -> SentenceComparison:
        """Read a sentence before and after; by default one that the door changes."""
        self.expect("attention")
        assert self.trial is not None
        text = text or self.trial.propose_sentence(mode, control)
        found = self.trial.compare(text, mode, control, openness=openness)
        self.take_comparison(found, openness)
        return found

    def take_comparison(self, found: SentenceComparison, openness: float | None = None) -> None:
        """A sentence before and after becomes the step's."""
        self.expect("attention")
        assert self.trial is not None
        self.comparison = found
        self._keep_before("attention")
        text, top = found.text, found.answers
        said = f"“{text}”" + (f" → {top['answer'].iloc[0]} ({top['after'].iloc[0]:.0%})" if len(top) else "")
        self._add("attention", "Look before and after", self.trial.write_comparison(text, openness), said)

    def take_page(self, path: Path, views: Mapping[str, str], linked: Sequence[str]) -> None:
        """A page that was written becomes the step's.

        Args:
            path: of the page.
            views: the heading of each view, and its name in the steps before.
            linked: the names of those that follow one another.
        """
        assert self.graph is not None
        self._keep_before("page")
        shown = ", ".join(f"({heading!r}, {name})" for heading, name in views.items())
        first = [f"kgwb.link({', '.join(linked)})"] if linked else []
        title = f"From {self.graph.name} into BERT"
        code = "\n".join([*first, f"kgwb.see.write_page({path.name!r}, [{shown}], title={title!r})"])
        self._add("page", "Write the page", code, str(path))

    def write_cells(self) -> list[tuple[str, str]]:
        """A heading and its Python for each step; the first imports kgwb."""
        return [(step.title, f"{_IMPORT}\n\n{step.code}" if i == 0 else step.code) for i, step in enumerate(self.steps)]

    def save_notebook(self, path: str | Path) -> list[Path]:
        """Write the steps as a notebook, beside it the facts where they came without a path; returns what was written.

        Raises:
            ValueError: no step was made, or the path does not end in .ipynb.
            FileExistsError: another file of the facts' name stands there.
        """
        self.expect("vectors")
        assert self.graph is not None
        place = Path(path).expanduser()
        cells = self.write_cells()
        written = []
        if self._file is not None:
            written = write_facts_beside(place.parent, *self._file)
        elif "as it came into" in cells[0][1]:
            folder = place.parent / f"{place.stem}-facts"
            write_graph(self.graph, folder)
            written, (title, code) = [folder], cells[0]
            first = f"graph = kgwb.read_graph({folder.name!r})"
            cells[0] = (title, code.replace("graph  # as it came into kgwb.Workbench(graph)", first))
        return [write_notebook(place, cells, title=f"From {self.graph.name} into BERT"), *written]

    def _keep_before(self, name: str) -> None:
        at = STEPS.index(name)
        self.steps = tuple(step for step in self.steps if STEPS.index(step.name) < at)

    def _add(self, name: str, title: str, code: str, summary: str) -> None:
        self.steps = (*self.steps, ExperimentStep(name, title, code, summary))
