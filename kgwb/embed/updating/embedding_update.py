"""What became of vectors while they followed their graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kgwb.embed.graph_embedding import GraphEmbedding
from kgwb.embed.training.state import Epoch
from kgwb.graph.changes import GraphChanges
from kgwb.words import count_things, shorten

_SHOWN = 3


@dataclass(frozen=True, eq=False, repr=False)
class EmbeddingUpdate:
    """An update under way: a generator of epochs, and a report of what has changed so far.

    Attributes:
        vectors: those of the changed graph as they stand; `finish()` gives them when all epochs are done.
        before: those that were given, as they were.
        changes: facts and names, beside those that the vectors had been trained on.
        folded: names of the entities that were folded in.
        begun_anew: names of those that have lost some of their facts, and were solved for from the others.
        epochs: how many were asked for; none where nothing has changed.
        figures: for each stage, the MRR of the validation triples and the ends of its interval, by name.
        steps: the epochs that are left.
    """

    vectors: GraphEmbedding
    before: GraphEmbedding
    changes: GraphChanges
    folded: tuple[str, ...]
    begun_anew: tuple[str, ...]
    epochs: int
    figures: list[tuple[str, dict[str, float]]]
    steps: Iterator[Epoch]

    def __iter__(self) -> Iterator[Epoch]:
        """The epochs that are left."""
        return self.steps

    def __next__(self) -> Epoch:
        """Train for one more epoch."""
        return next(self.steps)

    def finish(self) -> GraphEmbedding:
        """Run the epochs that are left, and give the vectors."""
        for _ in self.steps:
            pass
        return self.vectors

    @property
    def frame(self) -> pd.DataFrame:
        """One row per entity: name, label, what was done, facts learnt from, and how far it moved, in lengths of itself.

        `state` is "carried over", "folded in", "without facts", "lost some facts" or "lost all facts"; `moved` is
        ‖after − before‖ / ‖before‖, and nothing for entities that are new.
        """
        places, vectors = self.changes.entity_places, self.vectors
        entities = vectors.graph.entities
        is_new = places < 0
        after, then = (each.entity_vectors().double().cpu().numpy() for each in (vectors, self.before))
        far = np.linalg.norm(after - then[places], axis=1) / np.linalg.norm(then[places], axis=1).clip(1e-30)
        state = np.where(is_new, "without facts", "carried over").astype(object)
        state[entities["entity"].isin(self.changes.bare_entities)] = "lost all facts"
        state[entities["entity"].isin(self.begun_anew)] = "lost some facts"
        state[entities["entity"].isin(self.folded)] = "folded in"
        facts = np.bincount(vectors.trained_facts[:, (0, 2)].ravel(), minlength=len(entities))
        return pd.DataFrame(
            {
                "entity": entities["entity"],
                "label": entities["label"],
                "state": state,
                "facts": facts,
                "moved": np.where(is_new, np.nan, far),
            }
        )

    @property
    def quality(self) -> pd.DataFrame:
        """One row per stage with the MRR of the validation triples and its 95 % interval; empty without a split."""
        rows = [(stage, *found.values()) for stage, found in self.figures if found]
        return pd.DataFrame(rows, columns=["stage", "MRR", "low", "high"])

    def describe_run(self) -> dict[str, str]:
        """What `kgwb.cite` says of it."""
        return self.vectors.describe_run()

    def __repr__(self) -> str:
        if not self.changes and not self.folded:
            return f"EmbeddingUpdate of {self.vectors.graph.name!r}: nothing has changed"
        frame, changes = self.frame, self.changes
        done = len(self.figures) - 2  # carried over and folded in come first
        lines = [f"EmbeddingUpdate of {self.vectors.graph.name!r}: {done} of {count_things(self.epochs, 'epoch')} done"]
        lines.append(f"  facts: {len(changes.added):,} added, {len(changes.removed):,} withdrawn")
        counts = [f"{count:,} {state}" for state, count in frame["state"].value_counts().items()]
        gone = [f"{len(changes.gone_entities):,} gone"] if changes.gone_entities else []
        lines.append(f"  entities: {', '.join(counts + gone)}")
        kinds = (("new", changes.new_relations), ("gone", changes.gone_relations))
        relations = [f"{len(names):,} {state}" for state, names in kinds if names]
        lines += [f"  relations: {', '.join(relations)}"] if relations else []
        moved = frame.dropna(subset="moved").sort_values("moved", ascending=False, kind="stable")
        if len(moved):
            furthest = ", ".join(
                f"{shorten(label)} {far:.2f}" for label, far in moved[["label", "moved"]].head(_SHOWN).values
            )
            lines.append(f"  moved, in lengths: median {moved['moved'].median():.2f}, furthest {furthest}")
        if self.figures[0][1]:
            shown = ", ".join(f"{found[next(iter(found))]:.3f} {stage}" for stage, found in self.figures)
            lines.append(f"  {next(iter(self.figures[0][1]))}: {shown}")
        return "\n".join(lines)
