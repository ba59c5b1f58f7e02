"""Whether one run answers better than another: paired over what both were asked, with what many comparisons cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd

from kgwb.axes import Float, Int
from kgwb.checks import expect_at_least, expect_number, expect_seed
from kgwb.embed.ranking.bootstrap import resample_means
from kgwb.learn.probing.report_files import ANSWERS

Unit = Literal["question", "head"]


def expect_paired(counts: pd.DataFrame, sets: int, by: Unit) -> None:
    """Answers that can be told apart by unit.

    Raises:
        ValueError: they were not kept, or one question may stand in several sets.
    """
    if ANSWERS not in counts or not counts[ANSWERS].all():
        raise ValueError(
            "This report holds counts and not the answer to each question, as one that an earlier kgwb wrote. Ask again: "
            "kgwb.probe(runs, questions)."
        )
    if sets > 1 and by == "question":
        raise ValueError(
            "The questions differ between the seeds of this report, and one may have been asked under several. Type "
            "by='head': each entity asked about is then one unit."
        )


def compare_marked(
    counts: pd.DataFrame,
    run: str,
    others: Sequence[str],
    groups: Mapping[str, Sequence[str]],
    by: Unit,
    *,
    level: int | float,
    samples: int,
    seed: int,
) -> pd.DataFrame:
    """A row per group and other run, as `ProbeReport.compare` gives it."""
    expect_number("level", level, usual=0.95, above=0, below=1)
    expect_at_least("samples", samples, 1, whole=True)
    seed = expect_seed(seed)
    rows = {}
    for group, labels in groups.items():
        asked = counts[counts["relation"].isin(labels)]
        tables = {name: _count_units(asked[asked["run"] == name], by) for name in (run, *others)}
        for other in others:
            rows[group, other] = _compare_pair(tables[run], tables[other], level=level, samples=int(samples), seed=seed)
    table = pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["group", "other"]))
    table.insert(table.columns.get_loc("p") + 1, "adjusted p", adjust_by_holm(table["p"].to_numpy()))
    return table


def weigh_signs(better: int, worse: int) -> float:
    """How likely a fair coin falls as unevenly as so many heads and tails, or more: McNemar's exact p, both sides.

    p = min(1, 2 Σ_{k ≤ min(b, c)} C(b + c, k) / 2^(b + c)) (McNemar, 1947).

    Example:
        >>> weigh_signs(4, 0)
        0.125
    """
    count, ways, tail = better + worse, 1, 0
    for k in range(min(better, worse) + 1):
        tail += ways
        ways = ways * (count - k) // (k + 1)
    return min(1.0, 2 * tail / 2**count)  # whole numbers, so that nothing is rounded before the end


def adjust_by_holm(p: Float[np.ndarray, " test"]) -> Float[np.ndarray, " test"]:
    """p of several tests, raised so that any below a level is there by chance no more often than the level (Holm, 1979).

    The smallest of m is multiplied by m, the next by m − 1, and none is below one before it.

    Example:
        >>> adjust_by_holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
        [0.03, 0.06, 0.06]
    """
    order = np.argsort(p, kind="stable")
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)).clip(max=1)
    return adjusted


def _count_units(counts: pd.DataFrame, by: Unit) -> Float[np.ndarray, "unit seed answer"]:
    """Of each unit and seed, how many questions there were, and how many of them were answered right."""
    marks = counts.assign(mark=counts[ANSWERS].str.split(" ")).explode("mark", ignore_index=True)
    marks["head"], marks["right"] = marks["mark"].str[:-1].astype(int), marks["mark"].str[-1] == "+"
    marks["place"] = marks.groupby(["seed", "relation"]).cumcount()
    unit = ["head"] if by == "head" else ["relation", "place"]
    table = marks.groupby([*unit, "seed"])["right"].agg(["size", "sum"]).unstack("seed", fill_value=0)
    return table.to_numpy(dtype=float).reshape(len(table), 2, -1).transpose(0, 2, 1)  # [unit, seed, (size, sum)]


def _compare_pair(
    one: Float[np.ndarray, "unit seed answer"],
    other: Float[np.ndarray, "unit otherseed answer"],
    *,
    level: int | float,
    samples: int,
    seed: int,
) -> dict[str, float]:
    (sizes, rights), (other_sizes, other_rights) = ([*each.sum(1).T] for each in (one, other))  # [unit] each
    # A share is compared with another by whole numbers, for a run may have been asked under more seeds than the other.
    lead = rights * other_sizes - other_rights * sizes
    better, worse = int((lead > 0).sum()), int((lead < 0).sum())
    accuracy, other_accuracy = rights.sum() / sizes.sum(), other_rights.sum() / other_sizes.sum()
    drawn = np.subtract(*_draw_rates([one, other], samples=samples, seed=seed))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    figures = {"accuracy": accuracy, "other accuracy": other_accuracy, "difference": accuracy - other_accuracy}
    figures |= {"low": low, "high": high, "p": weigh_signs(better, worse)}
    counts = {"questions": sizes.sum() / one.shape[1], "units": len(one), "better": better, "worse": worse}
    return figures | counts | {"discordant": better + worse, "seeds": one.shape[1], "other seeds": other.shape[1]}


def draw_accuracies(counts: pd.DataFrame) -> tuple[float, float]:
    """The ends of the 95 % interval of one run's accuracy, with entities asked about and seeds drawn anew."""
    [drawn] = _draw_rates([_count_units(counts, "head")], samples=1000, seed=0)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def _draw_rates(
    tables: Sequence[Float[np.ndarray, "unit _ answer"]], *, samples: int, seed: int
) -> list[Float[np.ndarray, " sample"]]:
    """The accuracy of each run with units and seeds drawn anew, each time the same for all."""
    units, seeds = len(tables[0]), [table.shape[1] for table in tables]
    values = np.concatenate([table.reshape(units, -1) for table in tables], axis=1)
    means = resample_means(values, samples=samples, seed=seed)  # [sample, seed × answer of all]
    random = np.random.default_rng([seed, 1])  # not the numbers that drew the units
    # Seeds are paired where there are as many: vectors and questions may have been made by them.
    weights = {count: _count_draws(random, count, samples) for count in dict.fromkeys(seeds)}
    rates = []
    for count, part in zip(seeds, np.split(means, 2 * np.cumsum(seeds)[:-1], axis=1), strict=True):
        size, right = np.einsum("smk,sm->ks", part.reshape(samples, -1, 2), weights[count])
        rates.append(right / size)
    return rates


def _count_draws(random: np.random.Generator, seeds: int, samples: int) -> Int[np.ndarray, "sample seed"]:
    """How often each seed is drawn, in samples of as many as there are."""
    return random.multinomial(seeds, np.full(seeds, 1 / seeds), size=samples)
