"""The distributions behind intervals and tests, each against scipy.stats."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.measures import chances

LEVELS = st.sampled_from([0.8, 0.95, 0.998])
RATES = st.floats(0.001, 0.999)


@given(st.integers(1, 100_000), LEVELS)
def test_the_reach_of_students_t(freedom, level):
    assert chances.t_limit(freedom, level) == pytest.approx(stats.t.ppf(0.5 + level / 2, freedom), rel=1e-9)


@settings(max_examples=300)
@given(st.integers(0, 5_000), st.integers(0, 5_000), RATES)
def test_the_chance_of_at_most_so_many_of_so_many(number, size, rate):
    number = min(number, size) - 1
    assert chances.binomial_at_most(number, size, rate) == pytest.approx(
        stats.binom.cdf(number, size, rate), rel=1e-7, abs=1e-12
    )


@settings(max_examples=300)
@given(st.integers(1, 5_000), RATES, st.floats(0.0005, 0.9995))
def test_the_number_of_so_many_that_is_not_exceeded_with_a_chance(size, rate, chance):
    found = float(chances.binomial_limit(chance, size, rate))
    # By the meaning of the number, as a rounding error decides where a chance is just reached.
    assert stats.binom.cdf(found, size, rate) >= chance * (1 - 1e-9)
    assert found == 0 or stats.binom.cdf(found - 1, size, rate) <= chance * (1 + 1e-9)


@settings(max_examples=300)
@given(st.integers(-1, 3_000), st.floats(0.01, 2_000), st.floats(0.0005, 0.9995))
def test_numbers_of_events(number, expected, chance):
    assert chances.poisson_at_most(number, expected) == pytest.approx(
        stats.poisson.cdf(number, expected), rel=1e-7, abs=1e-12
    )
    found = float(chances.poisson_limit(chance, expected))
    assert stats.poisson.cdf(found, expected) >= chance * (1 - 1e-9)
    assert found == 0 or stats.poisson.cdf(found - 1, expected) <= chance * (1 + 1e-9)


@settings(max_examples=300)
@given(st.data())
def test_fishers_exact_chance(data):
    total = data.draw(st.integers(1, 20_000))
    marked, drawn = data.draw(st.integers(0, total)), data.draw(st.integers(0, total))
    number = data.draw(st.integers(0, drawn))
    expected = stats.hypergeom.cdf(number, total, marked, drawn)
    assert chances.drawn_at_most([number], [total], [marked], [drawn]) == pytest.approx(expected, rel=1e-6, abs=1e-10)


@given(st.lists(st.floats(-5, 5).map(lambda value: round(value, 1)), max_size=60))
def test_ranks_share_the_mean_where_values_are_equal(values):
    assert chances.ranks(np.array(values)).tolist() == stats.rankdata(values).tolist()


@settings(max_examples=40)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=5), st.data())
def test_random_tables_keep_both_margins(rows, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, sum(rows)), max_size=3)))
    columns = np.diff([0, *cuts, sum(rows)])
    tables = chances.random_tables(rows, columns, 20, np.random.default_rng(1))
    assert tables.shape == (20, len(rows), len(columns)) and (tables >= 0).all()
    assert (tables.sum(axis=2) == rows).all() and (tables.sum(axis=1) == columns).all()


def test_random_tables_are_as_likely_as_they_should_be():
    rows, columns, times = [4, 3, 2], [5, 4], 40_000
    tables = chances.random_tables(rows, columns, times, np.random.default_rng(7))
    kinds, seen = np.unique(tables.reshape(times, -1), axis=0, return_counts=True)
    law = stats.random_table(rows, columns)
    awaited = times * np.array([law.pmf(kind.reshape(3, 2)) for kind in kinds])
    assert awaited.sum() == pytest.approx(times), "every table that can be has come up"
    assert stats.chisquare(seen, awaited).pvalue > 0.001


@settings(max_examples=100)
@given(st.data())
def test_welchs_interval(data):
    new, old = (data.draw(st.lists(st.integers(0, 300), min_size=3, max_size=30)) for _ in range(2))
    if len(set(new)) == 1 and len(set(old)) == 1:
        return
    expected = stats.ttest_ind(new, old, equal_var=False).confidence_interval(0.95)
    low, high = chances.welch(np.array(new, float), np.array(old, float))
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=1e-8, abs=1e-8)


def test_two_samples_that_do_not_vary_have_no_interval():
    assert np.isnan(chances.welch(np.array([4.0, 4.0]), np.array([1.0, 1.0]))).all()
