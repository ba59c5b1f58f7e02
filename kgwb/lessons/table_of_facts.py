"""For notebook 01: the text of an error, and checks on graphs small enough to count by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kgwb.graph import KnowledgeGraph, Split
from kgwb.lessons.checks import Verdict, check

_FACTS = [
    ("Ada", "knows", "Bo"),
    ("Bo", "knows", "Ada"),
    ("Ada", "knows", "Cem"),
    ("Cem", "knows", "Dia"),
    ("Ada", "teaches", "Dia"),
]


@dataclass(frozen=True, repr=False)
class ErrorMessage:
    """A text that is shown as it is, without quotes."""

    text: str

    def __repr__(self) -> str:
        return self.text


def show_error(call: Callable[..., Any], *arguments: Any, **options: Any) -> ErrorMessage:
    """The error that a call raises, without stopping the notebook.

    Example:
        >>> show_error(int, "seven")
        ValueError: invalid literal for int() with base 10: 'seven'
    """
    try:
        return ErrorMessage(f"It went well: {call(*arguments, **options)!r}")
    except Exception as error:  # any error is to be shown here
        return ErrorMessage(f"{type(error).__name__}: {error}")


def check_degree(count_facts: Callable[[KnowledgeGraph, str], int]) -> Verdict:
    """Does it count the facts an entity stands in, on either side?"""
    examples = [((_make_graph(), name), degree) for name, degree in (("Ada", 4), ("Dia", 2))]
    hint = "graph.entity_id(label) is the number to look for; an entity can be head or tail."
    return check(count_facts, examples, hint=hint)


def check_share_turned(share_turned: Callable[[KnowledgeGraph, str], float]) -> Verdict:
    """Does it give the share of a relation's facts that are stated the other way round as well?"""
    examples = [((_make_graph(), "knows"), 0.5), ((_make_graph(), "teaches"), 0.0)]
    hint = "Collect the (head, tail) pairs of the relation in a set, and ask for each whether (tail, head) is in it."
    return check(share_turned, examples, hint=hint)


def check_share_leaked(share_leaked: Callable[[Split], float]) -> Verdict:
    """Does it give the share of test triples whose two entities train joins, in either direction?"""
    graph = _make_graph()
    rows = {(graph.labels[head], graph.labels[tail]): row for row, (head, _, tail) in enumerate(graph.triples)}
    turned = _split(graph, [rows["Bo", "Ada"], rows["Cem", "Dia"]])
    clean = _split(graph, [rows["Ada", "Cem"]])
    hint = "split.train[:, [0, 2]] holds the pairs that train joins. A pair counts whichever of the two comes first."
    return check(share_leaked, [((turned,), 0.5), ((clean,), 0.0)], hint=hint)


def _make_graph() -> KnowledgeGraph:
    return KnowledgeGraph.from_pandas(pd.DataFrame(_FACTS, columns=["head", "relation", "tail"]))


def _split(graph: KnowledgeGraph, test: list[int]) -> Split:
    return Split(graph, np.delete(graph.triples, test, axis=0), graph.triples[:0], graph.triples[test])
