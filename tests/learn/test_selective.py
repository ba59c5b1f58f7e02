"""Risk and coverage are those of counting at every threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgwb.learn import trace_risk

answers = st.lists(st.tuples(st.sampled_from([-np.inf, 0.1, 0.2, 0.5, 0.9]), st.booleans()), min_size=1, max_size=12)


@given(answers)
def test_every_row_is_what_counting_gives(rows: list[tuple[float, bool]]) -> None:
    sure, right = map(list, zip(*rows, strict=True))
    curve = trace_risk(sure, right)
    assert curve["from"].tolist() == sorted({one for one in sure if one > -np.inf}, reverse=True)
    for row in curve.itertuples(index=False):
        given_ = [hit for one, hit in rows if one >= row[0]]
        assert row.coverage == pytest.approx(len(given_) / len(rows))
        assert row.risk == pytest.approx(given_.count(False) / len(given_))


def test_the_most_that_is_answered_is_what_has_an_answer() -> None:
    curve = trace_risk(np.array([0.3, -np.inf, 0.3, 0.8]), np.array([True, False, False, True]))
    assert curve["coverage"].tolist() == [0.25, 0.75] and curve["risk"].round(3).tolist() == [0.0, 0.333]
    assert trace_risk([-np.inf], [False]).empty


@pytest.mark.parametrize(
    ("confidence", "right", "said"),
    [
        ([], [], "Expected a number for each question"),
        ([0.1, np.nan], [True, True], "Expected a number for each question"),
        (np.array(["a"]), [True], "are no numbers"),
        ([0.1, 0.2], [True], "true or false for each of 2 questions"),
        ([0.1], np.array([0.5]), "true or false"),
        (np.array(0.5), [True], "Expected a number for each question"),
    ],
)
def test_what_is_no_row_of_answers_is_said(confidence: object, right: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        trace_risk(confidence, right)  # type: ignore[arg-type]
