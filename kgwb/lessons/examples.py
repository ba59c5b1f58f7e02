"""Small inputs for checks, made by hand or drawn by seed, and how a message shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

from kgwb.bert import Reading
from kgwb.embed import RankReport
from kgwb.graph import KnowledgeGraph, Split

Fact = tuple[str, str, str]
_LONGEST = 100  # letters of a value on one line
_PEOPLE = ("Ada", "Bo", "Cem", "Dia", "Eli")


def make_graph(facts: Iterable[Fact]) -> KnowledgeGraph:
    """A graph of facts, given as labels; the entities' names are others, so that the two cannot be taken for each other.

    Example:
        >>> len(make_graph([("Ada", "knows", "Bo")]))
        1
    """
    table = pd.DataFrame(list(facts), columns=["head", "relation", "tail"])
    labels = sorted({*table["head"], *table["tail"]})
    names = {label: f"e{number}" for number, label in enumerate(labels)}
    table["head"], table["tail"] = table["head"].map(names), table["tail"].map(names)
    return KnowledgeGraph.from_pandas(table, pd.DataFrame({"entity": list(names.values()), "label": labels}))


def draw_facts(random: np.random.Generator, count: int, *, relations: tuple[str, ...]) -> list[Fact]:
    """At most `count` different facts about five people, each about two of them."""
    drawn = random.integers([0, 0, 0], [len(_PEOPLE), len(relations), len(_PEOPLE)], size=(count, 3)).tolist()
    facts = {(_PEOPLE[head], relations[relation], _PEOPLE[tail]) for head, relation, tail in drawn if head != tail}
    return sorted(facts)


def make_table(random: np.random.Generator, accuracy: Mapping[str, float]) -> pd.DataFrame:
    """A report's table with these accuracies, the rows in some order."""
    names = [str(name) for name in random.permutation(list(accuracy))]
    return pd.DataFrame({"accuracy": [accuracy[name] for name in names]}, index=names)


def make_reading(
    attention: torch.Tensor, tokens: Sequence[str], injected: Sequence[int] = (), **options: Any
) -> Reading:
    """A reading of one sentence, or of another beside it, which is as long and turned round.

    Args:
        attention: [layer, head, query, key], or of the two sentences [sentence, layer, head, query, key].
        tokens: its word pieces.
        injected: where vectors entered.
        options: of `Reading`.
    """
    every = attention if attention.ndim == 5 else attention[None]
    pieces = (tuple(tokens), tuple(tokens)[::-1])[: len(every)]
    entered = tuple(place in injected for place in range(len(tokens)))
    return Reading(
        sentences=tuple(map(" ".join, pieces)),
        tokens=pieces,
        mentions=((),) * len(every),
        attention=every,
        hidden=torch.zeros(len(every), every.shape[1] + 1, len(tokens), 4),
        injected=(entered, entered[::-1])[: len(every)],
        name="tiny",
        **options,
    )


def describe_input(value: Any) -> str:
    """What an argument holds, on one line, where the call itself does not show it; else nothing.

    Example:
        >>> describe_input(make_graph([("Ada", "knows", "Bo")]))
        'Ada knows Bo'
    """
    if isinstance(value, KnowledgeGraph):
        return _list_facts(value, value.triples)
    if isinstance(value, Split):
        train, test = (_list_facts(value.graph, part) for part in (value.train, value.test))
        return f"train: {train}; test: {test}"
    if isinstance(value, pd.DataFrame):
        cells = [", ".join(f"{row} {shorten_value(cell)}" for row, cell in value[name].items()) for name in value]
        return "; ".join(f"{name}: {listed}" for name, listed in zip(value, cells, strict=True))
    if isinstance(value, RankReport):
        return "ranks: " + ", ".join(f"{side} {rank:g}" for side, rank in zip(value.sides, value.ranks, strict=True))
    if isinstance(value, Reading):
        return _describe_reading(value)
    if (
        isinstance(value, list | tuple | dict) and len(text := _write_out(value)) > _LONGEST
    ):  # the call shows its beginning
        return text
    return ""


def _list_facts(graph: KnowledgeGraph, triples: np.ndarray) -> str:
    labels, relations = graph.labels, graph.relation_labels
    return ", ".join(
        f"{labels[head]} {relations[relation]} {labels[tail]}" for head, relation, tail in triples.tolist()
    )


def _describe_reading(reading: Reading) -> str:
    parts = [f"tokens[0] {' '.join(reading.tokens[0])}", f"attention[0] {_round(reading.attention[0])}"]
    if any(reading.injected[0]):
        parts.append(f"injected[0] {reading.injected[0]}")
    if reading.slots is not None:
        parts = [parts[0], f"facts[0] {reading.facts[0]}", f"slots[0] {_round(reading.slots[0])}"]
    return "; ".join(parts)


def _round(values: torch.Tensor) -> Any:
    return np.round(values.double().numpy(), 3).tolist()


def shorten_value(value: Any) -> str:
    """A value on one line of at most 100 characters, whatever its `repr` does."""
    if isinstance(value, pd.DataFrame):  # its first line says nothing
        text = f"a table of {len(value)} rows, {', '.join(map(str, value.columns))}"
    elif isinstance(value, KnowledgeGraph):  # its facts are listed apart
        text = repr(value).splitlines()[0]
    elif isinstance(value, float):  # numpy's too, which name their type otherwise
        text = f"{value:.4g}"
    elif isinstance(value, torch.Tensor) and value.ndim:
        text = f"tensor({_round(value.detach().cpu())})"
    else:
        text = _write_out(value)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"


def _write_out(value: Any) -> str:
    try:
        if isinstance(value, set) and value:  # Python's own order differs between runs
            return f"{{{', '.join(sorted(map(repr, value)))}}}"
        return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value)
    except Exception as error:  # a learner's class may not be able to say what it is
        return f"a {type(value).__name__} whose repr raises {type(error).__name__}"
