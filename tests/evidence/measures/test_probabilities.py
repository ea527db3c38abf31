"""Calibration figures are those of scikit-learn and statsmodels; no level of flags shows a small number of children."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, precision_recall_curve

from evidence.measures import how_calibrated, levels, probabilities
from evidence.measures.probabilities import (
    BRIER,
    BRIER_OF_ALL_ALIKE,
    CALIBRATION_ERROR,
    CALIBRATION_ERROR_BY_CHANCE,
    IN_THE_LARGE,
    SLOPE,
)
from evidence.privacy import Rules


def drawn(seed: int, rows: int, tilt: float = 1.0) -> pd.DataFrame:
    """Scores and outcomes; with a tilt of 1 the scores are right, below 1 they are too far from the middle."""
    random = np.random.default_rng(seed)
    odds = random.normal(-1.5, 1, rows)
    happened = random.random(rows) < 1 / (1 + np.exp(-tilt * odds))
    return pd.DataFrame({"score": 1 / (1 + np.exp(-odds)), "outcome": happened})


@pytest.mark.parametrize("seed", range(150))
def test_figures_are_those_of_scikit_learn_and_statsmodels(seed):
    frame = drawn(seed, int(np.random.default_rng(seed).integers(60, 600)), tilt=0.4 + 0.01 * seed)
    table = how_calibrated(frame, "outcome", "score", times=20)
    happened, odds = frame["outcome"].astype(int), np.log(frame["score"] / (1 - frame["score"]))
    if min(happened.sum(), (1 - happened).sum()) < 10:
        assert table["value"].isna().all()
        return
    assert table.at[BRIER, "value"] == pytest.approx(100 * brier_score_loss(happened, frame["score"]))
    alike = np.full(len(frame), happened.mean())
    assert table.at[BRIER_OF_ALL_ALIKE, "value"] == pytest.approx(100 * brier_score_loss(happened, alike))
    slope = sm.Logit(happened, sm.add_constant(odds)).fit(disp=0)
    low, high = slope.conf_int().iloc[1]
    assert table.loc[SLOPE, ["value", "low", "high"]].tolist() == pytest.approx([slope.params.iloc[1], low, high], 1e-4)
    large = sm.GLM(happened, np.ones(len(odds)), family=sm.families.Binomial(), offset=odds).fit()
    assert table.at[IN_THE_LARGE, "value"] == pytest.approx(large.params.iloc[0], abs=1e-5)
    assert table.loc[IN_THE_LARGE, ["low", "high"]].tolist() == pytest.approx(
        large.conf_int().iloc[0].tolist(), abs=1e-5
    )


def test_a_tool_whose_probabilities_are_right_lies_within_chance_and_one_that_is_not_does_not():
    right, wrong = (how_calibrated(drawn(4, 4000, tilt), "outcome", "score") for tilt in (1, 0.4))
    chance = right.loc[CALIBRATION_ERROR_BY_CHANCE]
    assert chance["low"] <= right.at[CALIBRATION_ERROR, "value"] <= chance["high"]
    assert wrong.at[CALIBRATION_ERROR, "value"] > wrong.at[CALIBRATION_ERROR_BY_CHANCE, "high"]
    assert right.at[SLOPE, "low"] < 1 < right.at[SLOPE, "high"]
    assert wrong.at[SLOPE, "high"] < 1


@pytest.mark.parametrize("at_once", [1, 999, 1 << 40])
def test_how_many_draws_are_held_at_a_time_makes_no_difference(monkeypatch, at_once):
    frame = drawn(3, 333)
    expected = how_calibrated(frame, "outcome", "score")
    monkeypatch.setattr(probabilities, "_DRAWN_AT_ONCE", at_once)
    pd.testing.assert_frame_equal(how_calibrated(frame, "outcome", "score"), expected)


def test_the_calibration_error_is_the_mean_distance_of_ten_bands():
    frame = pd.DataFrame({"score": np.repeat([0.1, 0.6], 100), "outcome": [True] * 30 + [False] * 70 + [True] * 100})
    frame.loc[199, "outcome"] = False
    # One band is 20 points out, the other 39: half the children in each.
    assert how_calibrated(frame, "outcome", "score").at[CALIBRATION_ERROR, "value"] == pytest.approx((20 + 39) / 2)


@pytest.mark.parametrize("outcomes", [[True] * 50, [False] * 50, [], [True] * 3 + [False] * 40])
def test_one_class_or_too_few_is_not_estimable(outcomes):
    frame = pd.DataFrame({"outcome": pd.array(outcomes, "boolean"), "score": np.full(len(outcomes), 0.3)})
    table = how_calibrated(frame, "outcome", "score")
    assert table["value"].isna().all()
    assert table["children"].eq(len(outcomes)).all()


def test_one_probability_for_everyone_has_no_slope():
    frame = drawn(2, 500).assign(score=0.2)
    table = how_calibrated(frame, "outcome", "score")
    assert np.isnan(table.at[SLOPE, "value"])
    assert table.at[BRIER, "value"] > table.at[BRIER_OF_ALL_ALIKE, "value"] - 5


def test_levels_are_those_of_scikit_learn():
    frame = drawn(9, 5000)
    table = levels(frame, "outcome", "score", 0.25)
    precision, recall, at = precision_recall_curve(frame["outcome"], frame["score"])
    assert table.at["0.25", "agreed"] == "yes"
    assert len(table) > 5
    for level, row in table.iterrows():
        place = np.searchsorted(at, float(level))
        assert row["recall"] == pytest.approx(100 * recall[place])
        if row["flagged"] >= 10:
            assert row["precision"] == pytest.approx(100 * precision[place])
        assert row["recall_low"] <= row["recall"] <= row["recall_high"]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 400), st.sampled_from([0.05, 0.25, 0.5, 0.33]))
def test_no_level_and_no_two_levels_show_a_small_number_of_children(seed, rows, agreed):
    frame = drawn(seed, rows)
    table = levels(frame, "outcome", "score", agreed, Rules())
    children, with_outcome = len(frame), int(frame["outcome"].sum())
    right = np.array([0, *table["rightly"].iloc[::-1], with_outcome])
    wrong = np.array([0, *(table["flagged"] - table["rightly"]).iloc[::-1], children - with_outcome])
    if table.empty:
        return
    for steps in (np.diff(right), np.diff(wrong)):
        assert not ((steps >= 1) & (steps <= 5)).any()


def test_nobody_has_no_levels_but_the_agreed_one():
    table = levels(drawn(1, 0), "outcome", "score", 0.25)
    assert table["recall"].isna().all()
