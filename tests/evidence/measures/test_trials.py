"""Sizes and power equal statsmodels; the stepped wedge equals its generalised least squares and a simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.power import zt_ind_solve_power
from statsmodels.stats.proportion import power_proportions_2indep

from evidence.measures import (
    findings,
    plan_problems,
    stepped_wedge_power,
    trial_design,
    trial_plan,
    trial_power,
)
from evidence.measures.trials import stepped_wedge_variance
from evidence.project import EvidenceError


@pytest.mark.parametrize(("rate", "difference"), [(0.12, 0.03), (0.3, 0.1), (0.08, 0.02), (0.5, 0.05)])
@pytest.mark.parametrize("power", [0.8, 0.9])
def test_a_trial_of_that_size_has_the_power_it_should(rate, difference, power):
    children = trial_design(rate, difference, power=power).at["each arm", "children"]
    reached = power_proportions_2indep(-difference, rate, children, ratio=1, alpha=0.05, return_results=False)
    assert reached == pytest.approx(power, abs=0.01)


@settings(max_examples=300, deadline=None)
@given(st.floats(0.03, 0.9), st.floats(0.03, 0.9), st.integers(20, 5000))
def test_power_is_that_of_statsmodels(rate, hoped, children):
    if abs(rate - hoped) < 0.005:
        return
    theirs = power_proportions_2indep(hoped - rate, rate, children, ratio=1, alpha=0.05, return_results=False)
    assert trial_power(rate, hoped, children) == pytest.approx(float(theirs), abs=2e-3)


@settings(max_examples=200, deadline=None)
@given(st.floats(0.05, 0.9), st.floats(0.02, 0.3), st.floats(0.6, 0.95), st.integers(1, 40), st.floats(0, 0.2))
def test_size_and_power_are_two_sides_of_one_thing(rate, difference, power, per_team, icc):
    if not 0.01 < rate - difference:
        return
    children = int(trial_design(rate, difference, power, per_cluster=per_team, icc=icc).at["each arm", "children"])
    reached = trial_power(rate, rate - difference, children, per_cluster=per_team, icc=icc)
    fewer = trial_power(rate, rate - difference, children * 0.97 - 1, per_cluster=per_team, icc=icc)
    assert reached >= power - 1e-9
    assert fewer < reached


def test_a_trial_of_whole_homes_needs_more_children():
    plain, homes = trial_design(0.12, 0.03), trial_design(0.12, 0.03, per_cluster=8, icc=0.05)
    assert homes.at["each arm", "design_effect"] == pytest.approx(1.35)
    assert homes.at["each arm", "children"] == pytest.approx(1.35 * plain.at["each arm", "children"], abs=2)
    assert homes.at["each arm", "clusters"] * 8 >= homes.at["each arm", "children"]


def test_trial_sizes_agree_with_the_effect_size_that_statsmodels_uses():
    effect = 2 * np.arcsin(np.sqrt(0.3)) - 2 * np.arcsin(np.sqrt(0.2))
    theirs = zt_ind_solve_power(effect_size=effect, alpha=0.05, power=0.8)
    assert trial_design(0.3, 0.1).at["each arm", "children"] == pytest.approx(theirs, rel=0.02)


@pytest.mark.parametrize(("rate", "difference"), [(0, 0.1), (1, 0.1), (0.2, 0), (0.5, 0.6)])
def test_a_trial_that_cannot_be_is_refused_in_words(rate, difference):
    with pytest.raises(EvidenceError, match="between 0 and 1"):
        trial_design(rate, difference)


def by_least_squares(variance: float, icc: float, teams_a_step: int, steps: int, per_period: float) -> float:
    """The variance of the treatment effect from the mixed model itself: period effects, one effect, random teams."""
    teams, periods = teams_a_step * steps, steps + 1
    between, within = variance * icc, variance * (1 - icc) / per_period
    inverse = np.linalg.inv(within * np.eye(periods) + between * np.ones((periods, periods)))
    information = np.zeros((periods + 1, periods + 1))
    for team in range(teams):
        treated = (np.arange(periods) > team // teams_a_step).astype(float)
        design = np.column_stack([np.eye(periods), treated])
        information += design.T @ inverse @ design
    return float(np.linalg.inv(information)[-1, -1])


@settings(max_examples=200, deadline=None)
@given(st.floats(0.01, 0.25), st.floats(0, 0.5), st.integers(1, 5), st.integers(1, 6), st.integers(2, 80))
def test_the_formula_is_the_generalised_least_squares_of_the_model(variance, icc, teams, steps, per_period):
    ours = stepped_wedge_variance(variance, icc, teams, steps, per_period)
    if steps == 1:
        assert ours == np.inf
    else:
        assert ours == pytest.approx(by_least_squares(variance, icc, teams, steps, per_period), rel=1e-6)


def test_a_stepped_wedge_rejects_as_often_in_simulation_as_its_power_says():
    random = np.random.default_rng(3)
    steps, each, per_period, icc, rate, hoped = 4, 3, 40, 0.03, 0.3, 0.22
    middle = (rate + hoped) / 2
    variance = middle * (1 - middle)
    error = np.sqrt(stepped_wedge_variance(variance, icc, each, steps, per_period))
    teams, periods = steps * each, steps + 1
    treated = np.array([np.arange(periods) > team // each for team in range(teams)], dtype=float)
    within = variance * (1 - icc) / per_period
    inverse = np.linalg.inv(within * np.eye(periods) + variance * icc * np.ones((periods, periods)))
    information, parts = np.zeros((periods + 1, periods + 1)), []
    for team in range(teams):
        design = np.column_stack([np.eye(periods), treated[team]])
        information += design.T @ inverse @ design
        parts.append(design.T @ inverse)
    solve = np.linalg.inv(information)
    rejected = 0
    for _ in range(1500):
        level = random.normal(0, np.sqrt(variance * icc), (teams, 1))
        means = rate + (hoped - rate) * treated + level + random.normal(0, np.sqrt(within), (teams, periods))
        effect = (solve @ sum(part @ row for part, row in zip(parts, means, strict=True)))[-1]
        rejected += abs(effect) / error > 1.959964
    assert rejected / 1500 == pytest.approx(stepped_wedge_power(rate, hoped, icc, each, steps, per_period), abs=0.04)


def plan(**changed: object) -> pd.DataFrame:
    line = {"id": "TD1", "kind": "by child", "now": 0.12, "hoped": 0.09, "power": 0.8, "available": 3000.0}
    line |= {"icc": np.nan, "teams": np.nan, "a_team": np.nan, "steps": np.nan}
    return pd.DataFrame([{**line, **changed}])


def test_a_plan_says_how_many_children_and_whether_they_are_there():
    table = trial_plan(plan())
    assert table.at["TD1", "needed"] == trial_design(0.12, 0.03).at["each arm", "children"]
    assert table.at["TD1", "enough"] == "no"
    assert table.at["TD1", "power_percent"] == pytest.approx(100 * trial_power(0.12, 0.09, 1500))
    assert findings.trial_plan(table).startswith(
        "To notice a fall from 12% to 9% you need about 1,638 children in each"
    )
    assert trial_plan(plan(available=4000.0)).at["TD1", "enough"] == "yes"


def test_a_rise_needs_as_many_as_the_fall_back():
    rise, fall = trial_plan(plan(now=0.3, hoped=0.4)), trial_plan(plan(now=0.4, hoped=0.3))
    assert rise.at["TD1", "needed"] == fall.at["TD1", "needed"]
    assert "notice a rise" in findings.trial_plan(rise)


def test_teams_and_steps():
    teams = trial_plan(plan(kind="by team", icc=0.02, teams=40.0, a_team=60.0))
    assert teams.at["TD1", "available"] == 2400
    assert teams.at["TD1", "teams_needed"] == 2 * int(
        trial_design(0.12, 0.03, per_cluster=60, icc=0.02).at["each arm", "clusters"]
    )
    stepped = trial_plan(plan(kind="stepped wedge", icc=0.02, teams=12.0, a_team=50.0, steps=4.0))
    assert stepped.at["TD1", "available"] == 12 * 50 * 5
    power = stepped_wedge_power(0.12, 0.09, 0.02, 3, 4, 50)
    assert stepped.at["TD1", "power_percent"] == pytest.approx(100 * power)
    needed = int(stepped.at["TD1", "teams_needed"])
    assert stepped_wedge_power(0.12, 0.09, 0.02, needed // 4, 4, 50) >= 0.8
    assert stepped_wedge_power(0.12, 0.09, 0.02, needed // 4 - 1, 4, 50) < 0.8


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"now": 0.0}, "between 0 and 1"),
        ({"hoped": 0.12}, "differ"),
        ({"now": np.nan}, "between 0 and 1"),
        ({"power": 0.2}, "power must be"),
        ({"kind": "by team"}, "icc and teams and a_team"),
        ({"kind": "stepped wedge", "icc": 0.1, "teams": 4.0, "a_team": 9.0}, "steps"),
        ({"kind": "stepped wedge", "icc": 0.1, "teams": 2.0, "a_team": 9.0, "steps": 3.0}, "fewer teams than steps"),
    ],
)
def test_a_plan_that_cannot_be_worked_out_is_named_and_left_out(changed, said):
    line = plan(**changed)
    assert trial_plan(line).empty
    assert said in plan_problems(line)[0]
    assert "No trial is planned yet" in findings.trial_plan(trial_plan(line), plan_problems(line))


def test_a_plan_without_a_trial_needs_no_number():
    table = trial_plan(plan(kind="interrupted time series", now=np.nan, hoped=np.nan, power=np.nan))
    assert np.isnan(table["needed"].astype(float)).all()
    assert "needs months" in findings.trial_plan(table)
