"""The invented market of notebook 17: whose yield is hidden, what may be read of the others, and the formula behind it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kgwb.embed import average_along
from kgwb.graph import KnowledgeGraph, read_graph

KINDS = ("stock", "bond", "fund")
OWN = {
    "stock": ["volatility", "log_size"],
    "bond": ["volatility", "log_size", "coupon", "term"],
    "fund": ["volatility", "log_size", "fee"],
}
# yield = constant + Σ weight · (number - centre), as the graph's README states it.
CONSTANT = {"stock": 8.0, "bond": 4.5, "fund": 0.0}
TERMS: dict[str, dict[str, tuple[float, float]]] = {
    "stock": {
        "volatility": (0.2, 30.0),
        "log_size": (-0.8, 2.5),
        "^issues / in_industry: growth": (0.5, 7.0),
        "^issues / ^supplies: volatility": (0.35, 12.0),
    },
    "bond": {
        "coupon": (0.6, 4.0),
        "term": (0.12, 5.0),
        "rated: spread": (0.8, 1.5),
        "guaranteed_by: count": (-0.9, 0.0),
        "^issues: volatility": (0.08, 12.0),
    },
    "fund": {"fee": (-1.0, 0.0), "holds: yield": (1.0, 0.0), "managed_by: experience": (0.12, 12.0)},
}
FOLDS = 5
NUMBERS = ("volatility", "log_size", "coupon", "term", "fee", "growth", "spread", "experience")


@dataclass(frozen=True, repr=False)
class Market:
    """What is known about securities, and their yields.

    Attributes:
        graph: its entities have every number but the yield, and the decimal logarithm of the size.
        securities: a row for each stock, bond and fund, by name: kind, yield, and owner, the company that issued it or the fund
            itself.
    """

    graph: KnowledgeGraph
    securities: pd.DataFrame

    @property
    def numbers(self) -> pd.DataFrame:
        """The numbers of all entities, by name."""
        return self.graph.entities.set_index("entity")[list(NUMBERS)]

    def list_names(self, kind: str) -> pd.Index:
        """The securities of a kind."""
        return self.securities.index[self.securities["kind"] == kind]

    def __repr__(self) -> str:
        counts = ", ".join(f"{len(self.list_names(kind))} {kind}s" for kind in KINDS)
        return f"Market: {counts}, {len(self.graph):,} facts"


def read_market(folder: str | Path) -> Market:
    """The sample graph `finance_zh`, with the yields in a table of their own, so that no model finds them by accident."""
    graph = read_graph(folder)
    entities, facts = graph.entities, graph.to_pandas()
    issued = facts[facts["relation"] == "issues"].set_index("tail")["head"]
    named = entities[entities["type"].isin(KINDS)].set_index("entity")
    owner = issued.reindex(named.index).fillna(pd.Series(named.index, named.index))
    securities = pd.DataFrame({"kind": named["type"], "yield": named["yield"].astype(float), "owner": owner})
    told = entities.assign(log_size=np.log10(entities["size"].astype(float))).drop(columns=["yield", "size"])
    return Market(KnowledgeGraph.from_pandas(facts, told, relations=graph.relations, name="finance_zh"), securities)


def draw_folds(market: Market, *, seed: int = 0, by: str = "owner") -> pd.Series:
    """In which of five parts each security is hidden.

    Args:
        market: all securities.
        seed: of the draw.
        by: "owner" keeps what a company issued in one part; "security" draws each alone.
    """
    units = market.securities["owner"] if by == "owner" else pd.Series(market.securities.index, market.securities.index)
    names = np.unique(units.to_numpy(str))
    drawn = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % FOLDS, strict=True))
    return units.map(drawn)


def swap_entities(graph: KnowledgeGraph, *, seed: int = 0) -> KnowledgeGraph:
    """Each entity gets all the facts of another one of its type: as many facts, of the same shape, about the wrong entities."""
    random, entities = np.random.default_rng(seed), graph.entities
    new = entities["entity"].to_numpy(object).copy()
    for rows in entities.groupby("type").indices.values():
        new[rows] = new[random.permutation(rows)]
    other, facts = dict(zip(entities["entity"], new, strict=True)), graph.to_pandas()
    facts = facts.assign(head=facts["head"].map(other), tail=facts["tail"].map(other))
    return KnowledgeGraph.from_pandas(facts, entities, relations=graph.relations, name=f"{graph.name}, swapped")


def list_path_numbers(
    market: Market, kind: str, *, graph: KnowledgeGraph | None = None, steps: int = 2
) -> pd.DataFrame:
    """Own numbers and those along paths, of the securities of a kind; no yield is among them.

    Args:
        market: the numbers.
        kind: "stock", "bond" or "fund".
        graph: whose facts lead there; the market's by default.
        steps: of paths, at most; 0 for own numbers alone.
    """
    names, facts = market.list_names(kind), market.graph if graph is None else graph
    own = market.numbers.loc[names, OWN[kind]]
    if not steps:
        return own
    table = own.join(average_along(facts, list(NUMBERS), of=kind, steps=steps))
    return table.loc[:, ~table.round(9).T.duplicated()]  # a detour that leads to the same numbers says nothing new


def read_yields(
    market: Market,
    kind: str,
    told: Iterable[str],
    *,
    path: str | Sequence[str] = "holds",
    graph: KnowledgeGraph | None = None,
) -> pd.DataFrame:
    """The mean of the told yields that a path leads to, in a column; by default those of what a fund holds.

    Args:
        market: all yields.
        kind: of the securities to describe.
        told: whose yields may be read.
        path: where from.
        graph: whose facts lead there; the market's by default.
    """
    values = market.securities.loc[list(told), "yield"].rename_axis("entity").reset_index(name="value")
    facts = market.graph if graph is None else graph
    table = average_along(facts, values.assign(attribute="yield"), of=kind, paths=[path])
    return table[[column for column in table if column.endswith(": yield")]]


def apply_formula(market: Market) -> pd.Series:
    """The yields without their noise, as the README's formula gives them: it knows every other yield."""
    parts = []
    for kind in KINDS:
        found = list_path_numbers(market, kind)
        found = found.join(read_yields(market, kind, market.securities.index)) if kind == "fund" else found
        terms = [weight * (found[name] - centre) for name, (weight, centre) in TERMS[kind].items()]
        parts.append(CONSTANT[kind] + sum(terms))
    return pd.concat(parts).reindex(market.securities.index)


def share_explained(market: Market, guess: pd.Series) -> float:
    """R² of guessed yields, each kind around its own mean."""
    its = market.securities.loc[guess.index]
    spread = its["yield"] - its.groupby("kind")["yield"].transform("mean")
    return float(1 - ((its["yield"] - guess) ** 2).sum() / (spread**2).sum())
