"""Stand-ins for protected characteristics are found where they are planted; drift alarms keep their stated rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import contingency, f_oneway

from evidence.measures import correlation_ratio, cramers_v, drift, population_stability, proxies


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(1, 60), min_size=3, max_size=3), min_size=2, max_size=5))
def test_cramers_v_is_scipys_less_its_bias(table):
    table = np.array(table)
    n, (rows, columns) = table.sum(), table.shape
    plain = contingency.association(table, method="cramer")
    phi2 = max(0, plain**2 * (min(rows, columns) - 1) - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    assert cramers_v(table) == pytest.approx(np.sqrt(phi2 / smaller), abs=1e-9)


def test_the_same_thing_has_strength_one_and_one_group_has_none():
    assert cramers_v(np.diag([200, 300])) == pytest.approx(1, abs=0.01)
    assert np.isnan(cramers_v(np.array([[3, 4]])))


def test_the_correlation_ratio_is_the_share_that_an_analysis_of_variance_gives():
    random = np.random.default_rng(4)
    groups = random.integers(0, 3, 500)
    values = groups + random.normal(0, 1, 500)
    f = f_oneway(*[values[groups == group] for group in range(3)]).statistic
    # Epsilon squared, the share of variance that stays after the correction for chance.
    expected = np.sqrt((f - 1) * 2 / (f * 2 + 497))
    assert correlation_ratio(groups, values) == pytest.approx(expected, abs=1e-9)


@pytest.fixture
def frame() -> pd.DataFrame:
    random = np.random.default_rng(5)
    n = 1500
    ethnic = random.choice(["White", "Black", "Asian"], n, p=[0.6, 0.25, 0.15])
    area = np.where(
        random.random(n) < 0.7, np.where(ethnic == "White", "north", "south"), random.choice(["north", "south"], n)
    )
    return pd.DataFrame(
        {"ethnic_group": ethnic, "area": area, "score": random.normal(0, 1, n), "age": random.integers(0, 18, n)}
    )


def test_a_planted_stand_in_comes_first_and_chance_is_weak(frame):
    table = proxies(frame, ["ethnic_group"], ["score", "age", "area"])
    assert table.index[0] == ("ethnic group", "area")
    assert table.iloc[0]["link"] == "strong"
    assert table.iloc[1:]["link"].eq("weak").all()
    assert (table["low"] <= table["strength"]).all()
    assert (table["strength"] <= table["high"]).all()


def test_proxies_say_the_same_again_and_nothing_of_few(frame):
    pd.testing.assert_frame_equal(
        proxies(frame, ["ethnic_group"], ["area"]), proxies(frame, ["ethnic_group"], ["area"])
    )
    few = proxies(frame.head(30), ["ethnic_group"], ["area", "age"])
    assert few["strength"].isna().all()
    assert few["reliability"].eq("not estimable").all()


def test_proxies_with_one_group_or_no_rows_are_not_estimable(frame):
    one = frame.assign(ethnic_group="White")
    assert proxies(one, ["ethnic_group"], ["area", "age"])["reliability"].eq("not estimable").all()
    assert proxies(frame.iloc[:0], ["ethnic_group"], ["area", "age"])["reliability"].eq("not estimable").all()


def test_population_stability_by_hand():
    before, now = np.array([49.5, 49.5]), np.array([24.5, 74.5])
    expected = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)
    assert population_stability(before, now)[0] == pytest.approx(expected)


@pytest.mark.parametrize("rows", [20, 40, 300, 3000])
def test_without_drift_alarms_ring_as_rarely_as_stated(rows):
    random = np.random.default_rng(rows)
    rang = 0
    for time in range(200):
        two = [
            pd.DataFrame({"kind": random.choice(list("abcdefghij"), rows), "number": random.normal(0, 1, rows)})
            for _ in range(2)
        ]
        rang += (drift(*two, ["kind", "number"], seed=time, times=399)["alarm"] == "yes").any()
    # 5 in 100 is stated; 200 periods at that rate give 20 or more about once in 300 times.
    assert rang < 20


@pytest.mark.parametrize("rows", [400, 20_000])
def test_planted_drift_rings(rows):
    random = np.random.default_rng(8)
    before = pd.DataFrame({"kind": random.choice(["a", "b"], rows, p=[0.5, 0.5]), "same": random.normal(0, 1, rows)})
    now = pd.DataFrame({"kind": random.choice(["a", "b"], rows, p=[0.35, 0.65]), "same": random.normal(0, 1, rows)})
    table = drift(before, now, ["kind", "same"])
    assert table["alarm"].tolist() == ["yes", "no"]
    assert table.at["kind", "psi"] > table.at["kind", "alarm_at"]


def test_values_that_went_missing_are_drift():
    before = pd.DataFrame({"number": np.arange(500.0)})
    now = before.mask(before["number"] < 100)
    assert drift(before, now, ["number"]).at["number", "alarm"] == "yes"


def test_drift_of_too_few_rows_is_not_estimable():
    few = pd.DataFrame({"kind": ["a"] * 5})
    table = drift(few, few.iloc[:0], ["kind"])
    assert table["alarm"].tolist() == ["not estimable"]
    assert table["psi"].isna().all()
