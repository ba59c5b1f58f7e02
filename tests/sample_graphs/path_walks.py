"""Where the questions of a sample graph lead, followed in its tables alone."""

from __future__ import annotations

import pandas as pd


def follow(triples: pd.DataFrame, start: str, path: str) -> set[str]:
    """Where a path of relations leads from an entity, which may be among them; ^ goes from tail to head."""
    found = {start}
    for step in path.split("/"):
        source, target = ("tail", "head") if step.startswith("^") else ("head", "tail")
        matching = triples["relation"].eq(step.removeprefix("^")) & triples[source].isin(found)
        found = set(triples.loc[matching, target])
    return found
