"""For notebook 07: shares of right answers in tables, with how many questions they are shares of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kgwb.bert import Bert
from kgwb.learn import Questions, TuningCost
from kgwb.learn.construction.fact_threshold import bound_share
from kgwb.lessons.learning_together import TwoTeachers, share_right


def summarise_policies(
    costs: Mapping[str, TuningCost], moves: pd.DataFrame, right: Mapping[str, float], asked: int
) -> pd.DataFrame:
    """A row for each model: what its tuning was foreseen to take, how many numbers it changed, and what it brought.

    Args:
        costs: what `estimate_tuning` foresaw, by name; none for what was not tuned.
        moves: as `tabulate_moves` gives them; none for what was not compared.
        right: the share of right answers, by name.
        asked: how many questions that is a share of.
    """
    foreseen = pd.Series(costs)
    columns = {
        "seconds foreseen": foreseen.map(lambda cost: round(cost.seconds, 1)),
        "numbers that learn": foreseen.map(lambda cost: cost.trained).astype("Int64"),
        "numbers changed": moves.groupby("model")["changed"].sum().astype("Int64"),
        "right": pd.Series(right).round(2),
        f"95 % interval, n = {asked}": write_intervals(pd.Series(right), asked),
    }
    return pd.DataFrame(columns).loc[list(right)]


def write_intervals(shares: pd.Series, count: int) -> pd.Series:
    """Between which shares each lies with 95 % confidence (Wilson, 1927), had other questions of the kind been asked.

    What another seed of tuning would have brought stands in no such interval.

    Args:
        shares: of right answers.
        count: of questions, the same for all.

    Example:
        >>> write_intervals(pd.Series({"a": 0.5, "b": 1.0}), 100).tolist()
        ['.40 to .60', '.96 to 1.00']
    """
    values = shares.to_numpy(float)
    low, high = (bound_share(each, np.full(len(each), count), 0.975) for each in (values, 1 - values))
    texts = [f"{one:.2f} to {other:.2f}" for one, other in zip(low.clip(0), 1 - high.clip(0), strict=True)]
    return pd.Series([text.replace("0.", ".") for text in texts], shares.index)


def share_each(models: Mapping[str, Bert], questions: Questions) -> dict[str, float]:
    """The share of right answers of each model, by its name."""
    return {name: share_right(model, questions) for name, model in models.items()}


def tabulate_exams(models: Mapping[str, Bert], learned: TwoTeachers) -> pd.DataFrame:
    """The share of right answers on validation and in the exam, a row for each model.

    Args:
        models: by name.
        learned: whose `valid` and `exam` are asked.
    """
    asked = {"on validation": learned.valid, "in the exam": learned.exam}
    table = pd.DataFrame({where: share_each(models, its) for where, its in asked.items()}).loc[list(models)]
    interval = write_intervals(table["in the exam"], len(learned.exam))
    return table.assign(**{f"95 % interval, n = {len(learned.exam)}": interval})
