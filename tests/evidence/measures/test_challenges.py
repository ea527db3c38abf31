"""Challenges are counted as they stood on the day, whatever was entered later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.measures import challenge_list, challenges, findings, shares
from evidence.measures.challenging import median_interval

AS_OF = date(2026, 4, 30)


def log(*rows: tuple[str, str, str | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["id", "raised_on", "answered_on", "outcome"])
    return frame.assign(raised_on=pd.to_datetime(frame["raised_on"]), answered_on=pd.to_datetime(frame["answered_on"]))


FIVE = log(
    ("K1", "2026-01-05", "2026-01-08", "upheld"),
    ("K2", "2026-02-02", "2026-02-12", "not upheld"),
    ("K3", "2026-03-01", "2026-03-25", "partly upheld"),
    ("K4", "2026-04-01", None, "open"),
    ("K5", "2026-04-25", None, "open"),
)


def test_the_log_in_figures():
    table = challenges(FIVE, AS_OF, 10)
    assert table.loc["raised", "n"] == 5
    assert table.loc["answered", ["n", "denominator"]].tolist() == [3, 5]
    # Ten days is within a limit of ten days.
    assert table.loc["answered within the limit", ["n", "denominator"]].tolist() == [2, 3]
    assert table.loc["open and overdue", ["n", "denominator"]].tolist() == [1, 5]
    assert table.loc["upheld, wholly or in part", ["n", "denominator"]].tolist() == [2, 3]
    assert table.loc["median days to an answer", "days"] == 10
    assert findings.challenges(table, 10).endswith("2 within the limit of 10 days; 1 overdue")
    assert findings.days_to_an_answer(table).endswith("of 3 answered: 10; too few for an interval.")
    assert shares(table).index.tolist() == table.index[:-1].tolist()


def test_on_an_earlier_day_less_was_known():
    table = challenges(FIVE, date(2026, 2, 10), 10)
    assert table.loc["raised", "n"] == 2
    assert table.loc["answered", "n"] == 1
    assert table.loc["open and overdue", "n"] == 0
    assert np.isnan(table.loc["median days to an answer", "days"])


def test_only_those_of_a_period():
    assert challenges(FIVE, AS_OF, 10, since=date(2026, 3, 31)).loc["raised", "n"] == 2


def test_none_raised_is_an_empty_table_and_no_nought():
    assert challenges(FIVE.iloc[:0], AS_OF, 10).empty
    assert shares(pd.DataFrame()).empty
    assert findings.days_to_an_answer(pd.DataFrame()) == ""
    assert challenges(FIVE, date(2025, 1, 1), 10).empty
    assert findings.challenges(pd.DataFrame(), 10).startswith("No challenge is recorded")


def test_each_challenge_says_where_it_stands():
    stands = challenge_list(FIVE, AS_OF, 10)["stands"]
    assert stands.tolist() == ["answered in time", "answered in time", "answered late", "overdue", "open"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 90), min_size=6, max_size=60))
def test_the_interval_of_a_median_is_the_narrowest_that_the_binomial_allows(days):
    values = np.sort(np.array(days, dtype=float))
    low, high = median_interval(values)
    places = np.arange(1, len(values) + 1)
    k = places[stats.binom.cdf(places - 1, len(values), 0.5) <= 0.025].max()
    assert (low, high) == (values[k - 1], values[-k])


@pytest.mark.parametrize("count", [1, 3, 5])
def test_five_answers_or_fewer_have_no_interval_of_the_median(count):
    assert np.isnan(median_interval(np.arange(count, dtype=float))).all()
