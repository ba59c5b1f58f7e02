"""One answer to each exercise of notebook 06."""

import math

from torch import Tensor

import kgwb


# %% exercise-1
def gated_door(h: Tensor, e: Tensor, W: Tensor, gate: float) -> Tensor:
    return h + math.tanh(gate) * (W @ e)


# %% exercise-2
def memory_mass(reading: kgwb.bert.Reading, layer: int, fact: tuple[int, int, int]) -> float:
    query = reading.tokens[0].index("[MASK]")
    holds = [slot for slot, held in enumerate(reading.facts[0]) if held == fact]
    return float(reading.slots[0, layer, :, query, holds].sum(-1).mean())


# %% exercise-3
def edit(model: kgwb.bert.Bert, head: str, relation: str, tail: str) -> None:
    graph, facts = model.injector.graph, model.injector.facts
    one, asks = graph.entity_id(head), graph.relation_id(relation)
    old = facts[(facts[:, 0] == one) & (facts[:, 1] == asks)]
    model.injector.replace(old, [(one, asks, graph.entity_id(tail))])


# %% exercise-4
def supported(scores: list[float], answers: list[str], none: float) -> tuple[str, float]:
    support, total = {"the graph does not say": math.exp(none)}, sum(map(math.exp, [*scores, none]))
    for answer, score in zip(answers, scores, strict=True):
        support[answer] = support.get(answer, 0.0) + math.exp(score)
    best = max(support, key=support.get)
    return best, support[best] / total
