"""What is seen of candidate facts under review: the table, the threshold, what is decided, and the row at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from kgwb.words import count_things

ACCEPTED, REJECTED = 1, 0
SOURCES = {"by_text": "text", "by_types": "types", "by_vectors": "vectors", "by_rules": "rules"}
NIL = -1


@dataclass(frozen=True, eq=False)
class ReviewScene:
    """Candidates with what a person decided.

    Attributes:
        frame: as `propose_facts` gives it, the most probable first.
        threshold: from which probability on candidates may be accepted together; None for no such line.
        decided: (row, 1 for accepted or 0 for rejected, step), in the order made; the last about a row holds, and what has
            one step was decided at once.
        at: the row at hand.
    """

    frame: pd.DataFrame
    threshold: float | None
    decided: tuple[tuple[int, int, int], ...]
    at: int

    @cached_property
    def verdicts(self) -> Mapping[int, int]:
        """What holds for each row that is decided."""
        return {row: verdict for row, verdict, _ in self.decided}

    def list_rows(self, verdict: int) -> list[int]:
        """The rows with this verdict, in their order."""
        return sorted(row for row, given in self.verdicts.items() if given == verdict)

    @property
    def reach(self) -> int:
        """How many candidates reach the threshold: they stand first."""
        if self.threshold is None:
            return 0
        return int((self.frame["probability"].to_numpy(np.float64) >= self.threshold).sum())

    @cached_property
    def above(self) -> list[int]:
        """The rows that are accepted together: from the threshold on, and nothing about them asks for a person.

        What the graph holds already, what contradicts it, and what names an entity that it lacks, is left to one.
        """
        if self.threshold is None:
            return []
        frame = self.frame
        plain = ~frame["known"].to_numpy(bool) & (frame["contradicts"] == "").to_numpy(bool)
        named = (frame["head"] != NIL).to_numpy(bool) & (frame["tail"] != NIL).to_numpy(bool)
        sure = np.arange(len(frame)) < self.reach
        return [int(row) for row in np.flatnonzero(sure & plain & named) if row not in self.verdicts]

    @property
    def title(self) -> str:
        """What is seen, and how far the review is."""
        accepted, rejected = (len(self.list_rows(verdict)) for verdict in (ACCEPTED, REJECTED))
        return f"{count_things(len(self.frame), 'candidate fact')}: {accepted:,} accepted, {rejected:,} rejected"

    @property
    def note(self) -> str:
        """What the caption says whatever is decided."""
        known, clash = int(self.frame["known"].sum()), int((self.frame["contradicts"] != "").sum())
        new = int((self.frame[["head", "tail"]] == NIL).any(axis=1).sum())
        marks = [
            *([f"{known:,} known to the graph"] if known else []),
            *([f"{clash:,} against a fact of the graph"] if clash else []),
            *([f"{new:,} with a name that the graph lacks"] if new else []),
        ]
        counted = f"{', '.join(marks)}. " if marks else ""
        line = f"The line is the threshold, {self.threshold:.3f}. " if self.threshold is not None else ""
        return (
            f"The most probable first. {line}{counted}Probabilities are the model's, no measure of truth; nothing enters the "
            "graph before it is accepted. Keys: a accepts, r rejects, u undoes, arrows move."
        )

    @property
    def caption(self) -> str:
        """How to read it, and how far to trust it."""
        return self.note


def read_decided(decided: object, count: int) -> tuple[tuple[int, int, int], ...]:
    """What a browser says was decided, without what is about no row."""
    found = []
    for each in decided if isinstance(decided, Sequence) and not isinstance(decided, str) else ():
        if isinstance(each, (list, tuple)) and len(each) == 3 and all(isinstance(part, int) for part in each):
            row, verdict, step = each
            if 0 <= row < count and verdict in (ACCEPTED, REJECTED):
                found.append((row, int(verdict), step))
    return tuple(found)
