"""What the audit counts, judged: completeness by group, changes from year to year, and who is in the data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.measures import completeness, representativeness, year_changes


def counted(*rows: tuple[str, int, int], column: str = "SEX", by: str = "ethnic group") -> pd.DataFrame:
    """Rows of (group, filled, rows) as `data.filled_by_group` returns them."""
    return pd.DataFrame(
        [("header", column, by, *row) for row in rows],
        columns=["table", "column", "characteristic", "group", "n", "denominator"],
    )


def test_completeness_is_a_proportion_with_wilsons_interval():
    table = completeness(counted(("White", 990, 1000), ("Mixed", 60, 100), ("Asian", 3, 4))).set_index("group")
    for group in ("White", "Mixed"):
        interval = stats.binomtest(int(table.at[group, "n"]), int(table.at[group, "denominator"])).proportion_ci(
            method="wilson"
        )
        assert table.at[group, "low"] == pytest.approx(100 * interval.low)
        assert table.at[group, "high"] == pytest.approx(100 * interval.high)
    assert table.at["Mixed", "behind"] == pytest.approx(100 * 993 / 1004 - 60)
    assert table["worse"].to_dict() == {"Asian": False, "Mixed": True, "White": False}
    assert table.at["Asian", "reliability"] == "not estimable" and np.isnan(table.at["Asian", "behind"])


def test_a_small_gap_and_a_handful_of_rows_are_not_called_worse():
    table = completeness(counted(("White", 9_900, 10_000), ("Mixed", 28, 30), ("Other", 0, 9)))
    assert not table["worse"].any()


def test_without_a_difference_hardly_ever_a_group_is_named():
    rng = np.random.default_rng(3)
    named = 0
    for _ in range(200):
        sizes = rng.integers(20, 2000, 12)
        filled = rng.binomial(sizes, 0.95)
        named += completeness(counted(*zip("abcdefghijkl", filled, sizes, strict=True)))["worse"].any()
    # One in a hundred tables is what is promised; with 200 of them, seven or more would be most unlikely.
    assert named <= 6


def test_groups_stand_in_the_order_that_readers_expect():
    rows = [("10 to 15", 50, 50), ("Not known", 50, 50), ("Under 1", 50, 50), ("1 to 4", 40, 50)]
    assert completeness(counted(*rows, by="age band"))["group"].tolist() == [
        "Under 1",
        "1 to 4",
        "10 to 15",
        "Not known",
    ]


def test_nothing_counted_is_an_empty_table():
    assert completeness(counted()).empty
    assert "worse" in completeness(counted())


@settings(max_examples=60, deadline=None)
@given(before=st.integers(0, 400), events=st.integers(0, 400))
def test_changes_have_the_exact_interval_of_two_counts(before, events):
    recorded = pd.DataFrame({"table": "reviews", "event": "REVIEW", "year": [2024, 2025], "events": [before, events]})
    table = year_changes(recorded)
    assert table[["year", "before", "events"]].to_numpy().tolist() == [[2025, before, events]]
    if before + events == 0:
        return
    exact = stats.binomtest(events, before + events).proportion_ci(method="exact")
    for end, share in (("low", exact.low), ("high", exact.high)):
        ratio = share / (1 - share) if share < 1 else np.inf
        assert table.loc[0, end] == pytest.approx(100 * (ratio - 1), rel=1e-6, abs=1e-6)
    assert table.loc[0, "low"] <= 100 * (events / before - 1 if before else np.inf) <= table.loc[0, "high"]


def test_a_jump_is_told_from_chance():
    recorded = pd.DataFrame(
        {"table": "visits", "event": ["a", "a", "b", "b"], "year": [2024, 2025] * 2, "events": [1000, 600, 20, 12]}
    )
    table = year_changes(recorded).set_index("event")
    assert table.at["a", "high"] < -25
    assert table.at["b", "low"] < 0 < table.at["b", "high"]


def test_years_are_held_against_the_year_before_alone():
    recorded = pd.DataFrame({"table": "t", "event": "e", "year": [2021, 2023, 2024], "events": [5, 6, 7]})
    assert year_changes(recorded)["year"].tolist() == [2024]


def test_representation_leaves_out_children_whose_group_is_not_known():
    children = pd.DataFrame({"sex": ["Male"] * 60 + ["Female"] * 20 + ["Not known"] * 20, "age band": ["1 to 4"] * 100})
    index = pd.MultiIndex.from_tuples([("sex", "Male"), ("sex", "Female")], names=["characteristic", "group"])
    table = representativeness(children, pd.DataFrame({"population": [500, 500]}, index=index))
    assert table.index.get_level_values(0).unique().tolist() == ["sex"]
    assert table.loc[("sex", "Male"), ["n", "denominator", "percent", "reference_percent"]].tolist() == [60, 80, 75, 50]
    assert table.loc[("sex", "Female"), "ratio_high"] < 1


def test_without_a_population_there_is_nothing_to_compare():
    assert representativeness(pd.DataFrame({"sex": ["Male"]}), None).empty
