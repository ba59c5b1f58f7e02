"""One answer to each exercise of notebook 06."""

import pandas as pd

import kgwb


# %% exercise-1
def visible(entities: list[int], linked: set[tuple[int, int]]) -> list[list[bool]]:
    def sees(one: int, other: int) -> bool:
        return -1 in (one, other) or one == other or (one, other) in linked or (other, one) in linked

    return [[sees(one, other) for other in entities] for one in entities]


# %% exercise-2
def memory_mass(reading: kgwb.bert.Reading, layer: int, fact: tuple[int, int, int]) -> float:
    query = reading.tokens[0].index("[MASK]")
    holds = [slot for slot, held in enumerate(reading.facts[0]) if held == fact]
    return float(reading.slots[0, layer, :, query, holds].sum(-1).mean())


# %% exercise-3
def gain(table: pd.DataFrame, door: str) -> float:
    without = ["plain", "markers", *(f"{door}/{control}" for control in ("shuffled", "random", "matched", "off"))]
    controls = table[table.index.isin(without)]
    return float(table.loc[door, "accuracy"] - controls["accuracy"].max())


# %% exercise-4
def edit(model: kgwb.bert.Bert, head: str, relation: str, tail: str) -> None:
    graph, facts = model.injector.graph, model.injector.facts
    one, asks = graph.entity_id(head), graph.relation_id(relation)
    old = facts[(facts[:, 0] == one) & (facts[:, 1] == asks)]
    model.injector.replace(old, [(one, asks, graph.entity_id(tail))])
