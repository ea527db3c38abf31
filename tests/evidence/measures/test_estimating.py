"""Proportions and ratios equal those of statsmodels and scipy, and too few children give no figure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from evidence.measures import (
    before_after,
    by_each,
    by_year,
    disparity,
    estimates,
    intervals,
    metrics_by_group,
    observed_expected,
    proportions,
    rate_ratio,
    representation,
    resampled,
    words,
)


@settings(max_examples=500)
@given(st.integers(1, 5000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_is_that_of_statsmodels(pair):
    n, total = pair
    low, high = intervals.wilson([n], [total])
    assert (low[0], high[0]) == pytest.approx(proportion_confint(n, total, method="wilson"), abs=1e-12)
    assert 0 <= low[0] <= n / total <= high[0] <= 1


@settings(max_examples=300)
@given(*[st.integers(10, 2000)] * 2, st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_ratio_and_difference_are_those_of_statsmodels(total, other_total, rate, other_rate):
    n, other = max(1, int(total * rate)), max(1, int(other_total * other_rate))
    ratio, low, high = intervals.rate_ratio([n], [total], [other], [other_total])
    expected = confint_proportions_2indep(n, total, other, other_total, compare="ratio", method="log")
    assert (low[0], high[0]) == pytest.approx(expected, rel=1e-9)
    assert ratio[0] == pytest.approx((n / total) / (other / other_total))
    gap, low, high = intervals.difference([n], [total], [other], [other_total])
    expected = confint_proportions_2indep(n, total, other, other_total, compare="diff", method="newcomb")
    assert (low[0], high[0]) == pytest.approx(expected, abs=1e-9)
    assert low[0] <= gap[0] <= high[0]


@pytest.mark.parametrize("n", [5, 10, 40, 250, 3000])
def test_byars_interval_is_near_the_exact_one(n):
    low, high = intervals.poisson([n])
    exact = stats.chi2.ppf(0.025, 2 * n) / 2, stats.chi2.ppf(0.975, 2 * (n + 1)) / 2
    assert (low[0], high[0]) == pytest.approx(exact, rel=0.02)


def test_no_event_at_all_has_an_upper_limit_and_no_lower_one():
    low, high = intervals.poisson([0])
    assert low[0] == 0
    assert high[0] == pytest.approx(3.69, abs=0.05)


def test_too_few_children_give_no_percentage_and_say_so():
    table = estimates([0, 3, 5, 20], [0, 9, 10, 40])
    assert table["reliability"].tolist() == ["not estimable", "not estimable", "few cases", "usable"]
    assert table["percent"].isna().tolist() == [True, True, False, False]
    assert table[["low", "high"]].isna().all(axis=1).tolist() == [True, True, False, False]
    assert table["denominator"].tolist() == [0, 9, 10, 40]


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(1)
    n = 400
    return pd.DataFrame(
        {
            "outcome": pd.array(random.random(n) < 0.3, dtype="boolean"),
            "sex": random.choice(["Male", "Female"], n),
            "group": pd.Categorical(
                random.choice(["A", "B", "C"], n, p=[0.6, 0.38, 0.02]), categories=["A", "B", "C", "D"]
            ),
            "year_end": random.choice(pd.to_datetime(["2025-03-31", "2026-03-31"]), n),
            "expected": random.uniform(0.1, 0.5, n),
        }
    )


def test_an_empty_group_is_a_row_and_not_estimable(frame):
    table = proportions(frame, "outcome", "group")
    assert table.loc["D", ["n", "denominator", "reliability"]].tolist() == [0, 0, "not estimable"]
    assert table["denominator"].sum() == 400


def test_a_missing_group_is_a_row_and_a_missing_outcome_counts_nowhere(frame):
    frame.loc[:49, "sex"] = None
    frame.loc[350:, "outcome"] = pd.NA
    table = proportions(frame, "outcome", "sex")
    assert len(table) == 3
    assert table["denominator"].sum() == 350


def test_rows_without_a_group_are_one_group_the_last_and_never_named_first(frame):
    frame.loc[:49, ["sex", "outcome"]] = [None, True]
    frame.loc[50:59, "sex"] = "nan"
    frame.loc[:19, "group"] = None
    frame["age"] = np.where(np.arange(400) < 30, np.nan, 7)
    table = by_each(frame, "outcome", ["sex", "group", "age"])
    assert list(table.loc["sex"].index) == ["Female", "Male", "Not known"]
    assert table.at[("sex", "Not known"), "denominator"] == 60
    assert table.loc["group"].index[-1] == "Not known"
    assert table.at[("age", "Not known"), "denominator"] == 30
    assert table.groupby(level=0)["denominator"].sum().unique().tolist() == [400]
    assert "known" not in words.highest(table, "the share").lower()
    assert words.highest(table, "the share").startswith("Of the groups")
    said = words.group_not_known(table)
    assert said == "Of the children counted by group, left out because theirs is not known: sex 60, group c and age 30."
    few = table.copy()
    few.loc[("sex", "Not known"), ["n", "denominator"]] = [2, 4]
    assert "sex c" in words.group_not_known(few)
    shares = representation(frame[frame["outcome"].astype(bool)], ["sex"], frame)
    assert shares.loc[("sex", "Not known"), "in_group"] == 60
    assert shares["in_group"].sum() == 400
    measured = metrics_by_group(frame.assign(flag=frame["outcome"]), "outcome", "flag", ["sex", "group"])
    assert ("sex", "Not known") in measured.index.droplevel("measure")
    assert not {"nan", "Nan"} & set(measured.index.get_level_values("group"))
    gaps = disparity(pd.concat({"share": table}, names=["measure"]).reorder_levels([1, 2, 0]))
    assert not gaps[["lowest", "highest"]].isin(["Not known"]).any(axis=None)
    again = frame.assign(child=range(400))
    assert ("sex", "Not known") in resampled(again, "child", "outcome", ["sex"]).index


@pytest.mark.parametrize("kind", ["bool", "boolean", "int64", "float64", "Int64"])
def test_the_outcome_may_come_in_any_form(frame, kind):
    table = proportions(frame.assign(outcome=frame["outcome"].astype(kind)), "outcome")
    assert table.loc["All children", "n"] == frame["outcome"].sum()


def test_by_each_puts_one_characteristic_under_the_other(frame):
    table = by_each(frame, "outcome", ["sex", "group"], overall=True)
    assert list(table.index.names) == ["characteristic", "group"]
    assert table.index[0] == ("All", "All children")
    assert table.groupby(level=0)["denominator"].sum().unique().tolist() == [400]


def test_years_are_shown_as_dates_in_words(frame):
    assert list(by_year(frame, "outcome").index) == ["31 March 2025", "31 March 2026"]


def test_the_relative_rate_index_is_against_all_others_or_the_one_that_is_named(frame):
    table = rate_ratio(frame, "outcome", "sex")
    rates = frame.groupby("sex")["outcome"].mean()
    assert table.at["Male", "ratio"] == pytest.approx(rates["Male"] / rates["Female"])
    assert table.at["Male", "ratio"] == pytest.approx(1 / table.at["Female", "ratio"])
    named = rate_ratio(frame, "outcome", "group", reference="A")
    assert np.isnan(named.at["A", "ratio"])
    assert np.isnan(named.at["C", "ratio"]), "fewer than ten children"
    assert named.at["B", "ratio_low"] < named.at["B", "ratio"] < named.at["B", "ratio_high"]


def test_representation_against_rows_and_against_a_population(frame):
    some = frame[frame["outcome"]]
    table = representation(some, ["sex"], frame)
    share = 100 * (frame["sex"] == "Male").mean()
    assert table.at[("sex", "Male"), "reference_percent"] == pytest.approx(share)
    people = pd.DataFrame(
        {"population": [100, 300, 50]},
        index=pd.MultiIndex.from_tuples([("sex", "Male"), ("sex", "Female"), ("sex", "Other")]),
    )
    table = representation(some, ["sex"], people)
    assert table.at[("sex", "Other"), "n"] == 0
    assert table.at[("sex", "Male"), "ratio"] == pytest.approx(table.at[("sex", "Male"), "percent"] / (100 * 100 / 450))


def test_observed_against_expected(frame):
    table = observed_expected(frame, "outcome", "expected", "sex")
    for sex, rows in frame.groupby("sex"):
        assert table.at[sex, "percent"] == pytest.approx(100 * rows["outcome"].sum() / rows["expected"].sum())
        assert table.at[sex, "low"] < table.at[sex, "percent"] < table.at[sex, "high"]
        assert table.at[sex, "difference"] == pytest.approx(100 * (rows["outcome"].mean() - rows["expected"].mean()))


def test_before_and_after(frame):
    before, after = (by_each(rows, "outcome", ["group"]) for _, rows in frame.groupby("year_end"))
    table = before_after(before, after)
    both = [
        (after.at[("group", "A"), "n"], after.at[("group", "A"), "denominator"]),
        (before.at[("group", "A"), "n"], before.at[("group", "A"), "denominator"]),
    ]
    expected = confint_proportions_2indep(*both[0], *both[1], compare="diff", method="newcomb")
    assert table.loc[("group", "A"), ["low", "high"]].tolist() == pytest.approx([100 * limit for limit in expected])
    assert table.at[("group", "D"), "reliability"] == "not estimable"
    assert np.isnan(table.at[("group", "C"), "difference"])
