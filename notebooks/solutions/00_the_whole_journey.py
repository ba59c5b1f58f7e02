"""One answer to each exercise of notebook 00."""

import pandas as pd

import kgwb


# %% exercise-1
def find_tails(graph: kgwb.KnowledgeGraph, head: str, relation: str) -> list[str]:
    facts = graph.to_pandas(labels=True)
    return list(facts[(facts["head"] == head) & (facts["relation"] == relation)]["tail"])


# %% exercise-2
def attention_paid(reading: kgwb.bert.Reading, layer: int, head: int) -> float:
    # Where sentences differ in length the shorter ones end in padding, which is no query.
    weights = reading.attention[0, layer, head, : reading.lengths[0]]
    columns = [column for column, entered in enumerate(reading.injected[0]) if entered]
    return float(weights[:, columns].sum(1).mean())


# %% exercise-3
def knowledge_gained(table: pd.DataFrame) -> float:
    without = table.drop(index="entity")
    return float(table.loc["entity", "accuracy"] - without["accuracy"].max())
