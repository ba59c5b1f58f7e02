"""Checks for notebook 00, each on an example small enough to work out by hand."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch

from kgwb.bert import Reading
from kgwb.graph import KnowledgeGraph
from kgwb.lessons.checks import Verdict, check


def check_tails(find_tails: Callable[[KnowledgeGraph, str, str], list[str]]) -> Verdict:
    """Does it find the labels of all tails of (head, relation, ?)?"""
    facts = [("Ada", "speaks", "Ket"), ("Ada", "speaks", "Sol"), ("Ada", "born in", "Ruo"), ("Bo", "speaks", "Ket")]
    graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
    examples = [((graph, "Ada", "speaks"), ["Ket", "Sol"]), ((graph, "Bo", "born in"), [])]
    return check(
        find_tails, examples, hint='graph.to_pandas(labels=True) has the columns "head", "relation" and "tail".'
    )


def check_attention_paid(attention_paid: Callable[[Reading, int, int], float]) -> Verdict:
    """Does it average, over the queries, how much one head looks at the injected word pieces?"""
    weights = torch.tensor([[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.1, 0.3, 0.6]])
    attention = torch.stack([torch.eye(3), weights])[None, None]  # [sentence 1, layer 1, head 2, query 3, key 3]
    reading = Reading(
        sentences=("Ada",),
        tokens=(("[CLS]", "ada", "[SEP]"),),
        mentions=((),),
        attention=attention,
        hidden=torch.zeros(1, 2, 3, 4),
        injected=((False, True, False),),
        name="tiny",
    )
    hint = "attention[0, layer, head] is a square: a row for each word piece that looks, a column for each looked at."
    return check(attention_paid, [((reading, 0, 0), 1 / 3), ((reading, 0, 1), 1.55 / 3)], hint=hint)


def check_knowledge_gained(knowledge_gained: Callable[[pd.DataFrame], float]) -> Verdict:
    """Does it compare the real vectors with the best run that has no knowledge?"""
    runs = ["plain", "entity", "entity/shuffled", "entity/random"]
    first = pd.DataFrame({"accuracy": [0.1, 0.8, 0.3, 0.2]}, index=runs)
    second = pd.DataFrame({"accuracy": [0.4, 0.6, 0.3, 0.2]}, index=runs)
    hint = "Which of the other three rows is the hardest to beat? It is not always the same one."
    return check(knowledge_gained, [((first,), 0.5), ((second,), 0.2)], hint=hint)
