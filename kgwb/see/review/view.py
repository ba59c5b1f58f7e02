"""Candidate facts, which a person accepts or rejects with one key each, on screen or on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from kgwb.checks import expect_each, expect_share, expect_text
from kgwb.graph.knowledge_graph import KnowledgeGraph, expect_graph
from kgwb.learn.construction.candidate_frame import expect_candidates
from kgwb.learn.construction.candidates import COLUMNS
from kgwb.learn.construction.fact_threshold import FactThreshold
from kgwb.learn.construction.growth import expect_same_labels
from kgwb.packages import load_package
from kgwb.see.live import LiveView, define_widget
from kgwb.see.packing import pack_array
from kgwb.see.review.picture import draw_review
from kgwb.see.review.scene import ACCEPTED, NIL, REJECTED, SOURCES, ReviewScene, read_decided
from kgwb.words import count_things, mend_text

_CALL = "kgwb.see.show_review(kgwb.learn.propose_facts(model, sentences, graph), graph)"


def show_review(
    candidates: pd.DataFrame, graph: KnowledgeGraph, *, threshold: FactThreshold | float | int | None = None
) -> ReviewView:
    """Show candidate facts with their sentences, to be accepted or rejected: a accepts, r rejects, u undoes, arrows move.

    Args:
        candidates: as `kgwb.learn.propose_facts` gives them.
        graph: that they were proposed for.
        threshold: from which probability on they may be accepted together, as `kgwb.learn.find_threshold` gives it, or a
            share; None for no such line, as where the wanted precision is not reached.

    Returns:
        A view; `view.accepted` and `view.rejected` are data frames, for `kgwb.learn.grow_graph` and `add_facts`.

    Raises:
        ValueError: a column is missing, or an id has another label in this graph.

    Example:
        >>> facts = pd.DataFrame([["Rome", "capital of", "Italy"]], columns=["head", "relation", "tail"])
        >>> graph = KnowledgeGraph.from_pandas(facts, pd.DataFrame({"entity": ["Oslo"]}))
        >>> row = dict.fromkeys(COLUMNS, "") | {"head": 1, "relation": 0, "tail": 0}
        >>> row |= {"head_label": "Oslo", "relation_label": "capital of", "tail_label": "Italy"}
        >>> row |= {"sentence": "Oslo rules Italy.", "head_start": 0, "head_end": 4, "tail_start": 11, "tail_end": 16}
        >>> row |= {"probability": 0.4, **dict.fromkeys(SOURCES, 0.4), "known": False, "contradicts": "", "support": 1}
        >>> view = show_review(pd.DataFrame([row]), graph)
        >>> view.reject(0)
        >>> view
        ReviewView: 1 candidate fact: 0 accepted, 1 rejected
    """
    expect_candidates(candidates, COLUMNS[3:], call=_CALL)
    expect_graph(graph, "kgwb.see.show_review(candidates, {})")
    expect_same_labels(graph, candidates)
    if isinstance(threshold, FactThreshold):
        line = threshold.value if threshold.reached else None
    else:
        if threshold is not None:
            expect_share("threshold", threshold, usual=0.9)
        line = None if threshold is None else float(threshold)
    ordered = candidates.sort_values("probability", ascending=False, kind="stable", ignore_index=True)
    return ReviewView(ordered, graph, line)


class ReviewView(LiveView):
    """Candidate facts under review; made by `show_review`.

    Attributes:
        graph: that they were proposed for.
        threshold: from which probability on they may be accepted together; None for no such line.
        widget: what the browser draws; `view.observe(print, names="decided")` is told of each verdict.
    """

    script = "review"

    def __init__(self, frame: pd.DataFrame, graph: KnowledgeGraph, threshold: float | None) -> None:
        self._frame = frame
        self.graph = graph
        self.threshold = threshold

    @property
    def scene(self) -> ReviewScene:
        """What is decided now."""
        widget = self._widget
        decided = () if widget is None else read_decided(widget.decided, len(self._frame))
        at = 0 if widget is None else max(0, min(int(widget.at), len(self._frame) - 1))
        return ReviewScene(self._frame, self.threshold, decided, at)

    @property
    def frame(self) -> pd.DataFrame:
        """All candidates, the most probable first, with a column `verdict`: "accepted", "rejected" or ""."""
        verdicts = self.scene.verdicts
        words = {ACCEPTED: "accepted", REJECTED: "rejected", None: ""}
        named = self._name(self._frame)
        return named.assign(verdict=[words[verdicts.get(row)] for row in range(len(named))])

    @property
    def accepted(self) -> pd.DataFrame:
        """The candidates that were accepted, with the names that new entities were given."""
        return self._name(self._frame).iloc[self.scene.list_rows(ACCEPTED)]

    @property
    def rejected(self) -> pd.DataFrame:
        """The candidates that were rejected."""
        return self._name(self._frame).iloc[self.scene.list_rows(REJECTED)]

    def accept(self, rows: Sequence[int] | int) -> None:
        """Accept candidates by their rows in `frame`, one or several, as one step."""
        self._decide(rows, ACCEPTED, "accept")

    def reject(self, rows: Sequence[int] | int) -> None:
        """Reject candidates by their rows in `frame`, one or several, as one step."""
        self._decide(rows, REJECTED, "reject")

    def accept_above(self) -> None:
        """Accept as one step what is undecided and reaches the threshold.

        What the graph knows, what contradicts it, and what names an entity that it lacks is left to a person.

        Raises:
            ValueError: there is no threshold.
        """
        if self.threshold is None:
            raise ValueError(
                "There is no threshold, so nothing can be accepted together. Type show_review(candidates, graph, "
                "threshold=0.9), or view.accept([0, 1])."
            )
        if self.scene.above:
            self._decide(self.scene.above, ACCEPTED, "accept")

    def undo(self) -> None:
        """Take the last step back; without one nothing happens."""
        decided = self.scene.decided
        if decided:
            self.widget.decided = [list(each) for each in decided if each[2] != decided[-1][2]]

    def rename(self, row: int, *, head: str | None = None, tail: str | None = None) -> None:
        """Name the entity that the graph lacks, where a candidate has one: what `accepted` then calls it.

        Args:
            row: of the candidate in `frame`.
            head, tail: its new name.

        Raises:
            ValueError: the graph has that entity, so its name is settled, or the name is empty.
        """
        [place] = self._list_rows([row], "rename")
        names = dict(self.widget.names)
        for side, name in (("head", head), ("tail", tail)):
            if name is None:
                continue
            expect_text(side, name, usual="Oslo")
            if self._frame[side].iloc[place] != NIL or not name.strip():
                label = self._frame[f"{side}_label"].iloc[place]
                raise ValueError(
                    f"{side}={name!r} came for row {place}, whose {side} is {label!r}. Expected a name, for an entity that the "
                    f"graph lacks ({side} = −1). Type view.rename({place}, {side}='Oslo')."
                )
            names[f"{place} {side}"] = name
        self.widget.names = names

    def list_selected(self) -> pd.DataFrame:
        """The candidate at hand."""
        return self.frame.iloc[[self.scene.at] if len(self._frame) else []]

    @property
    def picture(self) -> str:
        """What is decided now as a static SVG."""
        return draw_review(self.scene)

    @property
    def shown_graph(self) -> KnowledgeGraph | None:
        """The graph whose ids the candidates have."""
        return self.graph

    @property
    def state(self) -> dict[str, Any]:
        """The candidates as the script draws them."""
        return {
            **pack_candidates(self._frame),
            "threshold": self.threshold,
            "reach": self.scene.reach,
            "note": self.scene.note,
        }

    def _define(self) -> Any:
        return partial(_define_review_widget(), decided=[], at=0, names={})

    def _list_rows(self, rows: object, method: str) -> list[int]:
        several = [rows] if isinstance(rows, (int, np.integer)) else rows
        found = expect_each(several, (int, np.integer), "A row", call=f"view.{method}(0)")
        for row in found:
            if isinstance(row, bool) or not 0 <= row < len(self._frame):
                raise IndexError(
                    f"Row {row} came, and there are {count_things(len(self._frame), 'candidate')}. Type view.{method}(0)."
                )
        return [int(row) for row in found]

    def _decide(self, rows: object, verdict: int, method: str) -> None:
        decided = self.scene.decided
        step = max((each[2] for each in decided), default=0) + 1
        new = [[row, verdict, step] for row in self._list_rows(rows, method)]
        self.widget.decided = [*map(list, decided), *new]

    def _name(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with the names that new entities were given."""
        names: Mapping[str, str] = {} if self._widget is None else self._widget.names
        if not names:
            return frame
        columns = {}
        for side in ("head", "tail"):
            ids, labels = frame[side].tolist(), frame[f"{side}_label"].tolist()
            given = [names.get(f"{row} {side}", "") if ids[row] == NIL else "" for row in range(len(frame))]
            columns[f"{side}_label"] = [
                name if isinstance(name, str) and name.strip() else label
                for name, label in zip(given, labels, strict=True)
            ]
        return frame.assign(**columns)

    def __repr__(self) -> str:
        return f"ReviewView: {self.scene.title}"


