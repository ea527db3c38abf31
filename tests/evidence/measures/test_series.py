"""The interrupted time series equals statsmodels' least squares with Newey and West's errors."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.measures import beside_trend, findings, interrupted, placements, series_of
from evidence.measures.series import STEP, names_of, newey_west, unit_of

BEGAN = date(2025, 4, 1)
TREND_BEFORE, _, CHANGE = names_of("month")


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
    assert "no series by month or quarter" in findings.interrupted(pd.DataFrame(), BEGAN, 0)
    assert "No first day of use" in findings.interrupted(pd.DataFrame(), None, 5)


def test_a_series_by_quarter_is_told_by_its_dates_and_its_trend_is_a_quarter_s():
    time = np.arange(24)
    after = time >= 16
    ends = pd.date_range("2020-03-31", periods=24, freq="QE")
    percent = 10 + 0.1 * time + 3 * after
    frame = pd.DataFrame({"month_ending": ends, "n": np.round(percent * 1000), "of": 100_000})
    assert unit_of(frame) == "quarter"
    table = interrupted(frame, date(2024, 1, 1))
    assert list(table.index) == list(names_of("quarter"))
    assert table.iloc[0][["quarters_before", "quarters_after"]].tolist() == [16, 8]
    assert table["estimate"].tolist() == pytest.approx([0.1, 3, 0], abs=0.01)
    assert "rose by 3.0 percentage points" in findings.interrupted(table, date(2024, 1, 1), 24)


def test_two_lines_of_one_month_are_added_up_and_a_month_left_out_leaves_a_gap():
    whole = months(10 + 0.1 * np.arange(40))
    halves = pd.concat([whole.assign(n=whole["n"] / 2, of=whole["of"] / 2)] * 2)
    pd.testing.assert_frame_equal(interrupted(whole, BEGAN), interrupted(halves, BEGAN))
    gap = interrupted(whole.drop(index=5), BEGAN)
    assert gap.at[TREND_BEFORE, "estimate"] == pytest.approx(0.1, abs=0.001)


def test_what_was_to_be_expected_is_the_trend_before_carried_on():
    random = np.random.default_rng(4)
    frame = months(8 + 0.05 * np.arange(36) + random.normal(0, 0.2, 36))
    table = beside_trend(frame, BEGAN)
    before = np.arange(36) < 24
    slope, level = np.polyfit(np.arange(24), table["percent"][before], 1)
    assert table["expected_from_trend"][~before].to_numpy() == pytest.approx(level + slope * np.arange(24, 36))
    assert table["expected_from_trend"][before].isna().all() and list(table["since"][before].unique()) == ["before"]
    step = interrupted(frame, BEGAN).at[STEP, "estimate"]
    fitted = np.polyval(np.polyfit(np.arange(12), table["percent"][~before], 1), 0)
    assert step == pytest.approx(fitted - table["expected_from_trend"].iloc[24])
    assert table.index[0] == "April 2023"
    assert beside_trend(frame, None)[["since", "expected_from_trend"]].isna().all(axis=None)


def episodes(*rows: tuple[str, str, str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["CHILD", "DECOM", "RNE", "PLACE", "DEC"])
    frame = frame.assign(LS="C2", CIN="N1", PLACE_PROVIDER="PR1")
    for name in ("DECOM", "DEC"):
        frame[name] = pd.to_datetime(frame[name], format="%d/%m/%Y")
    return frame


def test_moves_are_counted_by_month_as_by_hand():
    rows = episodes(
        ("stays", "01/05/2023", "S", "U6", None),
        ("moves", "01/05/2023", "S", "U6", "10/06/2025"),
        ("moves", "10/06/2025", "P", "K2", None),
        ("same carer", "01/05/2023", "S", "U6", "12/06/2025"),
        ("same carer", "12/06/2025", "T", "U4", None),
        ("comes in", "15/06/2025", "S", "U6", None),
        ("leaves", "01/05/2023", "S", "U6", "05/06/2025"),
        ("leaves", "05/06/2025", "P", "K2", "20/06/2025"),
        ("returns", "01/05/2023", "S", "U6", "01/06/2025"),
        ("returns", "01/06/2025", "P", "T2", "08/06/2025"),
        ("returns", "08/06/2025", "P", "U6", None),
    )
    table = placements.moves_by_month(rows, {"as_of": "2026-04-30", "year_end": "2026-03-31"})
    table = table.set_index("month_ending")
    assert table.index[-1] == pd.Timestamp("2026-03-31") and len(table) % 12 == 0
    # In June one moves and stays; whoever moved and left by the 30th is not looked after then.
    assert table.loc["2025-06-30"].tolist() == [1, 5]
    assert table.loc["2025-05-31"].tolist() == [0, 5]
    assert table.loc["2025-07-31"].tolist() == [0, 5]


def test_a_tool_without_a_series_of_its_own_has_none():
    assert list(series_of(ModuleType("tool"), {}, {})) == ["month_ending", "n", "of"]
