"""What a BERT of characters may read of the market, and whether its states tell a yield."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kgwb.bert import Bert, read
from kgwb.graph import KnowledgeGraph, Sentence
from kgwb.lessons.yield_guesses import guess_by_table
from kgwb.lessons.yields import KINDS, Market, draw_folds, list_path_numbers, share_explained

_AT_ONCE = 512  # sentences


def leave_out(sentences: Sequence[Sentence], graph: KnowledgeGraph, relation: str) -> list[Sentence]:
    """The sentences that state no fact of a relation, and every name on a line of its own, so that its characters are met."""
    asked = graph.relation_id(relation)
    kept = [sentence for sentence in sentences if sentence.triple is None or sentence.triple[1] != asked]
    return kept + [Sentence(f"{label}。", language="zh") for label in graph.labels]


def read_states(bert: Bert, sentences: Sequence[Sentence], graph: KnowledgeGraph) -> pd.DataFrame:
    """For each entity the mean hidden state of its mentions: h, as BERT reads it, [entity, dim].

    Args:
        bert: reads the sentences.
        sentences: with their mentions.
        graph: whose entities they name.
    """
    total, count = np.zeros((len(graph.entities), bert.model.config.hidden_size)), np.zeros(len(graph.entities))
    for start in range(0, len(sentences), _AT_ONCE):
        part = sentences[start : start + _AT_ONCE]
        reading = read(bert, [each.text for each in part], mentions=[each.mentions for each in part])
        for row, mentions in enumerate(reading.mentions):
            for mention in mentions:
                first, last = mention.pieces or (0, 0)
                if last > first:
                    total[mention.entity] += reading.hidden[row, -1, first:last].mean(0).numpy()
                    count[mention.entity] += 1
    states = total / np.maximum(count, 1)[:, None]
    return pd.DataFrame(states, pd.Index(graph.entities["entity"], name="entity")).rename(columns=str)


def compare_market_states(market: Market, states: pd.DataFrame, *, seeds: int = 5) -> pd.DataFrame:
    """R² of ridge regression on own numbers, on BERT's states, on both, and on both with other securities' states.

    Args:
        market: numbers and yields.
        states: a row for each entity, as `read_states` gives them.
        seeds: of the split, and of whose states the control has.

    Returns:
        By way and kind: mean, min and max over the seeds.
    """
    rows = []
    for seed in range(seeds):
        folds, random = draw_folds(market, seed=seed), np.random.default_rng(seed)
        own = {kind: list_path_numbers(market, kind, steps=0) for kind in KINDS}
        said = {kind: states.loc[table.index] for kind, table in own.items()}
        others = {
            kind: table.set_axis(random.permutation(table.index)).loc[table.index] for kind, table in said.items()
        }
        ways = {
            "own numbers": own,
            "states": said,
            "own numbers and states": {kind: own[kind].join(said[kind]) for kind in KINDS},
            "own numbers and states, shuffled": {kind: own[kind].join(others[kind]) for kind in KINDS},
        }
        for way, tables in ways.items():
            guess = guess_by_table(market, tables, folds)
            shares = {kind: share_explained(market, guess[market.list_names(kind)]) for kind in KINDS}
            rows += [{"guess": way, "kind": kind, "R²": share} for kind, share in shares.items()]
    table = pd.DataFrame(rows).groupby(["guess", "kind"], sort=False)["R²"].agg(["mean", "min", "max"])
    return table.unstack().swaplevel(axis=1)[list(KINDS)]