@cache
def _define_review_widget() -> Any:
    """The widget class, with what is decided."""
    traitlets = load_package("traitlets", "show_review")
    return define_widget(
        "review",
        decided=traitlets.List().tag(sync=True),
        at=traitlets.Int().tag(sync=True),
        names=traitlets.Dict().tag(sync=True),
    )


def pack_candidates(frame: pd.DataFrame) -> dict[str, Any]:
    """What the script draws: ids and spans [row, 3 or 4], shares [row, source], and texts."""
    spans = ["head_start", "head_end", "tail_start", "tail_end"]
    texts = ("head_label", "relation_label", "tail_label", "sentence", "contradicts")
    return {
        "ids": pack_array(frame[["head", "relation", "tail"]].to_numpy(np.int32).reshape(-1, 3)),
        "spans": pack_array(frame[spans].to_numpy(np.int32).reshape(-1, 4)),
        "probability": pack_array(frame["probability"].to_numpy(np.float32)),
        "shares": pack_array(frame[[*SOURCES]].to_numpy(np.float32).reshape(-1, len(SOURCES))),
        "support": pack_array(frame["support"].to_numpy(np.int32)),
        "known": pack_array(frame["known"].to_numpy(bool).astype(np.uint8)),
        "sources": list(SOURCES.values()),
        **{name: [mend_text(str(text)) for text in frame[name]] for name in texts},
    }
