"""What a file or folder says, by name: the step between any format and a graph."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from kgwb.graph.building import COLUMNS, Notes


@dataclass(frozen=True)
class Facts:
    """Named triples beside what is known about their names.

    Attributes:
        parts: frames with the columns head, relation, tail: one called "all", or "train", "valid" and "test".
        entities: a table about entities, or None.
        relations: a table about relations, or None.
        notes: what was skipped, counted.
    """

    parts: dict[str, pd.DataFrame]
    entities: pd.DataFrame | None = None
    relations: pd.DataFrame | None = None
    notes: Notes = field(default=())

    @property
    def triples(self) -> pd.DataFrame:
        """All parts, one after the other."""
        frames = [frame for frame in self.parts.values() if len(frame)]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS), dtype=object)
