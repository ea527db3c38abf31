"""The interrupted time series equals statsmodels' least squares with Newey and West's errors."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.measures import findings, interrupted
from evidence.measures.series import CHANGE, STEP, TREND_BEFORE, newey_west

BEGAN = date(2025, 4, 1)


def months(percent: np.ndarray, of: int = 10_000) -> pd.DataFrame:
    ends = pd.date_range(end="2026-03-31", periods=len(percent), freq="ME")
    return pd.DataFrame({"month_ending": ends, "n": np.round(percent * of / 100), "of": of})


@settings(max_examples=100, deadline=None)
@given(st.integers(20, 80), st.integers(0, 6), st.integers(0, 10_000))
def test_estimates_and_errors_are_those_of_statsmodels(count, lags, seed):
    random = np.random.default_rng(seed)
    time = np.arange(count, dtype=float)
    after = (time >= count // 2).astype(float)
    design = np.column_stack([np.ones(count), time, after, after * (time - count // 2)])
    values = 10 + random.normal(0, 1, count).cumsum() * 0.3 + random.normal(0, 1, count)
    theirs = sm.OLS(values, design).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True)
    estimates, covariance = newey_west(design, values, lags)
    assert estimates == pytest.approx(theirs.params, rel=1e-6, abs=1e-8)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(theirs.bse, rel=1e-6)


def test_a_planted_step_and_change_of_trend_are_found():
    random = np.random.default_rng(1)
    time = np.arange(48)
    after = np.arange(48) >= 36
    percent = 14 - 0.02 * time - 2 * after - 0.1 * after * (time - 36) + random.normal(0, 0.1, 48)
    table = interrupted(months(percent), BEGAN)
    assert table.loc[TREND_BEFORE, ["months_before", "months_after"]].tolist() == [36, 12]
    for name, true in ((TREND_BEFORE, -0.02), (STEP, -2.0), (CHANGE, -0.1)):
        assert table.at[name, "low"] <= true <= table.at[name, "high"]
    assert "fell by" in findings.interrupted(table, BEGAN, 48)
    assert findings.interrupted(table, BEGAN, 48).endswith("more than chance explains")


def test_the_order_of_the_lines_makes_no_difference():
    frame = months(10 + np.sin(np.arange(40)))
    pd.testing.assert_frame_equal(interrupted(frame, BEGAN), interrupted(frame.iloc[::-1], BEGAN))


@pytest.mark.parametrize(("count", "began"), [(17, BEGAN), (40, date(2026, 1, 1)), (10, BEGAN)])
def test_too_few_months_on_either_side_are_not_estimable(count, began):
    table = interrupted(months(np.full(count, 10.0)), began)
    assert table["estimate"].isna().all()
    assert table["reliability"].eq("not estimable").all()
    assert "it needs 12 and 6" in findings.interrupted(table, began, count)


def test_without_a_series_or_a_beginning_the_page_says_what_is_missing():
    assert "no monthly series" in findings.interrupted(pd.DataFrame(), BEGAN, 0)
    assert "No first day of use" in findings.interrupted(pd.DataFrame(), None, 5)
