"""A ranking's score, divided by what train gave away."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kgwb.axes import Int
from kgwb.checks import expect_kind
from kgwb.embed.ranking.rank_report import HITS, RankReport
from kgwb.graph.splitting import LeakageReport

_CALL = "score_leaks(rank_triples(model, split.test, known=split.known), find_leakage(split))"


def score_leaks(ranks: RankReport, leakage: LeakageReport) -> pd.DataFrame:
    """MRR and Hits@1, 3, 10 of the leaky test triples, of the clean ones, and of all.

    A model that only reverses train triples is good on the first row and poor on the second.

    Args:
        ranks: what `rank_triples` found for test triples, or for some of them.
        leakage: what `find_leakage` found for the same split.

    Returns:
        One row each for "leaky", "clean" and "all": how many triples, their share, and the scores over both sides;
        NaN where there is no such triple.

    Raises:
        ValueError: a triple was ranked that is no test triple of that split.

    Example:
        >>> from kgwb.embed.ranking.baseline import fit_baseline
        >>> from kgwb.embed.ranking.ranks import rank_triples
        >>> from kgwb.graph import KnowledgeGraph, Split, find_leakage
        >>> facts = [(f"house {i}", "beside", f"house {(i + step) % 8}") for i in range(8) for step in (1, 7)]
        >>> facts += [("house 0", "beside", "house 4")]
        >>> graph = KnowledgeGraph.from_pandas(pd.DataFrame(facts, columns=["head", "relation", "tail"]))
        >>> split = Split(graph, graph.triples[2:], graph.triples[:0], graph.triples[:2])
        >>> ranks = rank_triples(fit_baseline(split), split.test, known=split.known)
        >>> score_leaks(ranks, find_leakage(split))[["triples", "MRR"]].round(2)
               triples   MRR
        leaky        1  1.00
        clean        1  0.23
        all          2  0.61
    """
    expect_kind(ranks, RankReport, "A RankReport", call=_CALL)
    expect_kind(leakage, LeakageReport, "A LeakageReport", call=_CALL)
    leaky = leakage.leaky[_find_rows(ranks.triples, leakage)]
    parts = {"leaky": leaky, "clean": ~leaky, "all": np.ones_like(leaky)}
    counts = np.array([chosen.sum() for chosen in parts.values()])
    table = pd.DataFrame({"triples": counts // 2, "share": counts / len(leaky)}, index=list(parts))
    figures = {"MRR": 1 / ranks.ranks} | {f"Hits@{k}": ranks.ranks <= k for k in HITS}
    for name, values in figures.items():
        table[name] = [values[chosen].mean() if chosen.any() else np.nan for chosen in parts.values()]
    return table


def _find_rows(triples: Int[np.ndarray, "rank 3"], leakage: LeakageReport) -> Int[np.ndarray, " rank"]:
    """Where each ranked triple stands among the test triples."""
    rows = {triple: row for row, triple in enumerate(map(tuple, leakage.triples.tolist()))}
    found = [rows.get(triple, -1) for triple in map(tuple, triples.tolist())]
    strangers = found.count(-1)
    if strangers:
        raise ValueError(
            f"{strangers:,} of {len(found):,} ranks belong to triples that are no test triples of this split. Type "
            f"{_CALL}, one split in all."
        )
    return np.array(found, dtype=np.int64)
