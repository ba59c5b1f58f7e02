"""Asking vectors by hand: a query, its candidates, and what speaks for each."""

from __future__ import annotations

import pandas as pd

from kgwb.checks import expect_kind
from kgwb.embed import GraphEmbedding
from kgwb.embed.graph_embedding import expect_embedding
from kgwb.graph import Split
from kgwb.see.page import Fragment
from kgwb.see.workbench.control_panel import ControlPanel
from kgwb.see.workbench.controls import (
    ActionButton,
    load_widgets,
    make_choice,
    make_code,
    make_column,
    make_line,
    make_number,
    make_row,
    make_table,
    set_code,
)
from kgwb.see.workbench.ranking import RankedQueries
from kgwb.words import shorten

_PROPOSED = 3000  # entities that the line proposes while one types
_TAIL, _HEAD = "known, relation, ?", "?, relation, known"


class RankingPanel(ControlPanel):
    """Ask an embedding for the missing part of a fact, and read which rules and facts speak for each candidate.

    Args:
        vectors: what ranks.
        split: which facts the rules may use: those of its train; by default all of the graph.

    Attributes:
        frame: the candidates of the last query, best first.

    Example:
        >>> from kgwb.embed import ComplEx
        >>> from kgwb.graph import KnowledgeGraph
        >>> facts = pd.DataFrame([["Berlin", "capital of", "Germany"]], columns=["head", "relation", "tail"])
        >>> panel = RankingPanel(GraphEmbedding(KnowledgeGraph.from_pandas(facts, name="capitals"), ComplEx(), dim=8))
        >>> panel.ask(head="Berlin", relation="capital of")
        >>> list(panel.frame.columns)
        ['place', 'label', 'score', 'known', 'new place', 'reasons']
    """

    def __init__(self, vectors: GraphEmbedding, split: Split | None = None) -> None:
        expect_embedding(vectors, "kgwb.see.RankingPanel({})")
        expect_kind(split, (Split, type(None)), "A split, or None,", call="kgwb.see.RankingPanel(vectors, split)")
        super().__init__()
        self.queries = RankedQueries(vectors, split)
        self.graph = vectors.graph
        self._frame = pd.DataFrame(columns=["place", "label", "score", "known", "new place", "reasons"])
        self._asked = ""
        relations = [(label, i) for i, label in enumerate(self.graph.relation_labels)]
        self.form = make_choice("asked for", (("the tail", _TAIL), ("the head", _HEAD)), _TAIL)
        best = (-self.graph.degrees).argsort(kind="stable")[:_PROPOSED]
        labels = tuple(dict.fromkeys(self.graph.labels[i] for i in best))
        self.entity = make_line("known", self._propose_entity(), options=labels)
        self.relation = make_choice("relation", relations, int(self.graph.triples[0, 1]) if len(self.graph) else None)
        self.count = make_number("candidates", 10)
        self._rank = ActionButton("Rank", self.ask_first)
        self._table, self._code = load_widgets().HTML(), make_code()
        self.controls = make_column(
            make_row(self.form, self.entity, self.relation, self.count, self._rank.box),
            self._said,
            self._table,
            self._code,
        )

    def ask(self, *, relation: str | int, head: str | int | None = None, tail: str | int | None = None) -> None:
        """Ask from Python, as by hand.

        Raises:
            ValueError: head and tail came both, or neither.
            UnknownNameError: names the three nearest labels.
        """
        count = self.count.value
        self._frame = self.queries.rank(relation=relation, head=head, tail=tail, k=count)
        given = "".join(f"{part}={name!r}, " for part, name in (("head", head), ("tail", tail)) if name is not None)
        known, asked = head if head is not None else tail, self.graph.relation_labels[self.graph.relation_id(relation)]
        shown = self.graph.labels[self.graph.entity_id(known)]  # type: ignore[arg-type]
        self._asked = f"{shown} — {asked} → ?" if head is not None else f"? — {asked} → {shown}"
        self._table.value = make_table(
            ("", "candidate", "score", "", "what speaks for it"), self._list_rows(), numbers=(0, 2)
        )
        set_code(
            self._code,
            f"vectors.predict({given}relation={relation!r}, k={count})\nkgwb.find_rules({self._source}, min_support=2)",
        )
        self._say("")
        self.tell_frame()
        self.keep_still()

    def ask_first(self) -> None:
        """Ask what the controls propose."""
        self._attempt(self._ask)

    @property
    def frame(self) -> pd.DataFrame:
        """The candidates of the last query, best first, by entity id."""
        return self._frame

    @property
    def title(self) -> str:
        """What was asked."""
        return self._asked or f"Asking the vectors of {self.graph.name}"

    @property
    def caption(self) -> str:
        """How far to trust it."""
        if not len(self._frame):
            return "Choose what is known, and press Rank."
        new = int((~self._frame["known"].astype(bool)).sum())
        best = self._frame["label"].iloc[0]
        return (
            f"{len(self._frame)} candidates of {len(self.graph.entities):,}, {new} of them new; first {shorten(best, 60)}. "
            "Scores of different queries cannot be compared. A rule speaks with the share of cases in which it holds."
        )

    @property
    def status(self) -> list[str]:
        """The candidates, as lines."""
        rows = [f"{row[0]:>2}  {row[1]}  {row[2]}  {row[3]}  {shorten(row[4], 90)}" for row in self._list_rows()]
        return [*rows, *([self.message] if self.message else [])] or ["nothing was asked yet"]

    def fragment(self) -> Fragment:
        """The candidates as a piece of a page."""
        table = make_table(("", "candidate", "score", "", "what speaks for it"), self._list_rows(), numbers=(0, 2))
        return Fragment(table, f"{self.title}. {self.caption}")

    def _ask(self) -> None:
        name = self.entity.value.strip()
        if not name:
            raise ValueError(f"Nothing is known yet. Type an entity, for example {self._propose_entity()!r}.")
        part = "head" if self.form.value == _TAIL else "tail"
        self.ask(**{part: name}, relation=self.graph.relation_labels[self.relation.value])

    def _list_rows(self) -> list[tuple[str, str, str, str, str]]:
        rows = []
        for row in self._frame.itertuples(name="Row"):
            score = f"{row.score:.2f}".replace("-", "−")
            rows.append((str(row.place), shorten(row.label, 60), score, "known" if row.known else "new", row.reasons))
        return rows

    @property
    def _source(self) -> str:
        return "split" if isinstance(self.queries.source, Split) else "graph"

    def _propose_entity(self) -> str:
        """The head of the first fact: then the first click shows something."""
        return self.graph.labels[int(self.graph.triples[0, 0])] if len(self.graph) else ""
